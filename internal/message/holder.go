package message

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// export is what one account takes away.
type export struct {
	Threads []exportThread `json:"threads"`
	Habit   *exportHabit   `json:"habit"`
}

type exportThread struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Side     Role            `json:"side"`
	With     string          `json:"with"` // handle; empty once erased
	State    ThreadState     `json:"state"`
	Marks    bool            `json:"marks"`
	Read     int             `json:"read"`
	LastAt   time.Time       `json:"last_at"`
	EndingOn string          `json:"ending_on"`
	Inquiry  *exportInquiry  `json:"inquiry"`
	Messages []exportMessage `json:"messages"`
	Reports  []exportReport  `json:"reports"`
}

type exportInquiry struct {
	ServiceID    string     `json:"service_id"`
	ServiceTitle string     `json:"service_title"`
	Goal         string     `json:"goal"`
	Background   string     `json:"background"`
	Expectation  string     `json:"expectation"`
	State        State      `json:"state"`
	Reason       Reason     `json:"reason"`
	Comment      string     `json:"comment"`
	CreatedAt    time.Time  `json:"created_at"`
	EndedAt      *time.Time `json:"ended_at"`
}

type exportMessage struct {
	ID        string    `json:"id"`
	N         int       `json:"n"`
	Own       bool      `json:"own"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
}

type exportReport struct {
	ID         string `json:"id"`
	SubjectID  string `json:"subject_id"`
	Reason     string `json:"reason"`
	ReportedOn string `json:"reported_on"`
}

type exportHabit struct {
	Asked      int    `json:"asked"`
	Answered   int    `json:"answered"`
	Median     *int   `json:"median_minutes"`
	Unanswered int    `json:"unanswered"`
	Capacity   int    `json:"capacity"`
	SleptOn    string `json:"slept_on"`
}

// Tables lists the tables that this package answers for.
func Tables() []string {
	return []string{"thread", "inquiry", "message", "message_report", "reply_habit"}
}

// Export writes the account's threads, with what both sides wrote to each
// other, and its habit as one JSON value. It implements account.Holder.
func (m *Messages) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	out := export{Threads: []exportThread{}}
	rows, err := threadsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for i := range rows {
		one, err := exported(ctx, tx, id, &rows[i])
		if err != nil {
			return err
		}
		out.Threads = append(out.Threads, one)
	}
	var habits []habit
	if err := tx.NewSelect().Model(&habits).Where("h.account_id = ?", id).Scan(ctx); err != nil {
		return err
	}
	for _, h := range habits {
		out.Habit = &exportHabit{h.Asked, h.Answered, h.Median, h.Unanswered, h.Capacity, db.Date(h.SleptOn)}
	}
	return json.NewEncoder(w).Encode(out)
}

func threadsOf(ctx context.Context, tx *db.Tx, id string) (rows []thread, err error) {
	err = tx.NewSelect().Model(&rows).Where("t.learner_id = ? OR t.tutor_id = ?", id, id).OrderExpr("t.last_at, t.id").Scan(ctx)
	return rows, err
}

func exported(ctx context.Context, tx *db.Tx, id string, t *thread) (exportThread, error) {
	mine := t.side(id)
	out := exportThread{ID: t.ID, Kind: t.Kind, Side: mine, State: t.State, Marks: t.marks(mine), Read: t.read(mine), LastAt: t.LastAt,
		EndingOn: db.Date(t.EndingOn), Messages: []exportMessage{}, Reports: []exportReport{}}
	others, err := peers(ctx, tx, []string{t.party(mine.other())})
	if err != nil {
		return exportThread{}, err
	}
	out.With = others[t.party(mine.other())].Handle
	var inquiries []Inquiry
	if err := tx.NewSelect().Model(&inquiries).Where("i.id = ?", t.ID).Scan(ctx); err != nil {
		return exportThread{}, err
	}
	for _, q := range inquiries {
		out.Inquiry = &exportInquiry{ServiceID: q.ServiceID, ServiceTitle: q.ServiceTitle, Goal: q.Goal, Background: q.Background,
			Expectation: q.Expectation, State: q.State, Reason: q.Reason, Comment: q.Comment, CreatedAt: q.CreatedAt}
		if !q.EndedAt.IsZero() {
			out.Inquiry.EndedAt = &q.EndedAt
		}
	}
	var messages []Msg
	if err := tx.NewSelect().Model(&messages).Where("m.thread_id = ?", t.ID).OrderExpr("m.n").Scan(ctx); err != nil {
		return exportThread{}, err
	}
	for _, msg := range messages {
		out.Messages = append(out.Messages, exportMessage{msg.ID, msg.N, msg.ByLearner == (mine == Learner), msg.Text, msg.CreatedAt})
	}
	var reports []report
	err = tx.NewSelect().Model(&reports).Where("r.thread_id = ? AND r.by_learner = ?", t.ID, mine == Learner).OrderExpr("r.id").Scan(ctx)
	for _, r := range reports {
		out.Reports = append(out.Reports, exportReport{r.ID, r.SubjectID, r.Reason, db.Date(r.ReportedOn)})
	}
	return out, err
}

// Erase removes everything the account wrote, its inquiries and its habit. The
// other side keeps its own words, in a closed thread with somebody erased;
// where it has none, the thread goes. It implements account.Holder.
func (m *Messages) Erase(ctx context.Context, tx *db.Tx, id string) error {
	rows, err := threadsOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := m.leave(ctx, tx, id, rows[i].ID); err != nil {
			return err
		}
	}
	for _, kind := range []string{dueHabit, dueSilence} {
		if err := tx.NotDue(ctx, kind, id); err != nil {
			return err
		}
	}
	_, err = tx.NewDelete().Model((*habit)(nil)).Where("account_id = ?", id).Exec(ctx)
	return err
}

// leave takes one party and its words out of a thread.
func (m *Messages) leave(ctx context.Context, tx *db.Tx, id, threadID string) error {
	if err := m.lock(ctx, tx, threadID); err != nil {
		return err
	}
	t, err := loadThread(ctx, tx, threadID)
	if err != nil {
		return err
	}
	mine, other, told := t.side(id), t.party(t.side(id).other()), ""
	if t.State == ThreadOpen {
		told = ToldThreadClosed
	}
	if mine == Tutor {
		if told, err = m.leaveAsked(ctx, tx, t.ID, told); err != nil {
			return err
		}
	}
	kept := false
	err = m.showing(ctx, tx, t.TutorID, func() (err error) {
		kept, err = m.without(ctx, tx, &t, mine)
		return err
	})
	if err != nil || !kept || told == "" {
		return err
	}
	return m.tell(ctx, tx, other, note(told, t.ID, ""))
}

// without is a thread without one party; it is deleted unless words of the
// other are left.
func (m *Messages) without(ctx context.Context, tx *db.Tx, t *thread, gone Role) (kept bool, err error) {
	if err := forget(ctx, tx, t, gone); err != nil {
		return false, err
	}
	if kept, err = keeps(ctx, tx, t); err != nil {
		return false, err
	}
	if !kept {
		return false, m.remove(ctx, tx, t)
	}
	if _, err := tx.NewUpdate().Model(t).WherePK().Exec(ctx); err != nil {
		return false, err
	}
	if gone == Tutor {
		return true, nil
	}
	return true, m.recount(ctx, tx, t.TutorID)
}

// leaveAsked lets an inquiry that still waits for an erased tutor expire at
// once: its learner need not wait for nobody.
func (m *Messages) leaveAsked(ctx context.Context, tx *db.Tx, id, told string) (string, error) {
	row, err := loadInquiry(ctx, tx, id)
	if fault.Is(err, fault.NotFound) || err == nil && row.State != Open {
		return told, nil // of an erased learner there is none
	}
	if err != nil {
		return "", err
	}
	return ToldExpired, m.end(ctx, tx, &row, Expire)
}

// forget deletes what a side wrote and its place in the thread.
func forget(ctx context.Context, tx *db.Tx, t *thread, mine Role) error {
	words := tx.NewSelect().Model((*Msg)(nil)).Column("m.id").Where("m.thread_id = ? AND m.by_learner = ?", t.ID, mine == Learner)
	for _, q := range []*bun.DeleteQuery{
		tx.NewDelete().Model((*report)(nil)).Where("thread_id = ?", t.ID).Where("by_learner = ? OR subject_id IN (?) OR subject_id = ?",
			mine == Learner, words, t.ID),
		tx.NewDelete().Model((*Msg)(nil)).Where("thread_id = ? AND by_learner = ?", t.ID, mine == Learner),
	} {
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	t.State, t.LearnerMarks, t.TutorMarks, t.LearnerRead, t.TutorRead = ThreadClosed, false, false, 0, 0
	if mine == Learner {
		t.LearnerID = ""
		_, err := tx.NewDelete().Model((*Inquiry)(nil)).Where("id = ?", t.ID).Exec(ctx)
		return err
	}
	t.TutorID = ""
	_, err := tx.NewUpdate().Model((*Inquiry)(nil)).Set("tutor_id = NULL, comment = ''").Where("id = ?", t.ID).Exec(ctx)
	return err
}

// keeps tells whether words of the one who stays are left.
func keeps(ctx context.Context, tx *db.Tx, t *thread) (bool, error) {
	if t.LearnerID != "" {
		return true, nil // the inquiry is the learner's
	}
	if t.TutorID == "" {
		return false, nil
	}
	n, err := tx.NewSelect().Model((*Msg)(nil)).Where("m.thread_id = ?", t.ID).Count(ctx)
	return n > 0, err
}
