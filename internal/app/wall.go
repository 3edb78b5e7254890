package app

import (
	"context"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/fund"
)

// openFund makes the central fund and the audit of everything, by night and by
// hand. It stands behind the features: the audit asks all of them.
func (a *App) openFund() {
	a.Fund = fund.New(a.DB)
	a.Audit = audit.New(a.DB, a.Log, a.invariants()...)
	a.Audit.Nightly()
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
