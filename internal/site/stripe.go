package site

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/money"
)

// Stripe is selling by card on a seller's own account at Stripe. Where a branch
// has none, Config.Stripe is nil, no route knows of it and no page says the word.
type Stripe interface {
	StripeSeller
	StripeOrders
}

// StripeSeller is a seller's own account there.
type StripeSeller interface {
	// Account reads how far the actor's account is. Faults: Unauthenticated.
	Account(ctx context.Context, by account.Actor) (StripeAccount, error)
	// Connect gives the address at Stripe where the actor fills in the own
	// account. It works once and is kept nowhere. Faults: Unauthenticated;
	// Conflict stripe_refused; Unavailable stripe_unavailable.
	Connect(ctx context.Context, by account.Actor) (url string, err error)
	// Disconnect ends new orders on the actor's account. Faults: Unauthenticated.
	Disconnect(ctx context.Context, by account.Actor) error
}

// StripeOrders are the orders that are paid there.
type StripeOrders interface {
	// Checkout gives the buyer the page on which to pay. Faults: NotFound
	// order_unknown; Forbidden; Conflict order_state, order_method, stripe_…;
	// Unavailable stripe_….
	Checkout(ctx context.Context, by account.Actor, orderID string) (url string, err error)
	// Returned takes in what Stripe knows of an order whose buyer came back. The
	// caller has checked that the order is theirs. Faults: Unavailable stripe_….
	Returned(ctx context.Context, orderID string) error
	// Refund gives money back on the seller's account; an amount without a
	// currency is all that is left. Given is what the seller had asked to give
	// back before, in minor units: where it is another sum by now, as after a
	// second click, nothing is done. Faults: NotFound order_unknown; Forbidden;
	// Conflict order_state, order_method, stripe_refused; Invalid amount_mismatch.
	Refund(ctx context.Context, by account.Actor, orderID string, amount money.Amount, given int64) error
	// AtStripe is what an order's page tells beside the order's own facts.
	AtStripe(ctx context.Context, orderID string) (StripeOrder, error)
}

// StripeAccount is a seller's account.
type StripeAccount struct {
	State string // none, new, pending, review, restricted, ready, disconnected
	ID    string // acct_…; empty: not made yet
}

// stripeReady is the state of an account that can be paid.
const stripeReady = "ready"

// StripeOrder is an order there.
type StripeOrder struct {
	Review  bool           // something about it has to be looked at
	Refunds []StripeRefund // the newest last
}

// given is what was asked to go back here and not refused, in minor units.
func (o StripeOrder) given() (minor, waiting int64) {
	for _, r := range o.Refunds {
		if r.State != refundFailed {
			minor += r.Amount.Minor
		}
		if r.State == refundPending {
			waiting += r.Amount.Minor
		}
	}
	return minor, waiting
}

// The states of a refund that its words tell apart.
const (
	refundPending = "pending"
	refundFailed  = "failed"
)

// StripeRefund is an amount that its seller gave back here.
type StripeRefund struct {
	Amount money.Amount
	State  string // pending, done, failed
	At     time.Time
}
