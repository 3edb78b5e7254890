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
	plan := e.norm.Plan(q.Text, s.gen.words, q.Exact)
	res := search.Result{Cursor: s.cursor, Corrected: plan.Corrected}
	if q.Currency == "" {
		q.Currency = s.view.Currency()
	}
	res.Understood = understand(&q, plan)
	if plan.Empty() {
		if strings.TrimSpace(q.Text) != "" && !plan.Money.Any() {
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
	m := matcher{state: s, scratch: sc, q: &q}
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

// understand turns what the text says about price into filters, unless the
// query has filters of its own.
func understand(q *search.Query, plan norm.Plan) search.Understood {
	u := search.Understood{Text: plan.Text}
	if plan.Money.Free {
		q.Free, u.Free = true, true
	}
	m := plan.Money
	if m.Min == 0 && m.Max == 0 || q.PriceMin > 0 || q.PriceMax > 0 {
		return u
	}
	if m.Currency != "" {
		convert(q, m.Currency)
	}
	const minor = 100 // every currency of the board has two decimals
	q.PriceMin, q.PriceMax = m.Min*minor, m.Max*minor
	u.PriceMin, u.PriceMax, u.Currency = q.PriceMin, q.PriceMax, q.Currency
	return u
}

// convert makes the query compare in the currency that the text names.
func convert(q *search.Query, currency string) {
	if currency == q.Currency {
		return
	}
	if own := q.Rates[currency]; own > 0 {
		rates := map[string]float64{q.Currency: 1 / own}
		for c, r := range q.Rates {
			rates[c] = r / own
		}
		q.Rates = rates
	} else {
		q.Rates = nil
	}
	q.Currency = currency
}
