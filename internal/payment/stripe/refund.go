package stripe

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	sdk "github.com/stripe/stripe-go/v76"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// The states of a refund.
const (
	refundPending = "pending"
	refundDone    = "done"
	refundFailed  = "failed"
)

// codeRefused tells that Stripe said no to a refund.
const codeRefused = "stripe_refused"

// refundRow is one amount that a seller wants to give back: frozen before the
// call, which its number makes the same one after a crash.
type refundRow struct {
	bun.BaseModel `bun:"table:stripe_refund,alias:r"`

	ID        string    `bun:"id,pk"`
	AttemptID string    `bun:"attempt_id"`
	Amount    int64     `bun:"amount"` // Stripe's minor units
	State     string    `bun:"state"`
	Code      string    `bun:"code"`
	RefundID  string    `bun:"refund_id,nullzero"`
	CreatedAt time.Time `bun:"created_at"`
}

// Back is what a seller wants to give back of an order.
type Back struct {
	Amount money.Amount // zero: all that is left
	// Seen, if any, is how much the seller knows to be given back here already, in
	// the order's minor units: the sum of Refunds that have not failed.
	Seen *int64
	Key  string // of a request that may come again; empty: none
}

// patience is how long somebody waits for what they gave back; then a job goes on.
const patience = 25 * time.Second

// Refund gives money back on the seller's account; what came beside the one
// payment goes first. Nothing is given where more or less went back than was
// seen, as at the second of two clicks. An equal request under the same key is
// the first one for a day, even if that was cut off at any step, unless all that
// it asked for was refused.
//
// Faults: Unauthenticated; NotFound order_unknown; Forbidden; Conflict
// order_method, order_state (also for what was seen), stripe_refused; Invalid
// amount_mismatch (field amount). Once it is frozen only Stripe's refusal is a
// fault: whatever else happens, also that nobody waits any more, a job goes on,
// and told of a failure one would ask for more.
func (s *Stripe) Refund(ctx context.Context, by account.Actor, orderID string, in Back) (payment.Order, error) {
	o, err := s.order(ctx, by, orderID, payment.Seller)
	if err != nil {
		return payment.Order{}, err
	}
	var rows []refundRow
	err = s.db.Write(ctx, func(tx *db.Tx) (err error) {
		rows, err = s.give(ctx, tx, o.ID, in)
		return err
	})
	if err != nil {
		return payment.Order{}, err
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer stop()
	var refused error
	for _, r := range rows {
		err := s.refund(ctx, r.ID)
		if errors.Is(err, errBusy) { // the job makes it at this moment
			err = s.heard(ctx, r.ID)
		}
		switch {
		case errors.Is(err, errRefused):
			refused = err
		case err != nil && !fault.Is(err, fault.Unavailable):
			s.log.Warn("a refund is made later", "error", err)
		}
	}
	if refused != nil {
		return payment.Order{}, refused
	}
	if now, err := s.cfg.Payments.Order(ctx, by, orderID); err == nil {
		o = now
	}
	return o, nil
}

// Refund is one amount that a seller gave back here.
type Refund struct {
	Amount money.Amount
	State  string // pending, done, failed
	At     time.Time
}

// Refunds lists what a seller gave back here, the newest last; what was given
// back in Stripe's Dashboard is known in the order's sum alone.
func (s *Stripe) Refunds(ctx context.Context, orderID string) (out []Refund, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out, err = s.refundsOf(ctx, tx, orderID)
		return err
	})
	return out, err
}

func (s *Stripe) refundsOf(ctx context.Context, tx *db.Tx, orderID string) (out []Refund, err error) {
	var rows []struct {
		Amount          int64
		Currency, State string
		CreatedAt       time.Time
	}
	err = tx.NewSelect().TableExpr("stripe_refund AS r").Join("JOIN stripe_attempt AS a ON a.id = r.attempt_id").Column("r.amount", "a.currency", "r.state", "r.created_at").
		Where("a.order_id = ?", orderID).OrderExpr("r.created_at, r.id").Scan(ctx, &rows)
	for _, r := range rows {
		sum, _ := FromStripe(r.Amount, r.Currency)
		out = append(out, Refund{sum, r.State, r.CreatedAt})
	}
	return out, err
}

// repeats is how long an equal request is the same one, as elsewhere.
const repeats = 24 * time.Hour

// repeated lists what the same request froze before, else the numbers under which
// it freezes its parts: the request's own, so that the rows themselves are made
// once. One of which nothing went through, or of another day, is another time.
func (s *Stripe) repeated(ctx context.Context, tx *db.Tx, about string, in Back, parts int) (rows []refundRow, ids []string, err error) {
	for again := 0; ; again++ {
		ids, rows = nil, nil
		for part := range parts {
			if in.Key == "" {
				ids = append(ids, tx.RandomID())
				continue
			}
			name := strings.Join([]string{about, fmt.Sprint(in.Amount.Minor), in.Amount.Currency, fmt.Sprint(again), fmt.Sprint(part), in.Key}, "\n")
			ids = append(ids, uuid.NewHash(sha256.New(), uuid.Nil, []byte(name), 8).String())
		}
		if in.Key == "" || parts == 0 {
			return nil, ids, nil
		}
		err = tx.NewSelect().Model(&rows).Where("r.id IN (?)", bun.In(ids)).OrderExpr("r.created_at, r.id").Scan(ctx)
		if err != nil || len(rows) == 0 {
			return nil, ids, err
		}
		if slices.ContainsFunc(rows, func(r refundRow) bool { return r.State != refundFailed && tx.Now.Sub(r.CreatedAt) < repeats }) {
			return rows, nil, nil
		}
	}
}

// stale tells whether something was given back since the wish was made.
func (s *Stripe) stale(ctx context.Context, tx *db.Tx, orderID string, in Back) (bool, error) {
	if in.Seen == nil {
		return false, nil
	}
	var given int64
	all, err := s.refundsOf(ctx, tx, orderID)
	for _, r := range all {
		if r.State != refundFailed {
			given += r.Amount.Minor
		}
	}
	return given != *in.Seen, err
}

// give freezes what goes back, with a job for each part, under the order's lock.
func (s *Stripe) give(ctx context.Context, tx *db.Tx, orderID string, in Back) (rows []refundRow, err error) {
	if err := s.lock(ctx, tx, orderID); err != nil {
		return nil, err
	}
	o, err := payment.Load(ctx, tx, orderID)
	if err != nil {
		return nil, err
	}
	room, err := s.rooms(ctx, tx, &o)
	if err != nil {
		return nil, err
	}
	rows, ids, err := s.repeated(ctx, tx, o.ID, in, len(room))
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	old, err := s.stale(ctx, tx, o.ID, in)
	if err != nil {
		return nil, err
	}
	if !o.Paid || old {
		return nil, errState
	}
	var left int64
	for _, r := range room {
		left += r.room
	}
	amount := in.Amount
	if amount == (money.Amount{}) {
		amount = money.Amount{Minor: left, Currency: o.Currency}
	}
	if amount.Currency != o.Currency || amount.Minor <= 0 || amount.Minor > left {
		return nil, errMismatch
	}
	for _, r := range room {
		part := min(r.room, amount.Minor)
		if part == 0 {
			continue
		}
		sum, err := ToStripe(money.Amount{Minor: part, Currency: o.Currency})
		if err != nil {
			return nil, err
		}
		row := refundRow{ID: ids[len(rows)], AttemptID: r.ID, Amount: sum.Minor, State: refundPending, CreatedAt: tx.Now}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return nil, err
		}
		if err := tx.Enqueue(ctx, refundJob{row.ID}); err != nil {
			return nil, err
		}
		rows, amount.Minor = append(rows, row), amount.Minor-part
	}
	return rows, nil
}

// roomy is a paid attempt with how much of it may still go back.
type roomy struct {
	attempt
	room int64 // the order's minor units
}

// rooms lists the paid attempts of an order, the one payment last. What was asked
// for and not heard of counts as gone.
func (s *Stripe) rooms(ctx context.Context, tx *db.Tx, o *payment.Order) (out []roomy, err error) {
	var rows []attempt
	if err := tx.NewSelect().Model(&rows).Where("a.order_id = ? AND a.state = ?", o.ID, statePaid).OrderExpr("a.charged_at DESC, a.id DESC").Scan(ctx); err != nil {
		return nil, err
	}
	for i, a := range rows {
		var all []refundRow
		if err := tx.NewSelect().Model(&all).Where("r.attempt_id = ? AND r.state <> ?", a.ID, refundFailed).Scan(ctx); err != nil {
			return nil, err
		}
		var done, waiting int64
		for _, r := range all {
			if r.State == refundDone {
				done += r.Amount
			} else {
				waiting += r.Amount
			}
		}
		rest := max(0, a.Amount-max(a.Refunded, done)-waiting)
		sum, _ := FromStripe(rest, a.Currency)
		if i == len(rows)-1 && o.Lost() {
			sum.Minor = 0 // the bank has taken it
		}
		out = append(out, roomy{a, sum.Minor})
	}
	return out, nil
}

// refund makes one refund at Stripe and lets the order learn of it. Fault:
// Conflict stripe_refused, also where the job and a page called at once and it was
// the other that heard so.
func (s *Stripe) refund(ctx context.Context, id string) error {
	row, a, err := s.refundOf(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case row.State != refundPending:
	case s.db.Now().Sub(row.CreatedAt) > lasts: // Stripe forgets keys after a day: again could be a second refund
		row, err = s.recall(ctx, row, a)
	default:
		row, err = s.giveBack(ctx, row, a)
	}
	if err != nil {
		return err
	}
	if _, err = s.settle(ctx, a.OrderID); err != nil {
		return err
	}
	if row.Code == codeRefused {
		return errRefused
	}
	return nil
}

// heard is how a refund ended that another call makes at this moment. Faults:
// Conflict stripe_refused; Unavailable stripe_busy where it is still under way
// after some seconds.
func (s *Stripe) heard(ctx context.Context, id string) error {
	err := await(ctx, func() (bool, error) {
		row, _, err := s.refundOf(ctx, id)
		return err == nil && row.State != refundPending, err
	})
	if err != nil {
		return err
	}
	return s.refund(ctx, id)
}

// refundOf is a refund and what it is of. Fault: NotFound attempt_unknown.
func (s *Stripe) refundOf(ctx context.Context, id string) (row refundRow, a attempt, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		if err := db.One(ctx, tx.NewSelect().Model(&row).Where("r.id = ?", id), errAttempt); err != nil {
			return err
		}
		return db.One(ctx, tx.NewSelect().Model(&a).Where("a.id = ?", row.AttemptID), errAttempt)
	})
	return row, a, err
}

// remake is the job that makes a refund. A refusal is noted; trying again would
// end the same.
func (s *Stripe) remake(ctx context.Context, id string) error {
	err := s.refund(ctx, id)
	if errors.Is(err, errRefused) {
		return nil
	}
	return err
}

// giveBack calls Stripe and keeps what it said. An error is anything after which
// the same call has to be made again.
func (s *Stripe) giveBack(ctx context.Context, row refundRow, a attempt) (refundRow, error) {
	seller, err := ParseSellerAccount(a.Seller)
	if err != nil {
		return row, err
	}
	p, err := on(ctx, seller, "refund-"+row.ID)
	if err != nil {
		return row, err
	}
	params := &sdk.RefundParams{Params: p, PaymentIntent: sdk.String(a.IntentID), Amount: sdk.Int64(row.Amount), Metadata: map[string]string{"order": a.OrderID, "refund": row.ID}}
	got, err := s.api.Refunds.New(params)
	err = told(err)
	switch {
	case err == nil && got.Status != sdk.RefundStatusFailed && got.Status != sdk.RefundStatusCanceled:
		if got.Amount != row.Amount || !objectForm.MatchString(got.ID) {
			return row, errAway
		}
		row.State, row.RefundID = refundDone, got.ID
	case fault.Is(err, fault.Unavailable), err != nil && fault.KindOf(err) == fault.Internal:
		return row, err
	default:
		row.State, row.Code = refundFailed, codeRefused
	}
	return s.answered(ctx, row, a)
}

// recall asks Stripe whether a refund was made of which nobody heard. Until that
// is known it stays as if it were.
func (s *Stripe) recall(ctx context.Context, row refundRow, a attempt) (refundRow, error) {
	seller, err := ParseSellerAccount(a.Seller)
	if err != nil {
		return row, err
	}
	if !objectForm.MatchString(a.IntentID) {
		return row, errAway // an empty one would list somebody else's
	}
	p := &sdk.RefundListParams{PaymentIntent: sdk.String(a.IntentID)}
	p.Context, p.StripeAccount, p.Limit = ctx, sdk.String(seller.id), sdk.Int64(100)
	row.State, row.Code = refundFailed, "stripe_silent"
	all := s.api.Refunds.List(p)
	for all.Next() {
		got := all.Refund()
		if got.Metadata["refund"] != row.ID {
			continue
		}
		if row.Code = codeRefused; got.Status != sdk.RefundStatusFailed && got.Status != sdk.RefundStatusCanceled {
			if got.Amount != row.Amount || !objectForm.MatchString(got.ID) {
				return row, errAway
			}
			row.State, row.Code, row.RefundID = refundDone, "", got.ID
		}
		break
	}
	switch err := told(all.Err()); {
	case gone(err): // the account has left, and with it any way to give back from here
		row.State, row.Code = refundFailed, "stripe_denied"
	case err != nil:
		return row, err
	}
	return s.answered(ctx, row, a)
}

// answered keeps how a refund ended, and is how it ended: the first answer stays.
func (s *Stripe) answered(ctx context.Context, row refundRow, a attempt) (refundRow, error) {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewUpdate().Model(&row).Column("state", "code", "refund_id").WherePK().Where("state = ?", refundPending).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return db.One(ctx, tx.NewSelect().Model(&row).WherePK(), errAttempt)
		}
		if row.State == refundFailed {
			return s.found(ctx, tx, FoundRefund, row.ID, a.OrderID)
		}
		return nil
	})
	return row, err
}
