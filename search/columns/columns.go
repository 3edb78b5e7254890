// Package columns answers filters, facets, price comparison and order from
// memory. A Table is written by one goroutine and gives out Views; a View is
// one immutable moment of it and is read by any number. It promises that a
// selected facet does not hide its siblings and that order is total. It
// refuses to know of text: that comes in as a set of rows.
package columns

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/rank"
)

// dim is one countable property.
type dim uint8

const (
	dimKind dim = iota
	dimSkill
	dimLevel
	dimLang
	dimFormat
	dimLicence
	dimFree
	dimMoney
	dimOwner // filtered by, never counted
	dims
)

// facetName is the name of a dim in a Result; empty for what is not counted.
func facetName(d dim) string {
	return [dims]string{search.FacetKind, search.FacetSkill, search.FacetLevel, search.FacetLang,
		search.FacetFormat, search.FacetLicence, search.FacetFree, search.FacetMoney, ""}[d]
}

// Row is what is known of one document beside its text.
type Row struct {
	Doc   *search.Document // without Lead and Body
	NewTo int64            // unix seconds, 0 never
	Opens int64            // unix seconds, 0 never
}

// span is where the ids of a row's counted values stand in View.packed.
type span struct{ from, n uint32 }

// Quality is what decides between rows of equal relevance.
type Quality struct {
	Weight float32 // 0..1
	Active int32   // unix day of the last public act, 0 never
}

// secondsPerDay turns unix seconds into days.
const secondsPerDay = 24 * 60 * 60

// View is one moment of a table.
type View struct {
	dict    *dictionary
	rows    []*Row
	quality []Quality
	owner   []uint32 // number of the owner, by row
	created []int64  // unix microseconds, by row
	kinds   []uint32 // value id of the kind, by row
	tongues []tongue // by row
	spans   []span   // by row
	packed  []uint32 // value ids, those of a row beside each other, ascending
	refRank []uint32 // place in the order of kind and id, by row
	live    *roaring.Bitmap
	second  *roaring.Bitmap   // rows found only when their own kind is asked for
	first   *roaring.Bitmap   // live rows without second ones; nil: there are none of these
	bits    []*roaring.Bitmap // by value id
	byDim   [dims][]uint32    // value ids
	byRef   []uint32          // rows by kind and id
	best    []uint32          // rows by quality and freshness
	fresh   []uint32          // rows by creation, newest first
	newTo   []uint32          // rows with NewTo, soonest end first
	opens   []uint32          // rows with Opens, soonest first
	prices  map[string][]amount
	newer   atomic.Pointer[newcomerSet]
	open    atomic.Pointer[openSet]
	habits  atomic.Pointer[habits]
}

// amount is one price of one row.
type amount struct {
	minor int64
	row   uint32
}

// newcomerSet is the newcomers from one place of View.newTo on.
type newcomerSet struct {
	from int
	rows *roaring.Bitmap
}

// habits are what View.Habits gives of a day.
type habits struct {
	day int64
	by  []float32
}

// openSet is the rows between two places of View.opens.
type openSet struct {
	first, end int
	rows       *roaring.Bitmap
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

func newDictionary(canon func(string) string) *dictionary {
	if canon == nil {
		canon = func(s string) string { return s }
	}
	d := &dictionary{canon: canon}
	for i := range d.ids {
		d.ids[i] = map[string]uint32{}
	}
	return d
}

func (d *dictionary) key(dm dim, show string) string {
	if dm == dimSkill {
		return d.canon(show)
	}
	return show
}

// lookup finds a value's id.
func (d *dictionary) lookup(dm dim, show string) (uint32, bool) {
	key := d.key(dm, show)
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, ok := d.ids[dm][key]
	return id, ok
}

// intern finds or makes a value's id.
func (d *dictionary) intern(dm dim, show string) uint32 {
	key := d.key(dm, show)
	d.mu.Lock()
	defer d.mu.Unlock()
	id, ok := d.ids[dm][key]
	switch {
	case ok:
	case dm == dimOwner: // a number space of their own: they are many and have no bitmaps
		id = uint32(len(d.ids[dm]))
		d.ids[dm][key] = id
	default:
		id = uint32(len(d.all))
		d.ids[dm][key] = id
		d.all = append(d.all, value{dm, show})
	}
	return id
}

func (d *dictionary) at(id uint32) value {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.all[id]
}

// values lists the ids of a document's counted values.
func (d *dictionary) values(doc *search.Document) []uint32 {
	out := make([]uint32, 0, 2+len(doc.Skills)+len(doc.Levels)+len(doc.Langs)+len(doc.Formats)+len(doc.Licences)+len(doc.Prices))
	out = append(out, d.intern(dimKind, doc.Kind))
	for _, list := range []struct {
		dim   dim
		words []string
	}{{dimSkill, doc.Skills}, {dimLevel, doc.Levels}, {dimLang, doc.Langs}, {dimFormat, doc.Formats}, {dimLicence, doc.Licences}} {
		for _, w := range list.words {
			out = append(out, d.intern(list.dim, w))
		}
	}
	if doc.Free {
		out = append(out, d.intern(dimFree, "true"))
	}
	for _, p := range doc.Prices {
		out = append(out, d.intern(dimMoney, p.Currency))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tongue says which of the two languages of the board a row is offered in.
type tongue uint8

const (
	tongueEnglish tongue = 1 << iota
	tongueOther          // Russian or any other
)

func tongueOf(langs []string) (t tongue) {
	for _, l := range langs {
		if l == "en" {
			t |= tongueEnglish
		} else {
			t |= tongueOther
		}
	}
	return t
}

// foreignTo is the tongue that somebody who asks in a language (ru or en) may
// not read. Whoever asks in Russian may read another language of the region, so
// only English alone is foreign.
func foreignTo(lang string) (t tongue, ok bool) {
	switch lang {
	case "ru":
		return tongueEnglish, true
	case "en":
		return tongueOther, true
	}
	return 0, false
}

// Foreign tells of rows whether they are offered only in languages that somebody
// who asks in this one may not read. A row that names no language is foreign to
// nobody.
func (v *View) Foreign(lang string) func(row uint32) bool {
	t, ok := foreignTo(lang)
	if !ok {
		return func(uint32) bool { return false }
	}
	tongues := v.tongues
	return func(row uint32) bool { return tongues[row] == t }
}

// KindIDs gives the numbers under which rows know these kinds, for OfKind.
func (v *View) KindIDs(kinds []string) []uint32 {
	var out []uint32
	for _, k := range kinds {
		if id, ok := v.dict.lookup(dimKind, k); ok {
			out = append(out, id)
		}
	}
	return out
}

// OfKind tells whether a row is of one of the kinds.
func (v *View) OfKind(i uint32, ids []uint32) bool { return slices.Contains(ids, v.kinds[i]) }

// IsNew tells whether a row counts as a newcomer at a moment.
func (v *View) IsNew(i uint32, now time.Time) bool { return v.rows[i].NewTo > now.Unix() }

// Len is the number of documents.
func (v *View) Len() int { return int(v.live.GetCardinality()) }

// Rows is one more than the highest row number in use.
func (v *View) Rows() int { return len(v.rows) }

// Row gives a row by its number; nil if it is free.
func (v *View) Row(i uint32) *Row { return v.rows[i] }

// Quality gives the quality of a row.
func (v *View) Quality(i uint32) Quality { return v.quality[i] }

// Habits are, by row, what relevance is multiplied by for the row's quality on a
// unix day. Every search needs them and they change only with the day, so the
// last ones are kept. The caller may not change them.
func (v *View) Habits(day int64) []float32 {
	if kept := v.habits.Load(); kept != nil && kept.day == day {
		return kept.by
	}
	made := &habits{day, make([]float32, len(v.quality))}
	for i, q := range v.quality {
		made.by[i] = float32(rank.Quality(float64(q.Weight), day-int64(q.Active)))
	}
	v.habits.Store(made)
	return made.by
}

// Set collects rows in any order. Make one with NewSet.
type Set []uint64

const setWord = 64

// NewSet makes an empty set for row numbers below rows.
func NewSet(rows int) Set { return make(Set, (rows+setWord-1)/setWord) }

// Add puts a row into the set.
func (s Set) Add(row uint32) { s[row/setWord] |= 1 << (row % setWord) }

// Has tells whether a row is in the set.
func (s Set) Has(row uint32) bool { return s[row/setWord]&(1<<(row%setWord)) != 0 }

// SetOf is the set of a bitmap's rows, all of them below rows.
func SetOf(b *roaring.Bitmap, rows int) Set {
	out := NewSet(rows)
	Each(b, out.Add)
	return out
}

// Each calls with every row of a bitmap, ascending.
func Each(b *roaring.Bitmap, do func(row uint32)) {
	Lists(b, func(rows []uint32) {
		for _, row := range rows {
			do(row)
		}
	})
}

// Lists calls with all rows of a bitmap, ascending, some at a time, since the
// bitmap's own iterator costs more than what is mostly done with a row. The
// caller may not keep them.
func Lists(b *roaring.Bitmap, do func(rows []uint32)) {
	buffer := make([]uint32, 256)
	for it := b.ManyIterator(); ; {
		n := it.NextMany(buffer)
		if n == 0 {
			return
		}
		do(buffer[:n])
	}
}

// List is the set's rows, ascending, in place of what a list held.
func (s Set) List(list []uint32) []uint32 {
	list = list[:0]
	for at, word := range s {
		for ; word != 0; word &= word - 1 {
			list = append(list, uint32(at*setWord+bits.TrailingZeros64(word)))
		}
	}
	return list
}

// Bitmap is the set as a bitmap of its own.
func (s Set) Bitmap() *roaring.Bitmap { return roaring.FromDense(s, true) }
