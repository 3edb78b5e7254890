package fund_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
)

// world is a fund on a database, and its operator.
type world struct {
	*dbtest.World
	*fund.Fund
	ctx context.Context
	op  account.Actor
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, newWorld(d)) })
}

func newWorld(d *dbtest.World) *world {
	return &world{World: d, Fund: fund.New(d.DB), ctx: context.Background(), op: account.Console()}
}

func rub(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "RUB"} }

var today = db.Day(dbtest.Start)

// gift is a donation of 1 500 roubles.
func gift(change ...func(*fund.Input)) fund.Input {
	in := fund.Input{Kind: fund.Donation, Amount: rub(150000), Channel: "bank"}
	for _, c := range change {
		c(&in)
	}
	return in
}

// expense is 500 roubles for a server.
func expense(change ...func(*fund.Input)) fund.Input {
	in := fund.Input{Kind: fund.Expense, Amount: rub(50000), Channel: "card", Category: "hosting", Purpose: "Server for a month"}
	for _, c := range change {
		c(&in)
	}
	return in
}

func (w *world) record(t testing.TB, in fund.Input) fund.Entry {
	t.Helper()
	e, err := w.Record(w.ctx, w.op, in)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (w *world) goal(t testing.TB, id string, amount money.Amount) fund.Goal {
	t.Helper()
	g, err := w.OpenGoal(w.ctx, w.op, fund.GoalInput{ID: id, Title: "A server", Amount: amount})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (w *world) publish(t testing.TB, text string) fund.Destination {
	t.Helper()
	d, err := w.Publish(w.ctx, w.op, fund.DestinationInput{Text: text})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return d
}

// raw runs SQL past the package.
func (w *world) raw(query string, args ...any) error {
	return w.Write(w.ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw(query, args...).Exec(w.ctx)
		return err
	})
}

// audited names what is broken.
func (w *world) audited(t testing.TB) []string {
	t.Helper()
	r, err := audit.New(w.DB, nil, fund.Invariants()).Run(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r.Names()
}

func want(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// code is the fault's kind and code, with its field.
func code(err error) string {
	var list fault.Fields
	if errors.As(err, &list) {
		out := ""
		for i, e := range list {
			if i > 0 {
				out += " "
			}
			out += e.Kind.String() + ":" + e.Code + ":" + e.Field
		}
		return out
	}
	var e *fault.Error
	if errors.As(err, &e) {
		if e.Field != "" {
			return e.Kind.String() + ":" + e.Code + ":" + e.Field
		}
		return e.Kind.String() + ":" + e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
