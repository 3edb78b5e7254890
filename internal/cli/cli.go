// Package cli is the command line: one file a subcommand. It promises the exit
// codes that scripts rely on (0 fine, 1 a check found something, 2 bad input
// or usage, 3 another process holds the data folder) and that every command
// but serve works beside a running serve. It refuses to hold rules
// of its own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/web"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes.
const (
	exitOK     = 0
	exitFound  = 1
	exitUsage  = 2
	exitLocked = 3
)

// command is what every subcommand is made with.
type command struct {
	Streams
	environ []string
}

// found is the error of a check that found something: exit code 1.
type found struct{ text string }

// Error is what was found.
func (f found) Error() string { return f.text }

// Run does one command and returns its exit code.
func Run(args []string, streams Streams, environ []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	root := Root(streams, environ)
	root.SetArgs(args)
	err := strayWord(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(streams.Err, "oduvan: "+explain(err))
	return exitCode(err)
}

// strayWord refuses an unknown word behind a group of commands: cobra would show
// the group's help and call that a success, and a script would go on.
func strayWord(root *cobra.Command, args []string) error {
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root || cmd.Runnable() {
		return nil // the command itself, or root, says what is wrong
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return nil // said once more, and better, when the command is run
	}
	if words := cmd.Flags().Args(); len(words) > 0 && !cmd.Flags().Changed("help") {
		return fmt.Errorf("unknown command %q for %q", words[0], cmd.CommandPath())
	}
	return nil
}

// Root is the command tree, for Run and for the manual's test.
func Root(streams Streams, environ []string) *cobra.Command {
	c := &command{Streams: streams, environ: environ}
	root := &cobra.Command{Use: "oduvan", Short: "A board where people find mentors, tutors and content creators",
		SilenceErrors: true, SilenceUsage: true, Version: version()}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	config.Flags(root.PersistentFlags())
	root.AddCommand(c.serve(), c.migrate(), c.config(), c.account(), c.importing(), c.exporting(), c.reindex(), c.search(), c.bench(), c.audit(), c.doctor(), c.fund(), c.licence(), c.keys(), c.stripe(), c.version())
	return root
}

func exitCode(err error) int {
	var f found
	var coded *fault.Error
	switch {
	case errors.As(err, &f):
		return exitFound
	case errors.As(err, &coded) && coded.Code == "data_locked":
		return exitLocked
	}
	return exitUsage
}

// explain says an error in a person's words: a fault by its English text and
// field, with its cause where that helps an operator.
func explain(err error) string {
	pages, werr := web.New()
	all := fault.All(err)
	if werr != nil || len(all) == 0 {
		return err.Error()
	}
	out := ""
	for i, e := range all {
		if i > 0 {
			out += "\n  "
		}
		if e.Field != "" {
			out += e.Field + ": "
		}
		out += pages.Texts(web.English).Fault(e.Kind.String(), e.Code, e.Args)
		if e.Err != nil {
			out += " (" + e.Err.Error() + ")"
		}
	}
	return out
}

func (c *command) load(cmd *cobra.Command) (config.Config, error) {
	return config.Load(cmd.Flags(), c.environ)
}

// open opens the board beside a serve that may be running: without the search
// index, which only serve holds.
func (c *command) open(cmd *cobra.Command) (*app.App, error) {
	cfg, err := c.load(cmd)
	if err != nil {
		return nil, err
	}
	return app.New(cmd.Context(), cfg, app.Options{NoIndex: true, Log: c.logger()})
}

func (c *command) logger() *slog.Logger {
	return slog.New(app.OnlyKnownKeys(handler(c.Err)))
}

// handler writes for a person at a terminal, and JSON for whatever collects logs.
func handler(w io.Writer) slog.Handler {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return slog.NewTextHandler(w, nil)
		}
	}
	return slog.NewJSONHandler(w, nil)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " " + s.Value
		}
	}
	return info.Main.Version
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.Out, version())
			return err
		}}
}
