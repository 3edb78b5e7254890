package stripe_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// wire counts what got through.
type wire struct{ last *http.Request }

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.last = r
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

const acct = "acct_0123456789abcd"

// call is one request to the guard.
type call struct {
	method, path, account, key, body string
	change                           func(*http.Request)
}

func (c call) try(t testing.TB) (*http.Request, error) {
	t.Helper()
	w, wall := newWall()
	return c.through(w, wall)
}

// newWall is a guard with what counts behind it.
func newWall() (*wire, http.RoundTripper) {
	base, _ := url.Parse("https://api.stripe.com")
	w := &wire{}
	return w, stripe.Guard(base, w)
}

// through sends the call to a guard.
func (c call) through(w *wire, wall http.RoundTripper) (*http.Request, error) {
	w.last = nil
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r, err := http.NewRequest(c.method, "https://api.stripe.com"+c.path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer sk_test_1")
	r.Header.Set("Stripe-Version", "2023-10-16")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.account != "" {
		r.Header.Set("Stripe-Account", c.account)
	}
	if c.key != "" {
		r.Header.Set("Idempotency-Key", c.key)
	}
	r.Header.Set("X-Stripe-Client-User-Agent", `{"uname":"Linux ivans-laptop"}`)
	r.Header.Set("X-Stripe-Client-Telemetry", "{}")
	r.Header.Set("User-Agent", "Stripe/v1 GoBindings/76")
	if c.change != nil {
		c.change(r)
	}
	res, err := wall.RoundTrip(r)
	if err == nil {
		res.Body.Close()
	}
	return w.last, err
}

const goodSession = "mode=payment&payment_method_types[0]=card&line_items[0][quantity]=1&line_items[0][price_data][currency]=rub&line_items[0][price_data][unit_amount]=1" +
	"&line_items[0][price_data][product_data][name]=x&client_reference_id=o&metadata[order]=o&metadata[attempt]=a&payment_intent_data[metadata][order]=o" +
	"&payment_intent_data[metadata][attempt]=a&expires_at=1&customer_creation=if_required&success_url=s&cancel_url=c"

func TestGuardLetsThroughWhatIsListed(t *testing.T) {
	t.Parallel()
	id := map[string]string{"{id}": "cs_test_0123456789"}
	for _, c := range stripe.Calls() {
		one := call{method: c.Method, path: strings.ReplaceAll(c.Path, "{id}", id["{id}"])}
		if c.Seller {
			one.account = acct
		}
		if c.Method == http.MethodPost {
			one.key = "k"
		}
		one.body = map[string]string{"/v1/accounts": "type=standard", "/v1/account_links": "type=account_onboarding&account=" + acct, "/v1/checkout/sessions": goodSession}[c.Path]
		sent, err := one.try(t)
		if err != nil {
			t.Errorf("%s %s: %v", c.Method, c.Path, err)
			continue
		}
		for name := range sent.Header {
			if !strings.Contains(" Authorization Content-Type Idempotency-Key Stripe-Account Stripe-Version User-Agent ", " "+name+" ") || strings.Contains(sent.Header.Get(name), "uname") {
				t.Errorf("%s %s sends %s", c.Method, c.Path, name)
			}
		}
		if got := sent.Header.Get("User-Agent"); got != "oduvan" || c.Why == "" {
			t.Errorf("%s %s: agent %q, why %q", c.Method, c.Path, got, c.Why)
		}
	}
}

// Every planted attempt to take, move or see what is not ours is refused before
// a byte is sent.
func TestGuardRefusesPlantedAttempts(t *testing.T) {
	t.Parallel()
	session := func(more string) call {
		return call{"POST", "/v1/checkout/sessions", acct, "k", goodSession + more, nil}
	}
	for name, c := range map[string]call{
		"a charge":                        {"POST", "/v1/charges", acct, "k", "amount=1", nil},
		"a transfer":                      {"POST", "/v1/transfers", "", "k", "amount=1", nil},
		"a payout":                        {"POST", "/v1/payouts", acct, "k", "amount=1", nil},
		"the balance":                     {"GET", "/v1/balance", acct, "", "", nil},
		"customers":                       {"GET", "/v1/customers", acct, "", "", nil},
		"all accounts":                    {"GET", "/v1/accounts", "", "", "", nil},
		"an empty id":                     {"GET", "/v1/accounts/", "", "", "", nil},
		"all pages":                       {"GET", "/v1/checkout/sessions", acct, "", "", nil},
		"an application fee":              session("&payment_intent_data[application_fee_amount]=1"),
		"transfer data":                   session("&payment_intent_data[transfer_data][destination]=acct_2"),
		"a transfer group":                session("&payment_intent_data[transfer_group]=g"),
		"on behalf of":                    session("&payment_intent_data[on_behalf_of]=acct_2"),
		"a receipt's address":             session("&payment_intent_data[receipt_email]=a@b"),
		"a customer's address":            session("&customer_email=a@b"),
		"a customer":                      session("&customer=cus_1"),
		"a second line":                   session("&line_items[1][quantity]=1"),
		"a third line":                    session("&line_items[2][quantity]=1"),
		"another way to pay":              session("&payment_method_types[1]=klarna"),
		"two lines":                       session("&line_items[0][quantity]=2"),
		"another mode":                    {"POST", "/v1/checkout/sessions", acct, "k", strings.Replace(goodSession, "mode=payment", "mode=subscription", 1), nil},
		"a page on the board's account":   {"POST", "/v1/checkout/sessions", "", "k", goodSession, nil},
		"an empty account":                {"POST", "/v1/checkout/sessions", "", "k", goodSession, func(r *http.Request) { r.Header["Stripe-Account"] = []string{""} }},
		"two accounts":                    {"POST", "/v1/checkout/sessions", acct, "k", goodSession, func(r *http.Request) { r.Header.Add("Stripe-Account", acct) }},
		"an account that is none":         {"POST", "/v1/checkout/sessions", "acct_1", "k", goodSession, nil},
		"no key":                          {"POST", "/v1/checkout/sessions", acct, "", goodSession, nil},
		"a refund of the fee":             {"POST", "/v1/refunds", acct, "k", "payment_intent=pi_1&refund_application_fee=true", nil},
		"a refund out of a transfer":      {"POST", "/v1/refunds", acct, "k", "payment_intent=pi_1&reverse_transfer=true", nil},
		"an account with an address":      {"POST", "/v1/accounts", "", "k", "type=standard&email=a@b", nil},
		"an account with a person":        {"POST", "/v1/accounts", "", "k", "type=standard&individual[first_name]=Ivan", nil},
		"an express account":              {"POST", "/v1/accounts", "", "k", "type=express", nil},
		"an account made for another":     {"POST", "/v1/accounts", acct, "k", "type=standard", nil},
		"deleting an account":             {"DELETE", "/v1/accounts/" + acct, "", "", "", nil},
		"changing an account":             {"POST", "/v1/accounts/" + acct, "", "k", "type=standard", nil},
		"another host":                    {"GET", "/v1/accounts/" + acct, "", "", "", func(r *http.Request) { r.URL.Host = "evil.example" }},
		"another host by header":          {"GET", "/v1/accounts/" + acct, "", "", "", func(r *http.Request) { r.Host = "evil.example" }},
		"plain http":                      {"GET", "/v1/accounts/" + acct, "", "", "", func(r *http.Request) { r.URL.Scheme = "http" }},
		"a path that climbs":              {"GET", "/v1/accounts/../balance", "", "", "", nil},
		"a path in percents":              {"GET", "/v1/accounts/acct_%2e%2e%2fbalance", "", "", "", nil},
		"another version":                 {"GET", "/v1/accounts/" + acct, "", "", "", func(r *http.Request) { r.Header.Set("Stripe-Version", "2030-01-01") }},
		"a field twice":                   {"POST", "/v1/accounts", "", "k", "type=standard&type=express", nil},
		"a query beside a body":           {"POST", "/v1/accounts?email=a", "", "k", "type=standard", nil},
		"another form of body":            {"POST", "/v1/accounts", "", "k", `{"type":"standard"}`, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
		"a file":                          {"POST", "/v1/files", "", "k", "", nil},
		"a key of another":                {"POST", "/v1/ephemeral_keys", acct, "k", "", nil},
		"an events list of all":           {"GET", "/v1/events", "", "", "", nil},
		"an endpoint on a seller's":       {"POST", "/v1/webhook_endpoints", acct, "k", "", nil},
		"a body that is longer than ever": {"POST", "/v1/refunds", acct, "k", strings.Repeat("a", 70<<10), nil},
	} {
		sent, err := c.try(t)
		if !errors.Is(err, stripe.ErrGuard) || sent != nil {
			t.Errorf("%s: got %v, sent %v", name, err, sent != nil)
		}
	}
}

// Whatever is said, nothing that names a fee, a transfer or a person gets out,
// and no page without a seller's account.
func FuzzGuard(f *testing.F) {
	f.Add("POST", "/v1/checkout/sessions", acct, "k", goodSession)
	f.Add("POST", "/v1/refunds", acct, "k", "payment_intent=pi_1&amount=1")
	f.Add("GET", "/v1/events?delivery_success=false", acct, "", "")
	f.Add("POST", "/v1/accounts", "", "k", "type=standard")
	w, wall := newWall()
	f.Fuzz(func(t *testing.T, method, path, account, key, body string) {
		sent, err := call{method: method, path: path, account: account, key: key, body: body}.through(w, wall)
		if err != nil || sent == nil {
			return
		}
		read := ""
		if sent.Body != nil {
			b, _ := io.ReadAll(sent.Body)
			read = string(b)
		}
		values, err := url.ParseQuery(read)
		if err != nil || sent.URL.Host != "api.stripe.com" || sent.URL.Scheme != "https" || sent.Method != "GET" && sent.Method != "POST" {
			t.Fatalf("sent %s %s: %v", sent.Method, sent.URL, err)
		}
		for name := range values {
			for _, word := range []string{"fee", "transfer", "behalf", "destination", "email", "payout", "individual"} {
				if strings.Contains(name, word) {
					t.Errorf("%q got out", name)
				}
			}
		}
		if _, err := stripe.ParseSellerAccount(sent.Header.Get("Stripe-Account")); (err == nil) == strings.HasPrefix(sent.URL.Path, "/v1/account") {
			t.Errorf("%s on account %q", sent.URL.Path, sent.Header.Get("Stripe-Account"))
		}
		if sent.Method == "POST" && sent.Header.Get("Idempotency-Key") == "" {
			t.Error("a change without a key")
		}
	})
}

func TestAccountsHaveAForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{acct: true, "": false, " ": false, "acct_": false, "acct_1": false, "cus_0123456789abcd": false, acct + "\n": false,
		"acct_0123456789ab/d": false, acct + strings.Repeat("a", 40): false} {
		got, err := stripe.ParseSellerAccount(text)
		if (err == nil) != want || want && got.String() != text {
			t.Errorf("%q: %v", text, err)
		}
	}
}
