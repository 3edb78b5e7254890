package stripe

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// apiVersion is the version of Stripe's API that every call asks for.
const apiVersion = "2023-10-16"

// Call is one call that the program may make to Stripe. The list of them is
// published, so that anybody can read what a branch can and cannot do there.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`   // {id} stands for one object
	Seller bool   `json:"seller"` // made on the seller's own account, and only there
	Why    string `json:"why"`

	fields string // what the body or the query may say; a star is up to two digits
}

// Calls is the one table of allowed calls. There is no charge, no fee, no
// transfer and no payout in it: what is not listed never leaves the program.
func Calls() []Call {
	const session = "mode payment_method_types[0] line_items[0][quantity] line_items[0][price_data][currency] line_items[0][price_data][unit_amount] " +
		"line_items[0][price_data][product_data][name] client_reference_id metadata[order] metadata[attempt] " +
		"payment_intent_data[metadata][order] payment_intent_data[metadata][attempt] expires_at customer_creation success_url cancel_url"
	return []Call{
		{"POST", "/v1/accounts", false, "a seller begins an own standard account", "type"},
		{"GET", "/v1/accounts/{id}", false, "whether a seller's account can take money", ""},
		{"POST", "/v1/account_links", false, "where the seller fills in that account", "account type refresh_url return_url"},
		{"POST", "/v1/checkout/sessions", true, "a page on which the buyer pays the seller", session},
		{"GET", "/v1/checkout/sessions/{id}", true, "whether that was paid", "expand[*]"},
		{"POST", "/v1/checkout/sessions/{id}/expire", true, "an order that ended can no longer be paid", ""},
		{"GET", "/v1/payment_intents/{id}", true, "which order a payment belongs to", "expand[*]"},
		{"GET", "/v1/charges/{id}", true, "which order a charge belongs to, what of it went back", "expand[*]"},
		{"POST", "/v1/refunds", true, "the seller gives money back", "payment_intent amount metadata[order] metadata[refund]"},
		{"GET", "/v1/refunds", true, "whether it went back, where the answer was lost", "payment_intent limit starting_after"},
		{"GET", "/v1/refunds/{id}", true, "whether it went back", "expand[*]"},
		{"GET", "/v1/disputes", true, "whether a buyer's bank asks for the money", "payment_intent limit"},
		{"GET", "/v1/disputes/{id}", true, "how that ended", "expand[*]"},
		{"GET", "/v1/events", true, "what was not delivered", "delivery_success types[*] limit starting_after"},
		{"GET", "/v1/webhook_endpoints", false, "whether Stripe knows where to tell us", "limit"},
		{"POST", "/v1/webhook_endpoints", false, "to tell Stripe where", "url connect api_version enabled_events[*]"},
	}
}

// fixed is what a field may say only in one way, by the call's path.
func fixed() map[string]map[string]string {
	return map[string]map[string]string{
		"/v1/accounts":      {"type": "standard"},
		"/v1/account_links": {"type": "account_onboarding"},
		"/v1/checkout/sessions": {"mode": "payment", "payment_method_types[0]": "card", "line_items[0][quantity]": "1",
			"customer_creation": "if_required"},
	}
}

// forbidden are words that no call may say in any field, whatever the table
// says: the second wall, should somebody widen the first.
var forbidden = regexp.MustCompile(`application_fee|transfer|on_behalf_of|destination|email|phone|individual|business_profile|company|` +
	`external_account|bank_account|^customer$|^customer\[|customer_data|customer_details|receipt|payout|reverse_|shipping|ip_address|user_agent`)

// ErrGuard is what a call gets that is not in the table. Nothing was sent.
var ErrGuard = errors.New("stripe: the call is not allowed")

const (
	maxRequest = 64 << 10
	maxAnswer  = 2 << 20
)

// route is a Call made ready.
type route struct {
	Call

	path   *regexp.Regexp
	fields []*regexp.Regexp
	fixed  map[string]string
}

// guard is the only way to Stripe: it lets the table's calls through, with only
// the headers they need, and nothing else.
type guard struct {
	base   *url.URL
	routes []route
	next   http.RoundTripper
}

// Guard puts the default-deny wall before a transport that talks to the API at
// base. It sends five headers and neither the library's telemetry nor what it
// tells of the machine.
func Guard(base *url.URL, next http.RoundTripper) http.RoundTripper {
	g := &guard{base: base, next: next}
	for _, c := range Calls() {
		r := route{Call: c, path: regexp.MustCompile("^" + strings.ReplaceAll(c.Path, "{id}", "[a-z]{2,12}_[A-Za-z0-9_]{5,250}") + "$"), fixed: fixed()[c.Path]}
		for f := range strings.FieldsSeq(c.fields) {
			r.fields = append(r.fields, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(f), `\*`, "[0-9]{0,2}")+"$"))
		}
		g.routes = append(g.routes, r)
	}
	return g
}

// RoundTrip sends what is allowed. It implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := drain(req)
	if err != nil {
		return nil, err
	}
	if !g.allowed(req, body) {
		return nil, ErrGuard
	}
	out := req.Clone(req.Context())
	out.Host, out.Header = "", http.Header{"User-Agent": {"oduvan"}, "Stripe-Version": {apiVersion}}
	for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "Stripe-Account"} {
		if v := req.Header.Get(name); v != "" {
			out.Header.Set(name, v)
		}
	}
	if out.Body, out.GetBody, out.ContentLength = nil, nil, 0; len(body) > 0 {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	res, err := g.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	res.Body = &bounded{res.Body, maxAnswer}
	return res, nil
}

func drain(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxRequest+1))
	if err == nil && len(body) > maxRequest {
		err = ErrGuard
	}
	return body, err
}

// allowed judges a call by the table.
func (g *guard) allowed(req *http.Request, body []byte) bool {
	u := req.URL
	if u.Scheme != g.base.Scheme || u.Host != g.base.Host || u.User != nil || u.Opaque != "" || u.RawPath != "" || u.Fragment != "" ||
		req.Host != "" && req.Host != u.Host {
		return false
	}
	for _, r := range g.routes {
		if r.Method == req.Method && r.path.MatchString(u.Path) {
			return r.allows(req, body)
		}
	}
	return false
}

// allows judges the headers and fields of a call.
func (r *route) allows(req *http.Request, body []byte) bool {
	acct, single := one(req.Header, "Stripe-Account")
	if !single || r.Seller != (acct != "") || r.Seller && !accountForm.MatchString(acct) || !r.Seller && len(req.Header.Values("Stripe-Account")) > 0 {
		return false
	}
	key, single := one(req.Header, "Idempotency-Key")
	if !single || (r.Method == http.MethodPost) != (key != "") || len(key) > 100 {
		return false
	}
	if v := req.Header.Get("Stripe-Version"); v != apiVersion {
		return false
	}
	said := string(body)
	if r.Method == http.MethodGet {
		if len(body) > 0 {
			return false
		}
		said = req.URL.RawQuery
	} else if req.URL.RawQuery != "" || said != "" && !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return false
	}
	values, err := url.ParseQuery(said)
	return err == nil && r.says(values)
}

// says judges the fields alone.
func (r *route) says(values url.Values) bool {
	for name, all := range values {
		if len(all) != 1 && !strings.HasSuffix(name, "[]") || forbidden.MatchString(name) || !r.knows(name) {
			return false
		}
	}
	for name, want := range r.fixed {
		if r.Method == http.MethodPost && values.Get(name) != want {
			return false
		}
	}
	return true
}

func (r *route) knows(name string) bool {
	for _, f := range r.fields {
		if f.MatchString(name) {
			return true
		}
	}
	return false
}

// one is a header's only value; false where it is there twice.
func one(h http.Header, name string) (string, bool) {
	all := h.Values(name)
	if len(all) == 0 {
		return "", true
	}
	return all[0], len(all) == 1
}

// bounded ends an answer that is too long with an error.
type bounded struct {
	io.ReadCloser
	left int64
}

// Read reads within the bound. It implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("stripe: an answer longer than " + strconv.Itoa(maxAnswer))
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}
