package licence

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// Proceeds are what buyers paid the holders of community works in one currency:
// the steward's report, which is no part of the fund's books. Where the count
// is hidden the sums are 0 and tell nothing. Refunded is 0 where nobody got money
// back, and -1 where it is not told: 1 to 4 orders got money back, or it would
// tell of so few others.
type Proceeds struct {
	Currency string `json:"currency"`
	Orders   Count  `json:"orders"`
	Paid     int64  `json:"paid"`     // minor units
	Refunded int64  `json:"refunded"` // minor units
}

// portion is what was paid in one currency by one method, for community works
// or for all else.
type portion struct {
	Currency, Method string
	Community        bool
	Orders, Returned int64 // Returned: of which something went back
	Paid, Refunded   int64
}

// Proceeds reads them, by currency. What they tell is hidden where few orders
// could be computed from them and the sums of all orders by method, which are
// public too.
func (l *Licences) Proceeds(ctx context.Context) ([]Proceeds, error) {
	var rows []portion
	err := l.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw(`SELECT currency, method, community, count(*) AS orders, sum(CASE WHEN refunded > 0 THEN 1 ELSE 0 END) AS returned,
			CAST(sum(amount) AS BIGINT) AS paid, CAST(sum(refunded) AS BIGINT) AS refunded
			FROM (SELECT o.currency, o.method, o.amount, o.refunded, coalesce(w.basis = ?, FALSE) AS community FROM payment_order AS o
				LEFT JOIN offer AS f ON o.kind = ? AND f.id = o.subject LEFT JOIN work AS w ON w.id = f.work_id WHERE o.paid AND o.amount > 0) AS t
			GROUP BY currency, method, community ORDER BY currency, method, community`, Community, Goods).Scan(ctx, &rows)
	})
	out := []Proceeds{}
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].Currency == rows[from].Currency {
			to++
		}
		if p := proceeds(rows[from:to]); p.Orders != 0 {
			out = append(out, p)
		}
		from = to
	}
	return out, err
}

// proceeds are those of one currency.
func proceeds(all []portion) Proceeds {
	p := Proceeds{Currency: all[0].Currency}
	for _, r := range all {
		if r.Community {
			p.Orders, p.Paid, p.Refunded = p.Orders+Count(r.Orders), p.Paid+r.Paid, p.Refunded+r.Refunded
		}
	}
	switch {
	case p.Orders == 0:
	case tells(all, func(r portion) int64 { return r.Orders }):
		p.Orders, p.Paid, p.Refunded = -1, 0, 0
	case tells(all, func(r portion) int64 { return r.Returned }):
		p.Refunded = -1
	}
	return p
}

// tells says whether the sum over community works would tell of few orders,
// whoever knows the sums by method too. Those of a method of few are hidden, and
// are the rest of what is told. Else only such methods as have nothing but
// community works can be taken away from the sum, and such as have none of them
// from what all others sum up to: what is left are, of either side, those of the
// methods that have both.
func tells(all []portion, count func(portion) int64) bool {
	type sides struct{ community, others int64 }
	methods := map[string]sides{}
	for _, r := range all {
		m := methods[r.Method]
		if r.Community {
			m.community += count(r)
		} else {
			m.others += count(r)
		}
		methods[r.Method] = m
	}
	var mixed sides
	for _, m := range methods {
		if total(m.community + m.others).Hidden() {
			return true
		}
		if m.community > 0 && m.others > 0 {
			mixed.community += m.community
			mixed.others += m.others
		}
	}
	return total(mixed.community).Hidden() || total(mixed.others).Hidden()
}
