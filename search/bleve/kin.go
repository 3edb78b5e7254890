package bleve

import (
	"cmp"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	segment "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
)

// Where few hold the words that were typed, what the best of them have in
// common tells what was meant: others of these skills follow them. It is
// relevance feedback without anybody's clicks (Rocchio 1971), over skills alone.
const (
	kinFrom  = 6   // the best rows that are asked
	kinMost  = 2   // skills
	kinShare = 0.4 // of the best rows' weight that must have a skill
	kinPart  = 0.3 // worth of such a skill beside a word that was typed
)

// addKin adds rows of the skills that the best rows share.
func (m *matcher) addKin() error {
	for _, skill := range m.kin() {
		l, err := m.termOf(norm.ConceptMark + skill)
		if err != nil {
			return err
		}
		rows, _ := m.all([][]lookup{{l}})
		if m.whole > 0 {
			for it := rows.Iterator(); it.HasNext(); {
				i := it.Next()
				m.scratch.mass[i] = max(m.scratch.mass[i], rank.Near*m.whole)
			}
		}
		all := roaring.Or(m.rows, rows)
		m.partial = m.partial || all.GetCardinality() > m.rows.GetCardinality()
		m.rows, m.shared = all, append(m.shared, l)
		m.in = columns.SetOf(m.rows, m.view.Rows())
		if err := m.rankTerm(l, kinPart, m.scratch.scores, true); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) termOf(term string) (lookup, error) {
	dicts := make([]segment.TermDictionary, len(m.segs))
	for i, s := range m.segs {
		var err error
		if dicts[i], err = s.seg.Segment().Dictionary(fieldText); err != nil {
			return lookup{}, err
		}
	}
	return m.lookup(dicts, term, 1)
}

// kin lists the skills that the best rows share, the most telling first.
func (m *matcher) kin() []string {
	worth := func(i uint32) float32 {
		if m.whole > 0 {
			return m.scratch.scores[i] * m.scratch.mass[i]
		}
		return m.scratch.scores[i]
	}
	best := make([]uint32, 0, kinFrom+1)
	for it := m.rows.Iterator(); it.HasNext(); {
		i := it.Next()
		at, _ := slices.BinarySearchFunc(best, i, func(a, b uint32) int { return cmp.Or(cmp.Compare(worth(b), worth(a)), cmp.Compare(a, b)) })
		if at < kinFrom {
			best = slices.Insert(best, at, i)
			best = best[:min(len(best), kinFrom)]
		}
	}
	whole, shares := float32(0), map[string]float32{}
	for _, i := range best {
		whole += worth(i)
		for _, s := range m.view.Row(i).Doc.Skills {
			shares[s] += worth(i)
		}
	}
	var out []string
	for s, share := range shares {
		if share >= kinShare*whole && len(best) > 1 {
			out = append(out, s)
		}
	}
	tells := func(s string) float64 { return float64(shares[s]) * m.idf(uint64(m.view.SkillCount(s))) }
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(tells(b), tells(a)), cmp.Compare(a, b)) })
	return out[:min(len(out), kinMost)]
}
