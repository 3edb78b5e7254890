package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/secret"
)

func (c *command) keysRotate() *cobra.Command {
	var revoke string
	cmd := &cobra.Command{Use: "rotate", Short: "Make the next key that certificates are signed with, or take back one that was stolen", Args: cobra.NoArgs,
		Long: "The next key is published at once and signs from 30 days later on, so that copies of the key set are fetched in time;\n" +
			"once a year is enough. Where it is published already, nothing is made. With --revoke a key that was lost or stolen\n" +
			"is believed no longer, for nothing that it ever signed: a new key takes over its dates, and serve signs those\n" +
			"certificates again. A revocation cannot be taken back. A running serve sees all this by itself.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
				return err
			}
			keys, err := secret.Open(cfg.SecretsDir())
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("revoke") {
				return revokeKey(c.Out, keys, revoke, time.Now)
			}
			return rotateKey(c.Out, keys, time.Now)
		}}
	cmd.Flags().StringVar(&revoke, "revoke", "", "name (kid) of the key that was lost or stolen")
	return cmd
}

func rotateKey(out io.Writer, keys *secret.Keys, clock func() time.Time) error {
	before, err := keys.SigningKeys()
	if err != nil {
		return err
	}
	next, err := keys.RotateSigning(clock())
	if err != nil {
		return err
	}
	word := "is new and published"
	for _, k := range before {
		if k.ID == next.ID {
			word = "was published before; nothing was made"
		}
	}
	if _, err := fmt.Fprintf(out, "the key %s %s\nit signs from %s on\n\n", next.ID, word, next.From.Format(time.RFC3339)); err != nil {
		return err
	}
	return printKeys(out, keys)
}

func revokeKey(out io.Writer, keys *secret.Keys, id string, clock func() time.Time) error {
	if err := keys.RevokeSigning(id, clock()); err != nil {
		if errors.Is(err, secret.ErrUnknownSigningKey) {
			return fmt.Errorf("--revoke: this branch has no signing key %q", id)
		}
		return err
	}
	if _, err := fmt.Fprintf(out, "the key %s is revoked: nothing that it signed is believed any more\n\n", id); err != nil {
		return err
	}
	return printKeys(out, keys)
}

// printKeys lists every key with its window.
func printKeys(out io.Writer, keys *secret.Keys) error {
	all, err := keys.SigningKeys()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tFROM\tUNTIL\tREVOKED")
	for _, k := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, day(k.From), day(k.Until), day(k.RevokedAt))
	}
	return w.Flush()
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}
