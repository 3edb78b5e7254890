package columns_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func op(id string, change func(*search.Document)) search.Op {
	ref := search.Ref{Kind: "tutor", ID: id}
	d := &search.Document{Ref: ref, Owner: "o" + id, Lead: "lead", Body: "body"}
	if change != nil {
		change(d)
	}
	return search.Op{Ref: ref, Doc: d}
}

func ids(v *columns.View, rows []uint32) string {
	var out []string
	for _, i := range rows {
		out = append(out, v.Row(i).Doc.ID)
	}
	return strings.Join(out, " ")
}

func page(v *columns.View, q search.Query) string {
	if q.Limit == 0 {
		q.Limit = 100
	}
	q.Now = now
	return ids(v, v.Page(&q, v.Select(&q, nil).Rows, nil))
}

func TestEarlierViewsStay(t *testing.T) {
	t.Parallel()
	table := columns.New(nil)
	first := table.Apply([]search.Op{op("a", nil), op("b", nil)})
	second := table.Apply([]search.Op{{Ref: search.Ref{Kind: "tutor", ID: "a"}}, op("c", func(d *search.Document) { d.Free = true })})
	third := table.Apply([]search.Op{op("c", nil)})
	got := []string{page(first, search.Query{}), page(second, search.Query{}), page(second, search.Query{Free: true}), page(third, search.Query{Free: true})}
	if diff := cmp.Diff([]string{"a b", "b c", "c", ""}, got); diff != "" {
		t.Error(diff)
	}
	if first.Len() != 2 || third.Len() != 2 || table.View() != third {
		t.Errorf("lengths %d, %d", first.Len(), third.Len())
	}
	row, ok := table.Row(search.Ref{Kind: "tutor", ID: "b"})
	if !ok || third.Row(row).Doc.Body != "" || third.Row(row).Doc.Owner != "ob" {
		t.Error("a row keeps its facts and not its prose")
	}
}

func TestPriceOrder(t *testing.T) {
	t.Parallel()
	price := func(minor int64, currency string) func(*search.Document) {
		return func(d *search.Document) { d.Prices = append(d.Prices, search.Price{Minor: minor, Currency: currency}) }
	}
	v := columns.New(nil).Apply([]search.Op{
		op("silent", nil), op("dear", price(900, "RUB")), op("cheap", price(100, "RUB")), op("alike", price(100, "RUB")),
		op("dollar", price(2, "USD")), op("gift", func(d *search.Document) { d.Free = true; price(500, "RUB")(d) }),
		op("both", func(d *search.Document) { price(5000, "RUB")(d); price(1, "USD")(d) }),
	})
	rates := map[string]float64{"USD": 90}
	for name, c := range map[string]struct {
		q    search.Query
		want string
	}{
		"one currency": {search.Query{Sort: search.SortPrice, Currency: "RUB"}, "gift alike cheap dear both dollar silent"},
		"by rates":     {search.Query{Sort: search.SortPrice, Currency: "RUB", Rates: rates}, "gift both alike cheap dollar dear silent"},
		"within":       {search.Query{Sort: search.SortPrice, Currency: "RUB", PriceMin: 100, PriceMax: 500}, "gift alike cheap"},
		"within rates": {search.Query{Sort: search.SortPrice, Currency: "RUB", Rates: rates, PriceMax: 180}, "gift both alike cheap dollar"},
		"no currency":  {search.Query{Sort: search.SortPrice, Currency: "GEL", PriceMax: 1000}, "gift"},
		"bad rate":     {search.Query{Sort: search.SortPrice, Currency: "GEL", Rates: map[string]float64{"RUB": -1}, PriceMax: 1000}, "gift"},
		"page":         {search.Query{Sort: search.SortPrice, Currency: "RUB", Offset: 2, Limit: 2}, "cheap dear"},
	} {
		if got := page(v, c.q); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if v.Currency() != "RUB" {
		t.Errorf("Currency = %q", v.Currency())
	}
}

func TestSelectedFacetKeepsItsSiblings(t *testing.T) {
	t.Parallel()
	kind := func(skill, lang string) func(*search.Document) {
		return func(d *search.Document) { d.Skills, d.Langs = []string{skill}, []string{lang} }
	}
	v := columns.New(strings.ToLower).Apply([]search.Op{op("a", kind("go", "ru")), op("b", kind("Java", "ru")), op("c", kind("java", "en"))})
	q := search.Query{Skills: []string{"go"}, Facets: true, Now: now}
	got := v.Select(&q, nil).Facets
	want := map[string][]search.Count{
		search.FacetKind: {{Value: "tutor", Count: 1}}, search.FacetSkill: {{Value: "Java", Count: 2}, {Value: "go", Count: 1}},
		search.FacetLang: {{Value: "ru", Count: 1}}, search.FacetLevel: {}, search.FacetFormat: {}, search.FacetLicence: {}, search.FacetFree: {},
		search.FacetMoney: {}, search.FacetNew: {}, search.FacetOpen: {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLongFacetsAreCutButKeepWhatIsChosen(t *testing.T) {
	t.Parallel()
	var ops []search.Op
	for i := range columns.FacetLimit + 50 {
		ops = append(ops, op(fmt.Sprint(i), func(d *search.Document) { d.Skills = []string{fmt.Sprintf("s%04d", i)} }))
	}
	v := columns.New(nil).Apply(ops)
	last := fmt.Sprintf("s%04d", columns.FacetLimit+49)
	q := search.Query{Skills: []string{last}, Facets: true, Now: now}
	got := v.Select(&q, nil).Facets[search.FacetSkill]
	if len(got) != columns.FacetLimit+1 || got[columns.FacetLimit].Value != last {
		t.Errorf("%d values, the last %+v", len(got), got[len(got)-1])
	}
}

func TestNewcomersShare(t *testing.T) {
	t.Parallel()
	var ops []search.Op
	for i := range 40 {
		ops = append(ops, op(fmt.Sprintf("%02d", i), func(d *search.Document) {
			d.Weight = 1 - float64(i)/100
			if i >= 36 {
				d.NewTo = now.Add(time.Hour)
			}
		}))
	}
	v := columns.New(nil).Apply(ops)
	if got, want := page(v, search.Query{Limit: 12}), "00 01 02 36 03 04 05 37 06 07 08 38"; got != want {
		t.Errorf("first page %s, want %s", got, want)
	}
	if got, want := page(v, search.Query{Limit: 8, Offset: 12}), "09 10 11 39 12 13 14 15"; got != want {
		t.Errorf("second page %s, want %s", got, want)
	}
	later := search.Query{Limit: 4, Now: now.Add(2 * time.Hour)}
	if got, want := ids(v, v.Page(&later, v.Select(&later, nil).Rows, nil)), "00 01 02 03"; got != want {
		t.Errorf("when they are no newcomers any more: %s, want %s", got, want)
	}
	weak := make([]float32, v.Rows())
	for i := range weak {
		weak[i] = map[bool]float32{true: 0.1, false: 1}[v.IsNew(uint32(i), now)]
	}
	q := search.Query{Limit: 8, Now: now}
	if got, want := ids(v, v.Page(&q, v.Select(&q, nil).Rows, &columns.Found{Scores: weak})), "00 01 02 03 04 05 06 07"; got != want {
		t.Errorf("weak hits are lifted: %s, want %s", got, want)
	}
}

// Any sequence of batches leaves what the last word on each document says.
func TestBatchesAgainstAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		table, model := columns.New(nil), map[string]bool{}
		for range rapid.IntRange(1, 8).Draw(r, "batches") {
			var ops []search.Op
			for range rapid.IntRange(0, 6).Draw(r, "ops") {
				id := fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "id"))
				o := op(id, func(d *search.Document) {
					d.Created = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "age")) * time.Hour)
				})
				if model[id] = rapid.Bool().Draw(r, "put"); !model[id] {
					o.Doc = nil
				}
				ops = append(ops, o)
			}
			v := table.Apply(ops)
			want := 0
			for id, there := range model {
				if _, ok := table.Row(search.Ref{Kind: "tutor", ID: id}); ok != there {
					r.Fatalf("document %s: %v, want %v", id, ok, there)
				}
				if there {
					want++
				}
			}
			for _, s := range []search.Sort{search.SortBest, search.SortNew, search.SortPrice} {
				if got := strings.Fields(page(v, search.Query{Sort: s})); len(got) != want || v.Len() != want {
					r.Fatalf("order %q lists %v, want %d documents", s, got, want)
				}
			}
		}
	})
}

// However often listings change, facets count what each holds now, and earlier
// views what it held then: also of so few rows that these are read themselves.
func TestFacetsOfWhatChangesOften(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const all, asked = 60, 6 // of which are few enough
		table, held := columns.New(nil), map[string][]string{}
		text := roaring.New()
		counts := func(v *columns.View) map[string]int {
			out := map[string]int{}
			for _, c := range v.Select(&search.Query{Facets: true}, text).Facets[search.FacetSkill] {
				out[c.Value] = c.Count
			}
			return out
		}
		want := func() map[string]int {
			out := map[string]int{}
			for i := range asked {
				for _, s := range held[fmt.Sprint(i)] {
					out[s]++
				}
			}
			return out
		}
		set := func(i, round int) search.Op {
			id, skills := fmt.Sprint(i), []string{fmt.Sprint("s", (i+round)%30), "all"}[:1+rapid.IntRange(0, 1).Draw(t, "skills")]
			held[id] = skills
			return op(id, func(d *search.Document) { d.Skills = skills })
		}
		var ops []search.Op
		for i := range all {
			ops = append(ops, set(i, 0))
		}
		first := table.Apply(ops)
		for i := range asked {
			row, _ := table.Row(search.Ref{Kind: "tutor", ID: fmt.Sprint(i)})
			text.Add(row)
		}
		then := want()
		for round := range rapid.IntRange(1, 40).Draw(t, "rounds") {
			table.Apply([]search.Op{set(rapid.IntRange(0, all-1).Draw(t, "which"), round)})
		}
		if diff := cmp.Diff(want(), counts(table.View())); diff != "" {
			t.Fatalf("now: %s", diff)
		}
		if diff := cmp.Diff(then, counts(first)); diff != "" {
			t.Fatalf("then: %s", diff)
		}
	})
}
