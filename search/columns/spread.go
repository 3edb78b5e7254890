package columns

import (
	"math"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// spread is the histogram of prices under all filters but the price: each bin
// counts what choosing its range would give. The width comes from the lowest
// prices without the dearest twentieth, which the last bin takes, so that one
// dear offer does not press all others into the first bar.
func (v *View) spread(q *search.Query, f *filterSet, all *roaring.Bitmap) []search.Bin {
	within := f.without(v, f.price, all)
	free := roaring.New()
	if id, ok := v.dict.lookup(dimFree, "true"); ok && int(id) < len(v.bits) {
		free = roaring.And(v.bits[id], within)
	}
	costs, lowest := v.costs(q, within, free)
	if len(lowest) == 0 {
		return nil
	}
	const dearest = 20
	most := int64(math.Floor(lowest[len(lowest)-1-len(lowest)/dearest]))
	step := search.BinStep(most)
	bins := make([]search.Bin, most/step+1)
	for i := range bins {
		bins[i].From, bins[i].To = int64(i)*step, int64(i+1)*step
	}
	last := len(bins) - 1
	bins[last].To = 0
	bins[0].Count = int(free.GetCardinality())
	counted := make([]uint8, len(v.rows)) // one more than the bin that counted the row last
	for it := free.Iterator(); it.HasNext(); {
		counted[it.Next()] = 1
	}
	for _, c := range costs { // cheapest first, so a row's bins come in their order
		bin := min(int(int64(c.worth)/step), last)
		if bins[bin].Holds(c.worth) && counted[c.row] != uint8(bin+1) {
			counted[c.row] = uint8(bin + 1)
			bins[bin].Count++
		}
	}
	return bins
}

// mostWorth is a price that every sum and whole number here can hold.
const mostWorth = 1 << 53

// cost is a price in the query's currency.
type cost struct {
	worth float64
	row   uint32
}

// costs lists the comparable prices of rows, cheapest first, and the lowest of
// each row; what is free costs 0.
func (v *View) costs(q *search.Query, within, free *roaring.Bitmap) (all []cost, lowest []float64) {
	in, seen := SetOf(within, len(v.rows)), NewSet(len(v.rows))
	for it := free.Iterator(); it.HasNext(); {
		seen.Add(it.Next())
		lowest = append(lowest, 0)
	}
	take := func(row uint32, worth float64) {
		if !in.Has(row) {
			return
		}
		worth = min(worth, mostWorth) // a rate can be any number
		all = append(all, cost{worth, row})
		if !seen.Has(row) {
			seen.Add(row)
			lowest = append(lowest, worth)
		}
	}
	m := v.cheapest(q)
	if len(m.lists) == 1 { // nearly always: then it is in order already
		for _, a := range m.lists[0] {
			take(a.row, float64(a.minor)*m.rates[0])
		}
		return all, lowest
	}
	for {
		a, worth, ok := m.next(v)
		if !ok {
			return all, lowest
		}
		take(a.row, worth)
	}
}
