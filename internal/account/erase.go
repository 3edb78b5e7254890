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
	"github.com/tmoeg/oduvan/internal/secret"
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
	err := a.settleErasures(ctx)
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
	return a.erase(ctx, func(tx *db.Tx) (Account, error) {
		acc, err := owner(ctx, tx, by)
		if err != nil {
			return acc, err
		}
		if strings.TrimSpace(confirmHandle) != acc.Handle {
			return acc, fault.Bad("handle", "confirm_handle")
		}
		if acc.Role == Operator {
			if err := branch.Lock(ctx, tx); err != nil {
				return acc, err
			}
			return acc, keepOperator(ctx, tx, acc)
		}
		return acc, nil
	})
}

// EraseUnclaimed removes an imported account that nobody has claimed, for
// somebody who does not want to be listed. It needs an operator. Faults: Unauthenticated, Forbidden;
// NotFound account_unknown; Conflict account_claimed.
func (a *Accounts) EraseUnclaimed(ctx context.Context, by Actor, handle string) error {
	if err := need(by, Operator); err != nil {
		return err
	}
	return a.erase(ctx, func(tx *db.Tx) (Account, error) {
		acc, err := ByHandle(ctx, tx, handle)
		if err == nil && acc.State != NotClaimed {
			err = fault.Of(fault.Conflict, "account_claimed")
		}
		return acc, err
	})
}

// erase removes the account that which picks, in one unit of work with the
// picking, and keeps the list of tombstones true to how that ended.
func (a *Accounts) erase(ctx context.Context, which func(*db.Tx) (Account, error)) error {
	var intent *secret.Intent
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		began, err := tx.Generation(ctx) // before the holders move it on
		if err != nil {
			return err
		}
		acc, err := which(tx)
		if err != nil {
			return err
		}
		if err := a.remove(ctx, tx, acc.ID); err != nil {
			return err
		}
		intent = &secret.Intent{ID: acc.ID, Generation: began}
		return a.keys.IntendTombstone(*intent)
	})
	if intent == nil {
		return err
	}
	if err == nil {
		a.note(a.keys.AddTombstone(intent.ID))
		return nil
	}
	// The commit failed or only its answer was lost: the database knows.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	gone, serr := a.settleErasure(after, *intent)
	if a.note(serr); gone {
		return nil
	}
	return err
}

// remove deletes an account with everything, and asks for what follows.
func (a *Accounts) remove(ctx context.Context, tx *db.Tx, id string) error {
	if err := a.lockRow(ctx, tx, id); err != nil {
		return err
	}
	// Before the holders: what they set now is how the change log forgets the id.
	if err := noDeadlines(ctx, tx, id); err != nil {
		return err
	}
	for _, h := range slices.Backward(a.held) {
		if err := h.Erase(ctx, tx, id); err != nil {
			return err
		}
	}
	for table := range strings.FieldsSeq(ownTables) {
		column := "account_id"
		if table == "account" {
			column = "id"
		}
		if _, err := tx.NewDelete().TableExpr("?", bun.Ident(table)).Where("? = ?", bun.Ident(column), id).Exec(ctx); err != nil {
			return err
		}
	}
	return tx.Enqueue(ctx, eraseJob{})
}

// lockRow makes what is being written about an account come before its
// erasure, which then removes it, or after, when there is no account to refer
// to. SQLite has one writer anyway.
func (a *Accounts) lockRow(ctx context.Context, tx *db.Tx, id string) error {
	if a.db.Engine() == db.SQLite {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM account WHERE id = ? FOR UPDATE", id).Scan(ctx, &one)
}

// noDeadlines removes deadlines of whatever kind that name the account itself.
func noDeadlines(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.NewDelete().Model((*db.Deadline)(nil)).Where("id = ?", id).Exec(ctx)
	return err
}
