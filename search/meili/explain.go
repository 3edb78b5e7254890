package meili

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
	"github.com/tmoeg/oduvan/search/reading"
)

var _ search.Explainer = (*Engine)(nil)

// placeLimit bounds how deep the place of a document is looked for.
const placeLimit = 10_000

// Explain implements search.Explainer. It asks as Search does, and then scores
// the one document again by the code that ranks, a word at a time. A place
// below the first 10,000 is told as 0. Faults: ErrAway, ErrRefused.
func (e *Engine) Explain(ctx context.Context, q search.Query, ref search.Ref) (search.Explanation, error) {
	if err := e.usable(ctx); err != nil {
		return search.Explanation{}, err
	}
	l, err := e.lexiconFor(ctx)
	if err != nil {
		return search.Explanation{}, err
	}
	q.Sort, q.Offset, q.Limit, q.Facets = search.SortBest, 0, 1, false
	if q.Currency == "" {
		q.Currency = l.currency()
	}
	var a *asking
	res, err := reading.Answer(q, e.norm.Plan(q.Text, l.words, q.Exact), func(q search.Query, plan norm.Plan) (search.Result, error) {
		r, used, err := e.answer(ctx, l, q, plan)
		if a == nil || r.Total > 0 { // nothing is asked after the first that finds
			a = used
		}
		return r, err
	})
	if err != nil {
		return search.Explanation{}, err
	}
	out := search.Explanation{Total: res.Total, Understood: search.Describe(q.Text, res)}
	r, there, err := a.one(ctx, ref)
	if err != nil {
		return out, err
	}
	if !there {
		out.Parts = []search.Part{{Name: "index", Note: "nothing with this id is in the index: it is not public, or became so a moment ago"}}
		return out, nil
	}
	if out.Found, err = a.finds(ctx, ref); err != nil {
		return out, err
	}
	if !out.Found || res.Total == 0 {
		out.Found = false
		out.Parts, err = a.reasons(ctx, r)
		return out, err
	}
	a.parts(&out, r)
	out.Place, err = e.placeOf(ctx, q, ref, res.Total)
	return out, err
}

// one reads a document with everything that ranks it.
func (a *asking) one(ctx context.Context, ref search.Ref) (row, bool, error) {
	answers, err := a.engine.client.ask(ctx, []*meilisearch.SearchRequest{{IndexUID: a.engine.live(), Filter: in("id", []string{docID(ref)}), Limit: 1, AttributesToRetrieve: nearFields[:]}})
	if err != nil || len(answers[0].Hits) == 0 {
		return row{}, false, err
	}
	r, err := readRow(answers[0].Hits[0])
	return r, true, err
}

// finds tells whether a document is among the hits.
func (a *asking) finds(ctx context.Context, ref search.Ref) (bool, error) {
	answers, err := a.engine.client.ask(ctx, []*meilisearch.SearchRequest{a.engine.countQuery(under(a.clauses, "none", a.used.set, in("id", []string{docID(ref)})))})
	return err == nil && answers[0].TotalHits > 0, err
}

// placeOf walks the pages to a document.
func (e *Engine) placeOf(ctx context.Context, q search.Query, ref search.Ref, total int) (int, error) {
	q.Limit = reading.MaxLimit
	for ; q.Offset < min(total, placeLimit); q.Offset += q.Limit {
		page, err := e.Search(ctx, q)
		if err != nil {
			return 0, err
		}
		if i := slices.IndexFunc(page.Hits, func(h search.Hit) bool { return h.Ref == ref }); i >= 0 {
			return q.Offset + i + 1, nil
		}
	}
	return 0, nil
}

// parts takes a score apart.
func (a *asking) parts(out *search.Explanation, r row) {
	s := a.used.scorer
	if s == nil {
		out.Parts = []search.Part{{Name: "no words", Note: "ordered by quality and freshness: " + habits(a.query, r)}}
		return
	}
	out.Score = s.score(r)
	mass := 0.0
	for _, w := range s.groups {
		note := "not in it"
		if w.held(r) {
			if note = "held"; w.part == 1 {
				mass += w.worth
			}
		}
		out.Parts = append(out.Parts, search.Part{Name: nameOf(w.group.Terms[0]), Value: w.points(r, w.part == 1 && s.whole == 0), Note: note})
	}
	times := func(name string, value float64, note string) {
		out.Parts = append(out.Parts, search.Part{Name: name, Value: value, Note: note, Times: true})
	}
	out.Parts = append(out.Parts, search.Part{Name: "every hit", Value: rank.Base, Note: "so that quality orders hits that hold none of the words"})
	if slices.Contains(s.prefer, r.Kind) {
		times("kind asked for", rank.Preferred, "the text asks for "+strings.Join(s.prefer, " or "))
	}
	if a.query.Text != "" && foreign(s.lang, r.lang) {
		times("language", rank.Foreign, "offered in other languages than the text is in")
	}
	if s.whole > 0 {
		times("coverage", mass/s.whole, "of what the words of the query tell")
	}
	times("quality and freshness", s.quality(r), habits(a.query, r))
	if r.newTo > a.query.Now.Unix() {
		out.Parts = append(out.Parts, search.Part{Name: "newcomer", Note: "may be lifted to a newcomer's place"})
	}
}

func habits(q *search.Query, r row) string {
	if r.active == 0 {
		return fmt.Sprintf("quality %.2f of 1, never active", r.weight)
	}
	return fmt.Sprintf("quality %.2f of 1, last active %d days ago", r.weight, max(day(q.Now)-r.active, 0))
}

// nameOf shows a term.
func nameOf(term string) string {
	if id, ok := strings.CutPrefix(term, norm.ConceptMark); ok {
		return "skill " + id
	}
	return "word " + term + "-"
}

// reasons tells what keeps a document out: filters one by one, then words.
func (a *asking) reasons(ctx context.Context, r row) ([]search.Part, error) {
	var queries []*meilisearch.SearchRequest
	id := in("id", []string{docID(r.Ref)})
	for _, c := range a.clauses {
		queries = append(queries, a.engine.countQuery(both(id, c.says)))
	}
	answers, err := a.engine.client.ask(ctx, queries)
	if err != nil {
		return nil, err
	}
	var out []search.Part
	for i, c := range a.clauses {
		if answers[i].TotalHits == 0 {
			name := c.facet
			if name == "" {
				name = "owner"
			}
			out = append(out, search.Part{Name: "filter " + name, Note: "it does not hold under it"})
		}
	}
	if a.used.scorer != nil {
		for _, w := range a.used.scorer.groups {
			if w.part == 1 && !w.held(r) {
				out = append(out, search.Part{Name: nameOf(w.group.Terms[0]), Note: "not in it"})
			}
		}
	}
	if len(out) == 0 {
		out = append(out, search.Part{Name: "text", Note: "holds no word to look for"})
	}
	return out, nil
}
