package catalogue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/search"
)

// shown lists what the database shows, as the index must.
func (w *world) shown(t testing.TB) []search.Ref {
	t.Helper()
	var rows []thing
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewSelect().Model(&rows).Where("shown").OrderExpr("kind, id").Scan(context.Background())
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []search.Ref
	for _, r := range rows {
		out = append(out, search.Ref{Kind: r.Kind, ID: r.ID})
	}
	slices.SortFunc(out, func(a, b search.Ref) int {
		if a.Kind != b.Kind {
			return compareText(a.Kind, b.Kind)
		}
		return compareText(a.ID, b.ID)
	})
	return out
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestCatchUpFollowsChanges(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.catchUp(t)
		w.put(t, some()...)
		w.catchUp(t)
		want(t, "index", w.shown(t), w.engine.Refs())
		want(t, "applied", int64(5), w.Applied())
		w.put(t, thing{Kind: "tutor", ID: "a", Title: "ada"}, thing{Kind: "tutor", ID: "c", Title: "cyd", Shown: true},
			thing{Kind: "branch", ID: "1", Title: "not searched"})
		w.catchUp(t)
		want(t, "index", []search.Ref{{Kind: "service", ID: "a"}, {Kind: "tutor", ID: "b"}, {Kind: "tutor", ID: "c"}}, w.engine.Refs())
		want(t, "applied", int64(8), w.Applied())
		want(t, "builds", 0, w.engine.Builds())
	})
}

func TestMoreThanOneBatch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.catchUp(t)
		var many []thing
		for n := range 1201 {
			many = append(many, thing{Kind: "tutor", ID: fmt.Sprintf("%05d", n), Title: "x", Shown: n%3 > 0})
		}
		w.put(t, many...)
		w.catchUp(t)
		want(t, "index", w.shown(t), w.engine.Refs())
		want(t, "applied, builds", []int64{1201, 0}, []int64{w.Applied(), int64(w.engine.Builds())})
		var last, total int
		if err := w.Reindex(context.Background(), func(done, of int) { last, total = done, of }); err != nil {
			t.Fatal(err)
		}
		want(t, "progress", []int{800, 800}, []int{last, total})
		want(t, "index", w.shown(t), w.engine.Refs())
	})
}

// A kill between the index's commit and our memory of it is a new catalogue
// over the old engine: it goes on where the index says it is.
func TestANewProcessGoesOnWhereTheIndexIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.put(t, some()...)
		w.catchUp(t)
		builds := w.engine.Builds()
		w.put(t, thing{Kind: "tutor", ID: "z", Title: "zoe", Shown: true})
		next := w.catalogue(w.engine)
		if err := next.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		want(t, "index", w.shown(t), w.engine.Refs())
		want(t, "builds", builds, w.engine.Builds())
		want(t, "applied", int64(6), next.Applied())
		w.catchUp(t) // the old process is behind by memory only: applying again is harmless
		want(t, "index", w.shown(t), w.engine.Refs())
	})
}

func TestIndexIsBuiltAnew(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	each(t, func(t *testing.T, w *world) {
		w.put(t, some()...)
		for name, prepare := range map[string]func(*cataloguetest.Engine) error{
			"empty": func(*cataloguetest.Engine) error { return nil },
			"ahead of the database": func(e *cataloguetest.Engine) error {
				return e.Apply(ctx, search.Batch{Cursor: 99})
			},
			"of another database, other size": func(e *cataloguetest.Engine) error {
				return e.Apply(ctx, search.Batch{Cursor: 5, Ops: []search.Op{foreign("x")}})
			},
			"of another database, same size and counter": func(e *cataloguetest.Engine) error {
				return e.Apply(ctx, search.Batch{Cursor: 5, Ops: []search.Op{foreign("x"), foreign("y"), foreign("z")}})
			},
		} {
			e := &cataloguetest.Engine{}
			if err := prepare(e); err != nil {
				t.Fatal(err)
			}
			c := w.catalogue(e)
			if err := c.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			want(t, name, w.shown(t), e.Refs())
			want(t, name+": builds", 1, e.Builds())
			if err := c.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			want(t, name+": builds after another pass", 1, e.Builds())
		}
	})
}

func foreign(id string) search.Op {
	ref := search.Ref{Kind: "tutor", ID: id}
	return search.Op{Ref: ref, Doc: &search.Document{Ref: ref, Title: "stranger"}}
}

func TestChangesDuringReindexAreNotLost(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.put(t, some()...)
		late := []thing{{Kind: "tutor", ID: "a", Title: "ada"}, {Kind: "service", ID: "late", Title: "late", Shown: true}}
		err := w.Reindex(context.Background(), func(done, _ int) {
			if done == 0 {
				w.put(t, late...)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "index", w.shown(t), w.engine.Refs())
		want(t, "applied", int64(7), w.Applied())
	})
}

func TestRunShowsChangesWithinTwoSecondsAndSurvivesTrouble(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		w.put(t, some()...)
		w.until(t, 2*time.Second)
		w.put(t, thing{Kind: "tutor", ID: "a", Title: "ada"})
		w.until(t, 2*time.Second)

		// An index that refuses batches is built anew; one that is away for a while is caught up.
		w.engine.Before(func(method string) error {
			if method == "apply" {
				return errAway
			}
			return nil
		})
		builds := w.engine.Builds()
		w.put(t, thing{Kind: "tutor", ID: "n", Title: "new", Shown: true})
		w.until(t, 10*time.Second)
		if w.engine.Builds() == builds {
			t.Error("the refusing index was not built anew")
		}
		w.engine.Before(nil)
		w.engine.Break(errAway)
		w.put(t, thing{Kind: "tutor", ID: "m", Title: "more", Shown: true})
		w.engine.Break(nil)
		w.until(t, 10*time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// until waits until the index shows what the database shows.
func (w *world) until(t *testing.T, limit time.Duration) {
	t.Helper()
	shown := w.shown(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !slices.Equal(shown, w.engine.Refs()) {
		select {
		case <-deadline:
			t.Fatalf("after %v the index has %v, want %v", limit, w.engine.Refs(), shown)
		case <-tick.C:
		}
	}
}

// Whatever is put, hidden, crashed and restarted: after a pass the index is
// what the database shows.
func TestIndexEqualsRowsAfterAnything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		rapid.Check(t, func(rt *rapid.T) {
			w.clear(t)
			w.engine.Before(nil)
			current := w.catalogue(w.engine)
			acts := map[string]func(*rapid.T){
				"put": func(rt *rapid.T) {
					w.put(t, thing{Kind: rapid.SampledFrom([]string{"tutor", "service", "branch"}).Draw(rt, "kind"),
						ID: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "id"), Title: "x", Shown: rapid.Bool().Draw(rt, "shown")})
				},
				"catch up": func(*rapid.T) { _ = current.CatchUp(context.Background()) },
				"restart":  func(*rapid.T) { current = w.catalogue(w.engine) },
				"lose": func(*rapid.T) {
					w.engine = &cataloguetest.Engine{}
					current = w.catalogue(w.engine)
				},
				"trouble": func(rt *rapid.T) {
					method := rapid.SampledFrom([]string{"apply", "reindex", "stats", "search"}).Draw(rt, "method")
					w.engine.Before(func(m string) error {
						if m == method {
							return errAway
						}
						return nil
					})
				},
				"crash after save": func(*rapid.T) {
					crashed := w.catalogue(dying{w.engine})
					_ = crashed.CatchUp(context.Background())
				},
			}
			rt.Repeat(acts)
			w.engine.Before(nil)
			if err := current.CatchUp(context.Background()); err != nil {
				rt.Fatal(err)
			}
			got, shown := w.engine.Refs(), slices.DeleteFunc(w.shown(t), func(r search.Ref) bool { return r.Kind == "branch" })
			if !slices.Equal(got, shown) {
				rt.Fatalf("index %v, want %v", got, shown)
			}
		})
	})
}

// clear hides everything.
func (w *world) clear(t testing.TB) {
	t.Helper()
	var rows []thing
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewSelect().Model(&rows).Where("shown").Scan(context.Background())
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i].Shown = false
	}
	w.put(t, rows...)
}

// dying commits what it is given and says it failed.
type dying struct{ *cataloguetest.Engine }

func (d dying) Apply(ctx context.Context, b search.Batch) error {
	return errors.Join(d.Engine.Apply(ctx, b), errAway)
}

func TestBuildingAnewInVainSlowsDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failures, refused int
		want              time.Duration
	}{
		{1, 0, 200 * time.Millisecond}, {3, 3, 800 * time.Millisecond}, {50, 3, 5 * time.Second},
		{4, 4, 1600 * time.Millisecond}, {50, 50, time.Minute},
	} {
		want(t, "pause", c.want, catalogue.Pause(100*time.Millisecond, c.failures, c.refused))
	}
}
