package world_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/deploy/stripeworld/world"
)

func TestRefusesWhatStripeRefuses(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	at := func(d time.Duration) string { return "expires_at=" + strconv.FormatInt(p.clock().Add(d).Unix(), 10) }
	for name, c := range map[string]struct {
		other string
		want  int
	}{
		"as it should be":       {"mode=payment", 200},
		"31 minutes":            {at(31 * time.Minute), 200},
		"a day":                 {at(24 * time.Hour), 200},
		"one minute":            {at(time.Minute), 400},
		"two days":              {at(48 * time.Hour), 400},
		"an unknown field":      {"colour=red", 400},
		"a wrong word":          {"customer_creation=never", 400},
		"no mode":               {"mode=", 501},
		"an unknown currency":   {"line_items[0][price_data][currency]=xyz", 400},
		"in capitals":           {"line_items[0][price_data][currency]=KZT", 400},
		"less than nothing":     {"line_items[0][price_data][unit_amount]=-5", 400},
		"nothing":               {"line_items[0][price_data][unit_amount]=0", 400},
		"too much":              {"line_items[0][price_data][unit_amount]=100000000", 400},
		"no way back":           {"success_url=", 400},
		"no page to go back to": {"success_url=javascript:alert(1)", 400},
		"a fee":                 {"payment_intent_data[application_fee_amount]=1", 501},
		"a transfer":            {"payment_intent_data[transfer_data][destination]=acct_1", 501},
		"an address":            {"customer_email=a@example.com", 501},
		"a subscription":        {"mode=subscription", 501},
	} {
		if got, o := p.order("", c.other); got != c.want {
			t.Errorf("%s: %d, want %d: %v", name, got, c.want, o)
		}
	}
	if got, _ := p.order("", "line_items[0][price_data][currency]=kwd", "line_items[0][price_data][unit_amount]=1001"); got != 400 {
		t.Errorf("a fourth decimal of dinars: %d", got)
	}
}

func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	page, payment := p.paid()
	other := p.Open()
	for _, c := range []struct {
		method, path, acct string
		want               int
	}{
		{"GET", "/v1/checkout/sessions/" + page, p.acct, 200},
		{"GET", "/v1/checkout/sessions/" + page, other, 404},
		{"GET", "/v1/checkout/sessions/" + page, "", 400},
		{"GET", "/v1/checkout/sessions/" + page, " ", 400},
		{"GET", "/v1/checkout/sessions/" + page, "acct_1unknown00000000", 403},
		{"GET", "/v1/payment_intents/" + payment, other, 404},
		{"POST", "/v1/checkout/sessions/" + page + "/expire", other, 404},
		{"GET", "/v1/accounts/" + other, "", 200},
		{"GET", "/v1/accounts/" + other, other, 400},
		{"GET", "/v1/balance", p.acct, 501},
		{"GET", "/v1/charges", p.acct, 501},
		{"GET", "/v1/nonsense", p.acct, 404},
	} {
		if got, o := p.ask(c.method, c.path, c.acct, ""); got != c.want {
			t.Errorf("%s %s on %q: %d, want %d: %v", c.method, c.path, c.acct, got, c.want, o)
		}
	}
	if got, _ := p.ask("POST", "/v1/refunds", other, "", "payment_intent="+payment); got != 404 {
		t.Errorf("a refund on another's account: %d", got)
	}
	if err := p.Deauthorise(p.acct); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.ask("GET", "/v1/checkout/sessions/"+page, p.acct, ""); got != 403 {
		t.Errorf("after leaving: %d, want 403", got)
	}
}

func TestKeysRemember(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, one := p.order("k")
	_, same := p.order("k")
	if one["id"] != same["id"] || one["id"] == nil {
		t.Errorf("the same call made %v and %v", one["id"], same["id"])
	}
	if got, o := p.order("k", "client_reference_id=order2"); got != 400 || o["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("another call with the key: %d %v", got, o)
	}
	if got, _ := p.order("bad", "success_url="); got != 400 {
		t.Fatal(got)
	}
	if got, _ := p.order("bad"); got != 200 {
		t.Errorf("a malformed call was remembered: %d", got)
	}
	p.wait(25 * time.Hour)
	if _, later := p.order("k"); later["id"] == one["id"] {
		t.Error("a key was remembered for more than a day")
	}
	if n := len(p.Sessions()); n != 3 {
		t.Errorf("%d pages, want 3", n)
	}
}

// Of two calls at once with one key the second is told that the key is in use,
// whatever it asks; it is remembered for neither.
func TestAKeyIsInUse(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, payment := p.paid()
	p.Plant(world.Fault{Path: "/v1/refunds", Hold: time.Hour})
	refund := func(amount string) (int, map[string]any) {
		return p.ask("POST", "/v1/refunds", p.acct, "k", "payment_intent="+payment, "amount="+amount)
	}
	type heard struct {
		status int
		body   map[string]any
	}
	both := make(chan heard, 2)
	for range 2 {
		go func() {
			status, o := refund("200000")
			both <- heard{status, o}
		}()
	}
	one := <-both // the other is held, whichever came first
	if e, _ := one.body["error"].(map[string]any); one.status != 409 || e["code"] != "idempotency_key_in_use" || e["type"] != "invalid_request_error" {
		t.Errorf("beside a call at work: %d %v", one.status, one.body)
	}
	if got, _ := refund("1"); got != 409 {
		t.Errorf("another call with the key: %d", got)
	}
	if got, _ := p.ask("POST", "/v1/refunds", p.acct, "l", "payment_intent="+payment, "amount=1000"); got != 200 {
		t.Errorf("a call with another key: %d", got)
	}
	if got, o := p.ask("GET", "/v1/refunds", p.acct, "", "payment_intent="+payment); got != 200 || len(o["data"].([]any)) != 1 {
		t.Errorf("a held call took effect: %d %v", got, o)
	}
	p.Release()
	first := <-both
	if first.status != 200 {
		t.Fatalf("the held call: %d %v", first.status, first.body)
	}
	if got, o := refund("200000"); got != 200 || o["id"] != first.body["id"] {
		t.Errorf("again: %d %v", got, o)
	}
	p.Plant(world.Fault{Path: "/v1/refunds", Hold: time.Nanosecond})
	if got, _ := p.ask("POST", "/v1/refunds", p.acct, "m", "payment_intent="+payment, "amount=1000"); got != 200 {
		t.Errorf("a call that was held long enough: %d", got)
	}
}

// Refunds are listed by their payment or charge, with what they were marked by.
func TestRefundsAreListed(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, payment := p.paid()
	_, other := p.paid()
	for i, of := range []string{payment, payment, other} {
		if got, o := p.ask("POST", "/v1/refunds", p.acct, "", "payment_intent="+of, "amount=1000", "metadata[refund]=r"+strconv.Itoa(i)); got != 200 {
			t.Fatalf("%d %v", got, o)
		}
	}
	listed := func(acct string, fields ...string) string {
		t.Helper()
		got, o := p.ask("GET", "/v1/refunds", acct, "", fields...)
		if got != 200 {
			t.Fatalf("%d %v", got, o)
		}
		var out []string
		for _, r := range o["data"].([]any) {
			out = append(out, r.(map[string]any)["metadata"].(map[string]any)["refund"].(string))
		}
		return strings.Join(out, " ")
	}
	charge := p.get("/v1/payment_intents/" + payment)["latest_charge"].(string)
	for _, c := range []struct{ acct, by, want string }{
		{p.acct, "payment_intent=" + payment, "r1 r0"}, {p.acct, "charge=" + charge, "r1 r0"}, {p.acct, "payment_intent=" + other, "r2"}, {p.Open(), "payment_intent=" + payment, ""},
	} {
		if got := listed(c.acct, c.by); got != c.want {
			t.Errorf("by %s: %q, want %q", c.by, got, c.want)
		}
	}
	if got := listed(p.acct, "payment_intent="+payment, "limit=1"); got != "r1" {
		t.Errorf("a page of one: %q", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	p.Plant(world.Fault{Path: "/v1/checkout", Status: 429})
	if got, _ := p.order("a"); got != 429 || len(p.Sessions()) != 0 {
		t.Errorf("429 took effect: %d", got)
	}
	p.Plant(world.Fault{Path: "/v1/checkout", Status: 500, After: true})
	if got, _ := p.order("a"); got != 500 || len(p.Sessions()) != 1 {
		t.Errorf("a lost answer: %d, %d pages", got, len(p.Sessions()))
	}
	if got, o := p.order("a"); got != 200 || o["id"] != p.Sessions()[0].ID {
		t.Errorf("the same call after a lost answer: %d %v", got, o)
	}
	p.Plant(world.Fault{Path: "/v1/checkout", Status: 500, After: true, Sticky: true})
	for range 2 {
		if got, _ := p.order("b"); got != 500 {
			t.Errorf("a key that remembers a 500 gave %d", got)
		}
	}
	p.Plant(world.Fault{Method: "POST", Skip: 1, Times: 2})
	var got []int
	for range 4 {
		s, _ := p.order("") // without a key: Go's client repeats others by itself on a broken line
		got = append(got, s)
	}
	if got[0] != 200 || got[3] != 200 || got[1] != 0 || got[2] != 0 {
		t.Errorf("broken lines: %v", got)
	}
}

func TestTheLifeOfAPage(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, s := p.order("")
	id := s["id"].(string)
	if s["payment_intent"] != nil || s["payment_status"] != "unpaid" || !strings.HasPrefix(s["url"].(string), p.srv.URL+"/pay/") {
		t.Errorf("a new page: %v", s)
	}
	if err := p.Decline(id); err != nil {
		t.Fatal(err)
	}
	if s := p.get("/v1/checkout/sessions/" + id); s["status"] != "open" {
		t.Errorf("after a declined card: %v", s["status"])
	}
	payment, err := p.Pay(id)
	if err != nil {
		t.Fatal(err)
	}
	s = p.get("/v1/checkout/sessions/"+id, "expand[0]=payment_intent.latest_charge")
	pi := s["payment_intent"].(map[string]any)
	ch := pi["latest_charge"].(map[string]any)
	if s["payment_status"] != "paid" || pi["id"] != payment || ch["amount_captured"] != 500000.0 || ch["metadata"].(map[string]any)["order"] != "order1" {
		t.Errorf("a paid page: %v", s)
	}
	if _, err := p.Pay(id); err == nil {
		t.Error("a page was paid twice")
	}
	if got, _ := p.ask("POST", "/v1/checkout/sessions/"+id+"/expire", p.acct, ""); got != 400 {
		t.Errorf("a paid page was ended: %d", got)
	}
	p.order("")
	p.wait(25 * time.Hour)
	if all := p.Sessions(); all[1].Status != "expired" {
		t.Errorf("after a day: %v", all[1].Status)
	}
	p.order("")
	if all, err := p.PayTwice("order1"); err != nil || len(all) != 2 {
		t.Errorf("paid twice: %v %v", all, err)
	}
}

func TestMoneyBack(t *testing.T) {
	t.Parallel()
	p := start(t, world.Calm())
	_, payment := p.paid()
	back := func(amount string, want int) string {
		t.Helper()
		got, o := p.ask("POST", "/v1/refunds", p.acct, "", "payment_intent="+payment, "amount="+amount)
		if got != want {
			t.Errorf("a refund of %s: %d, want %d: %v", amount, got, want, o)
		}
		id, _ := o["id"].(string)
		return id
	}
	back("500001", 400)
	back("0", 400)
	one := back("200000", 200)
	back("300001", 400)
	if _, err := p.Refund(payment, 0); err != nil {
		t.Fatal(err)
	}
	back("1", 400)
	ch := p.get("/v1/payment_intents/"+payment, "expand[0]=latest_charge")["latest_charge"].(map[string]any)
	if ch["amount_refunded"] != 500000.0 || ch["refunded"] != true {
		t.Errorf("the charge: %v of %v", ch["amount_refunded"], ch["amount"])
	}
	if err := p.FailRefund(one); err != nil {
		t.Fatal(err)
	}
	if got := p.get("/v1/refunds/" + one)["status"]; got != "failed" {
		t.Errorf("the bank refused it: %v", got)
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	for end, refundable := range map[string]int{"won": 200, "lost": 400} {
		p := start(t, world.Calm())
		_, payment := p.paid()
		id, err := p.Dispute(payment, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := p.ask("POST", "/v1/refunds", p.acct, "", "payment_intent="+payment); got != 400 {
			t.Errorf("a refund amid a dispute: %d", got)
		}
		if err := p.Move(id, end); err != nil {
			t.Fatal(err)
		}
		if err := p.Move(id, "lost"); err == nil {
			t.Error("an ended dispute moved")
		}
		all := p.get("/v1/disputes", "payment_intent="+payment)["data"].([]any)
		if len(all) != 1 || all[0].(map[string]any)["status"] != end {
			t.Errorf("disputes: %v", all)
		}
		if got, _ := p.ask("POST", "/v1/refunds", p.acct, "", "payment_intent="+payment); got != refundable {
			t.Errorf("a refund after %s: %d, want %d", end, got, refundable)
		}
	}
}
