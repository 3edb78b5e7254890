package stripe_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
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

// works does all waiting jobs beside the test: Drain may end a test, and so must
// not run anywhere else.
func (w *world) works(t testing.TB) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		<-tick.C
		n, err := w.Waiting(ctx)
		if err != nil {
			t.Error(err)
		}
		if n == 0 || err != nil {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// calls are what Stripe hears of refunds: the first is the page's own, about the
// part that is given back first.
type calls struct {
	mu    sync.Mutex
	n     int
	first string // key of the first
}

// heard tells which call it is, and whether it is about the first one's part; 0:
// it is none of a refund.
func (c *calls) heard(r *http.Request) (n int, same bool) {
	if r.URL.Path != "/v1/refunds" || r.Method != http.MethodPost {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if c.n++; c.n == 1 {
		c.first = key
	}
	return c.n, key == c.first
}

// state is how the part of the first call ended, or the other of two.
func (w *world) state(t testing.TB, c *calls, first bool) (out string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	must(t, w.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT state FROM stripe_refund WHERE (id = ?) = ?", strings.TrimPrefix(c.first, "refund-"), first).Scan(ctx, &out)
	}))
	return out
}

// Where the job heard Stripe's no the seller is told, be it of the part that the
// page asks for at that moment too or of the one after it; and what the job has
// done stays done, with no further call.
func TestARefusalThatTheJobHeard(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{true, false} {
		w := newWorld(t, dbtest.New(t))
		o := w.twice(t)
		var c calls
		begun, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			<-begun
			w.works(t)
		}()
		w.fake.set(func() {
			w.fake.before = func(r *http.Request) int {
				switch n, same := c.heard(r); {
				case n == 1:
					close(begun)
					<-ended // the jobs do both parts before the page is answered
				case n > 1 && same == first:
					return http.StatusBadRequest
				}
				return 0
			}
		})
		_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{})
		same(t, "stripe_refused", code(err))
		w.fake.set(func() { w.fake.before = nil })
		same(t, 3, c.n)
		same(t, []string{"failed", "done"}, []string{w.state(t, &c, first), w.state(t, &c, !first)})
	}
}

// A page that meets the job's call waits for what that one hears, and says so;
// after some seconds the refund is under way, and nothing is refused.
func TestAPageWaitsForTheJobsAnswer(t *testing.T) {
	t.Parallel()
	for _, hears := range []struct {
		status      int
		late        bool // after the page has gone
		code, state string
	}{
		{http.StatusBadRequest, false, "stripe_refused", "failed"},
		{0, false, "", "done"},
		{0, true, "", "pending"},
	} {
		t.Run(hears.code+hears.state, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.New(t))
			o := w.twice(t)
			var c calls
			begun, inFlight, gone, ended := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				<-begun
				w.works(t)
			}()
			w.fake.set(func() {
				w.fake.before = func(r *http.Request) int {
					switch n, same := c.heard(r); {
					case n == 1:
						close(begun)
						<-inFlight
						return http.StatusConflict
					case n > 1 && same:
						close(inFlight)
						if hears.late {
							<-gone
						}
						return hears.status
					}
					return 0
				}
			})
			got, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{})
			same(t, hears.code, code(err))
			same(t, err == nil, got.ID == o.ID)
			same(t, hears.state, w.state(t, &c, true))
			same(t, "done", w.state(t, &c, false))
			close(gone)
			<-ended
			if hears.late {
				same(t, "done", w.state(t, &c, true))
			}
			w.tell(t)
			w.sound(t)
		})
	}
}

// code is a fault's word; empty: there is none.
func code(err error) string {
	if all := fault.All(err); len(all) > 0 {
		return all[0].Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
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
