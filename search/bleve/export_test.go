package bleve

import (
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
)

// HeldPostings is how many decoded postings an engine keeps at this moment.
func HeldPostings(e *Engine) int {
	p := e.live.postings
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.held)
}

// FoundInTurn is what texts find for the pages, asked one after the other with
// the same reused memory. What it holds changes with the next.
func FoundInTurn(e *Engine, visit func(search.Query, columns.Found), queries ...search.Query) error {
	s, err := e.acquire()
	if err != nil {
		return err
	}
	defer s.release()
	sc := &scratch{}
	for _, q := range queries {
		plan := e.norm.Plan(q.Text, s.gen.words, q.Exact)
		m := matcher{state: s, scratch: sc, q: &q, lang: plan.Lang}
		if err := m.run(plan); err != nil {
			return err
		}
		visit(q, *m.found())
	}
	return nil
}
