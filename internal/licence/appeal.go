package licence

import (
	"context"
	"slices"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Appeal asks a moderator to decide about the revocation of the actor's
// licence. While it waits, an announced revocation takes no effect. Faults:
// Unauthenticated; Invalid required, too_short, too_long (appeal); NotFound
// licence_unknown, revocation_unknown; Conflict appealed_already, appeal_late.
func (l *Licences) Appeal(ctx context.Context, by account.Actor, id, text string) (r Revocation, err error) {
	if by.Anonymous() {
		return r, errNobody
	}
	if text, err = words("appeal", text); err != nil {
		return r, err
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		g, err := l.lockGrant(ctx, tx, id)
		if err != nil {
			return err
		}
		if g.BuyerID != by.ID {
			return errNoGrant
		}
		if r, err = standing(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case !r.AppealedAt.IsZero():
			return fault.Of(fault.Conflict, "appealed_already")
		case r.State == Effective && tx.Now.After(g.RevokedAt.AddDate(0, 0, AppealDays)):
			return fault.Of(fault.Conflict, "appeal_late")
		}
		r.Appeal, r.AppealedAt = text, tx.Now
		if err := r.step(ctx, tx, r.State); err != nil {
			return err
		}
		if err := tx.NotDue(ctx, dueRevoke, r.ID); err != nil {
			return err
		}
		return l.tellChange(ctx, tx, &g, g.SellerID, reasonAppealed)
	})
	return r, err
}

// Judgement is a moderator's decision about an appeal.
type Judgement struct {
	Reverse bool
	Reason  string // public, 20 to 2,000 characters
}

// Judge decides the appeal about a licence. It needs a moderator who is
// neither its buyer nor its seller. A reversed revocation gives the licence
// back; an upheld one takes effect when its notice period is over, unless the
// licence has ended by then. Faults:
// Unauthenticated; Forbidden; Invalid required, too_short, too_long (reason);
// NotFound licence_unknown, revocation_unknown; Conflict licence_state: no
// appeal waits.
func (l *Licences) Judge(ctx context.Context, by account.Actor, id string, j Judgement) (r Revocation, err error) {
	if err := moderator(by); err != nil {
		return r, err
	}
	if j.Reason, err = words("reason", j.Reason); err != nil {
		return r, err
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		g, err := l.lockGrant(ctx, tx, id)
		if err != nil {
			return err
		}
		if r, err = standing(ctx, tx, id); err != nil {
			return err
		}
		switch {
		case by.ID != "" && (by.ID == g.BuyerID || by.ID == g.SellerID):
			return fault.Of(fault.Forbidden, "own_case")
		case !r.Waits():
			return errGrantState
		}
		return l.judge(ctx, tx, &g, &r, j)
	})
	return r, err
}

func (l *Licences) judge(ctx context.Context, tx *db.Tx, g *Grant, r *Revocation, j Judgement) error {
	from := r.State
	r.Decision, r.DecisionReason, r.DecidedAt = reasonUpheld, j.Reason, tx.Now
	if j.Reverse {
		r.Decision, r.State = reasonReversed, Reversed
	}
	if err := r.step(ctx, tx, from); err != nil {
		return err
	}
	if err := tx.Due(ctx, dueForget, r.ID, tx.Now.Add(ForgetAfter)); err != nil {
		return err
	}
	switch {
	case j.Reverse:
		if err := l.giveBack(ctx, tx, g, r); err != nil {
			return err
		}
	case from == Announced && r.EffectiveAt.After(tx.Now):
		if err := tx.Due(ctx, dueRevoke, r.ID, r.EffectiveAt); err != nil {
			return err
		}
	case from == Announced:
		if err := l.effect(ctx, tx, g, r); err != nil {
			return err
		}
	}
	for _, to := range []string{g.BuyerID, g.SellerID} {
		if err := l.tellChange(ctx, tx, g, to, r.Decision); err != nil {
			return err
		}
	}
	return nil
}

// giveBack ends a revocation's effect. What was revoked for its money stays so.
func (l *Licences) giveBack(ctx context.Context, tx *db.Tx, g *Grant, r *Revocation) error {
	if g.State != Revoked || g.Ground != r.Ground {
		return nil
	}
	to := Active
	disputed, err := tx.NewSelect().TableExpr("payment_order").Where("id = ? AND state = 'disputed'", g.OrderID).Exists(ctx)
	if err != nil {
		return err
	}
	if disputed {
		to = Suspended
	}
	res, err := tx.NewUpdate().Model((*Grant)(nil)).Set("state = ?", to).Set("ground = ''").Set("revoked_at = NULL").
		Where("id = ? AND state = ? AND ground = ?", g.ID, Revoked, r.Ground).Exec(ctx)
	if err := db.Must(res, err, errGrantState); err != nil {
		return err
	}
	g.State, g.Ground, g.RevokedAt = to, "", time.Time{}
	return l.watch(ctx, tx, g)
}

// moderator refuses everybody else.
func moderator(by account.Actor) error {
	switch {
	case by.Is(account.Moderator):
		return nil
	case by.Anonymous():
		return errNobody
	}
	return fault.Of(fault.Forbidden, "not_allowed")
}

// Case is an appeal with the licence that it is about, without its parties.
type Case struct {
	Revocation Revocation
	Public     Public
}

// Appeals lists the appeals that wait, the oldest first. It needs a moderator.
// Faults: Unauthenticated; Forbidden.
func (l *Licences) Appeals(ctx context.Context, by account.Actor) (out []Case, err error) {
	if err := moderator(by); err != nil {
		return nil, err
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out, err = l.cases(ctx, tx, "r.appealed_at IS NOT NULL AND r.decided_at IS NULL AND r.state IN (?, ?)", Announced, Effective)
		slices.Reverse(out)
		return err
	})
	return out, err
}

// Judged lists the newest decisions about appeals, for everybody: without the
// appeal's own words.
func (l *Licences) Judged(ctx context.Context) (out []Case, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out, err = l.cases(ctx, tx, "r.decided_at IS NOT NULL")
		return err
	})
	for i := range out {
		out[i].Revocation.Appeal = ""
	}
	return out, err
}
