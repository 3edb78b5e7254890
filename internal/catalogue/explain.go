package catalogue

import (
	"context"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/search"
)

// Explain tells why a thing stands where it stands among the hits of a query.
// Faults: Unavailable (index_away) in a process without an index, or with one
// that explains nothing.
func (c *Catalogue) Explain(ctx context.Context, q search.Query, ref search.Ref) (search.Explanation, error) {
	engine, ok := c.engine.(search.Explainer)
	if !ok {
		return search.Explanation{}, fault.Of(fault.Unavailable, "index_away")
	}
	c.bound(&q)
	return engine.Explain(ctx, q, ref)
}

// Stats tells how large the index is and where it stands. Fault: Unavailable
// (index_away) in a process without one.
func (c *Catalogue) Stats(ctx context.Context) (search.Stats, error) {
	if c.engine == nil {
		return search.Stats{}, fault.Of(fault.Unavailable, "index_away")
	}
	return c.engine.Stats(ctx)
}
