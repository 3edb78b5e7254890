package message

import (
	"time"

	"github.com/tmoeg/oduvan/internal/db"
)

// State is how far an inquiry is.
type State string

// The states. Only an open one can change.
const (
	Open      State = "open"      // it waits for the tutor
	Answered  State = "answered"  // the tutor wrote
	Declined  State = "declined"  // the tutor declined with a reason
	Expired   State = "expired"   // nobody answered within AnswerWithin
	Withdrawn State = "withdrawn" // the learner took it back
)

// States lists the states in their order.
func States() []State { return []State{Open, Answered, Declined, Expired, Withdrawn} }

// Act is what ends the waiting.
type Act string

// The acts. Expire is done by time, or when the tutor's account is erased.
const (
	Answer   Act = "answer"
	Decline  Act = "decline"
	Expire   Act = "expire"
	Withdraw Act = "withdraw"
)

// Transition is one way an inquiry may go.
type Transition struct {
	From State
	Act  Act
	To   State
}

// Transitions is the whole machine: what is not in it is refused.
func Transitions() []Transition {
	return []Transition{{Open, Answer, Answered}, {Open, Decline, Declined}, {Open, Expire, Expired}, {Open, Withdraw, Withdrawn}}
}

// move goes one way of the machine. Fault: Conflict (inquiry_state).
func (i *Inquiry) move(act Act, now time.Time) error {
	for _, t := range Transitions() {
		if t.From == i.State && t.Act == act {
			i.State, i.EndedAt = t.To, now
			return nil
		}
	}
	return errState
}

// Reason is why a tutor declines.
type Reason string

// The reasons. Other needs a comment.
const (
	NoTime     Reason = "no_time"
	NotMyTopic Reason = "not_my_topic"
	Busy       Reason = "busy" // with others
	OnBreak    Reason = "on_break"
	Other      Reason = "other"
)

// Reasons lists the reasons in the order in which a form shows them.
func Reasons() []Reason { return []Reason{NoTime, NotMyTopic, Busy, OnBreak, Other} }

// ThreadState tells whether one may write.
type ThreadState string

// The states of a thread.
const (
	ThreadOpen   ThreadState = "open"
	ThreadClosed ThreadState = "closed"
)

// How things age.
const (
	AnswerWithin = 48 * time.Hour // then an inquiry expires
	RemindAfter  = 24 * time.Hour // then the tutor hears that somebody waits
	AnswerAfter  = 24 * time.Hour // as long at least the tutor has after hearing that, however late it was
	EndAfter     = 180            // days of silence, then a thread is deleted
	EndNotice    = 14             // days before that both are told
)

// The kinds of deadlines.
const (
	dueInquiry = "inquiry"        // the tutor is reminded
	dueExpiry  = "inquiry_expiry" // set by the reminder, so that nobody is silent untold
	dueThread  = "thread"
	dueHabit   = "habit"
	dueSilence = "silence"
)

// endingFrom is the day on which both are told that a thread ends.
func endingFrom(last time.Time) time.Time { return db.Day(last).AddDate(0, 0, EndAfter-EndNotice) }
