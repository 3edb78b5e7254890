package bleve_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/searchtest"
)

// rowed is an engine with documents of these leads, all of them with a skill.
func rowed(t *testing.T, skill string, leads ...string) search.Engine {
	t.Helper()
	e := open(t, "")
	t.Cleanup(func() { _ = e.Close() })
	var ops []search.Op
	for i, lead := range leads {
		d := search.Document{Ref: search.Ref{Kind: "tutor", ID: fmt.Sprint("t", i)}, Title: fmt.Sprint("t", i), Lead: lead, Skills: []string{skill}}
		ops = append(ops, search.Op{Ref: d.Ref, Doc: &d})
	}
	if err := e.Apply(context.Background(), search.Batch{Ops: ops, Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestNothingFollowsIsNotPartial: where all who have the shared skill hold the
// word too, nothing else was added and nothing may say so.
func TestNothingFollowsIsNotPartial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		leads   []string
		total   int
		partial bool
	}{
		{[]string{"зебры пони", "зебры пони", "зебры пони"}, 3, false},
		{[]string{"зебры пони", "зебры пони", "слоны"}, 3, true},
		{[]string{"зебры пони", "слоны", "слоны"}, 1, false}, // one hit alone shares with nobody
	} {
		r, err := rowed(t, "python", c.leads...).Search(context.Background(), search.Query{Text: "зебра пони", Now: searchtest.Now})
		if err != nil || r.Total != c.total || r.Partial != c.partial {
			t.Errorf("%v: total %d, partial %v, %v; want %d, %v", c.leads, r.Total, r.Partial, err, c.total, c.partial)
		}
	}
}

// TestExplainTellsOfSharedSkills: what followed for a shared skill is explained
// by it, and the parts still give the score.
func TestExplainTellsOfSharedSkills(t *testing.T) {
	t.Parallel()
	e := rowed(t, "python", "зебры пони", "зебры пони", "слоны")
	for i := range 3 {
		x := explain(t, e, search.Query{Text: "зебра пони"}, search.Ref{Kind: "tutor", ID: fmt.Sprint("t", i)})
		sum, told := 0.0, ""
		for _, p := range x.Parts {
			if told += p.Name + "\n"; p.Times {
				sum *= p.Value
			} else {
				sum += p.Value
			}
			if p.Name == "quality and freshness" && (p.Value < 0.99 || p.Value > 1.5) {
				t.Errorf("t%d: quality of %v", i, p.Value)
			}
		}
		if !x.Found || !strings.Contains(told, "skill Python") || math.Abs(sum-x.Score) > 1e-4 {
			t.Errorf("t%d: %v of %+v", i, sum, x)
		}
	}
}

// TestMadeUpWordsAreNotKept: whoever asks for ever new words beside a known one
// must not fill the memory.
func TestMadeUpWordsAreNotKept(t *testing.T) {
	t.Parallel()
	e := rowed(t, "python", "зебры пони", "зебры пони", "слоны")
	held := 0
	for i := range 50 {
		r, err := e.Search(context.Background(), search.Query{Text: fmt.Sprintf("python 1x%dq 2x%dq", i, i), Now: searchtest.Now})
		if err != nil || r.Total != 3 {
			t.Fatalf("total %d, %v", r.Total, err)
		}
		if i == 0 {
			held = bleve.HeldPostings(e.(*bleve.Engine))
		}
	}
	if now := bleve.HeldPostings(e.(*bleve.Engine)); now != held || held == 0 {
		t.Errorf("%d postings are kept after fifty queries, %d after one", now, held)
	}
}
