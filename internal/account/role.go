package account

import (
	"context"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Filter narrows a list of accounts; the zero value is any.
type Filter struct {
	Role   Role
	State  State
	Prefix string // of the handle
	After  string // handles after this one: the last of the page before
	Limit  int    // 1 to 1000; 0: 100
}

// List lists accounts by handle. It needs an operator. Faults: Unauthenticated, Forbidden.
func (a *Accounts) List(ctx context.Context, by Actor, f Filter) (out []Account, err error) {
	if err := need(by, Operator); err != nil {
		return nil, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		q := tx.NewSelect().Model(&out).Where("handle > ?", f.After).Order("handle").Limit(int64(min(limit, 1000)))
		if f.Role != "" {
			q.Where("role = ?", f.Role)
		}
		if f.State != "" {
			q.Where("state = ?", f.State)
		}
		if f.Prefix != "" {
			q.Where("substr(handle, 1, ?) = ?", len([]rune(f.Prefix)), f.Prefix)
		}
		return q.Scan(ctx)
	})
	for i := range out {
		out[i].RecoveryMAC, out[i].NextRecoveryMAC = nil, nil
	}
	return out, err
}

// GrantRole gives an account another role. It needs an operator; a branch keeps
// at least one. Faults: Unauthenticated, Forbidden; Invalid role_unknown (field
// role); NotFound account_unknown (also not yet claimed); Conflict last_operator.
func (a *Accounts) GrantRole(ctx context.Context, by Actor, handle string, role Role) error {
	if err := need(by, Operator); err != nil {
		return err
	}
	if role.rank() == 0 {
		return fault.Bad("role", "role_unknown")
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		if err := branch.Lock(ctx, tx); err != nil {
			return err
		}
		acc, err := ByHandle(ctx, tx, handle)
		if err != nil {
			return err
		}
		if acc.State != Active {
			return errUnknown
		}
		if acc.Role == role {
			return nil
		}
		if err := keepOperator(ctx, tx, acc); err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Account)(nil)).Set("role = ?", role).Where("id = ?", acc.ID).Exec(ctx)
		return err
	})
}

// keepOperator refuses to take the last operator away. The caller holds branch.Lock.
func keepOperator(ctx context.Context, tx *db.Tx, leaving Account) error {
	if leaving.Role != Operator {
		return nil
	}
	n, err := tx.NewSelect().Model((*Account)(nil)).Where("role = ? AND state = ? AND id <> ?", Operator, Active, leaving.ID).Count(ctx)
	if err == nil && n == 0 {
		return fault.Of(fault.Conflict, "last_operator")
	}
	return err
}

// SaveSettings stores the branch's settings. It needs an operator. Faults:
// Unauthenticated, Forbidden; those of branch.Save.
func (a *Accounts) SaveSettings(ctx context.Context, by Actor, s branch.Settings) error {
	if err := need(by, Operator); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		if err := branch.Save(ctx, tx, s); err != nil {
			return err
		}
		for _, fn := range a.settled {
			if err := fn(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// OnSettings adds something to do, in the same transaction, after the operator
// changed the settings. Call it while wiring.
func (a *Accounts) OnSettings(fn func(context.Context, *db.Tx) error) {
	a.settled = append(a.settled, fn)
}
