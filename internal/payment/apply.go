package payment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/fault"
)

// write is a unit of work about money.
func (p *Payments) write(ctx context.Context, fn func(*db.Tx) error) error {
	return p.cfg.DB.Write(ctx, func(tx *db.Tx) error {
		if err := p.enter(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// act runs one verb of somebody upon one order: under its lock, with what
// follows for its deadlines. A stranger hears that there is no such order.
func (p *Payments) act(ctx context.Context, by account.Actor, id string, what Act, fn func(*db.Tx, *Order) error) (out Order, err error) {
	if by.Anonymous() {
		return Order{}, errNobody
	}
	err = p.write(ctx, func(tx *db.Tx) error {
		o, err := p.hold(ctx, tx, id)
		if err != nil {
			return err
		}
		if o.Viewer = o.sideOf(by); o.Viewer == "" {
			return errUnknown
		}
		if done, err := o.may(what, tx.Now); err != nil || done {
			out = o
			return err
		}
		if err := fn(tx, &o); err != nil {
			return err
		}
		if err := p.age(ctx, tx, &o); err != nil {
			return err
		}
		out = o
		return o.save(ctx, tx)
	})
	return out, err
}

// hold reads an order and makes acts upon it follow each other. SQLite has one
// writer anyway.
func (p *Payments) hold(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	if !idForm.MatchString(id) {
		return Order{}, errUnknown
	}
	if p.cfg.DB.Engine() == db.PostgreSQL {
		var one []int
		if err := tx.NewRaw("SELECT 1 FROM payment_order WHERE id = ? FOR UPDATE", id).Scan(ctx, &one); err != nil {
			return Order{}, err
		}
	}
	return load(ctx, tx, id)
}

func load(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	var o Order
	err := db.One(ctx, withHandles(tx.NewSelect().Model(&o)).Where("o.id = ?", id), errUnknown)
	return o, err
}

// save writes all that may change of an order.
func (o *Order) save(ctx context.Context, tx *db.Tx) error {
	if o.Disputes == nil {
		o.Disputes = map[string]Rank{}
	}
	res, err := tx.NewUpdate().Model(o).Column("checkout", "cancelled", "expired", "paid", "fulfilled", "refunded", "disputes", "state", "settlement",
		"question", "has_details", "refund_sent", "extra", "extra_returned", "deadline_at", "claimed_at", "refund_sent_at", "paid_at", "fulfilled_at",
		"closed_at").WherePK().Exec(ctx)
	return db.Must(res, err, errUnknown)
}

// learn merges what became known into an order under its lock: the entries of
// the journal first, then the state, one single step at a time, each followed by
// the goods. What is known already changes nothing. Faults: Invalid
// amount_mismatch where another amount was paid than agreed.
func (p *Payments) learn(ctx context.Context, tx *db.Tx, o *Order, n News) error {
	was, facts := o.Facts, o.Facts.Merge(n.Facts)
	facts.Refunded = min(facts.Refunded, o.Amount)
	if facts.Paid && !was.Paid && o.Amount > 0 && n.Amount != o.Price() {
		return errMismatch
	}
	at := n.At.UTC().Truncate(time.Microsecond)
	if n.At.IsZero() {
		at = tx.Now
	}
	if err := p.book(ctx, tx, o, facts, n); err != nil {
		return err
	}
	o.Facts, o.Extra = facts, max(o.Extra, n.Extra)
	o.ExtraReturned = max(o.ExtraReturned, min(n.ExtraReturned, o.Extra))
	if facts.Paid && o.PaidAt.IsZero() {
		o.PaidAt = at
	}
	if facts.Fulfilled && o.FulfilledAt.IsZero() {
		o.FulfilledAt = at
	}
	if facts.State(o.Amount) == o.State {
		return o.save(ctx, tx)
	}
	return p.walk(ctx, tx, o, at)
}

// book writes what moved into the journal.
func (p *Payments) book(ctx context.Context, tx *db.Tx, o *Order, facts Facts, n News) error {
	if o.Amount == 0 {
		return nil
	}
	buyer, seller := BuyerExternal(o), SellerExternal(o)
	var all []posting
	if facts.Paid && !o.Paid {
		all = append(all, posting{entryPayment, buyer, seller, o.Amount, n.Cause})
	}
	if back := facts.Refunded - o.Refunded; back > 0 && !o.Lost() { // after a lost dispute nothing is left to go back
		all = append(all, posting{entryRefund, seller, buyer, back, fmt.Sprintf("%s:%d", n.Cause, facts.Refunded)})
	}
	if rest := o.Amount - facts.Refunded; facts.Lost() && !o.Lost() && rest > 0 {
		all = append(all, posting{entryReturn, seller, buyer, rest, n.Cause})
	}
	if more := n.Extra - o.Extra; more > 0 {
		all = append(all, posting{entryExtra, buyer, seller, more, fmt.Sprintf("%s:%d", n.Cause, n.Extra)})
	}
	if back := min(n.ExtraReturned, max(o.Extra, n.Extra)) - o.ExtraReturned; back > 0 {
		all = append(all, posting{entryExtraRefund, seller, buyer, back, fmt.Sprintf("%s:%d", n.Cause, n.ExtraReturned)})
	}
	for _, one := range all {
		if err := p.post(ctx, tx, o, one); err != nil {
			return err
		}
	}
	return nil
}

// walk brings the state to what the facts say.
func (p *Payments) walk(ctx context.Context, tx *db.Tx, o *Order, at time.Time) error {
	for {
		route, ok := Route(o.State, o.Facts.State(o.Amount))
		if !ok {
			return fmt.Errorf("payment: no way from %s to %s", o.State, o.Facts.State(o.Amount))
		}
		if len(route) == 0 {
			return nil
		}
		if err := p.step(ctx, tx, o, route[0], at); err != nil {
			return err
		}
		after, err := load(ctx, tx, o.ID) // the goods may have been fulfilled at once
		if err != nil {
			return err
		}
		after.Viewer, after.Existing = o.Viewer, o.Existing
		*o = after
	}
}

// step goes one single step and tells the goods.
func (p *Payments) step(ctx context.Context, tx *db.Tx, o *Order, to State, at time.Time) error {
	from := o.State
	o.State = to
	if err := o.save(ctx, tx); err != nil {
		return err
	}
	if err := failpoint.Hit(failpoint.PaymentAfterStep); err != nil {
		return err
	}
	goods := p.goods[o.Kind]
	if goods == nil {
		return fmt.Errorf("payment: nobody sells %q", o.Kind)
	}
	seen := *o
	return goods.Changed(ctx, tx, &seen, Change{From: from, To: to, Refunded: o.Refunded, At: at})
}

// Fulfil says that what was bought is there, in the caller's unit of work: goods
// call it from Changed when an order is paid, or later. Once more does nothing.
// Faults: NotFound order_unknown; Conflict order_state where nothing is paid.
func Fulfil(ctx context.Context, tx *db.Tx, p *Payments, orderID string) error {
	if err := p.enter(ctx, tx); err != nil {
		return err
	}
	o, err := p.hold(ctx, tx, orderID)
	if err != nil || o.Fulfilled {
		return err
	}
	if !o.Paid {
		return errState
	}
	o.Fulfilled, o.FulfilledAt = true, tx.Now
	if o.State != Paid { // disputed or refunded meanwhile: it stays so
		return o.save(ctx, tx)
	}
	if err := p.step(ctx, tx, &o, Fulfilled, tx.Now); err != nil {
		return err
	}
	if o, err = load(ctx, tx, o.ID); err != nil {
		return err
	}
	if err := p.age(ctx, tx, &o); err != nil {
		return err
	}
	return o.save(ctx, tx)
}

// Reconcile asks the order's way what is known outside and merges it; webhooks,
// return pages and jobs all call it, and whoever is first wins. Faults: NotFound
// order_unknown; Invalid amount_mismatch.
func (p *Payments) Reconcile(ctx context.Context, id string) (out Order, err error) {
	err = p.cfg.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if !idForm.MatchString(id) {
			return errUnknown
		}
		out, err = load(ctx, tx, id)
		return err
	})
	if err != nil {
		return Order{}, err
	}
	way := p.ways[out.Method]
	if way == nil {
		return out, nil // a free order, or a method that was switched off
	}
	news, err := way.Reconcile(ctx, out)
	if err != nil {
		return Order{}, err
	}
	return p.Learn(ctx, id, news)
}

// Learn merges news of an order's way. Faults: as Reconcile.
func (p *Payments) Learn(ctx context.Context, id string, news News) (out Order, err error) {
	err = p.write(ctx, func(tx *db.Tx) error {
		o, err := p.hold(ctx, tx, id)
		if err != nil {
			return err
		}
		before := o
		if err := p.learn(ctx, tx, &o, news); err != nil {
			return err
		}
		if err := p.heard(ctx, tx, &before, &o); err != nil {
			return err
		}
		if err := p.age(ctx, tx, &o); err != nil {
			return err
		}
		out = o
		return o.save(ctx, tx)
	})
	return out, err
}

// heard tells the two what a provider has told us.
func (p *Payments) heard(ctx context.Context, tx *db.Tx, before, after *Order) error {
	type told struct {
		to Side
		Note
	}
	var all []told
	if after.Paid && !before.Paid {
		all = append(all, told{Buyer, Note{Kind: ToldPaid}}, told{Seller, Note{Kind: ToldPaidSeller}})
	}
	if after.Expired && !before.Expired && !after.Paid && !after.Cancelled {
		for _, to := range []Side{Buyer, Seller} {
			all = append(all, told{to, Note{Kind: ToldEnded, Cause: db.Date(tx.Now), Args: because(string(Expired))}})
		}
	}
	if after.Refunded > before.Refunded {
		all = append(all, told{Buyer, Note{Kind: ToldRefundSent, Cause: fmt.Sprint(after.Refunded)}})
	}
	if after.Extra > before.Extra {
		all = append(all, told{Buyer, Note{Kind: ToldExtra, Cause: fmt.Sprint(after.Extra)}}, told{Seller, Note{Kind: ToldExtra, Cause: fmt.Sprint(after.Extra)}})
	}
	if back := after.ExtraReturned; back > before.ExtraReturned {
		all = append(all, told{Buyer, Note{Kind: ToldRefundSent, Cause: fmt.Sprint("extra", back)}})
	}
	for _, id := range slices.Sorted(maps.Keys(after.Disputes)) {
		kind := map[Rank]string{DisputeOpen: ToldDisputed, DisputeWon: ToldDisputeWon, DisputeLost: ToldDisputeLost}[after.Disputes[id]]
		if after.Disputes[id] > before.Disputes[id] && kind != "" {
			all = append(all, told{Buyer, Note{Kind: kind, Cause: id}}, told{Seller, Note{Kind: kind, Cause: id}})
		}
	}
	for _, one := range all {
		if err := p.tell(ctx, tx, after, one.to, one.Note); err != nil {
			return err
		}
	}
	return nil
}

// tellBoth tells both sides of an order the same.
func (p *Payments) tellBoth(ctx context.Context, tx *db.Tx, o *Order, n Note) error {
	for _, side := range []Side{Buyer, Seller} {
		own := n
		own.Args = maps.Clone(n.Args) // tell adds to them
		if err := p.tell(ctx, tx, o, side, own); err != nil {
			return err
		}
	}
	return nil
}

// tell tells one side of an order something, unless it is erased or nobody
// listens: a note that does not say yet of which order, nor of whom.
func (p *Payments) tell(ctx context.Context, tx *db.Tx, o *Order, to Side, n Note) error {
	id, other := o.BuyerID, o.SellerHandle
	if to == Seller {
		id, other = o.SellerID, o.BuyerHandle
	}
	if p.cfg.Tell == nil || id == "" {
		return nil
	}
	n.Subject, n.Path = o.ID, Path(o.ID)
	if n.Args == nil {
		n.Args = map[string]string{}
	}
	n.Args["method"] = string(o.Method)
	if other != "" {
		n.Args["handle"] = other
	}
	return p.cfg.Tell(ctx, tx, id, n)
}

// because is the argument of a note that has a reason.
func because(reason string) map[string]string { return map[string]string{"reason": reason} }

// forbidden refuses a destination that is the fund's.
func (p *Payments) forbidden(ctx context.Context, tx *db.Tx, field string, texts ...string) error {
	if p.cfg.Forbidden == nil {
		return nil
	}
	for _, text := range texts {
		if text == "" {
			continue
		}
		is, err := p.cfg.Forbidden(ctx, tx, text)
		if err != nil {
			return err
		}
		if is {
			return fault.Bad(field, "fund_destination")
		}
	}
	return nil
}
