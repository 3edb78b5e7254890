package notice_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
)

// attempts waits until pushes were tried so often in all, whatever came of it.
func (w *world) attempts(t *testing.T, n int) {
	t.Helper()
	for w.rows(t, "SELECT COALESCE(sum(attempt), 0) FROM river_job WHERE kind = 'notice_push' AND state <> 'running'") < n {
		runtime.Gosched()
	}
}

// again makes what failed due at once.
func (w *world) again(t *testing.T) {
	t.Helper()
	must(t, w.Write(w.ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("UPDATE river_job SET state = 'available', scheduled_at = created_at WHERE kind = 'notice_push' AND state IN ('available', 'retryable')").Exec(w.ctx)
		return err
	}))
}

// away makes a path's next n pushes find nobody there.
func (s *service) away(path string, n int) {
	statuses := make([]int, n)
	for i := range statuses {
		statuses[i] = http.StatusServiceUnavailable
	}
	s.answer(path, statuses...)
}

// TestASlowServiceHoldsUpNoOther lets one browser's service hang: the other
// browser has its push meanwhile.
func TestASlowServiceHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/slow", "/slower", "/well")
		gate := make(chan struct{})
		w.Service.hang(gate, "/slow", "/slower")
		w.tells(t, ada, message(1))
		w.begin(t)
		for w.Service.shown()["/well"] == 0 {
			runtime.Gosched()
		}
		close(gate)
		w.settle(t)
		same(t, "all in the end", map[string]int{"/slow": 1, "/slower": 1, "/well": 1}, w.Service.shown())
	})
}

// TestOneThatIsAwayIsLeftAlone counts how often a service is asked that does
// not answer.
func TestOneThatIsAwayIsLeftAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/away")
		w.Service.away("/away", 3)
		w.tells(t, ada, message(1))
		w.begin(t)
		asked := func() int { return 3 - w.Service.left("/away") }
		for n, want := range []int{1, 2, 2, 2} { // the first stumble costs nothing, then a minute
			w.attempts(t, n+1)
			same(t, "asked", want, asked())
			w.again(t)
		}
		w.attempts(t, 5)
		w.Clock.Advance(time.Minute)
		w.again(t)
		w.attempts(t, 6)
		same(t, "asked after a minute", 3, asked())
		w.Clock.Advance(2*time.Minute - time.Second)
		w.again(t)
		w.attempts(t, 7)
		same(t, "the pause doubles", 0, len(w.Service.got()))
		w.Clock.Advance(time.Second)
		w.again(t)
		w.settle(t)
		same(t, "it is back", map[string]int{"/away": 1}, w.Service.shown())

		w.Service.away("/away", 1) // and counted anew
		w.tells(t, ada, message(2))
		w.settle(t)
		same(t, "one stumble", map[string]int{"/away": 2}, w.Service.shown())
	})
}

// TestOneThatIsAwayForDaysIsForgotten tells one thing a day to somebody with a
// browser that is gone without a word.
func TestOneThatIsAwayForDaysIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		w.subscribes(t, ada, "/away")
		w.subscribes(t, ben, "/well")
		w.Service.away("/away", 100)
		w.begin(t)
		day := func(n int) {
			t.Helper()
			before := w.Service.left("/away")
			w.tells(t, ada, message(n))
			for w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'notice_push' AND (attempt = 0 OR state = 'running')") > 0 {
				runtime.Gosched()
			}
			same(t, "asked", before-1, w.Service.left("/away"))
			w.Clock.Advance(24 * time.Hour)
			w.again(t)
			w.settle(t) // the push is too old by now
		}
		for n := range 6 {
			day(n)
		}
		same(t, "nothing leaves the board: it may be its own fault", 1, len(w.browsers(t, ada)))
		w.tells(t, ben, message(6))
		w.settle(t)
		same(t, "nothing was asked", 1, len(w.browsers(t, ada)))
		day(7)
		same(t, "only this one is away", 0, len(w.browsers(t, ada)))
		same(t, "others stay", 1, len(w.browsers(t, ben)))
		if log := w.Log.String(); !strings.Contains(log, "push service away for days") || strings.Contains(log, "example.com") {
			t.Errorf("the log: %s", log)
		}
	})
}

// TestManyDisappointmentsAtOnceAreOne tells much at once to somebody whose
// push service stumbles once.
func TestManyDisappointmentsAtOnceAreOne(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/a")
		gate := make(chan struct{})
		w.Service.hang(gate, "/a")
		w.Service.away("/a", 4)
		w.tells(t, ada, message(1), message(2), message(3), message(4))
		w.begin(t)
		for w.Service.came() < 4 {
			runtime.Gosched()
		}
		w.Clock.Advance(time.Second) // none has an answer yet, and all asked before
		close(gate)
		w.settle(t)
		same(t, "no pause", map[string]int{"/a": 4}, w.Service.shown())
	})
}
