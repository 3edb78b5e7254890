package notice

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// Forget takes back what an account was told about a local address, read or
// not, in the caller's transaction: the page there is no more. Its causes
// cannot come again, so nothing is kept.
func (n *Notices) Forget(ctx context.Context, tx *db.Tx, of, path string) error {
	_, err := tx.NewDelete().Model((*Notice)(nil)).Where("account_id = ? AND path = ?", of, path).Exec(ctx)
	return err
}
