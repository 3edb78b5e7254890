package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/tmoeg/oduvan/internal/app"
)

func (c *command) reindex() *cobra.Command {
	return &cobra.Command{Use: "reindex", Short: "Build the search index anew from the database", Args: cobra.NoArgs,
		Long: "Reindex builds a new index beside the old one and puts it in its place; visitors search the old one until\n" +
			"then. A running serve does it, else this command holds the data folder meanwhile. Ctrl+C leaves the old index.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withIndex(cmd, false, func(ctx context.Context, index caller) error {
				meter := c.meter()
				var out app.ReindexOut
				err := index.Call(ctx, app.ToolReindex, struct{}{}, &out, func(raw json.RawMessage) {
					var p app.ReindexProgress
					if json.Unmarshal(raw, &p) == nil {
						meter.show(p.Done, p.Total)
					}
				})
				meter.end()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.Out, "%s engine: %s in %.1f s%s\n", out.Engine, counted(out.Documents, "document"), out.Seconds, onDisk(out.Bytes))
				return err
			})
		}}
}

// onDisk is a size in words, empty when it is not known.
func onDisk(bytes int64) string {
	if bytes <= 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f MiB on disk", float64(bytes)/(1<<20))
}

// meter shows how far a long work is: a bar on a terminal, else a line for
// every tenth of it.
type meter struct {
	c     *command
	bar   bool
	begun bool
	tenth int
}

func (c *command) meter() *meter {
	out, ok := c.Err.(*os.File)
	return &meter{c: c, bar: ok && term.IsTerminal(int(out.Fd())), tenth: -1}
}

func (m *meter) show(done, total int) {
	const width = 40
	total = max(total, done)
	part := width
	if total > 0 {
		part = width * done / total
	}
	if m.bar {
		m.begun = true
		fmt.Fprintf(m.c.Err, "\r[%-*s] %d of %d documents", width, strings.Repeat("=", part), done, total)
		return
	}
	if tenth := part * 10 / width; tenth != m.tenth {
		m.tenth = tenth
		fmt.Fprintf(m.c.Err, "%d of %d documents\n", done, total)
	}
}

// end finishes the line of a bar.
func (m *meter) end() {
	if m.begun {
		fmt.Fprintln(m.c.Err)
	}
}
