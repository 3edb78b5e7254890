package licence

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
)

// OfOrders finds the licences that came of orders, by the orders' ids: those
// that the actor bought or sold, and no others. Fault: Unauthenticated.
func (l *Licences) OfOrders(ctx context.Context, by account.Actor, orders []string) (map[string]string, error) {
	if by.Anonymous() {
		return nil, errNobody
	}
	out := map[string]string{}
	if len(orders) == 0 {
		return out, nil
	}
	err := l.db.Read(ctx, func(tx *db.Tx) error {
		var rows []Grant
		err := tx.NewSelect().Model(&rows).Column("g.id", "g.order_id").Where("g.order_id IN (?)", bun.In(orders)).
			Where("(g.buyer_id = ? OR g.seller_id = ?)", by.ID, by.ID).Scan(ctx)
		for _, g := range rows {
			out[g.OrderID] = g.ID
		}
		return err
	})
	return out, err
}
