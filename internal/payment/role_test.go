package payment_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Where the operator has made the market's role, money is written under it: the
// whole way of an order works, the fund's books and the journal's past are out
// of reach, and what is not about money keeps its own rights.
func TestMoneyIsWrittenUnderTheMarketsRole(t *testing.T) {
	t.Parallel()
	if !dbtest.PostgreSQL(t) {
		return
	}
	w := newWorld(t, dbtest.NewPostgreSQL(t))
	walled, err := w.Walled(w.ctx)
	must(t, err)
	same(t, false, walled)
	w.paid(t) // without the role it works too
	must(t, w.raw(payment.RoleSQL))
	must(t, w.raw(payment.RoleSQL)) // it may run again
	walled, err = w.Walled(w.ctx)
	must(t, err)
	same(t, true, walled)

	w.boxes.job = true
	o := w.waiting(t)
	w.does(t)(w.SetDetails(w.ctx, w.ada, o.ID, payment.Details{Text: "card"}))
	w.does(t)(w.Claim(w.ctx, w.ben, o.ID))
	w.does(t)(w.Deny(w.ctx, w.ada, o.ID, "nothing came"))
	w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "it did"))
	w.does(t)(w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Paid: true, Reason: why}))
	w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(5)))
	w.does(t)(w.RefundReceived(w.ctx, w.ben, o.ID, rub(5)))
	w.later(t, 400*day)
	same(t, []string{"payment 150000", "refund -5"}, w.entries(t, o.ID))
	if n := w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'box_sold'"); n < 3 {
		t.Errorf("%d jobs were asked for", n)
	}

	under := func(statement string) error {
		return w.Write(w.ctx, func(tx *db.Tx) error {
			in := w.box()
			in.Title = statement
			if _, err := payment.Open(w.ctx, tx, w.Payments, in); err != nil {
				return err
			}
			_, err := tx.NewRaw(statement).Exec(w.ctx)
			return err
		})
	}
	must(t, under("SELECT 1 FROM account"))
	for _, s := range []string{"INSERT INTO fund_entry DEFAULT VALUES", "SELECT 1 FROM fund_entry", "UPDATE journal_line SET amount = 1", "DELETE FROM journal_entry", "TRUNCATE journal_line",
		"DELETE FROM order_step", "ALTER TABLE journal_line DISABLE TRIGGER ALL"} {
		if err := under(s); err == nil || !contains(err, "42501") {
			t.Errorf("%s: got %v, want that the role may not", s, err)
		}
	}
	must(t, under("SELECT 1 FROM fund_destination")) // they are public
	must(t, w.raw("SELECT 1 FROM fund_entry"))       // the role ended with its transaction
	w.sound(t)
}
