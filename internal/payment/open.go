package payment

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// Payments are a branch's orders. They are safe for concurrent use once wired.
type Payments struct {
	cfg   Config
	goods map[string]Goods
	ways  map[Method]Way
}

// New wires the orders with their deadlines, so call it once a database and
// before its Work.
func New(cfg Config) *Payments {
	p := &Payments{cfg: cfg, goods: map[string]Goods{}, ways: map[Method]Way{}}
	for kind, fn := range map[string]db.DueFunc{dueEnd: p.end, dueRemind: p.remind, dueArbiter: p.arbiterFree, dueShred: p.shredDue, dueForget: p.forget} {
		cfg.DB.OnDue(kind, fn)
	}
	return p
}

// Sell says who follows the orders of a kind of goods. Call it while wiring.
func (p *Payments) Sell(kind string, g Goods) { p.goods[kind] = g }

// Settle says how orders of a method are settled. Call it while wiring.
func (p *Payments) Settle(m Method, w Way) { p.ways[m] = w }

// Offered lists the methods that a seller can choose on this branch.
func (p *Payments) Offered() (out []Method) {
	for _, m := range Methods() {
		if p.ways[m] != nil {
			out = append(out, m)
		}
	}
	return out
}

// Charging is a Way that cannot take every price.
type Charging interface {
	CheckPrice(price money.Amount) error
}

// CheckPrice refuses a price that no order of the method could have, for offers
// that name it. Faults: Invalid, as the method says it; none for a method that
// this branch does not offer.
func (p *Payments) CheckPrice(m Method, price money.Amount) error {
	if w, ok := p.ways[m].(Charging); ok {
		return w.CheckPrice(price)
	}
	return nil
}

// Linking is a Way that pays by the seller's own link.
type Linking interface{ CheckLink(link string) error }

// CheckLink refuses a payment link that no order could have, for offers that
// name one. Fault: Invalid link_form, link_host (field link).
func (p *Payments) CheckLink(link string) error {
	if w, ok := p.ways[Link].(Linking); ok {
		return w.CheckLink(link)
	}
	return fault.Bad("method", "method_unknown")
}

// Open makes an order in the caller's unit of work and brings it to
// awaiting_payment; a free one is paid at once. Faults: Unauthenticated;
// Conflict order_self; NotFound account_unknown (no such seller); Invalid
// method_unknown, fund_destination, link_form, link_host and bounds of fields;
// RateLimited orders_waiting_max.
func Open(ctx context.Context, tx *db.Tx, p *Payments, in Opening) (Order, error) {
	if in.Buyer.Anonymous() {
		return Order{}, errNobody
	}
	if in.Buyer.ID == in.SellerID {
		return Order{}, fault.Of(fault.Conflict, "order_self")
	}
	in, err := in.check()
	if err != nil {
		return Order{}, err
	}
	if in.Price.Minor > 0 && (in.Method == Free || p.ways[in.Method] == nil) {
		return Order{}, fault.Bad("method", "method_unknown")
	}
	if err := p.enter(ctx, tx); err != nil {
		return Order{}, err
	}
	if err := p.forbidden(ctx, tx, "payee", in.Payee, in.Link); err != nil {
		return Order{}, err
	}
	o, err := p.begin(ctx, tx, in)
	if err != nil || o.Existing {
		return o, err
	}
	if err := p.checkout(ctx, tx, &o); err != nil {
		return Order{}, err
	}
	if err := p.age(ctx, tx, &o); err != nil {
		return Order{}, err
	}
	return o, o.save(ctx, tx)
}

// begin writes the draft, or finds the order that waits already.
func (p *Payments) begin(ctx context.Context, tx *db.Tx, in Opening) (Order, error) {
	seller, err := account.ByID(ctx, tx, in.SellerID)
	if err != nil {
		return Order{}, err
	}
	if o, there, err := p.again(ctx, tx, in); err != nil || there {
		return o, err
	}
	n, err := tx.NewSelect().Model((*Order)(nil)).Where("o.buyer_id = ? AND o.state = ?", in.Buyer.ID, AwaitingPayment).Count(ctx)
	if err != nil {
		return Order{}, err
	}
	if n >= MaxWaiting {
		return Order{}, fault.Of(fault.RateLimited, "orders_waiting_max").With("Max", MaxWaiting)
	}
	o := Order{ID: tx.RandomID(), Code: newCode(tx.RandomID()), BuyerID: in.Buyer.ID, SellerID: seller.ID, BuyerParty: tx.RandomID(), SellerParty: tx.RandomID(),
		Once: in.Once, Kind: in.Kind, Subject: in.Subject, Title: in.Title, Payee: in.Payee, Country: in.Country, Link: in.Link,
		Amount: in.Price.Minor, Currency: in.Price.Currency, Method: in.Method, Terms: in.Terms, RefundDays: in.RefundDays,
		Facts: Facts{Disputes: map[string]Rank{}}, State: Draft, Settlement: NoSettlement, CreatedAt: tx.Now}
	o.BuyerHandle, o.SellerHandle, o.Viewer = in.Buyer.Handle, seller.Handle, Buyer
	if in.Method != Free {
		o.DeadlineAt = tx.Now.AddDate(0, 0, in.DueDays)
	}
	res, err := tx.NewInsert().Model(&o).On("CONFLICT (buyer_id, once) WHERE once <> '' AND state IN ('draft', 'awaiting_payment') DO NOTHING").Exec(ctx)
	if err := db.Must(res, err, errState); err == nil || !fault.Is(err, fault.Conflict) || in.Once == "" {
		return o, err
	}
	o, _, err = p.again(ctx, tx, in) // another tab was faster by this instant
	return o, err
}

// again finds the order that was opened before with the same word.
func (p *Payments) again(ctx context.Context, tx *db.Tx, in Opening) (Order, bool, error) {
	if in.Once == "" {
		return Order{}, false, nil
	}
	var o Order
	err := db.One(ctx, withHandles(tx.NewSelect().Model(&o)).Where("o.buyer_id = ? AND o.once = ? AND o.state IN (?)", in.Buyer.ID, in.Once,
		bun.List([]State{Draft, AwaitingPayment})), errUnknown)
	if fault.Is(err, fault.NotFound) {
		return Order{}, false, nil
	}
	o.Viewer, o.Existing = Buyer, true
	return o, err == nil, err
}

// checkout takes a draft to its payment.
func (p *Payments) checkout(ctx context.Context, tx *db.Tx, o *Order) error {
	if o.Method != Free {
		if err := p.ways[o.Method].Begin(ctx, tx, o); err != nil {
			return err
		}
	}
	if err := p.learn(ctx, tx, o, News{Facts: Facts{Checkout: true}}); err != nil {
		return err
	}
	if o.Method != Free {
		return p.tell(ctx, tx, o, Seller, Note{Kind: ToldNew})
	}
	if err := p.learn(ctx, tx, o, News{Facts: Facts{Paid: true}, Amount: money.Amount{Currency: o.Currency}}); err != nil {
		return err
	}
	return p.tell(ctx, tx, o, Seller, Note{Kind: ToldPaid, Args: because(string(Free))})
}
