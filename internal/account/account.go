// Package account says who may act. It keeps pseudonymous accounts (a handle, a
// role, a language and the day they began: no name, e-mail, phone or address),
// the ways to prove that one is the owner (recovery codes, passkeys, sessions,
// API tokens), invitations, and the claims of imported profiles.
//
// It promises that no code or token can be read from the database (only hashes
// under the branch's key are kept), that nobody is locked out by a page that
// was closed too early, that a sign-out everywhere and an erasure hold at once
// for every process, and that every feature's rows about an account are
// exported and erased together. It refuses to know a person: there is no
// column for anything that a person could be found by.
package account

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Role is what an account may do on this branch.
type Role string

// The roles, from the least to the most.
const (
	Member    Role = "member"
	Moderator Role = "moderator"
	Operator  Role = "operator"
)

func (r Role) rank() int {
	switch r {
	case Member:
		return 1
	case Moderator:
		return 2
	case Operator:
		return 3
	}
	return 0
}

// State tells whether somebody owns an account.
type State string

// The states.
const (
	Active     State = "active"
	NotClaimed State = "unclaimed" // imported; its owner has not come yet, nobody can sign in
)

// Actor is who asks for something. The zero value is nobody.
type Actor struct {
	ID     string
	Handle string
	Role   Role
}

// Anonymous tells that the actor has no account.
func (a Actor) Anonymous() bool { return a.ID == "" }

// Is tells whether the actor has the role or a greater one: an operator is a
// moderator too. Nobody has none.
func (a Actor) Is(r Role) bool { return r.rank() > 0 && a.Role.rank() >= r.rank() }

// Console is the actor of the command line: whoever may run the program on the
// branch's machine decides like an operator, without an account.
func Console() Actor { return Actor{Role: Operator} }

// Account is one pseudonymous identity: one row.
type Account struct {
	bun.BaseModel `bun:"table:account"`

	ID              string    `bun:"id,pk"`
	Handle          string    `bun:"handle"`
	Role            Role      `bun:"role"`
	State           State     `bun:"state"`
	AvatarSeed      string    `bun:"avatar_seed"`
	Language        string    `bun:"language"` // "ru" or "en"
	RecoveryMAC     []byte    `bun:"recovery_mac"`
	NextRecoveryMAC []byte    `bun:"next_recovery_mac"`   // of a code shown and not yet confirmed as saved
	HeldUntil       time.Time `bun:"held_until,nullzero"` // passkeys cannot be changed before
	SessionEpoch    int64     `bun:"session_epoch"`       // sessions of an earlier one are over
	JoinedOn        time.Time `bun:"joined_on"`           // the day only
}

// Actor is the account as one who acts.
func (a Account) Actor() Actor { return Actor{ID: a.ID, Handle: a.Handle, Role: a.Role} }

// Config is what Accounts are made of. Only Log may be nil.
type Config struct {
	DB     *db.DB
	Keys   *secret.Keys
	Branch *branch.Branch
	URL    string // the branch's origin, such as https://example.org; passkeys are bound to its host
	Log    *slog.Logger
}

// Accounts are a branch's accounts. They are safe for concurrent use once wired.
type Accounts struct {
	db      *db.DB
	keys    *secret.Keys
	branch  *branch.Branch
	log     *slog.Logger
	rp      *webauthn.WebAuthn // nil where the host cannot be a relying party
	origin  string
	held    []Held
	claimed []func(context.Context, *db.Tx, string) error
	settled []func(context.Context, *db.Tx) error // after the settings changed
	erased  []func(context.Context) error
	swept   atomic.Bool // what a restored backup brought back is erased again
}

// New wires the accounts: it registers the removal of what has expired and the
// job that follows an erasure, so call it once a database and before its Work.
func New(cfg Config) *Accounts {
	a := &Accounts{db: cfg.DB, keys: cfg.Keys, branch: cfg.Branch, log: cfg.Log, origin: strings.TrimSuffix(cfg.URL, "/")}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.rp = relyingParty(a.origin)
	a.db.OnSweep(a.Expire)
	a.db.OnSweep(a.sweepErasures)
	db.Handle(a.db, a.afterErase)
	return a
}

// The faults that several verbs share.
var (
	errNobody  = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errRefused = fault.Of(fault.Forbidden, "not_allowed")
	errUnknown = fault.Of(fault.NotFound, "account_unknown")
	errEnded   = fault.Of(fault.Unauthenticated, "session_ended")
)

// need refuses an actor without the role: Unauthenticated where nobody is
// signed in, else Forbidden.
func need(by Actor, r Role) error {
	switch {
	case by.Is(r):
		return nil
	case by.Anonymous():
		return errNobody
	}
	return errRefused
}

// own refuses nobody and the console: the act is about the actor's own account.
func own(by Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	return nil
}

// ByHandle reads an account, claimed or not, in the caller's unit of work.
// Fault: NotFound account_unknown.
func ByHandle(ctx context.Context, tx *db.Tx, handle string) (Account, error) {
	var acc Account
	err := db.One(ctx, tx.NewSelect().Model(&acc).Where("handle = ?", handle), errUnknown)
	return acc, err
}

// ByID reads an account in the caller's unit of work. Fault: NotFound account_unknown.
func ByID(ctx context.Context, tx *db.Tx, id string) (Account, error) {
	var acc Account
	err := db.One(ctx, tx.NewSelect().Model(&acc).Where("id = ?", id), errUnknown)
	return acc, err
}

// Me reads the actor's own account. Faults: Unauthenticated.
func (a *Accounts) Me(ctx context.Context, by Actor) (acc Account, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		acc, err = owner(ctx, tx, by)
		return err
	})
	return acc, err
}

// owner reads the actor's account; one that was erased meanwhile has ended.
func owner(ctx context.Context, tx *db.Tx, by Actor) (Account, error) {
	if err := own(by); err != nil {
		return Account{}, err
	}
	var acc Account
	err := db.One(ctx, tx.NewSelect().Model(&acc).Where("id = ? AND state = ?", by.ID, Active), errEnded)
	return acc, err
}

// mac is the branch's keyed hash of a secret text, nil for none.
func (a *Accounts) mac(purpose, text string) []byte {
	sum := a.keys.MAC(purpose, []byte(text))
	return sum[:]
}

// The purposes keep the hashes of different secrets apart.
const (
	forRecovery   = "recovery"
	forToken      = "api-token"
	forSession    = "session"
	forInvitation = "invitation"
	forClaim      = "claim"
	forKey        = "idempotency-key"
	forBody       = "idempotency-body"
)
