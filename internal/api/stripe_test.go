package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// cards is what the program puts between the API and Stripe.
type cards struct{ *stripe.Stripe }

func (c cards) Account(ctx context.Context, by account.Actor) (api.StripeAccount, error) {
	acc, err := c.AccountStatus(ctx, by)
	return api.StripeAccount{Account: acc.StripeID, State: string(acc.State), CanBePaid: acc.CanBePaid}, err
}

func (c cards) Connect(ctx context.Context, by account.Actor) (string, api.StripeAccount, error) {
	url, acc, err := c.ConnectAccount(ctx, by)
	return url, api.StripeAccount{Account: acc.StripeID, State: string(acc.State), CanBePaid: acc.CanBePaid}, err
}

func (c cards) Refund(ctx context.Context, by account.Actor, id string, amount money.Amount, key string) (payment.Order, error) {
	return c.Stripe.Refund(ctx, by, id, stripe.Back{Amount: amount, Key: key})
}

// takesCards puts a stand-in for Stripe beside a board.
func (w *world) takesCards() {
	w.t.Helper()
	w.stand = apptest.NewStripeWorld(w.t, w.Clock.Now)
	s, err := stripe.New(stripe.Config{DB: w.DB, Payments: w.payments, Key: w.stand.Key, Secrets: []string{w.stand.Secret}, Base: w.stand.Base, URL: origin})
	if err != nil {
		w.t.Fatal(err)
	}
	w.cards, w.api.Stripe = s, cards{s}
	w.payments.Settle(payment.Stripe, s.Way())
}

const cardOffer = `{"uses":["reproduce","present"],"prices":[{"days":90,"amount":1200,"currency":"EUR"}],
	"ways":[{"country":"WW","method":"stripe","currency":"EUR"},{"country":"WW","method":"direct","currency":"EUR"}]}`

// TestPricesThatNoCardPays refuses an offer at once whose price Stripe takes from
// nobody, and an offer by cards on a board that takes none.
func TestPricesThatNoCardPays(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	s := w.shop()
	if rec := s.ask("POST", "/api/v1/works/"+s.work+"/offers", s.ada, cardOffer); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "way_off") {
		t.Errorf("without cards: %d %s", rec.Code, rec.Body)
	}
	w.takesCards()
	for body, want := range map[string]int{cardOffer: http.StatusCreated,
		strings.ReplaceAll(cardOffer, "1200", "999999999999"): http.StatusUnprocessableEntity, strings.ReplaceAll(cardOffer, "EUR", "XAU"): http.StatusUnprocessableEntity} {
		rec := s.ask("POST", "/api/v1/works/"+s.work+"/offers", s.ada, body)
		if rec.Code != want {
			t.Errorf("%s: %d, want %d: %s", body, rec.Code, want, rec.Body)
		}
		if strings.Contains(body, "99999") && !strings.Contains(rec.Body.String(), "way_price") {
			t.Errorf("too much for a card: %s", rec.Body)
		}
	}
}

// connects makes the seller's account at Stripe ready.
func (s *shopping) connects() (account string) {
	s.t.Helper()
	link := reads[api.StripeLink](s.t, s.ask("POST", "/api/v1/me/stripe/account", s.ada, ""))
	s.stand.Connected(link.Account)
	acc := reads[api.StripeAccount](s.t, s.ask("GET", "/api/v1/me/stripe/account", s.ada, ""))
	if diff := cmp.Diff(api.StripeAccount{Account: link.Account, State: "ready", CanBePaid: true}, acc); diff != "" || !strings.HasPrefix(link.URL, "http") {
		s.t.Fatalf("the account (-want +got): %s", diff)
	}
	return link.Account
}

// byCard is an order of ben's that is paid by card, or waits for it.
func (s *shopping) byCard(paid bool) (order string) {
	s.t.Helper()
	offer := s.did("POST", "/works/"+s.work+"/offers", s.ada, cardOffer)
	order = s.did("POST", "/orders", s.ben, fmt.Sprintf(`{"offer_id":%q,"days":90,"method":"stripe"}`, offer))
	page := reads[api.CheckoutPage](s.t, s.says(s.ben, order, "checkout", ""))
	if !strings.HasPrefix(page.URL, s.stand.Base) {
		s.t.Fatalf("the page to pay on is %s", page.URL)
	}
	if paid {
		s.stand.Do("pay", "id", s.stand.Session(order).ID)
		if _, err := s.cards.Returned(s.t.Context(), order); err != nil {
			s.t.Fatal(err)
		}
	}
	return order
}

// TestCards walks from connecting an account to the last refund; what is
// repeated changes nothing.
func TestCards(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		w.takesCards()
		s := w.shop()
		if got := reads[api.StripeAccount](t, s.ask("GET", "/api/v1/me/stripe/account", s.ada, "")); got.State != "none" || got.Account != "" || got.CanBePaid {
			t.Errorf("before: %+v", got)
		}
		links := map[string]bool{}
		for range 3 {
			link := reads[api.StripeLink](t, s.ask("POST", "/api/v1/me/stripe/account", s.ada, "", "Idempotency-Key: k"))
			links[link.URL] = true
		}
		acct := s.connects()
		if len(links) != 3 || !strings.HasPrefix(acct, "acct_") {
			t.Errorf("one account %s and %d addresses, want 3: each works once", acct, len(links))
		}
		order := s.byCard(false)
		first := s.says(s.ben, order, "checkout", "").Body.String()
		if o := s.is(order); o.State != "awaiting_payment" || !slices.Equal(o.Acts, []string{"cancel", "checkout"}) || o.Turn != "buyer" {
			t.Errorf("waiting: %+v", o)
		}
		kept := s.ask("POST", "/api/v1/orders/"+order+"/checkout", s.ben, "", "Idempotency-Key: c").Body.String()
		w.stand.Do("pay", "id", w.stand.Session(order).ID)
		if _, err := w.cards.Returned(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		again := s.ask("POST", "/api/v1/orders/"+order+"/checkout", s.ben, "", "Idempotency-Key: c").Body.String()
		if first != kept || again != kept || len(w.stand.Sessions()) != 1 {
			t.Errorf("pages %q, %q, %q, %d at Stripe", first, kept, again, len(w.stand.Sessions()))
		}
		o := s.is(order)
		if o.State != "fulfilled" || o.LicenceID == nil || len(o.Acts) > 0 {
			t.Errorf("paid: %+v", o)
		}
		s.givesBack(order)
		s.sound()
	})
}

func (s *shopping) givesBack(order string) {
	s.t.Helper()
	refund := func(token, body string, headers ...string) (int, string) {
		rec := s.ask("POST", "/api/v1/orders/"+order+"/refund", token, body, headers...)
		if rec.Code == http.StatusOK {
			return rec.Code, ""
		}
		p := problem(s.t, rec)
		code := p.Code
		if len(p.Errors) > 0 {
			code += " " + p.Errors[0].Field + " " + p.Errors[0].Code
		}
		return rec.Code, code
	}
	for _, c := range []struct {
		token, body string
		status      int
	}{
		{s.ben, `{"amount":100}`, 403}, {s.cat, `{"amount":100}`, 404}, {"", `{}`, 401}, {s.ada, `{"amount":1201}`, 422}, {s.ada, `{"amount":0}`, 422},
		{s.ada, `{"amount":-1}`, 422}, {s.ada, `{"amount":100,"currency":"USD"}`, 422}, {s.ada, `{"currency":"EUR"}`, 422}, {s.ada, `{"amount":"1"}`, 422},
		{s.ada, `{"amount":1.5}`, 422}, {s.ada, `{"fee":1}`, 422}, {s.ada, `{`, 400},
	} {
		if got, code := refund(c.token, c.body); got != c.status {
			s.t.Errorf("%s: %d %s, want %d", c.body, got, code, c.status)
		}
	}
	for range 3 {
		if got, code := refund(s.ada, `{"amount":200}`, "Idempotency-Key: r"); got != 200 {
			s.t.Fatalf("a part: %d %s", got, code)
		}
	}
	if got, code := refund(s.ada, `{"amount":300}`, "Idempotency-Key: r"); got != 422 || !strings.Contains(code, "idempotency_key_reused") {
		s.t.Errorf("another body with the same key: %d %s", got, code)
	}
	if o := s.is(order); o.Refunded != 200 || o.State != "fulfilled" || o.Returnable != 1000 {
		s.t.Errorf("after a part: %+v", o)
	}
	if o := reads[api.Order](s.t, s.ask("GET", "/api/v1/orders/"+order, s.ada, "")); !slices.Equal(o.Acts, []string{"refund"}) {
		s.t.Errorf("the seller may %v", o.Acts)
	}
	if got, code := refund(s.ada, ""); got != 200 {
		s.t.Fatalf("the rest: %d %s", got, code)
	}
	if o := s.is(order); o.Refunded != 1200 || o.State != "refunded" || o.Returnable != 0 {
		s.t.Errorf("after all: %+v", o)
	}
	lic := reads[api.Licence](s.t, s.ask("GET", "/api/v1/licences/"+*s.is(order).LicenceID, s.ben, ""))
	if lic.State != "revoked" {
		s.t.Errorf("the licence is %s", lic.State)
	}
}

// Who is not the buyer of a card's order gets no page, an order of another
// method has none, and Stripe's absence is told as what it is.
func TestWhoMayNotPayByCard(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		w.takesCards()
		s := w.shop()
		offer := s.did("POST", "/works/"+s.work+"/offers", s.ada, cardOffer)
		buy := fmt.Sprintf(`{"offer_id":%q,"days":90,"method":"stripe"}`, offer)
		p := problem(t, s.ask("POST", "/api/v1/orders", s.ben, buy))
		if p.Status != 409 || p.Code != "stripe_account_missing" {
			t.Errorf("before the seller has an account: %d %s", p.Status, p.Code)
		}
		s.connects()
		order, plain := s.did("POST", "/orders", s.ben, buy), s.orders(90)
		for _, c := range []struct {
			token, order string
			status       int
			code         string
		}{{"", order, 401, "token_needed"}, {s.ada, order, 403, "not_allowed"}, {s.cat, order, 404, "order_unknown"}, {s.mod, order, 404, "order_unknown"},
			{s.ben, plain, 409, "order_method"}, {s.ben, "x", 404, "order_unknown"}} {
			p := problem(t, s.says(c.token, c.order, "checkout", ""))
			if p.Status != c.status || p.Code != c.code {
				t.Errorf("%s: %d %s, want %d %s", c.order, p.Status, p.Code, c.status, c.code)
			}
		}
		if p := problem(t, s.says(s.ada, order, "refund", `{}`)); p.Status != 409 || p.Code != "order_state" {
			t.Errorf("a refund before the payment: %d %s", p.Status, p.Code)
		}
		if p := problem(t, s.says(s.ada, plain, "refund", `{}`)); p.Status != 409 || p.Code != "order_method" {
			t.Errorf("a refund of a direct order: %d %s", p.Status, p.Code)
		}
		w.stand.Instead(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) }))
		rec := s.says(s.ben, order, "checkout", "")
		if p := problem(t, rec); p.Status != 503 || p.Code != "stripe_unavailable" || rec.Header().Get("Retry-After") == "" {
			t.Errorf("without Stripe: %d %s", p.Status, p.Code)
		}
		w.stand.Instead(nil)
		reads[api.CheckoutPage](t, s.says(s.ben, order, "checkout", ""))
		w.Clock.Advance(25 * time.Hour)
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := problem(t, s.says(s.ben, order, "checkout", "")); p.Status != 409 || p.Code != "order_state" {
			t.Errorf("a page of an order that ran out: %d %s", p.Status, p.Code)
		}
		s.sound()
	})
}

// Without a key every route of Stripe says so, to whoever may ask at all.
func TestNoCards(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.New(t), wide()).shop()
	order := s.orders(90)
	for _, c := range [][2]string{{"GET", "/me/stripe/account"}, {"POST", "/me/stripe/account"}, {"POST", "/orders/" + order + "/checkout"}, {"POST", "/orders/" + order + "/refund"}} {
		for token, want := range map[string]string{s.ada: "404 stripe_off", s.ben: "404 stripe_off", "": "401 token_needed"} {
			p := problem(t, s.ask(c[0], "/api/v1"+c[1], token, ""))
			if got := fmt.Sprint(p.Status, " ", p.Code); got != want {
				t.Errorf("%v: %s, want %s", c, got, want)
			}
		}
	}
	if o := s.is(order); slices.Contains(o.Acts, "checkout") {
		t.Errorf("acts: %v", o.Acts)
	}
}

// callsByCard reach every status of Stripe's routes, the one of a board without
// it as well.
func (s *shopping) callsByCard(operation string, all func(string, ...string) []call) []call {
	s.t.Helper()
	s.connects()
	waits, paid := s.byCard(false), s.byCard(true)
	if operation == "refund" {
		return append(all(paid), all(waits)...)
	}
	return append(all(waits), all(paid)...)
}
