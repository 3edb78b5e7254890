package bleve

import (
	"context"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
)

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
	q.Limit = reading.Limit(q.Limit)
	if q.Currency == "" {
		q.Currency = s.view.Currency()
	}
	plan := e.norm.Plan(q.Text, s.gen.words, q.Exact)
	return reading.Answer(q, plan, func(q search.Query, plan norm.Plan) (search.Result, error) { return e.answer(s, q, plan) })
}

// answer searches for a plan.
func (e *Engine) answer(s *state, q search.Query, plan norm.Plan) (search.Result, error) {
	res := search.Result{Cursor: s.cursor, Corrected: plan.Corrected}
	res.Understood = reading.Understand(&q, plan)
	if plan.Empty() {
		if reading.Senseless(q, plan) {
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
		res.Facets, res.Prices, res.Total = sel.Facets, sel.Prices, int(sel.Rows.GetCardinality())
		for _, i := range s.view.Page(q, sel.Rows, nil) {
			res.Hits = append(res.Hits, search.Hit{Ref: s.view.Row(i).Doc.Ref})
		}
		return
	}
	sel := s.view.Select(q, m.rows)
	res.Facets, res.Prices, res.Total = sel.Facets, sel.Prices, int(sel.Rows.GetCardinality())
	for _, i := range s.view.Page(q, sel.Rows, m.found()) {
		res.Hits = append(res.Hits, search.Hit{Ref: s.view.Row(i).Doc.Ref, Score: m.score(i)})
	}
}
