package stripe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/outbound"
)

// standardBase is Stripe itself.
const standardBase = "https://api.stripe.com"

const callTimeout = 10 * time.Second

// newClient makes the library's client without any of its globals: own
// backends, no logger (its own prints bodies), no telemetry, no retries of its
// own (they sleep), the guard below it, and below that what gives up on a
// Stripe that is away.
func newClient(key, base string, transport http.RoundTripper, now func() time.Time) (*client.API, error) {
	if base == "" {
		base = standardBase
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, errors.New("stripe: the address of the API is malformed")
	}
	if transport == nil {
		transport = transportFor(u)
	}
	transport = Guard(u, &breaker{next: transport, now: now})
	backend := func(kind sdk.SupportedBackend) sdk.Backend {
		return sdk.GetBackendWithConfig(kind, &sdk.BackendConfig{
			HTTPClient: &http.Client{Timeout: callTimeout, Transport: transport,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
			LeveledLogger: silent{}, EnableTelemetry: sdk.Bool(false), MaxNetworkRetries: sdk.Int64(0), URL: sdk.String(u.Scheme + "://" + u.Host)})
	}
	return client.New(key, &sdk.Backends{API: backend(sdk.APIBackend), Connect: backend(sdk.ConnectBackend), Uploads: backend(sdk.UploadsBackend)}), nil
}

// transportFor calls Stripe by the program's one way out; a stand-in on this
// machine, which that way refuses, by a plain transport.
func transportFor(u *url.URL) http.RoundTripper {
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return &http.Transport{Proxy: nil, MaxIdleConns: 16, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, ResponseHeaderTimeout: callTimeout}
	}
	return way{outbound.New(outbound.Config{Timeout: callTimeout, MaxBody: maxAnswer})}
}

// way is the program's one way out as a transport.
type way struct{ out *outbound.Client }

// RoundTrip implements http.RoundTripper.
func (w way) RoundTrip(req *http.Request) (*http.Response, error) { return w.out.Do(req) }

// CloseIdleConnections lets http.Client end them.
func (w way) CloseIdleConnections() { w.out.CloseIdle() }

// silent is a logger that says nothing.
type silent struct{}

// Debugf implements the library's logger; so do the others.
func (silent) Debugf(string, ...any) {}

// Errorf says nothing.
func (silent) Errorf(string, ...any) {}

// Infof says nothing.
func (silent) Infof(string, ...any) {}

// Warnf says nothing.
func (silent) Warnf(string, ...any) {}

// objectForm is how ids look; an empty one would ask for a list instead.
var objectForm = regexp.MustCompile(`^[a-z]{2,12}_[A-Za-z0-9_]{5,250}$`)

// on are the parameters of a call on a seller's account.
func on(ctx context.Context, acct SellerAccount, key string) (sdk.Params, error) {
	if !accountForm.MatchString(acct.id) {
		return sdk.Params{}, errAccount
	}
	p := sdk.Params{Context: ctx, StripeAccount: sdk.String(acct.id)}
	if key != "" {
		p.IdempotencyKey = sdk.String(key)
	}
	return p, nil
}

// The faults of calls. What Stripe said stays in the call: it may quote people.
var (
	errAway    = fault.Of(fault.Unavailable, "stripe_unavailable")
	errRefused = fault.Of(fault.Conflict, "stripe_refused")
	errGone    = fault.Of(fault.NotFound, "stripe_unknown")
	errDenied  = fault.Of(fault.Forbidden, "stripe_denied") // the account has left us
	errKey     = fault.Of(fault.Unavailable, "stripe_key")  // the key, or what it may do, does not fit
	errBusy    = fault.Of(fault.Unavailable, "stripe_busy") // the same call runs already
)

// told makes a fault of what a call ended with, without a word of Stripe's.
func told(err error) error {
	var e *sdk.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrGuard), errors.Is(err, errAccount), errors.Is(err, context.Canceled), errors.Is(err, io.ErrUnexpectedEOF):
		if errors.Is(err, ErrGuard) {
			return ErrGuard
		}
		return errAway
	case !errors.As(err, &e):
		return errAway
	}
	switch s := e.HTTPStatusCode; {
	case s == http.StatusConflict, e.Code == "idempotency_key_in_use":
		return errBusy
	case s == http.StatusTooManyRequests, s >= 500, s == http.StatusRequestTimeout:
		return errAway
	case e.Code == "account_invalid": // the only word by which Stripe says that an account is none of ours any more
		return errDenied
	case s == http.StatusUnauthorized, s == http.StatusForbidden: // a key that may not make the call says nothing about the account
		return errKey
	case s == http.StatusNotFound:
		return errGone
	}
	return errRefused
}
