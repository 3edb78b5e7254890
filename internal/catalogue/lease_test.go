package catalogue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/search"
)

// lease is one process's side of a lease in the database.
type lease struct {
	*db.DB
	holder string
}

func (l lease) Hold(ctx context.Context, span time.Duration, take bool) (bool, error) {
	return l.DB.Hold(ctx, db.Lease{Name: "index", Holder: l.holder}, span, take)
}

func (l lease) Yield(ctx context.Context) error { return l.DB.Yield(ctx, "index", l.holder) }

// counted counts who writes to a shared index.
type counted struct {
	search.Engine
	writes  int
	deadend bool // what is written has a deadline
	wrote   chan struct{}
}

func (c *counted) Apply(ctx context.Context, b search.Batch) error {
	c.writes++
	_, c.deadend = ctx.Deadline()
	err := c.Engine.Apply(ctx, b)
	select {
	case c.wrote <- struct{}{}:
	default:
	}
	return err
}

// process is a catalogue of one of several processes over one index.
func (w *world) process(holder string) (*catalogue.Catalogue, *counted) {
	e := &counted{Engine: w.engine, wrote: make(chan struct{}, 1)}
	return catalogue.New(catalogue.Config{DB: w.DB, Engine: e, Lease: lease{w.DB, holder}, Poll: time.Millisecond, Timeout: time.Second}, kinds()...), e
}

func TestOneProcessFeedsASharedIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, byA := w.process("a")
		b, byB := w.process("b")
		both := func() {
			t.Helper()
			for _, c := range []*catalogue.Catalogue{a, b} {
				if err := c.CatchUp(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		both()
		w.put(t, some()...)
		both()
		want(t, "index", w.shown(t), w.engine.Refs())
		if byA.writes == 0 || byB.writes != 0 || !byA.deadend {
			t.Errorf("a wrote %d batches, b %d; with a deadline: %v", byA.writes, byB.writes, byA.deadend)
		}
		w.Clock.Advance(6 * time.Second) // b looks again, and a's lease still runs
		if err := b.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "what b knows of the index", a.Applied(), b.Applied())

		w.Clock.Advance(20 * time.Second) // a has died
		w.put(t, thing{Kind: "tutor", ID: "new", Title: "new", Shown: true})
		if err := b.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "index fed by b", w.shown(t), w.engine.Refs())
		was := byA.writes
		w.put(t, thing{Kind: "tutor", ID: "newer", Title: "newer", Shown: true})
		both()
		if byA.writes != was || byB.writes == 0 {
			t.Errorf("after the takeover a wrote %d batches, b %d", byA.writes-was, byB.writes)
		}
		want(t, "index", w.shown(t), w.engine.Refs())
	})
}

// TestAFeederThatWokeUpTooLateDoesNoHarm lets a process write a batch after its
// lease was over: the index is set back, and the next renewal puts it right.
func TestAFeederThatWokeUpTooLateDoesNoHarm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, _ := w.process("a")
		w.put(t, some()...)
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		w.put(t, thing{Kind: "tutor", ID: "a", Title: "again here", Shown: true})
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		late := search.Batch{Cursor: 1, Ops: []search.Op{{Ref: search.Ref{Kind: "tutor", ID: "a"}}}}
		if err := w.engine.Apply(ctx, late); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(6 * time.Second)
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "index", w.shown(t), w.engine.Refs())
	})
}

func TestReindexTakesTheFeedingOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, byA := w.process("a")
		b, _ := w.process("b")
		w.put(t, some()...)
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		if err := b.Reindex(ctx, nil); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(6 * time.Second)
		was := byA.writes
		w.put(t, thing{Kind: "tutor", ID: "new", Title: "new", Shown: true})
		if err := errors.Join(a.CatchUp(ctx), b.CatchUp(ctx)); err != nil {
			t.Fatal(err)
		}
		if byA.writes != was {
			t.Error("who lost the feeding feeds on")
		}
		want(t, "index", w.shown(t), w.engine.Refs())
	})
}

func TestAStoppedProcessGivesTheFeedingBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, stop := context.WithCancel(context.Background())
		a, byA := w.process("a")
		w.put(t, some()...)
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		w.put(t, thing{Kind: "tutor", ID: "new", Title: "new", Shown: true})
		ran := make(chan error)
		go func() { ran <- a.Run(ctx) }()
		<-byA.wrote
		stop()
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		if held, err := (lease{w.DB, "b"}).Hold(context.Background(), time.Second, false); err != nil || !held {
			t.Errorf("the lease is free: %v, %v", held, err)
		}
	})
}

// TestAClockSetBackRenewsTheLease: whoever waits for a moment an hour ahead
// would write all that time beside whoever took over.
func TestAClockSetBackRenewsTheLease(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		a, byA := w.process("a")
		w.put(t, some()...)
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(-time.Hour)
		if held, err := (lease{w.DB, "b"}).Hold(ctx, time.Minute, true); err != nil || !held {
			t.Fatal(held, err)
		}
		w.put(t, thing{Kind: "tutor", ID: "new", Title: "new", Shown: true})
		was := byA.writes
		if err := a.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
		want(t, "batches after the lease was taken", was, byA.writes)
	})
}
