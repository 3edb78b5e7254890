package stripe_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

func TestWithoutAKeyNothingIsMade(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if _, err := stripe.New(stripe.Config{DB: d.DB, Payments: payment.New(payment.Config{DB: d.DB})}); err == nil {
		t.Error("a Stripe without a key")
	}
}

// The doctor says what an operator has to mend, and no key.
func TestDoctor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	looks := func() map[string]bool {
		out := map[string]bool{}
		for _, c := range w.Doctor(ctx) {
			if out[c.Name] = c.OK; strings.Contains(c.Note, testKey) || strings.Contains(c.Note, testSecret) || c.Note == "" {
				t.Errorf("%s says %q", c.Name, c.Note)
			}
		}
		return out
	}
	same(t, map[string]bool{"mode": true, "secrets": true, "version": true, "key": true, "endpoint": false, "accounts": true, "inbox": true, "findings": true}, looks())
	got, err := w.CreateWebhook(ctx)
	must(t, err)
	same(t, testSecret, got)
	w.fake.set(func() { w.fake.away = true })
	same(t, false, looks()["key"])
	if _, err := w.CreateWebhook(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}

// While the endpoint is changed there are two of them: one that hears all is
// enough, in whichever order they are listed.
func TestOneGoodEndpointIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	one := func(status string, types ...string) object {
		return object{"object": "webhook_endpoint", "url": "http://localhost:8080" + stripe.WebhookPath, "status": status, "enabled_events": types}
	}
	good, off, narrow := one("enabled", "*"), one("disabled", "*"), one("enabled", "charge.refunded")
	elsewhere := object{"object": "webhook_endpoint", "url": "http://shop.example/hook", "status": "disabled"}
	for name, c := range map[string]struct {
		list []any
		ok   bool
		says string
	}{
		"none":           {[]any{elsewhere}, false, "webhook create"},
		"good":           {[]any{elsewhere, good, elsewhere}, true, "/webhooks/stripe"},
		"old after it":   {[]any{good, off}, true, "2 endpoints"},
		"old before it":  {[]any{off, narrow, good}, true, "3 endpoints"},
		"disabled":       {[]any{off}, false, "is disabled"},
		"narrow":         {[]any{narrow}, false, "does not hear of"},
		"both are wrong": {[]any{narrow, off}, false, "2 endpoints"},
	} {
		w.fake.set(func() { w.fake.endpoints = c.list })
		for _, got := range w.Doctor(ctx) {
			if got.Name == "endpoint" && (got.OK != c.ok || !strings.Contains(got.Note, c.says)) {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
}

// An account goes through its words, its address at Stripe is kept nowhere, and
// nobody is connected twice by two clicks.
func TestConnecting(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		ann := w.another(t, "ann")
		none, err := w.AccountStatus(ctx, ann)
		must(t, err)
		same(t, stripe.AccountNone, none.State)
		must(t, w.Disconnect(ctx, ann))
		one, acc, err := w.ConnectAccount(ctx, ann)
		must(t, err)
		two, again, err := w.ConnectAccount(ctx, ann)
		must(t, err)
		if one == two || acc != again || acc.State != stripe.AccountPending {
			t.Errorf("got %s %s, %+v %+v", one, two, acc, again)
		}
		for _, step := range []struct {
			set  object
			want stripe.AccountState
		}{
			{object{"details_submitted": true}, stripe.AccountReview},
			{object{"requirements": object{"currently_due": []string{"external_account"}}}, stripe.AccountRestricted},
			{object{"charges_enabled": true}, stripe.AccountReady},
			{object{"charges_enabled": false}, stripe.AccountRestricted},
		} {
			w.fake.set(func() {
				for k, v := range step.set {
					w.fake.accounts[acc.StripeID][k] = v
				}
				w.fake.happened("account.updated", object{"_on": acc.StripeID, "id": acc.StripeID, "object": "account"})
			})
			w.tell(t)
			same(t, 1, w.count(t, "SELECT count(*) FROM stripe_account WHERE stripe_id = ? AND state = ?", acc.StripeID, step.want))
			got, err := w.AccountStatus(ctx, ann)
			must(t, err)
			same(t, stripe.Account{State: step.want, CanBePaid: step.want == stripe.AccountReady, StripeID: acc.StripeID}, got)
		}
		w.fake.set(func() { w.fake.away = true })
		got, err := w.AccountStatus(ctx, ann)
		must(t, err)
		same(t, stripe.AccountRestricted, got.State)
		w.fake.set(func() { w.fake.away = false })
		for range 2 {
			must(t, w.Disconnect(ctx, ann))
		}
		_, back, err := w.ConnectAccount(ctx, ann)
		must(t, err)
		same(t, acc.StripeID, back.StripeID)
		w.sound(t)
	})
}

// An export tells all that is held, and erasing leaves no account behind.
func TestExportAndErase(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.page(t)
		w.fake.pay(s)
		w.tell(t)
		for _, who := range []string{w.buyer.ID, w.seller.ID} {
			var b bytes.Buffer
			must(t, w.Read(ctx, func(tx *db.Tx) error { return w.Export(ctx, tx, who, &b) }))
			var got map[string]any
			must(t, json.Unmarshal(b.Bytes(), &got))
			if !strings.Contains(b.String(), o.ID) || strings.Contains(b.String(), w.acct) != (who == w.seller.ID) {
				t.Errorf("got %s", b.String())
			}
		}
		must(t, w.Write(ctx, func(tx *db.Tx) error { // as an event of the account in the other mode leaves it
			_, err := tx.NewRaw("INSERT INTO payment_finding (id, kind, subject, order_id, found_at) VALUES ('f', 'wrong_mode', ?, NULL, ?)", w.acct, tx.Now).Exec(ctx)
			return err
		}))
		must(t, w.Write(ctx, func(tx *db.Tx) error { return w.Erase(ctx, tx, w.seller.ID) }))
		same(t, 0, w.count(t, "SELECT count(*) FROM payment_finding"))
		same(t, 0, w.count(t, "SELECT count(*) FROM stripe_account"))
		same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox"))
		same(t, 0, w.count(t, "SELECT count(*) FROM due WHERE kind = 'stripe_events'"))
		w.fake.back(s, 150000) // the order still learns
		_, err := w.Returned(ctx, o.ID)
		must(t, err)
		w.is(t, o.ID, payment.Refunded)
		w.sound(t)
	})
}

// Amounts and currencies that Stripe cannot charge, and sellers who cannot be
// paid, are refused before an order begins.
func TestWhatCannotBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	open := func(minor int64, currency string) error {
		return w.Write(ctx, func(tx *db.Tx) error {
			in := payment.Opening{Buyer: w.buyer, SellerID: w.seller.ID, Kind: "box", Subject: "1", Title: "B", Price: price, Method: payment.Stripe, Terms: []byte("{}")}
			in.Price.Minor, in.Price.Currency = minor, currency
			_, err := payment.Open(ctx, tx, w.orders, in)
			return err
		})
	}
	must(t, open(100, "USD"))
	same(t, true, fault.Is(open(100_000_000, "USD"), fault.Invalid))
	w.fake.set(func() { w.fake.accounts[w.acct]["charges_enabled"] = false })
	_, err := w.AccountStatus(ctx, w.seller)
	must(t, err)
	same(t, true, fault.Is(open(100, "USD"), fault.Conflict))
	same(t, 1, w.count(t, "SELECT count(*) FROM payment_order"))
}

// What was kept long enough is forgotten.
func TestTidy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	must(t, w.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw("UPDATE payment_order SET buyer_id = NULL, seller_id = NULL WHERE id = ?", o.ID).Exec(ctx)
		return err
	}))
	w.fake.set(func() { w.fake.events = nil }) // Stripe keeps them for 30 days
	w.Clock.Advance(181 * 24 * time.Hour)
	dbtest.Drain(t, w.World)
	same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox"))
	same(t, 0, w.count(t, "SELECT count(*) FROM stripe_attempt"))
	w.sound(t)
}
