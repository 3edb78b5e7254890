// Package searchtest proves that an engine keeps what search.Engine promises.
// Run is the whole conformance suite; Reopen adds what engines with files of
// their own must keep. It refuses to know how an engine works: it only asks.
package searchtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search"
)

// Seed makes the corpus of every suite; it is printed with each failure.
const Seed = 20260501

// corpusSize is how many documents the labelled queries are asked over.
const corpusSize = 600

// Run tests an engine. open gives a fresh empty one; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) search.Engine) {
	t.Helper()
	for name, suite := range map[string]func(*testing.T, search.Engine){
		"Apply": testApply, "Oracle": testOracle, "Pages": testPages, "Suggest": testSuggest, "SuggestWithout": testSuggestWithout,
		"FreeWords": testFreeWords, "Reindex": testReindex, "ReindexFails": testReindexFails,
		"Labelled": testLabelled, "Graded": testGraded, "Hostile": testHostile, "Understood": testUnderstood,
		"Newcomers": testNewcomers, "Second": testSecond, "Cues": testCues, "CueWords": testCueWords, "Closed": testClosed, "Partial": testPartial,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t)
			t.Cleanup(func() {
				if err := e.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			t.Logf("seed %d", Seed)
			suite(t, e)
		})
	}
}

// Reopen tests that an engine over a folder keeps documents and cursor.
func Reopen(t *testing.T, open func(t *testing.T, dir string) search.Engine) {
	t.Helper()
	dir := t.TempDir()
	c := Generate(Seed, 60)
	c.Docs[5].Second = true
	e := open(t, dir)
	apply(t, e, 41, c.Ops()...)
	apply(t, e, 42, search.Op{Ref: c.Docs[0].Ref})
	want := ask(t, e, search.Query{Text: "python", Facets: true})
	all := ask(t, e, search.Query{Facets: true, Limit: 100})
	for range 2 {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = open(t, dir)
		if diff := cmp.Diff(want, ask(t, e, search.Query{Text: "python", Facets: true}), cmpopts.EquateApprox(1e-6, 0)); diff != "" {
			t.Errorf("text after reopening: %s", diff)
		}
		if diff := cmp.Diff(all, ask(t, e, search.Query{Facets: true, Limit: 100})); diff != "" {
			t.Errorf("browsing after reopening: %s", diff)
		}
		if s, err := e.Stats(context.Background()); err != nil || s.Cursor != 42 || s.Documents != 59 {
			t.Errorf("Stats = %+v, %v", s, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, e search.Engine, cursor int64, ops ...search.Op) {
	t.Helper()
	if err := e.Apply(context.Background(), search.Batch{Ops: ops, Cursor: cursor}); err != nil {
		t.Fatal(err)
	}
}

func put(d search.Document) search.Op { return search.Op{Ref: d.Ref, Doc: &d} }

func ask(t *testing.T, e search.Engine, q search.Query) search.Result {
	t.Helper()
	if q.Now.IsZero() {
		q.Now = Now
	}
	r, err := e.Search(context.Background(), q)
	if err != nil {
		t.Fatalf("Search(%+v): %v", q, err)
	}
	return r
}

func refs(r search.Result) []search.Ref {
	out := []search.Ref{}
	for _, h := range r.Hits {
		out = append(out, h.Ref)
	}
	return out
}

func testApply(t *testing.T, e search.Engine) {
	if r := ask(t, e, search.Query{Text: "python", Facets: true}); r.Total != 0 || len(r.Hits) != 0 {
		t.Errorf("an empty index finds %+v", r)
	}
	a := search.Document{Ref: search.Ref{Kind: "tutor", ID: "a"}, Title: "Alpha", Lead: "teaches weaving"}
	b := search.Document{Ref: search.Ref{Kind: "service", ID: "a"}, Title: "Beta", Lead: "weaving for two"}
	apply(t, e, 5, put(a), put(b))
	expect := func(text string, want ...search.Ref) {
		t.Helper()
		r := ask(t, e, search.Query{Text: text, Exact: true})
		got := refs(r)
		slices.SortFunc(got, func(x, y search.Ref) int { return -cmpString(x.Kind, y.Kind) })
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || r.Total != len(want) {
			t.Errorf("%q: total %d, %s", text, r.Total, diff)
		}
	}
	expect("weaving", a.Ref, b.Ref)
	apply(t, e, 5, put(a), put(b)) // the same batch again
	expect("weaving", a.Ref, b.Ref)
	a.Lead = "teaches pottery"
	apply(t, e, 6, put(a))
	expect("weaving", b.Ref)
	expect("pottery", a.Ref)
	apply(t, e, 7, search.Op{Ref: b.Ref}, search.Op{Ref: search.Ref{Kind: "tutor", ID: "never there"}})
	expect("weaving")
	expect("", a.Ref)
	apply(t, e, 8, put(b), search.Op{Ref: b.Ref}, search.Op{Ref: a.Ref}, put(a)) // the last word counts
	expect("", a.Ref)
	apply(t, e, 9)
	if s, err := e.Stats(context.Background()); err != nil || s.Documents != 1 || s.Cursor != 9 {
		t.Errorf("Stats = %+v, %v", s, err)
	}
	if r := ask(t, e, search.Query{}); r.Cursor != 9 {
		t.Errorf("answer at cursor %d", r.Cursor)
	}
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// testOracle compares filters, totals, facets and orders with brute force.
func testOracle(t *testing.T, e search.Engine) {
	c := Generate(Seed, 250)
	for i := range c.Docs {
		c.Docs[i].Second = c.Docs[i].Kind == "creator" && i%2 == 0
	}
	apply(t, e, 1, c.Ops()...)
	world := oracle(c.Docs)
	rapid.Check(t, func(r *rapid.T) {
		if rapid.IntRange(0, 4).Draw(r, "change") == 0 { // documents come and go between questions
			i := rapid.IntRange(0, len(c.Docs)-1).Draw(r, "doc")
			at := slices.IndexFunc(world, func(d search.Document) bool { return d.Ref == c.Docs[i].Ref })
			op := put(c.Docs[i])
			if at >= 0 {
				op.Doc = nil
				world = slices.Delete(slices.Clone(world), at, at+1)
			} else {
				world = append(slices.Clone(world), c.Docs[i])
			}
			if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{op}, Cursor: 2}); err != nil {
				r.Fatal(err)
			}
		}
		q := drawQuery(r)
		got, err := e.Search(context.Background(), q)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(world.facets(q), got.Facets); diff != "" {
			r.Fatalf("facets of %+v: %s", q, diff)
		}
		if diff := cmp.Diff(world.prices(q), got.Prices, cmpopts.EquateEmpty()); diff != "" || len(got.Prices) > search.Bins {
			r.Fatalf("%d price bins of %+v: %s", len(got.Prices), q, diff)
		}
		want := world.ordered(q)
		if got.Total != len(want) {
			r.Fatalf("total %d, want %d", got.Total, len(want))
		}
		if q.Sort != search.SortBest {
			page := want[min(q.Offset, len(want)):min(q.Offset+q.Limit, len(want))]
			if diff := cmp.Diff(page, refs(got), cmpopts.EquateEmpty()); diff != "" {
				r.Fatalf("page of %+v: %s", q, diff)
			}
		}
	})
}

func drawQuery(r *rapid.T) search.Query {
	words := func(name string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID).Draw(r, name)
	}
	q := search.Query{
		Facets: true, Now: Now, Kinds: words("kinds", "tutor", "service", "creator", "work"),
		Skills: words("skills", "python", "go", "java", "unknown"), Levels: words("levels", "hobby", "zero", "work"),
		Langs: words("langs", "ru", "en", "kk"), Formats: words("formats", "call", "chat", "plan"), Licences: words("licences", "CC-BY-NC-4.0", "CC0-1.0"),
		Free: rapid.IntRange(0, 5).Draw(r, "free") == 0, Newcomer: rapid.IntRange(0, 5).Draw(r, "newcomer") == 0,
		Currency: rapid.SampledFrom([]string{"RUB", "USD", "GEL"}).Draw(r, "currency"),
		PriceMin: rapid.SampledFrom([]int64{0, 0, 100000, 200000}).Draw(r, "min"),
		PriceMax: rapid.SampledFrom([]int64{0, 0, 200000, 500000}).Draw(r, "max"),
		Sort:     rapid.SampledFrom([]search.Sort{search.SortPrice, search.SortNew, search.SortBest}).Draw(r, "sort"),
		Offset:   rapid.SampledFrom([]int{0, 5, 24, 1000}).Draw(r, "offset"), Limit: rapid.IntRange(1, 100).Draw(r, "limit"),
	}
	if rapid.IntRange(0, 5).Draw(r, "open") == 0 {
		q.OpenBy = Now.AddDate(0, 0, rapid.IntRange(1, 15).Draw(r, "days"))
	}
	if rapid.Bool().Draw(r, "rates") {
		q.Rates = map[string]float64{"USD": 90, "KZT": 0.25}
	}
	if rapid.IntRange(0, 9).Draw(r, "owned") == 0 {
		q.Owner = fmt.Sprintf("user%d", rapid.IntRange(0, 130).Draw(r, "owner"))
	}
	return q
}

// testPages walks every page of every order: nothing twice, nothing missing.
func testPages(t *testing.T, e search.Engine) {
	c := Generate(Seed, 250)
	apply(t, e, 1, c.Ops()...)
	for _, q := range []search.Query{
		{}, {Sort: search.SortPrice, Currency: "RUB"}, {Sort: search.SortNew}, {Text: "python"}, {Text: "python", Sort: search.SortNew}, {Kinds: []string{"service"}},
	} {
		total := ask(t, e, q).Total
		seen := map[search.Ref]bool{}
		for q.Limit = 7; q.Offset < total; q.Offset += q.Limit {
			page := refs(ask(t, e, q))
			if diff := cmp.Diff(page, refs(ask(t, e, q))); diff != "" {
				t.Errorf("%+v is not stable: %s", q, diff)
			}
			for _, ref := range page {
				if seen[ref] {
					t.Errorf("%+v: %v twice", q, ref)
				}
				seen[ref] = true
			}
		}
		if len(seen) != total {
			t.Errorf("%+v: pages hold %d of %d", q, len(seen), total)
		}
		for _, q.Offset = range []int{total, total + 1, 1 << 40, -1} {
			if r := ask(t, e, q); q.Offset >= 0 && len(r.Hits) != 0 || r.Total != total {
				t.Errorf("offset %d: %d hits, total %d", q.Offset, len(r.Hits), r.Total)
			}
		}
	}
	if n := len(ask(t, e, search.Query{}).Hits); n != 24 {
		t.Errorf("%d hits without a limit, want 24", n)
	}
	if n := len(ask(t, e, search.Query{Limit: 1 << 30}).Hits); n != 100 {
		t.Errorf("%d hits with a huge limit, want 100", n)
	}
}

func testSuggest(t *testing.T, e search.Engine) {
	c := Generate(Seed, 120)
	ada := search.Document{Ref: search.Ref{Kind: "tutor", ID: "t-1"}, Owner: "lovelace", Author: "Ada Lovelace", Title: "Ada Lovelace"}
	course := search.Document{Ref: search.Ref{Kind: "service", ID: "s-1"}, Owner: "lovelace", Title: "Zebra drawing evening"}
	puzzles := search.Document{Ref: search.Ref{Kind: "work", ID: "s-1"}, Owner: "lovelace", Title: "Quilting puzzles with stars"} // the id of another kind
	apply(t, e, 1, append(c.Ops(), put(ada), put(course), put(puzzles))...)
	for _, s := range []struct {
		text string
		want search.Suggestion
	}{
		{"pyth", search.Suggestion{Type: "skill", Text: "Python", Value: "python"}},
		{"golan", search.Suggestion{Type: "skill", Text: "Go", Value: "go"}},
		{"C+", search.Suggestion{Type: "skill", Text: "C++", Value: "c-plus-plus"}},
		{"lovel", search.Suggestion{Type: "person", Text: "Ada Lovelace", Value: "lovelace"}},
		{"golang pyth", search.Suggestion{Type: "query", Text: "golang python", Value: "golang python"}},
		{"javascrpit", search.Suggestion{Type: "query", Text: "javascript", Value: "javascript"}},
		{"ada l", search.Suggestion{Type: "person", Text: "Ada Lovelace", Value: "lovelace"}},
		{"zebra", search.Suggestion{Type: "service", Text: "Zebra drawing evening", Value: "s-1"}},
		{"evening", search.Suggestion{Type: "service", Text: "Zebra drawing evening", Value: "s-1"}},
		{"quil", search.Suggestion{Type: "work", Text: "Quilting puzzles with stars", Value: "s-1"}},
		{"quilting puz", search.Suggestion{Type: "work", Text: "Quilting puzzles with stars", Value: "s-1"}},
		{"puzzl", search.Suggestion{Type: "work", Text: "Quilting puzzles with stars", Value: "s-1"}},
	} {
		got, err := e.Suggest(context.Background(), search.SuggestQuery{Text: s.text, Lang: "en"})
		if err != nil || !slices.Contains(got, s.want) || len(got) > 8 {
			t.Errorf("%q suggests %+v, %v; want %+v", s.text, got, err, s.want)
		}
	}
	apply(t, e, 2, search.Op{Ref: ada.Ref}, search.Op{Ref: course.Ref}, search.Op{Ref: puzzles.Ref})
	for _, text := range []string{"lovel", "zebra", "quil", "puzzl", "", " ", "\u202e\x00"} {
		got, err := e.Suggest(context.Background(), search.SuggestQuery{Text: text, Limit: 3})
		gone := func(s search.Suggestion) bool { return s.Value == "lovelace" || s.Value == "s-1" }
		if err != nil || len(got) > 3 || slices.ContainsFunc(got, gone) {
			t.Errorf("%q suggests %+v, %v", text, got, err)
		}
	}
}

// testSuggestWithout: places of what the asker knows to be gone go to others.
func testSuggestWithout(t *testing.T, e search.Engine) {
	var ops []search.Op
	var all []search.Suggestion
	for i := range 9 {
		kind := []string{"service", "work", "tutor"}[i%3]
		d := search.Document{Ref: search.Ref{Kind: kind, ID: fmt.Sprint(i)}, Owner: fmt.Sprint("owner", i), Title: fmt.Sprint("Pythagoras ", i), Weight: 1 - float64(i)/10}
		s := search.Suggestion{Type: kind, Text: d.Title, Value: d.ID}
		if kind == "tutor" {
			s.Type, s.Value = search.TypePerson, d.Owner
		}
		ops, all = append(ops, put(d)), append(all, s)
	}
	apply(t, e, 1, ops...)
	python := search.Suggestion{Type: search.TypeSkill, Text: "Python", Value: "python"}
	for gone, want := range map[int][]search.Suggestion{
		0: {python, all[0], all[1], all[2]}, 2: {python, all[2], all[3], all[4]}, 4: {python, all[4], all[5], all[6]}, 8: {python, all[8]},
	} {
		got, err := e.Suggest(context.Background(), search.SuggestQuery{Text: "pyth", Lang: "en", Limit: 4, Without: all[:gone]})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("without %d: %v, %s", gone, err, diff)
		}
	}
}

func testFreeWords(t *testing.T, e search.Engine) {
	a := search.Document{Ref: search.Ref{Kind: "tutor", ID: "a"}, Title: "A", Skills: []string{"Glass Blowing", "python"}}
	b := search.Document{Ref: search.Ref{Kind: "tutor", ID: "b"}, Title: "B", Skills: []string{"glass  blowing"}}
	apply(t, e, 1, put(a), put(b))
	for _, q := range []search.Query{{Skills: []string{"GLASS blowing"}}, {Text: "glass blowing"}, {Text: "blowing"}} {
		q.Facets = true
		r := ask(t, e, q)
		if r.Total != 2 {
			t.Errorf("%+v finds %d", q, r.Total)
		}
		if f := r.Facets[search.FacetSkill]; len(f) != 2 || f[0].Count != 2 || f[1] != (search.Count{Value: "python", Count: 1}) {
			t.Errorf("%+v counts %+v", q, f)
		}
	}
	if r := ask(t, e, search.Query{Skills: []string{"Python"}}); r.Total != 1 {
		t.Errorf("a skill by its name finds %d", r.Total)
	}
}

// testReindex swaps two worlds under readers: they may see either, never a mix.
func testReindex(t *testing.T, e search.Engine) {
	first, second := Generate(1, 40), Generate(2, 90)
	apply(t, e, 1, first.Ops()...)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				r, err := e.Search(context.Background(), search.Query{Facets: true, Now: Now})
				want := map[int64]int{1: 40, 2: 90}[r.Cursor]
				sum := 0
				for _, c := range r.Facets[search.FacetKind] {
					sum += c.Count
				}
				if err != nil || r.Total != want || sum != want {
					t.Errorf("cursor %d: total %d, facet sum %d, %v", r.Cursor, r.Total, sum, err)
					return
				}
			}
		})
	}
	for range 2 {
		if err := e.Reindex(context.Background(), second.All, 2); err != nil {
			t.Error(err)
		}
		if err := e.Reindex(context.Background(), first.All, 1); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	apply(t, e, 3, search.Op{Ref: first.Docs[0].Ref})
	if r := ask(t, e, search.Query{}); r.Total != 39 || r.Cursor != 3 {
		t.Errorf("after a swap an apply gives total %d at %d", r.Total, r.Cursor)
	}
}

func testReindexFails(t *testing.T, e search.Engine) {
	c := Generate(Seed, 30)
	apply(t, e, 7, c.Ops()...)
	broken := errors.New("database went away")
	err := e.Reindex(context.Background(), func(yield func(search.Document, error) bool) {
		if yield(c.Docs[0], nil) {
			yield(search.Document{}, broken)
		}
	}, 8)
	if !errors.Is(err, broken) {
		t.Errorf("Reindex: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Reindex(ctx, c.All, 8); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Reindex: %v", err)
	}
	if err := e.Apply(ctx, search.Batch{Cursor: 9}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Apply: %v", err)
	}
	if r := ask(t, e, search.Query{}); r.Total != 30 || r.Cursor != 7 {
		t.Errorf("after failures total %d at %d", r.Total, r.Cursor)
	}
}

func testClosed(t *testing.T, e search.Engine) {
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Search(context.Background(), search.Query{}); err == nil {
		t.Error("a closed engine answers")
	}
	if err := e.Apply(context.Background(), search.Batch{}); err == nil {
		t.Error("a closed engine writes")
	}
}
