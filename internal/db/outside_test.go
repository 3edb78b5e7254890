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

// What a deadline asks for again is given up soon, and asked for twice is done
// twice: the one that runs may not know what the other is about.
func TestRepeatedJobsDoNotPileUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		done := make(chan string, 100)
		db.Handle(w.DB, func(_ context.Context, j againJob) error { done <- j.ID; return nil })
		db.Handle(w.DB, func(_ context.Context, j markJob) error { done <- j.ID; return nil })
		for range 2 {
			if err := w.Write(ctx, func(tx *db.Tx) error {
				return errors.Join(tx.Enqueue(ctx, againJob{"one"}), tx.Enqueue(ctx, markJob{"each"}))
			}); err != nil {
				t.Fatal(err)
			}
		}
		var tries []int
		if err := w.Read(ctx, func(tx *db.Tx) error {
			return tx.NewRaw("SELECT max_attempts FROM river_job WHERE kind IN ('again', 'mark') ORDER BY kind, id").Scan(ctx, &tries)
		}); err != nil {
			t.Fatal(err)
		}
		if len(tries) != 4 || tries[0] != 4 || tries[1] != 4 || tries[2] < 10 || tries[3] < 10 {
			t.Errorf("they are tried %v times", tries)
		}
		dbtest.Drain(t, w)
		if len(done) != 4 {
			t.Errorf("%d were done", len(done))
		}
	})
}
