package columns

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// FacetLimit is the most values a facet lists; selected ones always stand.
const FacetLimit = 400

// Selection is the outcome of filters: the rows and the counts.
type Selection struct {
	Rows   *roaring.Bitmap
	Facets map[string][]search.Count
	Prices []search.Bin
}

// filterSet is a query's filters as sets of rows; nil filters nothing.
type filterSet struct {
	dims  [dims]*roaring.Bitmap
	price *roaring.Bitmap
	newer *roaring.Bitmap
	open  *roaring.Bitmap
	owner *roaring.Bitmap
	text  *roaring.Bitmap
}

// Select applies a query's filters to the rows that matched its text (nil:
// there was no text) and counts facets if asked.
func (v *View) Select(q *search.Query, text *roaring.Bitmap) Selection {
	f := v.filters(q)
	f.text = text
	out := Selection{Rows: f.join(v, nil)}
	if q.Facets {
		out.Facets = v.facets(q, &f, out.Rows)
		out.Prices = v.spread(q, &f, out.Rows)
	}
	return out
}

func (v *View) filters(q *search.Query) filterSet {
	f := filterSet{}
	if f.dims[dimKind] = v.anyOf(dimKind, q.Kinds); len(q.Kinds) == 0 {
		f.dims[dimKind] = v.first // as a filter of kinds, so that the facet counts what choosing would show
	}
	f.dims[dimSkill] = v.anyOf(dimSkill, q.Skills)
	f.dims[dimLevel] = v.anyOf(dimLevel, q.Levels)
	f.dims[dimLang] = v.anyOf(dimLang, q.Langs)
	f.dims[dimFormat] = v.anyOf(dimFormat, q.Formats)
	f.dims[dimLicence] = v.anyOf(dimLicence, q.Licences)
	if q.Free {
		f.dims[dimFree] = v.anyOf(dimFree, []string{"true"})
	}
	if q.PriceMin > 0 || q.PriceMax > 0 {
		f.price = v.priced(q)
	}
	if q.Newcomer {
		f.newer = v.newcomers(q.Now)
	}
	if !q.OpenBy.IsZero() {
		f.open = v.openUntil(q.Now, q.OpenBy)
	}
	if q.Owner != "" {
		f.owner = v.ownedBy(q.Owner)
	}
	return f
}

// anyOf is the union of rows that hold one of the words; nil for no words.
func (v *View) anyOf(d dim, words []string) *roaring.Bitmap {
	if len(words) == 0 {
		return nil
	}
	sets := make([]*roaring.Bitmap, 0, len(words))
	for _, w := range words {
		if id, ok := v.dict.lookup(d, w); ok && int(id) < len(v.bits) {
			sets = append(sets, v.bits[id])
		}
	}
	if len(sets) == 1 {
		return sets[0]
	}
	return roaring.FastOr(sets...)
}

// Having is the set of rows with a value of a counted facet. The caller may
// not change it.
func (v *View) Having(facet, value string) *roaring.Bitmap {
	for d := range dimOwner {
		if facetName(d) == facet {
			return v.anyOf(d, []string{value})
		}
	}
	return roaring.New()
}

// join is the intersection of all filters but those that skip names; the
// outcome is never changed by anyone.
func (f *filterSet) join(v *View, skip func(*roaring.Bitmap) bool) *roaring.Bitmap {
	sets := make([]*roaring.Bitmap, 0, dims+5)
	for _, s := range append(f.dims[:], f.price, f.newer, f.open, f.owner, f.text) {
		if s != nil && (skip == nil || !skip(s)) {
			sets = append(sets, s)
		}
	}
	switch len(sets) {
	case 0:
		return v.live
	case 1:
		return sets[0]
	}
	slices.SortFunc(sets, func(a, b *roaring.Bitmap) int { return cmp.Compare(a.GetCardinality(), b.GetCardinality()) })
	out := roaring.And(sets[0], sets[1])
	for _, s := range sets[2:] {
		out.And(s)
	}
	return out
}

// SkillCount is the number of documents that list a skill.
func (v *View) SkillCount(id string) int {
	n, ok := v.dict.lookup(dimSkill, id)
	if !ok || int(n) >= len(v.bits) {
		return 0
	}
	return int(v.bits[n].GetCardinality())
}

// ownedBy is the set of one owner's rows.
func (v *View) ownedBy(handle string) *roaring.Bitmap {
	out := roaring.New()
	id, ok := v.dict.lookup(dimOwner, handle)
	if !ok {
		return out
	}
	for i, o := range v.owner {
		if o == id && v.rows[i] != nil {
			out.Add(uint32(i))
		}
	}
	return out
}

// newcomers is the set of rows that count as newcomers at a moment. It changes
// only when someone's time runs out, so the last one is kept.
func (v *View) newcomers(now time.Time) *roaring.Bitmap {
	at := now.Unix()
	from := sort.Search(len(v.newTo), func(i int) bool { return v.rows[v.newTo[i]].NewTo > at })
	if kept := v.newer.Load(); kept != nil && kept.from == from {
		return kept.rows
	}
	set := NewSet(len(v.rows))
	for _, i := range v.newTo[from:] {
		set.Add(i)
	}
	made := &newcomerSet{from, set.Bitmap()}
	v.newer.Store(made)
	return made.rows
}

// rate is how many minor units of the query's currency one minor unit of
// another is worth; 0 if they are not compared.
func rate(q *search.Query, currency string) float64 {
	if currency == q.Currency {
		return 1
	}
	if r := q.Rates[currency]; r > 0 && !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return 0
}

// priced is the set of rows with a price within the bounds. Free is 0, so it
// is within them when there is no lower bound.
func (v *View) priced(q *search.Query) *roaring.Bitmap {
	within := NewSet(len(v.rows))
	for c, list := range v.prices {
		r := rate(q, c)
		if r == 0 {
			continue
		}
		worth := func(i int) float64 { return float64(list[i].minor) * r }
		from := sort.Search(len(list), func(i int) bool { return worth(i) >= float64(q.PriceMin) })
		to := len(list)
		if q.PriceMax > 0 {
			to = sort.Search(len(list), func(i int) bool { return worth(i) > float64(q.PriceMax) })
		}
		for i := from; i < to; i++ {
			within.Add(list[i].row)
		}
	}
	out := within.Bitmap()
	if id, ok := v.dict.lookup(dimFree, "true"); ok && q.PriceMin <= 0 && int(id) < len(v.bits) {
		out.Or(v.bits[id])
	}
	return out
}

// Currency is the one that most documents name a price in; empty without prices.
func (v *View) Currency() string {
	best, most := "", uint64(0)
	for _, id := range v.byDim[dimMoney] {
		c := v.dict.at(id).show
		if n := v.bits[id].GetCardinality(); n > most || n == most && n > 0 && c < best {
			best, most = c, n
		}
	}
	return best
}

// facets counts every dim under all filters but its own.
func (v *View) facets(q *search.Query, f *filterSet, all *roaring.Bitmap) map[string][]search.Count {
	out := make(map[string][]search.Count, dims+1)
	counters := map[*roaring.Bitmap]*counter{}
	chosen := [dims][]string{dimKind: q.Kinds, dimSkill: q.Skills, dimLevel: q.Levels, dimLang: q.Langs, dimFormat: q.Formats, dimLicence: q.Licences}
	for d := range dimOwner {
		own := f.dims[d]
		if d == dimMoney {
			own = f.price
		}
		rows := f.without(v, own, all)
		c, ok := counters[rows]
		if !ok {
			c = v.counter(rows)
			counters[rows] = c
		}
		out[facetName(d)] = c.count(d, chosen[d])
	}
	out[search.FacetNew] = single("true", v.newcomers(q.Now), f.without(v, f.newer, all))
	out[search.FacetOpen] = single("week", v.openUntil(q.Now, q.Now.Add(search.OpenWithin)), f.without(v, f.open, all))
	return out
}

// without is the outcome of all filters but one, which may be nil.
func (f *filterSet) without(v *View, own, all *roaring.Bitmap) *roaring.Bitmap {
	if own == nil {
		return all
	}
	return f.join(v, func(s *roaring.Bitmap) bool { return s == own })
}

// single is a facet of one value.
func single(value string, holders, rows *roaring.Bitmap) []search.Count {
	if n := holders.AndCardinality(rows); n > 0 {
		return []search.Count{{Value: value, Count: int(n)}}
	}
	return []search.Count{}
}

// openUntil is the set of rows that can be booked from one moment to another.
// It changes only when a moment passes one of theirs, so the last one is kept.
func (v *View) openUntil(from, to time.Time) *roaring.Bitmap {
	first := sort.Search(len(v.opens), func(i int) bool { return v.rows[v.opens[i]].Opens >= from.Unix() })
	end := max(first, sort.Search(len(v.opens), func(i int) bool { return v.rows[v.opens[i]].Opens > to.Unix() }))
	if kept := v.open.Load(); kept != nil && kept.first == first && kept.end == end {
		return kept.rows
	}
	set := NewSet(len(v.rows))
	for _, i := range v.opens[first:end] {
		set.Add(i)
	}
	made := &openSet{first, end, set.Bitmap()}
	v.open.Store(made)
	return made.rows
}

// counter tells how many of some rows hold a value.
type counter struct {
	v    *View
	rows *roaring.Bitmap
	few  bool     // to read them may be cheaper
	of   []uint32 // by value id, once they were read; nil: the values' bitmaps are asked
}

// fewOf is the part of all rows, one of so many, up to which it is cheaper to
// read the values of each row than the rows of each value.
const fewOf = 8

// manyValues of a dim are so many that to read the rows is cheaper.
const manyValues = 10

// values are the ids of a row's counted values.
func (v *View) values(i uint32) []uint32 {
	s := v.spans[i]
	return v.packed[s.from : s.from+s.n]
}

func (v *View) counter(rows *roaring.Bitmap) *counter {
	return &counter{v: v, rows: rows, few: rows != v.live && rows.GetCardinality() <= uint64(len(v.rows)/fewOf)}
}

// read counts the values of each row.
func (c *counter) read() {
	c.of = make([]uint32, len(c.v.bits))
	Lists(c.rows, func(rows []uint32) {
		for _, i := range rows {
			for _, id := range c.v.values(i) {
				c.of[id]++
			}
		}
	})
}

func (c *counter) held(id uint32) uint64 {
	switch {
	case c.of != nil:
		return uint64(c.of[id])
	case c.rows == c.v.live:
		return c.v.bits[id].GetCardinality()
	}
	return c.v.bits[id].AndCardinality(c.rows)
}

// count tells how many of the rows hold each value of a dim.
func (c *counter) count(d dim, chosen []string) []search.Count {
	out := []search.Count{}
	if c.few && c.of == nil && len(c.v.byDim[d]) > manyValues {
		c.read()
	}
	for _, id := range c.v.byDim[d] {
		if n := c.held(id); n > 0 {
			out = append(out, search.Count{Value: c.v.dict.at(id).show, Count: int(n)})
		}
	}
	slices.SortFunc(out, func(a, b search.Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	if len(out) <= FacetLimit {
		return out
	}
	kept, dict := out[:FacetLimit:FacetLimit], c.v.dict
	for _, c := range out[FacetLimit:] {
		if slices.ContainsFunc(chosen, func(s string) bool { return dict.key(d, s) == dict.key(d, c.Value) }) {
			kept = append(kept, c)
		}
	}
	return kept
}
