package payment

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/tmoeg/oduvan/internal/db"
)

// MinShown is the least count that is published as it is.
const MinShown = 5

// Count is a number of orders that may be too small to be told: such a number
// would be about a person.
type Count int64

// Hidden tells that only "<5" may be said.
func (c Count) Hidden() bool { return c > 0 && c < MinShown }

// String is the count as it may be published.
func (c Count) String() string {
	if c.Hidden() {
		return "<" + strconv.Itoa(MinShown)
	}
	return strconv.FormatInt(int64(c), 10)
}

// Sum is what was paid in one currency by one method. Where the count is
// hidden the sums are 0 and tell nothing. Refunded is 0 where nobody got money
// back, and -1 where it is not told: 1 to 4 orders got money back.
type Sum struct {
	Currency string
	Method   Method
	Orders   Count
	Paid     int64 // minor units
	Refunded int64 // minor units
}

// Figures are what the branch publishes about money that moved beside it.
type Figures struct {
	Sums                       []Sum
	JournalHead                string // hash of the last entry in hex; empty: there is none
	Entries                    int64
	FundBalanceFromMarketplace int64 // read from the journal: always 0
	PlatformFeePercent         int   // there is none
}

// Figures reads them.
func (p *Payments) Figures(ctx context.Context) (out Figures, err error) {
	err = p.cfg.DB.Read(ctx, func(tx *db.Tx) error {
		last, err := head(ctx, tx)
		if err != nil {
			return err
		}
		out = Figures{JournalHead: hex.EncodeToString(last.Hash), Entries: last.Seq, Sums: []Sum{}}
		err = tx.NewRaw("SELECT coalesce(sum(abs(amount)), 0) FROM journal_line WHERE account_kind = 'central_fund'").Scan(ctx, &out.FundBalanceFromMarketplace)
		if err != nil {
			return err
		}
		var rows []struct {
			Sum
			Returned Count // orders of which something went back
		}
		err = tx.NewRaw(`SELECT currency, method, count(*) AS orders, CAST(sum(amount) AS BIGINT) AS paid, CAST(sum(refunded) AS BIGINT) AS refunded,
			sum(CASE WHEN refunded > 0 THEN 1 ELSE 0 END) AS returned
			FROM payment_order WHERE paid GROUP BY currency, method ORDER BY currency, method`).Scan(ctx, &rows)
		for _, r := range rows {
			switch {
			case r.Orders.Hidden():
				r.Paid, r.Refunded = 0, 0
			case r.Returned.Hidden():
				r.Refunded = -1
			}
			out.Sums = append(out.Sums, r.Sum)
		}
		return err
	})
	return out, err
}
