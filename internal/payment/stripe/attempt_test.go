package stripe_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Whoever asks for the page while another call makes it, which Stripe refuses as
// a call that runs already, gets the same page a moment later.
func TestASecondTabWaitsForThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	var calls atomic.Int32
	under, on := make(chan struct{}), make(chan struct{})
	w.fake.set(func() {
		w.fake.before = func(r *http.Request) int {
			if r.URL.Path != "/v1/checkout/sessions" {
				return 0
			}
			if calls.Add(1) > 1 {
				close(on) // the first goes on only now
				return http.StatusConflict
			}
			close(under)
			<-on
			return 0
		}
	})
	first := make(chan string, 1)
	go func() {
		url, err := w.Checkout(ctx, w.buyer, o.ID)
		if err != nil {
			t.Error(err)
		}
		first <- url
	}()
	<-under
	second, err := w.Checkout(ctx, w.buyer, o.ID)
	must(t, err)
	if got := <-first; got == "" || got != second {
		t.Errorf("got %q and %q", got, second)
	}
	w.sound(t)
}

// Whoever waits for the page that another call makes hears that Stripe refused
// it, as that call does; the next click is another attempt.
func TestASecondTabHearsTheRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	var calls atomic.Int32
	under, on := make(chan struct{}), make(chan struct{})
	w.fake.set(func() {
		w.fake.before = func(r *http.Request) int {
			switch calls.Add(1) {
			case 1:
				close(under)
				<-on
				return http.StatusBadRequest
			case 2:
				close(on) // the first is answered only now
				return http.StatusConflict
			}
			return 0
		}
	})
	first := make(chan error, 1)
	go func() {
		_, err := w.Checkout(ctx, w.buyer, o.ID)
		first <- err
	}()
	<-under
	_, err := w.Checkout(ctx, w.buyer, o.ID)
	same(t, []string{"stripe_refused", "stripe_refused"}, []string{code(<-first), code(err)})
	same(t, 2, int(calls.Load()))
	url, err := w.Checkout(ctx, w.buyer, o.ID)
	must(t, err)
	same(t, w.fake.session(o.ID)["url"].(string), url)
	same(t, 2, w.count(t, "SELECT count(*) FROM stripe_attempt"))
	w.sound(t)
}

// A page that was paid before we knew of it is no page to pay on.
func TestNoEmptyPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	w.fake.set(func() { w.fake.silent = true })
	if _, err := w.Checkout(ctx, w.buyer, o.ID); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	s := w.fake.session(o.ID)
	w.fake.pay(s)
	w.fake.set(func() { w.fake.silent, s["url"] = false, "" })
	if url, err := w.Checkout(ctx, w.buyer, o.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %q, %v", url, err)
	}
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	w.sound(t)
}

// Pages that wait a second for an account do not make Stripe one that is away;
// those who waited for long do.
func TestTheImpatientSayNothing(t *testing.T) {
	t.Parallel()
	for _, long := range []bool{false, true} {
		w := newWorld(t, dbtest.New(t))
		o := w.open(t)
		stuck := make(chan struct{})
		w.fake.set(func() {
			w.fake.stuck = stuck
			w.fake.before = func(*http.Request) int {
				if long {
					w.Clock.Advance(6 * time.Second)
				}
				return 0
			}
		})
		for range 5 {
			soon, stop := context.WithTimeout(ctx, 500*time.Millisecond)
			_, err := w.AccountStatus(soon, w.seller)
			stop()
			must(t, err) // as it was last
		}
		close(stuck)
		w.fake.set(func() { w.fake.stuck, w.fake.before = nil, nil })
		_, err := w.Checkout(ctx, w.buyer, o.ID)
		same(t, long, fault.Is(err, fault.Unavailable))
	}
}
