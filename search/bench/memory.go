package bench

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// memory is the least that must be done: posting lists, bit sets and sorted
// lists in plain slices, no files, no changes, no corrections of what it was
// told. What an index costs beyond it is the price of being one.
type memory struct {
	norm  *norm.Normaliser
	rows  int
	lists map[string]*postings
	near  map[string][]string // terms by what is left of them without one letter
	names []nameAt            // sorted
	facts [][]uint16          // values by row
	value map[string]uint16   // "dim:value"
	dim   []string            // by value
	sets  [][]uint64          // rows by value
	kinds map[string][]uint32 // rows by quality
}

// postings are the rows that hold a term, ascending, and how often.
type postings struct {
	rows  []uint32
	freqs []uint8
}

type nameAt struct {
	key string
	row uint32
}

func newMemory(tax *taxonomy.Taxonomy) *memory {
	return &memory{norm: norm.New(tax), lists: map[string]*postings{}, near: map[string][]string{},
		value: map[string]uint16{}, kinds: map[string][]uint32{}}
}

func (m *memory) build(ctx context.Context, c *corpus) error {
	m.rows = c.docs
	weight := make([]float64, c.docs)
	for i := range c.docs {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc := c.document(i)
		row := uint32(i)
		m.addText(row, &doc)
		m.addFacts(row, &doc)
		for at, word := range strings.Fields(taxonomy.Fold(doc.Title)) {
			if at < 3 {
				m.names = append(m.names, nameAt{word, row})
			}
		}
		weight[i] = doc.Weight
		m.kinds[doc.Kind] = append(m.kinds[doc.Kind], row)
	}
	slices.SortFunc(m.names, func(a, b nameAt) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) })
	for _, rows := range m.kinds {
		slices.SortFunc(rows, func(a, b uint32) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a, b)) })
	}
	for term := range m.lists {
		for _, rest := range without(term) {
			m.near[rest] = append(m.near[rest], term)
		}
	}
	return nil
}

func (m *memory) addText(row uint32, doc *search.Document) {
	freq := map[string]int{}
	for text, w := range map[string]int{doc.Title: 10, doc.Lead: 3, doc.Body: 1} {
		for _, t := range m.norm.Terms(text, norm.Heading) {
			freq[t.Text] += w
		}
	}
	for _, s := range doc.Skills {
		freq[norm.ConceptMark+s] += 8
	}
	for term, n := range freq {
		l := m.lists[term]
		if l == nil {
			l = &postings{}
			m.lists[term] = l
		}
		l.rows, l.freqs = append(l.rows, row), append(l.freqs, uint8(min(n, math.MaxUint8)))
	}
}

func (m *memory) addFacts(row uint32, doc *search.Document) {
	var vals []uint16
	add := func(dim string, values ...string) {
		for _, v := range values {
			id, ok := m.value[dim+":"+v]
			if !ok {
				id = uint16(len(m.dim))
				m.value[dim+":"+v] = id
				m.dim = append(m.dim, dim)
				m.sets = append(m.sets, make([]uint64, (m.rows+63)/64))
			}
			m.sets[id][row/64] |= 1 << (row % 64)
			if !slices.Contains(vals, id) {
				vals = append(vals, id)
			}
		}
	}
	add("kind", doc.Kind)
	add("skill", doc.Skills...)
	add("level", doc.Levels...)
	add("lang", doc.Langs...)
	add("format", doc.Formats...)
	if doc.Free {
		add("free", "true")
	}
	m.facts = append(m.facts, vals)
}

// without is a word and everything that is left of it without one letter.
func without(word string) []string {
	r := []rune(word)
	out := []string{word}
	for i := range r {
		out = append(out, string(r[:i])+string(r[i+1:]))
	}
	return out
}

func (m *memory) ask(_ context.Context, q question) (int, error) {
	switch q.class {
	case classPrefix:
		return m.begins(taxonomy.Fold(q.text)), nil
	case classBrowse:
		return m.browse(q), nil
	}
	return m.search(q), nil
}

func (m *memory) begins(prefix string) int {
	at, _ := slices.BinarySearchFunc(m.names, prefix, func(n nameAt, p string) int { return strings.Compare(n.key, p) })
	hits := 0
	for at+hits < len(m.names) && hits < suggestions && strings.HasPrefix(m.names[at+hits].key, prefix) {
		hits++
	}
	return hits
}

// search intersects the lists of all terms, from the shortest on, and keeps the best page.
func (m *memory) search(q question) int {
	var lists []*postings
	for _, t := range m.norm.Terms(q.text, norm.Heading) {
		l := m.lists[t.Text]
		if l == nil {
			if l = m.nearest(t.Text); l == nil {
				return 0
			}
		}
		lists = append(lists, l)
	}
	if len(lists) == 0 {
		return 0
	}
	slices.SortFunc(lists, func(a, b *postings) int { return cmp.Compare(len(a.rows), len(b.rows)) })
	rows, scores := slices.Clone(lists[0].rows), m.scores(lists[0])
	for _, l := range lists[1:] {
		rows, scores = intersect(rows, scores, l, m.scores(l))
	}
	if q.facets {
		rows, scores = m.count(q, rows, scores)
	}
	_ = best(rows, scores)
	return len(rows)
}

func (m *memory) nearest(term string) (found *postings) {
	for _, rest := range without(term) {
		for _, t := range m.near[rest] {
			if l := m.lists[t]; found == nil || len(l.rows) > len(found.rows) {
				found = l
			}
		}
	}
	return found
}

func (m *memory) scores(l *postings) []float32 {
	const saturation = 6
	idf := float32(math.Log(1 + float64(m.rows)/float64(len(l.rows))))
	out := make([]float32, len(l.rows))
	for i, f := range l.freqs {
		out[i] = idf * float32(f) / (float32(f) + saturation)
	}
	return out
}

// intersect keeps the rows that l holds too, and adds its scores.
func intersect(rows []uint32, scores []float32, l *postings, more []float32) ([]uint32, []float32) {
	n, at := 0, 0
	for i, row := range rows {
		step, found := slices.BinarySearch(l.rows[at:], row)
		if at += step; found {
			rows[n], scores[n] = row, scores[i]+more[at]
			n++
		}
	}
	return rows[:n], scores[:n]
}

// count applies the filters and counts every facet under the others: a row
// that fails one filter counts for that facet alone.
func (m *memory) count(q question, rows []uint32, scores []float32) ([]uint32, []float32) {
	counts := make([]int, len(m.dim))
	filters := []struct{ dim, value string }{{"kind", q.kind}, {"lang", q.lang}, {"format", q.format}}
	n := 0
	for i, row := range rows {
		failed, where := 0, ""
		for _, f := range filters {
			if f.value != "" && !slices.Contains(m.facts[row], m.value[f.dim+":"+f.value]) {
				failed, where = failed+1, f.dim
			}
		}
		if failed > 1 {
			continue
		}
		for _, v := range m.facts[row] {
			if failed == 0 || m.dim[v] == where {
				counts[v]++
			}
		}
		if failed == 0 {
			rows[n], scores[n] = row, scores[i]
			n++
		}
	}
	return rows[:n], scores[:n]
}

// browse counts by bit sets and takes a page of a list that is sorted already.
func (m *memory) browse(q question) int {
	mine := m.sets[m.value["kind:"+q.kind]]
	counts := make([]int, len(m.dim))
	for v, set := range m.sets {
		for i, word := range set {
			if m.dim[v] != "kind" {
				word &= mine[i]
			}
			counts[v] += bits.OnesCount64(word)
		}
	}
	rows := m.kinds[q.kind]
	_ = slices.Clone(rows[min(q.offset, len(rows)):min(q.offset+pageSize, len(rows))])
	return len(rows)
}

// best keeps the first page by score, by insertion into a short list.
func best(rows []uint32, scores []float32) []int {
	page := make([]int, 0, pageSize+1)
	for i := range rows {
		if len(page) == pageSize && scores[i] <= scores[page[pageSize-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(page, scores[i], func(p int, s float32) int { return cmp.Compare(s, scores[p]) })
		page = slices.Insert(page, at, i)
		page = page[:min(len(page), pageSize)]
	}
	return page
}

func (m *memory) bytes() int64 { return 0 }

func (m *memory) close() error { return nil }
