package stripe_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

func (f *fake) heard() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

// After a few failures nobody is kept waiting, until one call finds that Stripe
// is back.
func TestNobodyWaitsForAStripeThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.set(func() { w.fake.away = true })
	asked := func(times, want int) {
		t.Helper()
		before := w.fake.heard()
		for range times {
			if _, err := w.Returned(ctx, o.ID); !fault.Is(err, fault.Unavailable) {
				t.Fatalf("got %v", err)
			}
		}
		same(t, want, w.fake.heard()-before)
	}
	asked(20, 5)
	w.Clock.Advance(29 * time.Second)
	asked(5, 0)
	w.Clock.Advance(2 * time.Second)
	asked(5, 1) // it tried, and in vain
	w.Clock.Advance(31 * time.Second)
	w.fake.set(func() { w.fake.away = false })
	_, err := w.Returned(ctx, o.ID)
	must(t, err)
	w.is(t, o.ID, payment.Fulfilled)
	w.fake.set(func() { w.fake.away = true })
	asked(20, 5)
}

// A Stripe that hangs holds so many callers and no more; whoever goes away by
// themselves says nothing about it.
func TestAStripeThatHangsHoldsAFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	stuck := make(chan struct{})
	w.fake.set(func() { w.fake.stuck = stuck })
	left, leave := context.WithCancel(ctx)
	errs := make(chan error, 200)
	var all sync.WaitGroup
	ask := func(by context.Context, n int) {
		for range n {
			all.Go(func() {
				_, err := w.Returned(by, o.ID)
				errs <- err
			})
		}
	}
	ask(left, 20)
	ask(ctx, 20)
	for range 8 { // 32 hang
		if err := <-errs; !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v", err)
		}
	}
	select {
	case err := <-errs:
		t.Errorf("one more ended: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	leave()
	close(stuck)
	all.Wait()
	w.fake.set(func() { w.fake.stuck = nil })
	_, err := w.Returned(ctx, o.ID)
	must(t, err)
	w.is(t, o.ID, payment.Fulfilled)
	w.sound(t)
}
