package licence

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Changed follows an order of a licence, as payment.Goods: what was paid is
// issued at once and the order fulfilled in the same transaction, what went
// back is revoked from that moment, what is disputed is suspended until that
// is decided. It may be told of one step twice.
func (l *Licences) Changed(ctx context.Context, tx *db.Tx, o *payment.Order, c payment.Change) error {
	if !c.To.IsPaid() {
		return nil
	}
	g, err := l.ofOrder(ctx, tx, o.ID)
	if fault.Is(err, fault.NotFound) {
		if c.To == payment.Paid {
			return l.issue(ctx, tx, o)
		}
		return nil // refunded or disputed before anything was issued
	}
	if err != nil {
		return err
	}
	switch c.To {
	case payment.Refunded:
		ground := Refunded
		if o.Lost() {
			ground = DisputeLost
		}
		return l.takeBack(ctx, tx, &g, ground, c.At)
	case payment.Disputed:
		return l.shift(ctx, tx, &g, Suspended)
	case payment.Paid:
		if err := l.shift(ctx, tx, &g, Active); err != nil {
			return err
		}
		return payment.Fulfil(ctx, tx, l.payments, o.ID)
	}
	return l.shift(ctx, tx, &g, Active)
}

// ofOrder reads and locks the licence of an order.
func (l *Licences) ofOrder(ctx context.Context, tx *db.Tx, orderID string) (g Grant, err error) {
	if g, err = loadGrant(ctx, tx, "g.order_id = ?", orderID); err != nil {
		return g, err
	}
	return l.lockGrant(ctx, tx, g.ID)
}

// issue makes the licence of a paid order. A renewal whose licence was revoked
// meanwhile is not issued: the order stays paid, and the seller gives the money
// back.
func (l *Licences) issue(ctx context.Context, tx *db.Tx, o *payment.Order) error {
	a, err := thaw(o.Terms)
	if err != nil {
		return fmt.Errorf("licence: terms of an order: %w", err)
	}
	f := a.Facts
	f.OrderID, f.PaidAt = o.ID, o.PaidAt.UTC().Truncate(time.Second)
	from := f.PaidAt
	if f.Previous != "" {
		tip, err := l.tip(ctx, tx, f.Chain)
		if err != nil {
			return err
		}
		if tip.State == Revoked {
			return l.stuck(ctx, tx, o, f.ID)
		}
		f.Previous = tip.ID // another renewal may have come between
		if from.Before(tip.ValidUntil) {
			from = tip.ValidUntil
		}
	}
	f.ValidFrom, f.ValidUntil = from, end(from, a.Days)
	g, err := l.certify(f.Canonical())
	if err != nil {
		return err
	}
	g.OrderID, g.OfferID, g.BuyerID, g.SellerID, g.Version, g.Days = o.ID, a.Offer, o.BuyerID, o.SellerID, a.Version, a.Days
	if _, err := tx.NewInsert().Model(&g).Exec(ctx); err != nil {
		return err
	}
	if err := l.watch(ctx, tx, &g); err != nil {
		return err
	}
	if err := l.tellGrant(ctx, tx, &g, g.BuyerID, Note{Kind: ToldIssued}); err != nil {
		return err
	}
	return payment.Fulfil(ctx, tx, l.payments, o.ID)
}

// certify signs facts with the key of their day, and makes the row of them.
func (l *Licences) certify(f cert.Facts) (g Grant, err error) {
	signer, err := l.signer(f.PaidAt)
	if err != nil {
		return g, err
	}
	jwt, err := cert.Issue(f, signer)
	if err != nil {
		return g, err
	}
	frozen, err := json.Marshal(f)
	if err != nil {
		return g, err
	}
	return Grant{ID: f.ID, WorkID: f.WorkID, ChainID: f.Chain, PreviousID: f.Previous, PaidAt: f.PaidAt, ValidFrom: f.ValidFrom, ValidUntil: f.ValidUntil,
		BaseLicence: f.BaseLicence, Channel: f.Channel, State: Active, KeyID: signer.Key().ID, CertHash: cert.Hash(jwt),
		StatusList: f.StatusList, StatusIndex: f.StatusIndex, Frozen: frozen}, nil
}

// tip reads and locks the last licence of a chain.
func (l *Licences) tip(ctx context.Context, tx *db.Tx, chain string) (g Grant, err error) {
	if _, err := l.lockGrant(ctx, tx, chain); err != nil {
		return g, err
	}
	return loadGrant(ctx, tx, "g.chain_id = ? AND NOT EXISTS (SELECT 1 FROM licence_grant AS n WHERE n.previous_id = g.id)", chain)
}

// stuck tells both that a paid renewal cannot be issued.
func (l *Licences) stuck(ctx context.Context, tx *db.Tx, o *payment.Order, id string) error {
	for _, to := range []string{o.BuyerID, o.SellerID} {
		if err := l.tell(ctx, tx, to, Note{Kind: ToldChanged, Subject: id, Path: payment.Path(o.ID), Args: map[string]string{"reason": reasonStuck}}); err != nil {
			return err
		}
	}
	return nil
}

// shift brings a licence that is not revoked into a state, and tells its holder.
func (l *Licences) shift(ctx context.Context, tx *db.Tx, g *Grant, to GrantState) error {
	if g.State == to || g.State == Revoked {
		return nil
	}
	res, err := tx.NewUpdate().Model((*Grant)(nil)).Set("state = ?", to).Where("id = ? AND state = ?", g.ID, g.State).Exec(ctx)
	if err := db.Must(res, err, errGrantState); err != nil {
		return err
	}
	g.State = to
	reason := reasonRestored
	if to == Suspended {
		reason = reasonSuspended
	}
	return l.tellChange(ctx, tx, g, g.BuyerID, reason)
}

// takeBack revokes a licence at an instant, and cancels the order of a renewal
// for which nobody has sent money yet. A refund outlasts every other ground.
func (l *Licences) takeBack(ctx context.Context, tx *db.Tx, g *Grant, ground Ground, at time.Time) error {
	if g.State == Revoked {
		if g.Ground == ground || !ground.money() {
			return nil
		}
		_, err := tx.NewUpdate().Model((*Grant)(nil)).Set("ground = ?", ground).Where("id = ?", g.ID).Exec(ctx)
		return err
	}
	at = at.UTC().Truncate(time.Microsecond)
	res, err := tx.NewUpdate().Model((*Grant)(nil)).Set("state = ?", Revoked).Set("ground = ?", ground).Set("revoked_at = ?", at).
		Where("id = ? AND state = ?", g.ID, g.State).Exec(ctx)
	if err := db.Must(res, err, errGrantState); err != nil {
		return err
	}
	g.State, g.Ground, g.RevokedAt = Revoked, ground, at
	if err := tx.NotDue(ctx, dueEnd, g.ID); err != nil {
		return err
	}
	if err := tx.Due(ctx, dueForget, g.ID, g.ValidUntil.Add(ForgetAfter)); err != nil {
		return err
	}
	if ground.money() {
		if err := l.moot(ctx, tx, g.ID); err != nil {
			return err
		}
	}
	if err := l.noRenewal(ctx, tx, g); err != nil {
		return err
	}
	return l.tellChange(ctx, tx, g, g.BuyerID, string(ground))
}

// noRenewal cancels the order that would continue a revoked licence: it could
// be paid and never issued.
func (l *Licences) noRenewal(ctx context.Context, tx *db.Tx, g *Grant) error {
	if g.BuyerID == "" || l.payments == nil {
		return nil
	}
	return payment.CallOff(ctx, tx, l.payments, g.BuyerID, once(Purchase{Renews: g.ID}))
}

// money tells a ground that follows the order's money from a seller's.
func (g Ground) money() bool { return g == Refunded || g == DisputeLost }
