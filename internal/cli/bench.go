package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/search/bench"
)

func (c *command) bench() *cobra.Command {
	group := &cobra.Command{Use: "bench", Short: "Measure parts of the program on this machine"}
	group.AddCommand(c.benchSearch(), c.benchWorker())
	return group
}

type benchFlags struct {
	docs          string
	queries       int
	time, timeout time.Duration
	asJSON        bool
}

func (c *command) benchSearch() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{Use: "search", Short: "Measure the embedded engine beside others over a made-up board", Args: cobra.NoArgs,
		Long: "Bench search fills the embedded engine, bleve as it comes out of the box and plain lists in memory with the\n" +
			"same made-up documents, each in a process of its own, and asks them in turn the same varied queries of six\n" +
			"classes. It prints CPU, p50, p99 and memory per class, the ratios with the targets, build time and index size.\n" +
			"Files stand in the folder of temporary files and are removed. It touches no data folder. Measure on a machine that does nothing else.",
		Example: "  oduvan bench search --docs 10k\n  oduvan bench search --docs 1m --timeout 3h --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.runBench(cmd.Context(), f) }}
	cmd.Flags().StringVar(&f.docs, "docs", "10k", "documents on the made-up board: 10k, 100k, 1m or a number")
	cmd.Flags().IntVar(&f.queries, "queries", 400, "queries of each class on each engine")
	cmd.Flags().DurationVar(&f.time, "time", 2*time.Minute, "how long to ask; what is not asked by then is left out")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Hour, "when to give up, building included")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the figures as JSON")
	return cmd
}

func (c *command) runBench(ctx context.Context, f benchFlags) error {
	docs, err := bench.Size(f.docs)
	if err != nil {
		return fmt.Errorf("docs: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("not done within %v; see --timeout", f.timeout))
	defer cancel()
	report, err := app.MeasureSearch(ctx, bench.Config{Docs: docs, Queries: f.queries, Time: f.time, Spawn: c.spawn(docs),
		Say: func(s string) { fmt.Fprintln(c.Err, s) }})
	if err != nil {
		return err
	}
	if f.asJSON {
		return json.NewEncoder(c.Out).Encode(report)
	}
	return report.Table(c.Out)
}

// spawn starts this very program as a worker.
func (c *command) spawn(docs int) func(context.Context, string, string) (*bench.Worker, error) {
	return func(ctx context.Context, engine, dir string) (*bench.Worker, error) {
		exe, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, exe, "bench", "worker", "--engine", engine, "--docs", strconv.Itoa(docs), "--dir", dir)
		cmd.Args[0] = os.Args[0]
		cmd.Stderr = c.Err
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		return &bench.Worker{In: in, Out: out, Wait: cmd.Wait}, cmd.Start()
	}
}

func (c *command) benchWorker() *cobra.Command {
	var w bench.Work
	cmd := &cobra.Command{Use: "worker", Short: "One process of bench search", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.WorkForSearch(cmd.Context(), w, c.In, c.Out)
		}}
	cmd.Flags().StringVar(&w.Engine, "engine", "", "whom to measure")
	cmd.Flags().IntVar(&w.Docs, "docs", 0, "documents on the made-up board")
	cmd.Flags().StringVar(&w.Dir, "dir", "", "a folder of its own, removed at the end")
	for _, name := range []string{"engine", "docs", "dir"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}
