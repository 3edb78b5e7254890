package bleve

import (
	"math"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
)

// scratch is reused memory of one search.
type scratch struct {
	scores []float32 // by row
	group  []float32 // by row, the best term of the present group
	mass   []float32 // by row, how much of the query it holds
	list   []uint32  // the found rows
}

func (s *scratch) size(n int) {
	if len(s.scores) < n {
		s.scores, s.group, s.mass = make([]float32, n), make([]float32, n), make([]float32, n)
	}
}

// matcher is one text search under way.
type matcher struct {
	*state
	scratch *scratch
	q       *search.Query
	prefer  []string // kinds that stand first
	rows    *roaring.Bitmap
	in      columns.Set // the rows, while they are ranked
	need    [][]lookup  // what ranked the rows
	like    [][]lookup
	shared  []lookup // skills that the best rows share, whose others follow
	partial bool
	whole   float32 // of the query, when rows hold parts of it; else 0
	lang    string  // the query's language, empty if it does not tell
}

// lookup is one term of a group in every segment.
type lookup struct {
	term    string                 // empty for a set of rows
	lists   []segment.PostingsList // by segment; nil for a set of rows
	rows    *roaring.Bitmap        // of a facet's value, instead of a term
	docs    uint64
	factor  float64
	concept bool // a skill's name, as against a word
}

// run finds the rows of a plan and their scores.
func (m *matcher) run(plan norm.Plan) error {
	need, like, err := m.lookups(plan, false)
	if err != nil {
		return err
	}
	m.rows, m.in = m.all(need)
	if m.rows.GetCardinality() < rank.Few && hasWider(plan) {
		wide, _, err := m.lookups(plan, true)
		if err != nil {
			return err
		}
		if rows, in := m.all(wide); !rows.IsEmpty() {
			m.partial = plan.Hunch && rows.GetCardinality() > m.rows.GetCardinality()
			m.rows, m.in, need = rows, in, wide
		}
	}
	full := m.rows.GetCardinality()
	if full < rank.Few && len(need) > 1 && m.q.Sort == search.SortBest {
		more := m.near(need)
		more.AndNot(m.rows)
		m.partial = m.partial || !more.IsEmpty()
		m.rows, m.in = roaring.Or(m.rows, more), nil
	}
	m.need, m.like = need, like
	return m.rank(need, like, full)
}

// isWord tells whether a group stands for a word, as against a skill's name.
func isWord(g []lookup) bool { return !g[0].concept }

func hasWider(plan norm.Plan) bool {
	for _, g := range plan.Need {
		if len(g.Wider) > 0 {
			return true
		}
	}
	return false
}

// lookups reads the posting lists of a plan, with those of narrower skills if
// wider is set.
func (m *matcher) lookups(plan norm.Plan, wider bool) (need, like [][]lookup, err error) {
	dicts := make([]segment.TermDictionary, len(m.segs))
	for i, s := range m.segs {
		if dicts[i], err = s.seg.Segment().Dictionary(fieldText); err != nil {
			return nil, nil, err
		}
	}
	groups := func(from []norm.Group) (out [][]lookup, err error) {
		for _, g := range from {
			if !wider {
				g.Wider = nil
			}
			ls, err := m.group(dicts, g)
			if err != nil {
				return nil, err
			}
			out = append(out, ls)
		}
		return out, nil
	}
	if need, err = groups(plan.Need); err == nil {
		like, err = groups(plan.Like)
	}
	return need, like, err
}

func (m *matcher) group(dicts []segment.TermDictionary, g norm.Group) ([]lookup, error) {
	out := make([]lookup, 0, len(g.Terms)+len(g.Maybe)+len(g.Wider))
	for _, part := range []struct {
		terms  []string
		factor float64
	}{{g.Terms, 1}, {g.Maybe, rank.Maybe}, {g.Wider, rank.Wider}} {
		for _, t := range part.terms {
			l, err := m.lookup(dicts, t, part.factor)
			if err != nil {
				return nil, err
			}
			out = append(out, l)
		}
	}
	if g.Or != nil {
		out = append(out, lookup{rows: m.view.Having(g.Or.Facet, g.Or.Value)})
	}
	return out, nil
}

func (m *matcher) lookup(dicts []segment.TermDictionary, term string, factor float64) (lookup, error) {
	l := lookup{term: term, lists: make([]segment.PostingsList, len(dicts)), factor: factor, concept: strings.HasPrefix(term, norm.ConceptMark)}
	for i, d := range dicts {
		list, err := d.PostingsList([]byte(term), m.segs[i].deleted(), nil)
		if err != nil {
			return l, err
		}
		l.lists[i] = list
		l.docs += list.Count()
	}
	return l, nil
}

// docsOf is the set of documents of a segment that one of the terms matches.
func (m *matcher) docsOf(group []lookup, seg int) *roaring.Bitmap {
	var out *roaring.Bitmap
	shared := false // out belongs to the index and must not change
	for _, l := range group {
		set, own := m.docSet(l, seg)
		switch {
		case set == nil || set.IsEmpty():
		case out == nil:
			out, shared = set, !own
		case shared:
			out, shared = roaring.Or(out, set), false
		default:
			out.Or(set)
		}
	}
	if out == nil {
		return roaring.New()
	}
	return out
}

// docSet is the set of a lookup in a segment; own tells that it may be changed.
func (m *matcher) docSet(l lookup, seg int) (set *roaring.Bitmap, own bool) {
	if l.rows != nil {
		return m.segs[seg].docs(l.rows), true
	}
	it, ok := l.lists[seg].Iterator(false, false, false, nil).(segment.OptimizablePostingsIterator)
	if !ok {
		return nil, false
	}
	if num, one := it.DocNum1Hit(); one {
		if num > math.MaxUint32 {
			return nil, false
		}
		return roaring.BitmapOf(uint32(num)), true
	}
	return it.ActualBitmap(), false
}

// all is the set of rows that match every group.
func (m *matcher) all(groups [][]lookup) (*roaring.Bitmap, columns.Set) {
	out := columns.NewSet(m.view.Rows())
	for seg, s := range m.segs {
		docs := m.docsOf(groups[0], seg)
		for _, g := range groups[1:] {
			if docs.IsEmpty() {
				break
			}
			docs = roaring.And(docs, m.docsOf(g, seg))
		}
		columns.Lists(docs, func(docs []uint32) {
			for _, doc := range docs {
				if row := s.rows[doc]; row != noRow {
					out.Add(row)
				}
			}
		})
	}
	return out.Bitmap(), out
}

// near is the set of rows that match the telling groups: those whose rarity
// together is a good part of all.
func (m *matcher) near(groups [][]lookup) *roaring.Bitmap {
	m.scratch.size(m.view.Rows())
	mass := m.scratch.mass
	clear(mass)
	whole := float32(0)
	for _, g := range groups {
		docs := uint64(0)
		for _, l := range g {
			docs += l.docs
		}
		if docs == 0 {
			continue // a word that nobody wrote tells nothing
		}
		worth := float32(m.idf(docs))
		if g[0].concept {
			worth *= rank.ConceptWorth
		}
		whole += worth
		for seg, s := range m.segs {
			columns.Each(m.docsOf(g, seg), func(doc uint32) {
				if row := s.rows[doc]; row != noRow {
					mass[row] += worth
				}
			})
		}
	}
	out := columns.NewSet(m.view.Rows())
	m.whole = whole
	for row, worth := range mass[:m.view.Rows()] {
		if worth > 0 && worth >= whole*rank.Near {
			out.Add(uint32(row))
		}
	}
	return out.Bitmap()
}

// idf is the rarity of a word that n documents hold.
func (m *matcher) idf(n uint64) float64 {
	return rank.Rarity(float64(m.docs), float64(n))
}

// rank scores the matched rows.
func (m *matcher) rank(need, like [][]lookup, full uint64) error {
	if m.q.Sort != search.SortBest || m.rows.IsEmpty() {
		return nil
	}
	if m.in == nil {
		m.in = columns.SetOf(m.rows, m.view.Rows())
	}
	m.scratch.size(m.view.Rows())
	clear(m.scratch.scores)
	for _, g := range need {
		if err := m.rankGroup(g, 1); err != nil {
			return err
		}
	}
	for _, g := range like {
		if err := m.rankGroup(g, rank.Soft); err != nil {
			return err
		}
	}
	if full < rank.Few && (full == 0 || len(need) > 1) && slices.ContainsFunc(need, isWord) {
		if err := m.addKin(); err != nil {
			return err
		}
	}
	m.weigh()
	return nil
}

// weigh adds to the relevance of rows what is not in their text.
func (m *matcher) weigh() {
	prefer := m.view.KindIDs(m.prefer)
	foreign, habits := m.view.Foreign(m.lang), m.view.Habits(m.q.Now.Unix()/secondsPerDay)
	scores := m.scratch.scores
	m.scratch.list = m.in.List(m.scratch.list)
	for _, i := range m.scratch.list {
		v := (scores[i] + rank.Base) * habits[i]
		if foreign(i) {
			v *= rank.Foreign
		}
		if len(prefer) > 0 && m.view.OfKind(i, prefer) {
			v *= rank.Preferred
		}
		if m.whole > 0 {
			v *= m.scratch.mass[i] / m.whole
		}
		scores[i] = v
	}
}

// rankGroup adds the best term of a group to every row's score: alternatives
// are not summed, else a word with synonyms outweighs one without.
func (m *matcher) rankGroup(group []lookup, part float64) error {
	if len(group) == 1 {
		return m.rankTerm(group[0], part, m.scratch.scores, true)
	}
	into := m.scratch.group
	clear(into)
	for _, l := range group {
		if err := m.rankTerm(l, part, into, false); err != nil {
			return err
		}
	}
	for i, v := range into[:m.view.Rows()] {
		m.scratch.scores[i] += v
	}
	return nil
}

// rankTerm puts what a term is worth to each row into a list: added to what
// stands there, or in its place if it is more.
func (m *matcher) rankTerm(l lookup, part float64, into []float32, add bool) error {
	if l.term == "" || l.docs == 0 { // what strangers make up must not fill the memory of postings
		return nil
	}
	var worth [256]float32 // by frequency
	rarity := part * l.factor * m.idf(l.docs)
	for f := range worth {
		worth[f] = float32(rank.Term(rarity, float64(f)))
	}
	for _, s := range m.segs {
		p, err := m.gen.postings.of(s, l.term)
		if err != nil {
			return err
		}
		gone := s.deleted() // its row may belong to another document by now
		for k, d := range p.docs {
			row := s.rows[d]
			if row == noRow || !m.in.Has(row) || gone != nil && gone.Contains(d) {
				continue
			}
			if v := worth[p.freqs[k]]; add {
				into[row] += v
			} else {
				into[row] = max(into[row], v)
			}
		}
	}
	return nil
}

// found is what the text found. In another order than by best nothing was
// ranked, and what the scratch holds is of another search.
func (m *matcher) found() *columns.Found {
	if m.q.Sort != search.SortBest || m.rows.IsEmpty() {
		return &columns.Found{Rows: m.rows}
	}
	return &columns.Found{Rows: m.rows, List: m.scratch.list, Scores: m.scratch.scores}
}

// score is the relevance of a matched row.
func (m *matcher) score(i uint32) float64 {
	if m.q.Sort != search.SortBest {
		return 0
	}
	return float64(m.scratch.scores[i])
}
