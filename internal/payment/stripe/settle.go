package stripe

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Way is how orders are settled at Stripe. It implements payment.Way.
type Way struct{ *Stripe }

// Way is what Payments.Settle takes.
func (s *Stripe) Way() Way { return Way{s} }

// Refund freezes what goes back, as Stripe.Refund does. It implements payment.Way.
func (w Way) Refund(ctx context.Context, tx *db.Tx, o *payment.Order, amount money.Amount) error {
	_, err := w.give(ctx, tx, o.ID, Back{Amount: amount})
	return err
}

// Begin freezes the first attempt of a new order, whose page is then made by a
// job. The order lasts as long as the page. Faults: as Checkout; Invalid
// stripe_currency, stripe_amount. It implements payment.Way.
func (s *Stripe) Begin(ctx context.Context, tx *db.Tx, o *payment.Order) error {
	a, err := s.freeze(ctx, tx, o)
	if err != nil {
		return err
	}
	o.DeadlineAt = a.ExpiresAt
	return tx.Enqueue(ctx, beginJob{a.ID})
}

// Cancel ends an order's open attempt. It implements payment.Way.
func (s *Stripe) Cancel(ctx context.Context, tx *db.Tx, o *payment.Order) error {
	a, err := s.open(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.SessionID != "" {
		return tx.Enqueue(ctx, expireJob{a.ID})
	}
	_, err = tx.NewUpdate().Model((*attempt)(nil)).Set("state = ?", stateCancelled).Set("url = ''").Where("id = ?", a.ID).Exec(ctx)
	return err
}

// sight is an attempt with what Stripe says of it.
type sight struct {
	attempt
	seen
}

// Reconcile asks Stripe what is known of all attempts of an order. A payment that
// is not exactly the frozen one counts for nothing and is left to be looked at.
// It implements payment.Way.
func (s *Stripe) Reconcile(ctx context.Context, o payment.Order) (payment.News, error) {
	rows, err := s.attemptsOf(ctx, o.ID)
	if err != nil {
		return payment.News{}, err
	}
	var paid []sight
	ended := len(rows) > 0
	for _, a := range rows {
		now := sight{attempt: a}
		if a.SessionID != "" {
			if now.seen, err = s.look(ctx, a); gone(err) {
				err = s.note(ctx, FoundLeft, a.ID, o.ID)
			}
			if err != nil {
				return payment.News{}, err
			}
		}
		if now.wrong {
			if err := s.note(ctx, FoundMismatch, a.ID, o.ID); err != nil {
				return payment.News{}, err
			}
		}
		if now.paid {
			paid = append(paid, now)
		}
		if now.paid && now.seen.refunded < a.Refunded { // the buyer's bank sent it back; the fact stays, the two have to talk
			if err := s.note(ctx, FoundRefund, fmt.Sprintf("%s:%d", a.ID, now.seen.refunded), o.ID); err != nil {
				return payment.News{}, err
			}
		}
		ended = a.State != stateFailed && (now.expired || a.State == stateExpired || a.State == stateCancelled) // the newest counts
		if err := s.keep(ctx, now); err != nil {
			return payment.News{}, err
		}
	}
	if err := failpoint.Hit(failpoint.StripeAfterLook); err != nil {
		return payment.News{}, err
	}
	if len(paid) == 0 {
		return payment.News{Facts: payment.Facts{Expired: ended}}, nil
	}
	return s.news(ctx, o, paid)
}

// news is what paid attempts say together: the earliest is the payment, any
// other came beside it. Amounts that went back are cumulative at Stripe.
func (s *Stripe) news(ctx context.Context, o payment.Order, paid []sight) (payment.News, error) {
	slices.SortFunc(paid, func(a, b sight) int {
		return cmp.Or(a.charged.Compare(b.charged), cmp.Compare(a.ID, b.ID))
	})
	main := paid[0]
	n := payment.News{Facts: payment.Facts{Paid: true, Disputes: main.disputes}, Amount: o.Price(), Cause: "stripe:" + main.intent}
	if !o.Paid {
		n.At = main.charged
	}
	for i, p := range paid {
		sum, ok := FromStripe(p.attempt.Amount, p.Currency)
		back, fine := FromStripe(p.seen.refunded, p.Currency)
		if !ok || !fine || sum != o.Price() {
			return payment.News{}, s.note(ctx, FoundMismatch, p.ID, o.ID)
		}
		if i == 0 {
			n.Refunded = back.Minor
			continue
		}
		n.Extra, n.ExtraReturned = n.Extra+sum.Minor, n.ExtraReturned+back.Minor
		if err := s.note(ctx, FoundTwice, p.ID, o.ID); err != nil {
			return payment.News{}, err
		}
		if len(p.disputes) > 0 {
			if err := s.note(ctx, FoundDisputeMore, p.ID, o.ID); err != nil {
				return payment.News{}, err
			}
		}
	}
	return n, nil
}

// keep mirrors what was seen in the attempt's row; an older sight changes nothing.
func (s *Stripe) keep(ctx context.Context, now sight) error {
	if !now.paid && !(now.expired && now.State == stateOpen) {
		return nil
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if now.expired {
			_, err := tx.NewUpdate().Model((*attempt)(nil)).Set("state = ?", stateExpired).Set("url = ''").
				Where("id = ? AND state = ?", now.ID, stateOpen).Exec(ctx)
			return err
		}
		_, err := tx.NewUpdate().Model((*attempt)(nil)).Set("state = ?", statePaid).Set("url = ''").Set("intent_id = ?", now.intent).Set("charged_at = ?", now.charged).
			Set("refunded = CASE WHEN refunded > ? THEN refunded ELSE ? END", now.seen.refunded, now.seen.refunded).Where("id = ?", now.ID).Exec(ctx)
		return err
	})
}

// settle is the one way by which an order learns what Stripe knows: the return
// page, events and deadlines all call it, and whoever is first wins. The calls
// are made outside of any transaction; then one takes in what they said.
func (s *Stripe) settle(ctx context.Context, orderID string) (payment.Order, error) {
	o, err := s.cfg.Payments.Reconcile(ctx, orderID)
	if fault.Is(err, fault.NotFound) { // an order that is gone needs nothing
		return o, nil
	}
	if err == nil {
		err = failpoint.Hit(failpoint.StripeAfterLearn)
	}
	return o, err
}

// Returned takes in what is known when a buyer comes back from Stripe. That
// somebody came back proves nothing. Whoever calls it has checked that the order
// is theirs. Faults: NotFound order_unknown; Conflict order_method; Unavailable
// stripe_unavailable.
func (s *Stripe) Returned(ctx context.Context, orderID string) (payment.Order, error) {
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		o, err := payment.Load(ctx, tx, orderID)
		if err == nil && o.Method != payment.Stripe {
			return errMethod
		}
		return err
	})
	if err != nil {
		return payment.Order{}, err
	}
	return s.settle(ctx, orderID)
}

var _ payment.Way = Way{}
