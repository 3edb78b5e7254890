package world_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/deploy/stripeworld/world"
)

const key, secret = "sk_test_0123456789", "whsec_0123456789"

var mock = sync.OnceValues(world.LoadMock)

// play is a world with a platform that hears of its events.
type play struct {
	*testing.T
	*world.World

	srv  *httptest.Server
	acct string

	mu     sync.Mutex
	now    time.Time
	heard  []string // ids of events, as they came
	bodies [][]byte
	signed []string
	refuse int // so many events are refused
}

func start(t *testing.T, manners world.Manners) *play {
	t.Helper()
	m, err := mock()
	if err != nil {
		t.Fatal(err)
	}
	p := &play{T: t, now: time.Unix(1_800_000_000, 0)}
	var w http.Handler
	p.srv = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hook" {
			p.hear(rw, r)
			return
		}
		w.ServeHTTP(rw, r)
	}))
	p.srv.Config.ErrorLog = nil
	t.Cleanup(p.srv.Close)
	p.World, err = world.New(world.Config{Mock: m, Key: key, Base: p.srv.URL, Seed: 7, Now: p.clock, Manners: &manners})
	if err != nil {
		t.Fatal(err)
	}
	w = p.World
	p.Listen(p.srv.URL+"/hook", secret)
	p.acct = p.Open()
	return p
}

func (p *play) clock() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.now }

func (p *play) wait(d time.Duration) { p.mu.Lock(); defer p.mu.Unlock(); p.now = p.now.Add(d) }

func (p *play) hear(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e struct{ ID string }
	_ = json.Unmarshal(body, &e)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse > 0 {
		p.refuse--
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	p.heard, p.bodies, p.signed = append(p.heard, e.ID), append(p.bodies, body), append(p.signed, r.Header.Get("Stripe-Signature"))
}

// ask makes one call; form fields are name=value. A broken line is status 0.
func (p *play) ask(method, path, acct, idem string, fields ...string) (int, map[string]any) {
	p.Helper()
	v := url.Values{}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		v.Set(name, value)
	}
	target, body := p.srv.URL+path, v.Encode()
	if method == "GET" {
		target, body = target+"?"+body, ""
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Stripe-Version", world.APIVersion)
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if idem != "" {
		req.Header.Set("Idempotency-Key", idem)
	}
	if acct != "" {
		req.Header.Set("Stripe-Account", strings.TrimSpace(acct))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		p.Fatal(err)
	}
	return res.StatusCode, out
}

// order is a call for a page, with some fields said otherwise; name= takes one away.
func (p *play) order(idem string, other ...string) (int, map[string]any) {
	p.Helper()
	all := map[string]string{"mode": "payment", "payment_method_types[0]": "card", "line_items[0][quantity]": "1", "line_items[0][price_data][currency]": "kzt",
		"line_items[0][price_data][unit_amount]": "500000", "line_items[0][price_data][product_data][name]": "Oduvan AB", "client_reference_id": "order1", "metadata[order]": "order1",
		"metadata[attempt]": "try1", "payment_intent_data[metadata][order]": "order1", "payment_intent_data[metadata][attempt]": "try1", "customer_creation": "if_required",
		"success_url": "http://localhost:8080/orders/1?session={CHECKOUT_SESSION_ID}", "cancel_url": "http://localhost:8080/orders/1"}
	for _, o := range other {
		name, value, _ := strings.Cut(o, "=")
		all[name] = value
		if value == "" {
			delete(all, name)
		}
	}
	var fields []string
	for k, v := range all {
		fields = append(fields, k+"="+v)
	}
	return p.ask("POST", "/v1/checkout/sessions", p.acct, idem, fields...)
}

// paid is a page that was paid, and its payment.
func (p *play) paid() (page, payment string) {
	p.Helper()
	status, s := p.order("")
	if status != 200 {
		p.Fatal(status, s)
	}
	page = s["id"].(string)
	payment, err := p.Pay(page)
	if err != nil {
		p.Fatal(err)
	}
	return page, payment
}

// get reads one object of the account.
func (p *play) get(path string, fields ...string) map[string]any {
	p.Helper()
	status, o := p.ask("GET", path, p.acct, "", fields...)
	if status != 200 {
		p.Fatal(path, status, o)
	}
	return o
}

func (p *play) kinds() (all []string) {
	for _, e := range p.Events() {
		all = append(all, e.Type)
	}
	return all
}

func (p *play) hurry(rounds int) world.Report { return p.DeliverAll(context.Background(), rounds) }
