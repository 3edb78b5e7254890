package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// The states of an attempt.
const (
	stateOpen      = "open"
	statePaid      = "paid"
	stateExpired   = "expired"
	stateFailed    = "failed"    // Stripe refused to make it
	stateCancelled = "cancelled" // the order ended before it was made
)

// attempt is one try to pay an order: everything that Stripe is asked for is
// frozen in it before the first call, so that a repeated call is the same call.
type attempt struct {
	bun.BaseModel `bun:"table:stripe_attempt,alias:a"`

	ID        string    `bun:"id,pk"`
	OrderID   string    `bun:"order_id"`
	Seller    string    `bun:"seller"`
	Params    []byte    `bun:"params"`
	Amount    int64     `bun:"amount"` // in Stripe's minor units, as all numbers of this row
	Currency  string    `bun:"currency"`
	Livemode  bool      `bun:"livemode"`
	ExpiresAt time.Time `bun:"expires_at"`
	CreatedAt time.Time `bun:"created_at"`

	State     string    `bun:"state"`
	Code      string    `bun:"code"`
	SessionID string    `bun:"session_id,nullzero"`
	URL       string    `bun:"url"`
	IntentID  string    `bun:"intent_id,nullzero"`
	Refunded  int64     `bun:"refunded"`
	ChargedAt time.Time `bun:"charged_at,nullzero"`
}

// frozen are an attempt's parameters beside its columns.
type frozen struct {
	Text    string `json:"text"` // on the buyer's statement and page: fixed words and the order's code
	Success string `json:"success"`
	Cancel  string `json:"cancel"`
}

// freeze writes a new attempt for an order, unless one is open already. Faults:
// Conflict stripe_account_missing, stripe_account_not_ready; Invalid
// stripe_currency, stripe_amount.
func (s *Stripe) freeze(ctx context.Context, tx *db.Tx, o *payment.Order) (attempt, error) {
	seller, err := s.sellerOf(ctx, tx, o.SellerID)
	if err != nil {
		return attempt{}, err
	}
	if seller.State != AccountReady {
		return attempt{}, errNotReady
	}
	sum, err := ToStripe(o.Price())
	if err != nil {
		return attempt{}, err
	}
	params, err := json.Marshal(frozen{Text: "Oduvan " + o.Code, Success: s.url + payment.Path(o.ID) + "?session={CHECKOUT_SESSION_ID}", Cancel: s.url + payment.Path(o.ID)})
	if err != nil {
		return attempt{}, err
	}
	a := attempt{ID: tx.RandomID(), OrderID: o.ID, Seller: seller.StripeID, Params: params, Amount: sum.Minor, Currency: sum.Currency, Livemode: s.live,
		ExpiresAt: tx.Now.Add(lasts).Truncate(time.Second), CreatedAt: tx.Now, State: stateOpen}
	res, err := tx.NewInsert().Model(&a).On("CONFLICT (order_id) WHERE state = 'open' DO NOTHING").Exec(ctx)
	if err != nil {
		return attempt{}, err
	}
	if n, _ := res.RowsAffected(); n == 0 { // another tab was faster
		return s.open(ctx, tx, o.ID)
	}
	return a, tx.Due(ctx, dueAttempt, a.ID, tx.Now.Add(first))
}

// open is the order's open attempt. Fault: NotFound attempt_unknown.
func (s *Stripe) open(ctx context.Context, tx *db.Tx, orderID string) (a attempt, err error) {
	err = db.One(ctx, tx.NewSelect().Model(&a).Where("a.order_id = ? AND a.state = ?", orderID, stateOpen), errAttempt)
	return a, err
}

// attemptsOf lists an order's attempts, the oldest first.
func (s *Stripe) attemptsOf(ctx context.Context, orderID string) (rows []attempt, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewSelect().Model(&rows).Where("a.order_id = ?", orderID).OrderExpr("a.created_at, a.id").Scan(ctx)
	})
	return rows, err
}

func (s *Stripe) byID(ctx context.Context, id string) (a attempt, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&a).Where("a.id = ?", id), errAttempt)
	})
	return a, err
}

// Checkout gives the buyer the page at Stripe on which to pay an order. A second
// tab gets the same page. Faults: Unauthenticated; NotFound order_unknown;
// Forbidden; Conflict order_method, order_state, stripe_account_missing,
// stripe_account_not_ready, stripe_refused; Unavailable stripe_unavailable,
// stripe_busy.
func (s *Stripe) Checkout(ctx context.Context, by account.Actor, orderID string) (url string, err error) {
	o, err := s.order(ctx, by, orderID, payment.Buyer)
	if err != nil {
		return "", err
	}
	if o.State != payment.AwaitingPayment {
		return "", errState
	}
	var a attempt
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.lock(ctx, tx, o.ID); err != nil {
			return err
		}
		now, err := payment.Load(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		if now.State != payment.AwaitingPayment {
			return errState
		}
		if a, err = s.open(ctx, tx, o.ID); fault.Is(err, fault.NotFound) {
			a, err = s.another(ctx, tx, &now)
		}
		return err
	})
	if err != nil || a.URL != "" {
		return a.URL, err
	}
	made, err := s.create(ctx, a)
	if errors.Is(err, errBusy) { // the job or another tab makes it at this moment
		made, err = s.awaited(ctx, a)
	}
	if err == nil && made.URL == "" { // it ended, or was paid, faster than we looked
		err = errState
	}
	return made.URL, err
}

// How long is waited for what another call is about to hear.
const (
	awaitEvery = 200 * time.Millisecond
	awaitTimes = 20
)

// await looks until it is there. Fault: Unavailable stripe_busy after some seconds.
func await(ctx context.Context, there func() (bool, error)) error {
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for range awaitTimes {
		select {
		case <-ctx.Done():
			return errBusy
		case <-tick.C:
		}
		if ok, err := there(); ok || err != nil {
			return err
		}
	}
	return errBusy
}

// awaited is an attempt once its page is made by another call. Faults: Conflict
// stripe_refused; Unavailable stripe_busy after some seconds.
func (s *Stripe) awaited(ctx context.Context, a attempt) (attempt, error) {
	err := await(ctx, func() (bool, error) {
		now, err := s.byID(ctx, a.ID)
		if err != nil {
			return false, err
		}
		a = now
		return a.SessionID != "" || a.State != stateOpen, nil
	})
	if err == nil && a.State == stateFailed {
		err = errRefused // the other call heard so
	}
	return a, err
}

// another freezes a further attempt, where none before it was more than refused:
// one that is paid or over already tells what the order will hear in a moment.
func (s *Stripe) another(ctx context.Context, tx *db.Tx, o *payment.Order) (attempt, error) {
	n, err := tx.NewSelect().Model((*attempt)(nil)).Where("a.order_id = ? AND a.state <> ?", o.ID, stateFailed).Count(ctx)
	if err != nil {
		return attempt{}, err
	}
	if n > 0 {
		return attempt{}, errState
	}
	return s.freeze(ctx, tx, o)
}

// create makes the frozen attempt's page at Stripe. Calling it again is the same
// call there: its key is the attempt's number and nothing in it is recomputed.
func (s *Stripe) create(ctx context.Context, a attempt) (attempt, error) {
	if a.SessionID != "" || a.State != stateOpen {
		return a, nil
	}
	seller, err := ParseSellerAccount(a.Seller)
	if err != nil {
		return a, err
	}
	p, err := on(ctx, seller, "session-"+a.ID)
	if err != nil {
		return a, err
	}
	params, err := a.asked()
	if err != nil {
		return a, err
	}
	params.Params = p
	got, err := s.api.CheckoutSessions.New(params)
	switch err = told(err); {
	case err == nil:
		return s.bornAs(ctx, a, got)
	case fault.Is(err, fault.Unavailable), fault.KindOf(err) == fault.Internal:
		return a, err
	}
	return a, s.failed(ctx, a, err)
}

// asked is the frozen attempt as the library's parameters.
func (a *attempt) asked() (*sdk.CheckoutSessionParams, error) {
	var f frozen
	if err := json.Unmarshal(a.Params, &f); err != nil {
		return nil, err
	}
	about := map[string]string{"order": a.OrderID, "attempt": a.ID}
	return &sdk.CheckoutSessionParams{
		Mode: sdk.String("payment"), PaymentMethodTypes: sdk.StringSlice([]string{"card"}), CustomerCreation: sdk.String("if_required"),
		ClientReferenceID: sdk.String(a.OrderID), Metadata: about, PaymentIntentData: &sdk.CheckoutSessionPaymentIntentDataParams{Metadata: about},
		LineItems: []*sdk.CheckoutSessionLineItemParams{{Quantity: sdk.Int64(1), PriceData: &sdk.CheckoutSessionLineItemPriceDataParams{
			Currency: sdk.String(a.Currency), UnitAmount: sdk.Int64(a.Amount),
			ProductData: &sdk.CheckoutSessionLineItemPriceDataProductDataParams{Name: sdk.String(f.Text)}}}},
		ExpiresAt: sdk.Int64(a.ExpiresAt.Unix()), SuccessURL: sdk.String(f.Success), CancelURL: sdk.String(f.Cancel)}, nil
}

// bornAs keeps the page that Stripe made. Where the order ended meanwhile, the
// page is ended too.
func (s *Stripe) bornAs(ctx context.Context, a attempt, got *sdk.CheckoutSession) (attempt, error) {
	if !objectForm.MatchString(got.ID) || len(got.URL) > 2000 {
		return a, errAway
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.lock(ctx, tx, a.OrderID); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*attempt)(nil)).Set("session_id = ?", got.ID).Set("url = CASE WHEN state = 'open' THEN ? ELSE '' END", got.URL).
			Where("id = ? AND session_id IS NULL", a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if err := db.One(ctx, tx.NewSelect().Model(&a).Where("a.id = ?", a.ID), errAttempt); err != nil {
			return err
		}
		o, err := payment.Load(ctx, tx, a.OrderID)
		if err != nil || a.State == stateOpen && o.State == payment.AwaitingPayment {
			return err
		}
		return tx.Enqueue(ctx, expireJob{a.ID})
	})
	return a, err
}

// failed ends an attempt that Stripe refused to make. The next click freezes
// another.
func (s *Stripe) failed(ctx context.Context, a attempt, why error) error {
	code := "refused"
	if all := fault.All(why); len(all) > 0 {
		code = all[0].Code
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewUpdate().Model((*attempt)(nil)).Set("state = ?", stateFailed).Set("code = ?", code).
			Where("id = ? AND state = ? AND session_id IS NULL", a.ID, stateOpen).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return errRefused
}

// begin is the job that makes the page of a new order.
func (s *Stripe) begin(ctx context.Context, id string) error {
	a, err := s.byID(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.create(ctx, a)
	if fault.Is(err, fault.Conflict) { // it is noted; trying again would end the same
		return nil
	}
	return err
}

// expire is the job that ends a page, so that an ended order can no longer be
// paid. One that was paid all the same is a fact to be learnt.
func (s *Stripe) expire(ctx context.Context, id string) error {
	a, err := s.byID(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (a.SessionID == "" || a.State == statePaid || a.State == stateExpired) {
		return nil
	}
	if err != nil {
		return err
	}
	seller, err := ParseSellerAccount(a.Seller)
	if err != nil {
		return err
	}
	p, err := on(ctx, seller, "expire-"+a.ID)
	if err != nil {
		return err
	}
	_, err = s.api.CheckoutSessions.Expire(a.SessionID, &sdk.CheckoutSessionExpireParams{Params: p})
	if err = told(err); err != nil && (fault.Is(err, fault.Unavailable) || fault.KindOf(err) == fault.Internal) {
		return err
	}
	_, err = s.settle(ctx, a.OrderID)
	return err
}
