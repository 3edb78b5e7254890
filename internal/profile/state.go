package profile

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Act is what moves a profile from one state to another.
type Act string

// The acts. The last two are done by time.
const (
	Publish   Act = "publish"
	Pause     Act = "pause"
	Unpublish Act = "unpublish"
	Silence   Act = "silence" // no act of the owner, and none after being asked
	Return    Act = "return"  // the day of return has come
)

// Phase is a state with its cause.
type Phase struct {
	State State
	By    Cause
}

// Transition is one way a profile may go.
type Transition struct {
	From Phase
	Act  Act
	To   Phase
}

// Transitions is the whole machine: what is not in it is refused.
func Transitions() []Transition {
	draft, open := Phase{State: Draft}, Phase{State: Open}
	owner, silence := Phase{Paused, ByOwner}, Phase{Paused, BySilence}
	return []Transition{
		{draft, Publish, open}, {draft, Pause, owner}, {draft, Unpublish, draft},
		{open, Publish, open}, {open, Pause, owner}, {open, Unpublish, draft}, {open, Silence, silence},
		{owner, Publish, open}, {owner, Pause, owner}, {owner, Unpublish, draft}, {owner, Return, open},
		{silence, Publish, open}, {silence, Pause, owner}, {silence, Unpublish, draft},
	}
}

// actFor says by which act an owner reaches a state.
func actFor(s State) (act Act, ok bool) {
	switch s {
	case Open:
		return Publish, true
	case Paused:
		return Pause, true
	case Draft:
		return Unpublish, true
	}
	return "", false
}

// move goes one way of the machine. Fault: Conflict (profile_state).
func (p *Profile) move(act Act) error {
	for _, t := range Transitions() {
		if t.From == (Phase{p.State, p.PausedBy}) && t.Act == act {
			p.State, p.PausedBy, p.PausedUntil = t.To.State, t.To.By, time.Time{}
			return nil
		}
	}
	return fault.Of(fault.Conflict, "profile_state")
}

// SetState publishes, pauses or unpublishes the actor's own profile; until is
// the instant at which a paused one opens by itself, zero for none. Faults:
// Unauthenticated; NotFound (profile_none); Invalid state_unknown, until_range,
// role_needed, profile_empty; Conflict profile_state, changed_meanwhile.
func (p *Profiles) SetState(ctx context.Context, by account.Actor, state State, until time.Time) error {
	act, ok := actFor(state)
	if !ok {
		return fault.Bad("state", "state_unknown")
	}
	return p.act(ctx, by, func(tx *db.Tx, row *Profile) error {
		if state != Paused {
			until = time.Time{}
		}
		return row.rest(act, until, tx.Now)
	})
}

// StillHere is the owner's answer to being asked: the profile counts as active
// again, and one that was paused by silence opens. Faults: Unauthenticated;
// NotFound (profile_none).
func (p *Profiles) StillHere(ctx context.Context, by account.Actor) error {
	return p.act(ctx, by, func(_ *db.Tx, row *Profile) error {
		if row.PausedBy != BySilence {
			return nil
		}
		return row.move(Publish)
	})
}

// Seen notes that the owner was here, such as by signing in. It writes at most
// once a day, opens nothing, keeps the version and is silent where there is no
// profile.
func (p *Profiles) Seen(ctx context.Context, by account.Actor) error {
	if by.Anonymous() {
		return nil
	}
	needed := false
	err := p.db.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*Profile)(nil)).
			Where("p.account_id = ? AND (p.active_on < ? OR p.reminded_on IS NOT NULL)", by.ID, tx.Today()).Count(ctx)
		needed = n > 0
		return err
	})
	if err != nil || !needed {
		return err
	}
	return p.db.Write(ctx, func(tx *db.Tx) error { return p.Acted(ctx, tx, by.ID) })
}

// Acted is Seen inside the caller's unit of work, for acts of an owner that
// are kept elsewhere.
func (p *Profiles) Acted(ctx context.Context, tx *db.Tx, accountID string) error {
	row, err := load(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && row.ActiveOn.Equal(tx.Today()) && row.RemindedOn.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	row.ActiveOn, row.RemindedOn = tx.Today(), time.Time{}
	_, err = tx.NewUpdate().Model(&row).Column("active_on", "reminded_on").WherePK().Exec(ctx)
	if err != nil {
		return err
	}
	if err := schedule(ctx, tx, &row); err != nil {
		return err
	}
	return p.tell(ctx, tx, &row, &row) // the day of the last act stands in the catalogue
}

// How a profile ages, in days.
const (
	remindAfter = 60 // since the owner's last act
	pauseAfter  = 14 // since being asked
)

// dueKind names the deadlines of profiles.
const dueKind = "profile"

// schedule sets the one deadline a profile has: being asked or paused while
// open, the return while paused. Deadlines of ageing are days, since an
// instant would tell when the owner was here.
func schedule(ctx context.Context, tx *db.Tx, row *Profile) error {
	switch {
	case row.State == Open && row.RemindedOn.IsZero():
		from := row.ActiveOn
		if from.Before(tx.Today().AddDate(0, 0, -remindAfter)) {
			from = tx.Today() // it opened by itself after a long break
		}
		return tx.Due(ctx, dueKind, row.AccountID, from.AddDate(0, 0, remindAfter))
	case row.State == Open:
		return tx.Due(ctx, dueKind, row.AccountID, row.RemindedOn.AddDate(0, 0, pauseAfter))
	case row.State == Paused && !row.PausedUntil.IsZero():
		return tx.Due(ctx, dueKind, row.AccountID, row.PausedUntil)
	}
	return tx.NotDue(ctx, dueKind, row.AccountID)
}

// age does what a profile's deadline asks for. Nobody is paused unasked, even
// when the program stood still over both days.
func (p *Profiles) age(ctx context.Context, tx *db.Tx, accountID string) error {
	row, err := load(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	before := row.clone()
	switch {
	case row.State == Open && row.RemindedOn.IsZero():
		return p.remind(ctx, tx, &row)
	case row.State == Open:
		if err := row.move(Silence); err != nil {
			return err
		}
		row.RemindedOn = time.Time{}
		if err := p.ageing(ctx, tx, accountID, 0); err != nil {
			return err
		}
	case row.State == Paused && !row.PausedUntil.IsZero():
		if err := row.move(Return); err != nil {
			return err
		}
		var bad fault.Fields
		if row.checkOpen(&bad); len(bad) > 0 {
			return nil // emptied while paused: it waits for its owner
		}
	default:
		return nil
	}
	return p.store(ctx, tx, before, &row)
}

// ageing tells the owner, if anybody does.
func (p *Profiles) ageing(ctx context.Context, tx *db.Tx, accountID string, days int) error {
	if p.telling == nil {
		return nil
	}
	return p.telling.Ageing(ctx, tx, accountID, days)
}

// remind asks the owner for a sign. The public sees no change, and a form that
// the owner has open stays good.
func (p *Profiles) remind(ctx context.Context, tx *db.Tx, row *Profile) error {
	if err := p.ageing(ctx, tx, row.AccountID, pauseAfter); err != nil {
		return err
	}
	row.RemindedOn = tx.Today()
	if _, err := tx.NewUpdate().Model(row).Column("reminded_on").WherePK().Exec(ctx); err != nil {
		return err
	}
	return schedule(ctx, tx, row)
}

// Approve lets a waiting profile be seen, in the version that the moderator has
// read. Faults: Unauthenticated; Forbidden (not_allowed; own_content for the
// moderator's own); NotFound (profile_none); Conflict (profile_not_waiting;
// changed_meanwhile when it is another version now).
func (p *Profiles) Approve(ctx context.Context, by account.Actor, accountID string, version int64) error {
	if err := moderator(by); err != nil {
		return err
	}
	if by.ID == accountID {
		return fault.Of(fault.Forbidden, "own_content")
	}
	return p.db.Write(ctx, func(tx *db.Tx) error {
		row, err := load(ctx, tx, accountID)
		if err != nil {
			return err
		}
		if !row.Waits() {
			return fault.Of(fault.Conflict, "profile_not_waiting")
		}
		if row.Version != version {
			return fault.Of(fault.Conflict, "changed_meanwhile")
		}
		before := row.clone()
		row.Approved = true
		return p.store(ctx, tx, before, &row)
	})
}

// ApproveAll lets every waiting profile be seen, for a branch that no longer
// asks for approval. It joins the caller's unit of work.
func (p *Profiles) ApproveAll(ctx context.Context, tx *db.Tx) error {
	settings, err := branch.Load(ctx, tx)
	if err != nil || settings.Approval {
		return err
	}
	var rows []Profile
	if err := joined(tx, &rows).Where("NOT p.approved AND p.state <> ?", Draft).Scan(ctx); err != nil {
		return err
	}
	for i := range rows {
		before := rows[i].clone()
		rows[i].Approved = true
		if err := p.store(ctx, tx, before, &rows[i]); err != nil {
			return err
		}
	}
	return nil
}
