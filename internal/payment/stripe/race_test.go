package stripe_test

import (
	"encoding/json"
	"slices"
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

// The second tab gets the same page, also at the same instant.
func TestTwoTabsGetOnePage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o := w.open(t)
		urls := make([]string, 8)
		var all sync.WaitGroup
		for i := range urls {
			all.Go(func() {
				var err error
				if urls[i], err = w.Checkout(ctx, w.buyer, o.ID); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if slices.Sort(urls); urls[0] == "" || urls[0] != urls[7] {
			t.Errorf("got %v", urls)
		}
		same(t, 1, w.count(t, "SELECT count(*) FROM stripe_attempt"))
		w.sound(t)
	})
}

// The event, the return page and a doubled event at once: one payment.
func TestWhoeverIsFirstWins(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.page(t)
		w.fake.pay(s)
		e := w.fake.all()[0]
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				var err error
				switch i % 3 {
				case 0:
					_, err = w.Returned(ctx, o.ID)
				case 1:
					err = w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret))
				default:
					_, err = w.ReadInbox(ctx)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.tell(t)
		got := w.is(t, o.ID, payment.Fulfilled)
		if want := w.Clock.Now().Truncate(time.Second); !got.PaidAt.Equal(want) {
			t.Errorf("paid at %s, want the charge's %s", got.PaidAt, want)
		}
		same(t, 1, w.count(t, "SELECT count(*) FROM journal_entry"))
		same(t, 1, w.count(t, "SELECT count(*) FROM payment_inbox"))
		w.sound(t)
	})
}

// The page was made and its answer lost: the event is faster than our commit.
func TestAnEventBeforeOurOwnCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	w.fake.set(func() { w.fake.silent = true })
	if _, err := w.Checkout(ctx, w.buyer, o.ID); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	w.fake.set(func() { w.fake.silent = false })
	w.fake.pay(w.fake.session(o.ID))
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	same(t, 1, w.count(t, "SELECT count(*) FROM stripe_attempt WHERE state = 'paid'"))
	w.sound(t)
}

// Between Stripe's answer and our commit no second page is made for an order
// whose attempt is known to be paid.
func TestNoSecondPageForWhatIsPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	before, err := w.orders.Order(ctx, w.buyer, o.ID)
	must(t, err)
	_, err = w.Way().Reconcile(ctx, before) // and then killed
	must(t, err)
	if _, err := w.Checkout(ctx, w.buyer, o.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	same(t, 1, w.count(t, "SELECT count(*) FROM stripe_attempt"))
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	w.sound(t)
}

// A repeated call is the same call: everything was frozen before the first.
func TestARepeatedCallIsTheSameCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o := w.open(t)
	w.fake.set(func() { w.fake.silent = true })
	_, err := w.Checkout(ctx, w.buyer, o.ID)
	if err == nil {
		t.Fatal("the answer was not lost")
	}
	w.fake.set(func() { w.fake.silent = false })
	w.Clock.Advance(20 * time.Minute)
	url, err := w.Checkout(ctx, w.buyer, o.ID)
	must(t, err)
	same(t, w.fake.session(o.ID)["url"].(string), url)
	pages := 0
	for _, o := range w.fake.things {
		if o["object"] == "checkout.session" {
			pages++
		}
	}
	same(t, 1, pages)
}

// twice is an order that was paid by two attempts.
func (w *world) twice(t testing.TB) payment.Order {
	t.Helper()
	o := w.open(t)
	w.fake.set(func() { w.fake.silent = true })
	_, _ = w.Checkout(ctx, w.buyer, o.ID)
	one := w.fake.session(o.ID)
	w.fake.set(func() { w.fake.silent = false })
	must(t, w.Write(ctx, func(tx *db.Tx) error { // the first call was refused in the end
		_, err := tx.NewRaw("UPDATE stripe_attempt SET state = 'failed', code = 'stripe_refused' WHERE order_id = ?", o.ID).Exec(ctx)
		return err
	}))
	_, err := w.Checkout(ctx, w.buyer, o.ID)
	must(t, err)
	two := w.fake.session(o.ID)
	w.fake.pay(one)
	w.Clock.Advance(time.Second)
	w.fake.pay(two)
	w.tell(t)
	w.tell(t)
	return o
}

// Paid twice by two attempts: the order stays once paid, the rest is an entry of
// its own and goes back first.
func TestPaidTwice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o := w.twice(t)
		got := w.is(t, o.ID, payment.Fulfilled)
		same(t, price.Minor, got.Extra)
		same(t, true, slices.Contains(w.found(t), stripe.FoundTwice))
		w.sound(t)

		for range 2 {
			w.tell(t)
		}
		_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: price})
		must(t, err)
		w.tell(t)
		got = w.is(t, o.ID, payment.Fulfilled)
		same(t, []int64{price.Minor, price.Minor, 0}, []int64{got.Extra, got.ExtraReturned, got.Refunded})
		_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{})
		must(t, err)
		w.is(t, o.ID, payment.Refunded)
		w.sound(t)
	})
}

// Sixteen clicks on one refund give back no more than there is.
func TestRefundsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.page(t)
		w.fake.pay(s)
		w.tell(t)
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 40000, Currency: "RUB"}})
				if err != nil && !fault.Is(err, fault.Invalid) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.tell(t)
		got := w.is(t, o.ID, payment.Fulfilled)
		same(t, int64(120000), got.Refunded)
		same(t, int64(120000), w.fake.charge(s)["amount_refunded"].(int64))
		w.sound(t)
	})
}

// A refund whose answer was lost is the same refund when it is made again; after
// a day, when Stripe has forgotten the key, it is not made again at all.
func TestALostRefundIsMadeOnce(t *testing.T) {
	t.Parallel()
	for _, pause := range []time.Duration{time.Minute, 25 * time.Hour} {
		w := newWorld(t, dbtest.New(t))
		o, s := w.page(t)
		w.fake.pay(s)
		w.tell(t)
		w.fake.set(func() { w.fake.silent = true })
		_, err := w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 50000, Currency: "RUB"}})
		must(t, err) // it is done later
		w.fake.set(func() {
			w.fake.silent = false
			if pause > 24*time.Hour {
				w.fake.keys = map[string]answer{}
			}
		})
		w.Clock.Advance(pause)
		dbtest.Drain(t, w.World)
		same(t, int64(50000), w.fake.charge(s)["amount_refunded"].(int64))
		same(t, int64(50000), w.is(t, o.ID, payment.Fulfilled).Refunded)
		w.sound(t)
	}
}

// Strangers and the wrong side can do nothing.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	stranger := w.another(t, "eve")
	_, err := w.Checkout(ctx, stranger, o.ID)
	same(t, true, fault.Is(err, fault.NotFound))
	_, err = w.Checkout(ctx, w.seller, o.ID)
	same(t, true, fault.Is(err, fault.Forbidden))
	_, err = w.Checkout(ctx, w.buyer, o.ID)
	same(t, true, fault.Is(err, fault.Conflict))
	_, err = w.Refund(ctx, w.buyer, o.ID, stripe.Back{})
	same(t, true, fault.Is(err, fault.Forbidden))
	_, err = w.Refund(ctx, stranger, o.ID, stripe.Back{})
	same(t, true, fault.Is(err, fault.NotFound))
	_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 1, Currency: "USD"}})
	same(t, true, fault.Is(err, fault.Invalid))
	_, err = w.Returned(ctx, stranger.ID)
	same(t, true, fault.Is(err, fault.NotFound))
}

// A seller who leaves with an order open: it is looked at, nothing new begins,
// and connecting again makes another account.
func TestASellerLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.set(func() {
		w.fake.accounts[w.acct]["_left"] = true
		w.fake.happened("account.application.deauthorized", object{"_on": w.acct, "id": "ca_0123456789", "object": "application"})
	})
	w.tell(t)
	got, err := w.AccountStatus(ctx, w.seller)
	must(t, err)
	same(t, stripe.AccountDisconnected, got.State)
	same(t, []string{stripe.FoundLeft}, w.found(t))
	must(t, w.Disconnect(ctx, w.seller))
	_, err = w.Returned(ctx, o.ID)
	must(t, err)
	w.is(t, o.ID, payment.AwaitingPayment)
	err = w.Write(ctx, func(tx *db.Tx) error {
		_, err := payment.Open(ctx, tx, w.orders, payment.Opening{Buyer: w.buyer, SellerID: w.seller.ID, Kind: "box", Subject: "2", Title: "B", Price: price, Method: payment.Stripe, Terms: []byte("{}")})
		return err
	})
	same(t, true, fault.Is(err, fault.Conflict))
	_, again, err := w.ConnectAccount(ctx, w.seller)
	must(t, err)
	if again.StripeID == w.acct || again.State != stripe.AccountPending {
		t.Errorf("connected again as %+v", again)
	}
	_ = s
	w.sound(t)
}

// The page that ended ends the order, whose late payment is a fact all the same.
func TestPagesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.set(func() {
		s["status"] = "expired"
		w.fake.happened("checkout.session.expired", s)
	})
	w.tell(t)
	w.is(t, o.ID, payment.Expired)
	_, err := w.Checkout(ctx, w.buyer, o.ID)
	same(t, true, fault.Is(err, fault.Conflict))
	w.fake.pay(s)
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	same(t, 0, w.count(t, "SELECT count(*) FROM stripe_attempt WHERE url <> ''"))
	w.sound(t)
}

// A dispute holds the order, and ends as the bank says.
func TestDisputes(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]payment.State{"won": payment.Fulfilled, "lost": payment.Refunded, "warning_closed": payment.Disputed} {
		w := newWorld(t, dbtest.New(t))
		o, s := w.page(t)
		w.fake.pay(s)
		w.fake.dispute(s, "warning_needs_response")
		w.tell(t)
		w.is(t, o.ID, payment.Fulfilled)
		w.fake.dispute(s, "needs_response")
		w.tell(t)
		w.is(t, o.ID, payment.Disputed)
		w.fake.dispute(s, status)
		w.tell(t)
		w.is(t, o.ID, want)
		w.sound(t)
	}
}

// Nothing of a person that Stripe told is in any row, and no call carried any.
func TestNothingPersonalIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.dispute(s, "needs_response")
	w.tell(t)
	w.is(t, o.ID, payment.Disputed)
	var b strings.Builder
	for _, table := range stripe.Tables() {
		must(t, w.Read(ctx, func(tx *db.Tx) error {
			var rows []map[string]any
			if err := tx.NewRaw("SELECT * FROM "+table).Scan(ctx, &rows); err != nil {
				return err
			}
			for _, row := range rows {
				for k, v := range row {
					if raw, ok := v.([]byte); ok {
						row[k] = string(raw)
					}
				}
			}
			return json.NewEncoder(&b).Encode(rows)
		}))
	}
	for _, h := range w.fake.headers {
		_ = json.NewEncoder(&b).Encode(h)
	}
	for _, canary := range []string{"ivan", "Ivan", "Petrov", "+7000", "uname", "Telemetry"} {
		if strings.Contains(b.String(), canary) {
			t.Errorf("%q is kept or sent", canary)
		}
	}
	if !strings.Contains(b.String(), o.ID) {
		t.Error("the search finds nothing at all")
	}
}

// An event about what we do not know is kept and looked at again, ever more
// seldom, for a day: our own commit may come late. Then it is found.
func TestAnEventAboutWhatWeDoNotKnow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		_, s := w.page(t)
		b := w.body(func(e object) { e["data"] = object{"object": object{"id": "cs_test_unknown000"}} }, s)
		must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret)))
		looked := 0
		for hour := range 24 {
			if n := w.count(t, "SELECT count(*) FROM payment_inbox WHERE done_at IS NULL"); n != 1 {
				t.Fatalf("after %d hours %d rows wait", hour, n)
			}
			before := w.fake.heard()
			_, err := w.ReadInbox(ctx)
			must(t, err)
			looked += w.fake.heard() - before
			same(t, 0, len(w.found(t)))
			w.sound(t)
			w.Clock.Advance(time.Hour)
			_, err = w.Sweep(ctx)
			must(t, err)
		}
		_, err := w.ReadInbox(ctx)
		must(t, err)
		same(t, []string{stripe.FoundUnknown}, w.found(t))
		same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox WHERE done_at IS NULL"))
		if looked < 24 {
			t.Errorf("looked %d times", looked)
		}
	})
}

// An event of a seller known here about another seller's order settles nothing,
// even though the order is paid: its own account will tell.
func TestAnotherSellersAccountSettlesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	_, other, err := w.ConnectAccount(ctx, w.another(t, "eve"))
	must(t, err)
	o, s := w.page(t)
	w.fake.pay(s)
	b := w.body(func(e object) { e["account"] = other.StripeID }, s)
	must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret)))
	_, err = w.ReadInbox(ctx)
	must(t, err)
	w.is(t, o.ID, payment.AwaitingPayment)
	same(t, []string{stripe.FoundAccount}, w.found(t))
	w.tell(t)
	w.is(t, o.ID, payment.Fulfilled)
	w.sound(t)
}
