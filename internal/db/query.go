package db

import (
	"context"
	"sync/atomic"

	"github.com/uptrace/bun"
)

type countKey struct{}

// CountQueries returns a context in which every query is counted, and the
// counter: tests and benchmarks assert queries per page by it.
func CountQueries(ctx context.Context) (context.Context, *atomic.Int64) {
	n := new(atomic.Int64)
	return context.WithValue(ctx, countKey{}, n), n
}

// queryCounter counts per context and in all. It sees only the call, so no
// value of any query is kept.
type queryCounter struct{ total atomic.Int64 }

// BeforeQuery counts.
func (q *queryCounter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	q.count(ctx)
	return ctx
}

func (q *queryCounter) count(ctx context.Context) {
	q.total.Add(1)
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}

// AfterQuery does nothing.
func (q *queryCounter) AfterQuery(context.Context, *bun.QueryEvent) {}

// Queries is how many statements this process has run, for metrics.
func (d *DB) Queries() int64 { return d.queries.total.Load() }
