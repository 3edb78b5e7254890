package stripe_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
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
		_, err := w.Refund(gone, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
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
			_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
			must(t, err)
		}
		given(50000)
		same(t, 1, w.count(t, "SELECT count(*) FROM stripe_refund"))
		_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 10000, Currency: "RUB"}, Key: "k"})
		must(t, err)
		_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 10000, Currency: "RUB"}, Key: "l"})
		must(t, err)
		given(70000)
		w.Clock.Advance(25 * time.Hour)
		_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
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
		if _, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"}); !fault.Is(err, fault.Conflict) {
			t.Fatalf("got %v", err)
		}
	}
	w.fake.set(func() { w.fake.before = nil })
	_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
	must(t, err)
	same(t, int64(50000), w.fake.charge(s)["amount_refunded"].(int64))
	same(t, 3, w.count(t, "SELECT count(*) FROM stripe_refund"))
	w.sound(t)
}

// Whether the page or the job heard Stripe's no, the seller is told; and what the
// other call has done stays done.
func TestARefusalThatTheJobHeard(t *testing.T) {
	t.Parallel()
	for _, refused := range []int{2, 3} { // of four calls: page, job, job, page
		w := newWorld(t, dbtest.New(t))
		o := w.twice(t)
		calls := 0
		w.fake.set(func() {
			w.fake.before = func(r *http.Request) int {
				if r.URL.Path != "/v1/refunds" || r.Method != http.MethodPost {
					return 0
				}
				if calls++; calls == 1 {
					dbtest.Drain(t, w.World) // the jobs do both parts before the page's first call is answered
				}
				if calls == refused {
					return http.StatusBadRequest
				}
				return 0
			}
		})
		_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("got %v", err)
		}
		w.fake.set(func() { w.fake.before = nil })
		same(t, 3, calls)
		list, err := w.Refunds(ctx, o.ID)
		must(t, err)
		states := []string{list[0].State, list[1].State}
		slices.Sort(states)
		same(t, []string{"done", "failed"}, states)
	}
}

// A refund of which nobody heard for a day is asked for before it is given up:
// until Stripe answers it counts as gone, then it is what Stripe says.
func TestALostRefundIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, reached := range []bool{true, false} {
		w := newWorld(t, dbtest.New(t))
		o, s := w.paid(t)
		w.fake.set(func() { w.fake.silent, w.fake.away = reached, !reached })
		_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
		must(t, err)
		w.fake.set(func() { w.fake.silent, w.fake.away, w.fake.keys = false, true, map[string]answer{} })
		w.Clock.Advance(23*time.Hour + time.Minute)
		_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: some, Key: "k"})
		must(t, err)
		state := func() string {
			t.Helper()
			list, err := w.Refunds(ctx, o.ID)
			must(t, err)
			return list[0].State
		}
		same(t, "pending", state())
		if _, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 100001, Currency: "RUB"}}); !fault.Is(err, fault.Invalid) {
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
