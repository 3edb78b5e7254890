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
	v := columns.New(strings.ToLower).Apply(ops)
	chosen := []string{fmt.Sprintf("S%04d", columns.FacetLimit+7), fmt.Sprintf("s%04d", columns.FacetLimit+49)}
	for n := range len(chosen) + 1 {
		q := search.Query{Skills: chosen[:n], Facets: true, Now: now}
		got := v.Select(&q, nil).Facets[search.FacetSkill]
		if len(got) != columns.FacetLimit+n {
			t.Fatalf("%d values beside %d chosen", len(got), n)
		}
		for i, want := range chosen[:n] {
			if got[columns.FacetLimit+i].Value != strings.ToLower(want) {
				t.Errorf("%+v instead of %s", got[columns.FacetLimit+i], want)
			}
		}
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

// churn is a table whose documents come, change and go, with what each holds now.
type churn struct {
	table *columns.Table
	held  map[string][]string // id -> skills
}

// The documents of a churn, and those of them that a text finds: few enough to
// be read themselves for the facets.
const churned, asked = 60, 6

// moment is a view with what its facets must tell for ever.
type moment struct {
	view *columns.View
	text *roaring.Bitmap
	want map[string]int
}

func (c *churn) moment() moment {
	m := moment{c.table.View(), roaring.New(), map[string]int{}}
	for i := range asked {
		id := fmt.Sprint(i)
		if row, ok := c.table.Row(search.Ref{Kind: "tutor", ID: id}); ok {
			m.text.Add(row)
		}
		for _, s := range c.held[id] {
			m.want[s]++
		}
	}
	return m
}

func (m moment) diff() string {
	got := map[string]int{}
	for _, c := range m.view.Select(&search.Query{Facets: true}, m.text).Facets[search.FacetSkill] {
		got[c.Value] = c.Count
	}
	return cmp.Diff(m.want, got)
}

// values is how many values all documents hold: their skills and a kind each.
func (c *churn) values() int {
	n := len(c.held)
	for _, skills := range c.held {
		n += len(skills)
	}
	return n
}

// op gives a document other skills, or takes it away.
func (c *churn) op(t *rapid.T, id string, round int) search.Op {
	if rapid.IntRange(0, 5).Draw(t, "gone") == 0 {
		delete(c.held, id)
		return search.Op{Ref: search.Ref{Kind: "tutor", ID: id}}
	}
	skills := []string{fmt.Sprint("s", (len(id)+round)%30), "all", "most"}[:rapid.IntRange(1, 3).Draw(t, "skills")]
	c.held[id] = skills
	return op(id, func(d *search.Document) { d.Skills = skills })
}

// However often listings change, facets count what each holds now, and earlier
// views what it held then: also of so few rows that these are read themselves,
// and across the moments when what is gone is left behind.
func TestFacetsOfWhatChangesOften(t *testing.T) {
	t.Parallel()
	packs := 0
	rapid.Check(t, func(t *rapid.T) {
		c := &churn{columns.New(nil), map[string][]string{}}
		var ops []search.Op
		for i := range churned {
			id := fmt.Sprint(i)
			c.held[id] = []string{fmt.Sprint("s", i%30)}
			ops = append(ops, op(id, func(d *search.Document) { d.Skills = c.held[id] }))
		}
		c.table.Apply(ops)
		kept := map[string]moment{"first": c.moment()}
		rounds := rapid.IntRange(1, 200).Draw(t, "rounds")
		middle := rapid.IntRange(0, rounds-1).Draw(t, "middle")
		for round := range rounds {
			before := c.moment()
			if round == middle {
				kept["in the middle"] = before
			}
			var ops []search.Op
			for range rapid.IntRange(1, 5).Draw(t, "ops") {
				ops = append(ops, c.op(t, fmt.Sprint(rapid.IntRange(0, churned-1).Draw(t, "which")), round))
			}
			next := c.table.Apply(ops)
			if most := 2 * c.values(); columns.Packed(next) > most {
				t.Fatalf("round %d: %d ids are kept, at most %d may be", round, columns.Packed(next), most)
			}
			if columns.Packed(next) < columns.Packed(before.view) {
				packs++
				kept["before a pack"], kept["after a pack"] = before, c.moment()
				if diff := c.moment().diff(); diff != "" {
					t.Fatalf("round %d, packed: %s", round, diff)
				}
			}
		}
		kept["now"] = c.moment()
		for when, m := range kept {
			if diff := m.diff(); diff != "" {
				t.Fatalf("%s: %s", when, diff)
			}
		}
	})
	if packs == 0 {
		t.Error("nothing was ever left behind")
	}
}
