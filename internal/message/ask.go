package message

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// Ask sends an inquiry to a tutor. The same words to the same tutor while they
// wait are kept once, so that a form sent again does no harm. Faults: Unauthenticated (sign_in_needed);
// Invalid as fault.Fields with the field's name: required (goal), too_long,
// text_form; NotFound profile_unknown, service_unknown; Conflict inquiry_self,
// tutor_none (the person does not teach), tutor_unclaimed, tutor_paused,
// service_paused, inquiry_waits_already (one to this tutor waits),
// inquiries_open_max (argument Max), tutor_full; RateLimited
// inquiries_day_max, inquiries_again_max (argument Max).
func (m *Messages) Ask(ctx context.Context, by account.Actor, in Ask) (out Inquiry, err error) {
	if by.Anonymous() {
		return Inquiry{}, errNobody
	}
	in, bad := in.clean()
	if err := bad.Err(); err != nil {
		return Inquiry{}, err
	}
	service, err := m.service(ctx, by, in.ServiceID)
	if err != nil {
		return Inquiry{}, err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		tutor, err := m.askable(ctx, tx, by, in.Handle)
		if err != nil {
			return err
		}
		if in.ServiceID != "" && service.AccountID != tutor.AccountID {
			return errNoService
		}
		if err := m.lockBoth(ctx, tx, by.ID, tutor.AccountID); err != nil {
			return err
		}
		out = Inquiry{ID: tx.RandomID(), LearnerID: by.ID, TutorID: tutor.AccountID, ServiceID: in.ServiceID, ServiceTitle: service.Title,
			Goal: in.Goal, Background: in.Background, Expectation: in.Expectation, State: Open, CreatedAt: tx.Now}
		again, err := asked(ctx, tx, &out)
		if err != nil {
			return err
		}
		if !again {
			if err := m.mayAsk(ctx, tx, by.ID, tutor.AccountID); err != nil {
				return err
			}
			if err := m.put(ctx, tx, by, &out); err != nil {
				return err
			}
		}
		return m.show(ctx, tx, by.ID, &out)
	})
	if in.ServiceID != "" && dangles(err) {
		if _, gone := m.service(ctx, by, in.ServiceID); gone != nil {
			err = gone // removed since it was read
		}
	}
	if err != nil {
		return Inquiry{}, err
	}
	return out, nil
}

// dangles tells that a row names another that is not there.
func dangles(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Code == "reference"
}

// service reads what an inquiry is about, as the learner may.
func (m *Messages) service(ctx context.Context, by account.Actor, id string) (Service, error) {
	if id == "" {
		return Service{}, nil
	}
	if m.services == nil || !idForm.MatchString(id) {
		return Service{}, errNoService
	}
	s, err := m.services(ctx, by, id)
	if err == nil && !s.Open {
		err = errServiceAway
	}
	return s, err
}

// askable finds a tutor who can be asked now.
func (m *Messages) askable(ctx context.Context, tx *db.Tx, by account.Actor, handle string) (profile.Profile, error) {
	if !handleForm.MatchString(handle) {
		return profile.Profile{}, errNoProfile
	}
	acc, err := account.ByHandle(ctx, tx, handle)
	if fault.Is(err, fault.NotFound) {
		return profile.Profile{}, errNoProfile
	}
	if err != nil {
		return profile.Profile{}, err
	}
	row, err := profile.ByID(ctx, tx, acc.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return profile.Profile{}, err
	}
	if err != nil || !row.ReadableBy(by) {
		return profile.Profile{}, errNoProfile
	}
	return row, refusal(by, &row)
}

func refusal(by account.Actor, p *profile.Profile) error {
	switch {
	case p.AccountID == by.ID:
		return errSelf
	case !p.Tutor:
		return errNoTutor
	case p.AccountState != account.Active:
		return errUnclaimed
	case !p.Visible():
		return errPaused
	}
	return nil
}

// Askable tells why a tutor whose profile the actor reads cannot be asked now,
// before anybody types a word or makes an account for it; nil: Ask may be
// tried. Nobody may look, too. Faults: Conflict inquiry_self, tutor_none,
// tutor_unclaimed, tutor_paused, tutor_full.
func Askable(by account.Actor, p profile.Profile, h profile.Habit) error {
	if err := refusal(by, &p); err != nil {
		return err
	}
	if h.Free <= 0 {
		return errFull
	}
	return nil
}

// lockBoth keeps two accounts to this unit of work, so that two tabs cannot
// pass the bounds together.
func (m *Messages) lockBoth(ctx context.Context, tx *db.Tx, learner, tutor string) error {
	if m.db.Engine() == db.SQLite {
		return nil // it has one writer anyway
	}
	var both []int
	err := tx.NewRaw("SELECT 1 FROM account WHERE id IN (?) ORDER BY id FOR NO KEY UPDATE", bun.List([]string{learner, tutor})).Scan(ctx, &both)
	if err == nil && len(both) < 2 {
		err = errNoProfile // one was erased meanwhile
	}
	return err
}

// asked finds an inquiry that waits with the same words about the same service.
func asked(ctx context.Context, tx *db.Tx, in *Inquiry) (bool, error) {
	var open []Inquiry
	err := tx.NewSelect().Model(&open).Where("i.learner_id = ? AND i.tutor_id = ? AND i.state = 'open'", in.LearnerID, in.TutorID).Scan(ctx)
	for i := range open {
		if o := &open[i]; o.ServiceID == in.ServiceID && o.Goal == in.Goal && o.Background == in.Background && o.Expectation == in.Expectation {
			*in = *o
			return true, nil
		}
	}
	return false, err
}

// mayAsk holds the bounds against floods.
func (m *Messages) mayAsk(ctx context.Context, tx *db.Tx, learner, tutor string) error {
	count := func(where string, args ...any) (int, error) {
		n, err := tx.NewSelect().Model((*Inquiry)(nil)).Where(where, args...).Count(ctx)
		return int(n), err
	}
	for _, bound := range []struct {
		most  int
		fault *fault.Error
		where string
		args  []any
	}{
		{1, errWaitsAlready, "i.learner_id = ? AND i.tutor_id = ? AND i.state = 'open'", []any{learner, tutor}},
		{MaxOpen, fault.Of(fault.Conflict, "inquiries_open_max"), "i.learner_id = ? AND i.state = 'open'", []any{learner}},
		{MaxDay, fault.Of(fault.RateLimited, "inquiries_day_max"), "i.learner_id = ? AND i.created_at > ?", []any{learner, tx.Now.Add(-24 * time.Hour)}},
		{MaxAgain, fault.Of(fault.RateLimited, "inquiries_again_max"), "i.learner_id = ? AND i.tutor_id = ? AND i.created_at > ?",
			[]any{learner, tutor, tx.Now.AddDate(0, 0, -AgainDays)}},
	} {
		n, err := count(bound.where, bound.args...)
		if err != nil {
			return err
		}
		if n >= bound.most {
			return bound.fault.With("Max", bound.most)
		}
	}
	h, err := loadHabit(ctx, tx, tutor)
	if err != nil {
		return err
	}
	if h.Waiting >= h.Capacity {
		return errFull
	}
	return nil
}

// put writes a new inquiry with its thread and deadlines and tells the tutor.
func (m *Messages) put(ctx context.Context, tx *db.Tx, by account.Actor, row *Inquiry) error {
	t := thread{ID: row.ID, Kind: kindInquiry, LearnerID: row.LearnerID, TutorID: row.TutorID, State: ThreadOpen, LastAt: tx.Now}
	if _, err := tx.NewInsert().Model(&t).Exec(ctx); err != nil {
		return err
	}
	err := m.showing(ctx, tx, row.TutorID, func() error {
		_, err := tx.NewInsert().Model(row).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := tx.Due(ctx, dueInquiry, row.ID, tx.Now.Add(RemindAfter)); err != nil {
		return err
	}
	if err := tx.Due(ctx, dueThread, row.ID, endingFrom(tx.Now)); err != nil {
		return err
	}
	return m.tell(ctx, tx, row.TutorID, note(ToldInquiry, row.ID, by.Handle))
}

// note is a note about an inquiry or its thread with the other side's handle.
func note(kind, id, handle string) Note {
	return Note{Kind: kind, Subject: id, Path: Path(id), Args: map[string]string{"handle": handle}}
}

// end moves an inquiry out of waiting and takes its deadline away. What the
// tutor's habit becomes follows.
func (m *Messages) end(ctx context.Context, tx *db.Tx, row *Inquiry, act Act) error {
	if err := row.move(act, tx.Now); err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(row).Column("state", "reason", "comment", "ended_at").WherePK().Where("state = ?", Open).Exec(ctx)
	if err := db.Must(res, err, errState); err != nil {
		return err
	}
	for _, kind := range []string{dueInquiry, dueExpiry} {
		if err := tx.NotDue(ctx, kind, row.ID); err != nil {
			return err
		}
	}
	if row.State == Answered {
		return nil
	}
	_, err = tx.NewUpdate().Model((*thread)(nil)).Set("state = ?", ThreadClosed).Where("id = ?", row.ID).Exec(ctx)
	return err
}

// Decline ends an inquiry that waits for the actor, with a reason, and may
// pause the actor's profile in the same unit of work. Faults: Unauthenticated;
// NotFound thread_unknown; Forbidden not_allowed for the learner; Conflict
// inquiry_state, changed_meanwhile; Invalid as fault.Fields:
// value_unknown (reason), required, too_long, text_form (comment), until_range
// (paused_until).
func (m *Messages) Decline(ctx context.Context, by account.Actor, id string, in Declining) (Inquiry, error) {
	if by.Anonymous() {
		return Inquiry{}, errNobody
	}
	in, bad := in.clean()
	if err := bad.Err(); err != nil {
		return Inquiry{}, err
	}
	return m.settle(ctx, by, id, settling{Tutor, Decline, ToldDeclined, func(tx *db.Tx, row *Inquiry) error {
		row.Reason, row.Comment = in.Reason, in.Comment
		if !in.Pause {
			return m.profiles.Acted(ctx, tx, by.ID)
		}
		err := m.profiles.Rest(ctx, tx, by, in.PauseUntil)
		if fault.Is(err, fault.NotFound) {
			return nil // no profile, nothing to pause
		}
		return err
	}})
}

// Withdraw takes the actor's inquiry back while it waits. Faults:
// Unauthenticated; NotFound thread_unknown; Forbidden not_allowed for the
// tutor; Conflict inquiry_state.
func (m *Messages) Withdraw(ctx context.Context, by account.Actor, id string) (Inquiry, error) {
	return m.settle(ctx, by, id, settling{Learner, Withdraw, "", func(*db.Tx, *Inquiry) error { return nil }})
}

// settling is one way in which a party ends an inquiry's waiting.
type settling struct {
	side Role
	act  Act
	told string // what the other side hears; empty: nothing
	with func(*db.Tx, *Inquiry) error
}

func (m *Messages) settle(ctx context.Context, by account.Actor, id string, s settling) (out Inquiry, err error) {
	err = m.own(ctx, by, id, func(tx *db.Tx, t *thread, mine Role) error {
		row, err := loadInquiry(ctx, tx, id)
		if err != nil {
			return err
		}
		if mine != s.side {
			return errSide
		}
		err = m.showing(ctx, tx, t.TutorID, func() error {
			if err := s.with(tx, &row); err != nil {
				return err
			}
			if err := m.end(ctx, tx, &row, s.act); err != nil {
				return err
			}
			return m.learn(ctx, tx, t.TutorID, s.act)
		})
		if err != nil {
			return err
		}
		if s.told != "" {
			n := note(s.told, id, by.Handle)
			n.Args["reason"] = string(row.Reason)
			if err := m.tell(ctx, tx, t.party(mine.other()), n); err != nil {
				return err
			}
		}
		out = row
		return m.show(ctx, tx, by.ID, &out)
	})
	if err != nil {
		return Inquiry{}, err
	}
	return out, nil
}
