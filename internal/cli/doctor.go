package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/payment"
)

func (c *command) doctor() *cobra.Command {
	var asJSON, role bool
	cmd := &cobra.Command{Use: "doctor", Short: "Look at what the program cannot mend itself, and say what to do", Args: cobra.NoArgs,
		Long: "Doctor looks at the board's address, the database and its log settings, the signing keys, the last audit and,\n" +
			"where there is a key, Stripe. It changes nothing and works beside a running serve. The exit code is 1 when\n" +
			"something is bad.\n\n" +
			"  oduvan doctor --role-sql | psql DATABASE   make PostgreSQL's role that writes orders and cannot touch the fund;\n" +
			"                                             again after an upgrade, for its new tables",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if role {
				_, err := fmt.Fprint(c.Out, payment.RoleSQL)
				return err
			}
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			defer a.Close()
			list, err := a.Doctor(cmd.Context())
			if err != nil {
				return err
			}
			return c.symptoms(list, asJSON)
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: a list of name, level, says")
	cmd.Flags().BoolVar(&role, "role-sql", false, "print the SQL of PostgreSQL's role and look at nothing")
	return cmd
}

// symptoms prints what was found; something bad is an exit code of 1.
func (c *command) symptoms(list []app.Symptom, asJSON bool) error {
	if asJSON {
		if err := json.NewEncoder(c.Out).Encode(list); err != nil {
			return err
		}
	}
	bad := 0
	for _, s := range list {
		if s.Level == app.Bad {
			bad++
		}
		if asJSON {
			continue
		}
		if _, err := fmt.Fprintf(c.Out, "%-5s %-15s %s\n", s.Level, s.Name, s.Says); err != nil {
			return err
		}
	}
	if bad > 0 {
		return found{fmt.Sprintf("the doctor found %s bad", counted(bad, "thing"))}
	}
	return nil
}
