package db_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

type slowJob struct {
	N int `json:"n"`
}

func (slowJob) Kind() string { return "slow" }

func (slowJob) CallsOutside() {}

// TestSlowServersHoldUpNobody lets more calls outside hang than there are
// workers of any kind: other jobs and the sweep go on meanwhile.
func TestSlowServersHoldUpNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx, cancel := context.WithCancel(context.Background())
		began, gate, marked, swept := make(chan int, 40), make(chan struct{}), make(chan string, 1), make(chan struct{}, 100)
		db.Handle(w.DB, func(_ context.Context, j slowJob) error {
			began <- j.N
			<-gate
			return nil
		})
		db.Handle(w.DB, func(_ context.Context, j markJob) error {
			marked <- j.ID
			return nil
		})
		w.OnSweep(func(context.Context) error {
			swept <- struct{}{}
			return nil
		})
		enqueue := func(jobs ...db.Job) {
			if err := w.Write(ctx, func(tx *db.Tx) error {
				for _, j := range jobs {
					if err := tx.Enqueue(ctx, j); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 20 {
			enqueue(slowJob{n})
		}
		ended := make(chan error, 1)
		go func() { ended <- w.Work(ctx) }()
		for range 8 { // as many as run at a time
			<-began
		}
		enqueue(markJob{"meanwhile"})
		if got := <-marked; got != "meanwhile" {
			t.Errorf("done meanwhile: %q", got)
		}
		<-swept
		if len(began) > 0 {
			t.Error("more calls than workers")
		}
		close(gate)
		for range 12 {
			<-began
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

type againJob struct{ ID string }

func (againJob) Kind() string { return "again" }

func (againJob) IsRepeated() {}

// What a deadline asks for again waits once, and can be asked for once more as
// soon as it was done.
func TestRepeatedJobsDoNotPileUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		done := make(chan string, 100)
		db.Handle(w.DB, func(_ context.Context, j againJob) error { done <- j.ID; return nil })
		db.Handle(w.DB, func(_ context.Context, j markJob) error { done <- j.ID; return nil })
		for range 20 {
			if err := w.Write(ctx, func(tx *db.Tx) error {
				return errors.Join(tx.Enqueue(ctx, againJob{"one"}), tx.Enqueue(ctx, againJob{"two"}), tx.Enqueue(ctx, markJob{"each"}))
			}); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := w.Waiting(ctx); n != 2+20 || err != nil {
			t.Errorf("%d jobs wait, %v", n, err)
		}
		dbtest.Drain(t, w)
		if len(done) != 22 {
			t.Errorf("%d were done", len(done))
		}
		if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Enqueue(ctx, againJob{"one"}) }); err != nil {
			t.Fatal(err)
		}
		if n, err := w.Waiting(ctx); n != 1 || err != nil {
			t.Errorf("afterwards %d wait, %v", n, err)
		}
	})
}
