package columns

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/rank"
)

// Found is what a text found.
type Found struct {
	Rows   *roaring.Bitmap
	List   []uint32  // the same, ascending; empty unless the order is by best
	Scores []float32 // the relevance to the text, by row; as List
}

// Page gives the rows of a page in the query's order: of those that the text
// found, or, when there was none (nil), of any, which are all alike then.
func (v *View) Page(q *search.Query, rows *roaring.Bitmap, text *Found) []uint32 {
	total := int(rows.GetCardinality())
	if q.Offset < 0 || q.Offset >= total || q.Limit <= 0 {
		return nil
	}
	end := min(q.Offset+q.Limit, total)
	var list []uint32
	switch {
	case q.Sort == search.SortPrice:
		list = v.byPrice(q, rows, end)
	case q.Sort == search.SortNew:
		list = pick(v.fresh, rows, end, v.byFresh)
	case text == nil:
		list = v.shareBrowsing(q.Now, rows, pick(v.best, rows, end, v.byBest))
	default:
		list = v.shareFound(q.Now, rows, v.top(rows, end, text), text)
	}
	return list[q.Offset:]
}

// sparse is the share of all rows under which it is cheaper to sort the rows of
// a set than to walk the sorted list of all.
const sparse = 1.0 / 32

func isSparse(rows *roaring.Bitmap, all int) bool {
	return float64(rows.GetCardinality()) < sparse*float64(all)
}

// pick takes the first rows of a sorted list that are in the set. order is the
// order of the list.
func pick(list []uint32, rows *roaring.Bitmap, n int, order func(a, b uint32) int) []uint32 {
	if isSparse(rows, len(list)) {
		few := rows.ToArray()
		slices.SortFunc(few, order)
		return few[:min(n, len(few))]
	}
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

// scored is a row with its score, ordered by the score and then by reference.
type scored struct {
	score float64
	rank  uint32
	row   uint32
}

func (a scored) compare(b scored) int {
	switch {
	case a.score > b.score:
		return -1
	case a.score < b.score:
		return 1
	}
	return cmp.Compare(a.rank, b.rank)
}

// top sorts the first n rows of a set by score.
func (v *View) top(rows *roaring.Bitmap, n int, text *Found) []uint32 {
	h, scores := heap{n: n}, text.Scores
	take := func(list []uint32) {
		for _, i := range list {
			if s := float64(scores[i]); !h.isFull() || s >= h.list[0].score { // of most rows nothing else has to be known
				h.add(scored{s, v.refRank[i], i})
			}
		}
	}
	if rows == text.Rows {
		take(text.List)
	} else {
		Lists(rows, take)
	}
	return inOrder(h.list)
}

// inOrder is the rows of a list, best first.
func inOrder(list []scored) []uint32 {
	slices.SortFunc(list, scored.compare)
	out := make([]uint32, len(list))
	for k, s := range list {
		out[k] = s.row
	}
	return out
}

// heap keeps the best n of many, the worst of them on top.
type heap struct {
	n    int
	list []scored
}

func (h *heap) isFull() bool { return len(h.list) == h.n }

func (h *heap) add(s scored) {
	switch {
	case !h.isFull():
		h.list = append(h.list, s)
		for k := len(h.list) - 1; k > 0; {
			up := (k - 1) / 2
			if h.list[k].compare(h.list[up]) <= 0 {
				break
			}
			h.list[k], h.list[up] = h.list[up], h.list[k]
			k = up
		}
	case s.compare(h.list[0]) < 0:
		h.list[0] = s
		h.sink()
	}
}

func (h *heap) sink() {
	for k := 0; ; {
		worst := k
		for _, c := range [2]int{2*k + 1, 2*k + 2} {
			if c < len(h.list) && h.list[c].compare(h.list[worst]) > 0 {
				worst = c
			}
		}
		if worst == k {
			return
		}
		h.list[k], h.list[worst] = h.list[worst], h.list[k]
		k = worst
	}
}

// shareBrowsing gives newcomers their places where all rows are alike.
func (v *View) shareBrowsing(now time.Time, rows *roaring.Bitmap, list []uint32) []uint32 {
	fresh := v.newcomers(now)
	if fresh.IsEmpty() || len(list) == 0 {
		return list
	}
	fresh = roaring.And(fresh, rows)
	return deal(list, pick(v.best, fresh, rank.Within, v.byBest), fresh.Contains, func(uint32) float64 { return 1 })
}

// shareFound gives newcomers their places among hits of a text.
func (v *View) shareFound(now time.Time, rows *roaring.Bitmap, list []uint32, text *Found) []uint32 {
	fresh := v.newcomers(now)
	if fresh.IsEmpty() || len(list) == 0 {
		return list
	}
	fresh = roaring.And(fresh, rows)
	return deal(list, v.top(fresh, rank.Within, text), fresh.Contains, func(i uint32) float64 { return float64(text.Scores[i]) })
}

// deal gives newcomers their share of the first places.
func deal(list, waiting []uint32, isNew func(uint32) bool, score func(uint32) float64) []uint32 {
	return rank.Deal(list, waiting, func(i uint32) uint32 { return i }, isNew, score)
}

// byPrice lists the first n rows: what costs nothing, then the cheapest price
// that compares, then the rest; equals by reference.
func (v *View) byPrice(q *search.Query, rows *roaring.Bitmap, n int) []uint32 {
	if isSparse(rows, len(v.byRef)) {
		few := make([]scored, 0, rows.GetCardinality())
		Each(rows, func(i uint32) { few = append(few, scored{-v.least(q, i), v.refRank[i], i}) })
		return inOrder(few)[:n]
	}
	free := roaring.New()
	if id, ok := v.dict.lookup(dimFree, "true"); ok && int(id) < len(v.bits) {
		free = roaring.And(v.bits[id], rows)
	}
	out := pick(v.byRef, free, n, v.ByRef)
	seen := NewSet(len(v.rows))
	for _, i := range out {
		seen.Add(i)
	}
	for m := v.cheapest(q); len(out) < n; {
		a, _, ok := m.next(v)
		if !ok {
			break
		}
		if !seen.Has(a.row) && !free.Contains(a.row) && rows.Contains(a.row) {
			seen.Add(a.row)
			out = append(out, a.row)
		}
	}
	for _, i := range v.byRef {
		if len(out) == n {
			break
		}
		if rows.Contains(i) && !seen.Has(i) {
			out = append(out, i)
		}
	}
	return out
}

// least is what a row costs at least in the query's currency: 0 if something
// is free, infinity if no price compares.
func (v *View) least(q *search.Query, i uint32) float64 {
	doc, best := v.rows[i].Doc, math.Inf(1)
	if doc.Free {
		return 0
	}
	for _, p := range doc.Prices {
		if r := rate(q, p.Currency); r > 0 {
			best = min(best, float64(p.Minor)*r)
		}
	}
	return best
}

// priceMerge walks the price lists of several currencies in one order.
type priceMerge struct {
	lists [][]amount
	rates []float64
}

func (v *View) cheapest(q *search.Query) *priceMerge {
	m := &priceMerge{}
	for c, list := range v.prices {
		if r := rate(q, c); r > 0 {
			m.lists, m.rates = append(m.lists, list), append(m.rates, r)
		}
	}
	return m
}

// next takes the least price over all lists, and what it is worth in the
// query's currency.
func (m *priceMerge) next(v *View) (a amount, worth float64, ok bool) {
	best := -1
	for k, list := range m.lists {
		if len(list) > 0 && (best < 0 || m.less(v, k, best)) {
			best = k
		}
	}
	if best < 0 {
		return amount{}, 0, false
	}
	a = m.lists[best][0]
	m.lists[best] = m.lists[best][1:]
	return a, float64(a.minor) * m.rates[best], true
}

func (m *priceMerge) less(v *View, k, best int) bool {
	a, b := m.lists[k][0], m.lists[best][0]
	x, y := float64(a.minor)*m.rates[k], float64(b.minor)*m.rates[best]
	return x < y || x == y && v.ByRef(a.row, b.row) < 0
}
