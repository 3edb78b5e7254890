package bleve

import (
	"context"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// The bounds of a page.
const (
	defaultLimit = 24
	maxLimit     = 100
)

// fewHits is the number of hits under which an umbrella word also finds what
// stands under it.
const fewHits = 10

// Search implements search.Engine.
func (e *Engine) Search(ctx context.Context, q search.Query) (search.Result, error) {
	s, err := e.acquire()
	if err != nil {
		return search.Result{}, err
	}
	defer s.release()
	if err := ctx.Err(); err != nil {
		return search.Result{}, err
	}
	q.Limit = bound(q.Limit)
	if q.Currency == "" {
		q.Currency = s.view.Currency()
	}
	plan := e.norm.Plan(q.Text, s.gen.words, q.Exact)
	res, err := e.answer(s, q, plan)
	if err != nil || res.Total > 0 || plan.Plain == nil {
		return res, err
	}
	return e.widen(s, q, plan, res)
}

// widen answers when what was read out of the text leaves nothing: its words
// are looked for as they are, and if none is there, the kinds it asks for.
func (e *Engine) widen(s *state, q search.Query, plan norm.Plan, res search.Result) (search.Result, error) {
	plain, err := e.answer(s, q, *plan.Plain)
	if err != nil || plain.Total > 0 || len(res.Understood.Kinds) == 0 {
		return plain, err
	}
	wide := res
	q.Kinds, wide.Partial = res.Understood.Kinds, true
	if s.page(&q, nil, &wide); wide.Total == 0 {
		return res, nil
	}
	only := search.Understood{Text: plan.Rest, Kinds: q.Kinds}
	for _, r := range res.Understood.Readings {
		if r.Facet == search.FacetKind {
			only.Readings = append(only.Readings, r)
		}
	}
	wide.Understood = only
	return wide, nil
}

// answer searches for a plan.
func (e *Engine) answer(s *state, q search.Query, plan norm.Plan) (search.Result, error) {
	res := search.Result{Cursor: s.cursor, Corrected: plan.Corrected}
	res.Understood = understand(&q, plan)
	if plan.Empty() {
		if strings.TrimSpace(q.Text) != "" && !plan.Money.Any() && len(plan.Cues) == 0 {
			return nothing(res, q), nil
		}
		s.page(&q, nil, &res)
		return res, nil
	}
	sc, ok := e.pool.Get().(*scratch)
	if !ok {
		sc = &scratch{}
	}
	defer e.pool.Put(sc)
	m := matcher{state: s, scratch: sc, q: &q, prefer: res.Understood.Kinds, lang: plan.Lang}
	if err := m.run(plan); err != nil {
		return search.Result{}, err
	}
	res.Partial = m.partial
	s.page(&q, &m, &res)
	return res, nil
}

func bound(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// nothing is the answer to a text without a single word.
func nothing(res search.Result, q search.Query) search.Result {
	if q.Facets {
		res.Facets = map[string][]search.Count{}
	}
	return res
}

// page fills hits, total and facets.
func (s *state) page(q *search.Query, m *matcher, res *search.Result) {
	if m == nil {
		sel := s.view.Select(q, nil)
		res.Facets, res.Total = sel.Facets, int(sel.Rows.GetCardinality())
		for _, i := range s.view.Page(q, sel.Rows, nil) {
			res.Hits = append(res.Hits, search.Hit{Ref: s.view.Row(i).Doc.Ref})
		}
		return
	}
	sel := s.view.Select(q, m.rows)
	res.Facets, res.Total = sel.Facets, int(sel.Rows.GetCardinality())
	for _, i := range s.view.Page(q, sel.Rows, m.score) {
		res.Hits = append(res.Hits, search.Hit{Ref: s.view.Row(i).Doc.Ref, Score: m.score(i)})
	}
}
