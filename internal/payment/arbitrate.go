package payment

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Arbitrate asks a moderator to decide whether money came, with a statement
// such as date, sum and reference. The buyer may after a denial or ArbiterAfter
// of silence; about a refund that was said to be sent, the buyer at once and the
// seller after that time. While a question is open both may add to it or replace
// their own words. Faults: Unauthenticated; NotFound order_unknown; Forbidden;
// Conflict order_state, order_method, arbitration_early (argument At); Invalid
// required, too_long, text_form (field statement).
func (p *Payments) Arbitrate(ctx context.Context, by account.Actor, id, statement string) (Order, error) {
	statement, err := typed("statement", statement, 1, MaxStatement)
	if err != nil {
		return Order{}, err
	}
	return p.act(ctx, by, id, ActArbitrate, func(tx *db.Tx, o *Order) error {
		if err := p.seal(ctx, tx, o.ID, string(o.Viewer), []byte(statement)); err != nil {
			return err
		}
		if o.Question != NoQuestion {
			return nil
		}
		cause := string(AboutPaying)
		if o.Question = AboutPaying; o.RefundSent > 0 {
			o.Question, cause = AboutRefund, db.Date(tx.Now)
		} else {
			o.Settlement, _ = o.Settlement.say(Buyer, "arbitrate")
		}
		return p.tell(ctx, tx, o, o.Viewer.other(), Note{Kind: ToldArbitration, Cause: cause})
	})
}

// Decision is what a moderator decides in an arbitration.
type Decision struct {
	Paid   bool   // the money is there: with AboutRefund, the buyer has it again
	Reason string // public; at least MinReason characters
}

// Ruling is one decision as everybody may read it: without the parties.
type Ruling struct {
	bun.BaseModel `bun:"table:order_decision,alias:d"`

	ID          string    `bun:"id,pk"`
	OrderID     string    `bun:"order_id" json:"-"`              // not public
	ModeratorID string    `bun:"moderator_id,nullzero" json:"-"` // not public
	Question    About     `bun:"question"`
	Paid        bool      `bun:"paid"`
	Reason      string    `bun:"reason"`
	DecidedOn   time.Time `bun:"decided_on"` // the day
}

// Decide ends an arbitration. It needs a moderator who is no party; the reason
// is public and told to both. Faults: Unauthenticated; NotFound order_unknown;
// Forbidden; Conflict order_state (decided already); Invalid required, too_short,
// too_long, text_form (field reason).
func (p *Payments) Decide(ctx context.Context, by account.Actor, id string, in Decision) (Order, error) {
	reason, err := typed("reason", in.Reason, MinReason, MaxReason)
	if err != nil {
		return Order{}, err
	}
	out, err := p.act(ctx, by, id, ActDecide, func(tx *db.Tx, o *Order) error {
		r := Ruling{ID: tx.RandomID(), OrderID: o.ID, ModeratorID: by.ID, Question: o.Question, Paid: in.Paid, Reason: reason, DecidedOn: tx.Today()}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		word, err := p.ruled(ctx, tx, o, r)
		if err != nil {
			return err
		}
		return p.tellBoth(ctx, tx, o, Note{Kind: ToldDecided, Cause: r.ID, Args: because(word)})
	})
	if fault.Is(err, fault.NotFound) && by.Is(account.Moderator) {
		return Order{}, p.decided(ctx, id, err)
	}
	return out, err
}

// ruled lets a decision become a fact and gives its word.
func (p *Payments) ruled(ctx context.Context, tx *db.Tx, o *Order, r Ruling) (string, error) {
	o.Question = NoQuestion
	cause := "arbiter:" + r.ID
	switch {
	case r.Question == AboutPaying && r.Paid:
		return "paid", p.learn(ctx, tx, o, News{Facts: Facts{Paid: true}, Amount: o.Price(), Cause: cause})
	case r.Question == AboutPaying:
		return "unpaid", p.drop(ctx, tx, o, Facts{Cancelled: true})
	case r.Paid:
		return "returned", p.returned(ctx, tx, o, cause)
	}
	o.RefundSent, o.RefundSentAt = 0, zero
	return "not_returned", nil
}

// decided tells a moderator's second click from an order that is not theirs to know of.
func (p *Payments) decided(ctx context.Context, id string, unknown error) error {
	err := p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*Ruling)(nil)).Where("d.order_id = ?", id).Count(ctx)
		if err == nil && n > 0 {
			err = errState
		}
		return err
	})
	if err != nil {
		return err
	}
	return unknown
}

// Decisions lists the decisions for everybody, the newest first, by pages of
// PageSize from 1, and how many there are.
func (p *Payments) Decisions(ctx context.Context, page int) (list []Ruling, total int, err error) {
	err = p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*Ruling)(nil)).Count(ctx)
		if err != nil {
			return err
		}
		total = int(n)
		return tx.NewSelect().Model(&list).Column("d.id", "d.question", "d.paid", "d.reason", "d.decided_on").OrderExpr("d.decided_on DESC, d.id").
			Limit(PageSize).Offset(int64(min(max(page, 1), maxPage)-1) * PageSize).Scan(ctx)
	})
	return list, total, err
}

// RulingOf reads the last decision about an order of the actor's; the zero
// Ruling where there is none. Faults: Unauthenticated; NotFound order_unknown.
func (p *Payments) RulingOf(ctx context.Context, by account.Actor, id string) (out Ruling, err error) {
	err = p.read(ctx, by, id, func(tx *db.Tx, _ *Order) error {
		var rows []Ruling
		err := tx.NewSelect().Model(&rows).Where("d.order_id = ?", id).OrderExpr("d.decided_on DESC, d.id").Limit(1).Scan(ctx)
		if err == nil && len(rows) > 0 {
			out = rows[0]
		}
		return err
	})
	return out, err
}
