package payment

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
)

// Claim says that the buyer has sent the money. It is no payment: only the
// seller or a moderator can say that it came. Saying it twice changes nothing.
// Faults: Unauthenticated; NotFound order_unknown; Forbidden; Conflict
// order_state, order_method.
func (p *Payments) Claim(ctx context.Context, by account.Actor, id string) (Order, error) {
	return p.act(ctx, by, id, ActClaim, func(tx *db.Tx, o *Order) error {
		o.Settlement, _ = o.Settlement.say(Buyer, "claim")
		o.ClaimedAt, o.DeadlineAt = tx.Now, tx.Now.Add(ClaimEnds)
		return p.tell(ctx, tx, o, Seller, Note{Kind: ToldClaimed})
	})
}

// Confirm says that the seller has the money. The seller types the amount and
// the currency; they must be exactly the order's. It also holds after the order
// was cancelled or ran out: late money is a fact. Confirming what is paid
// already changes nothing. Faults: as Claim; Invalid amount_mismatch (field amount).
func (p *Payments) Confirm(ctx context.Context, by account.Actor, id string, got money.Amount) (Order, error) {
	return p.act(ctx, by, id, ActConfirm, func(tx *db.Tx, o *Order) error {
		if got != o.Price() {
			return errMismatch
		}
		if o.Paid {
			return nil
		}
		o.Settlement, _ = o.Settlement.say(Seller, "confirm")
		o.Question = NoQuestion
		if err := p.learn(ctx, tx, o, News{Facts: Facts{Paid: true}, Amount: got, Cause: "seller_confirmation:" + o.ID}); err != nil {
			return err
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldPaid})
	})
}

// Deny says that nothing came, with words for the buyer, who may then ask a
// moderator at once. Faults: as Claim; Invalid required, too_long, text_form
// (field reason).
func (p *Payments) Deny(ctx context.Context, by account.Actor, id, reason string) (Order, error) {
	reason, err := typed("reason", reason, 1, MaxDenial)
	if err != nil {
		return Order{}, err
	}
	return p.act(ctx, by, id, ActDeny, func(tx *db.Tx, o *Order) error {
		o.Settlement, _ = o.Settlement.say(Seller, "deny")
		o.DeadlineAt = tx.Now.Add(ClaimEnds)
		if err := p.seal(ctx, tx, o.ID, saidDenial, []byte(reason)); err != nil {
			return err
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldDenied})
	})
}

// Cancel ends an order that waits: the buyer at any time before it is paid, the
// seller until the buyer says that money is on its way. Cancelling twice changes
// nothing. Faults: Unauthenticated; NotFound order_unknown; Forbidden; Conflict
// order_state.
func (p *Payments) Cancel(ctx context.Context, by account.Actor, id string) (Order, error) {
	return p.act(ctx, by, id, ActCancel, func(tx *db.Tx, o *Order) error {
		o.Question = NoQuestion
		if err := p.drop(ctx, tx, o, Facts{Cancelled: true}); err != nil {
			return err
		}
		return p.tell(ctx, tx, o, o.Viewer.other(), Note{Kind: ToldEnded, Args: because(string(Cancelled))})
	})
}

// drop ends what waits for a payment.
func (p *Payments) drop(ctx context.Context, tx *db.Tx, o *Order, f Facts) error {
	o.DeadlineAt = zero
	if way := p.ways[o.Method]; way != nil {
		if err := way.Cancel(ctx, tx, o); err != nil {
			return err
		}
	}
	return p.learn(ctx, tx, o, News{Facts: f})
}

// CallOff cancels, in the caller's unit of work, the orders that wait which a
// buyer opened with this word (see Opening.Once): what was to be bought cannot
// be had any more. Where the buyer says that money is on its way nothing
// changes: that is between the two.
func CallOff(ctx context.Context, tx *db.Tx, p *Payments, buyerID, once string) error {
	return p.callOff(ctx, tx, string(Cancelled), func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("o.buyer_id = ? AND o.once = ?", buyerID, once)
	})
}

// CallOffSales cancels, as CallOff, the orders of all buyers for these subjects
// of a kind of goods, and tells both sides the reason, a word of the goods: it is
// the argument of their notes.
func CallOffSales(ctx context.Context, tx *db.Tx, p *Payments, goods Sales, reason string) error {
	if len(goods.Subjects) == 0 {
		return nil
	}
	return p.callOff(ctx, tx, reason, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("o.kind = ? AND o.subject IN (?)", goods.Kind, bun.List(goods.Subjects))
	})
}

// Sales are things of one kind that orders were opened for.
type Sales struct {
	Kind     string
	Subjects []string
}

// callOff cancels the orders of a choice that wait and of which nobody says that
// money is on its way.
func (p *Payments) callOff(ctx context.Context, tx *db.Tx, reason string, of func(*bun.SelectQuery) *bun.SelectQuery) error {
	if err := p.enter(ctx, tx); err != nil {
		return err
	}
	var ids []string
	err := of(tx.NewSelect().Model((*Order)(nil)).Column("o.id")).Where("o.state = ? AND o.settlement = ?", AwaitingPayment, NoSettlement).
		OrderExpr("o.id").Scan(ctx, &ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := p.callOffOne(ctx, tx, id, reason); err != nil {
			return err
		}
	}
	return nil
}

func (p *Payments) callOffOne(ctx context.Context, tx *db.Tx, id, reason string) error {
	o, err := p.hold(ctx, tx, id)
	if err != nil || o.State != AwaitingPayment || o.Settlement != NoSettlement {
		return err
	}
	if err := p.drop(ctx, tx, &o, Facts{Cancelled: true}); err != nil {
		return err
	}
	if err := p.tellBoth(ctx, tx, &o, Note{Kind: ToldEnded, Args: because(reason)}); err != nil {
		return err
	}
	if err := p.age(ctx, tx, &o); err != nil {
		return err
	}
	return o.save(ctx, tx)
}

// ExtraReceived says that the buyer paid twice: how much came beside the one
// payment. It has its own entry in the journal and must go back; the order stays
// once paid. Faults: as Claim; Invalid amount_mismatch.
func (p *Payments) ExtraReceived(ctx context.Context, by account.Actor, id string, got money.Amount) (Order, error) {
	return p.act(ctx, by, id, ActExtra, func(tx *db.Tx, o *Order) error {
		if got.Currency != o.Currency || got.Minor <= 0 || got.Minor > money.MaxMinor {
			return errMismatch
		}
		news := News{Extra: o.Extra + got.Minor, Cause: "seller_confirmation:" + o.ID + ":extra"}
		if err := p.learn(ctx, tx, o, news); err != nil {
			return err
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldExtra, Cause: strconv.FormatInt(o.Extra, 10)})
	})
}

// RefundSent says that the seller sent money back. An amount without a currency
// is all that is left. Until the buyer confirms it nothing is written to the
// journal, and the seller may say another amount. Faults: as Claim; Invalid
// amount_mismatch.
func (p *Payments) RefundSent(ctx context.Context, by account.Actor, id string, sent money.Amount) (Order, error) {
	return p.act(ctx, by, id, ActRefundSent, func(tx *db.Tx, o *Order) error {
		if sent == (money.Amount{}) {
			sent = money.Amount{Minor: o.Returnable(), Currency: o.Currency}
		}
		if sent.Currency != o.Currency || sent.Minor <= 0 || sent.Minor > o.Returnable() {
			return errMismatch
		}
		if o.RefundSent == sent.Minor {
			return nil
		}
		o.RefundSent, o.RefundSentAt = sent.Minor, tx.Now
		if way := p.ways[o.Method]; way != nil {
			if err := way.Refund(ctx, tx, o, sent); err != nil {
				return err
			}
		}
		return p.tell(ctx, tx, o, Buyer, Note{Kind: ToldRefundSent, Cause: strconv.FormatInt(o.Refunded+o.ExtraReturned, 10) + "/" + strconv.FormatInt(sent.Minor, 10) + "/" + db.Date(tx.Now)})
	})
}

// RefundReceived says that the buyer has the money again: the amount that the
// seller sent. Only this makes it a fact. Faults: as Claim; Invalid amount_mismatch.
func (p *Payments) RefundReceived(ctx context.Context, by account.Actor, id string, got money.Amount) (Order, error) {
	return p.act(ctx, by, id, ActRefundReceived, func(tx *db.Tx, o *Order) error {
		if got.Currency != o.Currency || got.Minor != o.RefundSent {
			return errMismatch
		}
		if err := p.returned(ctx, tx, o, "buyer_confirmation:"+o.ID); err != nil {
			return err
		}
		return p.tell(ctx, tx, o, Seller, Note{Kind: ToldRefunded, Cause: strconv.FormatInt(o.Refunded+o.ExtraReturned, 10)})
	})
}

// returned makes what was on its way back a fact: first what was paid twice.
func (p *Payments) returned(ctx context.Context, tx *db.Tx, o *Order, cause string) error {
	back := o.RefundSent
	twice := min(back, o.Extra-o.ExtraReturned)
	o.RefundSent, o.RefundSentAt, o.Question = 0, zero, NoQuestion
	if twice > 0 {
		o.ExtraReturned += twice
		err := p.post(ctx, tx, o, posting{entryExtraRefund, SellerExternal(o), BuyerExternal(o), twice, cause + ":" + strconv.FormatInt(o.ExtraReturned, 10)})
		if err != nil {
			return err
		}
	}
	if back == twice {
		return nil
	}
	return p.learn(ctx, tx, o, News{Facts: Facts{Refunded: o.Refunded + back - twice}, Cause: cause})
}
