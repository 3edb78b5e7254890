package bleve_test

import (
	"context"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
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
