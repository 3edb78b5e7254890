package profile

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Habit is how a tutor answers learners, rounded so that it tells no single act.
type Habit struct {
	Minutes int  // how long an answer usually takes, in whole hours; 0: too few answers to tell
	Share   int  // percent of inquiries that get an answer, in tens, with Known
	Known   bool // there were enough inquiries to tell Share
	Free    int  // how many more inquiries the tutor takes now; ManyFree: that many or more
}

// ManyFree is where a count of free places ends.
const ManyFree = 5

// Habits knows how tutors answer. One call takes a constant number of queries
// and answers for every account it is asked about.
type Habits interface {
	Habits(ctx context.Context, tx *db.Tx, accountIDs []string) (map[string]Habit, error)
}

// Answering says who knows how tutors answer. Call it while wiring.
func (p *Profiles) Answering(h Habits) { p.habits = h }

// habitsOf reads the habits of profiles that are listed as tutors.
func (p *Profiles) habitsOf(ctx context.Context, tx *db.Tx, role string, rows []Profile) (map[string]Habit, error) {
	if p.habits == nil || role != TutorKind || len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].AccountID
	}
	return p.habits.Habits(ctx, tx, ids)
}

// worth is what a habit adds to the order, 0 to 1. Who has too few inquiries to
// tell stands where an ordinary tutor does: newcomers are not punished, and one
// lucky answer wins nothing.
func (h Habit) worth() float64 {
	const unknown, share, speed = 0.6, 0.7, 0.3
	if !h.Known {
		return unknown
	}
	const quick, slow = 6 * 60, 48 * 60 // minutes: an answer within the first is as good as at once, after the second it is none
	w := share * float64(h.Share) / 100
	if h.Minutes > 0 {
		w += speed * min(max(float64(slow-h.Minutes)/(slow-quick), 0), 1)
	}
	return w
}

// show puts a habit on a card.
func (h Habit) show(l *catalogue.Listing) {
	l.ReplyMinutes, l.ReplyShare, l.ReplyKnown, l.Capacity = h.Minutes, h.Share, h.Known, h.Free
}

// Silence pauses an open profile whose owner leaves learners without an
// answer, and tells whether there was one to pause. It joins the caller's unit
// of work; StillHere opens the profile again.
func (p *Profiles) Silence(ctx context.Context, tx *db.Tx, accountID string) (paused bool, err error) {
	row, err := load(ctx, tx, accountID)
	if fault.Is(err, fault.NotFound) || err == nil && row.State != Open {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	before := row.clone()
	if err := row.move(Silence); err != nil {
		return false, err
	}
	row.RemindedOn = time.Time{}
	return true, p.store(ctx, tx, before, &row)
}

// Hold keeps a profile to the caller's unit of work. Whoever changes it together
// with what else is known of its owner takes it first, so that two such acts
// wait for each other instead of standing in each other's way.
func (p *Profiles) Hold(ctx context.Context, tx *db.Tx, accountID string) error {
	if p.db.Engine() == db.SQLite {
		return nil // it has one writer anyway
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM profile WHERE account_id = ? FOR NO KEY UPDATE", accountID).Scan(ctx, &one)
}

// Rest pauses the actor's own profile in the caller's unit of work, as
// SetState does, until an instant or, when it is zero, until the owner comes
// back. A draft stays one: nobody sees it. Faults: Unauthenticated; NotFound
// (profile_none); Invalid until_range; Conflict changed_meanwhile.
func (p *Profiles) Rest(ctx context.Context, tx *db.Tx, by account.Actor, until time.Time) error {
	return p.actIn(ctx, tx, by, func(tx *db.Tx, row *Profile) error {
		if row.State == Draft {
			return nil
		}
		return row.rest(Pause, until, tx.Now)
	})
}

// rest goes one way of the machine towards a state that may have an end.
func (p *Profile) rest(act Act, until, now time.Time) error {
	var bad fault.Fields
	bad.Add(checkUntil(until, now))
	if err := p.move(act); err != nil {
		return err
	}
	p.PausedUntil = until.UTC().Truncate(time.Microsecond)
	p.checkOpen(&bad)
	return bad.Err()
}
