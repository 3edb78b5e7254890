package app

import (
	"context"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/transparency"
)

// openFund makes the central fund, the audit of everything, by night and by
// hand, and what is told openly of both sides of the wall. It stands behind the
// features: these ask all of them.
func (a *App) openFund() {
	a.Fund = fund.New(a.DB)
	a.Audit = audit.New(a.DB, a.Log, a.invariants()...)
	a.Audit.Nightly()
	a.Transparency = transparency.New(transparency.Config{Payments: a.Payments, Licences: a.Licences, Fund: a.Fund, Audit: a.Audit, Now: a.DB.Now})
}

// invariants lists what must always hold, feature by feature.
func (a *App) invariants() [][]audit.Invariant {
	return [][]audit.Invariant{fund.Invariants(), a.Payments.Invariants(), a.Licences.Invariants()}
}

// broken is how many invariants the last audit found broken, for the metrics.
func (a *App) broken(ctx context.Context) (int, error) {
	run, err := a.Audit.Last(ctx)
	return run.Findings, err
}
