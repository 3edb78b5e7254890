package meili

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
)

// option is one term that a group may be held by.
type option struct {
	token  string
	factor float64
	idf    float64
}

// weighed is a group with what its terms are worth.
type weighed struct {
	group   norm.Group
	options []option
	worth   float64 // of the group in a query that is held in part
	part    float64 // of its points
}

// scorer gives hits their score.
type scorer struct {
	query  *search.Query
	groups []weighed
	prefer []string // kinds that stand first
	lang   string   // the query's language, empty if it does not tell
	whole  float64  // worth of the whole query, when hits hold parts of it; else 0
}

// asksTerms tells whether hits must carry all their terms to be scored: else
// what does not stand in their frequencies stands once in them, as it matched.
func (s *scorer) asksTerms() bool {
	return s.whole > 0 || slices.ContainsFunc(s.groups, func(w weighed) bool { return w.part < 1 || len(w.options) > 1 || w.group.Or != nil })
}

// weigh looks up what the terms of a group are worth.
func (l *lexicon) weigh(g norm.Group, wider bool, part float64) weighed {
	w := weighed{group: g, part: part}
	if !wider {
		w.group.Wider = nil
	}
	docs := 0
	for _, of := range []struct {
		terms  []string
		factor float64
	}{{w.group.Terms, 1}, {w.group.Maybe, rank.Maybe}, {w.group.Wider, rank.Wider}} {
		for _, t := range of.terms {
			n := l.words.Docs(t)
			docs += n
			w.options = append(w.options, option{token(t), of.factor, l.idf(n)})
		}
	}
	if docs > 0 { // a word that nobody wrote tells nothing
		w.worth = l.idf(docs)
		if strings.HasPrefix(g.Terms[0], norm.ConceptMark) {
			w.worth *= rank.ConceptWorth
		}
	}
	return w
}

// idf is the rarity of a term that n documents hold. Counts may be a little
// high, as words outlive their documents.
func (l *lexicon) idf(n int) float64 {
	docs := max(l.docs, n)
	return rank.Rarity(float64(docs), float64(n))
}

// points is what a hit gets for a group: its best term counts. found says that
// it must hold the group.
func (w weighed) points(r row, found bool) float64 {
	best := 0.0
	for _, o := range w.options {
		f := float64(r.freq[o.token])
		if f == 0 && (found && len(w.options) == 1 && w.group.Or == nil || slices.Contains(r.terms, o.token)) {
			f = 1
		}
		best = max(best, rank.Term(o.factor*o.idf, f))
	}
	return w.part * best
}

// held tells whether a hit, which came with its terms, holds a group.
func (w weighed) held(r row) bool {
	for _, o := range w.options {
		if r.freq[o.token] > 0 || slices.Contains(r.terms, o.token) {
			return true
		}
	}
	return w.group.Or != nil && slices.Contains(r.values(w.group.Or.Facet), w.group.Or.Value)
}

// score is the relevance of a hit with its quality and freshness.
func (s *scorer) score(r row) float64 {
	text, mass := 0.0, 0.0
	for _, w := range s.groups {
		text += w.points(r, w.part == 1 && s.whole == 0)
		if s.whole > 0 && w.part == 1 && w.held(r) {
			mass += w.worth
		}
	}
	like := 1.0
	if slices.Contains(s.prefer, r.Kind) {
		like = rank.Preferred
	}
	if s.query.Text != "" && foreign(s.lang, r.lang) {
		like *= rank.Foreign
	}
	if s.whole > 0 {
		like *= mass / s.whole
	}
	return like * (text + rank.Base) * s.quality(r)
}

// quality is what a listing's habits multiply its relevance by.
func (s *scorer) quality(r row) float64 {
	return rank.Quality(r.weight, day(s.query.Now)-r.active)
}

// foreign tells that what is asked in one language is offered in others only.
func foreign(asked string, offered []string) bool {
	if asked == "" || len(offered) == 0 {
		return false
	}
	if asked == "ru" { // whoever asks in Cyrillic may read another language of it
		return !slices.ContainsFunc(offered, func(l string) bool { return l != "en" })
	}
	return !slices.Contains(offered, asked)
}

// near says that a document holds telling groups: those whose worth together
// is a good part of all. Empty when no group tells anything.
func near(groups []weighed) (says string, whole float64) {
	for _, w := range groups {
		whole += w.worth
	}
	var sets []uint // the smallest that are enough
	for size := 1; size <= len(groups); size++ {
		for _, set := range combinations(len(groups), size) {
			worth, useless := 0.0, slices.ContainsFunc(sets, func(less uint) bool { return less&set == less })
			for i, w := range groups {
				if set&(1<<i) != 0 {
					worth += w.worth
					useless = useless || w.worth == 0
				}
			}
			if !useless && worth >= whole*rank.Near {
				sets = append(sets, set)
			}
		}
	}
	if whole == 0 {
		return "", 0
	}
	parts := make([]string, len(sets))
	for i, set := range sets {
		var all []string
		for k, w := range groups {
			if set&(1<<k) != 0 {
				all = append(all, holds(w.group))
			}
		}
		parts[i] = both(all...)
	}
	return either(parts...), whole
}

// byWorth orders groups so that the most telling of those that must be held
// stands first.
func byWorth(groups []weighed) []weighed {
	out := slices.Clone(groups)
	slices.SortStableFunc(out, func(x, y weighed) int { return cmp.Or(cmp.Compare(y.part, x.part), cmp.Compare(y.worth, x.worth)) })
	return out
}

// readFreq reads the weighted frequencies that a document carries.
func readFreq(text string) map[string]int {
	out := map[string]int{}
	for _, entry := range strings.Fields(text) {
		term, count, _ := strings.Cut(entry, ":")
		if n, err := strconv.Atoi(count); err == nil {
			out[term] = n
		}
	}
	return out
}
