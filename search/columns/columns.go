// Package columns answers filters, facets, price comparison and order from
// memory. A Table is written by one goroutine and gives out Views; a View is
// one immutable moment of it and is read by any number. It promises that a
// selected facet does not hide its siblings and that order is total. It
// refuses to know of text: that comes in as a set of rows.
package columns

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
)

// dim is one countable property.
type dim uint8

const (
	dimKind dim = iota
	dimSkill
	dimLevel
	dimLang
	dimFormat
	dimFree
	dimMoney
	dims
)

// facetNames are the names of dims in a Result.
func facetName(d dim) string {
	return [dims]string{search.FacetKind, search.FacetSkill, search.FacetLevel, search.FacetLang,
		search.FacetFormat, search.FacetFree, search.FacetMoney}[d]
}

// Row is what is known of one document beside its text.
type Row struct {
	Doc    *search.Document // without Lead and Body
	Rank   float64          // order without text: quality and freshness
	Active int64            // unix day
	NewTo  int64            // unix seconds, 0 never
	values []uint32         // ids of all values, ascending
}

// value is one value of a dim.
type value struct {
	dim  dim
	show string
}

// dictionary gives every value of every dim a small number. It only grows;
// readers and the writer share it.
type dictionary struct {
	mu    sync.RWMutex
	ids   [dims]map[string]uint32
	all   []value
	canon func(string) string
}

// View is one moment of a table.
type View struct {
	dict   *dictionary
	rows   []*Row
	live   *roaring.Bitmap
	bits   []*roaring.Bitmap // by value id
	byDim  [dims][]uint32
	best   []uint32 // rows by Rank
	fresh  []uint32 // rows by Created
	newTo  []uint32 // rows with NewTo, soonest end first
	owners map[string]*roaring.Bitmap
	prices map[string][]amount // by currency, cheapest first
}

// amount is one price of one row.
type amount struct {
	minor int64
	row   uint32
}

// Table builds views. Its methods are for one goroutine.
type Table struct {
	view *View
	at   map[search.Ref]uint32
	free []uint32
}

// New makes an empty table. canon gives the key under which a skill is
// compared, so that spellings of one free word are one value; nil compares as typed.
func New(canon func(string) string) *Table {
	if canon == nil {
		canon = func(s string) string { return s }
	}
	d := &dictionary{canon: canon}
	for i := range d.ids {
		d.ids[i] = map[string]uint32{}
	}
	return &Table{
		view: &View{dict: d, live: roaring.New(), owners: map[string]*roaring.Bitmap{}, prices: map[string][]amount{}},
		at:   map[search.Ref]uint32{},
	}
}

// View is the present moment.
func (t *Table) View() *View { return t.view }

// Row finds where a document stands.
func (t *Table) Row(ref search.Ref) (uint32, bool) {
	i, ok := t.at[ref]
	return i, ok
}

func (d *dictionary) key(dm dim, show string) string {
	if dm == dimSkill {
		return d.canon(show)
	}
	return show
}

// lookup finds a value's id.
func (d *dictionary) lookup(dm dim, show string) (uint32, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, ok := d.ids[dm][d.key(dm, show)]
	return id, ok
}

// intern finds or makes a value's id.
func (d *dictionary) intern(dm dim, show string) uint32 {
	if id, ok := d.lookup(dm, show); ok {
		return id
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := uint32(len(d.all))
	d.ids[dm][d.key(dm, show)] = id
	d.all = append(d.all, value{dm, show})
	return id
}

// values lists the value ids of a document.
func (d *dictionary) values(doc *search.Document) []uint32 {
	out := []uint32{d.intern(dimKind, doc.Kind)}
	add := func(dm dim, words []string) {
		for _, w := range words {
			out = append(out, d.intern(dm, w))
		}
	}
	add(dimSkill, doc.Skills)
	add(dimLevel, doc.Levels)
	add(dimLang, doc.Langs)
	add(dimFormat, doc.Formats)
	if doc.Free {
		out = append(out, d.intern(dimFree, "true"))
	}
	for _, p := range doc.Prices {
		out = append(out, d.intern(dimMoney, p.Currency))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Apply makes a batch of upserts and deletes one new view. The last word on a
// document wins.
func (t *Table) Apply(ops []search.Op) *View {
	old := t.view
	next := &View{dict: old.dict, rows: slices.Clone(old.rows), live: old.live.Clone(), bits: slices.Clone(old.bits),
		byDim: old.byDim, owners: maps.Clone(old.owners), prices: maps.Clone(old.prices)}
	w := &writer{t: t, v: next, owned: map[*roaring.Bitmap]bool{next.live: true}, touched: roaring.New(), added: roaring.New(), currencies: map[string]bool{}}
	for _, op := range ops {
		w.remove(op.Ref)
		if op.Doc != nil {
			w.insert(op.Doc)
		}
	}
	w.reorder(old)
	t.view = next
	return next
}

// writer is one Apply under way.
type writer struct {
	t              *Table
	v              *View
	owned          map[*roaring.Bitmap]bool // bitmaps of this view alone
	touched, added *roaring.Bitmap          // rows that left or changed; rows that came
	currencies     map[string]bool
}

func (w *writer) remove(ref search.Ref) {
	i, ok := w.t.at[ref]
	if !ok {
		return
	}
	row := w.v.rows[i]
	for _, id := range row.values {
		w.own(id).Remove(i)
	}
	w.owner(row.Doc.Owner).Remove(i)
	if w.v.owners[row.Doc.Owner].IsEmpty() {
		delete(w.v.owners, row.Doc.Owner)
	}
	for _, p := range row.Doc.Prices {
		w.currencies[p.Currency] = true
	}
	w.v.live.Remove(i)
	w.v.rows[i] = nil
	w.touched.Add(i)
	w.added.Remove(i)
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
	}
	row := newRow(doc)
	row.values = w.v.dict.values(row.Doc)
	for _, id := range row.values {
		w.own(id).Add(i)
	}
	w.owner(row.Doc.Owner).Add(i)
	for _, p := range row.Doc.Prices {
		w.currencies[p.Currency] = true
	}
	w.v.live.Add(i)
	w.v.rows[i] = row
	w.added.Add(i)
	w.t.at[doc.Ref] = i
}

func newRow(doc *search.Document) *Row {
	slim := *doc
	slim.Lead, slim.Body = "", ""
	row := &Row{Doc: &slim, Active: doc.Active.Unix() / int64((24 * time.Hour).Seconds())}
	if doc.Active.IsZero() {
		row.Active = 0
	}
	if !doc.NewTo.IsZero() {
		row.NewTo = doc.NewTo.Unix()
	}
	row.Rank = rank(doc.Weight, row.Active)
	return row
}

// rank orders rows without a text: an act of yesterday is worth as much as the
// whole of quality a month of silence later.
func rank(weight float64, activeDay int64) float64 {
	const month = 30
	return min(max(weight, 0), 1) + float64(activeDay)/month
}

// own gives the bitmap of a value for writing.
func (w *writer) own(id uint32) *roaring.Bitmap {
	for int(id) >= len(w.v.bits) {
		n := uint32(len(w.v.bits))
		fresh := roaring.New()
		w.owned[fresh] = true
		w.v.bits = append(w.v.bits, fresh)
		d := w.v.dict.dimOf(n)
		w.v.byDim[d] = append(slices.Clip(w.v.byDim[d]), n)
	}
	if b := w.v.bits[id]; !w.owned[b] {
		w.v.bits[id] = b.Clone()
		w.owned[w.v.bits[id]] = true
	}
	return w.v.bits[id]
}

func (d *dictionary) dimOf(id uint32) dim {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.all[id].dim
}

func (w *writer) owner(handle string) *roaring.Bitmap {
	b := w.v.owners[handle]
	switch {
	case b == nil:
		b = roaring.New()
	case !w.owned[b]:
		b = b.Clone()
	}
	w.owned[b] = true
	w.v.owners[handle] = b
	return b
}

// reorder carries the sorted lists over: rows that left or came are taken out,
// rows that came are merged in.
func (w *writer) reorder(old *View) {
	changed := roaring.Or(w.touched, w.added)
	added := w.added.ToArray()
	v := w.v
	carry := func(list []uint32, less func(a, b uint32) int, keep func(uint32) bool) []uint32 {
		return merge(list, added, carrier{changed: changed, keep: keep}, less)
	}
	v.best = carry(old.best, v.byBest, nil)
	v.fresh = carry(old.fresh, v.byFresh, nil)
	v.newTo = carry(old.newTo, v.byNewTo, func(i uint32) bool { return v.rows[i].NewTo > 0 })
	for c := range w.currencies {
		v.prices[c] = v.carryPrices(old.prices[c], added, changed, c)
		if len(v.prices[c]) == 0 {
			delete(v.prices, c)
		}
	}
}

type carrier struct {
	changed *roaring.Bitmap
	keep    func(uint32) bool
}

// merge joins a sorted list without its changed rows with the added ones.
func merge(list, added []uint32, c carrier, less func(a, b uint32) int) []uint32 {
	fresh := make([]uint32, 0, len(added))
	for _, i := range added {
		if c.keep == nil || c.keep(i) {
			fresh = append(fresh, i)
		}
	}
	slices.SortFunc(fresh, less)
	out := make([]uint32, 0, len(list)+len(fresh))
	k := 0
	for _, i := range list {
		if c.changed.Contains(i) {
			continue
		}
		for k < len(fresh) && less(fresh[k], i) < 0 {
			out = append(out, fresh[k])
			k++
		}
		out = append(out, i)
	}
	return append(out, fresh[k:]...)
}

func (v *View) carryPrices(list []amount, added []uint32, changed *roaring.Bitmap, currency string) []amount {
	out := make([]amount, 0, len(list)+len(added))
	for _, a := range list {
		if !changed.Contains(a.row) {
			out = append(out, a)
		}
	}
	for _, i := range added {
		for _, p := range v.rows[i].Doc.Prices {
			if p.Currency == currency {
				out = append(out, amount{p.Minor, i})
			}
		}
	}
	slices.SortFunc(out, func(a, b amount) int { return cmp.Or(cmp.Compare(a.minor, b.minor), cmp.Compare(a.row, b.row)) })
	return out
}

// ByRef orders rows by kind and id: the last word of every order.
func (v *View) ByRef(a, b uint32) int {
	x, y := v.rows[a].Doc, v.rows[b].Doc
	return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.ID, y.ID))
}

func (v *View) byBest(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.rows[b].Rank, v.rows[a].Rank), v.rows[b].Doc.Created.Compare(v.rows[a].Doc.Created), v.ByRef(a, b))
}

func (v *View) byFresh(a, b uint32) int {
	return cmp.Or(v.rows[b].Doc.Created.Compare(v.rows[a].Doc.Created), v.ByRef(a, b))
}

func (v *View) byNewTo(a, b uint32) int {
	return cmp.Or(cmp.Compare(v.rows[a].NewTo, v.rows[b].NewTo), v.ByRef(a, b))
}

// Len is the number of documents.
func (v *View) Len() int { return int(v.live.GetCardinality()) }

// Rows is one more than the highest row number in use.
func (v *View) Rows() int { return len(v.rows) }

// Row gives a row by its number; nil if it is free.
func (v *View) Row(i uint32) *Row { return v.rows[i] }
