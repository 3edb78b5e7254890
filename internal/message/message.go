// Package message lets two people write to each other about one thing without
// giving a contact: a learner's inquiry to a tutor and the thread that follows.
// It promises that nobody but the two sees a thread or that it exists, that an
// inquiry ends in exactly one way, that silence is told to the one who waits
// and counts against nobody but the silent, and that words are gone for good
// 180 days after the last of them. It refuses to show its texts to search,
// logs, metrics and feeds.
package message

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// Role is on which side of a thread somebody stands.
type Role string

// The sides.
const (
	Learner Role = "learner"
	Tutor   Role = "tutor"
)

// other is the opposite side.
func (r Role) other() Role {
	if r == Learner {
		return Tutor
	}
	return Learner
}

// Peer is one side of a thread as the other sees it.
type Peer struct {
	ID      string // account; empty once erased
	Handle  string
	Name    string // display name of a readable profile, else the handle; empty once erased
	Seed    string // of the drawn avatar
	Picture string // blob name; empty: the drawn avatar
	Tutor   bool   // has a tutor's page that everybody can open
	Erased  bool   // the account is gone
}

// Inquiry is one row: what a learner asks of a tutor. Its id is its thread's
// too. Mine and what follows are filled for the one who reads. Of an erased
// learner no words are left, only the thread with the tutor's: then the
// inquiry reads as answered, without texts and without the instants.
type Inquiry struct {
	bun.BaseModel `bun:"table:inquiry,alias:i"`

	ID           string    `bun:"id,pk"`
	LearnerID    string    `bun:"learner_id"`
	TutorID      string    `bun:"tutor_id,nullzero"`   // empty once erased
	ServiceID    string    `bun:"service_id,nullzero"` // empty: about none, or it was removed
	ServiceTitle string    `bun:"service_title"`       // as it was when asked
	Goal         string    `bun:"goal"`
	Background   string    `bun:"background"`
	Expectation  string    `bun:"expectation"`
	State        State     `bun:"state"`
	Reason       Reason    `bun:"reason"`  // of a declined one
	Comment      string    `bun:"comment"` // of a declined one, in the tutor's words
	CreatedAt    time.Time `bun:"created_at"`
	EndedAt      time.Time `bun:"ended_at,nullzero"` // when it stopped waiting: answered, declined, expired or withdrawn

	Expiry time.Time `bun:"expiry,scanonly"` // once the tutor was reminded; see ExpiresAt

	Mine    Role      `bun:"-"` // the reader's side
	Other   Peer      `bun:"-"` // the other side
	Closed  bool      `bun:"-"` // nobody may write any more
	Written int       `bun:"-"` // number of the last message in the thread
	LastAt  time.Time `bun:"-"` // when something was last written
}

// ExpiresAt is when an inquiry that still waits expires by itself: later than
// AnswerWithin where the tutor was reminded late.
func (i *Inquiry) ExpiresAt() time.Time {
	if i.Expiry.IsZero() {
		return i.CreatedAt.Add(AnswerWithin)
	}
	return i.Expiry
}

// Path is where the page of an inquiry and its thread stands on the branch.
func Path(id string) string { return "/inquiries/" + id }

// The kinds of notices, as Teller hears them.
const (
	ToldInquiry      = "inquiry_new"      // to the tutor
	ToldWaiting      = "inquiry_waiting"  // to the tutor, half the time is over
	ToldAnswered     = "inquiry_answered" // to the learner
	ToldDeclined     = "inquiry_declined" // to the learner; argument reason
	ToldExpired      = "inquiry_expired"  // to the learner
	ToldMessage      = "message_new"      // to the other side
	ToldThreadEnding = "thread_ending"    // to both; argument days
	ToldThreadClosed = "thread_closed"    // to the other side
	ToldSilent       = "profile_reminder" // to the tutor; argument count, inquiries in a row without an answer
	ToldSlept        = "profile_slept"    // to the tutor; argument count
)

// Note is what somebody is told: never a text, only a handle (argument handle,
// the other side's) and counts.
type Note struct {
	Kind    string
	Subject string // id of the inquiry or thread
	Cause   string // tells two notes of one kind and subject apart: a message's id or a day; mostly empty
	Path    string
	Args    map[string]string
}

// Teller tells an account something, in the caller's unit of work, and forgets
// what it told the account about a page that is no more.
type Teller interface {
	Tell(ctx context.Context, tx *db.Tx, to string, what Note) error
	Forget(ctx context.Context, tx *db.Tx, to, path string) error
}

// Service is what an inquiry keeps of the service that it is about.
type Service struct {
	AccountID string
	Title     string
	Open      bool // it can be asked for now
}

// Config is what Messages are made of. Teller may be nil: nobody is told.
// Services reads a service as an actor may, NotFound for one that is not there;
// nil: there are none.
type Config struct {
	DB       *db.DB
	Profiles *profile.Profiles
	Teller   Teller
	Services func(ctx context.Context, by account.Actor, id string) (Service, error)
}

// Messages are the branch's inquiries and threads. They are safe for
// concurrent use once wired.
type Messages struct {
	db       *db.DB
	profiles *profile.Profiles
	teller   Teller
	services func(ctx context.Context, by account.Actor, id string) (Service, error)
}

// New wires messages, their deadlines and the job that follows a deletion, so
// call it once a database and before its Work. It follows the profiles and
// tells them how tutors answer.
func New(cfg Config) *Messages {
	m := &Messages{db: cfg.DB, profiles: cfg.Profiles, teller: cfg.Teller, services: cfg.Services}
	cfg.DB.OnDue(dueInquiry, m.remind)
	cfg.DB.OnDue(dueExpiry, m.ageInquiry)
	cfg.DB.OnDue(dueThread, m.ageThread)
	cfg.DB.OnDue(dueHabit, m.ageHabit)
	cfg.DB.OnDue(dueSilence, m.ageSilence)
	db.Handle(cfg.DB, m.wipe)
	cfg.Profiles.Follow(m)
	cfg.Profiles.Answering(m)
	return m
}

// The faults that several verbs share.
var (
	errNobody       = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errUnknown      = fault.Of(fault.NotFound, "thread_unknown")
	errSide         = fault.Of(fault.Forbidden, "not_allowed")
	errState        = fault.Of(fault.Conflict, "inquiry_state")
	errClosed       = fault.Of(fault.Conflict, "thread_closed")
	errWaits        = fault.Of(fault.Conflict, "inquiry_waits")
	errNoProfile    = fault.Of(fault.NotFound, "profile_unknown")
	errNoService    = fault.Of(fault.NotFound, "service_unknown")
	errSelf         = fault.Of(fault.Conflict, "inquiry_self")
	errNoTutor      = fault.Of(fault.Conflict, "tutor_none")
	errUnclaimed    = fault.Of(fault.Conflict, "tutor_unclaimed")
	errPaused       = fault.Of(fault.Conflict, "tutor_paused")
	errFull         = fault.Of(fault.Conflict, "tutor_full")
	errServiceAway  = fault.Of(fault.Conflict, "service_paused")
	errWaitsAlready = fault.Of(fault.Conflict, "inquiry_waits_already")
	errReported     = fault.Of(fault.Conflict, "message_reported")
)

// tell tells an account something, unless it is erased or nobody listens.
func (m *Messages) tell(ctx context.Context, tx *db.Tx, to string, what Note) error {
	if m.teller == nil || to == "" {
		return nil
	}
	return m.teller.Tell(ctx, tx, to, what)
}

// lock makes acts upon one thread follow each other on PostgreSQL. SQLite has
// one writer anyway.
func (m *Messages) lock(ctx context.Context, tx *db.Tx, id string) error {
	if m.db.Engine() == db.SQLite {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM thread WHERE id = ? FOR UPDATE", id).Scan(ctx, &one)
}
