package catalogue_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// The engine that the program ships: feeding, a restart on its files, and an
// index of another branch behave as with the small one.
func TestEmbeddedEngine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, dir := context.Background(), filepath.Join(t.TempDir(), "index")
		found := func(c interface {
			Search(context.Context, search.Query) (search.Result, error)
		}) int {
			t.Helper()
			r, err := c.Search(ctx, search.Query{Now: w.Clock.Now()})
			if err != nil {
				t.Fatal(err)
			}
			return r.Total
		}
		e, err := bleve.Open(dir, taxonomy.New())
		if err != nil {
			t.Fatal(err)
		}
		c := w.catalogue(e)
		if err := c.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		w.put(t, some()...)
		if err := c.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "documents", 3, found(e))
		w.put(t, thing{Kind: "tutor", ID: "a", Title: "ada"})
		if err := c.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "after a takedown", 2, found(e))
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		w.put(t, thing{Kind: "tutor", ID: "z", Title: "zoe", Shown: true})
		if e, err = bleve.Open(dir, taxonomy.New()); err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		c = w.catalogue(e)
		if err := c.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "after a restart", []any{3, int64(7)}, []any{found(e), c.Applied()})
		if err := e.Apply(ctx, search.Batch{Cursor: 99, Ops: []search.Op{foreign("x")}}); err != nil {
			t.Fatal(err)
		}
		c = w.catalogue(e)
		if err := c.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "after another branch's index", []any{3, int64(7)}, []any{found(e), c.Applied()})
		page, err := c.Search(ctx, search.Query{Text: "zoe"})
		if err != nil || page.Fallback {
			t.Fatalf("fallback %v, %v", page.Fallback, err)
		}
		want(t, "found", []string{"tutor:zoe"}, titles(page.Listings))
	})
}
