package stripe_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

func reads(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/accounts/")
}

// A seller who disconnects while Stripe is asked how far the account is stays
// disconnected; only connecting it again brings it back.
func TestDisconnectedWhileItIsRead(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		w.fake.set(func() { w.fake.accounts[w.acct]["charges_enabled"] = false })
		under, on := make(chan struct{}), make(chan struct{})
		w.fake.set(func() {
			w.fake.before = func(r *http.Request) int {
				if reads(r) {
					close(under)
					<-on
				}
				return 0
			}
		})
		type answer struct {
			acc stripe.Account
			err error
		}
		read := make(chan answer, 1)
		go func() {
			acc, err := w.AccountStatus(ctx, w.seller)
			read <- answer{acc, err}
		}()
		<-under
		w.fake.set(func() { w.fake.before = nil })
		must(t, w.Disconnect(ctx, w.seller))
		close(on)
		got := <-read
		must(t, got.err)
		same(t, stripe.AccountDisconnected, got.acc.State)
		same(t, 1, w.count(t, "SELECT count(*) FROM stripe_account WHERE state = 'disconnected'"))
		w.fake.ready(w.acct)
		_, back, err := w.ConnectAccount(ctx, w.seller)
		must(t, err)
		same(t, stripe.Account{State: stripe.AccountReady, CanBePaid: true, StripeID: w.acct}, back)
		w.sound(t)
	})
}

// A key that may not read accounts says nothing about the sellers: nobody is
// disconnected, nothing is found about their orders, and no second account is
// made.
func TestAKeyThatMayNotIsNoSellerThatLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.fake.set(func() {
		w.fake.happened("account.updated", object{"_on": w.acct, "id": w.acct, "object": "account"})
		w.fake.before = func(r *http.Request) int {
			if r.Method == http.MethodGet {
				return http.StatusForbidden
			}
			return 0
		}
	})
	for _, e := range w.fake.all() {
		must(t, w.Webhook(ctx, e, sign(e, w.Clock.Now(), testSecret)))
	}
	_, _ = w.ReadInbox(ctx)
	got, err := w.AccountStatus(ctx, w.seller)
	must(t, err)
	same(t, stripe.Account{State: stripe.AccountReady, CanBePaid: true, StripeID: w.acct}, got)
	_, _, err = w.ConnectAccount(ctx, w.seller)
	same(t, []string{"stripe_key"}, codes(err))
	_, err = w.Returned(ctx, o.ID)
	same(t, []string{"stripe_key"}, codes(err))
	same(t, 0, len(w.found(t)))
	same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox WHERE done_at IS NOT NULL"))
	w.fake.set(func() { w.fake.before = nil })
	_, acc, err := w.ConnectAccount(ctx, w.seller)
	must(t, err)
	same(t, w.acct, acc.StripeID)
	w.sound(t)
}

func codes(err error) (out []string) {
	for _, f := range fault.All(err) {
		out = append(out, f.Code)
	}
	return out
}

// A look that finds nothing new neither writes nor puts off asking for events.
func TestALookPutsNothingOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	due := "SELECT count(*) FROM due WHERE kind = 'stripe_events' AND at > ?"
	later := w.Clock.Now().Add(11 * time.Minute)
	same(t, 0, w.count(t, due, later))
	w.Clock.Advance(5 * time.Minute)
	_, err := w.AccountStatus(ctx, w.seller)
	must(t, err)
	same(t, 0, w.count(t, due, later))
}

// An account for real money outlives a day with a test key, and leaving before
// the account was made removes nobody else's events.
func TestWhatIsNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	must(t, w.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("UPDATE stripe_account SET livemode = TRUE").Exec(ctx)
		return err
	}))
	_, _, err := w.ConnectAccount(ctx, w.seller)
	same(t, []string{"stripe_key"}, codes(err))
	same(t, 1, w.count(t, "SELECT count(*) FROM stripe_account WHERE stripe_id = ?", w.acct))

	body := []byte(`{"id":"evt_12345678","object":"event","type":"balance.available","livemode":false,"data":{"object":{"object":"balance"}}}`)
	must(t, w.Webhook(ctx, body, sign(body, w.Clock.Now(), testSecret)))
	ann := w.another(t, "ann")
	w.fake.set(func() { w.fake.away = true })
	if _, _, err := w.ConnectAccount(ctx, ann); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	held := w.count(t, "SELECT count(*) FROM payment_inbox WHERE seller = ''")
	if held == 0 {
		t.Fatal("no event is nobody's")
	}
	must(t, w.Write(ctx, func(tx *db.Tx) error { return w.Erase(ctx, tx, ann.ID) }))
	same(t, held, w.count(t, "SELECT count(*) FROM payment_inbox WHERE seller = ''"))
}
