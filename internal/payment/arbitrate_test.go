package payment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/payment"
)

const day = 24 * time.Hour

// denied is an order whose payment the seller does not see.
func (w *world) denied(t testing.TB) payment.Order {
	t.Helper()
	o := w.waiting(t)
	w.does(t)(w.Claim(w.ctx, w.ben, o.ID))
	o = w.does(t)(w.Deny(w.ctx, w.ada, o.ID, "nothing on my account"))
	w.told.take()
	return o
}

const why = "the statement of the bank names this order"

func TestADeniedPaymentIsDecidedByAModerator(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, paid := range []bool{true, false} {
			o := w.denied(t)
			same(t, "awaiting_payment denied_by_seller buyer", short(o))
			said, err := w.Statements(w.ctx, w.ben, o.ID)
			must(t, err)
			same(t, payment.Statements{Denial: "nothing on my account"}, said)
			o = w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "sent 22 November, reference 7"))
			same(t, "awaiting_payment arbitration moderator payment", short(o))
			w.does(t)(w.Arbitrate(w.ctx, w.ada, o.ID, "the account is empty"))
			said, err = w.Statements(w.ctx, w.mod, o.ID)
			must(t, err)
			same(t, payment.Statements{Denial: "nothing on my account", Buyer: "sent 22 November, reference 7", Seller: "the account is empty"}, said)
			said, err = w.Statements(w.ctx, w.ada, o.ID)
			must(t, err)
			same(t, "", said.Buyer)
			said, err = w.Statements(w.ctx, w.ben, o.ID)
			must(t, err)
			same(t, "", said.Seller)
			list, err := w.Arbitrations(w.ctx, w.mod, payment.Filter{})
			must(t, err)
			same(t, 1, list.Total)
			_, err = w.Arbitrations(w.ctx, w.ben, payment.Filter{})
			wants(t, err, "forbidden:not_allowed")
			_, err = w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Paid: paid, Reason: "Rule 1"})
			wants(t, err, "invalid:too_short")
			_, err = w.Confirm(w.ctx, w.mod, o.ID, o.Price())
			wants(t, err, "forbidden:not_allowed")
			_, err = w.Decide(w.ctx, w.ben, o.ID, payment.Decision{Paid: paid, Reason: why})
			wants(t, err, "forbidden:not_allowed")
			_, err = w.Paying(w.ctx, w.mod, o.ID)
			wants(t, err, "not_found:details_unknown")
			w.told.take()
			o = w.does(t)(w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Paid: paid, Reason: why}))
			if paid {
				same(t, "fulfilled arbitration nobody", short(o))
				same(t, []string{"payment 150000"}, w.entries(t, o.ID))
				same(t, []string{"order_decided ben paid", "order_decided ada paid"}, w.told.take())
			} else {
				same(t, "cancelled arbitration nobody", short(o))
				same(t, 0, len(w.entries(t, o.ID)))
			}
			_, err = w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Paid: !paid, Reason: why})
			wants(t, err, "conflict:order_state")
			ruling, err := w.RulingOf(w.ctx, w.ben, o.ID)
			must(t, err)
			same(t, why, ruling.Reason)
		}
		public, n, err := w.Decisions(w.ctx, 1)
		must(t, err)
		same(t, 2, n)
		for _, r := range public {
			if r.OrderID != "" || r.ModeratorID != "" || r.Reason != why {
				t.Errorf("public: %+v", r)
			}
		}
		w.sound(t)
	})
}

func TestAModeratorDoesNotDecideTheirOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.denied(t)
		w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "sent"))
		for _, by := range []account.Actor{w.ada, w.ben} {
			by.Role = account.Operator
			_, err := w.Decide(w.ctx, by, o.ID, payment.Decision{Paid: true, Reason: why})
			wants(t, err, "forbidden:not_allowed")
			list, err := w.Arbitrations(w.ctx, by, payment.Filter{})
			must(t, err)
			same(t, 0, list.Total)
		}
	})
}

// Silence reminds, then lets the buyer ask; it never becomes money.
func TestSilenceIsNeverMoney(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.waiting(t)
		w.later(t, 6*day)
		same(t, []string{"order_reminder ada"}, w.told.take()) // she has not said where to pay
		w.does(t)(w.Claim(w.ctx, w.ben, o.ID))
		w.told.take()
		w.later(t, payment.RemindAfter)
		same(t, []string{"order_reminder ada"}, w.told.take())
		_, err := w.Arbitrate(w.ctx, w.ben, o.ID, "no answer")
		wants(t, err, "conflict:arbitration_early")
		_, err = w.Arbitrate(w.ctx, w.ada, o.ID, "no answer")
		wants(t, err, "conflict:order_state")
		w.later(t, payment.ArbiterAfter-payment.RemindAfter)
		same(t, []string{"order_arbiter ben"}, w.told.take())
		same(t, []string{"ada"}, w.boxes.silent)
		o = w.reads(t, w.ben, o.ID)
		same(t, "awaiting_payment claimed_by_buyer seller", short(o))
		same(t, 0, len(w.entries(t, o.ID)))
		other := w.waiting(t)
		w.does(t)(w.Claim(w.ctx, w.ben, other.ID))
		w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "no answer for a week"))
		w.later(t, 365*day)
		same(t, "awaiting_payment arbitration moderator payment", short(w.reads(t, w.ben, o.ID)))
		same(t, 0, w.rows(t, "SELECT count(*) FROM payment_order WHERE paid OR id = ? AND state <> 'expired'", other.ID))
		o = w.does(t)(w.Confirm(w.ctx, w.ada, o.ID, o.Price())) // she is back
		same(t, "fulfilled confirmed_by_seller nobody", short(o))
		w.sound(t)
	})
}

func TestARefundThatDidNotCome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, came := range []bool{true, false} {
			o := w.paid(t)
			w.does(t)(w.RefundSent(w.ctx, w.ada, o.ID, rub(50000)))
			_, err := w.Arbitrate(w.ctx, w.ada, o.ID, "it was sent")
			wants(t, err, "conflict:arbitration_early")
			w.told.take()
			w.later(t, payment.ArbiterAfter)
			same(t, []string{"order_reminder ben", "order_arbiter ada"}, sorted(w.told.take()))
			o = w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "nothing came"))
			same(t, "fulfilled confirmed_by_seller moderator refund", short(o))
			_, err = w.RefundSent(w.ctx, w.ada, o.ID, rub(1))
			wants(t, err, "conflict:order_state")
			o = w.does(t)(w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Paid: came, Reason: why}))
			same(t, "fulfilled confirmed_by_seller nobody", short(o))
			want := []string{"payment 150000"}
			if came {
				want = append(want, "refund -50000")
			}
			same(t, want, w.entries(t, o.ID))
		}
		w.sound(t)
	})
}

func sorted(list []string) []string {
	out := append([]string(nil), list...)
	for i := range out {
		for j := i; j > 0 && strings.Compare(out[j-1], out[j]) < 0; j-- {
			out[j-1], out[j] = out[j], out[j-1]
		}
	}
	return out
}
