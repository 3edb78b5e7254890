package payment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/failpoint"
)

// Party is one side of one order in the journal: a random number, no account.
// It is made by BuyerExternal and SellerExternal only. There is no third, so no
// code can put the fund into an entry.
type Party struct {
	id   string
	kind string
}

// BuyerExternal is the buyer of an order.
func BuyerExternal(o *Order) Party { return Party{o.BuyerParty, "buyer_external"} }

// SellerExternal is the seller of an order.
func SellerExternal(o *Order) Party { return Party{o.SellerParty, "seller_external"} }

// The kinds of entries.
const (
	entryPayment     = "payment"
	entryRefund      = "refund"
	entryReturn      = "dispute_return" // a lost dispute gives back the rest
	entryExtra       = "extra_payment"  // paid twice
	entryExtraRefund = "extra_refund"
)

// entry is one row of the journal: a statement that money moved between the two.
type entry struct {
	bun.BaseModel `bun:"table:journal_entry,alias:e"`

	Seq      int64     `bun:"seq,pk"`
	OrderID  string    `bun:"order_id"`
	Currency string    `bun:"currency"`
	Kind     string    `bun:"kind"`
	Method   Method    `bun:"method"`
	Cause    string    `bun:"cause"`
	At       time.Time `bun:"at"`
	PrevHash []byte    `bun:"prev_hash"`
	Hash     []byte    `bun:"hash"`

	lines []line
}

// line is one side of an entry: what a party has more, or less.
type line struct {
	bun.BaseModel `bun:"table:journal_line,alias:l"`

	Entry       int64  `bun:"entry,pk"`
	N           int64  `bun:"n,pk"`
	AccountID   string `bun:"account_id"`
	AccountKind string `bun:"account_kind"`
	Currency    string `bun:"currency"`
	Amount      int64  `bun:"amount"`
}

type journalAccount struct {
	bun.BaseModel `bun:"table:journal_account,alias:a"`

	ID       string `bun:"id,pk"`
	Kind     string `bun:"kind"`
	Currency string `bun:"currency"`
}

// sum is the hash of an entry: over the hash of the one before and every field,
// each with its length, so that no two entries read alike.
func (e *entry) sum() []byte {
	var b bytes.Buffer
	put := func(v any) {
		s := fmt.Sprint(v)
		fmt.Fprintf(&b, "%d:%s\n", len(s), s)
	}
	put("oduvan-journal-1")
	for _, v := range []any{e.Seq, e.OrderID, e.Currency, e.Kind, e.Method, e.Cause, e.At.UTC().Format("2006-01-02T15:04:05.000000Z")} {
		put(v)
	}
	put(string(e.PrevHash))
	for _, l := range e.lines {
		for _, v := range []any{l.N, l.AccountID, l.AccountKind, l.Currency, l.Amount} {
			put(v)
		}
	}
	out := sha256.Sum256(b.Bytes())
	return out[:]
}

// posting is what an entry says.
type posting struct {
	kind     string
	from, to Party
	amount   int64 // minor units, more than nothing
	cause    string
}

// post writes one entry of an order. Entries follow each other one by one: on
// PostgreSQL under a lock for which all others wait, so at the very end of the
// unit of work. SQLite has one writer.
func (p *Payments) post(ctx context.Context, tx *db.Tx, o *Order, in posting) error {
	if in.amount <= 0 || in.cause == "" {
		return fmt.Errorf("payment: a posting of %d with cause %q", in.amount, in.cause)
	}
	e := entry{OrderID: o.ID, Currency: o.Currency, Kind: in.kind, Method: o.Method, Cause: in.cause, At: tx.Now}
	for i, side := range []struct {
		who    Party
		amount int64
	}{{in.from, -in.amount}, {in.to, in.amount}} {
		acc := journalAccount{ID: side.who.id, Kind: side.who.kind, Currency: o.Currency}
		if err := known(ctx, tx, &acc); err != nil {
			return err
		}
		e.lines = append(e.lines, line{N: int64(i + 1), AccountID: acc.ID, AccountKind: acc.Kind, Currency: o.Currency, Amount: side.amount})
	}
	if p.cfg.DB.Engine() == db.SQLite { // asks for the entry with each row
		return p.link(ctx, tx, e)
	}
	tx.Last(func(ctx context.Context) error { return p.link(ctx, tx, e) })
	return nil
}

// link gives an entry its place at the end of the journal.
func (p *Payments) link(ctx context.Context, tx *db.Tx, e entry) error {
	if err := p.lockJournal(ctx, tx); err != nil {
		return err
	}
	last, err := head(ctx, tx)
	if err != nil {
		return err
	}
	e.Seq, e.PrevHash = last.Seq+1, last.Hash
	for i := range e.lines {
		e.lines[i].Entry = e.Seq
	}
	if _, err := tx.NewInsert().Model(&e.lines).Exec(ctx); err != nil {
		return err
	}
	e.Hash = e.sum()
	if _, err := tx.NewInsert().Model(&e).Exec(ctx); err != nil {
		return err
	}
	return failpoint.Hit(failpoint.PaymentAfterEntry)
}

// known makes a party's row with its first entry.
func known(ctx context.Context, tx *db.Tx, acc *journalAccount) error {
	there, err := tx.NewSelect().Model((*journalAccount)(nil)).Where("a.id = ?", acc.ID).Exists(ctx)
	if err != nil || there {
		return err
	}
	_, err = tx.NewInsert().Model(acc).Exec(ctx)
	return err
}

// head is the last entry; before the first it is one with number 0 and an empty hash.
func head(ctx context.Context, tx *db.Tx) (entry, error) {
	var rows []entry
	err := tx.NewSelect().Model(&rows).OrderExpr("e.seq DESC").Limit(1).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return entry{Hash: []byte{}}, err
	}
	return rows[0], nil
}

const journalLock = 7306349802 // any number that nothing else locks

func (p *Payments) lockJournal(ctx context.Context, tx *db.Tx) error {
	if p.cfg.DB.Engine() == db.SQLite {
		return nil
	}
	_, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", journalLock).Exec(ctx)
	return err
}
