package world_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/deploy/stripeworld/world"
)

func TestEventsAreSigned(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	p.paid()
	if r := p.hurry(1); r.Taken != 3 || r.Waiting != 0 {
		t.Fatalf("%+v", r)
	}
	if diff := cmp.Diff([]string{"charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"}, p.kinds()); diff != "" {
		t.Error(diff)
	}
	for i, body := range p.bodies {
		if got, want := p.signed[i], world.Sign(body, p.clock(), secret); got != want {
			t.Errorf("signed %s, want %s", got, want)
		}
	}
	var e map[string]any
	if err := json.Unmarshal(p.bodies[2], &e); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "object", "account", "api_version", "created", "livemode", "type", "data", "request", "pending_webhooks"} {
		if _, ok := e[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	if !bytes.Contains(p.bodies[2], []byte("planted.buyer@example.com")) {
		t.Error("no person is planted: a test for what is kept could not fail")
	}
	// the same, computed apart: openssl dgst -sha256 -hmac whsec_test
	got := world.Sign([]byte(`{"id":"evt_1"}`), time.Unix(1492774577, 0), "whsec_test")
	if want := "t=1492774577,v1=7656fc2882a7ca0a651666b36bf2f2f22ee204f54f608f227498a2419f2890b2"; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestRolledSecretsBothSign(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	id := p.Listen(p.srv.URL+"/hook", "whsec_old", "charge.refunded")
	if err := p.Roll(id, "whsec_new", true); err != nil {
		t.Fatal(err)
	}
	_, payment := p.paid()
	if _, err := p.Refund(payment, 1); err != nil {
		t.Fatal(err)
	}
	p.hurry(1)
	want := world.Sign(p.bodies[len(p.bodies)-1], p.clock(), "whsec_new", "whsec_old")
	if !slices.Contains(p.signed, want) || strings.Count(want, "v1=") != 2 {
		t.Errorf("signed %v", p.signed)
	}
}

func TestRefusedEventsComeAgain(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	p.refuse = 3
	p.paid()
	if r := p.hurry(5); r.Refused != 3 || r.Waiting != 3 {
		t.Fatalf("%+v", r)
	}
	if n := len(p.get("/v1/events", "delivery_success=false")["data"].([]any)); n != 3 {
		t.Errorf("%d undelivered, want 3", n)
	}
	p.wait(6 * time.Minute)
	p.hurry(1)
	if n := len(p.get("/v1/events", "delivery_success=false")["data"].([]any)); n != 0 || len(p.heard) != 3 {
		t.Errorf("%d undelivered, %d heard", n, len(p.heard))
	}
	p.refuse = 1000
	p.paid()
	for range 40 {
		p.hurry(1)
		p.wait(12 * time.Hour)
	}
	if r := p.hurry(1); r.Waiting != 0 || r.Sent != 0 {
		t.Errorf("still tried after three days: %+v", r)
	}
	first := p.get("/v1/events", "delivery_success=false", "limit=2")
	all := first["data"].([]any)
	next := p.get("/v1/events", "delivery_success=false", "limit=2", "starting_after="+all[1].(map[string]any)["id"].(string))
	if len(all) != 2 || first["has_more"] != true || len(next["data"].([]any)) != 1 || next["has_more"] != false {
		t.Errorf("pages of %d and %d", len(all), len(next["data"].([]any)))
	}
}

// TestHostile: repeats, disorder and delay from one seed, the same every time,
// and nothing lost unless it is dropped.
func TestHostile(t *testing.T) {
	t.Parallel()
	var runs [2][]string
	for i := range runs {
		p := start(t, world.Manners{Repeat: 0.4, Delay: 0.3})
		for range 20 {
			p.paid()
		}
		p.hurry(100)
		var order []string
		for _, e := range p.Events() {
			order = append(order, e.ID)
		}
		if slices.Equal(p.heard[:len(order)], order) || len(p.heard) <= len(order) {
			t.Errorf("%d events were heard %d times in their order", len(order), len(p.heard))
		}
		for _, id := range order {
			if !slices.Contains(p.heard, id) {
				t.Errorf("%s was lost", id)
			}
		}
		runs[i] = p.heard
	}
	if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
		t.Errorf("one seed, two worlds:\n%s", diff)
	}
}

func TestDroppedEventsStayUndelivered(t *testing.T) {
	t.Parallel()
	p := start(t, world.Manners{Drop: 1})
	p.paid()
	if r := p.hurry(3); r.Sent != 0 || len(p.get("/v1/events", "delivery_success=false")["data"].([]any)) != 3 {
		t.Errorf("%+v", r)
	}
}

// TestTroubleNeverDoublesAnything: whatever fails, the same call under one key
// makes one page.
func TestTroubleNeverDoublesAnything(t *testing.T) {
	t.Parallel()
	p := start(t, world.Manners{Trouble: 0.6})
	failed := 0
	for i := range 40 {
		for got := 0; got != 200; failed++ {
			got, _ = p.order(fmt.Sprint("key", i))
		}
	}
	if n := len(p.Sessions()); n != 40 || failed < 60 {
		t.Errorf("%d pages after %d calls", n, failed)
	}
}

// TestMoneyIsKept: whatever buyers, sellers and banks do in whatever order, no
// charge gives back more than it took and every event tells of its account.
func TestMoneyIsKept(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	rapid.Check(t, func(rt *rapid.T) {
		page, payment := p.paid()
		var taken int64
		var disputes []string
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			switch rapid.IntRange(0, 4).Draw(rt, "act") {
			case 0:
				amount := rapid.Int64Range(1, 400_000).Draw(rt, "amount")
				if _, err := p.Refund(payment, amount); err == nil {
					taken += amount
				}
			case 1:
				if id, err := p.Dispute(payment, rapid.Bool().Draw(rt, "inquiry")); err == nil {
					disputes = append(disputes, id)
				}
			case 2:
				for _, id := range disputes {
					_ = p.Move(id, rapid.SampledFrom([]string{"under_review", "won", "lost", "warning_closed"}).Draw(rt, "end"))
				}
			case 3:
				_ = p.Expire(page)
			case 4:
				_, _ = p.PayLate(page)
			}
		}
		ch := p.get("/v1/checkout/sessions/"+page, "expand[0]=payment_intent.latest_charge")["payment_intent"].(map[string]any)["latest_charge"].(map[string]any)
		if back := int64(ch["amount_refunded"].(float64)); back != taken || back > 500_000 || len(disputes) > 1 {
			rt.Fatalf("given back %d, taken in %d, disputes %d", back, taken, len(disputes))
		}
	})
	for _, e := range p.Events() {
		if e.Account != p.acct || !bytes.Contains(e.Payload, []byte(e.Account)) {
			t.Fatalf("%s tells of %s", e.ID, e.Account)
		}
	}
}

// press sends a form as a browser on the world's own page and does not follow.
func (p *play) press(path string, fields url.Values) (int, string) {
	p.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.PostForm(p.srv.URL+path, fields)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode, res.Header.Get("Location")
}

func TestPages(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, s := p.order("")
	id := s["id"].(string)
	do := func(path, what string, want int, to string) {
		t.Helper()
		if got, at := p.press(path, url.Values{"do": {what}}); got != want || at != to {
			t.Errorf("%s on %s: %d %s, want %d %s", what, path, got, at, want, to)
		}
	}
	do("/pay/"+id, "decline", 303, "/pay/"+id+"?declined")
	do("/pay/"+id, "leave", 303, "http://localhost:8080/orders/1")
	do("/pay/"+id, "other", 400, "")
	do("/pay/"+id, "pay", 303, "http://localhost:8080/orders/1?session="+id)
	do("/pay/"+id, "pay", 409, "")
	do("/pay/cs_test_none", "pay", 404, "")

	_, a := p.ask("POST", "/v1/accounts", "", "", "type=standard")
	acct := a["id"].(string)
	if a["charges_enabled"] != false {
		t.Error("a new account can charge")
	}
	if got, _ := p.ask("POST", "/v1/checkout/sessions", acct, "", "mode=payment", "success_url=http://localhost/", "line_items[0][quantity]=1", "line_items[0][price_data][currency]=usd",
		"line_items[0][price_data][unit_amount]=500", "line_items[0][price_data][product_data][name]=x"); got != 400 {
		t.Errorf("an account that cannot charge made a page: %d", got)
	}
	_, l := p.ask("POST", "/v1/account_links", "", "", "account="+acct, "type=account_onboarding", "refresh_url=http://localhost:8080/again", "return_url=http://localhost:8080/back")
	path := strings.TrimPrefix(l["url"].(string), p.srv.URL)
	for _, want := range []int{200, 303} { // a link opens once
		c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := c.Get(p.srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("the link gave %d, want %d", res.StatusCode, want)
		}
	}
	do(path, "finish", 303, "http://localhost:8080/back")
	if _, a := p.ask("GET", "/v1/accounts/"+acct, "", ""); a["charges_enabled"] != true || a["details_submitted"] != true {
		t.Errorf("after filling in: %v", a)
	}
}

func TestControls(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, s := p.order("")
	id := s["id"].(string)
	for _, c := range []struct {
		verb, fields string
		want         int
	}{
		{"open", "", 200}, {"pay", "id=" + id, 200}, {"pay", "id=" + id, 409}, {"pay", "id=none", 404}, {"fly", "", 404},
		{"tamper", "id=" + id + "&amount=1", 200}, {"fault", "status=500", 200}, {"manners", "manners=hostile", 200}, {"manners", "manners={", 400},
		{"deliver", "rounds=9", 200}, {"deauthorise", "id=" + p.acct, 200}, {"refund", "id=none", 404},
	} {
		v, _ := url.ParseQuery(c.fields)
		if got, _ := p.press("/_world/"+c.verb, v); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.verb, c.fields, got, c.want)
		}
	}
	req, _ := http.NewRequest("POST", p.srv.URL+"/_world/open", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("another site's page moved the world: %d", res.StatusCode)
	}
}
