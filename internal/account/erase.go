package account

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// eraseJob follows an erasure: files and indexes are rid of what was deleted.
// It names nobody, since jobs are kept for a while.
type eraseJob struct{}

// Kind is the job's word.
func (eraseJob) Kind() string { return "account_erased" }

// OnErased adds something to do after an erasure has been committed, such as
// emptying the write-ahead log: at least once, outside any transaction. Call it
// while wiring.
func (a *Accounts) OnErased(fn func(context.Context) error) { a.erased = append(a.erased, fn) }

func (a *Accounts) afterErase(ctx context.Context, _ eraseJob) error {
	var err error
	for _, fn := range a.erased {
		err = errors.Join(err, fn(ctx))
	}
	return err
}

// Erase removes the actor's account and all that every holder keeps about it,
// for good, in one transaction. The actor types the own handle to confirm.
// Faults: Unauthenticated; Invalid confirm_handle (field handle); Conflict
// last_operator; those of the holders, such as open_orders.
func (a *Accounts) Erase(ctx context.Context, by Actor, confirmHandle string) error {
	return a.db.Write(ctx, func(tx *db.Tx) error {
		acc, err := owner(ctx, tx, by)
		if err != nil {
			return err
		}
		if strings.TrimSpace(confirmHandle) != acc.Handle {
			return fault.Bad("handle", "confirm_handle")
		}
		if acc.Role == Operator {
			if err := branch.Lock(ctx, tx); err != nil {
				return err
			}
			if err := keepOperator(ctx, tx, acc); err != nil {
				return err
			}
		}
		return a.erase(ctx, tx, acc)
	})
}

// EraseUnclaimed removes an imported account that nobody has claimed, for
// somebody who does not want to be listed. It needs an operator. Faults: Unauthenticated, Forbidden;
// NotFound account_unknown; Conflict account_claimed.
func (a *Accounts) EraseUnclaimed(ctx context.Context, by Actor, handle string) error {
	if err := need(by, Operator); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		acc, err := ByHandle(ctx, tx, handle)
		if err != nil {
			return err
		}
		if acc.State != NotClaimed {
			return fault.Of(fault.Conflict, "account_claimed")
		}
		return a.erase(ctx, tx, acc)
	})
}

// EraseAgain erases what a restored backup has brought back: every account that
// was erased since it was taken. It returns how many there were.
func (a *Accounts) EraseAgain(ctx context.Context) (n int, err error) {
	list, err := a.keys.Tombstones()
	if err != nil {
		return 0, err
	}
	for batch := range slices.Chunk(list, 500) {
		var back []Account
		err := a.db.Read(ctx, func(tx *db.Tx) error {
			return tx.NewSelect().Model(&back).Where("id IN (?)", bun.List(batch)).Scan(ctx)
		})
		if err != nil {
			return n, err
		}
		for _, acc := range back {
			if err := a.db.Write(ctx, func(tx *db.Tx) error { return a.erase(ctx, tx, acc) }); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

// erase removes an account with everything. The tombstone is written last and
// before the commit: an erasure that a crash cut off between the two is done
// again by a restore, while the other order could bring an erased one back.
func (a *Accounts) erase(ctx context.Context, tx *db.Tx, acc Account) error {
	// Before the holders: what they set now is how the change log forgets the id.
	if err := noDeadlines(ctx, tx, acc.ID); err != nil {
		return err
	}
	for _, h := range slices.Backward(a.held) {
		if err := h.Erase(ctx, tx, acc.ID); err != nil {
			return err
		}
	}
	for table := range strings.FieldsSeq(ownTables) {
		column := "account_id"
		if table == "account" {
			column = "id"
		}
		if _, err := tx.NewDelete().TableExpr("?", bun.Ident(table)).Where("? = ?", bun.Ident(column), acc.ID).Exec(ctx); err != nil {
			return err
		}
	}
	if err := a.keys.AddTombstone(acc.ID); err != nil {
		return err
	}
	return tx.Enqueue(ctx, eraseJob{})
}

// noDeadlines removes deadlines of whatever kind that name the account itself.
func noDeadlines(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.NewDelete().Model((*db.Deadline)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
