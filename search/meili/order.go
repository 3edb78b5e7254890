package meili

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/rank"
)

// window is how many of the first hits of each tile are ranked here; deeper
// ones keep the server's order.
const window = 200

// finish gives the hits of a page once the total is known, and questions for
// those of them that could not be asked before.
type finish func(total int) ([]row, []*meilisearch.SearchRequest)

// order asks for the hits of a page in the query's order.
func (a *asking) order(b *batch, asked question, all string) finish {
	q := a.query
	switch {
	case q.Offset < 0:
		return func(int) ([]row, []*meilisearch.SearchRequest) { return nil, nil }
	case q.Sort == search.SortNew:
		var rows []row
		b.rows(a.sorted(all, byNew[:], q.Offset, q.Limit), &rows)
		return func(int) ([]row, []*meilisearch.SearchRequest) { return rows, nil }
	case q.Sort == search.SortPrice:
		return a.byPrice(b, all)
	}
	return a.byScore(b, asked)
}

// deepest is the last place that is asked for: the server would read all before it.
const deepest = 100_000

func (a *asking) sorted(filter string, by []string, offset, limit int) *meilisearch.SearchRequest {
	return &meilisearch.SearchRequest{IndexUID: a.engine.live(), Filter: filter, Sort: by, Offset: int64(min(offset, maxTotal)), Limit: int64(limit),
		AttributesToRetrieve: rowFields[:]}
}

// byPrice orders what is free first, then by the least comparable price, then
// the rest. The server cannot compare currencies, so each is sorted there and
// they are merged here.
func (a *asking) byPrice(b *batch, all string) finish {
	q := a.query
	end := q.Offset + q.Limit
	if q.Offset > deepest {
		return func(int) ([]row, []*meilisearch.SearchRequest) { return nil, nil }
	}
	codes, rates := compared(q, a.lexicon.money)
	var gratis []row
	b.rows(a.sorted(both(all, "free = true"), byRef[:], 0, end), &gratis)
	lists := make([][]row, len(codes))
	for i, c := range codes {
		r := a.sorted(both(all, "free = false", "least."+c+" EXISTS"), []string{"least." + c + ":asc", "ref:asc"}, 0, end)
		r.AttributesToRetrieve = append(slices.Clone(rowFields[:]), "least")
		b.rows(r, &lists[i])
	}
	known := a.compares()
	var first int // how many are free or priced
	b.count(a.engine, both(all, known), &first)
	return func(total int) ([]row, []*meilisearch.SearchRequest) {
		rows := append(gratis, merged(lists, codes, rates, end-len(gratis))...)
		rows = rows[:min(len(rows), end, first)]
		rows = rows[min(q.Offset, len(rows)):]
		if len(rows) == q.Limit || total <= first || end <= first {
			return rows, nil
		}
		return rows, []*meilisearch.SearchRequest{a.sorted(both(all, not(known)), byRef[:], max(q.Offset-first, 0), q.Limit-len(rows))}
	}
}

// merged takes the first n things by price of several sorted lists.
func merged(lists [][]row, codes []string, rates []float64, n int) []row {
	type offer struct {
		row
		worth float64
	}
	best := map[search.Ref]offer{}
	for i, list := range lists {
		for _, r := range list {
			worth := float64(r.least[codes[i]]) * rates[i]
			if had, ok := best[r.Ref]; !ok || worth < had.worth {
				best[r.Ref] = offer{r, worth}
			}
		}
	}
	all := make([]offer, 0, len(best))
	for _, o := range best {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y offer) int { return cmp.Or(cmp.Compare(x.worth, y.worth), byReference(x.row, y.row)) })
	out := make([]row, 0, max(min(n, len(all)), 0))
	for _, o := range all[:max(min(n, len(all)), 0)] {
		out = append(out, o.row)
	}
	return out
}

func byReference(x, y row) int {
	return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.ID, y.ID))
}

// byScore ranks the first hits of every tile here and gives newcomers their
// share among them.
func (a *asking) byScore(b *batch, asked question) finish {
	q := a.query
	bare := under(a.clauses, "none") // tiles say what the text asks
	lists, fresh := make([][]row, len(asked.tiles)), make([][]row, len(asked.tiles))
	sizes := make([]int, len(asked.tiles))
	deep := q.Offset+q.Limit > window
	fields := rankFields[:]
	if asked.scorer != nil && asked.scorer.asksTerms() {
		fields = nearFields[:]
	}
	for i, t := range asked.tiles {
		first, newest := a.engine.ranked(t, bare, 0, window), a.engine.ranked(t, both(bare, newer(q)), 0, rank.Within)
		first.AttributesToRetrieve, newest.AttributesToRetrieve = fields, fields
		b.rows(first, &lists[i])
		b.rows(newest, &fresh[i])
		if deep {
			b.count(a.engine, both(bare, t.says), &sizes[i])
		}
	}
	return func(int) ([]row, []*meilisearch.SearchRequest) {
		found, waiting := a.score(asked, lists), a.score(asked, fresh)
		dealt := deal(found, waiting, q.Now.Unix())
		if q.Offset+q.Limit <= len(dealt) || !deep {
			return dealt[min(q.Offset, len(dealt)):min(q.Offset+q.Limit, len(dealt))], nil
		}
		return a.beyond(asked, dealt, lists, sizes, bare)
	}
}

// beyond gives what a page holds of the ranked hits, and asks for the rest of
// it below them: one tile after the other in the server's order, without the
// newcomers that were lifted out of there.
func (a *asking) beyond(asked question, dealt []row, lists [][]row, sizes []int, bare string) (rows []row, more []*meilisearch.SearchRequest) {
	q := a.query
	rows = dealt[min(q.Offset, len(dealt)):]
	skip, want := max(q.Offset-len(dealt), 0), q.Limit-len(rows)
	for i, t := range asked.tiles {
		inside := map[search.Ref]bool{}
		for _, r := range lists[i] {
			inside[r.Ref] = true
		}
		var lifted []string
		for _, r := range dealt {
			if r.tile == i && !inside[r.Ref] {
				lifted = append(lifted, docID(r.Ref))
			}
		}
		below := max(sizes[i]-len(lists[i])-len(lifted), 0)
		if skip >= below || want <= 0 {
			skip -= min(skip, below)
			continue
		}
		filter := bare
		if len(lifted) > 0 {
			filter = both(bare, not(in("id", lifted)))
		}
		take := min(want, below-skip)
		more = append(more, a.engine.ranked(t, filter, len(lists[i])+skip, take))
		skip, want = 0, want-take
	}
	return rows, more
}

// score gives the hits of all tiles one order; without a text the server's
// order stands.
func (a *asking) score(asked question, lists [][]row) []row {
	var out []row
	for i, list := range lists {
		for _, r := range list {
			r.tile, r.score = i, 1
			if asked.scorer != nil {
				r.score = asked.scorer.score(r)
			}
			out = append(out, r)
		}
	}
	if asked.scorer != nil {
		slices.SortFunc(out, func(x, y row) int { return cmp.Or(cmp.Compare(y.score, x.score), byReference(x, y)) })
	}
	return out
}

// deal gives newcomers their share of the first places.
func deal(list, waiting []row, now int64) []row {
	return rank.Deal(list, waiting, func(r row) search.Ref { return r.Ref }, func(r row) bool { return r.newTo > now }, func(r row) float64 { return r.score })
}
