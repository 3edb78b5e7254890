package licence

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// DecidedClaims lists the newest decisions about rights in works, for
// everybody: without who claimed and who decided. Works that nobody may see any
// more are left out.
func (l *Licences) DecidedClaims(ctx context.Context) (rows []Claim, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewSelect().Model(&rows).ColumnExpr("r.id, r.work_id, r.text, r.evidence, r.state, r.decision, r.made_on, r.decided_on").
			ColumnExpr("w.title AS work_title").Join("JOIN work AS w ON w.id = r.work_id").
			Where("r.state IN (?, ?) AND w.state <> ?", ClaimUpheld, ClaimRejected, WorkDraft).OrderExpr("r.decided_on DESC, r.id").Limit(100).Scan(ctx)
	})
	return rows, err
}
