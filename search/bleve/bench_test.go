package bleve_test

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// benchDocs is the size of the benchmarks' catalogue; SEARCH_BENCH_DOCS=100000
// measures a large branch.
func benchDocs(b *testing.B) int {
	b.Helper()
	if n, err := strconv.Atoi(os.Getenv("SEARCH_BENCH_DOCS")); err == nil {
		return n
	}
	return 10_000
}

func BenchmarkSearch(b *testing.B) {
	ctx := context.Background()
	dir := b.TempDir()
	e, err := bleve.Open(dir, taxonomy.New())
	if err != nil {
		b.Fatal(err)
	}
	corpus := searchtest.Generate(searchtest.Seed, benchDocs(b))
	b.Run("reindex", func(b *testing.B) {
		for b.Loop() {
			if err := e.Reindex(ctx, corpus.All, 1); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, q := range map[string]search.Query{
		"one term":            {Text: "python"},
		"common term":         {Text: "вопросы"},
		"three terms":         {Text: "разработка игр подросткам уровню"},
		"typo":                {Text: "програмированеи"},
		"text filters facets": {Text: "собеседование", Kinds: []string{"tutor"}, Langs: []string{"ru", "en"}, Formats: []string{"call"}, Facets: true},
		"common with facets":  {Text: "вопросы", Facets: true},
		"browse":              {},
		"browse facets":       {Facets: true, Kinds: []string{"service"}, Offset: 49 * 24},
		"browse price":        {Facets: true, Sort: search.SortPrice, Currency: "RUB", PriceMax: 200000},
		"browse price rates":  {Sort: search.SortPrice, Currency: "RUB", Rates: map[string]float64{"USD": 90, "KZT": 0.2}},
		"owner":               {Owner: "user77"},
	} {
		q.Now = searchtest.Now
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Search(ctx, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for name, text := range map[string]string{"suggest skill": "pyt", "suggest person": "айг", "suggest word of a title": "собес", "suggest one letter": "а", "suggest nothing": "qqqq"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Suggest(ctx, search.SuggestQuery{Text: text, Lang: "ru"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("apply one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			d := corpus.Docs[i%len(corpus.Docs)]
			if err := e.Apply(ctx, search.Batch{Ops: []search.Op{{Ref: d.Ref, Doc: &d}}, Cursor: int64(i)}); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			e, err := bleve.Open(dir, taxonomy.New())
			if err != nil {
				b.Fatal(err)
			}
			if err := e.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
