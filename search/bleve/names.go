package bleve

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/reading"
)

// nameEntry is one place in a name where typing may begin: the start of a word.
type nameEntry struct {
	key   string // folded, from this word on
	row   uint32
	doc   *search.Document // as the columns held it: else the entry is out of date
	start bool             // the key is the whole name
}

// names finds documents by the beginning of a name: a sorted base, and what
// changed since in a short list beside it.
type names struct {
	base  *nameBase
	extra []nameEntry
}

// nameBase is the sorted entries of one view. A large one is sorted in the
// background; until then the one before it answers.
type nameBase struct {
	small bool
	once  sync.Once
	from  *columns.View // guarded by once, nil afterwards
	ready atomic.Bool
	held  atomic.Pointer[[]nameEntry] // of the view when ready, else of the one before
}

const (
	extraLimit = 4096 // entries that wait before all are sorted anew
	smallBase  = 5000 // rows that are sorted while somebody waits
)

func newNames(v *columns.View, before names) names {
	b := &nameBase{from: v, small: v.Rows() <= smallBase}
	var old []nameEntry
	if before.base != nil && !b.small {
		old = slices.Concat(before.base.entries(), before.extra)
		slices.SortFunc(old, nameEntry.compare)
	}
	b.held.Store(&old)
	return names{base: b}
}

// with gives the names after a batch. Earlier ones stay as they are.
func (n names) with(v *columns.View, rows []uint32) names {
	for _, i := range rows {
		n.extra = appendEntries(n.extra, v, i)
	}
	if len(n.extra) > extraLimit {
		return newNames(v, n)
	}
	return n
}

func (e nameEntry) compare(other nameEntry) int {
	return cmp.Or(strings.Compare(e.key, other.key), cmp.Compare(e.row, other.row))
}

// entries are the sorted entries, or for a short while those of before.
func (b *nameBase) entries() []nameEntry {
	if b.small {
		b.sort()
	}
	return *b.held.Load()
}

func (b *nameBase) sort() {
	b.once.Do(func() {
		const wordsPerRow = 4
		all := make([]nameEntry, 0, wordsPerRow*b.from.Len())
		for i := range b.from.Rows() {
			all = appendEntries(all, b.from, uint32(i))
		}
		slices.SortFunc(all, nameEntry.compare)
		b.held.Store(&all)
		b.ready.Store(true)
		b.from = nil // an old view is as large as the board
	})
}

// appendEntries adds the entries of a row: every word of its title and author,
// and the owner's handle.
func appendEntries(to []nameEntry, v *columns.View, i uint32) []nameEntry {
	row := v.Row(i)
	if row == nil {
		return to
	}
	reading.NameKeys(row.Doc.Kind, row.Doc.Title, row.Doc.Owner, func(key string, whole bool) {
		to = append(to, nameEntry{key, i, row.Doc, whole})
	})
	return to
}

// scanLimit bounds how many entries of one prefix are weighed: under a single
// letter stands half the catalogue.
const scanLimit = 2000

// find gives the best documents whose name begins so, each owner once.
func (n names) find(v *columns.View, prefix string, limit int) []*search.Document {
	base := n.base.entries()
	at, _ := slices.BinarySearchFunc(base, prefix, func(e nameEntry, p string) int { return strings.Compare(e.key, p) })
	var found []nameEntry
	for _, e := range base[at:min(len(base), at+scanLimit)] {
		if !strings.HasPrefix(e.key, prefix) {
			break
		}
		found = append(found, e)
	}
	for _, e := range n.extra {
		if strings.HasPrefix(e.key, prefix) {
			found = append(found, e)
		}
	}
	found = slices.DeleteFunc(found, func(e nameEntry) bool {
		return int(e.row) >= v.Rows() || v.Row(e.row) == nil || v.Row(e.row).Doc != e.doc
	})
	slices.SortFunc(found, func(a, b nameEntry) int {
		return cmp.Or(startFirst(a, b), cmp.Compare(v.Quality(b.row).Weight, v.Quality(a.row).Weight), v.ByRef(a.row, b.row))
	})
	var out []*search.Document
	seen := map[string]bool{}
	for _, e := range found {
		of := reading.Suggestion(e.doc)
		key := of.Type + of.Value
		if len(out) < limit && !seen[key] {
			seen[key] = true
			out = append(out, e.doc)
		}
	}
	return out
}

func startFirst(a, b nameEntry) int {
	switch {
	case a.start == b.start:
		return 0
	case a.start:
		return -1
	}
	return 1
}
