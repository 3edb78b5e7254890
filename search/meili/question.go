package meili

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
)

// question is a text as the server is asked: which documents match, cut into
// tiles of which each is ordered by the server on its own.
type question struct {
	set     string // empty: there is no text
	tiles   []tile
	partial bool
	scorer  *scorer // gives the first hits their order; nil: there is no text
}

// tile is a part of what matches. Tiles of a question never overlap.
type tile struct {
	says  string // filter
	words string // that the server orders by; empty: by quality alone
}

// tiles cuts a set by its most telling group: what holds the asked word of it
// is ordered by the other asked words too, what holds only another of its words
// by quality. Where not every group must be held, what is left is cut by the
// next group.
func (l *lexicon) tiles(set string, groups []weighed, all bool) []tile {
	var out []tile
	groups = byWorth(groups)
	rest := set
	for i, w := range groups {
		if w.part < 1 || i > 0 && all {
			break
		}
		asked := l.asked(w.group)
		words := []string{token(asked)}
		for _, also := range groups[i+1:] {
			words = append(words, token(l.asked(also.group)))
		}
		has := in("t", tokens([]string{asked}))
		out = append(out, tile{both(rest, has), sentence(words)})
		if len(w.options) > 1 || w.group.Or != nil {
			out = append(out, tile{both(rest, holds(w.group), not(has)), ""})
		}
		rest = both(rest, not(holds(w.group)))
	}
	return out
}

// asked is the word of a group that most likely stands in documents.
func (l *lexicon) asked(g norm.Group) string {
	for _, t := range g.Terms {
		if l.words.Docs(t) > 0 {
			return t
		}
	}
	return g.Terms[0]
}

// sentence is a query text, the most telling word first, since the server drops
// words from the end. The blank at its end says that the last word is whole.
func sentence(words []string) string {
	var b strings.Builder
	for _, w := range words {
		if w != "" {
			b.WriteString(w + " ")
		}
	}
	return b.String()
}

// prefer cuts tiles once more, so that some kinds are among the first of the server.
func prefer(tiles []tile, kinds []string) []tile {
	if len(kinds) == 0 {
		return tiles
	}
	first := in("kind", values(kinds))
	out := make([]tile, 0, 2*len(tiles))
	for _, t := range tiles {
		out = append(out, tile{both(t.says, first), t.words}, tile{both(t.says, not(first)), t.words})
	}
	return out
}

// combinations lists the choices of k out of n, as bit sets.
func combinations(n, k int) []uint {
	var out []uint
	for set := range uint(1) << n {
		if bits.OnesCount(set) == k {
			out = append(out, set)
		}
	}
	return out
}

// ranked asks for the first hits of a tile in the server's order.
func (e *Engine) ranked(t tile, filter string, offset, limit int) *meilisearch.SearchRequest {
	r := &meilisearch.SearchRequest{IndexUID: e.live(), Filter: both(filter, t.says), Offset: int64(offset), Limit: int64(limit), AttributesToRetrieve: rowFields[:]}
	if t.words == "" {
		r.Sort = byBest[:]
		return r
	}
	r.Query, r.MatchingStrategy, r.AttributesToSearchOn = t.words, meilisearch.Last, searched[:]
	return r
}

// The orders of the server, and what a hit must carry to be ranked.
var (
	byBest     = [...]string{"best:desc", "created:desc", "ref:asc"}
	byNew      = [...]string{"created:desc", "ref:asc"}
	byRef      = [...]string{"ref:asc"}
	rowFields  = [...]string{"kind", "key"}
	rankFields = [...]string{"kind", "key", "weight", "active", "newto", "lang", "f"}
	nearFields = [...]string{"kind", "key", "weight", "active", "newto", "lang", "level", "format", "f", "t"}
)

// row is a hit as it came.
type row struct {
	search.Ref
	weight float64
	active int64
	newTo  int64
	least  map[string]int64
	lang   []string
	level  []string
	format []string
	freq   map[string]int
	terms  []string
	score  float64
	tile   int
}

// values are a hit's values of a facet that a cue may name.
func (r row) values(facet string) []string {
	switch facet {
	case search.FacetLevel:
		return r.level
	case search.FacetLang:
		return r.lang
	case search.FacetFormat:
		return r.format
	case search.FacetKind:
		return []string{r.Kind}
	}
	return nil
}

func readRow(h meilisearch.Hit) (r row, err error) {
	freq := ""
	for name, into := range map[string]any{"kind": &r.Kind, "key": &r.ID, "weight": &r.weight, "active": &r.active, "newto": &r.newTo,
		"least": &r.least, "lang": &r.lang, "level": &r.level, "format": &r.format, "f": &freq, "t": &r.terms} {
		if err = part(h, name, into); err != nil {
			return r, err
		}
	}
	r.freq = readFreq(freq)
	return r, nil
}

func readRows(a meilisearch.SearchResponse) ([]row, error) {
	out := make([]row, len(a.Hits))
	for i, h := range a.Hits {
		var err error
		if out[i], err = readRow(h); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// weighAll looks up what groups are worth.
func (l *lexicon) weighAll(need, like []norm.Group, wider bool) (all, needed []weighed) {
	for _, g := range need {
		needed = append(needed, l.weigh(g, wider, 1))
	}
	all = slices.Clone(needed)
	for _, g := range like {
		all = append(all, l.weigh(g, false, rank.Soft))
	}
	return all, needed
}
