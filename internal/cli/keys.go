package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/secret"
)

func (c *command) keys() *cobra.Command {
	group := &cobra.Command{Use: "keys", Short: "Make the keys of this branch"}
	group.AddCommand(&cobra.Command{Use: "push", Short: "Switch Web Push on: make its key in the secrets folder and print the public half", Args: cobra.NoArgs,
		Long: "A key that is there stays. serve takes it at the next start. To switch push off, remove push.key from the\n" +
			"secrets folder; after another key is made, every browser must subscribe again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
				return err
			}
			if _, err := secret.Open(cfg.SecretsDir()); err != nil {
				return err
			}
			v, made, err := notice.MakeVAPID(cfg.SecretsDir())
			if err != nil {
				return err
			}
			word := "was there"
			if made {
				word = "is new; restart serve"
			}
			_, err = fmt.Fprintf(c.Out, "the push key %s\npublic key  %s\n", word, v.Public())
			return err
		}})
	group.AddCommand(c.keysSearch(), c.keysRotate())
	return group
}
