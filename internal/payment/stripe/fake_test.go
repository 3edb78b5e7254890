package stripe_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

const (
	testKey    = "sk_test_0123456789"
	testSecret = "whsec_0123456789"
)

type object = map[string]any

// fake is a small and strict stand-in for Stripe: it keeps accounts, pages,
// payments, refunds and disputes, each on one account, and knows keys of calls.
type fake struct {
	t     testing.TB
	now   func() time.Time
	url   string
	close func()

	mu        sync.Mutex
	n         int
	away      bool                    // every call ends with 500
	silent    bool                    // calls are done and their answer is lost
	stuck     chan struct{}           // calls wait until it is closed; nil: they do not
	before    func(*http.Request) int // sees every call first; a status but 0 ends it
	headers   []http.Header
	calls     []string
	keys      map[string]answer
	accounts  map[string]object
	things    map[string]object // pages, charges, refunds, disputes by their id; each has its account under "_on"
	endpoints []any             // as they are listed
	events    []object          // in the order in which things happened
}

type answer struct {
	body   string
	status int
	out    any
}

func newFake(t testing.TB, now func() time.Time) *fake {
	f := &fake{t: t, now: now, keys: map[string]answer{}, accounts: map[string]object{}, things: map[string]object{}, endpoints: []any{}}
	srv := httptest.NewServer(http.HandlerFunc(f.serve))
	f.url = srv.URL
	t.Cleanup(srv.Close)
	return f
}

func (f *fake) id(prefix string) string {
	f.n++
	return fmt.Sprintf("%s_%016d", prefix, f.n)
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	stuck, before := f.stuck, f.before
	f.mu.Unlock()
	if before != nil {
		if status := before(r); status != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(object{"error": object{"type": "invalid_request_error"}})
			return
		}
	}
	if stuck != nil {
		<-stuck
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = r.ParseForm()
	f.headers, f.calls = append(f.headers, r.Header), append(f.calls, r.Method+" "+r.URL.Path)
	status, out := 500, any(object{"error": object{"type": "api_error"}})
	key := r.Header.Get("Idempotency-Key")
	old, again := f.keys[key+r.Header.Get("Stripe-Account")]
	switch body := r.PostForm.Encode(); {
	case f.away:
	case key != "" && again && old.body != r.URL.Path+body:
		status, out = 400, object{"error": object{"type": "idempotency_error"}}
	case key != "" && again:
		status, out = old.status, old.out
	default:
		status, out = f.do(r)
		if key != "" && status == 200 {
			f.keys[key+r.Header.Get("Stripe-Account")] = answer{r.URL.Path + body, status, out}
		}
		if f.silent {
			status, out = 500, object{"error": object{"type": "api_error"}}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

func bad(status int, code string) (int, any) {
	return status, object{"error": object{"type": "invalid_request_error", "code": code, "message": "Ivan Petrov ivan@example.org"}}
}

func (f *fake) do(r *http.Request) (int, any) {
	acct := r.Header.Get("Stripe-Account")
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	if r.Header.Get("Authorization") != "Bearer "+testKey {
		return bad(401, "")
	}
	if a := f.accounts[acct]; acct != "" && (a == nil || a["_left"] != nil) {
		return bad(403, "account_invalid")
	}
	get := func(id string) (int, any) {
		o := f.things[id]
		if o == nil || o["_on"] != acct {
			return bad(404, "resource_missing")
		}
		return 200, o
	}
	form := r.Form
	switch what := r.Method + " " + path[0]; {
	case what == "POST accounts":
		id := f.id("acct")
		f.accounts[id] = object{"id": id, "object": "account", "charges_enabled": false, "details_submitted": false, "email": "ivan@example.org"}
		return 200, f.accounts[id]
	case what == "GET accounts":
		if a := f.accounts[path[1]]; a != nil && a["_left"] == nil {
			return 200, a
		}
		return bad(403, "account_invalid")
	case what == "POST account_links":
		return 200, object{"object": "account_link", "url": f.url + "/onboard/" + f.id("link")}
	case what == "POST checkout" && len(path) == 4:
		o := f.things[path[2]]
		if o == nil || o["_on"] != acct || o["status"] != "open" {
			return bad(400, "")
		}
		o["status"] = "expired"
		f.happened("checkout.session.expired", o)
		return 200, o
	case what == "POST checkout":
		return f.newSession(acct, form)
	case what == "GET checkout" && len(path) == 3:
		return get(path[2])
	case what == "POST refunds":
		for _, o := range f.things {
			if pi, _ := o["payment_intent"].(object); o["object"] == "checkout.session" && pi != nil && pi["id"] == form.Get("payment_intent") && o["_on"] == acct {
				amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
				status, out := f.refund(o, amount)
				if made, ok := out.(object); ok && status == 200 {
					made["metadata"] = object{"refund": form.Get("metadata[refund]")}
				}
				return status, out
			}
		}
		return bad(404, "resource_missing")
	case what == "GET refunds" && len(path) == 1:
		list := []any{}
		for _, o := range f.things {
			if o["object"] == "refund" && o["_on"] == acct && o["payment_intent"] == form.Get("payment_intent") {
				list = append(list, o)
			}
		}
		return 200, object{"object": "list", "data": list, "has_more": false}
	case what == "GET disputes" && len(path) == 1:
		list := []any{}
		for _, o := range f.things {
			if o["object"] == "dispute" && o["_on"] == acct && o["payment_intent"] == form.Get("payment_intent") {
				list = append(list, o)
			}
		}
		return 200, object{"object": "list", "data": list, "has_more": false}
	case what == "GET events":
		return 200, f.listEvents(acct, form)
	case what == "GET webhook_endpoints":
		return 200, object{"object": "list", "data": f.endpoints, "has_more": false}
	case what == "POST webhook_endpoints":
		return 200, object{"object": "webhook_endpoint", "secret": testSecret}
	case r.Method == "GET" && len(path) == 2:
		return get(path[1])
	}
	f.t.Errorf("the fake does not know %s %s", r.Method, r.URL.Path)
	return 501, object{}
}

func (f *fake) newSession(acct string, form url.Values) (int, any) {
	amount, err := strconv.ParseInt(form.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	until, _ := strconv.ParseInt(form.Get("expires_at"), 10, 64)
	left := time.Unix(until, 0).Sub(f.now())
	if err != nil || amount <= 0 || left < 30*time.Minute || left > 24*time.Hour || !strings.Contains(form.Get("success_url"), "{CHECKOUT_SESSION_ID}") ||
		f.accounts[acct]["charges_enabled"] != true {
		return bad(400, "")
	}
	id := f.id("cs_test")
	about := object{"order": form.Get("metadata[order]"), "attempt": form.Get("metadata[attempt]")}
	f.things[id] = object{"_on": acct, "id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid", "mode": "payment", "amount_total": amount,
		"currency": form.Get("line_items[0][price_data][currency]"), "livemode": false, "client_reference_id": form.Get("client_reference_id"), "metadata": about,
		"url": f.url + "/pay/" + id, "customer_details": object{"email": "ivan@example.org", "name": "Ivan Petrov"}}
	return 200, f.things[id]
}

// happened writes an event about a thing.
func (f *fake) happened(kind string, o object) object {
	e := object{"id": f.id("evt"), "object": "event", "type": kind, "account": o["_on"], "livemode": false, "api_version": "2099-01-01", "created": f.now().Unix(),
		"data": object{"object": object{"id": o["id"], "object": o["object"], "customer_details": object{"email": "ivan@example.org", "name": "Ivan Petrov"}}}}
	f.events = append(f.events, e)
	return e
}

// listEvents lists what was not delivered, the newest first, in pages.
func (f *fake) listEvents(acct string, form url.Values) object {
	wanted := map[string]bool{}
	for name, v := range form {
		if strings.HasPrefix(name, "types[") {
			wanted[v[0]] = true
		}
	}
	most, _ := strconv.Atoi(form.Get("limit"))
	list, begun, more := []any{}, form.Get("starting_after") == "", false
	for _, e := range slices.Backward(f.events) {
		if e["account"] == acct && e["_sent"] == nil && (len(wanted) == 0 || wanted[e["type"].(string)]) && begun {
			if more = len(list) == most; more {
				break
			}
			list = append(list, e)
		}
		begun = begun || e["id"] == form.Get("starting_after")
	}
	return object{"object": "list", "data": list, "has_more": more, "url": "/v1/events"}
}

func (f *fake) refund(session object, amount int64) (int, any) {
	charge := session["payment_intent"].(object)["latest_charge"].(object)
	back := charge["amount_refunded"].(int64)
	if amount <= 0 || back+amount > session["amount_total"].(int64) {
		return bad(400, "charge_already_refunded")
	}
	charge["amount_refunded"] = back + amount
	id := f.id("re")
	f.things[id] = object{"_on": session["_on"], "id": id, "object": "refund", "amount": amount, "status": "succeeded", "payment_intent": session["payment_intent"].(object)["id"]}
	f.happened("charge.refunded", f.things[charge["id"].(string)])
	return 200, f.things[id]
}

// The controls of the world outside.

// ready lets an account take money.
func (f *fake) ready(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts[id]["charges_enabled"], f.accounts[id]["details_submitted"] = true, true
}

// session is the newest page of an order, or of an attempt.
func (f *fake) session(about string) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	var newest object
	for _, o := range f.things {
		if m, _ := o["metadata"].(object); o["object"] == "checkout.session" && (m["order"] == about || m["attempt"] == about) && (newest == nil || o["id"].(string) > newest["id"].(string)) {
			newest = o
		}
	}
	return newest
}

// pay pays a page, once.
func (f *fake) pay(s object) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s["payment_status"] == "paid" {
		return
	}
	pi, ch := f.id("pi"), f.id("ch")
	charge := object{"_on": s["_on"], "id": ch, "object": "charge", "paid": true, "status": "succeeded", "amount": s["amount_total"], "amount_captured": s["amount_total"],
		"amount_refunded": int64(0), "currency": s["currency"], "created": f.now().Unix(), "livemode": false, "disputed": false, "payment_intent": pi,
		"billing_details": object{"email": "ivan@example.org", "name": "Ivan Petrov", "phone": "+70000000000"}}
	f.things[ch] = charge
	f.things[pi] = object{"_on": s["_on"], "id": pi, "object": "payment_intent", "metadata": s["metadata"]}
	s["status"], s["payment_status"] = "complete", "paid"
	s["payment_intent"] = object{"id": pi, "object": "payment_intent", "amount_received": s["amount_total"], "currency": s["currency"], "livemode": false, "metadata": s["metadata"], "latest_charge": charge}
	f.happened("checkout.session.completed", s)
}

func (f *fake) charge(s object) object { return s["payment_intent"].(object)["latest_charge"].(object) }

// back gives money back from Stripe's own pages.
func (f *fake) back(s object, amount int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	status, _ := f.refund(s, amount)
	return status == 200
}

// dispute opens or moves a dispute about a paid page.
func (f *fake) dispute(s object, status string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.charge(s)["disputed"] = true
	id := "dp_" + s["id"].(string)
	kind := "charge.dispute.updated"
	if f.things[id] == nil {
		kind = "charge.dispute.created"
	}
	f.things[id] = object{"_on": s["_on"], "id": id, "object": "dispute", "status": status, "payment_intent": s["payment_intent"].(object)["id"], "charge": f.charge(s)["id"]}
	f.happened(kind, f.things[id])
}

// set changes a thing under the fake's lock.
func (f *fake) set(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// all are the events so far, as bodies.
func (f *fake) all() (out [][]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		b, _ := json.Marshal(e)
		out = append(out, b)
	}
	return out
}

// sign makes the header of an event's body.
func sign(body []byte, at time.Time, secret string) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
}
