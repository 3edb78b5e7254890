package stripe

import (
	"context"
	"errors"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// seen is what Stripe says of one attempt now.
type seen struct {
	paid     bool
	expired  bool
	wrong    bool // it was paid, and not as it was frozen
	intent   string
	charged  time.Time
	refunded int64 // cumulative, Stripe's minor units
	disputes map[string]payment.Rank
}

// look reads an attempt's page, payment and charge on the seller's account.
func (s *Stripe) look(ctx context.Context, a attempt) (seen, error) {
	seller, err := ParseSellerAccount(a.Seller)
	if err != nil || !objectForm.MatchString(a.SessionID) {
		return seen{}, errors.Join(err, errGone)
	}
	p, err := on(ctx, seller, "")
	if err != nil {
		return seen{}, err
	}
	p.AddExpand("payment_intent.latest_charge")
	got, err := s.api.CheckoutSessions.Get(a.SessionID, &sdk.CheckoutSessionParams{Params: p})
	if err = told(err); err == nil {
		err = s.back(ctx, a)
	}
	if err != nil {
		return seen{}, err
	}
	if got.PaymentStatus != sdk.CheckoutSessionPaymentStatusPaid { // complete alone means nothing
		return seen{expired: got.Status == sdk.CheckoutSessionStatusExpired}, nil
	}
	switch ours := a.ours(got); {
	case !a.fits(got), !ours && a.IntentID == "":
		return seen{wrong: true}, nil
	case !ours: // it is the payment that was taken in; what it is called now is for somebody to look at
		if err := s.note(ctx, FoundMismatch, a.ID, a.OrderID); err != nil {
			return seen{}, err
		}
	}
	charge := got.PaymentIntent.LatestCharge
	out := seen{paid: true, intent: got.PaymentIntent.ID, charged: time.Unix(charge.Created, 0).UTC(), refunded: min(charge.AmountRefunded, a.Amount)}
	if charge.Disputed {
		out.disputes, err = s.disputes(ctx, seller, out.intent)
	}
	return out, err
}

// fits compares a paid page with what was frozen before the first call: amount,
// currency, mode, and the payment once it is known. The account is right because
// the page was read on it.
func (a *attempt) fits(got *sdk.CheckoutSession) bool {
	pi := got.PaymentIntent
	if pi == nil || pi.LatestCharge == nil || got.ID != a.SessionID || !objectForm.MatchString(pi.ID) || a.IntentID != "" && pi.ID != a.IntentID {
		return false
	}
	ch := pi.LatestCharge
	same := func(amount int64, currency sdk.Currency) bool {
		return amount == a.Amount && strings.EqualFold(string(currency), a.Currency)
	}
	return same(got.AmountTotal, got.Currency) && same(pi.AmountReceived, pi.Currency) && same(ch.AmountCaptured, ch.Currency) &&
		ch.Paid && ch.Status == sdk.ChargeStatusSucceeded && ch.Created > 0 && ch.AmountRefunded >= 0 &&
		got.Livemode == a.Livemode && pi.Livemode == a.Livemode && ch.Livemode == a.Livemode
}

// ours tells whether a page and its payment bear the attempt's names, and that
// nobody took a share. A seller can rename both in the Dashboard, so that it
// counts only until the payment is taken in.
func (a *attempt) ours(got *sdk.CheckoutSession) bool {
	pi := got.PaymentIntent
	return pi != nil && pi.LatestCharge != nil && got.ClientReferenceID == a.OrderID && got.Metadata["order"] == a.OrderID && got.Metadata["attempt"] == a.ID &&
		pi.Metadata["order"] == a.OrderID && pi.Metadata["attempt"] == a.ID && pi.ApplicationFeeAmount == 0 && pi.LatestCharge.ApplicationFeeAmount == 0 &&
		pi.TransferData == nil && pi.OnBehalfOf == nil && got.Mode == sdk.CheckoutSessionModePayment
}

// disputes reads how far the buyer's bank is.
func (s *Stripe) disputes(ctx context.Context, seller SellerAccount, intent string) (map[string]payment.Rank, error) {
	if !objectForm.MatchString(intent) {
		return nil, errGone
	}
	p := &sdk.DisputeListParams{PaymentIntent: sdk.String(intent)}
	p.Context, p.Single, p.StripeAccount, p.Limit = ctx, true, sdk.String(seller.id), sdk.Int64(10)
	out := map[string]payment.Rank{}
	all := s.api.Disputes.List(p)
	for all.Next() {
		d := all.Dispute()
		if r := rankOf(d.Status); r > 0 && objectForm.MatchString(d.ID) {
			out[d.ID] = r
		}
	}
	return out, told(all.Err())
}

// rankOf is what a dispute's status means for an order; 0: nothing, as an
// inquiry that moves no money.
func rankOf(status sdk.DisputeStatus) payment.Rank {
	switch status {
	case sdk.DisputeStatusNeedsResponse, sdk.DisputeStatusUnderReview:
		return payment.DisputeOpen
	case sdk.DisputeStatusWon, "charge_refunded": // given back by a refund, which is a fact of its own
		return payment.DisputeWon
	case sdk.DisputeStatusLost:
		return payment.DisputeLost
	}
	return 0
}

// gone tells that Stripe will not let us see a thing any more.
func gone(err error) bool { return fault.Is(err, fault.Forbidden) || fault.Is(err, fault.NotFound) }
