package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/control"
)

// caller does what needs the search index: a running serve, or this process.
type caller interface {
	Call(ctx context.Context, name string, in, out any, progress func(json.RawMessage)) error
}

// patience bounds the wait for a process that holds the data folder and does
// not answer: a serve that starts, a restore, another command on the index.
const (
	patience = 10 * time.Second
	retry    = 100 * time.Millisecond
)

// withIndex asks the serve of the data folder, or holds the folder itself when
// none runs. fresh brings an index of its own up to date first.
func (c *command) withIndex(cmd *cobra.Command, fresh bool, do func(context.Context, caller) error) error {
	cfg, err := c.load(cmd)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	ctx := cmd.Context()
	enough, tick := time.After(patience), time.NewTicker(retry)
	defer tick.Stop()
	for told := false; ; {
		client, err := control.Dial(ctx, cfg.Data, 0)
		if err == nil {
			return do(ctx, client)
		}
		if !errors.Is(err, control.ErrNobody) {
			return fmt.Errorf("the control socket of serve: %w", err)
		}
		unlock, err := app.Lock(cfg.Data)
		if err == nil {
			defer unlock()
			return c.alone(ctx, cfg, fresh, do)
		}
		if exitCode(err) != exitLocked {
			return err
		}
		if !told {
			told = true
			fmt.Fprintf(c.Err, "waiting up to %v for the process that holds %s\n", patience, cfg.Data)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-enough:
			return err
		case <-tick.C:
		}
	}
}

// alone opens the index in this process, which holds the folder's lock.
func (c *command) alone(ctx context.Context, cfg config.Config, fresh bool, do func(context.Context, caller) error) (err error) {
	a, err := app.New(ctx, cfg, app.Options{Log: c.logger()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if fresh {
		if err := a.Catalogue.CatchUp(ctx); err != nil {
			return err
		}
	}
	return do(ctx, a.Tools())
}
