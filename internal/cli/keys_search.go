package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/search/meili"
)

type searchKeyFlags struct{ keep, drop bool }

func (c *command) keysSearch() *cobra.Command {
	var f searchKeyFlags
	cmd := &cobra.Command{Use: "search", Short: "Make new keys for Meilisearch, use them, and delete the old ones", Args: cobra.NoArgs,
		Long: "Search reads the master key of the Meilisearch server from standard input and keeps it nowhere. It makes a\n" +
			"search key and an admin key that reach this board's indexes only, proves them, writes them to meili.json in\n" +
			"the secrets folder, and deletes the board's earlier keys. A running serve takes the new keys when the server\n" +
			"refuses the old ones. Boards of several machines first use --keep, copy meili.json to every machine, and then\n" +
			"--drop-old.",
		Example: "  oduvan keys search < master-key\n  oduvan keys search --keep < master-key\n  oduvan keys search --drop-old < master-key",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.rotateSearch(cmd, f) }}
	cmd.Flags().BoolVar(&f.keep, "keep", false, "leave the earlier keys valid")
	cmd.Flags().BoolVar(&f.drop, "drop-old", false, "make none: delete every key of the board but those in meili.json")
	cmd.MarkFlagsMutuallyExclusive("keep", "drop-old")
	return cmd
}

// keyPatience bounds the talk with the server.
const keyPatience = time.Minute

func (c *command) rotateSearch(cmd *cobra.Command, f searchKeyFlags) error {
	cfg, err := c.load(cmd)
	if err != nil {
		return err
	}
	switch {
	case cfg.MeiliURL == "":
		return errors.New("meili_url is not set: this board uses the embedded engine, which has no keys")
	case cfg.MeiliKey != "":
		return errors.New("meili_key is set, and would be used in place of new keys: take it out of the configuration first")
	}
	master, err := c.readMaster()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	if _, err := secret.Open(cfg.SecretsDir()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), keyPatience)
	defer cancel()
	return c.changeKeys(ctx, cfg, meili.Rotation{URL: cfg.MeiliURL, Master: master, Now: time.Now}, f)
}

func (c *command) changeKeys(ctx context.Context, cfg config.Config, r meili.Rotation, f searchKeyFlags) error {
	keys, err := app.MeiliKeys(cfg)
	if f.drop && (err != nil || !keys.Whole()) {
		return errors.Join(errors.New("there are no keys in use beside which old ones could be deleted"), err)
	}
	if !f.drop {
		if keys, err = r.Make(ctx); err != nil {
			return err
		}
		if err := app.SaveMeiliKeys(cfg, keys); err != nil {
			return err
		}
		fmt.Fprintln(c.Out, "new keys are in use")
	} else if err := r.Prove(ctx, keys); err != nil {
		return fmt.Errorf("the keys in use do not work, so nothing is deleted: %w", err)
	}
	if f.keep {
		fmt.Fprintln(c.Out, "earlier keys are still valid; copy meili.json to every machine, then run with --drop-old")
		return nil
	}
	n, err := r.DropOthers(ctx, keys)
	fmt.Fprintf(c.Out, "earlier keys deleted: %d\n", n)
	return err
}

// readMaster reads one line; a key on the command line would stand in the list
// of processes.
func (c *command) readMaster() (string, error) {
	const longest = 1024
	line, err := bufio.NewReader(io.LimitReader(c.In, longest)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" || err != nil && !errors.Is(err, io.EOF) {
		return "", errors.Join(errors.New("the master key of the Meilisearch server is read from standard input, one line"), err)
	}
	return line, nil
}
