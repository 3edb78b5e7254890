package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Lease is the right to do a work alone until an instant.
type Lease struct {
	bun.BaseModel `bun:"table:lease"`

	Name   string    `bun:"name,pk"`
	Holder string    `bun:"holder"`
	Until  time.Time `bun:"until"`
}

// Hold takes or renews a lease for a span, counted by the program's clock, and
// tells whether holder has it now. Somebody else's lease is not touched before
// it has run out, unless take is set: then it is taken away. The clocks of the
// processes may differ by less than a span.
func (d *DB) Hold(ctx context.Context, want Lease, span time.Duration, take bool) (held bool, err error) {
	err = d.Write(ctx, func(tx *Tx) error {
		want.Until = tx.Now.Add(span)
		q := tx.NewInsert().Model(&want).On("CONFLICT (name) DO UPDATE").Set("holder = EXCLUDED.holder, until = EXCLUDED.until")
		if !take {
			q = q.Where("lease.holder = EXCLUDED.holder OR lease.until < ?", tx.Now)
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n > 0
		return err
	})
	return held, err
}

// Yield gives a lease back, if holder has it, so that another need not wait.
func (d *DB) Yield(ctx context.Context, name, holder string) error {
	return d.Write(ctx, func(tx *Tx) error {
		_, err := tx.NewDelete().Model((*Lease)(nil)).Where("name = ? AND holder = ?", name, holder).Exec(ctx)
		return err
	})
}
