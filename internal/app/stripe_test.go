package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// signature is the header of an event as Stripe writes it.
func signature(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// event is one that can have no effect: nobody asked for its type.
func event(id, kind string) string {
	return `{"id":"` + id + `","object":"event","type":"` + kind + `","livemode":false,"account":"acct_0123456789abcdef","data":{"object":{"id":"po_1","email":"ivan@example.org"}}}`
}

// hook sends something to the webhook's address.
func hook(t *testing.T, w *apptest.World, path, body, signature string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", signature)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func count(t *testing.T, w *apptest.World, query string) (n int) {
	t.Helper()
	if err := w.DB.Read(t.Context(), func(tx *db.Tx) error { return tx.NewRaw(query).Scan(t.Context(), &n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

// What is not Stripe's own, now, and whole is refused by status and leaves no
// row; what is, gets 200 once it is durable, however often it comes.
func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		now, good := w.Clock.Now(), event("evt_1", "payout.paid")
		large := `{"x":"` + strings.Repeat("y", stripe.MaxEvent) + `"}`
		for name, c := range map[string]struct {
			body, signature string
			want            int
		}{
			"none":           {good, "", 400},
			"another secret": {good, signature(good, "whsec_other", now), 400},
			"another body":   {good + " ", signature(good, s.Secret, now), 400},
			"old":            {good, signature(good, s.Secret, now.Add(-301*time.Second)), 400},
			"of the future":  {good, signature(good, s.Secret, now.Add(301*time.Second)), 400},
			"not an event":   {`{}`, signature(`{}`, s.Secret, now), 400},
			"empty":          {"", signature("", s.Secret, now), 400},
			"too large":      {large, signature(large, s.Secret, now), 413},
		} {
			if got := hook(t, w, stripe.WebhookPath, c.body, c.signature).StatusCode; got != c.want {
				t.Errorf("%s: %d, want %d", name, got, c.want)
			}
		}
		if n := count(t, w, "SELECT count(*) FROM payment_inbox"); n != 0 {
			t.Fatalf("%d rows of what was refused", n)
		}
		for range 3 {
			res := hook(t, w, stripe.WebhookPath, good, signature(good, s.Secret, now))
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != 200 || string(body) != "ok\n" || len(res.Cookies()) > 0 || res.Header.Get("Content-Encoding") != "" || res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("an event: %d %q %v", res.StatusCode, body, res.Header)
			}
		}
		if n, found := count(t, w, "SELECT count(*) FROM payment_inbox"), count(t, w, "SELECT count(*) FROM payment_finding"); n != 1 || found != 1 {
			t.Errorf("%d rows and %d findings, want 1 and 1", n, found)
		}
		if res, err := http.Get(w.URL + stripe.WebhookPath); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("GET: %v %v", res, err)
		}
		if logs := w.Logs.String(); strings.Contains(logs, "ivan@") || strings.Contains(logs, s.Secret) {
			t.Errorf("the log tells too much: %s", logs)
		}
	})
}

// Stripe sends no cookies and no origin; forms' guards are not for it, and a
// page that makes a browser send something there gets nowhere.
func TestWebhookStandsOutsideOfThePages(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	good := event("evt_1", "payout.paid")
	sign := signature(good, s.Secret, w.Clock.Now())
	for name, header := range map[string][]string{"plain": nil, "a foreign form": {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"zipped answers": {"Accept-Encoding", "gzip"}, "another type": {"Content-Type", "text/plain"}} {
		if res := hook(t, w, stripe.WebhookPath, good, sign, header...); res.StatusCode != 200 {
			t.Errorf("%s: %d", name, res.StatusCode)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for i := range 60 { // many at a time from one address
		wg.Go(func() {
			body := event(fmt.Sprintf("evt_many_%d", i), "payout.paid")
			res := hook(t, w, stripe.WebhookPath, body, signature(body, s.Secret, w.Clock.Now()))
			mu.Lock()
			defer mu.Unlock()
			codes[res.StatusCode]++
		})
	}
	wg.Wait()
	if codes[200] != 60 {
		t.Errorf("60 at once: %v", codes)
	}
}

// Without a key there is nothing at the address, and no word of Stripe where
// anybody looks.
func TestNoWordOfStripeWithoutAKey(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	good := event("evt_1", "payout.paid")
	if got := hook(t, w, stripe.WebhookPath, good, signature(good, "", w.Clock.Now())).StatusCode; got != http.StatusNotFound {
		t.Errorf("the webhook: %d", got)
	}
	for _, r := range w.Routes() {
		if strings.HasPrefix(r.Path, "/me/stripe") || strings.HasPrefix(r.Path, "/orders/:id/checkout") {
			t.Errorf("%s %s is routed", r.Method, r.Path)
		}
	}
	c := w.Visitor()
	for _, path := range []string{"/", "/transparency", "/privacy", "/how", "/licence-terms"} {
		if page := c.Get(path); page.Status == 200 && strings.Contains(strings.ToLower(page.Body), "checkout.stripe.com") {
			t.Errorf("%s leads to Stripe", path)
		}
	}
	list, err := w.Doctor(t.Context())
	if err != nil || slices.ContainsFunc(list, func(s app.Symptom) bool { return strings.Contains(s.Name, "stripe") }) {
		t.Errorf("the doctor: %v %v", list, err)
	}
}

// With a key everybody can read what the program may ask of Stripe, and the
// audit and the doctor look there too.
func TestWhatAKeyBrings(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	figures, err := w.Transparency.Figures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, c := range stripe.Calls() {
		want = append(want, c.Method+" "+c.Path)
	}
	if d := cmp.Diff(want, figures.StripeCalls); d != "" || len(want) < 5 {
		t.Errorf("calls (-want +got):\n%s", d)
	}
	report, err := w.Audit.Run(t.Context())
	if err != nil || !report.OK {
		t.Errorf("the audit: %v %v", report, err)
	}
	without, err := apptest.New(t).Audit.Run(t.Context())
	if err != nil || report.Checked != without.Checked+len(w.Stripe.Invariants()) {
		t.Errorf("%d invariants, without a key %d: %v", report.Checked, without.Checked, err)
	}
	levels := map[string]string{}
	look := func() {
		list, err := w.Doctor(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			levels[one.Name] = one.Level
		}
	}
	if look(); levels["stripe key"] != app.Fine || levels["stripe endpoint"] == "" {
		t.Errorf("the doctor: %v", levels)
	}
	s.Instead(http.NotFoundHandler())
	if look(); levels["stripe key"] != app.Bad {
		t.Errorf("the doctor without Stripe: %v", levels)
	}
}

// A Stripe that hangs holds up those who wait for it and nobody else: they get
// an answer that says so, and pages come as before.
func TestAHangingStripeHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	ada := w.Person("ada")
	token := ada.Token()
	over := make(chan struct{})
	s.Instead(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	var wg sync.WaitGroup
	for range 80 {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.URL+"/api/v1/me/stripe/account", nil)
			if err != nil {
				return
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if res, err := http.DefaultClient.Do(req); err == nil {
				if res.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("got %d of a Stripe that hangs", res.StatusCode)
				}
				_ = res.Body.Close()
			}
		})
	}
	for range 100 {
		if got := w.Visitor().Get("/login").Status; got != http.StatusOK {
			t.Errorf("a page while Stripe hangs: %d", got)
		}
	}
	close(over)
	wg.Wait()
}

// TestWhatPeopleHearOfCards follows an order from its first notice to the refund.
func TestWhatPeopleHearOfCards(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	sale := sells(t, w, s)
	want := map[string][]string{"ada": {"order_news new_stripe"}}
	check := func(when string) {
		t.Helper()
		got := map[string][]string{}
		for name, who := range map[string]string{"ada": sale.seller, "ben": sale.buyer} {
			got[name] = heard(t, w, who)
		}
		for name, list := range want {
			for _, one := range list {
				if !slices.Contains(got[name], one) {
					t.Errorf("%s: %s does not hear %q: %v", when, name, one, got[name])
				}
			}
		}
	}
	check("ordered")
	s.Do("pay", "id", s.Session(sale.order).ID)
	if _, err := w.Stripe.Returned(t.Context(), sale.order); err != nil {
		t.Fatal(err)
	}
	want["ada"], want["ben"] = append(want["ada"], "order_news paid_seller"), append(want["ben"], "order_news paid")
	check("paid")
	s.Do("dispute", "id", s.Session(sale.order).Payment)
	if _, err := w.Stripe.Returned(t.Context(), sale.order); err != nil {
		t.Fatal(err)
	}
	want["ada"], want["ben"] = append(want["ada"], "order_news disputed"), append(want["ben"], "order_news disputed")
	check("disputed")
}

// heard is what somebody was told of orders: kind and reason.
func heard(t *testing.T, w *apptest.World, id string) (out []string) {
	t.Helper()
	var rows []struct{ Kind, Args string }
	err := w.DB.Read(t.Context(), func(tx *db.Tx) error {
		return tx.NewRaw("SELECT kind, CAST(args AS TEXT) AS args FROM notice WHERE account_id = ?", id).Scan(t.Context(), &rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if notice.Kind(r.Kind) == notice.OrderNews || notice.Kind(r.Kind) == notice.OrderTurn {
			_, rest, _ := strings.Cut(strings.ReplaceAll(r.Args, " ", ""), `"reason":"`)
			reason, _, _ := strings.Cut(rest, `"`)
			out = append(out, r.Kind+" "+reason)
		}
	}
	return out
}

// sale is an order by card that waits, with the ids of its parties.
type sale struct{ seller, buyer, order string }

// sells opens an order on a seller's own account at the stand-in.
func sells(t *testing.T, w *apptest.World, s *apptest.StripeWorld) (out sale) {
	t.Helper()
	ctx := t.Context()
	actor := func(handle string) account.Actor {
		by, err := w.Accounts.ActorByToken(ctx, w.Person(handle).Token())
		if err != nil {
			t.Fatal(err)
		}
		return by
	}
	ada, ben := actor("ada"), actor("ben")
	w.Payments.Sell("box", &boxes{pay: w.Payments})
	_, acc, err := w.Stripe.ConnectAccount(ctx, ada)
	if err == nil {
		s.Connected(acc.StripeID)
		_, err = w.Stripe.AccountStatus(ctx, ada)
	}
	var o payment.Order
	if err == nil {
		err = w.DB.Write(ctx, func(tx *db.Tx) (err error) {
			o, err = payment.Open(ctx, tx, w.Payments, payment.Opening{Buyer: ben, SellerID: ada.ID, Kind: "box", Subject: "1", Title: "A box",
				Price: money.Amount{Minor: 1200, Currency: "EUR"}, Method: payment.Stripe, Terms: []byte("{}")})
			return err
		})
	}
	if err == nil {
		_, err = w.Stripe.Checkout(ctx, ben, o.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sale{ada.ID, ben.ID, o.ID}
}
