package columns

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// The newcomers' share: in the first ShareWithin places of an order by best,
// every ShareEvery-th place goes to a newcomer when none of the places since the
// last such one did and one stands below with at least ShareScore of the score
// of the place. Everyone else keeps their order.
const (
	ShareWithin = 24
	ShareEvery  = 4
	ShareScore  = 0.5
)

// Page gives the rows of a page in the query's order. score is the relevance
// of a row to the text; nil when there was no text.
func (v *View) Page(q *search.Query, rows *roaring.Bitmap, score func(uint32) float64) []uint32 {
	limit := q.Limit
	total := int(rows.GetCardinality())
	if q.Offset < 0 || q.Offset >= total {
		return nil
	}
	end := min(q.Offset+limit, total)
	var list []uint32
	switch {
	case q.Sort == search.SortPrice:
		list = v.byPrice(q, rows, end)
	case q.Sort == search.SortNew:
		list = pick(v.fresh, rows, end)
	case score == nil:
		list = v.share(q.Now, rows, pick(v.best, rows, end), v.Quality)
	default:
		list = v.share(q.Now, rows, v.top(rows, end, v.byScore(score)), score)
	}
	return list[q.Offset:min(end, len(list))]
}

// Quality is the score of a row without a text: its weight, so that the
// newcomers' share does not lift a row for freshness alone.
func (v *View) Quality(uint32) float64 { return 1 }

func (v *View) byScore(score func(uint32) float64) func(a, b uint32) int {
	return func(a, b uint32) int { return cmp.Or(cmp.Compare(score(b), score(a)), v.ByRef(a, b)) }
}

// pick takes the first rows of a sorted list that are in the set.
func pick(list []uint32, rows *roaring.Bitmap, n int) []uint32 {
	out := make([]uint32, 0, n)
	for _, i := range list {
		if len(out) == n {
			break
		}
		if rows.Contains(i) {
			out = append(out, i)
		}
	}
	return out
}

// top sorts the first n rows of a set.
func (v *View) top(rows *roaring.Bitmap, n int, order func(a, b uint32) int) []uint32 {
	t := topRows{n: n, order: order}
	for it := rows.Iterator(); it.HasNext(); {
		t.add(it.Next())
	}
	return t.sorted()
}

// topRows keeps the best n rows of many: a heap with the worst of them on top.
type topRows struct {
	n     int
	order func(a, b uint32) int
	heap  []uint32
}

func (t *topRows) add(i uint32) {
	switch {
	case t.n <= 0:
	case len(t.heap) < t.n:
		t.heap = append(t.heap, i)
		for k := len(t.heap) - 1; k > 0; {
			up := (k - 1) / 2
			if t.order(t.heap[k], t.heap[up]) <= 0 {
				break
			}
			t.heap[k], t.heap[up] = t.heap[up], t.heap[k]
			k = up
		}
	case t.order(i, t.heap[0]) < 0:
		t.heap[0] = i
		t.sink()
	}
}

func (t *topRows) sink() {
	for k := 0; ; {
		worst := k
		for _, c := range [2]int{2*k + 1, 2*k + 2} {
			if c < len(t.heap) && t.order(t.heap[c], t.heap[worst]) > 0 {
				worst = c
			}
		}
		if worst == k {
			return
		}
		t.heap[k], t.heap[worst] = t.heap[worst], t.heap[k]
		k = worst
	}
}

func (t *topRows) sorted() []uint32 {
	slices.SortFunc(t.heap, t.order)
	return t.heap
}

// priceKey is what a row costs at least in the query's currency: 0 if
// something is free, the largest number if no price compares.
func (v *View) priceKey(q *search.Query, i uint32) float64 {
	doc := v.rows[i].Doc
	if doc.Free {
		return 0
	}
	best := math.MaxFloat64
	for _, p := range doc.Prices {
		if r := rate(q, p.Currency); r > 0 {
			best = min(best, float64(p.Minor)*r)
		}
	}
	return best
}

func (v *View) byPrice(q *search.Query, rows *roaring.Bitmap, n int) []uint32 {
	keys := make(map[uint32]float64, rows.GetCardinality())
	for it := rows.Iterator(); it.HasNext(); {
		i := it.Next()
		keys[i] = v.priceKey(q, i)
	}
	return v.top(rows, n, func(a, b uint32) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), v.ByRef(a, b)) })
}

// share gives newcomers their places in a list that begins at the first hit.
func (v *View) share(now time.Time, rows *roaring.Bitmap, list []uint32, score func(uint32) float64) []uint32 {
	if len(list) == 0 || len(v.newTo) == 0 {
		return list
	}
	fresh := roaring.And(v.newcomers(now), rows)
	if fresh.IsEmpty() {
		return list
	}
	order := v.byScore(score)
	if score(list[0]) == 1 && len(list) > 1 && score(list[1]) == 1 {
		order = v.byBest
	}
	waiting := v.top(fresh, ShareWithin, order)
	return deal(list, waiting, func(i uint32) bool { return fresh.Contains(i) }, score)
}

// deal moves newcomers up to their places; waiting are the best newcomers, also
// those beyond the end of list.
func deal(list, waiting []uint32, isNew func(uint32) bool, score func(uint32) float64) []uint32 {
	out := make([]uint32, 0, len(list)+ShareWithin/ShareEvery)
	used := map[uint32]bool{}
	next, since := 0, 0
	for len(out) < len(list) {
		for next < len(list) && used[list[next]] {
			next++
		}
		if next == len(list) {
			break
		}
		i := list[next]
		if place := len(out) + 1; place <= ShareWithin && place%ShareEvery == 0 && since == 0 && !isNew(i) {
			for _, w := range waiting {
				if !used[w] && score(w) >= ShareScore*score(i) {
					i = w
					break
				}
			}
		}
		used[i] = true
		out = append(out, i)
		if isNew(i) {
			since++
		}
		if len(out)%ShareEvery == 0 {
			since = 0
		}
	}
	return out
}
