package stripe_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

var some = money.Amount{Minor: 50000, Currency: "RUB"}

// paid is an order that was paid, and its page.
func (w *world) paid(t testing.TB) (payment.Order, object) {
	t.Helper()
	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	return o, s
}

// A seller who went away before the answer, and asks again with the same key,
// gives back once; another key, another sum or another day is another refund.
func TestARefundIsGivenOnceForItsKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.paid(t)
		gone, leave := context.WithCancel(ctx)
		w.fake.set(func() {
			w.fake.before = func(r *http.Request) int {
				if r.Method == http.MethodPost {
					leave() // while Stripe works
				}
				return 0
			}
		})
		_, err := w.RefundOnce(gone, w.seller, o.ID, some, "k")
		must(t, err)
		same(t, 1, w.count(t, "SELECT count(*) FROM stripe_refund WHERE state = 'done'")) // it went on without them
		w.fake.set(func() { w.fake.before = nil })
		given := func(want int64) {
			t.Helper()
			w.tell(t)
			same(t, want, w.fake.charge(s)["amount_refunded"].(int64))
			same(t, want, w.is(t, o.ID, payment.Fulfilled).Refunded)
		}
		for range 3 {
			_, err = w.RefundOnce(ctx, w.seller, o.ID, some, "k")
			must(t, err)
		}
		given(50000)
		same(t, 1, w.count(t, "SELECT count(*) FROM stripe_refund"))
		_, err = w.RefundOnce(ctx, w.seller, o.ID, money.Amount{Minor: 10000, Currency: "RUB"}, "k")
		must(t, err)
		_, err = w.RefundOnce(ctx, w.seller, o.ID, money.Amount{Minor: 10000, Currency: "RUB"}, "l")
		must(t, err)
		given(70000)
		w.Clock.Advance(25 * time.Hour)
		_, err = w.RefundOnce(ctx, w.seller, o.ID, some, "k")
		must(t, err)
		given(120000)
		w.sound(t)
	})
}

// What Stripe refused may be asked for again with the same key.
func TestARefusedRefundMayBeAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.paid(t)
	w.fake.set(func() {
		w.fake.before = func(r *http.Request) int {
			if r.URL.Path == "/v1/refunds" {
				return http.StatusBadRequest
			}
			return 0
		}
	})
	for range 2 {
		if _, err := w.RefundOnce(ctx, w.seller, o.ID, some, "k"); !fault.Is(err, fault.Conflict) {
			t.Fatalf("got %v", err)
		}
	}
	w.fake.set(func() { w.fake.before = nil })
	_, err := w.RefundOnce(ctx, w.seller, o.ID, some, "k")
	must(t, err)
	same(t, int64(50000), w.fake.charge(s)["amount_refunded"].(int64))
	same(t, 3, w.count(t, "SELECT count(*) FROM stripe_refund"))
	w.sound(t)
}

// A refund of which nobody heard for a day is asked for before it is given up:
// until Stripe answers it counts as gone, then it is what Stripe says.
func TestALostRefundIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, reached := range []bool{true, false} {
		w := newWorld(t, dbtest.New(t))
		o, s := w.paid(t)
		w.fake.set(func() { w.fake.silent, w.fake.away = reached, !reached })
		_, err := w.RefundOnce(ctx, w.seller, o.ID, some, "k")
		must(t, err)
		w.fake.set(func() { w.fake.silent, w.fake.away, w.fake.keys = false, true, map[string]answer{} })
		w.Clock.Advance(23*time.Hour + time.Minute)
		_, err = w.RefundOnce(ctx, w.seller, o.ID, some, "k")
		must(t, err)
		state := func() string {
			t.Helper()
			list, err := w.Refunds(ctx, o.ID)
			must(t, err)
			return list[0].State
		}
		same(t, "pending", state())
		if _, err := w.Refund(ctx, w.seller, o.ID, money.Amount{Minor: 100001, Currency: "RUB"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
		w.fake.set(func() { w.fake.away = false })
		w.Clock.Advance(time.Hour)
		dbtest.Drain(t, w.World)
		want, back := "failed", int64(0)
		if reached {
			want, back = "done", 50000
		}
		same(t, want, state())
		same(t, back, w.fake.charge(s)["amount_refunded"].(int64))
		same(t, back, w.is(t, o.ID, payment.Fulfilled).Refunded)
		same(t, !reached, len(w.found(t)) == 1)
		w.sound(t)
	}
}
