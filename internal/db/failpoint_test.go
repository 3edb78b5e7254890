//go:build failpoints

package db_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/failpoint"
)

// Points belong to the whole process, so these tests are not parallel: they
// are over before the parallel ones go on.

func TestCrashAroundACommit(t *testing.T) {
	w := dbtest.New(t)
	for point, kept := range map[failpoint.Name]bool{failpoint.DBBeforeCommit: false, failpoint.DBAfterCommit: true} {
		id := string(point)
		failpoint.Enable(point, failpoint.Error, 1)
		err := w.Write(context.Background(), func(tx *db.Tx) error {
			return errors.Join(tx.Changed(context.Background(), "thing", id), tx.Due(context.Background(), "thing", id, tx.Now),
				tx.Enqueue(context.Background(), markJob{id}))
		})
		failpoint.Disable(point)
		if !errors.Is(err, failpoint.ErrInjected) {
			t.Errorf("%s: got %v", point, err)
		}
		change, due, job := traces(t, w, id)
		if change != kept || due != kept || job != kept {
			t.Errorf("%s left change %v, deadline %v, job %v; want all %v", point, change, due, job, kept)
		}
	}
}

type crashJob struct{}

func (crashJob) Kind() string { return "crash_test" }

func TestAJobIsDoneAgainAfterACrash(t *testing.T) {
	for point, want := range map[failpoint.Name]int64{failpoint.JobBeforeWork: 1, failpoint.JobAfterWork: 2} {
		w := dbtest.New(t)
		ctx, cancel := context.WithCancel(context.Background())
		var done atomic.Int64
		finished := make(chan struct{}, 8)
		db.Handle(w.DB, func(context.Context, crashJob) error {
			// The crash is over by the job's next attempt.
			if done.Add(1) == want {
				finished <- struct{}{}
			}
			failpointOff(point, done.Load() >= want)
			return nil
		})
		if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Enqueue(ctx, crashJob{}) }); err != nil {
			t.Fatal(err)
		}
		before := failpoint.Hits(point)
		failpoint.Enable(point, failpoint.Error, 1)
		ended := make(chan error, 1)
		go func() { ended <- w.Work(ctx) }()
		for point == failpoint.JobBeforeWork && failpoint.Hits(point) < before+2 {
			if w.Ping(ctx) != nil {
				t.Fatal("the database went away")
			}
		}
		failpointOff(point, point == failpoint.JobBeforeWork)
		<-finished
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := done.Load(); got != want {
			t.Errorf("%s: done %d times, want %d", point, got, want)
		}
	}
}

func failpointOff(point failpoint.Name, now bool) {
	if now {
		failpoint.Disable(point)
	}
}
