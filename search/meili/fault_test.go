package meili_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
	"github.com/tmoeg/oduvan/search/searchtest"
)

func filled(t *testing.T, s *meilitest.Server, change ...func(*meili.Config)) *meili.Engine {
	t.Helper()
	e := open(t, s, change...)
	c := searchtest.Generate(searchtest.Seed, 40)
	if err := e.Apply(context.Background(), search.Batch{Ops: c.Ops(), Cursor: 7}); err != nil {
		t.Fatal(err)
	}
	return e
}

func ask(t *testing.T, e *meili.Engine) (search.Result, error) {
	t.Helper()
	return e.Search(context.Background(), search.Query{Facets: true, Now: searchtest.Now})
}

// whole demands that the index stands where it stood.
func whole(t *testing.T, e *meili.Engine, total int, cursor int64) {
	t.Helper()
	r, err := ask(t, e)
	if err != nil || r.Total != total || r.Cursor != cursor {
		t.Errorf("total %d at %d, %v; want %d at %d", r.Total, r.Cursor, err, total, cursor)
	}
}

func TestFailedTaskIsAnErrorAndMovesNothing(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	e := filled(t, s)
	d := search.Document{Ref: search.Ref{Kind: "tutor", ID: "new"}, Title: "New"}
	s.FailTasks("documentAdditionOrUpdate", 1)
	err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{{Ref: d.Ref, Doc: &d}}, Cursor: 8})
	var f *meili.Fault
	if !errors.Is(err, meili.ErrTask) || !errors.As(err, &f) || f.Away() {
		t.Errorf("Apply: %v", err)
	}
	whole(t, e, 40, 7)
	if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{{Ref: d.Ref, Doc: &d}}, Cursor: 8}); err != nil {
		t.Fatal(err)
	}
	whole(t, e, 41, 8)
}

// TestFailedReindexLeavesTheIndex fails each step of a reindex in turn.
func TestFailedReindexLeavesTheIndex(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"indexCreation", "settingsUpdate", "documentAdditionOrUpdate", "indexSwap"} {
		t.Run(task, func(t *testing.T) {
			t.Parallel()
			s := meilitest.New(t)
			e := filled(t, s)
			next := searchtest.Generate(1, 90)
			s.FailTasks(task, 1)
			if err := e.Reindex(context.Background(), next.All, 9); !errors.Is(err, meili.ErrTask) {
				t.Errorf("Reindex: %v", err)
			}
			whole(t, e, 40, 7)
			if left := s.Indexes(); len(left) != 1 {
				t.Errorf("indexes left: %v", left)
			}
			s.Recover()
			if err := e.Reindex(context.Background(), next.All, 9); err != nil {
				t.Fatal(err)
			}
			whole(t, e, 90, 9)
			if left := s.Indexes(); len(left) != 1 {
				t.Errorf("indexes left: %v", left)
			}
		})
	}
}

func TestSlowTasksAreWaitedFor(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	s.SlowTasks(3)
	whole(t, filled(t, s), 40, 7)
}

func TestServerThatCannotAnswerIsAway(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"too many": http.StatusTooManyRequests, "broken": http.StatusInternalServerError, "cut": 0, "gateway": http.StatusBadGateway} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := meilitest.New(t)
			e := filled(t, s)
			s.Refuse("/multi-search", status, 2) // a connection cut before an answer may be tried again by net/http
			_, err := ask(t, e)
			var f *meili.Fault
			if !errors.Is(err, meili.ErrAway) || !errors.As(err, &f) || !f.Away() {
				t.Errorf("Search: %v", err)
			}
			if strings.Contains(err.Error(), meilitest.MasterKey) || strings.Contains(err.Error(), "kind EXISTS") {
				t.Errorf("the error tells too much: %v", err)
			}
			s.Recover()
			whole(t, e, 40, 7)
		})
	}
}

func TestBreakerAnswersAtOnceAndTriesAgain(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	var now atomic.Int64
	e := filled(t, s, func(c *meili.Config) { c.Now = func() time.Time { return time.Unix(1_800_000_000+now.Load(), 0) } })
	s.Refuse("/multi-search", http.StatusServiceUnavailable, 100)
	for range 5 {
		if _, err := ask(t, e); !errors.Is(err, meili.ErrAway) {
			t.Fatal(err)
		}
	}
	if !e.Away() {
		t.Error("not away after five failures")
	}
	asked := len(s.Requests())
	if _, err := ask(t, e); !errors.Is(err, meili.ErrAway) || len(s.Requests()) != asked {
		t.Errorf("a resting server is asked: %v", err)
	}
	now.Add(2)
	if _, err := ask(t, e); !errors.Is(err, meili.ErrAway) || len(s.Requests()) != asked+1 {
		t.Errorf("after a rest %d questions", len(s.Requests())-asked)
	}
	s.Recover()
	if _, err := ask(t, e); !errors.Is(err, meili.ErrAway) {
		t.Error("the second rest is over at once")
	}
	now.Add(60)
	whole(t, e, 40, 7)
	if e.Away() {
		t.Error("away after an answer")
	}
}

func TestDeadlineEndsAQuestion(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	e := filled(t, s)
	s.Stall(true)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := e.Search(ctx, search.Query{Now: searchtest.Now}); !errors.Is(err, meili.ErrAway) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Search: %v", err)
	}
	s.Stall(false)
	whole(t, e, 40, 7)
}

// TestRotation changes the keys under a running engine.
func TestRotation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := meilitest.New(t)
	r := meili.Rotation{URL: s.URL, Master: meilitest.MasterKey, Now: time.Now}
	first, err := r.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var inUse atomic.Pointer[meili.Keys]
	inUse.Store(&first)
	e := filled(t, s, func(c *meili.Config) { c.Keys = func() (meili.Keys, error) { return *inUse.Load(), nil } })
	second, err := r.Make(ctx)
	if err != nil || second == first || !second.Whole() {
		t.Fatalf("new keys: %v", err)
	}
	if n, err := r.DropOthers(ctx, second); err != nil || n != 2 {
		t.Errorf("dropped %d, %v", n, err)
	}
	if _, err := ask(t, e); !errors.Is(err, meili.ErrRefused) {
		t.Errorf("with deleted keys: %v", err)
	}
	inUse.Store(&second)
	whole(t, e, 40, 7)
	if err := e.Apply(ctx, search.Batch{Cursor: 8}); err != nil {
		t.Error(err)
	}
	if err := e.Reindex(ctx, searchtest.Generate(1, 30).All, 9); err != nil {
		t.Errorf("the admin key cannot reindex: %v", err)
	}
	if keys := s.Keys(); len(keys) != 2 {
		t.Errorf("keys left: %d", len(keys))
	}
	wrong := meili.Rotation{URL: s.URL, Master: second.Admin, Now: time.Now}
	if _, err := wrong.Make(ctx); !errors.Is(err, meili.ErrRefused) {
		t.Errorf("an admin key makes keys: %v", err)
	}
}

// TestOtherProcessLearns lets one process feed and another only read: it finds
// what is new and repairs words that it never fed.
func TestOtherProcessLearns(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	feeder := filled(t, s)
	var now atomic.Int64
	now.Store(1_800_000_000)
	reader := open(t, s, func(c *meili.Config) { c.Now = func() time.Time { return time.Unix(now.Load(), 0) } })
	whole(t, reader, 40, 7)
	d := search.Document{Ref: search.Ref{Kind: "tutor", ID: "new"}, Title: "Glockenspiel", Lead: "glockenspiel for everybody"}
	if err := feeder.Apply(context.Background(), search.Batch{Ops: []search.Op{{Ref: d.Ref, Doc: &d}}, Cursor: 8}); err != nil {
		t.Fatal(err)
	}
	typo := search.Query{Text: "glokenspiel", Now: searchtest.Now}
	for range 200 { // the vocabulary is read in the background
		now.Add(10)
		r, err := reader.Search(context.Background(), typo)
		if err != nil {
			t.Fatal(err)
		}
		if r.Total == 1 && r.Corrected == "glockenspiel" && r.Cursor == 8 {
			return
		}
	}
	t.Error("a typo of a new word is not repaired by a process that did not feed it")
}

// TestDeletionIsPartOfItsBatch counts the tasks that a batch takes before it is seen.
func TestDeletionIsPartOfItsBatch(t *testing.T) {
	t.Parallel()
	s := meilitest.New(t)
	e := filled(t, s)
	c := searchtest.Generate(searchtest.Seed, 40)
	s.FailTasks("documentDeletion", 100)
	d := search.Document{Ref: search.Ref{Kind: "tutor", ID: "new"}, Title: "New"}
	if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{{Ref: c.Docs[0].Ref}, {Ref: d.Ref, Doc: &d}}, Cursor: 8}); err != nil {
		t.Fatal(err)
	}
	whole(t, e, 40, 8)
	if st, err := e.Stats(context.Background()); err != nil || st.Documents != 40 || st.Cursor != 8 {
		t.Errorf("Stats = %+v, %v", st, err)
	}
}
