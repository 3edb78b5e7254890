package payment

import (
	"context"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
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
	return &Payments{cfg: cfg, goods: map[string]Goods{}, ways: map[Method]Way{}}
}

// Sell says who follows the orders of a kind of goods. Call it while wiring.
func (p *Payments) Sell(kind string, g Goods) { p.goods[kind] = g }

// Settle says how orders of a method are settled. Call it while wiring.
func (p *Payments) Settle(m Method, w Way) { p.ways[m] = w }

// Open makes an order in the caller's unit of work.
func Open(ctx context.Context, tx *db.Tx, p *Payments, in Opening) (Order, error) {
	return Order{}, errState
}

// Fulfil says that what was bought is there, in the caller's unit of work.
func Fulfil(ctx context.Context, tx *db.Tx, p *Payments, orderID string) error { return errState }

// Order reads one order.
func (p *Payments) Order(ctx context.Context, by account.Actor, id string) (Order, error) {
	return Order{}, errUnknown
}

// Filter narrows a list of orders; the zero value is the first page of all.
type Filter struct {
	Side    Side   // the actor's; empty: both
	State   State  // empty: all
	Subject string // of this subject only; empty: all
	Page    int    // from 1
	Limit   int    // a page's size up to MaxPage; 0: PageSize
}

// List is one page of orders, the newest first.
type List struct {
	Items []Order
	Total int
	Page  int
	Pages int
}

// Orders lists the actor's orders.
func (p *Payments) Orders(ctx context.Context, by account.Actor, f Filter) (List, error) {
	return List{}, errNobody
}

// Decision is what a moderator decides in an arbitration.
type Decision struct {
	Paid   bool   // the money is there: with AboutRefund, the buyer has it again
	Reason string // public; at least MinReason characters
}

// The verbs of the two parties and of the moderator.

// SetDetails seals where to pay.
func (p *Payments) SetDetails(ctx context.Context, by account.Actor, id string, in Details) (Order, error) {
	return Order{}, errUnknown
}

// Claim says that the buyer has sent the money.
func (p *Payments) Claim(ctx context.Context, by account.Actor, id string) (Order, error) {
	return Order{}, errUnknown
}

// Confirm says that the seller has the money: exactly the amount.
func (p *Payments) Confirm(ctx context.Context, by account.Actor, id string, got money.Amount) (Order, error) {
	return Order{}, errUnknown
}

// Deny says that nothing came.
func (p *Payments) Deny(ctx context.Context, by account.Actor, id, reason string) (Order, error) {
	return Order{}, errUnknown
}

// Cancel ends an order that waits.
func (p *Payments) Cancel(ctx context.Context, by account.Actor, id string) (Order, error) {
	return Order{}, errUnknown
}

// Arbitrate asks a moderator.
func (p *Payments) Arbitrate(ctx context.Context, by account.Actor, id, statement string) (Order, error) {
	return Order{}, errUnknown
}

// Decide ends an arbitration.
func (p *Payments) Decide(ctx context.Context, by account.Actor, id string, in Decision) (Order, error) {
	return Order{}, errUnknown
}

// RefundSent says that the seller sent money back; an amount without a
// currency is the rest.
func (p *Payments) RefundSent(ctx context.Context, by account.Actor, id string, sent money.Amount) (Order, error) {
	return Order{}, errUnknown
}

// RefundReceived says that the buyer has it.
func (p *Payments) RefundReceived(ctx context.Context, by account.Actor, id string, got money.Amount) (Order, error) {
	return Order{}, errUnknown
}
