package db_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

func TestLeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		const span = 15 * time.Second
		try := func(holder string, take, want bool) {
			t.Helper()
			held, err := w.Hold(ctx, db.Lease{Name: "index", Holder: holder}, span, take)
			if err != nil || held != want {
				t.Errorf("%s holds: %v, %v; want %v", holder, held, err, want)
			}
		}
		try("a", false, true)
		try("b", false, false)
		w.Clock.Advance(10 * time.Second)
		try("a", false, true) // renewed
		w.Clock.Advance(10 * time.Second)
		try("b", false, false)
		w.Clock.Advance(span)
		try("b", false, true) // it had run out
		try("a", false, false)
		try("a", true, true) // taken away
		try("b", false, false)
		if err := w.Yield(ctx, "index", "b"); err != nil {
			t.Fatal(err)
		}
		try("b", false, false) // nothing of b's to give back
		if err := w.Yield(ctx, "index", "a"); err != nil {
			t.Fatal(err)
		}
		try("b", false, true)
	})
}

func TestLeaseIsTakenByOneOfMany(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		var holders atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				held, err := w.Hold(context.Background(), db.Lease{Name: "index", Holder: fmt.Sprint(i)}, time.Minute, false)
				if err != nil {
					t.Error(err)
				}
				if held {
					holders.Add(1)
				}
			})
		}
		all.Wait()
		if n := holders.Load(); n != 1 {
			t.Errorf("%d holders", n)
		}
	})
}
