package meili

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// The shape of relevance beside the server's own score.
const (
	maybeFactor   = 0.5  // for what holds only another word than the asked one
	preferFactor  = 4    // for the kinds that a text asks for
	weightPart    = 0.2  // what the whole of quality adds
	freshPart     = 0.15 // what activity today adds
	freshDays     = 90
	basePart      = 0.01 // keeps quality in the order of hits that hold no asked word
	relaxFraction = 3    // of n words at least n/3 must be found
	fewHits       = 10   // under which a wide word also finds what stands under it
)

// question is a text as the server is asked: which documents match, cut into
// tiles that are ranked each by words of its own.
type question struct {
	set     string // empty: there is no text
	tiles   []tile
	partial bool
}

// tile is a part of what matches. Tiles of a question never overlap.
type tile struct {
	says   string // filter
	words  string // ranked by; empty: by quality alone
	weight float64
}

// ask makes the question of a plan: every group must match, by narrower skills
// too if wider is set.
func (p *planner) ask(need, like []norm.Group, wider bool) question {
	says := make([]string, len(need))
	for i, g := range need {
		says[i] = holds(g, wider)
	}
	set := both(says...)
	return question{set: set, tiles: p.prefer(p.tiles(need, like, wider, set))}
}

// planner makes questions.
type planner struct {
	words norm.Words
	kinds []string // that stand first
}

// tiles cuts a set in two: what holds the asked word of every group, and what
// holds another of its words somewhere.
func (p *planner) tiles(need, like []norm.Group, wider bool, set string) []tile {
	asked := make([]string, 0, len(need)+len(like))
	var sure, says []string // words that stand in the whole set; what makes the first tile
	choices := 0
	var other string // the word that stands in the second tile, if it is one
	for _, g := range need {
		options := slices.Concat(g.Terms, g.Maybe)
		if wider {
			options = append(options, g.Wider...)
		}
		first := p.asked(g)
		asked = append(asked, token(first))
		if len(options) == 1 && g.Or == nil {
			sure = append(sure, token(first))
			continue
		}
		choices++
		says = append(says, in("t", tokens([]string{first})))
		if other = ""; len(options) == 2 && g.Or == nil {
			other = token(options[1-slices.Index(options, first)])
		}
	}
	var liked []string
	for _, g := range like {
		liked = append(liked, token(g.Terms[0]))
	}
	all := tile{says: both(append([]string{set}, says...)...), words: sentence(asked, liked), weight: 1}
	if choices == 0 {
		return []tile{all}
	}
	if choices == 1 {
		sure = append(sure, other)
	}
	return []tile{all, {says: both(set, not(both(says...))), words: sentence(sure, liked), weight: maybeFactor}}
}

// asked is the word of a group that most likely stands in documents.
func (p *planner) asked(g norm.Group) string {
	for _, t := range g.Terms {
		if p.words.Known(t) {
			return t
		}
	}
	return g.Terms[0]
}

// sentence is a query text: needed words first, since the server drops from
// the end. The blank at its end says that the last word is not a beginning.
func sentence(needed, liked []string) string {
	var b strings.Builder
	for _, w := range slices.Concat(needed, liked) {
		if w != "" {
			b.WriteString(w + " ")
		}
	}
	return b.String()
}

// prefer cuts tiles once more, so that some kinds stand first.
func (p *planner) prefer(tiles []tile) []tile {
	if len(p.kinds) == 0 {
		return tiles
	}
	first := in("kind", values(p.kinds))
	out := make([]tile, 0, 2*len(tiles))
	for _, t := range tiles {
		out = append(out, tile{both(t.says, first), t.words, preferFactor * t.weight}, tile{both(t.says, not(first)), t.words, t.weight})
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

// chosen is the groups of a bit set.
func chosen(groups []norm.Group, set uint) []norm.Group {
	var out []norm.Group
	for i, g := range groups {
		if set&(1<<i) != 0 {
			out = append(out, g)
		}
	}
	return out
}

// mostTiles bounds how finely a partial answer is ranked.
const mostTiles = 6

// relaxed is the question for the documents that hold exactly these
// combinations of groups, the likeliest first.
func (p *planner) relaxed(groups []norm.Group, sets []uint) question {
	out := question{partial: true}
	var all, rest []string
	for i, set := range sets {
		part := p.ask(chosen(groups, set), nil, false)
		all = append(all, part.set)
		if i < mostTiles {
			out.tiles = append(out.tiles, part.tiles...)
			continue
		}
		rest = append(rest, part.set)
	}
	out.set = either(all...)
	if len(rest) > 0 {
		out.tiles = append(out.tiles, p.prefer([]tile{{says: either(rest...), weight: maybeFactor}})...)
	}
	return out
}

// ranked asks for the first hits of a tile in its order.
func (e *Engine) ranked(t tile, filter string, offset, limit int) *meilisearch.SearchRequest {
	r := &meilisearch.SearchRequest{IndexUID: e.live(), Filter: both(filter, t.says), Offset: int64(offset), Limit: int64(limit), AttributesToRetrieve: rowFields}
	if t.words == "" {
		r.Sort = byBest
		return r
	}
	r.Query, r.MatchingStrategy, r.AttributesToSearchOn, r.ShowRankingScore = t.words, meilisearch.Last, searched[:], true
	return r
}

// The orders of the server.
var (
	byBest = []string{"best:desc", "created:desc", "ref:asc"}
	byNew  = []string{"created:desc", "ref:asc"}
	byRef  = []string{"ref:asc"}
)

// rowFields is what a hit must carry to be ranked; byte for byte small.
var rowFields = []string{"kind", "key", "weight", "active", "newto"}

// row is a hit as it came.
type row struct {
	search.Ref
	weight float64
	active int64
	newTo  int64
	least  map[string]int64
	score  float64
	tile   int
}

func readRow(h meilisearch.Hit) (r row, err error) {
	for name, into := range map[string]any{"kind": &r.Kind, "key": &r.ID, "weight": &r.weight, "active": &r.active, "newto": &r.newTo,
		"least": &r.least, "_rankingScore": &r.score} {
		if err = part(h, name, into); err != nil {
			return r, err
		}
	}
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
