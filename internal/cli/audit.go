package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

func (c *command) audit() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "audit", Short: "Check everything that must always hold, and list what does not", Args: cobra.NoArgs,
		Long: "Audit asks every invariant of orders, the journal, licences and the fund, each on one consistent view of the\n" +
			"database, and changes nothing but the line on /transparency that says when it was made and whether all held.\n" +
			"The exit code is 0 when all hold and 1 when one is broken. serve does the same every night.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			report, err := a.Audit.Run(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				err = json.NewEncoder(c.Out).Encode(report)
			} else {
				_, err = fmt.Fprint(c.Out, report)
			}
			if err != nil {
				return err
			}
			if err := a.Audit.Keep(cmd.Context(), report); err != nil {
				return err
			}
			if !report.OK {
				return found{fmt.Sprintf("the audit found what must not be: %s", counted(len(report.Findings), "invariant"))}
			}
			return nil
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: at, ok, checked, findings")
	return cmd
}
