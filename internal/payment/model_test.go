package payment_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// model is one order among people who do anything at any time.
type model struct {
	*world
	id        string
	confirmed bool // the seller or a moderator has said so
	back      int64
	aged      time.Duration
}

// who draws somebody: the two, a moderator, a stranger.
func (m *model) who(rt *rapid.T) account.Actor {
	return rapid.SampledFrom([]account.Actor{m.ada, m.ben, m.mod, {ID: "00000000-0000-4000-8000-000000000000", Handle: "eve"}}).Draw(rt, "who")
}

// tries does an act and demands that it works exactly when the order lists it
// for them, or when it is a repeat.
func (m *model) tries(rt *rapid.T, act payment.Act, do func(account.Actor, payment.Order) (payment.Order, error)) (payment.Order, bool) {
	by := m.who(rt)
	before, err := m.Order(m.ctx, by, m.id)
	if err != nil {
		if _, err := do(by, payment.Order{ID: m.id, Amount: 1000, Currency: "RUB"}); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) {
			rt.Fatalf("%s did %s to an order that is not theirs: %v", by.Handle, act, err)
		}
		return before, false
	}
	listed := slices.Contains(before.Acts(m.Clock.Now()), act)
	after, err := do(by, before)
	switch {
	case listed && err != nil:
		rt.Fatalf("%s may %s in %s and hears %v", by.Handle, act, short(before), err)
	case !listed && err == nil && short(before) != short(after):
		rt.Fatalf("%s did %s without leave: %s became %s", by.Handle, act, short(before), short(after))
	case err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden):
		rt.Fatalf("%s in %s gave %v", act, short(before), err)
	}
	return after, err == nil && listed
}

func (m *model) agree(rt *rapid.T) {
	o, err := m.Order(m.ctx, m.ben, m.id)
	if err != nil {
		rt.Fatal(err)
	}
	if o.Paid != m.confirmed || o.Refunded != m.back {
		rt.Fatalf("%s paid %v, refunded %d; want %v, %d", short(o), o.Paid, o.Refunded, m.confirmed, m.back)
	}
	if (o.Turn() == payment.NobodysTurn) != !o.Open() {
		rt.Fatalf("%s is open: %v", short(o), o.Open())
	}
	if o.Open() != o.ClosedAt.IsZero() {
		rt.Fatalf("%s closed at %v", short(o), o.ClosedAt)
	}
}

// Whatever people do and however time passes: only a confirmation or a decision
// is money, only a receipt or a decision is a refund, an order lists exactly
// what may be done, and every invariant holds at the end.
func TestOrdersUnderAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	rapid.Check(t, func(rt *rapid.T) {
		in := w.box()
		in.Price = rub(1000)
		m := &model{world: w, id: w.opens(t, in).ID}
		refund := func(now payment.Order, was payment.Order) { m.back += now.Refunded - was.Refunded }
		rt.Repeat(map[string]func(*rapid.T){
			"details": func(rt *rapid.T) {
				m.tries(rt, payment.ActDetails, func(by account.Actor, o payment.Order) (payment.Order, error) {
					return w.SetDetails(w.ctx, by, o.ID, payment.Details{Text: "card"})
				})
			},
			"claim": func(rt *rapid.T) {
				m.tries(rt, payment.ActClaim, func(by account.Actor, o payment.Order) (payment.Order, error) { return w.Claim(w.ctx, by, o.ID) })
			},
			"confirm": func(rt *rapid.T) {
				if _, ok := m.tries(rt, payment.ActConfirm, func(by account.Actor, o payment.Order) (payment.Order, error) {
					return w.Confirm(w.ctx, by, o.ID, rub(1000))
				}); ok {
					m.confirmed = true
				}
			},
			"deny": func(rt *rapid.T) {
				m.tries(rt, payment.ActDeny, func(by account.Actor, o payment.Order) (payment.Order, error) {
					return w.Deny(w.ctx, by, o.ID, "no")
				})
			},
			"cancel": func(rt *rapid.T) {
				m.tries(rt, payment.ActCancel, func(by account.Actor, o payment.Order) (payment.Order, error) { return w.Cancel(w.ctx, by, o.ID) })
			},
			"arbitrate": func(rt *rapid.T) {
				m.tries(rt, payment.ActArbitrate, func(by account.Actor, o payment.Order) (payment.Order, error) {
					return w.Arbitrate(w.ctx, by, o.ID, "look")
				})
			},
			"decide": func(rt *rapid.T) {
				paid := rapid.Bool().Draw(rt, "paid")
				var was payment.Order
				if o, ok := m.tries(rt, payment.ActDecide, func(by account.Actor, o payment.Order) (payment.Order, error) {
					was = o
					return w.Decide(w.ctx, by, o.ID, payment.Decision{Paid: paid, Reason: why})
				}); ok {
					m.confirmed = m.confirmed || paid
					refund(o, was)
				}
			},
			"refund": func(rt *rapid.T) {
				m.tries(rt, payment.ActRefundSent, func(by account.Actor, o payment.Order) (payment.Order, error) {
					if o.Returnable() == 0 {
						return w.RefundSent(w.ctx, by, o.ID, money.Amount{})
					}
					return w.RefundSent(w.ctx, by, o.ID, rub(rapid.Int64Range(1, o.Returnable()).Draw(rt, "back")))
				})
			},
			"received": func(rt *rapid.T) {
				var was payment.Order
				if o, ok := m.tries(rt, payment.ActRefundReceived, func(by account.Actor, o payment.Order) (payment.Order, error) {
					was = o
					return w.RefundReceived(w.ctx, by, o.ID, rub(o.RefundSent))
				}); ok {
					refund(o, was)
				}
			},
			"extra": func(rt *rapid.T) {
				m.tries(rt, payment.ActExtra, func(by account.Actor, o payment.Order) (payment.Order, error) {
					return w.ExtraReceived(w.ctx, by, o.ID, rub(1000))
				})
			},
			"time": func(rt *rapid.T) {
				hours := time.Duration(rapid.IntRange(1, 24*10).Draw(rt, "hours")) * time.Hour
				if m.aged += hours; m.aged < 150*day { // later it forgets who the two were
					w.later(t, hours)
				}
			},
			"": m.agree,
		})
		m.sound(rt)
		if o := w.reads(t, w.ben, m.id); o.State == payment.AwaitingPayment { // they must not pile up
			w.does(t)(w.Cancel(w.ctx, w.ben, o.ID))
		}
	})
}
