package world

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// refusal is an error as Stripe answers it.
type refusal struct {
	status               int
	kind, code, param    string
	message              string
	early                bool // refused before anything began: an idempotency key does not remember it
	declined, chargeMade string
}

func bad(param, code, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", code: code, param: param, message: fmt.Sprintf(format, args...), early: true}
}

func missing(kind, id string) *refusal {
	return &refusal{status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing", param: "id", message: "No such " + kind + ": '" + id + "'", early: true}
}

func unsimulated(what string) *refusal {
	return &refusal{status: http.StatusNotImplemented, kind: "api_error", code: "not_simulated", message: "stripeworld does not simulate " + what, early: true}
}

func (e *refusal) json() []byte {
	in := map[string]any{"type": e.kind, "message": e.message}
	for k, v := range map[string]string{"code": e.code, "param": e.param, "decline_code": e.declined, "charge": e.chargeMade} {
		if v != "" {
			in[k] = v
		}
	}
	return encode(map[string]any{"error": in})
}

func encode(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // only maps of plain values are encoded
	}
	return b
}

type object = map[string]any

// call is one checked call of the API.
type call struct {
	on      *account // nil: on the platform
	id      string
	form    url.Values
	key     string
	request string
}

// get is a field's only value.
func (c *call) get(name string) string { return c.form.Get(name) }

// number is a field's whole number.
func (c *call) number(name string, otherwise int64) (int64, *refusal) {
	s := c.get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, bad(name, "parameter_invalid_integer", "Invalid integer: %s", s)
	}
	return n, nil
}

// metadata reads the words under prefix[…].
func (c *call) metadata(prefix string) (map[string]string, *refusal) {
	out := map[string]string{}
	for name := range c.form {
		key, ok := strings.CutPrefix(name, prefix+"[")
		if !ok {
			continue
		}
		key = strings.TrimSuffix(key, "]")
		if value := c.get(name); len(key) > 40 || len(value) > 500 || len(out) == 50 {
			return nil, bad(name, "", "Metadata is too long")
		} else {
			out[key] = value
		}
	}
	return out, nil
}

type handler func(*call) (object, *refusal)

// route is one call that the world simulates.
type route struct {
	method string
	path   *regexp.Regexp
	seller bool // made on a connected account, and only there
	fields *regexp.Regexp
	do     handler
}

// table lists all that is simulated, with the fields that are.
func (w *World) table() []route {
	var out []route
	add := func(method, path string, seller bool, fields string, do handler) {
		var names []string
		for f := range strings.FieldsSeq(fields) {
			f = strings.ReplaceAll(regexp.QuoteMeta(f), `\*`, `[^\[\]]*`)
			names = append(names, f)
		}
		out = append(out, route{method, regexp.MustCompile("^" + strings.ReplaceAll(path, "{id}", "([A-Za-z0-9_]+)") + "$"), seller,
			regexp.MustCompile("^(" + strings.Join(names, "|") + ")$"), do})
	}
	const page = " limit starting_after ending_before"
	add("POST", "/v1/accounts", false, "type country metadata[*]", w.newAccount)
	add("GET", "/v1/accounts/{id}", false, "", w.getAccount)
	add("POST", "/v1/account_links", false, "account type refresh_url return_url collection_options[fields] collect", w.newLink)
	add("POST", "/v1/checkout/sessions", true, "mode payment_method_types[*] line_items[*][quantity] line_items[*][price_data][currency] "+
		"line_items[*][price_data][unit_amount] line_items[*][price_data][product_data][name] client_reference_id metadata[*] "+
		"payment_intent_data[metadata][*] expires_at customer_creation success_url cancel_url locale expand[*]", w.newSession)
	add("GET", "/v1/checkout/sessions/{id}", true, "expand[*]", w.getter(w.showSession, "checkout.session"))
	add("POST", "/v1/checkout/sessions/{id}/expire", true, "expand[*]", w.expireSession)
	add("GET", "/v1/payment_intents/{id}", true, "expand[*]", w.getter(w.showIntent, "payment_intent"))
	add("GET", "/v1/charges/{id}", true, "expand[*]", w.getter(w.showCharge, "charge"))
	add("POST", "/v1/refunds", true, "payment_intent charge amount reason metadata[*] expand[*]", w.newRefund)
	add("GET", "/v1/refunds/{id}", true, "expand[*]", w.getter(w.showRefund, "refund"))
	add("GET", "/v1/refunds", true, "payment_intent charge expand[*]"+page, w.listRefunds)
	add("GET", "/v1/disputes/{id}", true, "expand[*]", w.getter(w.showDispute, "dispute"))
	add("GET", "/v1/disputes", true, "payment_intent charge expand[*]"+page, w.listDisputes)
	add("GET", "/v1/events", true, "type types[*] delivery_success created[*]"+page, w.listEvents)
	add("GET", "/v1/events/{id}", true, "", w.getter(w.showEvent, "event"))
	add("GET", "/v1/webhook_endpoints", false, strings.TrimSpace(page), w.listEndpoints)
	add("POST", "/v1/webhook_endpoints", false, "url connect api_version enabled_events[*] description metadata[*]", w.newEndpoint)
	return out
}

const maxBody = 1 << 20

// api answers a call of Stripe's API.
func (w *World) api(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		rw.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+w.cfg.Key {
		w.reply(rw, &answer{status: http.StatusUnauthorized, body: (&refusal{kind: "invalid_request_error", message: "Invalid API Key provided"}).json()})
		return
	}
	if res := w.cfg.Mock.check(r, body); res.Code != http.StatusOK {
		w.reply(rw, &answer{status: res.Code, body: res.Body.Bytes()})
		return
	}
	a := w.answerTo(r, string(body))
	if a.broken { // the line went dead after the call took effect, or before
		panic(http.ErrAbortHandler)
	}
	w.reply(rw, a)
}

func (w *World) reply(rw http.ResponseWriter, a *answer) {
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Stripe-Version", APIVersion)
	if a.request != "" {
		rw.Header().Set("Request-Id", a.request)
	}
	if a.replayed {
		rw.Header().Set("Idempotent-Replayed", "true")
	}
	if a.status == http.StatusTooManyRequests {
		rw.Header().Set("Retry-After", "1")
	}
	rw.WriteHeader(a.status)
	_, _ = rw.Write(a.body)
}

// answerTo finds the route and does what it says, under the world's lock.
func (w *World) answerTo(r *http.Request, body string) *answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick()
	c := &call{key: r.Header.Get("Idempotency-Key"), request: w.id("req_", 14)}
	a := w.within(r, c, body)
	a.request = c.request
	w.calls = append(w.calls, Call{Method: r.Method, Path: r.URL.Path, Account: r.Header.Get("Stripe-Account"), Key: c.key, Status: a.status, Replayed: a.replayed, Lost: a.broken, Header: r.Header.Clone()})
	return a
}

func (w *World) within(r *http.Request, c *call, body string) *answer {
	rt, e := w.find(r, c, body)
	if e == nil {
		e = w.standing(r, rt, c)
	}
	if e != nil {
		return &answer{status: e.status, body: e.json()}
	}
	place := placeOf(r, c)
	if w.busy[place] {
		e := inUse(c.key)
		return &answer{status: e.status, body: e.json()}
	}
	f := w.trouble(r)
	if f != nil && f.Hold > 0 {
		w.hold(place, f.Hold)
		if e := w.standing(r, rt, c); e != nil {
			return &answer{status: e.status, body: e.json()}
		}
		f = nil
	}
	if f != nil && !f.After {
		return f.answer()
	}
	a := w.once(r, c, body, func() *answer {
		o, e := rt.do(c)
		if e == nil {
			o, e = w.expanded(c, o)
		}
		if f != nil && f.Sticky {
			return &answer{status: http.StatusInternalServerError, body: serverError()}
		}
		if e != nil {
			return &answer{status: e.status, body: e.json(), early: e.early}
		}
		return &answer{status: http.StatusOK, body: encode(o)}
	})
	if f != nil && !f.Sticky {
		return f.answer()
	}
	return a
}

// find tells the simulated from the rest.
func (w *World) find(r *http.Request, c *call, body string) (*route, *refusal) {
	said := body
	if r.Method == http.MethodGet {
		said = r.URL.RawQuery
	}
	form, err := url.ParseQuery(said)
	if err != nil || r.Method != http.MethodGet && r.URL.RawQuery != "" {
		return nil, bad("", "", "Unreadable parameters")
	}
	c.form = form
	for i := range w.routes {
		rt := &w.routes[i]
		m := rt.path.FindStringSubmatch(r.URL.Path)
		if m == nil || rt.method != r.Method {
			continue
		}
		if len(m) > 1 {
			c.id = m[1]
		}
		for name, all := range form {
			if !rt.fields.MatchString(name) {
				return nil, unsimulated("the field " + name + " of " + r.Method + " " + r.URL.Path)
			}
			if len(all) > 1 && !strings.HasSuffix(name, "[]") {
				return nil, bad(name, "", "%s is given twice", name)
			}
		}
		return rt, nil
	}
	return nil, unsimulated(r.Method + " " + r.URL.Path)
}

// standing checks on whose account a call acts. The real Stripe would let a
// platform act on its own account; nothing here has a reason to.
func (w *World) standing(r *http.Request, rt *route, c *call) *refusal {
	all := r.Header.Values("Stripe-Account")
	switch {
	case !rt.seller && len(all) > 0:
		return bad("", "", "stripeworld: this call belongs on the platform's own account, without Stripe-Account")
	case !rt.seller:
		return nil
	case len(all) != 1 || all[0] == "":
		return bad("", "", "stripeworld: without exactly one Stripe-Account this would act on the platform's own account")
	}
	a, e := w.reach(all[0])
	c.on = a
	return e
}

// reach is an account that the platform's key can reach.
func (w *World) reach(id string) (*account, *refusal) {
	a := w.accounts[id]
	if a == nil || a.gone {
		return nil, &refusal{status: http.StatusForbidden, kind: "invalid_request_error", code: "account_invalid", early: true,
			message: "The provided key does not have access to account '" + id + "' (or that account does not exist). Application access may have been revoked."}
	}
	return a, nil
}

func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
