package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/search/eval"
)

func (c *command) search() *cobra.Command {
	group := &cobra.Command{Use: "search", Short: "Measure the search and explain its order"}
	group.AddCommand(c.searchEval(), c.searchExplain())
	return group
}

type evalFlags struct{ asJSON, each bool }

func (c *command) searchEval() *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{Use: "eval FILE", Short: "Ask labelled queries and print nDCG@10 and success@5 per class", Args: cobra.ExactArgs(1),
		Long: "Eval asks every query of FILE as a visitor would, on the engine that is configured, and compares the answers\n" +
			"with the labels: [{\"class\": \"typo\", \"q\": \"pyhton\", \"relevant\": {\"ada\": 3, \"Ben B.\": 1}}]. A label names a\n" +
			"thing by id, title, display name or handle; capital letters do not matter, and what a person offers stands\n" +
			"for the person. nDCG@10 gains 2^grade-1 per hit; a success is a hit of grade 2 or more among the first five.\n" +
			"Several hits of one labelled thing count once, at the first of them.",
		Example: "  oduvan search eval queries.json\n  oduvan search eval queries.json --each",
		RunE:    func(cmd *cobra.Command, args []string) error { return c.runEval(cmd, args[0], f) }}
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print the figures as JSON")
	cmd.Flags().BoolVar(&f.each, "each", false, "also print a line for every query")
	return cmd
}

// evalDepth is how many hits are asked for: more than are judged, since
// several hits of one thing count once.
const evalDepth = 30

func (c *command) runEval(cmd *cobra.Command, path string, f evalFlags) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	cases, err := eval.Load(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return c.withIndex(cmd, true, func(ctx context.Context, index caller) error {
		var about app.AboutOut
		if err := index.Call(ctx, app.ToolAbout, app.AboutIn{Labels: eval.Labels(cases)}, &about, nil); err != nil {
			return err
		}
		report, err := eval.Measure(ctx, func(ctx context.Context, q string) ([]eval.Found, error) {
			var out app.FindOut
			err := index.Call(ctx, app.ToolFind, app.FindIn{Text: q, Limit: evalDepth}, &out, nil)
			return out.Found, err
		}, cases)
		if err != nil {
			return err
		}
		report.Unknown = about.Missing
		return c.printEval(report, f, fmt.Sprintf("%s of %s over %s, %s engine",
			queries(len(cases)), filepath.Base(path), counted(about.Documents, "document"), about.Engine))
	})
}

func queries(n int) string {
	if n == 1 {
		return "1 labelled query"
	}
	return fmt.Sprintf("%d labelled queries", n)
}

func (c *command) printEval(r eval.Report, f evalFlags, headline string) error {
	if f.asJSON {
		return json.NewEncoder(c.Out).Encode(r)
	}
	fmt.Fprintf(c.Out, "%s\n\n", headline)
	if f.each {
		if err := r.Each(c.Out); err != nil {
			return err
		}
		fmt.Fprintln(c.Out)
	}
	return r.Table(c.Out)
}

func (c *command) searchExplain() *cobra.Command {
	return &cobra.Command{Use: "explain QUERY ID", Short: "Tell why a thing stands where it stands among the hits of a query", Args: cobra.ExactArgs(2),
		Long: "Explain says what the query was taken for, the thing's place, and how its score comes about. ID is the handle\n" +
			"of a person, or the id of anything; a kind may stand before it, as in service/ID.",
		Example: "  oduvan search explain 'python mentor' ada",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withIndex(cmd, true, func(ctx context.Context, index caller) error {
				var out app.ExplainOut
				if err := index.Call(ctx, app.ToolExplain, app.ExplainIn{Text: args[0], Name: args[1]}, &out, nil); err != nil {
					return err
				}
				_, err := fmt.Fprint(c.Out, explanation(args[0], out))
				return err
			})
		}}
}

// explanation lays an explanation out for a person.
func explanation(query string, x app.ExplainOut) string {
	var b strings.Builder
	place := fmt.Sprintf("not among the %d hits", x.Total)
	if x.Found {
		place = fmt.Sprintf("%d of %d", x.Place, x.Total)
	}
	fmt.Fprintf(&b, "query       %q\ntaken for   %s\nthing       %s/%s %q\nplace       %s\n", query, x.Understood, x.Kind, x.ID, x.Title, place)
	width := len("score")
	for _, p := range x.Parts {
		width = max(width, utf8.RuneCountInString(p.Name))
	}
	fmt.Fprintln(&b)
	for _, p := range x.Parts {
		value := fmt.Sprintf("%.3f", p.Value)
		switch {
		case p.Times:
			value = "×" + value
		case p.Value == 0:
			value = ""
		}
		fmt.Fprintf(&b, "%-*s  %8s  %s\n", width, p.Name, value, p.Note)
	}
	if x.Found && x.Score > 0 {
		fmt.Fprintf(&b, "%-*s  %8.3f  what is added, times each ×\n", width, "score", x.Score)
	}
	return b.String()
}
