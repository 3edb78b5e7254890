package licence

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// How long before its effect a seller announces a revocation: at least and by
// itself NoticeDays, but for LawDemands, which may be at once.
const (
	NoticeDays    = 14
	MaxNoticeDays = 90
)

// AppealDays is how long after its effect a buyer may still appeal.
const AppealDays = 30

// Grounds lists what a seller may revoke for, in the order of forms. A refund
// and a lost dispute are no choice of anybody's.
func Grounds() []Ground {
	return []Ground{OutOfScope, NoAttribution, Deceit, ForeignRights, LawDemands}
}

// RevocationState is how far a seller's revocation is.
type RevocationState string

// The states of a revocation.
const (
	Announced RevocationState = "announced" // the notice period runs, or an appeal waits
	Effective RevocationState = "effective"
	Withdrawn RevocationState = "withdrawn" // by the seller, or the money went back or the term ended meanwhile
	Reversed  RevocationState = "reversed"  // by a moderator
)

// Revocation is what a seller announced about a licence: one row. Reason and
// DecisionReason are public.
type Revocation struct {
	bun.BaseModel `bun:"table:revocation,alias:r"`

	ID             string          `bun:"id,pk"`
	GrantID        string          `bun:"grant_id"`
	Ground         Ground          `bun:"ground"`
	Reason         string          `bun:"reason"`
	State          RevocationState `bun:"state"`
	AnnouncedAt    time.Time       `bun:"announced_at"`
	EffectiveAt    time.Time       `bun:"effective_at"` // not before; an appeal that waits puts it off
	Appeal         string          `bun:"appeal"`       // the buyer's words, for the moderator and the seller
	AppealedAt     time.Time       `bun:"appealed_at,nullzero"`
	Decision       string          `bun:"decision"` // upheld, reversed; empty: none
	DecisionReason string          `bun:"decision_reason"`
	DecidedAt      time.Time       `bun:"decided_at,nullzero"`
}

// Waits tells that an appeal waits for a moderator.
func (r *Revocation) Waits() bool { return !r.AppealedAt.IsZero() && r.Decision == "" && r.standing() }

func (r *Revocation) standing() bool { return r.State == Announced || r.State == Effective }

var errNoRevocation = fault.Of(fault.NotFound, "revocation_unknown")

// words checks a text that others will read.
func words(field, text string) (string, error) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return "", fault.Bad(field, "required")
	case n < MinReason || !strings.Contains(text, " "):
		return "", fault.Bad(field, "too_short").With("Min", MinReason)
	case n > MaxReason:
		return "", fault.Bad(field, "too_long").With("Max", MaxReason)
	}
	return text, nil
}

// Revoking is what a seller announces.
type Revoking struct {
	Ground Ground
	Reason string // public, MinReason to MaxReason characters
	Days   int    // of notice; 0: NoticeDays, or at once where a law demands it
}

func (in *Revoking) check() (err error) {
	if !slices.Contains(Grounds(), in.Ground) {
		return fault.Bad("ground", "ground_unknown")
	}
	if in.Reason, err = words("reason", in.Reason); err != nil {
		return err
	}
	least := NoticeDays
	if in.Ground == LawDemands {
		least = 0
	}
	if in.Days == 0 {
		in.Days = least
	}
	if in.Days < least || in.Days > MaxNoticeDays {
		return fault.Bad("days", "notice_days").With("Min", least).With("Max", MaxNoticeDays)
	}
	return nil
}

// Revoke announces that the actor's licence to somebody will be revoked: for a
// listed ground, with a public reason, after a notice period. Faults:
// Unauthenticated; Invalid ground_unknown (ground), required, too_short,
// too_long (reason), notice_days (days); NotFound licence_unknown; Conflict
// licence_revoked, licence_ended, notice_past_end (it ends before the notice
// period does), revocation_stands.
func (l *Licences) Revoke(ctx context.Context, by account.Actor, id string, in Revoking) (out Revocation, err error) {
	if by.Anonymous() {
		return out, errNobody
	}
	if err := in.check(); err != nil {
		return out, err
	}
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		g, err := l.lockGrant(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case g.SellerID != by.ID:
			return errNoGrant
		case g.State == Revoked:
			return fault.Of(fault.Conflict, "licence_revoked")
		case !tx.Now.Before(g.ValidUntil):
			return fault.Of(fault.Conflict, "licence_ended")
		case !tx.Now.AddDate(0, 0, in.Days).Before(g.ValidUntil):
			return fault.Of(fault.Conflict, "notice_past_end")
		}
		if _, err := standing(ctx, tx, id); err == nil {
			return fault.Of(fault.Conflict, "revocation_stands")
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
		out, err = l.announce(ctx, tx, &g, in)
		return err
	})
	return out, err
}

func (l *Licences) announce(ctx context.Context, tx *db.Tx, g *Grant, in Revoking) (Revocation, error) {
	r := Revocation{ID: tx.RandomID(), GrantID: g.ID, Ground: in.Ground, Reason: in.Reason, State: Announced,
		AnnouncedAt: tx.Now, EffectiveAt: tx.Now.AddDate(0, 0, in.Days)}
	if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
		return r, err
	}
	if in.Days == 0 {
		return r, l.effect(ctx, tx, g, &r)
	}
	if err := tx.Due(ctx, dueRevoke, r.ID, r.EffectiveAt); err != nil {
		return r, err
	}
	return r, l.tellGrant(ctx, tx, g, g.BuyerID, Note{Kind: ToldChanged, Cause: r.ID, Args: map[string]string{"reason": reasonRevoking, "days": itoa(in.Days)}})
}

// standing reads the revocation of a licence that is announced or in effect.
func standing(ctx context.Context, tx *db.Tx, grantID string) (r Revocation, err error) {
	err = db.One(ctx, tx.NewSelect().Model(&r).Where("grant_id = ? AND state IN (?, ?)", grantID, Announced, Effective), errNoRevocation)
	return r, err
}

// step moves a revocation on from the state and decision in which it was read.
func (r *Revocation) step(ctx context.Context, tx *db.Tx, from RevocationState) error {
	res, err := tx.NewUpdate().Model(r).Column("state", "appeal", "appealed_at", "decision", "decision_reason", "decided_at").
		Where("id = ? AND state = ? AND decided_at IS NULL", r.ID, from).Exec(ctx)
	return db.Must(res, err, errGrantState)
}

// Withdraw takes the actor's announced revocation of a licence back. Faults:
// Unauthenticated; NotFound licence_unknown, revocation_unknown; Conflict
// licence_state: it is in effect already, or upheld by a moderator.
func (l *Licences) Withdraw(ctx context.Context, by account.Actor, id string) error {
	if by.Anonymous() {
		return errNobody
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		g, err := l.lockGrant(ctx, tx, id)
		if err != nil {
			return err
		}
		if g.SellerID != by.ID {
			return errNoGrant
		}
		r, err := standing(ctx, tx, id)
		if err != nil {
			return err
		}
		if r.State != Announced {
			return errGrantState
		}
		if err := l.withdraw(ctx, tx, &r); err != nil {
			return err
		}
		return l.tellChange(ctx, tx, &g, g.BuyerID, reasonWithdrawn)
	})
}

func (l *Licences) withdraw(ctx context.Context, tx *db.Tx, r *Revocation) error {
	from := r.State
	r.State = Withdrawn
	if _, err := tx.NewUpdate().Model(r).Column("state").Where("id = ? AND state = ?", r.ID, from).Exec(ctx); err != nil {
		return err
	}
	if !r.AppealedAt.IsZero() {
		if err := tx.Due(ctx, dueForget, r.ID, tx.Now.Add(ForgetAfter)); err != nil {
			return err
		}
	}
	return tx.NotDue(ctx, dueRevoke, r.ID)
}

// moot withdraws what stands against a licence whose money went back.
func (l *Licences) moot(ctx context.Context, tx *db.Tx, grantID string) error {
	r, err := standing(ctx, tx, grantID)
	if fault.Is(err, fault.NotFound) || err == nil && r.State == Effective {
		return nil
	}
	if err != nil {
		return err
	}
	return l.withdraw(ctx, tx, &r)
}

// takeEffect revokes a licence whose notice period is over, unless an appeal
// waits for a moderator.
func (l *Licences) takeEffect(ctx context.Context, tx *db.Tx, id string) error {
	var r Revocation
	err := db.One(ctx, tx.NewSelect().Model(&r).Where("id = ?", id), errNoRevocation)
	if fault.Is(err, fault.NotFound) || err == nil && (r.State != Announced || r.Waits()) {
		return nil
	}
	if err != nil {
		return err
	}
	g, err := l.lockGrant(ctx, tx, r.GrantID)
	if err != nil {
		return err
	}
	return l.effect(ctx, tx, &g, &r)
}

// effect revokes a licence as announced. One whose term ended meanwhile, while
// an appeal waited, has run its whole course: nothing is left to revoke.
func (l *Licences) effect(ctx context.Context, tx *db.Tx, g *Grant, r *Revocation) error {
	if !tx.Now.Before(g.ValidUntil) {
		return l.withdraw(ctx, tx, r)
	}
	res, err := tx.NewUpdate().Model((*Revocation)(nil)).Set("state = ?", Effective).Where("id = ? AND state = ?", r.ID, Announced).Exec(ctx)
	if err := db.Must(res, err, errGrantState); err != nil {
		return err
	}
	r.State = Effective
	return l.takeBack(ctx, tx, g, r.Ground, tx.Now)
}
