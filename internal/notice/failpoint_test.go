//go:build failpoints

package notice_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/failpoint"
)

// TestTroubleBetweenCommitAndPush breaks the program at every place between the
// act and the mark of its push, once at each. Points belong to the whole
// process, so this test is not parallel: it is over before the parallel ones go on.
func TestTroubleBetweenCommitAndPush(t *testing.T) {
	for _, c := range []struct {
		name   string
		point  failpoint.Name
		act    bool // the trouble is in the act itself, else in the work after it
		told   int
		pushes int // that leave the board; browsers show at most one
	}{
		{"act: before the commit", failpoint.DBBeforeCommit, true, 1, 1},
		{"act: committed, answer lost, and repeated", failpoint.DBAfterCommit, true, 1, 1},
		{"job: taken, nothing done", failpoint.JobBeforeWork, false, 1, 1},
		{"push left, mark not kept", failpoint.DBBeforeCommit, false, 1, 2},
		{"push left, mark kept, answer lost", failpoint.DBAfterCommit, false, 1, 1},
		{"all done, job not marked", failpoint.JobAfterWork, false, 1, 1},
	} {
		try := func(t *testing.T, d *dbtest.World) {
			w := wire(t, d)
			ada := w.person(t, "ada")
			w.subscribes(t, ada, "/a")
			tell := func() error {
				return w.Write(w.ctx, func(tx *db.Tx) error { return w.Tell(w.ctx, tx, ada.ID, message(1)) })
			}
			if c.act {
				failpoint.Enable(c.point, failpoint.Error, 1)
				err := tell()
				failpoint.Disable(c.point)
				if !errors.Is(err, failpoint.ErrInjected) {
					t.Fatalf("got %v", err)
				}
				must(t, tell()) // what a caller does who heard of a failure
			} else {
				must(t, tell())
				failpoint.Enable(c.point, failpoint.Error, 1)
				w.begin(t)
				for w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'notice_push' AND attempt > 0 AND state <> 'running'") == 0 {
					runtime.Gosched()
				}
				failpoint.Disable(c.point)
			}
			w.settle(t)
			same(t, "told, pushed, shown", []int{c.told, c.pushes, 1}, []int{w.unread(t, ada), len(w.Service.got()), w.Service.shown()["/a"]})
			same(t, "marks", 1, w.rows(t, "SELECT count(*) FROM push_sent"))
		}
		t.Run(c.name+"/sqlite", func(t *testing.T) { try(t, dbtest.New(t)) })
		if dbtest.PostgreSQL(t) {
			t.Run(c.name+"/postgresql", func(t *testing.T) { try(t, dbtest.NewPostgreSQL(t)) })
		}
	}
}
