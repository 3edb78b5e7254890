package apptest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// What is sold by card: each offer has terms of different lengths, so that one
// buyer can have many orders open.
const (
	shopPrice  = 50000 // kopecks
	shopOffers = 5
)

var shopDays = []int{30, 60, 90, 120}

// shop is a board with a seller whose account at Stripe is ready, and buyers who
// use the API.
type shop struct {
	*apptest.World
	stripe   *apptest.StripeWorld
	seller   soul
	acct     string // of the seller at Stripe
	other    string // another seller's
	offers   []string
	buyers   []soul
	orders   []string
	disputes map[int]string // numbers at Stripe by the order
}

// newShop connects the seller as people do: by the link to Stripe, where all is
// filled in.
func newShop(t *testing.T, w *apptest.World, s *apptest.StripeWorld) *shop {
	t.Helper()
	p := &shop{World: w, stripe: s}
	p.seller = newCustomer(w, "seller", false).soul
	p.acct = p.connects(t, p.seller)
	p.offers = offersByCard(t, w.App, p.seller)
	return p
}

// connects makes a seller's account ready and gives its number.
func (p *shop) connects(t *testing.T, who soul) string {
	t.Helper()
	var said struct{ Account, State, URL string }
	p.api(t, who, http.MethodPost, "/me/stripe/account", "", http.StatusOK, &said)
	if !strings.HasPrefix(said.URL, p.stripe.Base+"/connect/") {
		t.Fatalf("the link is %q", said.URL)
	}
	p.stripe.Connected(said.Account)
	p.api(t, who, http.MethodGet, "/me/stripe/account", "", http.StatusOK, &said)
	if said.State != "ready" {
		t.Fatalf("the account is %s", said.State)
	}
	return said.Account
}

// offersByCard gives a seller a work with offers that are paid by card.
func offersByCard(t testing.TB, a *app.App, who soul) (out []string) {
	t.Helper()
	ctx, by := context.Background(), account.Actor{ID: who.id, Handle: who.handle, Role: account.Member}
	work, err := a.Licences.AddWork(ctx, by, licence.WorkInput{Title: "Graphs by " + who.handle, Kind: "course", URL: "https://graphs.example.org/" + who.handle,
		BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner, Languages: []string{"ru"}, State: licence.WorkPublished})
	must(t, err)
	for range shopOffers {
		in := licence.OfferInput{Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching, RefundDays: 14, GraceDays: 30, NotFund: true,
			Ways: []licence.Way{{Country: cert.Worldwide, Method: payment.Stripe, Currency: "RUB"}}}
		for _, days := range shopDays {
			in.Prices = append(in.Prices, licence.Price{Days: days, Amount: shopPrice, Currency: "RUB"})
		}
		o, err := a.Licences.AddOffer(ctx, by, work.ID, in)
		must(t, err)
		out = append(out, o.ID)
	}
	return out
}

// api calls the JSON API as somebody and reads what it answers.
func (p *shop) api(t testing.TB, who soul, method, path, body string, want int, into any) {
	t.Helper()
	status, answer := apiCall(t, p.URL, who.token, method, path, body)
	if status != want {
		t.Fatalf("%s %s: got %d %s, want %d", method, path, status, answer, want)
	}
	if into != nil {
		must(t, json.Unmarshal(answer, into))
	}
}

func apiCall(t testing.TB, board, token, method, path, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequest(method, board+"/api/v1"+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, answer
}

// order opens the next order and its page: of a buyer, an offer and a length
// that together were not asked for before.
func (p *shop) order(t testing.TB) string {
	t.Helper()
	n, each := len(p.orders), shopOffers*len(shopDays)
	if n%each == 0 {
		p.buyers = append(p.buyers, newCustomer(p.World, fmt.Sprintf("buyer%d", n/each), false).soul)
	}
	var said struct{ ID, State string }
	p.api(t, p.buyers[n/each], http.MethodPost, "/orders", fmt.Sprintf(`{"offer_id":%q,"days":%d,"currency":"RUB","method":"stripe","renews":null}`,
		p.offers[n%shopOffers], shopDays[n/shopOffers%len(shopDays)]), http.StatusCreated, &said)
	p.orders = append(p.orders, said.ID)
	p.checkout(t, n)
	return said.ID
}

// checkout gives the address of an order's page at Stripe.
func (p *shop) checkout(t testing.TB, n int) string {
	t.Helper()
	var said struct{ URL string }
	p.api(t, p.buyerOf(n), http.MethodPost, "/orders/"+p.orders[n]+"/checkout", "", http.StatusOK, &said)
	if !strings.HasPrefix(said.URL, p.stripe.Base+"/pay/") {
		t.Fatalf("the page is %q", said.URL)
	}
	return said.URL
}

func (p *shop) buyerOf(n int) soul { return p.buyers[n/(shopOffers*len(shopDays))] }

// state is what the API says of an order.
func (p *shop) state(t testing.TB, n int) string {
	t.Helper()
	var said struct{ State string }
	p.api(t, p.buyerOf(n), http.MethodGet, "/orders/"+p.orders[n], "", http.StatusOK, &said)
	return said.State
}

// page is the id of an order's page at Stripe, payment that of its payment.
func (p *shop) page(n int) string { return p.stripe.Session(p.orders[n]).ID }

func (p *shop) payment(n int) string { return p.stripe.Session(p.orders[n]).Payment }

// post sends bytes to the webhook's address as anybody can.
func (p *shop) post(t testing.TB, body []byte, signature string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.URL+"/webhooks/stripe", strings.NewReader(string(body)))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	if signature != "" {
		req.Header.Set("Stripe-Signature", signature)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// sign is Stripe's signature; whoever knows the secret can make it.
func sign(body []byte, at time.Time, secrets ...string) string {
	out := "t=" + strconv.FormatInt(at.Unix(), 10)
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
		out += ",v1=" + hex.EncodeToString(mac.Sum(nil))
	}
	return out
}

// dump is what the orders, the journal and the licences say, without numbers and
// times: one line for each order, in the order in which they were opened.
func (p *shop) dump(t testing.TB) (lines []string) {
	t.Helper()
	type row struct {
		Line string
		N    int
		Kind string
	}
	for n, id := range p.orders {
		var rows []row
		must(t, p.DB.Read(context.Background(), func(tx *db.Tx) error {
			rows = nil
			return tx.NewRaw(dumpQuery, id).Scan(context.Background(), &rows)
		}))
		line := fmt.Sprint(n)
		for _, r := range rows {
			line += " · " + r.Line
		}
		lines = append(lines, line)
	}
	return lines
}

// dumpQuery reads one order: its facts, the sums of its entries, and its licences.
const dumpQuery = `
SELECT 'order ' || o.state || ' ' || CAST(o.amount AS TEXT) || ' ' || o.currency || ' refunded ' || CAST(o.refunded AS TEXT) || ' extra ' || CAST(o.extra AS TEXT) || ' '
	|| CAST(o.extra_returned AS TEXT) || CASE WHEN o.paid THEN ' paid' ELSE '' END || CASE WHEN o.fulfilled THEN ' fulfilled' ELSE '' END
	|| CASE WHEN o.cancelled THEN ' cancelled' ELSE '' END || CASE WHEN o.expired THEN ' expired' ELSE '' END AS line, 1 AS n, '' AS kind FROM payment_order AS o WHERE o.id = ?0
UNION ALL SELECT e.kind || ' ' || CAST(sum(l.amount) AS TEXT) || ' ' || l.currency, 2, e.kind FROM journal_entry AS e JOIN journal_line AS l ON l.entry = e.seq
	WHERE e.order_id = ?0 AND l.account_kind = 'seller_external' GROUP BY e.kind, l.currency
UNION ALL SELECT 'licence ' || g.state, 3, '' FROM licence_grant AS g WHERE g.order_id = ?0
ORDER BY 2, 3`

// hashed is the dump in one word.
func hashed(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}

// clean demands a clean audit.
func (p *shop) clean(t testing.TB) {
	t.Helper()
	report, err := p.Audit.Run(context.Background())
	must(t, err)
	if !report.OK {
		t.Errorf("the audit:\n%s", report)
	}
}

// count counts rows.
func (p *shop) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	must(t, p.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(context.Background(), &n) }))
	return n
}

// cycle is one round of reconciliation: what is due, and the jobs of it.
func (p *shop) cycle(t testing.TB) {
	t.Helper()
	_, err := p.DB.Sweep(context.Background())
	must(t, err)
	p.Drain()
}

// A whole sale by card, by the API: connected, ordered, paid, told, licensed, and
// given back.
func TestASaleByCard(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		p.order(t)
		first := p.checkout(t, 0)
		if again := p.checkout(t, 0); again != first {
			t.Errorf("the second tab gets %s, want %s", again, first)
		}
		s.Do("pay", "id", p.page(0))
		if got := p.state(t, 0); got != "awaiting_payment" {
			t.Errorf("before Stripe told of it the order is %s", got)
		}
		s.Deliver()
		p.Drain()
		if got := p.state(t, 0); got != "fulfilled" {
			t.Errorf("the order is %s\n%s", got, w.Logs)
		}
		p.api(t, p.seller, http.MethodPost, "/orders/"+p.orders[0]+"/refund", `{"amount":20000}`, http.StatusOK, nil)
		p.api(t, p.seller, http.MethodPost, "/orders/"+p.orders[0]+"/refund", "", http.StatusOK, nil)
		s.Deliver()
		p.Drain()
		want := []string{"0 · order refunded 50000 RUB refunded 50000 extra 0 0 paid fulfilled · payment 50000 RUB · refund -50000 RUB · licence revoked"}
		if got := p.dump(t); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got %q\nwant %q", got, want)
		}
		p.clean(t)
	})
}
