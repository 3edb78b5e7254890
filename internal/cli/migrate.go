package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/config"
)

func (c *command) migrate() *cobra.Command {
	return &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to this program", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := c.open(cmd)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.Out, "the %s database is up to date\n", a.DB.Engine())
			if cerr := a.Close(); err == nil {
				err = cerr
			}
			return err
		}}
}

func (c *command) config() *cobra.Command {
	group := &cobra.Command{Use: "config", Short: "Look at the settings"}
	group.AddCommand(&cobra.Command{Use: "check", Short: "Check all settings and print what is in force, secrets hidden", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd)
			if err != nil {
				return err
			}
			shown := cfg.Redacted()
			w := tabwriter.NewWriter(c.Out, 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "SETTING\tENVIRONMENT\tVALUE\tWHAT IT IS")
			for _, s := range config.Describe() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Key, s.Env, shown[s.Key], s.Help)
			}
			return w.Flush()
		}})
	return group
}
