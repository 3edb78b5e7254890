package cli

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

func (c *command) serve() *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Serve the board until interrupted", Args: cobra.NoArgs,
		Long: "Serve migrates the database, fills an empty board with made-up people when --demo is given, and\n" +
			"answers until SIGINT or SIGTERM. It holds the data folder: a second serve on the same folder exits with 3.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd)
			if err != nil {
				return err
			}
			return c.run(cmd.Context(), cfg)
		}}
}

func (c *command) run(ctx context.Context, cfg config.Config) error {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	unlock, err := app.Lock(cfg.Data)
	if err != nil {
		return err
	}
	defer unlock()
	listener, err := net.Listen("tcp", cfg.Addr())
	if err != nil {
		return err
	}
	defer listener.Close()
	cfg = cfg.Bound(listener.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // asked for tcp
	var metrics net.Listener
	if cfg.MetricsListen != "" {
		if metrics, err = net.Listen("tcp", cfg.MetricsListen); err != nil {
			return err
		}
		defer metrics.Close()
	}
	a, err := app.New(ctx, cfg, app.Options{Log: c.logger()})
	if err != nil {
		return err
	}
	if err := c.prepare(ctx, a); err != nil {
		_ = a.Close()
		return err
	}
	err = a.Run(ctx, listener, metrics)
	if cerr := a.Close(); err == nil {
		err = cerr
	}
	return err
}

// prepare fills an empty board when asked to, and greets on the console.
func (c *command) prepare(ctx context.Context, a *app.App) error {
	players, err := players(ctx, a)
	if err != nil {
		return fmt.Errorf("demo content: %w", err)
	}
	if err := a.Catalogue.CatchUp(ctx); catalogue.IndexAway(err) {
		a.Log.Warn("search index is away: answering from the database until it is back", "error", err)
	} else if err != nil {
		return err
	}
	code, err := a.Branch.NewSetupCode(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "Oduvan is ready at %s\n", a.Config.URL)
	if code != "" {
		fmt.Fprintf(c.Out, "\nThis board has no operator yet. Open %s/setup and enter the one-time code:\n\n    %s\n\n", a.Config.URL, code)
	}
	if len(players) > 0 {
		fmt.Fprintf(c.Out, "To answer a learner or sell a licence as one of the made-up people, open %s/claim in another browser and enter:\n\n", a.Config.URL)
		for _, handle := range demo.Players() {
			fmt.Fprintf(c.Out, "    %s  as %s\n", players[handle], handle)
		}
		fmt.Fprintln(c.Out)
	}
	fmt.Fprintln(c.Out, "Stop with Ctrl+C.")
	return nil
}

// players fills an empty board with made-up people when asked to, and gives
// codes by which a newcomer can play some of them.
func players(ctx context.Context, a *app.App) (map[string]string, error) {
	if !a.Config.Demo {
		return nil, nil
	}
	people, err := demo.Load(ctx, a.DB, a.Transfer)
	if err != nil || people == 0 {
		return nil, err
	}
	if _, err := demo.Works(ctx, a.DB, a.Licences); err != nil {
		return nil, err
	}
	return demo.Claims(ctx, a.DB, a.Keys)
}
