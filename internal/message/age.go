package message

import (
	"context"
	"strconv"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// remind tells the tutor of an inquiry that waits, and only then lets its end
// come: a board that stood still must not make anybody silent untold.
func (m *Messages) remind(ctx context.Context, tx *db.Tx, id string) error {
	return m.waiting(ctx, tx, id, func(row *Inquiry) error {
		if err := m.tellWith(ctx, tx, row.TutorID, note(ToldWaiting, id, ""), row.LearnerID); err != nil {
			return err
		}
		at := row.CreatedAt.Add(AnswerWithin)
		if least := tx.Now.Add(AnswerAfter); at.Before(least) {
			at = least
		}
		return tx.Due(ctx, dueExpiry, id, at)
	})
}

// ageInquiry lets an inquiry expire.
func (m *Messages) ageInquiry(ctx context.Context, tx *db.Tx, id string) error {
	return m.waiting(ctx, tx, id, func(row *Inquiry) error { return m.expire(ctx, tx, row) })
}

// waiting runs what is due with an inquiry, if it still waits.
func (m *Messages) waiting(ctx context.Context, tx *db.Tx, id string, fn func(*Inquiry) error) error {
	if err := m.lock(ctx, tx, id); err != nil {
		return err
	}
	row, err := loadInquiry(ctx, tx, id)
	if fault.Is(err, fault.NotFound) || err == nil && row.State != Open {
		return nil
	}
	if err != nil {
		return err
	}
	return fn(&row)
}

// expire ends an inquiry that nobody answered and counts the silence.
func (m *Messages) expire(ctx context.Context, tx *db.Tx, row *Inquiry) error {
	tutor := row.TutorID
	err := m.showing(ctx, tx, tutor, func() error {
		if err := m.end(ctx, tx, row, Expire); err != nil {
			return err
		}
		return m.learn(ctx, tx, tutor, Expire)
	})
	if err != nil {
		return err
	}
	if err := m.tellWith(ctx, tx, row.LearnerID, note(ToldExpired, row.ID, ""), tutor); err != nil {
		return err
	}
	return m.silent(ctx, tx, row)
}

// silent counts an inquiry without an answer: after two in a row the tutor is
// asked, after three the profile is paused and its owner told why. Between the
// two lies a day at least, also when all three ran out at once. While the
// profile is not open nothing counts: nobody has to answer in a pause.
func (m *Messages) silent(ctx context.Context, tx *db.Tx, row *Inquiry) error {
	p, err := profile.ByID(ctx, tx, row.TutorID)
	if fault.Is(err, fault.NotFound) || err == nil && p.State != profile.Open {
		return nil
	}
	if err != nil {
		return err
	}
	if counts, err := anew(ctx, tx, row); err != nil || !counts {
		return err
	}
	h, err := m.holdHabit(ctx, tx, row.TutorID)
	if err != nil {
		return err
	}
	h.Unanswered++
	if err := h.save(ctx, tx); err != nil {
		return err
	}
	if h.Unanswered == SilentReminder {
		if err := tx.Due(ctx, dueSilence, h.AccountID, tx.Now.Add(SilentGrace)); err != nil {
			return err
		}
		return m.tell(ctx, tx, h.AccountID, h.note(ToldSilent, row.ID))
	}
	asked, err := tx.NewSelect().Model((*db.Deadline)(nil)).Where("kind = ? AND id = ?", dueSilence, h.AccountID).Exists(ctx)
	if err != nil || asked {
		return err // just asked: ageSilence looks again
	}
	return m.sleep(ctx, tx, &h, row.ID)
}

// ageSilence pauses the profile of a tutor who was asked a day ago and has left
// a third inquiry without an answer meanwhile.
func (m *Messages) ageSilence(ctx context.Context, tx *db.Tx, id string) error {
	if _, err := account.ByID(ctx, tx, id); err != nil {
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	}
	h, err := m.holdHabit(ctx, tx, id)
	if err != nil {
		return err
	}
	return m.sleep(ctx, tx, &h, id+"/"+db.Date(tx.Now))
}

// sleep pauses the open profile of a tutor who left three inquiries in a row
// without an answer, and says why.
func (m *Messages) sleep(ctx context.Context, tx *db.Tx, h *habit, subject string) error {
	if h.Unanswered < SilentPause {
		return nil
	}
	paused, err := m.profiles.Silence(ctx, tx, h.AccountID)
	if err != nil || !paused {
		return err
	}
	told := h.note(ToldSlept, subject)
	h.Unanswered, h.SleptOn = 0, tx.Today()
	if err := h.save(ctx, tx); err != nil {
		return err
	}
	return m.tell(ctx, tx, h.AccountID, told)
}

// note is about the tutor's own silence.
func (h *habit) note(kind, subject string) Note {
	return Note{Kind: kind, Subject: subject, Path: "/me", Args: map[string]string{"count": strconv.Itoa(h.Unanswered)}}
}

// ageThread tells both that a silent thread ends, and two weeks later deletes
// it. Nobody loses one untold, even when the program stood still meanwhile.
func (m *Messages) ageThread(ctx context.Context, tx *db.Tx, id string) error {
	if err := m.lock(ctx, tx, id); err != nil {
		return err
	}
	t, err := loadThread(ctx, tx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch from := endingFrom(t.LastAt); {
	case tx.Now.Before(from):
		return tx.Due(ctx, dueThread, id, from)
	case t.EndingOn.IsZero():
		return m.announceEnd(ctx, tx, &t)
	case tx.Now.Before(t.EndingOn.AddDate(0, 0, EndNotice)):
		return tx.Due(ctx, dueThread, id, t.EndingOn.AddDate(0, 0, EndNotice))
	}
	return m.remove(ctx, tx, &t)
}

func (m *Messages) announceEnd(ctx context.Context, tx *db.Tx, t *thread) error {
	t.EndingOn = tx.Today()
	if _, err := tx.NewUpdate().Model(t).Column("ending_on").WherePK().Exec(ctx); err != nil {
		return err
	}
	for _, side := range []Role{Learner, Tutor} {
		n := note(ToldThreadEnding, t.ID, "")
		n.Cause, n.Args["days"] = t.EndingOn.Format(time.DateOnly), strconv.Itoa(EndNotice)
		if err := m.tellWith(ctx, tx, t.party(side), n, t.party(side.other())); err != nil {
			return err
		}
	}
	return tx.Due(ctx, dueThread, t.ID, t.EndingOn.AddDate(0, 0, EndNotice))
}

// remove deletes a thread with all that was written in it and what its sides
// were told of it, and has the files forget it after the commit.
func (m *Messages) remove(ctx context.Context, tx *db.Tx, t *thread) error {
	for _, side := range []Role{Learner, Tutor} {
		if who := t.party(side); who != "" && m.teller != nil {
			if err := m.teller.Forget(ctx, tx, who, Path(t.ID)); err != nil {
				return err
			}
		}
	}
	if _, err := tx.NewDelete().Model((*thread)(nil)).Where("id = ?", t.ID).Exec(ctx); err != nil {
		return err
	}
	for _, kind := range []string{dueThread, dueInquiry, dueExpiry} {
		if err := tx.NotDue(ctx, kind, t.ID); err != nil {
			return err
		}
	}
	if err := m.recount(ctx, tx, t.TutorID); err != nil {
		return err
	}
	return tx.Enqueue(ctx, wipeJob{})
}

// wipeJob follows the deletion of threads: the database's files are rid of
// their words.
type wipeJob struct{}

// Kind is the job's word.
func (wipeJob) Kind() string { return "message_wipe" }

func (m *Messages) wipe(ctx context.Context, _ wipeJob) error { return m.db.Compact(ctx) }

// tellWith tells a note with the handle of the other side, empty once erased.
func (m *Messages) tellWith(ctx context.Context, tx *db.Tx, to string, n Note, other string) error {
	if m.teller == nil || to == "" {
		return nil
	}
	if other != "" {
		acc, err := account.ByID(ctx, tx, other)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		n.Args["handle"] = acc.Handle
	}
	return m.tell(ctx, tx, to, n)
}
