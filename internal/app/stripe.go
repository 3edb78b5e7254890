package app

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/internal/site"
)

// openStripe makes card payments on the sellers' own accounts, where the
// operator has a key: without one there is no such way and no word of it.
func (a *App) openStripe() (err error) {
	if a.Config.StripeSecretKey == "" {
		stripe.Idle(a.DB)
		return nil
	}
	a.Stripe, err = stripe.New(stripe.Config{DB: a.DB, Payments: a.Payments, Key: a.Config.StripeSecretKey, Secrets: a.Config.WebhookSecrets(),
		Base: a.Config.StripeAPIBase, URL: a.Config.URL, Log: a.Log})
	if err != nil {
		return err
	}
	a.Payments.Settle(payment.Stripe, a.Stripe.Way())
	return nil
}

// stripeRows exports and erases what is kept of people's accounts at Stripe. It
// stands without a key too: the rows outlive the setting.
func (a *App) stripeRows() account.Holder {
	if a.Stripe == nil {
		return &stripe.Stripe{} // both verbs touch nothing but the unit of work
	}
	return a.Stripe
}

// stripeCalls are the calls that the program may make at Stripe, for everybody
// to read.
func (a *App) stripeCalls() (out []string) {
	if a.Stripe == nil {
		return nil
	}
	for _, c := range stripe.Calls() {
		out = append(out, c.Method+" "+c.Path)
	}
	return out
}

// stripeKept tells whether anything of card payments is kept, key or none.
func (a *App) stripeKept(ctx context.Context) (bool, error) { return stripe.Kept(ctx, a.DB) }

// stripeHosts are the origins to which a form may lead.
func (a *App) stripeHosts() []string {
	if a.Stripe == nil {
		return nil
	}
	out := []string{"https://checkout.stripe.com", "https://connect.stripe.com"}
	if base := a.Config.StripeAPIBase; base != "" {
		out = append(out, base)
	}
	return out
}

// sitesStripe is Stripe as the pages speak of it; none without a key.
func (a *App) sitesStripe() site.Stripe {
	if a.Stripe == nil {
		return nil
	}
	return stripePages{a.Stripe}
}

// apisStripe is Stripe as the API speaks of it; none without a key.
func (a *App) apisStripe() api.Stripe {
	if a.Stripe == nil {
		return nil
	}
	return stripeJSON{a.Stripe}
}

// stripePages puts Stripe into the words of the pages.
type stripePages struct{ s *stripe.Stripe }

// Account is how far the actor's account is.
func (p stripePages) Account(ctx context.Context, by account.Actor) (site.StripeAccount, error) {
	acc, err := p.s.AccountStatus(ctx, by)
	return site.StripeAccount{State: string(acc.State), ID: acc.StripeID}, err
}

// Connect is where the actor fills in the own account.
func (p stripePages) Connect(ctx context.Context, by account.Actor) (string, error) {
	url, _, err := p.s.ConnectAccount(ctx, by)
	return url, err
}

// Disconnect ends new orders on the actor's account.
func (p stripePages) Disconnect(ctx context.Context, by account.Actor) error {
	return p.s.Disconnect(ctx, by)
}

// Checkout is the page on which to pay.
func (p stripePages) Checkout(ctx context.Context, by account.Actor, orderID string) (string, error) {
	return p.s.Checkout(ctx, by, orderID)
}

// Returned takes in what Stripe knows of an order.
func (p stripePages) Returned(ctx context.Context, orderID string) error {
	_, err := p.s.Returned(ctx, orderID)
	return err
}

// Refund gives money back.
func (p stripePages) Refund(ctx context.Context, by account.Actor, orderID string, amount money.Amount, given int64) error {
	_, err := p.s.Refund(ctx, by, orderID, stripe.Back{Amount: amount, Seen: &given})
	return err
}

// AtStripe is what an order's page tells beside the order's own facts.
func (p stripePages) AtStripe(ctx context.Context, orderID string) (out site.StripeOrder, err error) {
	if out.Review, err = p.s.NeedsReview(ctx, orderID); err != nil {
		return out, err
	}
	refunds, err := p.s.Refunds(ctx, orderID)
	for _, r := range refunds {
		out.Refunds = append(out.Refunds, site.StripeRefund{Amount: r.Amount, State: r.State, At: r.At})
	}
	return out, err
}

// stripeJSON puts Stripe into the words of the API.
type stripeJSON struct{ s *stripe.Stripe }

// Account is how far the actor's account is.
func (j stripeJSON) Account(ctx context.Context, by account.Actor) (api.StripeAccount, error) {
	acc, err := j.s.AccountStatus(ctx, by)
	return api.StripeAccount{Account: acc.StripeID, State: string(acc.State), CanBePaid: acc.CanBePaid}, err
}

// Connect is where the actor fills in the own account.
func (j stripeJSON) Connect(ctx context.Context, by account.Actor) (string, api.StripeAccount, error) {
	url, acc, err := j.s.ConnectAccount(ctx, by)
	return url, api.StripeAccount{Account: acc.StripeID, State: string(acc.State), CanBePaid: acc.CanBePaid}, err
}

// Checkout is the page on which to pay.
func (j stripeJSON) Checkout(ctx context.Context, by account.Actor, orderID string) (string, error) {
	return j.s.Checkout(ctx, by, orderID)
}

// Refund gives money back.
func (j stripeJSON) Refund(ctx context.Context, by account.Actor, orderID string, amount money.Amount, key string) (payment.Order, error) {
	return j.s.Refund(ctx, by, orderID, stripe.Back{Amount: amount, Key: key})
}

// stripesOwn tells whether a request is what Stripe sends: past sessions,
// forms, languages and what is zipped.
func stripesOwn(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == stripe.WebhookPath
}

// callsOutside tells whether a request waits for Stripe's answer.
func (a *App) callsOutside(r *http.Request) bool {
	return a.API.CallsOutside(r) || a.Site.CallsOutside(r)
}

// webhook takes an event as the bytes that came. Stripe is told that it is here
// only when it is durable; of anything that is not Stripe's nothing is said.
func (a *App) webhook(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("X-Content-Type-Options", "nosniff")
	if a.Stripe == nil || !stripesOwn(c.Request) {
		c.String(http.StatusNotFound, "404\n")
		return
	}
	status := a.taken(c)
	if status == http.StatusServiceUnavailable {
		c.Header("Retry-After", "5")
	}
	c.String(status, strings.ToLower(http.StatusText(status))+"\n")
}

func (a *App) taken(c *gin.Context) int {
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, stripe.MaxEvent))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	err = a.Stripe.Webhook(c.Request.Context(), raw, c.GetHeader("Stripe-Signature"))
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, stripe.ErrSignature):
		return http.StatusBadRequest
	case fault.Is(err, fault.TooLarge):
		return http.StatusRequestEntityTooLarge
	}
	a.Log.Error("an event of Stripe could not be kept", "error", err)
	return http.StatusServiceUnavailable
}
