package app

import (
	"context"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// keysMatch refuses a new key beside accounts that were made under another one:
// with a lost key nobody can sign in, and whatever is written under the new one
// makes the loss final. The new key stays, so the refusal has to hold for the
// next start too: it forgets the key first. Fault: Conflict secrets_lost.
func keysMatch(ctx context.Context, d *db.DB, keys *secret.Keys) error {
	if !keys.Fresh() {
		return nil
	}
	return d.Read(ctx, func(tx *db.Tx) error {
		some, err := tx.NewSelect().Model((*account.Account)(nil)).Exists(ctx)
		if err != nil || !some {
			return err
		}
		if err := keys.Discard(); err != nil {
			return err
		}
		return fault.Of(fault.Conflict, "secrets_lost")
	})
}
