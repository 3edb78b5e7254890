package meili_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
	"github.com/tmoeg/oduvan/search/searchtest"
)

var update = flag.Bool("update", false, "write testdata/cassette.json")

// TestRequestsDidNotChange plays a fixed piece and compares every request with
// the recorded ones. The cassette was recorded from the fake: it proves that
// the requests did not change by accident, and nothing of how a server answers
// them. Record it anew with -update after a change that is meant, and then run
// TestConformance against a real server.
func TestRequestsDidNotChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := meilitest.New(t)
	e := open(t, s)
	doc := func(id string, change func(*search.Document)) search.Op {
		d := search.Document{Ref: search.Ref{Kind: "tutor", ID: id}, Owner: id, Title: id, Created: searchtest.Now, Active: searchtest.Now}
		change(&d)
		return search.Op{Ref: d.Ref, Doc: &d}
	}
	ops := []search.Op{
		doc("ada", func(d *search.Document) {
			d.Skills, d.Langs, d.Free = []string{"python", "Glass \"Blowing\""}, []string{"ru"}, true
		}),
		doc("ben", func(d *search.Document) {
			d.Lead, d.Body, d.Prices = "C++ и Go", "Учу с нуля", []search.Price{{Minor: 100000, Currency: "RUB"}, {Minor: 2000, Currency: "USD"}}
		}),
		{Ref: search.Ref{Kind: "tutor", ID: "gone"}},
	}
	if err := e.Apply(ctx, search.Batch{Ops: ops, Cursor: 5}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []search.Query{
		{Facets: true},
		{Text: "репетитор python до 2000 рублей", Facets: true, Levels: []string{"zero"}},
		{Text: "go glass", Limit: 3},
		{Sort: search.SortPrice, Currency: "RUB", Rates: map[string]float64{"USD": 90}, Offset: 1, Limit: 2, PriceMin: 50000},
		{Sort: search.SortNew, Owner: `a"b\c`, Newcomer: true},
	} {
		q.Now = searchtest.Now
		if _, err := e.Search(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Suggest(ctx, search.SuggestQuery{Text: "be", Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Reindex(ctx, func(yield func(search.Document, error) bool) { yield(*ops[0].Doc, nil) }, 6); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s.Requests())
	if err != nil {
		t.Fatal(err)
	}
	// The fingerprint of taxonomy and normaliser is not a matter of the requests.
	raw = regexp.MustCompile(`"print":"[^"]*"`).ReplaceAll(raw, []byte(`"print":"…"`))
	var got bytes.Buffer
	if err := json.Indent(&got, raw, "", " "); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/cassette.json"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("requests changed (-want +got):\n%s", diff)
	}
}
