//go:build failpoints

package payment_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Points belong to the process, so these tests follow each other: a crash after
// the entry or after the step leaves all or nothing, and the next try works.
func TestACrashBetweenTwoWritesOfAPayment(t *testing.T) {
	for _, point := range []failpoint.Name{failpoint.PaymentAfterEntry, failpoint.PaymentAfterStep} {
		for _, action := range []failpoint.Action{failpoint.Error, failpoint.Panic} {
			t.Run(string(point)+"/"+string(action), func(t *testing.T) {
				eachInTurn(t, func(t *testing.T, w *world) {
					o := w.waiting(t)
					for n := 1; ; n++ { // a payment goes two steps
						failpoint.Enable(point, action, n)
						err, died := confirmOrDie(w, o)
						failpoint.Disable(point)
						if err == nil && !died {
							break
						}
						same(t, "awaiting_payment none seller", short(w.reads(t, w.ada, o.ID)))
						same(t, 0, len(w.entries(t, o.ID)))
						w.sound(t)
					}
					same(t, payment.Fulfilled, w.reads(t, w.ada, o.ID).State)
					same(t, []string{"payment 150000"}, w.entries(t, o.ID))
					w.sound(t)
				})
			})
		}
	}
}

func confirmOrDie(w *world, o payment.Order) (err error, died bool) {
	defer func() { died = recover() != nil }()
	_, err = w.Confirm(w.ctx, w.ada, o.ID, o.Price())
	return err, false
}
