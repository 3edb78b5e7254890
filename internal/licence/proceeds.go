package licence

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// Proceeds are what buyers paid the holders of community works in one currency:
// the steward's report, which is no part of the fund's books. Where the count
// is hidden the sums are 0 and tell nothing; where few got money back Refunded
// is -1.
type Proceeds struct {
	Currency string `json:"currency"`
	Orders   Count  `json:"orders"`
	Paid     int64  `json:"paid"`     // minor units
	Refunded int64  `json:"refunded"` // minor units
}

// Proceeds reads them, by currency. A count is hidden where it is of few, and
// where few other orders of the currency are left: the sums of all orders minus
// these would tell them.
func (l *Licences) Proceeds(ctx context.Context) ([]Proceeds, error) {
	var rows []struct {
		Currency              string
		Orders, Others        int64
		Paid, Refunded        int64
		Returned, AllReturned int64 // orders of which something went back
	}
	err := l.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw(`SELECT o.currency, count(*) AS orders, CAST(sum(o.amount) AS BIGINT) AS paid, CAST(sum(o.refunded) AS BIGINT) AS refunded,
			sum(CASE WHEN o.refunded > 0 THEN 1 ELSE 0 END) AS returned,
			(SELECT count(*) FROM payment_order AS r WHERE r.paid AND r.refunded > 0 AND r.currency = o.currency) AS all_returned,
			(SELECT count(*) FROM payment_order AS r WHERE r.paid AND r.amount > 0 AND r.currency = o.currency) - count(*) AS others
			FROM payment_order AS o JOIN offer AS f ON f.id = o.subject JOIN work AS w ON w.id = f.work_id
			WHERE o.kind = ? AND o.paid AND o.amount > 0 AND w.basis = ? GROUP BY o.currency ORDER BY o.currency`, Goods, Community).Scan(ctx, &rows)
	})
	out := make([]Proceeds, 0, len(rows))
	for _, r := range rows {
		p := Proceeds{Currency: r.Currency, Orders: total(r.Orders), Paid: r.Paid, Refunded: r.Refunded}
		if p.Orders.Hidden() || total(r.Others).Hidden() {
			p.Orders, p.Paid, p.Refunded = -1, 0, 0
		} else if total(r.Returned).Hidden() || total(r.AllReturned-r.Returned).Hidden() {
			p.Refunded = -1
		}
		out = append(out, p)
	}
	return out, err
}
