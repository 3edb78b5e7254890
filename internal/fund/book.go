package fund

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Balance is what the fund has in one currency, in minor units. Income and
// Expenses are above zero; reversed entries count in neither.
type Balance struct {
	Currency string `bun:"currency" json:"currency"`
	Income   int64  `bun:"income" json:"income"`
	Expenses int64  `bun:"expenses" json:"expenses"`
	Balance  int64  `bun:"balance" json:"balance"`
}

// Month is one month of one currency: a bar of the chart.
type Month struct {
	Month    string `bun:"month" json:"month"` // 2027-03
	Income   int64  `bun:"income" json:"income"`
	Expenses int64  `bun:"expenses" json:"expenses"`
	Balance  int64  `bun:"-" json:"balance"` // at its end
}

// Head is the last entry's number and checksum: whoever keeps it can tell
// whether what was before has been changed. Of empty books it is 0 and Genesis.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// Filter narrows a list of entries; the zero value is any.
type Filter struct {
	Kinds    []Kind // any of these
	Currency string
	Goal     string
	Before   int64 // entries before this one: the last of the page before
	Limit    int   // 1 to 1000; 0: 100
}

// The sums: what came and went without entries that undo each other, since
// both have the same kind.
const sums = `CAST(COALESCE(sum(CASE WHEN kind <> 'expense' THEN amount ELSE 0 END), 0) AS BIGINT) AS income,
	CAST(COALESCE(sum(CASE WHEN kind = 'expense' THEN -amount ELSE 0 END), 0) AS BIGINT) AS expenses`

// Entries lists the books, the newest first.
func (f *Fund) Entries(ctx context.Context, by Filter) (out []Entry, err error) {
	limit := by.Limit
	if limit <= 0 {
		limit = 100
	}
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		out = []Entry{}
		q := tx.NewSelect().Model(&out).ColumnExpr("e.*").
			ColumnExpr("COALESCE((SELECT r.seq FROM fund_entry AS r WHERE r.reverses = e.seq), 0) AS reversed_by").
			OrderExpr("e.seq DESC").Limit(int64(min(limit, 1000)))
		if len(by.Kinds) > 0 {
			q.Where("e.kind IN (?)", bun.List(by.Kinds))
		}
		if by.Currency != "" {
			q.Where("e.currency = ?", by.Currency)
		}
		if by.Goal != "" {
			q.Where("e.goal_id = ?", by.Goal)
		}
		if by.Before > 0 {
			q.Where("e.seq < ?", by.Before)
		}
		return q.Scan(ctx)
	})
	return out, err
}

// Entry reads one entry. Fault: NotFound fund_entry_unknown.
func (f *Fund) Entry(ctx context.Context, seq int64) (out Entry, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		q := tx.NewSelect().Model(&out).ColumnExpr("e.*").
			ColumnExpr("COALESCE((SELECT r.seq FROM fund_entry AS r WHERE r.reverses = e.seq), 0) AS reversed_by").Where("e.seq = ?", seq)
		return db.One(ctx, q, fault.Of(fault.NotFound, "fund_entry_unknown"))
	})
	return out, err
}

// Balances tells what the fund has, by currency.
func (f *Fund) Balances(ctx context.Context) (out []Balance, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		out, err = balances(ctx, tx)
		return err
	})
	return out, err
}

func balances(ctx context.Context, tx *db.Tx) ([]Balance, error) {
	out := []Balance{}
	err := tx.NewSelect().TableExpr("fund_entry").ColumnExpr("currency").ColumnExpr(sums).
		ColumnExpr("CAST(sum(amount) AS BIGINT) AS balance").GroupExpr("currency").OrderExpr("currency").Scan(ctx, &out)
	return out, err
}

// Months tells what came and went in a currency, month by month without a gap
// from the first entry to now; empty when there is none.
func (f *Fund) Months(ctx context.Context, currency string) (out []Month, err error) {
	month := "to_char(day AT TIME ZONE 'UTC', 'YYYY-MM')"
	if f.db.Engine() == db.SQLite {
		month = "substr(day, 1, 7)"
	}
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		var rows []Month
		err := tx.NewSelect().TableExpr("fund_entry").ColumnExpr(month+" AS month").ColumnExpr(sums).
			Where("currency = ?", currency).GroupExpr("1").OrderExpr("1").Scan(ctx, &rows)
		out = whole(rows, tx.Now)
		return err
	})
	return out, err
}

const monthForm = "2006-01"

// whole fills the months without an entry and sums the balance up.
func whole(rows []Month, until time.Time) []Month {
	out := []Month{}
	if len(rows) == 0 {
		return out
	}
	at, err := time.Parse(monthForm, rows[0].Month)
	if err != nil {
		return rows // cannot be: the database made it
	}
	balance := int64(0)
	for len(rows) > 0 || !at.After(until) {
		m := Month{Month: at.Format(monthForm)}
		if len(rows) > 0 && rows[0].Month == m.Month {
			m, rows = rows[0], rows[1:]
		}
		balance += m.Income - m.Expenses
		m.Balance = balance
		out = append(out, m)
		at = at.AddDate(0, 1, 0)
	}
	return out
}

// Head reads the last entry's number and checksum.
func (f *Fund) Head(ctx context.Context) (out Head, err error) {
	err = f.db.Read(ctx, func(tx *db.Tx) error {
		e, err := last(ctx, tx)
		out = Head{Seq: e.Seq, Hash: e.Hash}
		return err
	})
	return out, err
}

// inert keeps a spreadsheet from running a cell (OWASP, CSV injection).
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@|%\t", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
