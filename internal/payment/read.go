package payment

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// How much stands on one page.
const (
	PageSize = 25
	MaxPage  = 100
	maxPage  = 10_000
)

// withHandles adds the two's handles to a query of orders.
func withHandles(q *bun.SelectQuery) *bun.SelectQuery {
	return q.ColumnExpr("o.*").ColumnExpr("coalesce(b.handle, '') AS buyer_handle, coalesce(s.handle, '') AS seller_handle").
		Join("LEFT JOIN account AS b ON b.id = o.buyer_id").Join("LEFT JOIN account AS s ON s.id = o.seller_id")
}

// read runs fn on one order of somebody.
func (p *Payments) read(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *Order) error) error {
	if by.Anonymous() {
		return errNobody
	}
	if !idForm.MatchString(id) {
		return errUnknown
	}
	return p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		o, err := load(ctx, tx, id)
		if err != nil {
			return err
		}
		if o.Viewer = o.sideOf(by); o.Viewer == "" {
			return errUnknown
		}
		return fn(tx, &o)
	})
}

// Order reads one order of the actor's; a moderator reads those in arbitration.
// Faults: Unauthenticated; NotFound order_unknown, also for strangers.
func (p *Payments) Order(ctx context.Context, by account.Actor, id string) (out Order, err error) {
	err = p.read(ctx, by, id, func(_ *db.Tx, o *Order) error {
		out = *o
		return nil
	})
	return out, err
}

// Load reads an order in the caller's unit of work, for goods. Fault: NotFound
// order_unknown.
func Load(ctx context.Context, tx *db.Tx, id string) (Order, error) {
	if !idForm.MatchString(id) {
		return Order{}, errUnknown
	}
	return load(ctx, tx, id)
}

// Filter narrows a list of orders; the zero value is the first page of all.
type Filter struct {
	Side    Side    // the actor's; empty: both
	States  []State // any of these; none: all
	Subject string  // of this subject only; empty: all
	Page    int     // from 1
	Limit   int     // a page's size up to MaxPage; 0: PageSize
}

// List is one page of orders, the newest first.
type List struct {
	Items []Order
	Total int
	Page  int
	Pages int
}

// Orders lists the actor's orders on both sides. Faults: Unauthenticated;
// Invalid value_unknown (side, state), page_range (limit).
func (p *Payments) Orders(ctx context.Context, by account.Actor, f Filter) (List, error) {
	if by.Anonymous() {
		return List{}, errNobody
	}
	if f.Side != "" && f.Side != Buyer && f.Side != Seller {
		return List{}, fault.Bad("side", "value_unknown")
	}
	if slices.ContainsFunc(f.States, func(s State) bool { return !slices.Contains(States(), s) }) {
		return List{}, fault.Bad("state", "value_unknown")
	}
	return p.list(ctx, by, f, func(q *bun.SelectQuery) *bun.SelectQuery {
		switch f.Side {
		case Buyer:
			q = q.Where("o.buyer_id = ?", by.ID)
		case Seller:
			q = q.Where("o.seller_id = ?", by.ID)
		default:
			q = q.Where("(o.buyer_id = ? OR o.seller_id = ?)", by.ID, by.ID)
		}
		if len(f.States) > 0 {
			q = q.Where("o.state IN (?)", bun.List(f.States))
		}
		if f.Subject != "" {
			q = q.Where("o.subject = ?", f.Subject)
		}
		return q
	})
}

// Arbitrations lists the orders in which a moderator has to decide, but the
// moderator's own, the oldest last. Faults: Unauthenticated; Forbidden; Invalid
// page_range (limit).
func (p *Payments) Arbitrations(ctx context.Context, by account.Actor, f Filter) (List, error) {
	if !by.Is(account.Moderator) {
		if by.Anonymous() {
			return List{}, errNobody
		}
		return List{}, errRefused
	}
	return p.list(ctx, by, f, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("o.question <> '' AND coalesce(o.buyer_id, '') <> ? AND coalesce(o.seller_id, '') <> ?", by.ID, by.ID)
	})
}

func (p *Payments) list(ctx context.Context, by account.Actor, f Filter, narrow func(*bun.SelectQuery) *bun.SelectQuery) (out List, err error) {
	if f.Limit < 0 || f.Limit > MaxPage {
		return List{}, fault.Bad("limit", "page_range")
	}
	size := cmp.Or(f.Limit, PageSize)
	err = p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := narrow(tx.NewSelect().Model((*Order)(nil))).Count(ctx)
		if err != nil {
			return err
		}
		out = List{Total: int(n), Pages: min(max((int(n)+size-1)/size, 1), maxPage)}
		out.Page = min(max(f.Page, 1), out.Pages)
		err = narrow(withHandles(tx.NewSelect().Model(&out.Items))).OrderExpr("o.created_at DESC, o.id").
			Limit(int64(size)).Offset(int64((out.Page - 1) * size)).Scan(ctx)
		for i := range out.Items {
			out.Items[i].Viewer = out.Items[i].sideOf(by)
		}
		return err
	})
	return out, err
}
