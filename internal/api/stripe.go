package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Stripe is being paid by card on a seller's own account. Where a branch has
// none, Config.Stripe is nil and its routes answer 404 stripe_off.
type Stripe interface {
	// Account reads how far the actor's account is. Faults: Unauthenticated.
	Account(ctx context.Context, by account.Actor) (StripeAccount, error)
	// Connect gives the address at Stripe where the actor fills in the own
	// account: it works once. Faults: Unauthenticated; Conflict stripe_refused;
	// Unavailable stripe_unavailable.
	Connect(ctx context.Context, by account.Actor) (url string, acc StripeAccount, err error)
	// Checkout gives the buyer the page on which to pay an order. Faults: NotFound
	// order_unknown; Forbidden; Conflict order_state, order_method, stripe_…;
	// Unavailable stripe_….
	Checkout(ctx context.Context, by account.Actor, orderID string) (url string, err error)
	// Refund gives money back on the seller's account; an amount without a
	// currency is all that is left. An equal one with the same key, where that is
	// not empty, gives back nothing more for a day, whatever became of the first.
	// Faults: NotFound order_unknown; Forbidden; Conflict order_state,
	// order_method, stripe_refused; Invalid amount_mismatch.
	Refund(ctx context.Context, by account.Actor, orderID string, amount money.Amount, key string) (payment.Order, error)
}

// StripeAccount is a seller's own account at Stripe.
type StripeAccount struct {
	Account   string `json:"account" doc:"Its number there; empty: none yet" example:"acct_1NxAbCdEfGhIjKlM"`
	State     string `json:"state" enum:"none,new,pending,review,restricted,ready,disconnected" doc:"How far it is: none: never connected; new: asked for; pending: not filled in at Stripe; review: Stripe looks at it; restricted: Stripe needs more; disconnected: the seller took it away" example:"ready"`
	CanBePaid bool   `json:"can_be_paid" doc:"Orders can be paid on it" example:"true"`
}

// StripeLink is where a seller fills in the own account at Stripe.
type StripeLink struct {
	URL string `json:"url" doc:"At Stripe; it works once and soon ends: ask again for another" example:"https://connect.stripe.com/setup/s/acct_1NxAbCdEfGhIjKlM/abc"`
	StripeAccount
}

// CheckoutPage is where a buyer pays an order.
type CheckoutPage struct {
	URL string `json:"url" doc:"At Stripe; the same one while it can be paid" example:"https://checkout.stripe.com/c/pay/cs_test_a1b2c3"`
}

// RefundGiven is what a seller gives back by Stripe.
type RefundGiven struct {
	Amount   *int64 `json:"amount,omitempty" minimum:"0" maximum:"1000000000000" doc:"Minor units of the order's currency. Absent: all that is left" example:"120000"`
	Currency string `json:"currency,omitempty" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"ISO 4217; the order's. Absent: that one" example:"EUR"`
}

type stripeConnectInput struct {
	Keyed
	Body *Nothing
}

type stripeRefundInput struct {
	Keyed
	OrderRef
	Body *RefundGiven
}

type stripeAccountOutput struct{ Body StripeAccount }

type stripeLinkOutput struct{ Body StripeLink }

// errNoStripe is for every route of Stripe on a branch without it.
var errNoStripe = fault.Of(fault.NotFound, "stripe_off")

const (
	stripePath     = "/me/stripe/account"
	checkoutSuffix = "/checkout"
	refundSuffix   = "/refund"
)

func (a *API) addStripe() {
	missing := []int{http.StatusNotFound}
	state := []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	one := ordersPath + "/{id}"
	add(a, operation{id: "stripe-account", method: http.MethodGet, path: stripePath, tag: tagOrders, own: true, summary: "Read how far your account at Stripe is",
		text: "Read anew from Stripe. 404 stripe_off where this branch takes no cards.", statuses: missing}, a.stripeAccount)
	add(a, operation{id: "connect-stripe", method: http.MethodPost, path: stripePath, tag: tagOrders, own: true, summary: "Connect your own account at Stripe, or go on with it",
		text: "Open url in a browser and fill in there what Stripe asks; nothing of it comes here. A repeated call, with the same key too, gives another address, " +
			"since each works once. 404 stripe_off where this branch takes no cards.",
		statuses: []int{http.StatusNotFound, http.StatusConflict}}, a.connectStripe)
	add(a, operation{id: "checkout", method: http.MethodPost, path: one + checkoutSuffix, tag: tagOrders, own: true, summary: "Get the page to pay an order by card",
		text: "As the buyer, while the order waits, with method stripe. The money goes to the seller's account at Stripe, without a fee of this board. Coming back from " +
			"there proves nothing: read the order. 404 stripe_off where this branch takes no cards.", statuses: state}, a.checkout)
	add(a, operation{id: "refund", method: http.MethodPost, path: one + refundSuffix, tag: tagOrders, own: true, summary: "Give money back by Stripe as the seller",
		text: "Part or all of what was paid by card; what came twice goes first. The order tells refunded as soon as Stripe does. When all of it is back, the licence " +
			"is revoked. For an order settled directly: send-refund. 404 stripe_off where this branch takes no cards.", statuses: state}, a.refundStripe)
}

// actsOf are the last words of the addresses at which the viewer may act now.
func (a *API) actsOf(o *payment.Order) []string {
	out := plain(o.Acts(a.Now()))
	switch {
	case a.Stripe == nil || o.Method != payment.Stripe:
	case o.Viewer == payment.Buyer && o.State == payment.AwaitingPayment:
		out = append(out, strings.TrimPrefix(checkoutSuffix, "/"))
	case o.Viewer == payment.Seller && o.Returnable() > 0:
		out = append(out, strings.TrimPrefix(refundSuffix, "/"))
	}
	return out
}

// CallsOutside tells whether a request waits for Stripe's answer, which takes
// longer than ours.
func (a *API) CallsOutside(r *http.Request) bool {
	rest, mine := strings.CutPrefix(r.URL.Path, prefix)
	if !mine || a.Stripe == nil {
		return false
	}
	return rest == stripePath || r.Method == http.MethodPost && strings.HasPrefix(rest, ordersPath+"/") &&
		(strings.HasSuffix(rest, checkoutSuffix) || strings.HasSuffix(rest, refundSuffix))
}

func (a *API) stripeAccount(ctx context.Context, r *request, _ *struct{}) (*stripeAccountOutput, error) {
	if a.Stripe == nil {
		return nil, errNoStripe
	}
	acc, err := a.Stripe.Account(ctx, r.actor)
	return &stripeAccountOutput{Body: acc}, err
}

// connectStripe keeps no address beside the key: whoever holds one can fill in
// the account, and it works once.
func (a *API) connectStripe(ctx context.Context, r *request, in *stripeConnectInput) (*stripeLinkOutput, error) {
	if a.Stripe == nil {
		return nil, errNoStripe
	}
	out := &stripeLinkOutput{}
	connect := func() (err error) {
		out.Body.URL, out.Body.StripeAccount, err = a.Stripe.Connect(ctx, r.actor)
		return err
	}
	if err := a.acts(ctx, r, in.Key, connect); err != nil || out.Body.URL != "" {
		return out, err
	}
	return out, connect()
}

func (a *API) checkout(ctx context.Context, r *request, in *orderActInput) (*answered[CheckoutPage], error) {
	if a.Stripe == nil {
		return nil, errNoStripe
	}
	return did(ctx, a, r, in.Key, func() (CheckoutPage, error) {
		url, err := a.Stripe.Checkout(ctx, r.actor, in.ID)
		return CheckoutPage{URL: url}, err
	})
}

func (a *API) refundStripe(ctx context.Context, r *request, in *stripeRefundInput) (*orderOutput, error) {
	if a.Stripe == nil {
		return nil, errNoStripe
	}
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		back, err := a.givenBack(ctx, r, in)
		if err != nil {
			return payment.Order{}, err
		}
		return a.Stripe.Refund(ctx, r.actor, in.ID, back, in.Key)
	})
}

// givenBack is how much goes back: an amount alone is in the order's currency,
// and a currency alone is a mistake.
func (a *API) givenBack(ctx context.Context, r *request, in *stripeRefundInput) (money.Amount, error) {
	b := in.Body
	switch {
	case b == nil, b.Amount == nil && b.Currency == "":
		return money.Amount{}, nil
	case b.Amount == nil:
		return money.Amount{}, fault.Bad("amount", "required")
	case b.Currency != "":
		return money.Amount{Minor: *b.Amount, Currency: b.Currency}, nil
	}
	o, err := a.Payments.Order(ctx, r.actor, in.ID)
	return money.Amount{Minor: *b.Amount, Currency: o.Currency}, err
}
