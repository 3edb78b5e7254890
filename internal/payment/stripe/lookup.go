package stripe

import (
	"context"
	"errors"
	"strings"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// foreign is the outcome of an event about what a seller sells elsewhere by the
// same account.
const foreign = "foreign"

// errForeign is that Stripe shows a thing and it names no attempt of ours.
var errForeign = errors.New("stripe: a thing of the seller's own")

// attemptOf finds the attempt that an event's object belongs to: by the numbers
// we know, else by asking Stripe on the event's account, as when the event was
// faster than our own commit. The outcome is empty, or why there is none.
func (s *Stripe) attemptOf(ctx context.Context, row inboxRow) (a attempt, outcome string, err error) {
	seller, err := ParseSellerAccount(row.Seller)
	if err != nil {
		return a, FoundAccount, nil
	}
	if known, err := s.oursAtAll(ctx, seller); err != nil || !known {
		return a, FoundAccount, err
	}
	a, err = s.byObject(ctx, row.ObjectID)
	if fault.Is(err, fault.NotFound) {
		a, err = s.byAsking(ctx, seller, row.ObjectID)
	}
	switch {
	case errors.Is(err, errForeign):
		return a, foreign, nil
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden), fault.Is(err, fault.Conflict):
		return a, FoundUnknown, nil
	case err != nil:
		return a, "", err
	case a.Seller != seller.id:
		return a, FoundAccount, nil
	}
	return a, "", nil
}

// oursAtAll tells whether any attempt or seller here has the account.
func (s *Stripe) oursAtAll(ctx context.Context, seller SellerAccount) (known bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT EXISTS (SELECT 1 FROM stripe_attempt WHERE seller = ?) OR EXISTS (SELECT 1 FROM stripe_account WHERE stripe_id = ?)",
			seller.id, seller.id).Scan(ctx, &known)
	})
	return known, err
}

// byObject finds an attempt by the number of its page, payment or refund.
func (s *Stripe) byObject(ctx context.Context, id string) (a attempt, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&a).Where("a.session_id = ? OR a.intent_id = ? OR a.id = (SELECT attempt_id FROM stripe_refund WHERE refund_id = ?)", id, id, id), errAttempt)
	})
	return a, err
}

// byAsking reads an object on the seller's account and finds the attempt that it
// names.
func (s *Stripe) byAsking(ctx context.Context, seller SellerAccount, id string) (attempt, error) {
	if !objectForm.MatchString(id) {
		return attempt{}, errAttempt
	}
	p, err := on(ctx, seller, "")
	if err != nil {
		return attempt{}, err
	}
	intent := ""
	switch prefix, _, _ := strings.Cut(id, "_"); prefix {
	case "cs":
		got, err := s.api.CheckoutSessions.Get(id, &sdk.CheckoutSessionParams{Params: p})
		if err != nil {
			return attempt{}, told(err)
		}
		if got.Metadata["attempt"] == "" {
			return attempt{}, errForeign
		}
		return s.adopt(ctx, seller, got)
	case "ch", "py":
		got, err := s.api.Charges.Get(id, &sdk.ChargeParams{Params: p})
		if err != nil {
			return attempt{}, told(err)
		}
		if got.PaymentIntent == nil {
			return attempt{}, errForeign
		}
		intent = got.PaymentIntent.ID
	case "re", "pyr":
		got, err := s.api.Refunds.Get(id, &sdk.RefundParams{Params: p})
		if err != nil {
			return attempt{}, told(err)
		}
		if got.PaymentIntent == nil {
			return attempt{}, errForeign
		}
		intent = got.PaymentIntent.ID
	case "dp", "du":
		got, err := s.api.Disputes.Get(id, &sdk.DisputeParams{Params: p})
		if err != nil {
			return attempt{}, told(err)
		}
		if got.PaymentIntent == nil {
			return attempt{}, errForeign
		}
		intent = got.PaymentIntent.ID
	case "pi":
		intent = id
	}
	return s.byIntent(ctx, p, intent)
}

// byIntent finds the attempt of a payment: by its number, else by the name that
// we gave it.
func (s *Stripe) byIntent(ctx context.Context, p sdk.Params, intent string) (attempt, error) {
	if !objectForm.MatchString(intent) {
		return attempt{}, errAttempt
	}
	a, err := s.byObject(ctx, intent)
	if !fault.Is(err, fault.NotFound) {
		return a, err
	}
	got, err := s.api.PaymentIntents.Get(intent, &sdk.PaymentIntentParams{Params: p})
	if err != nil {
		return attempt{}, told(err)
	}
	if got.Metadata["attempt"] == "" {
		return attempt{}, errForeign
	}
	return s.byID(ctx, got.Metadata["attempt"])
}

// adopt takes a page whose number we never got: its answer was lost, or its
// event was faster. The frozen attempt that it names must be its own.
func (s *Stripe) adopt(ctx context.Context, seller SellerAccount, got *sdk.CheckoutSession) (attempt, error) {
	a, err := s.byID(ctx, got.Metadata["attempt"])
	if err != nil {
		return a, err
	}
	if a.Seller != seller.id || a.OrderID != got.ClientReferenceID || a.OrderID != got.Metadata["order"] || a.SessionID != "" && a.SessionID != got.ID {
		return attempt{}, errAttempt
	}
	return s.bornAs(ctx, a, got)
}
