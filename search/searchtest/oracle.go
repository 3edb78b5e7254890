package searchtest

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
)

// oracle answers a query without text by looking at every document: slow,
// plain, and the measure of every engine.
type oracle []search.Document

// filter names one filter, so that a facet can be counted without its own.
type filter struct {
	facet string
	holds func(*search.Document) bool
}

func anyIn(have, want []string) bool {
	return len(want) == 0 || slices.ContainsFunc(want, func(w string) bool { return slices.Contains(have, w) })
}

func filters(q search.Query) []filter {
	return []filter{
		{search.FacetKind, func(d *search.Document) bool {
			return anyIn([]string{d.Kind}, q.Kinds) && (!d.Second || len(q.Kinds) > 0)
		}},
		{search.FacetSkill, func(d *search.Document) bool { return anyIn(d.Skills, q.Skills) }},
		{search.FacetLevel, func(d *search.Document) bool { return anyIn(d.Levels, q.Levels) }},
		{search.FacetLang, func(d *search.Document) bool { return anyIn(d.Langs, q.Langs) }},
		{search.FacetFormat, func(d *search.Document) bool { return anyIn(d.Formats, q.Formats) }},
		{search.FacetLicence, func(d *search.Document) bool { return anyIn(d.Licences, q.Licences) }},
		{search.FacetFree, func(d *search.Document) bool { return !q.Free || d.Free }},
		{search.FacetNew, func(d *search.Document) bool { return !q.Newcomer || d.NewTo.After(q.Now) }},
		{search.FacetMoney, func(d *search.Document) bool { return priced(d, q) }},
		{search.FacetOpen, func(d *search.Document) bool { return q.OpenBy.IsZero() || opens(d, q.Now, q.OpenBy) }},
		{"", func(d *search.Document) bool { return q.Owner == "" || d.Owner == q.Owner }},
	}
}

// worth is a price in the query's currency; NaN if the two are not compared.
func worth(p search.Price, q search.Query) float64 {
	if p.Currency == q.Currency {
		return float64(p.Minor)
	}
	if r, ok := q.Rates[p.Currency]; ok {
		return float64(p.Minor) * r
	}
	return math.NaN()
}

func priced(d *search.Document, q search.Query) bool {
	if q.PriceMin == 0 && q.PriceMax == 0 || d.Free && q.PriceMin == 0 {
		return true
	}
	return slices.ContainsFunc(d.Prices, func(p search.Price) bool {
		w := worth(p, q)
		return w >= float64(q.PriceMin) && (q.PriceMax == 0 || w <= float64(q.PriceMax))
	})
}

// matching lists the documents under all filters but those of one facet.
func (o oracle) matching(q search.Query, without string) []*search.Document {
	var out []*search.Document
	for i := range o {
		d := &o[i]
		if !slices.ContainsFunc(filters(q), func(f filter) bool { return f.facet != without && !f.holds(d) }) {
			out = append(out, d)
		}
	}
	return out
}

// facets counts every facet under all other filters.
func (o oracle) facets(q search.Query) map[string][]search.Count {
	out := map[string][]search.Count{search.FacetOpen: tally(o.matching(q, search.FacetOpen), func(d *search.Document) []string {
		if opens(d, q.Now, q.Now.Add(search.OpenWithin)) {
			return []string{"week"}
		}
		return nil
	})}
	flag := func(on bool) []string {
		if on {
			return []string{"true"}
		}
		return nil
	}
	for facet, values := range map[string]func(*search.Document) []string{
		search.FacetKind:    func(d *search.Document) []string { return []string{d.Kind} },
		search.FacetSkill:   func(d *search.Document) []string { return d.Skills },
		search.FacetLevel:   func(d *search.Document) []string { return d.Levels },
		search.FacetLang:    func(d *search.Document) []string { return d.Langs },
		search.FacetFormat:  func(d *search.Document) []string { return d.Formats },
		search.FacetLicence: func(d *search.Document) []string { return d.Licences },
		search.FacetFree:    func(d *search.Document) []string { return flag(d.Free) },
		search.FacetNew:     func(d *search.Document) []string { return flag(d.NewTo.After(q.Now)) },
		search.FacetMoney: func(d *search.Document) (out []string) {
			for _, p := range d.Prices {
				out = append(out, p.Currency)
			}
			return out
		},
	} {
		out[facet] = tally(o.matching(q, facet), values)
	}
	return out
}

func tally(docs []*search.Document, values func(*search.Document) []string) []search.Count {
	counts := map[string]int{}
	for _, d := range docs {
		vs := slices.Clone(values(d))
		slices.Sort(vs)
		for _, v := range slices.Compact(vs) {
			counts[v]++
		}
	}
	out := []search.Count{}
	for v, n := range counts {
		out = append(out, search.Count{Value: v, Count: n})
	}
	slices.SortFunc(out, func(a, b search.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return out
}

// ordered lists the references in the order of price or newness.
func (o oracle) ordered(q search.Query) []search.Ref {
	docs := o.matching(q, "none")
	least := func(d *search.Document) float64 {
		best := math.MaxFloat64
		for _, p := range d.Prices {
			if w := worth(p, q); w < best {
				best = w
			}
		}
		if d.Free {
			best = 0
		}
		return best
	}
	slices.SortFunc(docs, func(a, b *search.Document) int {
		c := 0
		switch q.Sort {
		case search.SortPrice:
			c = cmp.Compare(least(a), least(b))
		case search.SortNew:
			c = b.Created.Compare(a.Created)
		}
		return cmp.Or(c, strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	out := make([]search.Ref, 0, len(docs))
	for _, d := range docs {
		out = append(out, d.Ref)
	}
	return out
}

func opens(d *search.Document, from, to time.Time) bool {
	return !d.Opens.IsZero() && !d.Opens.Before(from) && !d.Opens.After(to)
}

// prices is the histogram of the lowest comparable prices.
func (o oracle) prices(q search.Query) []search.Bin {
	var costs []float64
	for _, d := range o.matching(q, search.FacetMoney) {
		least := math.Inf(1)
		for _, p := range d.Prices {
			if w := worth(p, q); w < least {
				least = w
			}
		}
		if d.Free {
			least = 0
		}
		if !math.IsInf(least, 1) {
			costs = append(costs, least)
		}
	}
	if len(costs) == 0 {
		return nil
	}
	slices.Sort(costs)
	most := int64(costs[len(costs)-1-len(costs)/20])
	step := search.BinStep(most)
	bins := make([]search.Bin, most/step+1)
	for i := range bins {
		b := search.Bin{From: int64(i) * step, To: int64(i+1) * step}
		if i == len(bins)-1 {
			b.To = 0
		}
		asked := q // each bar counts what choosing it gives
		asked.PriceMin, asked.PriceMax = b.From, b.Most()
		for _, d := range o.matching(asked, "none") {
			if asked.PriceMin > 0 || asked.PriceMax > 0 || d.Free || compares(d, q) {
				b.Count++
			}
		}
		bins[i] = b
	}
	return bins
}

// compares tells whether a document names a price that compares.
func compares(d *search.Document, q search.Query) bool {
	return slices.ContainsFunc(d.Prices, func(p search.Price) bool { return !math.IsNaN(worth(p, q)) })
}
