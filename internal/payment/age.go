package payment

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// The kinds of deadlines, all by the order's id.
const (
	dueEnd     = "order_end"     // a payment that did not come
	dueRemind  = "order_remind"  // whose turn it is
	dueArbiter = "order_arbiter" // silence is long enough to ask a moderator
	dueShred   = "order_shred"   // of details and statements
	dueForget  = "order_forget"  // of who the two were
)

var zero time.Time

// age sets what will happen by itself, from what an order is now, and notes
// since when nothing is open. The caller saves the order.
func (p *Payments) age(ctx context.Context, tx *db.Tx, o *Order) error {
	if o.Paid || o.Cancelled || o.Question == AboutPaying || o.Expired && !o.Method.Stated() { // a provider's page that ended is not claimed
		o.DeadlineAt = zero
	}
	at := map[string]time.Time{dueEnd: o.DeadlineAt, dueArbiter: o.arbiterAt(), dueRemind: zero, dueShred: zero, dueForget: zero}
	if turn := o.Turn(); turn == BuyersTurn || turn == SellersTurn {
		at[dueRemind] = tx.Now.Add(RemindAfter)
	}
	switch {
	case o.Open():
		o.ClosedAt = zero
	default:
		if o.ClosedAt.IsZero() {
			o.ClosedAt = tx.Now
		}
		at[dueShred], at[dueForget] = o.ClosedAt.Add(ShredAfter), o.forgetAt()
	}
	if !at[dueArbiter].After(tx.Now) {
		at[dueArbiter] = zero
	}
	return tx.Dues(ctx, o.ID, at)
}

// arbiterAt is when the one who waits hears that a moderator may be asked.
func (o *Order) arbiterAt() time.Time {
	switch {
	case o.Question != NoQuestion:
		return zero
	case o.RefundSent > 0:
		return o.RefundSentAt.Add(ArbiterAfter)
	case o.waits() && o.Settlement == Claimed:
		return o.ClaimedAt.Add(ArbiterAfter)
	}
	return zero
}

// forgetAt is when an order forgets who the two were.
func (o *Order) forgetAt() time.Time {
	last := o.ClosedAt
	if refund := o.PaidAt.AddDate(0, 0, o.RefundDays); o.Paid && refund.After(last) {
		last = refund
	}
	return last.AddDate(0, 0, ForgetAfter)
}

// due runs what has come upon an order under its lock; one that is gone needs nothing.
func (p *Payments) due(ctx context.Context, tx *db.Tx, id string, fn func(*Order) error) error {
	if err := p.enter(ctx, tx); err != nil {
		return err
	}
	o, err := p.hold(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := fn(&o); err != nil {
		if errors.Is(err, errGone) {
			return nil
		}
		return err
	}
	return o.save(ctx, tx)
}

// errGone tells that an order was removed by what was due.
var errGone = errors.New("payment: the order is gone")

// end lets an order expire for which no money came in time. Money that comes
// later is a fact all the same.
func (p *Payments) end(ctx context.Context, tx *db.Tx, id string) error {
	return p.due(ctx, tx, id, func(o *Order) error {
		if o.Paid || o.Cancelled || o.DeadlineAt.IsZero() {
			return nil
		}
		if o.DeadlineAt.After(tx.Now) {
			return tx.Due(ctx, dueEnd, id, o.DeadlineAt)
		}
		if err := p.drop(ctx, tx, o, Facts{Expired: true}); err != nil {
			return err
		}
		if err := p.tellBoth(ctx, tx, o, Note{Kind: ToldEnded, Cause: db.Date(tx.Now), Args: because(string(Expired))}); err != nil {
			return err
		}
		return p.age(ctx, tx, o)
	})
}

// remind tells whoever has to act that the other waits.
func (p *Payments) remind(ctx context.Context, tx *db.Tx, id string) error {
	return p.due(ctx, tx, id, func(o *Order) error {
		switch o.Turn() {
		case BuyersTurn:
			return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldReminder, Cause: db.Date(tx.Now)})
		case SellersTurn:
			return p.tell(ctx, tx, o, Seller, Note{Kind: ToldReminder, Cause: db.Date(tx.Now)})
		}
		return nil
	})
}

// arbiterFree tells the one who waits that a moderator may be asked now. A
// seller who left a claim without an answer sells nothing more until they are back.
func (p *Payments) arbiterFree(ctx context.Context, tx *db.Tx, id string) error {
	return p.due(ctx, tx, id, func(o *Order) error {
		at := o.arbiterAt()
		if at.IsZero() {
			return nil
		}
		if at.After(tx.Now) {
			return tx.Due(ctx, dueArbiter, id, at)
		}
		if o.RefundSent > 0 {
			return p.tell(ctx, tx, o, Seller, Note{Kind: ToldArbiter, Cause: db.Date(tx.Now)})
		}
		if g, ok := p.goods[o.Kind].(Pausing); ok && o.SellerID != "" {
			seen := *o
			if err := g.SellerSilent(ctx, tx, &seen); err != nil {
				return err
			}
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldArbiter, Cause: db.Date(tx.Now)})
	})
}

// shredDue shreds details and statements of a closed order.
func (p *Payments) shredDue(ctx context.Context, tx *db.Tx, id string) error {
	return p.due(ctx, tx, id, func(o *Order) error {
		if o.Open() {
			return nil
		}
		return shred(ctx, tx, o)
	})
}

// forget lets a closed order forget who the two were; one that nobody paid goes.
func (p *Payments) forget(ctx context.Context, tx *db.Tx, id string) error {
	return p.due(ctx, tx, id, func(o *Order) error {
		if o.Open() {
			return nil
		}
		if err := shred(ctx, tx, o); err != nil {
			return err
		}
		return p.anonymise(ctx, tx, o, Buyer, Seller)
	})
}

// anonymise takes sides out of an order. One that was never paid and has nobody
// left is deleted, unless a public decision stands on it; then the error is errGone.
func (p *Payments) anonymise(ctx context.Context, tx *db.Tx, o *Order, sides ...Side) error {
	for _, side := range sides {
		column, who := "buyer_id", &o.BuyerID
		if side == Seller {
			column, who = "seller_id", &o.SellerID
		}
		if _, err := tx.NewUpdate().Model((*Order)(nil)).Set("? = NULL", bun.Ident(column)).Where("id = ?", o.ID).Exec(ctx); err != nil {
			return err
		}
		*who = ""
	}
	if o.Paid || o.BuyerID != "" || o.SellerID != "" {
		return nil
	}
	n, err := tx.NewSelect().Model((*Ruling)(nil)).Where("d.order_id = ?", o.ID).Count(ctx)
	if err != nil || n > 0 {
		return err
	}
	for _, kind := range []string{dueEnd, dueRemind, dueArbiter, dueShred, dueForget} {
		if err := tx.NotDue(ctx, kind, o.ID); err != nil {
			return err
		}
	}
	if err := shred(ctx, tx, o); err != nil {
		return err
	}
	if _, err := tx.NewDelete().Model((*Order)(nil)).Where("id = ?", o.ID).Exec(ctx); err != nil {
		return err
	}
	return errGone
}
