package account

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/secret"
)

// How the list of tombstones, which lies outside the database, stays true to
// it. An erasure is written there as intended while its transaction holds the
// account's row, and as done once that has committed. A crash before the intent
// leaves nothing; one between leaves an open intent, and the database tells
// later whether the account is gone. Who settles takes the row's lock, so never
// judges an erasure that is still under way.

// settleWithin bounds how long a failed erasure waits to learn how it ended.
const settleWithin = 5 * time.Second

// EraseAgain erases what a restored backup has brought back: every account that
// was erased since it was taken. It returns how many there were. A serving
// process does it too, once, since a backup may have been put back by hand.
func (a *Accounts) EraseAgain(ctx context.Context) (n int, err error) {
	if err := a.settleErasures(ctx); err != nil {
		return 0, err
	}
	list, _, err := a.keys.Tombstones()
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(list, 500) {
		var back []string
		err := a.db.Read(ctx, func(tx *db.Tx) error {
			return tx.NewSelect().Model((*Account)(nil)).Column("id").Where("id IN (?)", bun.List(batch)).Scan(ctx, &back)
		})
		if err != nil {
			return n, err
		}
		for _, id := range back {
			if err := a.erase(ctx, func(tx *db.Tx) (Account, error) { return ByID(ctx, tx, id) }); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// sweepErasures settles what a crash has left open; at first it also erases
// again what came back while nobody served.
func (a *Accounts) sweepErasures(ctx context.Context) error {
	if a.swept.Load() {
		return a.settleErasures(ctx)
	}
	n, err := a.EraseAgain(ctx)
	if n > 0 {
		a.log.Warn("a restored backup had brought erased accounts back: erased again", "count", n)
	}
	a.swept.Store(err == nil)
	return err
}

// settleErasures settles every open intent.
func (a *Accounts) settleErasures(ctx context.Context) error {
	_, open, err := a.keys.Tombstones()
	if err != nil {
		return err
	}
	for _, intent := range open {
		if _, err := a.settleErasure(ctx, intent); err != nil {
			return err
		}
	}
	return nil
}

// settleErasure learns from the database how an intended erasure ended, and
// writes it into the list: gone means that the account is erased. A database
// older than the intent is a restored backup that cannot tell; the person asked
// to be erased, so EraseAgain shall do that.
func (a *Accounts) settleErasure(ctx context.Context, in secret.Intent) (gone bool, err error) {
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		// An update, not a read: it waits for an erasure that is under way.
		res, err := tx.NewUpdate().Model((*Account)(nil)).Set("id = id").Where("id = ?", in.ID).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		at, err := tx.Generation(ctx)
		if err != nil {
			return err
		}
		if gone = n == 0; gone || at < in.Generation {
			return a.keys.AddTombstone(in.ID)
		}
		return a.keys.WithdrawTombstone(in.ID)
	})
	return gone, err
}

// note logs trouble that the person who asked need not hear of: the next sweep
// settles what it has left open.
func (a *Accounts) note(err error) {
	if err != nil {
		a.log.Error("a tombstone is left open", "error", err)
	}
}
