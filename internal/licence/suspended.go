package licence

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Stopped is a suspended work as a moderator sees it.
type Stopped struct {
	Work
	Since time.Time // day on which the claim was upheld; zero where no claim tells
	Own   bool      // the reader has a part in the case: another moderator ends it
}

// Suspended lists the works that a moderator may bring back, by title, up to
// 500: not those whose account was erased. Faults: Unauthenticated, Forbidden (not_allowed).
func (l *Licences) Suspended(ctx context.Context, by account.Actor) (out []Stopped, err error) {
	if err := moderating(by); err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var works []Work
		if err := tx.NewSelect().Model(&works).Where("w.state = ? AND w.account_id IS NOT NULL", WorkSuspended).OrderExpr("w.title, w.id").Limit(500).Scan(ctx); err != nil {
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

// Doubt is what a buyer must know of a work before paying for it.
type Doubt string

// The doubts about a work.
const (
	NoDoubt   Doubt = ""
	Contested Doubt = "contested" // a claim waits for a moderator
	Halted    Doubt = "halted"    // a claim was upheld: nothing of it is sold
)

// Doubt tells how the right to sell a work stands, for the page of an order of
// it. A work that is gone leaves none.
func (l *Licences) Doubt(ctx context.Context, workID string) (out Doubt, err error) {
	if !formed(workID) {
		return NoDoubt, nil
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		var found []string
		err := tx.NewRaw("SELECT CASE WHEN w.state = ? THEN ? WHEN EXISTS (SELECT 1 FROM rights_claim AS r WHERE r.work_id = w.id AND r.state = ?) THEN ? ELSE '' END"+
			" FROM work AS w WHERE w.id = ?", WorkSuspended, Halted, ClaimOpen, Contested, workID).Scan(ctx, &found)
		if len(found) > 0 {
			out = Doubt(found[0])
		}
		return err
	})
	return out, err
}

// reasonNoRight is why orders of a work were called off: a claim to the rights
// in it was upheld.
const reasonNoRight = "no_right"

// callOff cancels the orders of a work for which nobody has sent money yet: it
// is not the seller's to sell.
func (l *Licences) callOff(ctx context.Context, tx *db.Tx, workID string) error {
	if l.payments == nil {
		return nil
	}
	var offers []string
	if err := tx.NewRaw("SELECT id FROM offer WHERE work_id = ?", workID).Scan(ctx, &offers); err != nil {
		return err
	}
	return payment.CallOffSales(ctx, tx, l.payments, payment.Sales{Kind: Goods, Subjects: offers}, reasonNoRight)
}
