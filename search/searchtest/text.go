package searchtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search"
)

// floors are the least shares of queries with a relevant hit among the first five.
var floors = map[string]float64{
	"plain": 1, "inflected": 1, "typo": 0.9, "layout": 1, "translit": 0.9, "synonym": 1,
	"special": 1, "abbreviation": 1, "yo": 1, "name": 1,
}

// testLabelled asks the labelled queries over a generated corpus.
func testLabelled(t *testing.T, e search.Engine) {
	c := Generate(Seed, corpusSize)
	apply(t, e, 1, c.Ops()...)
	asked, good := map[string]int{}, map[string]int{}
	for _, q := range c.Queries {
		asked[q.Class]++
		r := ask(t, e, search.Query{Text: q.Text, Limit: 5})
		found := false
		for _, h := range r.Hits {
			found = found || c.Relevant(q, h.Ref)
		}
		if found {
			good[q.Class]++
			continue
		}
		t.Logf("%s %q: %d hits, searched %q, first %v", q.Class, q.Text, r.Total, r.Corrected, refs(r))
	}
	for class, floor := range floors {
		if asked[class] == 0 {
			t.Errorf("no query of class %s", class)
			continue
		}
		share := float64(good[class]) / float64(asked[class])
		t.Logf("%-12s success@5 %.2f of %d", class, share, asked[class])
		if share < floor {
			t.Errorf("%s: success@5 %.2f, want at least %.2f", class, share, floor)
		}
	}
}

// patience bounds the answer to a hostile query, generously for a busy machine.
const patience = 2 * time.Second

func testHostile(t *testing.T, e search.Engine) {
	apply(t, e, 1, Generate(Seed, 200).Ops()...)
	long := strings.Repeat("abcdefghij", 1000)
	for name, text := range map[string]string{
		"long word": long, "long text": strings.Repeat("python go java ", 1000), "operators": `+ - " * ? ~ ^ : \ / ( ) [ ] { } && ||`,
		"lone quote": `"`, "lone star": "*", "bidi": "\u202e\u2066python\u2069", "spaces": strings.Repeat(" ", 50), "control": "py\x00thon\x1b[0m",
		"regex": `(a+)+$`, "emoji": "😀👩‍👩‍👧", "sql": "'; DROP TABLE profile; --", "invalid": "\xff\xfe\xfd", "zero width": "\u200b\u200d",
		"combining": "e" + strings.Repeat("\u0301", 5000), "field": "t:python _id:1", "separator": "tutor\x00tutor-00001", "mark": "=python",
		"many": strings.Repeat("z ", 5000), "number": strings.Repeat("9", 500), "price": "under 999999999999 rub from 0 under 0",
	} {
		for _, exact := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			r, err := e.Search(ctx, search.Query{Text: text, Exact: exact, Facets: true, Now: Now})
			if err != nil || ctx.Err() != nil {
				t.Errorf("%s: %v, %v", name, err, ctx.Err())
			}
			cancel()
			if len(r.Hits) > 24 || len(r.Corrected) > 2000 {
				t.Errorf("%s: %d hits, corrected %d bytes", name, len(r.Hits), len(r.Corrected))
			}
		}
		if _, err := e.Suggest(context.Background(), search.SuggestQuery{Text: text, Lang: text, Limit: 1 << 30}); err != nil {
			t.Errorf("suggest %s: %v", name, err)
		}
	}
	if r := ask(t, e, search.Query{Text: "!!! ???"}); r.Total != 0 {
		t.Errorf("marks alone find %d", r.Total)
	}
	if r := ask(t, e, search.Query{Text: strings.Repeat(" ", 50)}); r.Total != 200 {
		t.Errorf("blanks alone find %d, want all", r.Total)
	}
	huge := search.Document{Ref: search.Ref{Kind: "tutor", ID: "huge"}, Title: long, Lead: long, Body: strings.Repeat("glockenspiel ", 50000), Skills: []string{long, ""}}
	apply(t, e, 2, put(huge))
	if r := ask(t, e, search.Query{Text: "glockenspiel"}); r.Total != 1 {
		t.Errorf("a huge document is found %d times", r.Total)
	}
}

func testUnderstood(t *testing.T, e search.Engine) {
	doc := func(id string, minor int64, free bool) search.Op {
		d := search.Document{Ref: search.Ref{Kind: "tutor", ID: id}, Title: "Python", Free: free}
		if minor > 0 {
			d.Prices = []search.Price{{Minor: minor, Currency: "RUB"}}
		}
		return put(d)
	}
	apply(t, e, 1, doc("cheap", 100000, false), doc("dear", 900000, false), doc("gift", 0, true), doc("silent", 0, false))
	price := func(rest string) []search.Reading { return []search.Reading{{Facet: search.ReadingPrice, Rest: rest}} }
	for _, c := range []struct {
		q     search.Query
		total int
		want  search.Understood
	}{
		{search.Query{Text: "python under 2000"}, 2, search.Understood{Text: "python", PriceMax: 200000, Currency: "RUB", Readings: price("python")}},
		{search.Query{Text: "python under 2000", PriceMax: 1000000, Currency: "RUB"}, 3, search.Understood{Text: "python"}},
		{search.Query{Text: "free python"}, 1, search.Understood{Text: "python", Free: true, Readings: []search.Reading{{Facet: "free", Value: "true", Rest: "python"}}}},
		{search.Query{Text: "from 5000 rub"}, 1, search.Understood{PriceMin: 500000, Currency: "RUB", Readings: price("")}},
		{search.Query{Text: "python under $50"}, 1, search.Understood{Text: "python", PriceMax: 5000, Currency: "USD", Readings: price("python")}},
		{search.Query{Text: "python under $50", Currency: "RUB", Rates: map[string]float64{"USD": 90}}, 2, search.Understood{Text: "python", PriceMax: 5000, Currency: "USD", Readings: price("python")}},
	} {
		r := ask(t, e, c.q)
		if diff := cmp.Diff(c.want, r.Understood); diff != "" || r.Total != c.total {
			t.Errorf("%+v: total %d, want %d; understood %s", c.q, r.Total, c.total, diff)
		}
	}
}

// testNewcomers demands a place for newcomers among equals, and none for the irrelevant.
func testNewcomers(t *testing.T, e search.Engine) {
	var ops []search.Op
	for i := range 60 {
		d := search.Document{Ref: search.Ref{Kind: "tutor", ID: fmt.Sprintf("%02d", i)}, Title: "Python", Weight: 1, Active: Now}
		if i >= 50 {
			d.Weight, d.NewTo, d.Active = 0, Now.AddDate(0, 1, 0), Now.AddDate(0, 0, -20)
		}
		ops = append(ops, put(d))
	}
	apply(t, e, 1, ops...)
	for _, text := range []string{"", "python"} {
		fresh := 0
		for _, ref := range refs(ask(t, e, search.Query{Text: text})) {
			if ref.ID >= "50" {
				fresh++
			}
		}
		if fresh < 5 || fresh > 8 {
			t.Errorf("%q: %d newcomers on the first page", text, fresh)
		}
	}
	for _, ref := range refs(ask(t, e, search.Query{Sort: search.SortPrice, Currency: "RUB"})) {
		if ref.ID >= "50" {
			t.Errorf("an explicit order lifts newcomer %s", ref.ID)
		}
	}
}

// testSecond demands that one person in two kinds is one hit, and is found
// under either kind.
func testSecond(t *testing.T, e search.Engine) {
	tutor := search.Document{Ref: search.Ref{Kind: "tutor", ID: "1"}, Title: "Python", Skills: []string{"python"}}
	creator := search.Document{Ref: search.Ref{Kind: "creator", ID: "1"}, Title: "Python", Skills: []string{"python"}, Second: true}
	apply(t, e, 1, put(tutor), put(creator))
	kinds := []search.Count{{Value: "creator", Count: 1}, {Value: "tutor", Count: 1}}
	check := func(q search.Query, skills int, want ...search.Ref) {
		t.Helper()
		q.Facets = true
		r := ask(t, e, q)
		if diff := cmp.Diff(want, refs(r)); diff != "" || r.Total != len(want) {
			t.Errorf("%+v: total %d, %s", q, r.Total, diff)
		}
		if diff := cmp.Diff(kinds, r.Facets[search.FacetKind]); diff != "" {
			t.Errorf("%+v kinds: %s", q, diff)
		}
		if diff := cmp.Diff([]search.Count{{Value: "python", Count: skills}}, r.Facets[search.FacetSkill]); diff != "" {
			t.Errorf("%+v skills: %s", q, diff)
		}
	}
	for _, text := range []string{"", "python"} {
		check(search.Query{Text: text}, 1, tutor.Ref)
		check(search.Query{Text: text, Kinds: []string{"creator"}}, 1, creator.Ref)
	}
	creator.Second, kinds = false, kinds[:1]
	apply(t, e, 2, search.Op{Ref: tutor.Ref}, put(creator))
	check(search.Query{Text: "python"}, 1, creator.Ref)
}

func testPartial(t *testing.T, e search.Engine) {
	apply(t, e, 1, Generate(Seed, 200).Ops()...)
	if r := ask(t, e, search.Query{Text: "python qwzxqwzx"}); r.Total == 0 || !r.Partial {
		t.Errorf("one unknown word of two: total %d, partial %v", r.Total, r.Partial)
	}
	if r := ask(t, e, search.Query{Text: "python"}); r.Partial {
		t.Error("a known word is partial")
	}
	if r := ask(t, e, search.Query{Text: "gbnjy"}); r.Corrected == "" || r.Total == 0 {
		t.Errorf("wrong layout: %q, %d", r.Corrected, r.Total)
	}
	if r := ask(t, e, search.Query{Text: "gbnjy", Exact: true}); r.Corrected != "" || r.Total != 0 {
		t.Errorf("exact: %q, %d", r.Corrected, r.Total)
	}
}
