package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Change is the newest change of one public thing. The log holds one row a
// thing, so it is bounded by their number and a reader that was away long
// still catches up.
type Change struct {
	bun.BaseModel `bun:"table:search_change"`

	Seq  int64  `bun:"seq"`
	Kind string `bun:"kind,pk"`
	ID   string `bun:"id,pk"`
}

// Changed says that what the public sees of a thing is another after this unit
// of work. The number comes from one row, so its order is commit order.
func (tx *Tx) Changed(ctx context.Context, kind, id string) error {
	var seq int64
	if err := tx.NewRaw("UPDATE generation SET n = n + 1 RETURNING n").Scan(ctx, &seq); err != nil {
		return err
	}
	_, err := tx.NewInsert().Model(&Change{Seq: seq, Kind: kind, ID: id}).
		On("CONFLICT (kind, id) DO UPDATE").Set("seq = EXCLUDED.seq").Exec(ctx)
	return err
}

const (
	dueForget   = "forget_change"
	forgetAfter = 7 * 24 * time.Hour
)

// Forget lets the change log lose a thing that is gone for good, once every
// index has had a week to delete it.
func (tx *Tx) Forget(ctx context.Context, id string) error {
	return tx.Due(ctx, dueForget, id, tx.Now.Add(forgetAfter))
}

func forget(ctx context.Context, tx *Tx, id string) error {
	_, err := tx.NewRaw("UPDATE generation SET forgotten = seq FROM (SELECT max(seq) AS seq FROM search_change WHERE id = ?) AS gone WHERE seq > forgotten", id).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*Change)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}

// Forgotten is the number up to which the log has lost changes: an index that
// stands before it has missed deletions and must be built anew.
func (tx *Tx) Forgotten(ctx context.Context) (n int64, err error) {
	err = tx.NewRaw("SELECT forgotten FROM generation").Scan(ctx, &n)
	return n, err
}

// Generation is the number of the newest committed change: pages made at this
// number are true while it stands.
func (tx *Tx) Generation(ctx context.Context) (int64, error) {
	var n int64
	err := tx.NewRaw("SELECT n FROM generation").Scan(ctx, &n)
	return n, err
}

// Generation reads the number on its own. Every cached page asks for it, so on
// SQLite the statement stays prepared; PostgreSQL keeps none, since poolers
// between us and it would lose them.
func (d *DB) Generation(ctx context.Context) (n int64, err error) {
	const ask = "SELECT n FROM generation"
	if d.engine == PostgreSQL {
		err = d.fold(d.reader.NewRaw(ask).Scan(ctx, &n))
		return n, err
	}
	stmt := d.ask.Load()
	if stmt == nil {
		if stmt, err = d.reader.DB.PrepareContext(ctx, ask); err != nil {
			return 0, d.fold(err)
		}
		if !d.ask.CompareAndSwap(nil, stmt) {
			_ = stmt.Close() // another request was first
			stmt = d.ask.Load()
		}
	}
	d.queries.count(ctx)
	err = d.fold(stmt.QueryRowContext(ctx).Scan(&n))
	return n, err
}

// Changes lists up to limit changes after a number, oldest first.
func (tx *Tx) Changes(ctx context.Context, after int64, limit int) ([]Change, error) {
	var out []Change
	err := tx.NewSelect().Model(&out).Where("seq > ?", after).Order("seq").Limit(int64(limit)).Scan(ctx)
	return out, err
}
