package stripe

import (
	"context"
	"time"

	sdk "github.com/stripe/stripe-go/v76"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// eventsDue asks a seller's account for events that could not be delivered.
func (s *Stripe) eventsDue(ctx context.Context, tx *db.Tx, id string) error {
	var row sellerRow
	err := db.One(ctx, tx.NewSelect().Model(&row).Where("s.id = ?", id), errSeller)
	if fault.Is(err, fault.Conflict) || err == nil && (row.State == AccountDisconnected || row.StripeID == "" || row.Livemode != s.live) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := tx.Due(ctx, dueEvents, id, tx.Now.Add(often)); err != nil {
		return err
	}
	return tx.Enqueue(ctx, eventsJob{id})
}

// attemptDue looks at an attempt that nobody has told about for a while.
func (s *Stripe) attemptDue(ctx context.Context, tx *db.Tx, id string) error {
	var a attempt
	err := db.One(ctx, tx.NewSelect().Model(&a).Where("a.id = ?", id), errAttempt)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	again, err := s.lookAgain(ctx, tx, &a)
	if err != nil || again == 0 {
		return err
	}
	if err := tx.Due(ctx, dueAttempt, id, tx.Now.Add(again)); err != nil {
		return err
	}
	if a.State == stateOpen && a.SessionID == "" {
		return tx.Enqueue(ctx, beginJob{a.ID})
	}
	return tx.Enqueue(ctx, settleJob{a.OrderID})
}

// lookAgain is after how long an attempt is looked at again; 0: now and then by
// events alone. One whose page must long be over and that is open all the same
// has come to nothing that a look would mend: it is looked at daily, until
// somebody has settled what was found about it, or nothing can come of it any
// more.
func (s *Stripe) lookAgain(ctx context.Context, tx *db.Tx, a *attempt) (time.Duration, error) {
	switch {
	case a.State == stateOpen && tx.Now.Before(a.ExpiresAt.Add(daily)):
		return often, nil
	case a.State == stateOpen:
		if tx.Now.After(a.CreatedAt.Add(watch)) {
			return 0, nil
		}
		settled, err := tx.NewSelect().Model((*finding)(nil)).Where("f.subject = ? AND f.kind IN (?, ?) AND f.settled_at IS NOT NULL AND f.settled_by <> ?",
			a.ID, FoundMismatch, FoundLeft, settledAlone).Exists(ctx)
		if err != nil || settled {
			return 0, err
		}
		return daily, nil
	case a.State == statePaid:
		o, err := payment.Load(ctx, tx, a.OrderID)
		if err != nil || !o.Paid {
			return often, err
		}
		if tx.Now.After(a.ChargedAt.Add(watch)) {
			return 0, nil
		}
		return daily, nil
	}
	return 0, nil
}

// How many undelivered events are taken and looked at in one go. Stripe names one
// for as long as any endpoint of the seller's has not taken it, so that most of
// them may be known here; pages are small, for events can be large.
const (
	maxMissed = 500
	maxLooked = 2000
	pageOf    = 20
)

// missed puts undelivered events into the inbox, as if they had come.
func (s *Stripe) missed(ctx context.Context, id string) error {
	var row sellerRow
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&row).Where("s.id = ?", id), errSeller)
	})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	seller, err := ParseSellerAccount(row.StripeID)
	if err != nil {
		return nil // not made yet
	}
	p := &sdk.EventListParams{DeliverySuccess: sdk.Bool(false), Types: sdk.StringSlice(types())}
	p.Context, p.StripeAccount, p.Limit = ctx, sdk.String(seller.id), sdk.Int64(pageOf)
	all := s.api.Events.List(p)
	for looked, taken := 0, 0; looked < maxLooked && taken < maxMissed && all.Next(); looked++ {
		fresh, err := s.take(ctx, seller, all.Event())
		if err != nil {
			return err
		}
		if fresh {
			taken++
		}
	}
	err = told(all.Err())
	if gone(err) { // the seller may have taken the account away
		_, err = s.refresh(ctx, row)
	}
	return err
}

// take puts an undelivered event into the inbox, unless it came before or nobody
// asked for it.
func (s *Stripe) take(ctx context.Context, seller SellerAccount, got *sdk.Event) (fresh bool, err error) {
	e := event{ID: got.ID, Type: string(got.Type), Account: seller.id, Livemode: &got.Livemode}
	if got.Data != nil {
		e.Data.Object.ID = got.Data.Object["id"]
	}
	if !e.fits() {
		return false, nil
	}
	if kind, _ := s.refused(e); kind == FoundType {
		return false, nil
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT NOT EXISTS (SELECT 1 FROM payment_inbox WHERE event_id = ?)", e.ID).Scan(ctx, &fresh)
	})
	if err != nil || !fresh {
		return false, err
	}
	return true, s.put(ctx, e)
}

// over are the orders that have forgotten their parties and of which nobody can
// ask for the money any more.
const over = "SELECT o.id FROM payment_order o WHERE o.method = 'stripe' AND o.buyer_id IS NULL AND o.seller_id IS NULL AND o.created_at < ?"

// tidy forgets what was kept long enough.
func (s *Stripe) tidy(ctx context.Context) error {
	now := s.db.Now()
	var old bool
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT EXISTS (SELECT 1 FROM payment_inbox WHERE done_at < ?) OR EXISTS (SELECT 1 FROM payment_finding WHERE found_at < ?) OR EXISTS "+
			"(SELECT 1 FROM stripe_attempt WHERE order_id IN ("+over+"))", now.Add(-inboxKept), now.Add(-foundKept), now.AddDate(0, 0, -payment.ForgetAfter)).Scan(ctx, &old)
	})
	if err != nil || !old {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.NewDelete().Model((*inboxRow)(nil)).Where("done_at < ?", now.Add(-inboxKept)).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*finding)(nil)).Where("found_at < ?", now.Add(-foundKept)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewRaw("DELETE FROM stripe_attempt WHERE order_id IN ("+over+")", now.AddDate(0, 0, -payment.ForgetAfter)).Exec(ctx)
		return err
	})
}

// late is after how long a row of the inbox that is not done is an alarm.
const late = 15 * time.Minute
