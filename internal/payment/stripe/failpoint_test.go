//go:build failpoints

package stripe_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Points belong to the process, so these follow each other: a crash at any step
// between an event and its order ends the same, once somebody tries again.
func TestACrashAtAnyStepOfAnEvent(t *testing.T) {
	for _, point := range []failpoint.Name{failpoint.StripeAfterInbox, failpoint.StripeAfterLook, failpoint.StripeAfterLearn,
		failpoint.PaymentAfterEntry, failpoint.PaymentAfterStep, failpoint.DBBeforeCommit, failpoint.DBAfterCommit} {
		for _, action := range []failpoint.Action{failpoint.Error, failpoint.Panic} {
			t.Run(string(point)+"/"+string(action), func(t *testing.T) {
				w := newWorld(t, dbtest.New(t))
				o, s := w.page(t)
				w.fake.pay(s)
				w.fake.back(s, 50000)
				died := 0
				for n := 1; n < 40; n++ {
					failpoint.Enable(point, action, n)
					again := w.tellOrDie()
					failpoint.Disable(point)
					if !again {
						break
					}
					died++
					w.sound(t)
				}
				if died == 0 {
					t.Error("nothing happened")
				}
				w.tell(t)
				same(t, int64(50000), w.is(t, o.ID, payment.Fulfilled).Refunded)
				same(t, 2, w.count(t, "SELECT count(*) FROM journal_entry"))
				same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox WHERE done_at IS NULL"))
				w.sound(t)
			})
		}
	}
}

// tellOrDie delivers all events and reads the inbox until something breaks.
func (w *world) tellOrDie() (died bool) {
	defer func() { died = died || recover() != nil }()
	for _, e := range w.fake.all() {
		if w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)) != nil {
			died = true
		}
	}
	_, err := w.ReadInbox(ctx)
	return died || err != nil
}
