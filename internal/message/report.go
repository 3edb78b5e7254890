package message

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// report is one row: a message, or an inquiry with what was answered to it,
// that one side shows to the moderators.
type report struct {
	bun.BaseModel `bun:"table:message_report,alias:r"`

	ID         string    `bun:"id,pk"`
	ThreadID   string    `bun:"thread_id"`
	SubjectID  string    `bun:"subject_id"`
	ByLearner  bool      `bun:"by_learner"`
	Reason     string    `bun:"reason"`
	ReportedOn time.Time `bun:"reported_on"`
}

// Report shows a message of the other side to the moderators, with a reason of
// at least MinReport characters. The id of the inquiry itself reports its
// texts, or the words with which it was declined. What a tutor reports is no
// silence of the tutor's. Faults: Unauthenticated;
// NotFound thread_unknown, also for one that is not the caller's; NotFound
// message_unknown, also for own words, for a message of another thread, and
// where there are none: of a refusal without any, of one who is erased;
// Invalid too_short, too_long, text_form (reason); Conflict message_reported.
func (m *Messages) Report(ctx context.Context, by account.Actor, inquiryID, messageID, reason string) error {
	if by.Anonymous() {
		return errNobody
	}
	reason, err := checkReport(reason)
	if err != nil {
		return err
	}
	err = m.db.Write(ctx, func(tx *db.Tx) error {
		t, row, err := reportOf(ctx, tx, by, inquiryID, messageID)
		if err != nil {
			return err
		}
		if err := m.lock(ctx, tx, t.ID); err != nil { // it may run out at this instant
			return err
		}
		n, err := tx.NewSelect().Model((*report)(nil)).Where("r.subject_id = ? AND r.by_learner = ?", messageID, row.ByLearner).Count(ctx)
		if err == nil && n > 0 {
			err = errReported
		}
		if err != nil {
			return err
		}
		row.Reason = reason
		if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil || row.ByLearner {
			return err
		}
		return m.forgive(ctx, tx, &t)
	})
	if db.Duplicate(err, "message_report", "subject_id") {
		err = errReported // two tabs at once
	}
	return err
}

// reportOf finds what somebody reports in a thread, when it is the other side's.
func reportOf(ctx context.Context, tx *db.Tx, by account.Actor, inquiryID, messageID string) (thread, report, error) {
	t, mine, err := party(ctx, tx, by, inquiryID)
	if err != nil {
		return thread{}, report{}, err
	}
	unknown := fault.Of(fault.NotFound, "message_unknown")
	out := report{ID: tx.RandomID(), ThreadID: t.ID, SubjectID: messageID, ByLearner: mine == Learner, ReportedOn: tx.Today()}
	if messageID == t.ID {
		row, err := loadInquiry(ctx, tx, t.ID)
		words := row.Goal
		if mine == Learner {
			words = row.Comment // declined without a word, or not at all
		}
		if fault.Is(err, fault.NotFound) || err == nil && words == "" {
			err = unknown
		}
		return t, out, err
	}
	if !idForm.MatchString(messageID) {
		return thread{}, report{}, unknown
	}
	var msg Msg
	err = db.One(ctx, tx.NewSelect().Model(&msg).Where("m.id = ? AND m.thread_id = ?", messageID, t.ID), unknown)
	if err == nil && (msg.ByLearner == (mine == Learner) || msg.Text == "") {
		err = unknown
	}
	return t, out, err
}
