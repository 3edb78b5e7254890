package message

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// kindInquiry is the one kind of threads so far.
const kindInquiry = "inquiry"

// thread is one row. Reading is kept as a message's number, and only while
// both sides want marks.
type thread struct {
	bun.BaseModel `bun:"table:thread,alias:t"`

	ID           string      `bun:"id,pk"`
	Kind         string      `bun:"kind"`
	LearnerID    string      `bun:"learner_id,nullzero"` // empty once erased
	TutorID      string      `bun:"tutor_id,nullzero"`
	State        ThreadState `bun:"state"`
	Messages     int         `bun:"messages"` // number of the last one
	LearnerMarks bool        `bun:"learner_marks"`
	TutorMarks   bool        `bun:"tutor_marks"`
	LearnerRead  int         `bun:"learner_read"`
	TutorRead    int         `bun:"tutor_read"`
	LastAt       time.Time   `bun:"last_at"`
	EndingOn     time.Time   `bun:"ending_on,nullzero"` // day on which both were told of the end
}

// side is where an account stands, empty for a stranger.
func (t *thread) side(id string) Role {
	switch id {
	case "":
		return ""
	case t.LearnerID:
		return Learner
	case t.TutorID:
		return Tutor
	}
	return ""
}

// party is the account on a side.
func (t *thread) party(r Role) string {
	if r == Learner {
		return t.LearnerID
	}
	return t.TutorID
}

func (t *thread) marks(r Role) bool {
	if r == Learner {
		return t.LearnerMarks
	}
	return t.TutorMarks
}

func (t *thread) read(r Role) int {
	if r == Learner {
		return t.LearnerRead
	}
	return t.TutorRead
}

func (t *thread) setRead(r Role, n int) {
	if r == Learner {
		t.LearnerRead = n
	} else {
		t.TutorRead = n
	}
}

// endsOn is the day on which the thread is deleted if nobody writes.
func (t *thread) endsOn() time.Time {
	from := t.EndingOn
	if from.IsZero() {
		from = endingFrom(t.LastAt)
	}
	return from.AddDate(0, 0, EndNotice)
}

// Msg is one row: something that one side wrote.
type Msg struct {
	bun.BaseModel `bun:"table:message,alias:m"`

	ID        string    `bun:"id,pk"`
	ThreadID  string    `bun:"thread_id"`
	N         int       `bun:"n"` // its number in the thread, from 1
	ByLearner bool      `bun:"by_learner"`
	Text      string    `bun:"text"` // Markdown
	CreatedAt time.Time `bun:"created_at"`

	Mine     bool `bun:"-"`                 // the reader wrote it
	Reported bool `bun:"reported,scanonly"` // by the reader
}

// loadThread reads a thread in the caller's unit of work; any text may be asked for.
func loadThread(ctx context.Context, tx *db.Tx, id string) (t thread, err error) {
	if !idForm.MatchString(id) {
		return thread{}, errUnknown
	}
	err = db.One(ctx, tx.NewSelect().Model(&t).Where("t.id = ?", id), errUnknown)
	return t, err
}

// loadInquiry reads a thread's inquiry.
func loadInquiry(ctx context.Context, tx *db.Tx, id string) (row Inquiry, err error) {
	err = db.One(ctx, tx.NewSelect().Model(&row).Where("i.id = ?", id), errUnknown)
	return row, err
}

// party reads a thread for one of its sides. To all others there is none.
func party(ctx context.Context, tx *db.Tx, by account.Actor, id string) (thread, Role, error) {
	t, err := loadThread(ctx, tx, id)
	if err != nil {
		return thread{}, "", err
	}
	mine := t.side(by.ID)
	if mine == "" {
		return thread{}, "", errUnknown
	}
	return t, mine, nil
}

// own runs an act of a side upon its thread, one act at a time.
func (m *Messages) own(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *thread, Role) error) error {
	if by.Anonymous() {
		return errNobody
	}
	return m.db.Write(ctx, func(tx *db.Tx) error {
		t, mine, err := party(ctx, tx, by, id)
		if err != nil {
			return err // before the lock: a stranger holds nothing up
		}
		if m.db.Engine() == db.PostgreSQL {
			if err := m.lock(ctx, tx, id); err != nil {
				return err
			}
			if t, mine, err = party(ctx, tx, by, id); err != nil {
				return err
			}
		}
		return fn(tx, &t, mine)
	})
}

// Write adds a message. The tutor's first one answers the inquiry; the learner
// may add a little while it waits. The same words twice in a row are kept
// once, so that a form sent again does no harm. Faults: Unauthenticated;
// NotFound thread_unknown; Conflict thread_closed; Invalid required, too_long,
// text_form (text); RateLimited messages_in_row_max (argument Max).
func (m *Messages) Write(ctx context.Context, by account.Actor, id, text string) (out Msg, err error) {
	if by.Anonymous() {
		return Msg{}, errNobody
	}
	if text, err = checkText(text); err != nil {
		return Msg{}, err
	}
	err = m.own(ctx, by, id, func(tx *db.Tx, t *thread, mine Role) error {
		if t.State != ThreadOpen {
			return errClosed
		}
		row, err := loadInquiry(ctx, tx, id)
		if err != nil {
			return err
		}
		out = Msg{ID: tx.RandomID(), ThreadID: id, N: t.Messages + 1, ByLearner: mine == Learner, Text: text, CreatedAt: tx.Now, Mine: true}
		if again, err := repeated(ctx, tx, &out); again || err != nil {
			return err
		}
		if err := mayWrite(ctx, tx, t, mine, row.State); err != nil {
			return err
		}
		kind, err := m.answer(ctx, tx, by, &row)
		if err != nil {
			return err
		}
		if err := m.append(ctx, tx, t, &out); err != nil {
			return err
		}
		n := note(kind, id, by.Handle)
		n.Cause = out.ID
		return m.tell(ctx, tx, t.party(mine.other()), n)
	})
	if err != nil {
		return Msg{}, err
	}
	return out, nil
}

// repeated finds the same words of the same side as the thread's last ones.
func repeated(ctx context.Context, tx *db.Tx, out *Msg) (bool, error) {
	var last []Msg
	err := tx.NewSelect().Model(&last).Where("m.thread_id = ?", out.ThreadID).OrderExpr("m.n DESC").Limit(1).Scan(ctx)
	if err != nil || len(last) == 0 || last[0].ByLearner != out.ByLearner || last[0].Text != out.Text {
		return false, err
	}
	*out = last[0]
	out.Mine = true
	return true, nil
}

// mayWrite bounds how much one side writes without the other.
func mayWrite(ctx context.Context, tx *db.Tx, t *thread, mine Role, s State) error {
	most := MaxInRow
	if s == Open && mine == Learner {
		most = MaxInRowOpen
	}
	n, err := tx.NewSelect().Model((*Msg)(nil)).Where("m.thread_id = ? AND m.by_learner = ?", t.ID, mine == Learner).
		Where("m.n > coalesce((SELECT max(o.n) FROM message AS o WHERE o.thread_id = ? AND o.by_learner = ?), 0)", t.ID, mine != Learner).Count(ctx)
	if err == nil && int(n) >= most {
		err = fault.Of(fault.RateLimited, "messages_in_row_max").With("Max", most)
	}
	return err
}

// answer ends the waiting when it is the tutor who writes, and tells which
// kind of notice the message is.
func (m *Messages) answer(ctx context.Context, tx *db.Tx, by account.Actor, row *Inquiry) (kind string, err error) {
	if by.ID != row.TutorID {
		return ToldMessage, nil
	}
	if err := m.profiles.Acted(ctx, tx, by.ID); err != nil {
		return "", err
	}
	if row.State != Open {
		return ToldMessage, nil
	}
	return ToldAnswered, m.showing(ctx, tx, by.ID, func() error {
		if err := m.end(ctx, tx, row, Answer); err != nil {
			return err
		}
		return m.learn(ctx, tx, by.ID, Answer)
	})
}

// append writes a message and puts the end of its thread off.
func (m *Messages) append(ctx context.Context, tx *db.Tx, t *thread, msg *Msg) error {
	later := !t.EndingOn.IsZero() || !endingFrom(t.LastAt).Equal(endingFrom(tx.Now))
	t.Messages, t.LastAt, t.EndingOn = msg.N, tx.Now, time.Time{}
	if t.LearnerMarks && t.TutorMarks {
		side := Tutor
		if msg.ByLearner {
			side = Learner
		}
		t.setRead(side, msg.N)
	}
	if _, err := tx.NewUpdate().Model(t).WherePK().Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(msg).Exec(ctx); err != nil || !later {
		return err
	}
	return tx.Due(ctx, dueThread, t.ID, endingFrom(tx.Now))
}

// Close ends a thread for both: it can be read but nobody writes any more. An
// inquiry that waits is declined or withdrawn instead. Faults:
// Unauthenticated; NotFound thread_unknown; Conflict thread_closed,
// inquiry_waits.
func (m *Messages) Close(ctx context.Context, by account.Actor, id string) error {
	return m.own(ctx, by, id, func(tx *db.Tx, t *thread, mine Role) error {
		if t.State != ThreadOpen {
			return errClosed
		}
		row, err := loadInquiry(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.State == Open {
			return errWaits
		}
		t.State = ThreadClosed
		if _, err := tx.NewUpdate().Model(t).WherePK().Exec(ctx); err != nil {
			return err
		}
		return m.tell(ctx, tx, t.party(mine.other()), note(ToldThreadClosed, id, by.Handle))
	})
}

// SetMarks says whether the actor wants marks of reading in a thread: there
// are some only while both sides do, and what was marked is forgotten when one
// does not. Faults: Unauthenticated; NotFound thread_unknown.
func (m *Messages) SetMarks(ctx context.Context, by account.Actor, id string, on bool) error {
	return m.own(ctx, by, id, func(tx *db.Tx, t *thread, mine Role) error {
		if mine == Learner {
			t.LearnerMarks = on
		} else {
			t.TutorMarks = on
		}
		if !t.LearnerMarks || !t.TutorMarks {
			t.LearnerRead, t.TutorRead = 0, 0
		}
		_, err := tx.NewUpdate().Model(t).WherePK().Exec(ctx)
		return err
	})
}

// MarkRead marks that the actor has read up to a message, by its number. It
// does nothing unless both sides want marks. Faults: Unauthenticated; NotFound
// thread_unknown.
func (m *Messages) MarkRead(ctx context.Context, by account.Actor, id string, n int) error {
	return m.own(ctx, by, id, func(tx *db.Tx, t *thread, mine Role) error {
		n = min(n, t.Messages)
		if !t.LearnerMarks || !t.TutorMarks || n <= t.read(mine) {
			return nil
		}
		t.setRead(mine, n)
		_, err := tx.NewUpdate().Model(t).WherePK().Exec(ctx)
		return err
	})
}
