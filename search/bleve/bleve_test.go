package bleve_test

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		crashChild(dir)
	}
	goleak.VerifyTestMain(m)
}

func TestSmoke(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	e, err := bleve.Open(dir, taxonomy.New())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	ref := search.Ref{Kind: "tutor", ID: "1"}
	doc := search.Document{Ref: ref, Owner: "ada", Author: "Ада ada", Title: "Ада", Lead: "Учу программированию на питоне", Skills: []string{"python", "Вязание"}, Langs: []string{"ru"},
		Prices: []search.Price{{Minor: 150000, Currency: "RUB"}}, Active: now, Created: now}
	if err := e.Apply(ctx, search.Batch{Ops: []search.Op{{Ref: ref, Doc: &doc}}, Cursor: 7}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, text := range []string{"python", "питон", "программирование", "ghjuhfvvbhjdfybt", "програмирование", "вязания", "ада", "python до 2000", ""} {
			r, err := e.Search(ctx, search.Query{Text: text, Facets: true, Now: now})
			if err != nil || r.Total != 1 || len(r.Hits) != 1 || r.Cursor != 7 {
				t.Errorf("%q: %+v %v", text, r, err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if e, err = bleve.Open(dir, taxonomy.New()); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSuggestReadsTheOtherLayout(t *testing.T) {
	t.Parallel()
	e := open(t, "")
	defer func() { _ = e.Close() }()
	ref := search.Ref{Kind: "tutor", ID: "1"}
	doc := search.Document{Ref: ref, Owner: "lovelace", Title: "Ada Lovelace"}
	if err := e.Apply(context.Background(), search.Batch{Ops: []search.Op{{Ref: ref, Doc: &doc}}}); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]search.Suggestion{
		"фвф д":   {Type: "person", Text: "Ada Lovelace", Value: "lovelace"},
		"зкщпкфь": {Type: "skill", Text: "Программирование", Value: "programming"},
		"питтон":  {Type: "query", Text: "питон", Value: "питон"},
		"го соб":  {Type: "query", Text: "го собеседования", Value: "го собеседования"},
	} {
		got, err := e.Suggest(context.Background(), search.SuggestQuery{Text: text, Lang: "ru", Limit: 3})
		if err != nil || len(got) == 0 || got[0] != want {
			t.Errorf("%q suggests %+v, %v; want %+v", text, got, err, want)
		}
	}
}

// TestWhatIsNotRankedTellsNoRank: a search in another order than by best must
// not hand on what an earlier one left in the memory that they share.
func TestWhatIsNotRankedTellsNoRank(t *testing.T) {
	t.Parallel()
	e, err := bleve.Open(t.TempDir(), taxonomy.New())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	var ops []search.Op
	for _, id := range []string{"a", "b", "c"} {
		d := search.Document{Ref: search.Ref{Kind: "tutor", ID: id}, Title: id, Lead: "weaving"}
		ops = append(ops, search.Op{Ref: d.Ref, Doc: &d})
	}
	if err := e.Apply(context.Background(), search.Batch{Ops: ops}); err != nil {
		t.Fatal(err)
	}
	visit := func(q search.Query, f columns.Found) {
		switch n := int(f.Rows.GetCardinality()); {
		case q.Sort == search.SortBest && n > 0:
			if len(f.List) != n || len(f.Scores) < n {
				t.Errorf("%+v: %d found, %d listed, %d scored", q, n, len(f.List), len(f.Scores))
			}
		case len(f.List)+len(f.Scores) > 0:
			t.Errorf("%+v: %d listed, %d scored", q, len(f.List), len(f.Scores))
		}
	}
	word, none := search.Query{Text: "weaving", Now: searchtest.Now}, search.Query{Text: "pottery", Exact: true, Now: searchtest.Now}
	dear, late := word, word
	dear.Sort, late.Sort = search.SortPrice, search.SortNew
	if err := bleve.FoundInTurn(e, visit, word, dear, word, late, word, none); err != nil {
		t.Fatal(err)
	}
}
