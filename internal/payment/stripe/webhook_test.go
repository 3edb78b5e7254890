package stripe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// body is an event as somebody would write it.
func (w *world) body(change func(object), about object) []byte {
	e := object{"id": "evt_forged_" + fmt.Sprint(len(w.fake.all())), "object": "event", "type": "checkout.session.completed", "account": w.acct, "livemode": false,
		"data": object{"object": object{"id": about["id"], "object": "checkout.session", "payment_status": "paid", "amount_total": 150000}}}
	if change != nil {
		change(e)
	}
	b, _ := json.Marshal(e)
	return b
}

// Thirty forgeries: none pays an order. Those that Stripe did not sign are
// refused, those that it did have no effect and are found.
func TestForgeriesPayNothing(t *testing.T) {
	t.Parallel()
	unsigned := map[string]func(w *world, b []byte) ([]byte, string){
		"no signature":    func(_ *world, b []byte) ([]byte, string) { return b, "" },
		"garbage":         func(_ *world, b []byte) ([]byte, string) { return b, "t=,v1=" },
		"another secret":  func(w *world, b []byte) ([]byte, string) { return b, sign(b, w.Clock.Now(), "whsec_evil") },
		"an empty secret": func(w *world, b []byte) ([]byte, string) { return b, sign(b, w.Clock.Now(), "") },
		"old": func(w *world, b []byte) ([]byte, string) {
			return b, sign(b, w.Clock.Now().Add(-301*time.Second), testSecret)
		},
		"from the future": func(w *world, b []byte) ([]byte, string) {
			return b, sign(b, w.Clock.Now().Add(301*time.Second), testSecret)
		},
		"an hour ahead":  func(w *world, b []byte) ([]byte, string) { return b, sign(b, w.Clock.Now().Add(time.Hour), testSecret) },
		"a changed body": func(w *world, b []byte) ([]byte, string) { return append(b, ' '), sign(b, w.Clock.Now(), testSecret) },
		"another body":   func(w *world, b []byte) ([]byte, string) { return b, sign([]byte("{}"), w.Clock.Now(), testSecret) },
		"no time": func(w *world, b []byte) ([]byte, string) {
			s := sign(b, w.Clock.Now(), testSecret)
			return b, s[strings.Index(s, "v1="):]
		},
		"two times": func(w *world, b []byte) ([]byte, string) { return b, "t=1," + sign(b, w.Clock.Now(), testSecret) },
		"a time below nothing": func(w *world, b []byte) ([]byte, string) {
			return b, strings.Replace(sign(b, w.Clock.Now(), testSecret), "t=", "t=-", 1)
		},
		"another scheme": func(w *world, b []byte) ([]byte, string) {
			return b, strings.Replace(sign(b, w.Clock.Now(), testSecret), "v1=", "v0=", 1)
		},
		"a cut signature": func(w *world, b []byte) ([]byte, string) {
			s := sign(b, w.Clock.Now(), testSecret)
			return b, s[:len(s)-2]
		},
		"a long signature": func(w *world, b []byte) ([]byte, string) {
			return b, strings.Repeat("v1=00,", 1000) + sign(b, w.Clock.Now(), testSecret)
		},
		"no event": func(w *world, _ []byte) ([]byte, string) {
			b := []byte(`{"object":"list"}`)
			return b, sign(b, w.Clock.Now(), testSecret)
		},
		"no JSON": func(w *world, _ []byte) ([]byte, string) {
			b := []byte("<xml/>")
			return b, sign(b, w.Clock.Now(), testSecret)
		},
		"an id that climbs": func(w *world, b []byte) ([]byte, string) {
			b = bytes.Replace(b, []byte("cs_test"), []byte("../cs_test"), 1)
			return b, sign(b, w.Clock.Now(), testSecret)
		},
	}
	signed := map[string]struct {
		change func(w *world, e, s object)
		found  []string
	}{
		"the page is not paid":  {func(*world, object, object) {}, nil},
		"an unknown type":       {func(_ *world, e, _ object) { e["type"] = "payout.paid" }, []string{stripe.FoundType}},
		"live in a test branch": {func(_ *world, e, _ object) { e["livemode"] = true }, []string{stripe.FoundMode}},
		"no account":            {func(_ *world, e, _ object) { delete(e, "account") }, []string{stripe.FoundAccount}},
		"another account":       {func(_ *world, e, _ object) { e["account"] = acct }, []string{stripe.FoundAccount}},
		"an unknown page":       {func(_ *world, e, _ object) { e["data"] = object{"object": object{"id": "cs_test_unknown000"}} }, nil},
		"complete, not paid":    {func(_ *world, _, s object) { s["status"] = "complete" }, nil},
		"no payment":            {func(_ *world, _, s object) { s["payment_status"] = "paid" }, []string{stripe.FoundMismatch}},
		"another amount":        {func(w *world, _, s object) { s["amount_total"] = int64(1); w.pays(s) }, []string{stripe.FoundMismatch}},
		"less received":         {func(w *world, _, s object) { w.pays(s)["amount_received"] = 149999 }, []string{stripe.FoundMismatch}},
		"another currency":      {func(w *world, _, s object) { s["currency"] = "kzt"; w.pays(s) }, []string{stripe.FoundMismatch}},
		"another order":         {func(w *world, _, s object) { w.pays(s); s["client_reference_id"] = w.buyer.ID }, []string{stripe.FoundMismatch}},
		"another order's intent": {func(w *world, _, s object) { w.pays(s)["metadata"] = object{"order": "o", "attempt": "a"} },
			[]string{stripe.FoundMismatch}},
		"a live page": {func(w *world, _, s object) { w.pays(s); s["livemode"] = true }, []string{stripe.FoundMismatch}},
		"a share for somebody": {func(w *world, _, s object) { w.pays(s)["application_fee_amount"] = 100 },
			[]string{stripe.FoundMismatch}},
		"a charge that failed": {func(w *world, _, s object) { w.pays(s)["latest_charge"].(object)["status"] = "failed" }, []string{stripe.FoundMismatch}},
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		for name, forge := range unsigned {
			o, s := w.page(t)
			rows := w.count(t, "SELECT count(*) FROM payment_inbox")
			b, sig := forge(w, w.body(nil, s))
			if err := w.Webhook(ctx, b, sig); !errors.Is(err, stripe.ErrSignature) {
				t.Errorf("%s: got %v", name, err)
			}
			if got := w.count(t, "SELECT count(*) FROM payment_inbox"); got != rows {
				t.Errorf("%s left a row", name)
			}
			w.is(t, o.ID, payment.AwaitingPayment)
			_, err := w.orders.Cancel(ctx, w.buyer, o.ID)
			must(t, err)
		}
		if err := w.Webhook(ctx, make([]byte, stripe.MaxEvent+1), ""); !fault.Is(err, fault.TooLarge) {
			t.Errorf("too large: %v", err)
		}
	})
	for name, c := range signed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dbtest.New(t))
			o, s := w.page(t)
			b := w.body(func(e object) { w.fake.set(func() { c.change(w, e, s) }) }, s)
			for range 2 { // and replayed
				must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret)))
				_, err := w.ReadInbox(ctx)
				must(t, err)
			}
			w.is(t, o.ID, payment.AwaitingPayment)
			same(t, c.found, w.found(t))
			same(t, 1, w.count(t, "SELECT count(*) FROM payment_inbox"))
			same(t, 0, w.count(t, "SELECT count(*) FROM journal_entry"))
			w.sound(t)
		})
	}
	if n := len(unsigned) + len(signed) + 1; n < 30 {
		t.Errorf("%d forgeries", n)
	}
}

// An endpoint made by hand may hear of everything. What nobody asked for is taken,
// whatever it is about, and said once; of what was asked for the number must be
// there.
func TestWhatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		post := func(kind string, n int, about any) error {
			b, err := json.Marshal(object{"id": fmt.Sprintf("evt_all_%s_%d", strings.ReplaceAll(kind, ".", "_"), n), "object": "event", "type": kind, "account": w.acct,
				"livemode": false, "data": object{"object": about}})
			must(t, err)
			return w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret))
		}
		nameless := []object{{"object": "balance"}, {"id": "gold-plan"}, {"id": nil}, {"id": 7}, {"id": "../../x"}}
		for n, about := range nameless {
			if err := post("balance.available", n, about); err != nil {
				t.Errorf("%v: %v", about, err)
			}
			if err := post("charge.refunded", n, about); !errors.Is(err, stripe.ErrSignature) {
				t.Errorf("a refund of %v: %v", about, err)
			}
		}
		same(t, []string{stripe.FoundType}, w.found(t))
		same(t, len(nameless), w.count(t, "SELECT count(*) FROM payment_inbox WHERE object_id = '' AND outcome = ?", stripe.FoundType))
		list, err := w.Findings(ctx)
		must(t, err)
		must(t, w.SettleFinding(ctx, account.Console(), list[0].ID, "all events"))
		must(t, post("balance.available", 10, nameless[0]))
		same(t, 0, len(w.found(t)))
		w.sound(t)
	})
}

// A seller's own shop by the same account is no business of the board: its events
// are done at once. What comes of accounts that are not here, or of the other mode,
// is said once an account.
func TestASellersOwnShop(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.page(t)
		w.fake.set(func() {
			on := func(id, kind, about string, more object) {
				more["_on"], more["id"], more["object"] = w.acct, id, about
				w.fake.things[id] = more
				if kind != "" {
					w.fake.happened(kind, more)
				}
			}
			on("pi_shop00001", "", "payment_intent", object{"metadata": object{"cart": "7"}})
			on("cs_test_shop00001", "checkout.session.completed", "checkout.session", object{"payment_status": "paid", "metadata": object{}})
			on("ch_shop00001", "charge.refunded", "charge", object{"payment_intent": "pi_shop00001"})
			on("ch_shop00002", "charge.refunded", "charge", object{})
			on("re_shop00001", "charge.refund.updated", "refund", object{"payment_intent": "pi_shop00001"})
			on("dp_shop00001", "charge.dispute.created", "dispute", object{"payment_intent": "pi_shop00001"})
		})
		w.tell(t)
		same(t, 5, w.count(t, "SELECT count(*) FROM payment_inbox WHERE outcome = 'foreign' AND done_at IS NOT NULL"))
		same(t, 0, len(w.found(t)))

		for n := range 6 {
			for what, change := range map[string]func(e object){
				"mode":  func(e object) { e["livemode"] = true },
				"gone":  func(e object) { e["type"], e["account"] = "account.updated", acct },
				"board": func(e object) { delete(e, "account") },
			} {
				b := w.body(func(e object) { e["id"] = fmt.Sprintf("evt_%s_%d", what, n); change(e) }, s)
				must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret)))
			}
		}
		_, err := w.ReadInbox(ctx)
		must(t, err)
		got := w.found(t)
		slices.Sort(got)
		same(t, []string{stripe.FoundAccount, stripe.FoundAccount, stripe.FoundMode}, got)
		w.is(t, o.ID, payment.AwaitingPayment)
		w.sound(t)
	})
}

// pays pays a page without an event and gives the payment; the fake is locked.
func (w *world) pays(s object) object {
	w.fake.mu.Unlock()
	w.fake.pay(s)
	w.fake.mu.Lock()
	return s["payment_intent"].(object)
}

// Both secrets hold while they change, and a time within the tolerance does.
func TestBothSecretsHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s)
	for i, secret := range []string{"whsec_old", testSecret} {
		b := w.body(func(e object) { e["id"] = fmt.Sprint("evt_", i, "00000") }, s)
		must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now().Add(time.Duration(i*598-299)*time.Second), secret)))
	}
	_, err := w.ReadInbox(ctx)
	must(t, err)
	w.is(t, o.ID, payment.Fulfilled)
	w.sound(t)
}

func FuzzWebhook(f *testing.F) {
	w := newWorld(f, dbtest.New(f))
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"charge.refunded","account":"acct_0123456789abcd","livemode":false,"data":{"object":{"id":"ch_1"}}}`), "t=1,v1=00", true)
	f.Fuzz(func(t *testing.T, raw []byte, header string, signed bool) {
		if signed {
			header = sign(raw, w.Clock.Now(), testSecret)
		}
		err := w.Webhook(ctx, raw, header)
		if err == nil && !signed {
			t.Errorf("%q is taken", header)
		}
		if err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%v", err)
		}
	})
}
