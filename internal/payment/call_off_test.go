package payment_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// TestGoodsCallSalesOff: who sells may not any more. Orders for which nobody
// says to have paid end with a word of why; all others go on.
func TestGoodsCallSalesOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		eve := w.person(t, "eve")
		waits, claimed, denied, paid := w.waiting(t), w.waiting(t), w.waiting(t), w.paid(t)
		in := w.box()
		in.Buyer = eve
		hers := w.opens(t, in)
		in.Subject = "box-2"
		other := w.opens(t, in)
		w.does(t)(w.SetDetails(w.ctx, w.ada, waits.ID, payment.Details{Text: "card 2200 7001"}))
		w.does(t)(w.Claim(w.ctx, w.ben, claimed.ID))
		w.does(t)(w.Claim(w.ctx, w.ben, denied.ID))
		w.does(t)(w.Deny(w.ctx, w.ada, denied.ID, "nothing came"))
		w.told.take()
		w.boxes.take()
		off := func(kind, subject string) {
			t.Helper()
			must(t, w.Write(w.ctx, func(tx *db.Tx) error {
				return payment.CallOffSales(w.ctx, tx, w.Payments, payment.Sales{Kind: kind, Subjects: []string{subject, "box-3"}}, "no_right")
			}))
		}
		off("ball", "box-1")
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			return payment.CallOffSales(w.ctx, tx, w.Payments, payment.Sales{Kind: "box"}, "no_right")
		}))
		same(t, 0, len(w.told.take()))
		off("box", "box-1")
		told := map[string]int{}
		for _, line := range w.told.take() {
			told[line]++
		}
		same(t, map[string]int{"order_ended ada no_right": 2, "order_ended ben no_right": 1, "order_ended eve no_right": 1}, told)
		same(t, []string{"awaiting_payment>cancelled", "awaiting_payment>cancelled"}, w.boxes.take())
		same(t, "cancelled none nobody", short(w.reads(t, w.ben, waits.ID)))
		same(t, "cancelled none nobody", short(w.reads(t, eve, hers.ID)))
		same(t, "awaiting_payment none seller", short(w.reads(t, eve, other.ID)))
		same(t, "awaiting_payment claimed_by_buyer seller", short(w.reads(t, w.ben, claimed.ID)))
		same(t, "awaiting_payment denied_by_seller buyer", short(w.reads(t, w.ben, denied.ID)))
		same(t, "fulfilled confirmed_by_seller nobody", short(w.reads(t, w.ben, paid.ID)))
		off("box", "box-1")
		same(t, 0, len(w.told.take()))
		w.does(t)(w.Confirm(w.ctx, w.ada, claimed.ID, rub(150000)))
		w.does(t)(w.Confirm(w.ctx, w.ada, waits.ID, rub(150000))) // late money is a fact here too
		w.sound(t)
	})
}
