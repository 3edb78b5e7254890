// Package licence lets the holders of rights sell time-limited licences for the
// commercial use of works that are free for everything else: works with their
// authors and the ground on which each part may be licensed, offers, and the
// grants that come of them.
//
// It promises that nothing is offered or sold while one part of a work's
// version lacks a ground, a claim to its rights is open, or a community work
// has no adopted agreement behind it; that a consent names who is paid and is
// given anew for each version; that a grant always ends; and that whatever is
// withdrawn ends new sales and never what was sold. It refuses to own rights:
// it records the grounds that people state and creates none, it never splits
// money, and it never knows the content of a work, only its digest.
package licence

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Config is what Licences are made of. DB, Branch, Profiles, URL, Terms and
// CurrentTerms are needed; Payments and Keys too where anything is sold.
type Config struct {
	DB       *db.DB
	Keys     *secret.Keys
	Branch   *branch.Branch
	Profiles *profile.Profiles
	Payments *payment.Payments
	URL      string // of the branch: the issuer of certificates, and where its community works stand

	Terms        func(version string) (sha256 string, ok bool) // texts of the licence's terms
	CurrentTerms string                                        // the version that new offers are made under
	Skill        func(text string) string                      // a skill's id for any spelling, a free word as it is; nil: as it is

	// Fetch reads a public address over https for the proof of a work's address;
	// nil: nothing can be proved here. It is never called within a transaction.
	Fetch func(ctx context.Context, address string) ([]byte, error)
	// Forbidden tells that a text holds a destination of the fund; nil: there is none.
	Forbidden func(ctx context.Context, tx *db.Tx, text string) (bool, error)
	// Tell tells an account something; nil: nobody is told.
	Tell func(ctx context.Context, tx *db.Tx, to string, what Note) error
	Log  *slog.Logger // nil: discards
}

// Licences are the branch's works, offers and grants. They are safe for
// concurrent use once wired.
type Licences struct {
	db        *db.DB
	keys      *secret.Keys
	branch    *branch.Branch
	profiles  *profile.Profiles
	payments  *payment.Payments
	origin    string // of the branch, without a last slash
	terms     func(version string) (sha256 string, ok bool)
	current   string // version of the terms for new offers
	skill     func(text string) string
	fetch     func(ctx context.Context, address string) ([]byte, error)
	forbidden func(ctx context.Context, tx *db.Tx, text string) (bool, error)
	teller    func(ctx context.Context, tx *db.Tx, to string, what Note) error
	log       *slog.Logger
	lists     statusCache
}

// New wires works, offers and grants, their deadlines and what they sell, so
// call it once a database and before its Work. It follows the profiles.
func New(cfg Config) *Licences {
	l := &Licences{db: cfg.DB, keys: cfg.Keys, branch: cfg.Branch, profiles: cfg.Profiles, payments: cfg.Payments,
		origin: strings.TrimRight(cfg.URL, "/"), terms: cfg.Terms, current: cfg.CurrentTerms, skill: cfg.Skill, fetch: cfg.Fetch,
		forbidden: cfg.Forbidden, teller: cfg.Tell, log: cfg.Log}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.skill == nil {
		l.skill = func(text string) string { return text }
	}
	l.wireGrants()
	return l
}

// Note is what somebody is told: never a text, only a handle, days, counts and
// codes.
type Note struct {
	Kind    string
	Subject string // id of the work, offer or grant
	Cause   string // tells two notes of one kind and subject apart; mostly empty
	Path    string
	Args    map[string]string
}

// The kinds of notices about works, as Config.Tell hears them. Each has the
// argument reason.
const (
	ToldConsent = "work_consent" // to an author: asked; to who registered the work: given, withdrawn; argument handle
	ToldClaim   = "work_claim"   // to who registered the work: opened; to both: upheld, rejected; withdrawn
)

// tell tells an account something, unless it is erased or nobody listens.
func (l *Licences) tell(ctx context.Context, tx *db.Tx, to string, what Note) error {
	if l.teller == nil || to == "" {
		return nil
	}
	return l.teller(ctx, tx, to, what)
}

// WorkPath is where the page of a work stands on the branch.
func WorkPath(id string) string { return "/works/" + id }

// The faults that several verbs of works share.
var (
	errNobody     = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errNotAllowed = fault.Of(fault.Forbidden, "not_allowed")
	errNoWork     = fault.Of(fault.NotFound, "work_unknown")
	errNoOffer    = fault.Of(fault.NotFound, "offer_unknown")
	errChanged    = fault.Of(fault.Conflict, "changed_meanwhile")
	errWorkState  = fault.Of(fault.Conflict, "work_state")
)

// formed tells whether a text has the form of an id; any text may be asked for,
// also one that a database cannot read.
func formed(id string) bool {
	return len(id) == 36 && strings.Trim(id, "0123456789abcdef-") == ""
}

// lockWork makes acts upon one work follow each other on PostgreSQL. SQLite
// has one writer anyway. Fault: NotFound (work_unknown) for no id at all.
func (l *Licences) lockWork(ctx context.Context, tx *db.Tx, id string) error {
	if !formed(id) {
		return errNoWork
	}
	if l.db.Engine() == db.SQLite {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM work WHERE id = ? FOR UPDATE", id).Scan(ctx, &one)
}

// lockAccount makes acts of one account follow each other, so that two tabs
// cannot pass a bound together.
func (l *Licences) lockAccount(ctx context.Context, tx *db.Tx, id string) error {
	if l.db.Engine() == db.SQLite {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM account WHERE id = ? FOR UPDATE", id).Scan(ctx, &one)
}

// steward tells whether an account looks after a work: the one who registered
// it, and of a community work the branch's operators.
func steward(by account.Actor, w *Work) bool {
	if by.Anonymous() {
		return false
	}
	return by.ID != "" && by.ID == w.AccountID || w.Basis == Community && by.Is(account.Operator)
}

// writeWork runs fn on a work that the actor looks after, under its lock.
// Faults: Unauthenticated; NotFound (work_unknown) for others.
func (l *Licences) writeWork(ctx context.Context, by account.Actor, id string, fn func(*db.Tx, *Work) error) error {
	if by.Anonymous() {
		return errNobody
	}
	return l.db.Write(ctx, func(tx *db.Tx) error {
		if err := l.lockWork(ctx, tx, id); err != nil {
			return err
		}
		w, err := findWork(ctx, tx, id)
		if err != nil {
			return err
		}
		if !steward(by, &w) {
			return errNoWork
		}
		return fn(tx, &w)
	})
}

// instant is how moments of works are kept.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
