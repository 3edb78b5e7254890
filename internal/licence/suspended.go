package licence

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
)

// Stopped is a suspended work as a moderator sees it.
type Stopped struct {
	Work
	Since time.Time // day on which the claim was upheld; zero where no claim tells
	Own   bool      // the reader has a part in the case: another moderator ends it
}

// Suspended lists the works that a moderator may bring back, by title, up to
// 500. Faults: Unauthenticated, Forbidden (not_allowed).
func (l *Licences) Suspended(ctx context.Context, by account.Actor) (out []Stopped, err error) {
	if err := moderating(by); err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var works []Work
		if err := tx.NewSelect().Model(&works).Where("w.state = ?", WorkSuspended).OrderExpr("w.title, w.id").Limit(500).Scan(ctx); err != nil {
			return err
		}
		ids := make([]string, len(works))
		for i := range works {
			ids[i] = works[i].ID
			out = append(out, Stopped{Work: works[i]})
		}
		if len(ids) == 0 {
			return nil
		}
		var claims []Claim
		if err := tx.NewSelect().Model(&claims).Where("r.work_id IN (?) AND r.state = ?", bun.In(ids), ClaimUpheld).
			OrderExpr("r.decided_on").Scan(ctx); err != nil {
			return err
		}
		parties, err := partyTo(ctx, tx, by, ids)
		if err != nil {
			return err
		}
		for i := range out {
			out[i].since(claims)
			out[i].Own = parties[out[i].ID]
		}
		return nil
	})
	return out, err
}

// since takes the day of the decision whose reason the suspension names: later
// ones found the work suspended already.
func (s *Stopped) since(claims []Claim) {
	for i := range claims {
		if claims[i].WorkID == s.ID && claims[i].Decision == s.Reason {
			s.Since = claims[i].DecidedOn
		}
	}
}

// partyTo tells in which of these works' cases somebody has a part: they look
// after the work, sell it, made some of it or claimed it.
func partyTo(ctx context.Context, tx *db.Tx, by account.Actor, works []string) (map[string]bool, error) {
	out := map[string]bool{}
	if by.ID == "" || len(works) == 0 {
		return out, nil
	}
	var found []string
	err := tx.NewRaw("SELECT id FROM work WHERE id IN (?) AND account_id = ? UNION SELECT work_id FROM offer WHERE work_id IN (?) AND account_id = ?"+
		" UNION SELECT work_id FROM contribution WHERE work_id IN (?) AND contributor_id = ?"+
		" UNION SELECT work_id FROM rights_claim WHERE work_id IN (?) AND claimant_id = ? AND state <> ?",
		bun.In(works), by.ID, bun.In(works), by.ID, bun.In(works), by.ID, bun.In(works), by.ID, ClaimWithdrawn).Scan(ctx, &found)
	for _, id := range found {
		out[id] = true
	}
	return out, err
}
