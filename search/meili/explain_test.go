package meili_test

import (
	"context"
	"math"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
	"github.com/tmoeg/oduvan/search/searchtest"
)

// TestExplainAgreesWithSearch explains every hit: place and score are those of
// Search, and the parts make the score.
func TestExplainAgreesWithSearch(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := open(t, meilitest.New(t))
	if err := e.Apply(ctx, search.Batch{Ops: searchtest.Generate(searchtest.Seed, 120).Ops(), Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"python", "репетитор go", "go python weaving", ""} {
		q := search.Query{Text: text, Now: searchtest.Now, Limit: 20}
		r, err := e.Search(ctx, q)
		if err != nil || len(r.Hits) == 0 {
			t.Fatalf("%q finds %d, %v", text, len(r.Hits), err)
		}
		for i, h := range r.Hits {
			x, err := e.Explain(ctx, q, h.Ref)
			if err != nil || !x.Found || x.Place != i+1 || x.Total != r.Total || math.Abs(x.Score-h.Score) > 1e-9 {
				t.Errorf("%q: place %d of %d is %+v, %v", text, i+1, r.Total, x, err)
			}
			if sum := made(x.Parts); text != "" && math.Abs(sum-x.Score) > 1e-6 {
				t.Errorf("%q: the parts of %v make %v, not %v", text, h.Ref, sum, x.Score)
			}
		}
	}
}

// made computes what parts make.
func made(parts []search.Part) (sum float64) {
	for _, p := range parts {
		if p.Times {
			sum *= p.Value
		} else {
			sum += p.Value
		}
	}
	return sum
}

func TestExplainTellsWhatKeepsOut(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	e := open(t, meilitest.New(t))
	d := search.Document{Ref: search.Ref{Kind: "tutor", ID: "a"}, Title: "Ada", Skills: []string{"python"}, Langs: []string{"ru"}}
	other := search.Document{Ref: search.Ref{Kind: "tutor", ID: "b"}, Title: "Ben", Skills: []string{"go"}, Langs: []string{"en"}}
	if err := e.Apply(ctx, search.Batch{Ops: []search.Op{{Ref: d.Ref, Doc: &d}, {Ref: other.Ref, Doc: &other}}, Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    search.Query
		ref  search.Ref
		want string
	}{
		{search.Query{Text: "go"}, d.Ref, "skill go"},
		{search.Query{Langs: []string{"en"}}, d.Ref, "filter language"},
		{search.Query{Text: "!!!"}, d.Ref, "text"},
		{search.Query{Text: "go"}, search.Ref{Kind: "tutor", ID: "nobody"}, "index"},
	} {
		c.q.Now = searchtest.Now
		x, err := e.Explain(ctx, c.q, c.ref)
		if err != nil || x.Found || len(x.Parts) == 0 || x.Parts[0].Name != c.want {
			t.Errorf("%+v: %+v, %v; want %s", c.q, x, err, c.want)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Explain(ctx, search.Query{}, d.Ref); err == nil {
		t.Error("a closed engine explains")
	}
	var _ search.Explainer = (*meili.Engine)(nil)
}
