package apptest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
)

// tables is every row of every table, a table's rows in one text.
func tables(t *testing.T, w *apptest.World) map[string][]byte {
	t.Helper()
	out, ctx := map[string][]byte{}, context.Background()
	list := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if w.DB.Engine() == db.SQLite {
		list = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		var names []string
		if err := tx.NewRaw(list).Scan(ctx, &names); err != nil {
			return err
		}
		for _, name := range names {
			rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+name+`"`)
			if err != nil {
				return err
			}
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			out["table "+name] = []byte{}
			for rows.Next() {
				if err := rows.Scan(places...); err != nil {
					return err
				}
				for i, v := range values {
					if b, ok := v.([]byte); ok {
						v = string(b)
					}
					out["table "+name] = fmt.Appendf(out["table "+name], "%s=%v\n", columns[i], v)
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
			_ = rows.Close()
		}
		return nil
	}))
	if len(out) < 15 {
		t.Fatalf("only %d tables", len(out))
	}
	return out
}

// indexed is all that the search index holds, read from a copy of its files,
// which are packed: every term of every field and every stored value.
func indexed(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir, out, opened := t.TempDir(), strings.Builder{}, map[string]bool{}
	for name, data := range files {
		if folder := filepath.Dir(name); strings.HasPrefix(name, "index/") && folder != "index" {
			must(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, name), data[len(name)+1:], 0o600))
			opened[filepath.Join(dir, folder)] = true
		}
	}
	for path := range opened {
		queue := index.NewAnalysisQueue(1)
		defer queue.Close()
		engine, err := scorch.NewScorch(scorch.Name, map[string]any{"path": path, "read_only": true}, queue)
		must(t, err)
		must(t, engine.Open())
		defer engine.Close()
		reader, err := engine.Reader()
		must(t, err)
		defer reader.Close()
		fields, err := reader.Fields()
		must(t, err)
		for _, field := range fields {
			dict, err := reader.FieldDict(field)
			must(t, err)
			for {
				entry, err := dict.Next()
				must(t, err)
				if entry == nil {
					break
				}
				fmt.Fprintln(&out, entry.Term)
			}
		}
		ids, err := reader.DocIDReaderAll()
		must(t, err)
		for {
			id, err := ids.Next()
			must(t, err)
			if id == nil {
				break
			}
			name, err := reader.ExternalID(id)
			must(t, err)
			doc, err := reader.Document(name)
			must(t, err)
			doc.VisitFields(func(f index.Field) { fmt.Fprintf(&out, "%s %s\n", name, f.Value()) })
		}
	}
	return out.String()
}
