package columns

import (
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// spread is the histogram of lowest prices under all filters but the price. The
// last bin takes the dearest twentieth, so that one dear offer does not press
// all others into the first bar.
func (v *View) spread(q *search.Query, f *filterSet, all *roaring.Bitmap) []search.Bin {
	costs := v.costs(q, f.without(v, f.price, all))
	if len(costs) == 0 {
		return nil
	}
	const dearest = 20
	most := costs[len(costs)-1-len(costs)/dearest]
	step := search.BinStep(int64(math.Floor(most)))
	bins := make([]search.Bin, int64(most)/step+1)
	for i := range bins {
		bins[i].From, bins[i].To = int64(i)*step, int64(i+1)*step
	}
	for _, c := range costs {
		bins[min(int64(c)/step, int64(len(bins)-1))].Count++
	}
	bins[len(bins)-1].To = 0
	return bins
}

// costs lists the lowest comparable price of every row that names one, cheapest
// first; what is free costs 0.
func (v *View) costs(q *search.Query, rows *roaring.Bitmap) []float64 {
	left := NewSet(len(v.rows))
	for it := rows.Iterator(); it.HasNext(); {
		left.Add(it.Next())
	}
	var out []float64
	if id, ok := v.dict.lookup(dimFree, "true"); ok && int(id) < len(v.bits) {
		for it := roaring.And(v.bits[id], rows).Iterator(); it.HasNext(); {
			left.Remove(it.Next())
			out = append(out, 0)
		}
	}
	for m := v.cheapest(q); ; {
		a, worth, ok := m.next(v)
		if !ok {
			return slices.Clip(out)
		}
		if left.Has(a.row) {
			left.Remove(a.row)
			out = append(out, worth)
		}
	}
}
