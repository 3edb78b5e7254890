package columns

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// Table builds views. Its methods are for one goroutine.
type Table struct {
	view *View
	at   map[search.Ref]uint32
	free []uint32
}

// New makes an empty table. canon gives the key under which a skill is
// compared, so that spellings of one free word are one value; nil compares as typed.
func New(canon func(string) string) *Table {
	v := &View{dict: newDictionary(canon), live: roaring.New(), second: roaring.New(), prices: map[string][]amount{}}
	return &Table{view: v, at: map[search.Ref]uint32{}}
}

// View is the present moment.
func (t *Table) View() *View { return t.view }

// Row finds where a document stands.
func (t *Table) Row(ref search.Ref) (uint32, bool) {
	i, ok := t.at[ref]
	return i, ok
}

// Apply makes a batch of upserts and deletes one new view. The last word on a
// document wins. Earlier views stay as they are.
func (t *Table) Apply(ops []search.Op) *View {
	old := t.view
	next := &View{
		dict: old.dict, rows: slices.Clone(old.rows), quality: slices.Clone(old.quality), owner: slices.Clone(old.owner), created: slices.Clone(old.created),
		kinds: slices.Clone(old.kinds), tongues: slices.Clone(old.tongues), spans: slices.Clone(old.spans), packed: old.packed,
		live: old.live.Clone(), second: old.second.Clone(), bits: slices.Clone(old.bits), byDim: old.byDim, prices: maps.Clone(old.prices),
	}
	w := &writer{t: t, v: next, owned: map[uint32]bool{}, came: map[uint32]bool{}, currencies: map[string]bool{}}
	for _, op := range ops {
		w.remove(op.Ref)
		if op.Doc != nil {
			w.insert(op.Doc)
		}
	}
	if !next.second.IsEmpty() {
		next.first = roaring.AndNot(next.live, next.second)
	}
	w.reorder(old)
	next.pack()
	t.view = next
	return next
}

// writer is one Apply under way.
type writer struct {
	t          *Table
	v          *View
	owned      map[uint32]bool // value ids whose bitmap belongs to this view alone
	came       map[uint32]bool // every row touched: true if it holds a document now
	currencies map[string]bool // whose price lists change
}

func (w *writer) remove(ref search.Ref) {
	i, ok := w.t.at[ref]
	if !ok {
		return
	}
	for _, id := range w.v.values(i) {
		w.own(id).Remove(i)
	}
	w.noteCurrencies(w.v.rows[i].Doc)
	w.v.spans[i] = span{}
	w.v.live.Remove(i)
	w.v.second.Remove(i)
	w.v.rows[i] = nil
	w.came[i] = false
	delete(w.t.at, ref)
	w.t.free = append(w.t.free, i)
}

func (w *writer) insert(doc *search.Document) {
	var i uint32
	if n := len(w.t.free); n > 0 {
		i, w.t.free = w.t.free[n-1], w.t.free[:n-1]
	} else {
		i = uint32(len(w.v.rows))
		w.v.rows = append(w.v.rows, nil)
		w.v.quality = append(w.v.quality, Quality{})
		w.v.owner = append(w.v.owner, 0)
		w.v.created = append(w.v.created, 0)
		w.v.kinds = append(w.v.kinds, 0)
		w.v.tongues = append(w.v.tongues, 0)
		w.v.spans = append(w.v.spans, span{})
	}
	row, quality := newRow(doc)
	values := w.v.dict.values(doc)
	for _, id := range values {
		w.own(id).Add(i)
	}
	w.v.spans[i] = span{uint32(len(w.v.packed)), uint32(len(values))}
	w.v.packed = append(w.v.packed, values...) // behind what older views read
	w.noteCurrencies(doc)
	w.v.live.Add(i)
	if doc.Second {
		w.v.second.Add(i)
	}
	w.v.rows[i], w.v.quality[i], w.v.owner[i] = row, quality, w.v.dict.intern(dimOwner, doc.Owner)
	w.v.created[i] = unixMicro(doc.Created)
	w.v.kinds[i], w.v.tongues[i] = w.v.dict.intern(dimKind, doc.Kind), tongueOf(doc.Langs)
	w.came[i] = true
	w.t.at[doc.Ref] = i
}

// wasted is how many ids of rows that are gone may stand in View.packed for each
// one of a row that is there.
const wasted = 1

// pack leaves the rows that are gone behind when they are too many.
func (v *View) pack() {
	live := 0
	for _, s := range v.spans {
		live += int(s.n)
	}
	if len(v.packed) <= live*(1+wasted) {
		return
	}
	packed := make([]uint32, 0, live)
	for i, s := range v.spans {
		at := uint32(len(packed))
		packed = append(packed, v.packed[s.from:s.from+s.n]...)
		v.spans[i].from = at
	}
	v.packed = packed
}

func (w *writer) noteCurrencies(doc *search.Document) {
	for _, p := range doc.Prices {
		w.currencies[p.Currency] = true
	}
}

// unixMicro orders times; the zero time comes before all others.
func unixMicro(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMicro()
}

func newRow(doc *search.Document) (*Row, Quality) {
	slim := *doc
	slim.Lead, slim.Body = "", ""
	row, q := &Row{Doc: &slim}, Quality{Weight: float32(min(max(doc.Weight, 0), 1))}
	if !doc.Active.IsZero() {
		q.Active = int32(doc.Active.Unix() / secondsPerDay)
	}
	if !doc.NewTo.IsZero() {
		row.NewTo = doc.NewTo.Unix()
	}
	if !doc.Opens.IsZero() {
		row.Opens = doc.Opens.Unix()
	}
	return row, q
}

// own gives the bitmap of a value for writing.
func (w *writer) own(id uint32) *roaring.Bitmap {
	for n := uint32(len(w.v.bits)); n <= id; n++ {
		w.v.bits = append(w.v.bits, roaring.New())
		w.owned[n] = true
		d := w.v.dict.at(n).dim
		w.v.byDim[d] = append(slices.Clip(w.v.byDim[d]), n)
	}
	if !w.owned[id] {
		w.v.bits[id] = w.v.bits[id].Clone()
		w.owned[id] = true
	}
	return w.v.bits[id]
}

// reorder carries the sorted lists over: touched rows are taken out, rows that
// came are merged in.
func (w *writer) reorder(old *View) {
	v := w.v
	touched := NewSet(len(v.rows))
	var came []uint32
	for i, is := range w.came {
		touched.Add(i)
		if is {
			came = append(came, i)
		}
	}
	v.byRef = merge(old.byRef, came, touched.Has, v.compareRefs)
	v.refRank = make([]uint32, len(v.rows))
	for rank, i := range v.byRef {
		v.refRank[i] = uint32(rank)
	}
	v.best = merge(old.best, came, touched.Has, v.byBest)
	v.fresh = merge(old.fresh, came, touched.Has, v.byFresh)
	newcomers := slices.DeleteFunc(slices.Clone(came), func(i uint32) bool { return v.rows[i].NewTo == 0 })
	v.newTo = merge(old.newTo, newcomers, touched.Has, v.byNewTo)
	open := slices.DeleteFunc(came, func(i uint32) bool { return v.rows[i].Opens == 0 })
	v.opens = merge(old.opens, open, touched.Has, v.byOpens)
	w.reprice(old, touched)
}

func (w *writer) reprice(old *View, touched Set) {
	v := w.v
	added := map[string][]amount{}
	for i, is := range w.came {
		if !is {
			continue
		}
		for _, p := range v.rows[i].Doc.Prices {
			added[p.Currency] = append(added[p.Currency], amount{p.Minor, i})
		}
	}
	for c := range w.currencies {
		list := merge(old.prices[c], added[c], func(a amount) bool { return touched.Has(a.row) }, v.byAmount)
		if v.prices[c] = list; len(list) == 0 {
			delete(v.prices, c)
		}
	}
}

// merge joins a sorted list without its dropped members with fresh ones.
func merge[T any](list, fresh []T, drop func(T) bool, order func(a, b T) int) []T {
	kept := make([]T, 0, len(list)+len(fresh))
	for _, i := range list {
		if !drop(i) {
			kept = append(kept, i)
		}
	}
	if len(fresh) == 0 {
		return kept
	}
	fresh = slices.Clone(fresh)
	slices.SortFunc(fresh, order)
	if len(kept) == 0 {
		return fresh
	}
	out := make([]T, 0, len(kept)+len(fresh))
	for _, f := range fresh {
		at, _ := slices.BinarySearchFunc(kept, f, order)
		out = append(append(out, kept[:at]...), f)
		kept = kept[at:]
	}
	return append(out, kept...)
}

func (v *View) compareRefs(a, b uint32) int {
	x, y := v.rows[a].Doc, v.rows[b].Doc
	return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.ID, y.ID))
}

// rank orders rows without a text: the whole of quality is worth as much as
// thirty days of freshness.
func (q Quality) rank() float64 {
	const days = 30
	return float64(q.Weight) + float64(q.Active)/days
}

func (v *View) byBest(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.quality[b].rank(), v.quality[a].rank()), v.byFresh(a, b))
}

func (v *View) byFresh(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.created[b], v.created[a]), v.ByRef(a, b))
}

func (v *View) byNewTo(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.rows[a].NewTo, v.rows[b].NewTo), v.ByRef(a, b))
}

func (v *View) byOpens(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.rows[a].Opens, v.rows[b].Opens), v.ByRef(a, b))
}

func (v *View) byAmount(a, b amount) int {
	return cmp.Or(cmp.Compare(a.minor, b.minor), v.ByRef(a.row, b.row))
}

// ByRef orders rows by kind and id: the last word of every order.
func (v *View) ByRef(a, b uint32) int { return cmp.Compare(v.refRank[a], v.refRank[b]) }
