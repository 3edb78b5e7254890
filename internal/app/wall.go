package app

import (
	"context"
	"slices"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
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
	a.Transparency = transparency.New(transparency.Config{Payments: a.Payments, Licences: a.Licences, Fund: a.Fund, Audit: a.Audit, Now: a.DB.Now, Calls: a.stripeCalls()})
}

// invariants lists what must always hold, feature by feature.
func (a *App) invariants() [][]audit.Invariant {
	wall := []audit.Invariant{{Name: "fund_is_no_payee", Says: "No open offer and no waiting order is to be paid where the fund takes gifts.", Broken: paidAtTheFund}}
	queue := []audit.Invariant{{Name: "jobs_done", Says: "No job waits for more than an hour while the program is at work.",
		Broken: func(ctx context.Context, tx *db.Tx) ([]string, error) { return tx.Late(ctx) }}}
	out := [][]audit.Invariant{fund.Invariants(), a.Payments.Invariants(), a.Licences.Invariants(), wall, queue}
	if a.Stripe != nil {
		out = append(out, a.Stripe.Invariants())
	}
	return out
}

// paidAtTheFund finds what was offered before the fund published its place.
func paidAtTheFund(ctx context.Context, tx *db.Tx) (out []string, err error) {
	var rows []struct{ What, Payee, Link string }
	err = tx.NewRaw(`SELECT 'offer ' || id AS what, payee, link FROM offer WHERE state = 'open'
		UNION ALL SELECT 'order ' || code, payee, link FROM payment_order WHERE state = 'awaiting_payment' ORDER BY 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, r := range rows {
		for _, text := range []string{r.Payee, r.Link} {
			is, asked := seen[text]
			if !asked {
				if is, err = fund.IsDestination(ctx, tx, text); err != nil {
					return nil, err
				}
				seen[text] = is
			}
			if is {
				out = append(out, r.What)
			}
		}
	}
	return slices.Compact(out), nil
}

// broken is how many invariants the last audit found broken, for the metrics.
func (a *App) broken(ctx context.Context) (int, error) {
	run, err := a.Audit.Last(ctx)
	return run.Findings, err
}
