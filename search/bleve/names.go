package bleve

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// nameEntry is one place in a name where typing may begin: the start of a word.
type nameEntry struct {
	key   string // folded, from this word on
	row   uint32
	doc   *search.Document // as the columns held it: else the entry is out of date
	start bool             // the key is the whole name
}

// names finds documents by the beginning of a name. The base is sorted when it
// is first asked for; what changes later waits in a short list beside it.
type names struct {
	once  *sync.Once
	base  *[]nameEntry
	from  *columns.View // what base is made from
	extra []nameEntry
}

// extraLimit is how many entries wait before they are sorted in.
const extraLimit = 4096

func newNames(v *columns.View) names {
	return names{once: &sync.Once{}, base: new([]nameEntry), from: v}
}

// with gives the names after a batch. Earlier ones stay as they are.
func (n names) with(v *columns.View, rows []uint32) names {
	for _, i := range rows {
		n.extra = appendEntries(n.extra, v, i)
	}
	if len(n.extra) > extraLimit {
		return newNames(v)
	}
	return n
}

func (n names) sorted() []nameEntry {
	n.once.Do(func() {
		var all []nameEntry
		for i := range n.from.Rows() {
			all = appendEntries(all, n.from, uint32(i))
		}
		slices.SortFunc(all, func(a, b nameEntry) int {
			return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.row, b.row))
		})
		*n.base = all
	})
	return *n.base
}

// appendEntries adds the entries of a row: every word of its title and author,
// and the owner's handle.
func appendEntries(to []nameEntry, v *columns.View, i uint32) []nameEntry {
	row := v.Row(i)
	if row == nil {
		return to
	}
	const most = 12 // words of one name
	title := taxonomy.Fold(row.Doc.Title)
	add := func(name string) {
		for at, words := 0, 0; words < most; words++ {
			to = append(to, nameEntry{name[at:], i, row.Doc, at == 0})
			next := strings.IndexAny(name[at:], " -")
			if next < 0 || at+next+1 >= len(name) {
				break
			}
			at += next + 1
		}
	}
	if title != "" {
		add(title)
	}
	if isPerson(row.Doc.Kind) && row.Doc.Owner != "" && row.Doc.Owner != title {
		add(taxonomy.Fold(row.Doc.Owner))
	}
	return to
}

// isPerson tells kinds that stand for somebody from those that are something.
func isPerson(kind string) bool { return kind == "tutor" || kind == "creator" }

// scanLimit bounds how many entries of one prefix are weighed: under a single
// letter stands half the catalogue.
const scanLimit = 2000

// find gives the best documents whose name begins so, each owner once.
func (n names) find(v *columns.View, prefix string, limit int) []*search.Document {
	base := n.sorted()
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
		key := suggestion(e.doc).Type + suggestion(e.doc).Value
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
