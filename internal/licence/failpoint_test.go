//go:build failpoints

package licence_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Points belong to the process, so these tests follow each other: a crash
// around the steps of a purchase leaves the order with its licence, or neither.
func TestACrashBetweenMoneyAndLicence(t *testing.T) {
	for _, point := range []failpoint.Name{failpoint.PaymentAfterEntry, failpoint.PaymentAfterStep, failpoint.DBBeforeCommit, failpoint.DBAfterCommit} {
		for _, action := range []failpoint.Action{failpoint.Error, failpoint.Panic} {
			t.Run(string(point)+"/"+string(action), func(t *testing.T) {
				s := openShop(t, dbtest.New(t))
				o := s.orders(t, 30, "")
				for n := 1; ; n++ {
					failpoint.Enable(point, action, n)
					err, died := s.confirmOrDie(o)
					failpoint.Disable(point)
					now, readErr := s.Pay.Order(s.ctx, s.ben, o.ID)
					ok(t, readErr)
					want := 0
					if now.State == payment.Fulfilled {
						want = 1
					}
					equal(t, "licences", want, s.count(t, "licence_grant"))
					s.sound(t)
					if err == nil && !died || want == 1 {
						break
					}
				}
				equal(t, "in the end", 1, s.count(t, "licence_grant"))
			})
		}
	}
}

func (s *shop) confirmOrDie(o payment.Order) (err error, died bool) {
	defer func() { died = recover() != nil }()
	_, err = s.Pay.Confirm(s.ctx, s.ada, o.ID, o.Price())
	return err, false
}
