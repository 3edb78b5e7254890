// Package notice tells people that something happened, without contact data: by
// one inbox, by a feed at a secret address, and by Web Push where the operator
// has keys.
//
// It promises that a notice exists exactly when what caused it was committed,
// and once for each cause; that it holds no words of anybody, only a kind,
// numbers, a handle and a local address, from which the words are made when it
// is read; and that what leaves the board by push says nothing but "something
// is new". It refuses mail, phones and messengers.
//
// Push, in detail: the row and one job join the caller's transaction, so a
// rolled-back act tells nobody and a crash after the commit leaves the job. The
// job marks each subscription that took the push in push_sent, and a repeat
// sends to the unmarked only. Between a push and its mark a crash can make the
// job send again; both then carry the same Topic, by which a push service
// replaces the waiting one. So every notice is pushed at least once unless its
// push service stays away for hours. All pushes of an account carry one tag, by
// which a browser shows a single "something is new" however much there is.
//
// Strangers choose the push services. A slow one holds up no other subscription
// and no other work; one that was away twice is left alone for growing pauses,
// and one that is away for days is forgotten.
package notice

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Kind is what happened. The text of a kind is the key "notice." + kind.
type Kind string

// The kinds, each with the one who is told.
const (
	InquiryNew      Kind = "inquiry_new"      // the tutor: a learner wrote
	InquiryWaiting  Kind = "inquiry_waiting"  // the tutor: one waits for an answer
	InquiryAnswered Kind = "inquiry_answered" // the learner
	InquiryDeclined Kind = "inquiry_declined" // the learner
	InquiryExpired  Kind = "inquiry_expired"  // the learner: no answer came in time
	MessageNew      Kind = "message_new"      // the other party of a thread
	ThreadEnding    Kind = "thread_ending"    // both: it will be deleted
	ThreadClosed    Kind = "thread_closed"    // the other party
	ProfileReminder Kind = "profile_reminder" // the owner: it will be paused
	ProfileSlept    Kind = "profile_slept"    // the owner: it was paused
	SavedFound      Kind = "saved_found"      // who saved a search: it found something
	LicenceIssued   Kind = "licence_issued"   // the buyer
	LicenceEnding   Kind = "licence_ending"   // the buyer: it ends, or has ended
	LicenceChanged  Kind = "licence_changed"  // the buyer, in some cases the seller: it was revoked, given back and so on
	WorkConsent     Kind = "work_consent"     // an author: a consent is asked for; who registered a work: it was given or taken back; argument reason
	WorkClaim       Kind = "work_claim"       // who registered a work, and who claimed it: what became of the claim; argument reason
	OrderTurn       Kind = "order_turn"       // a party of an order: the next step is theirs; argument reason
	OrderNews       Kind = "order_news"       // a party of an order: what became of it; argument reason
)

// Kinds lists every kind in the order in which settings show them.
func Kinds() []Kind {
	return []Kind{InquiryNew, InquiryWaiting, InquiryAnswered, InquiryDeclined, InquiryExpired,
		MessageNew, ThreadEnding, ThreadClosed, ProfileReminder, ProfileSlept, SavedFound, LicenceIssued, LicenceEnding, LicenceChanged, WorkConsent, WorkClaim, OrderTurn, OrderNews}
}

// How long notices are kept: a read one until 90 days after it was read, any
// one until 180 days after it was made.
const (
	KeptRead = 90 * 24 * time.Hour
	Kept     = 180 * 24 * time.Hour
)

// The keys of arguments that may hold a word. All others hold whole numbers or
// days such as 2026-11-22.
const (
	ArgHandle = "handle" // of the account whose act it was; gone when that is erased
	ArgReason = "reason" // a code, such as no_time
)

// Notice is one thing that somebody is told: one row.
type Notice struct {
	bun.BaseModel `bun:"table:notice"`

	ID        string            `bun:"id,pk"`
	AccountID string            `bun:"account_id"`
	Kind      Kind              `bun:"kind"`
	Subject   string            `bun:"subject"` // id of the thing
	Cause     string            `bun:"cause"`   // which time it happened, "" for what happens once
	Path      string            `bun:"path"`    // local address of the page about it
	Handle    string            `bun:"handle"`  // whose act it was, "" where nobody's or no longer anybody's
	Args      map[string]string `bun:"args,type:jsonb"`
	CreatedAt time.Time         `bun:"created_at"`
	ReadAt    time.Time         `bun:"read_at,nullzero"`
	Removed   bool              `bun:"removed"` // kept without content, so that its cause tells nothing again
}

// Unread tells that its owner has not seen it.
func (n *Notice) Unread() bool { return n.ReadAt.IsZero() }

// Places are the arguments for the notice's text, names and values by turns in
// a stable order; a handle that is no longer known is absent.
func (n *Notice) Places() []any {
	all := map[string]string{}
	for k, v := range n.Args {
		all[k] = v
	}
	if n.Handle != "" {
		all[ArgHandle] = n.Handle
	}
	names := make([]string, 0, len(all))
	for k := range all {
		names = append(names, k)
	}
	slices.Sort(names)
	out := make([]any, 0, 2*len(names))
	for _, k := range names {
		out = append(out, k, all[k])
	}
	return out
}

// Config is what Notices are made of. Push and Log may be nil, Words too.
type Config struct {
	DB    *db.DB
	Keys  *secret.Keys
	URL   string // the branch's origin, such as https://example.org
	Log   *slog.Logger
	Push  *Push                    // nil: no Web Push
	Words func(lang string) string // what a shown push says, such as "Something new in your inbox"
}

// Notices are what a branch tells its people. They are safe for concurrent use.
type Notices struct {
	db     *db.DB
	keys   *secret.Keys
	log    *slog.Logger
	push   *Push
	words  func(string) string
	origin string
	taken  atomic.Int64 // when a push service last took something, in Unix nanoseconds
}

// New wires the notices: it registers the job of pushing and the removal of old
// ones, so call it once a database and before its Work.
func New(cfg Config) *Notices {
	n := &Notices{db: cfg.DB, keys: cfg.Keys, log: cfg.Log, push: cfg.Push, words: cfg.Words, origin: strings.TrimSuffix(cfg.URL, "/")}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.words == nil {
		n.words = func(string) string { return "" }
	}
	n.db.OnSweep(n.Expire)
	db.Handle(n.db, n.deliver)
	return n
}

// The faults that several verbs share.
var (
	errNobody  = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errUnknown = fault.Of(fault.NotFound, "notice_unknown")
)

// own refuses nobody: every verb is about the actor's own notices.
func own(by account.Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	return nil
}

// Told is what one account is told. Kind, Subject and Cause together happen
// once: telling them again, even after the notice was removed, tells nothing.
type Told struct {
	Kind    Kind
	Subject string            // id of the thing, up to 80 characters
	Cause   string            // tells two times of the same kind about the same thing apart, such as a message's id or a day
	Path    string            // local address, up to 200 bytes
	Args    map[string]string // handle, reason, numbers and days, empty ones left out; never texts of a person
}

// The bounds of what is told.
const (
	maxWord = 80
	maxPath = 200
	maxArgs = 8
)

var (
	handleForm = regexp.MustCompile(account.HandlePattern)
	reasonForm = regexp.MustCompile(`^[a-z][a-z_]{0,29}$`)
	numberForm = regexp.MustCompile(`^(\d{1,9}|\d{4}-\d\d-\d\d)$`)
	nameForm   = regexp.MustCompile(`^[a-z][a-z_]{0,19}$`)
	pathForm   = regexp.MustCompile(`^/([A-Za-z0-9_.~-][A-Za-z0-9_.~/?=&%#-]*)?$`)
)

// check refuses what a caller may not store. Its errors are mistakes in the
// program, not in what a person typed, so they are plain and name no value.
func (t Told) check() error {
	switch {
	case !slices.Contains(Kinds(), t.Kind):
		return errors.New("notice: unknown kind")
	case t.Subject == "" || len(t.Subject) > maxWord || len(t.Cause) > maxWord:
		return errors.New("notice: subject or cause out of bounds")
	case len(t.Path) > maxPath || !pathForm.MatchString(t.Path):
		return errors.New("notice: the path is not a local address")
	case len(t.Args) > maxArgs:
		return errors.New("notice: too many arguments")
	}
	for k, v := range t.Args {
		if v == "" {
			continue // as good as absent: the other side may be erased
		}
		form := numberForm
		switch k {
		case ArgHandle:
			form = handleForm
		case ArgReason:
			form = reasonForm
		}
		if !nameForm.MatchString(k) || !form.MatchString(v) {
			return errors.New("notice: an argument that is no handle, reason, number or day")
		}
	}
	return nil
}

// Tell tells an account something in the caller's transaction: the notice, and
// the job that pushes it, exist exactly when that commits. Nothing is told to an
// account that is gone, that nobody has claimed, or that switched the kind off.
// An error is a mistake in the program or the database's.
func (n *Notices) Tell(ctx context.Context, tx *db.Tx, to string, what Told) error {
	if err := what.check(); err != nil {
		return err
	}
	wants, push, err := receiver(ctx, tx, to, what.Kind)
	if err != nil || !wants {
		return err
	}
	row := Notice{ID: tx.RandomID(), AccountID: to, Kind: what.Kind, Subject: what.Subject, Cause: what.Cause, Path: what.Path,
		Handle: what.Args[ArgHandle], Args: map[string]string{}, CreatedAt: tx.Now}
	for k, v := range what.Args {
		if k != ArgHandle && v != "" {
			row.Args[k] = v
		}
	}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id, kind, subject, cause) DO NOTHING").Exec(ctx)
	if err != nil {
		return err
	}
	if k, err := res.RowsAffected(); err != nil || k == 0 || !push || n.push == nil {
		return err
	}
	return tx.Enqueue(ctx, pushJob{row.ID})
}

// receiver tells whether an account can and wants to hear of a kind, and
// whether it has where to push.
func receiver(ctx context.Context, tx *db.Tx, id string, kind Kind) (wants, push bool, err error) {
	var muted string
	err = db.One(ctx, tx.NewSelect().TableExpr("account AS a").
		ColumnExpr("COALESCE(s.muted, '') AS muted").
		ColumnExpr("EXISTS (SELECT 1 FROM push_subscription AS p WHERE p.account_id = a.id) AS push").
		Join("LEFT JOIN notice_setting AS s ON s.account_id = a.id").
		Where("a.id = ? AND a.state = ?", id, account.Active), errUnknown, &muted, &push)
	if fault.Is(err, fault.NotFound) {
		return false, false, nil
	}
	return !slices.Contains(strings.Fields(muted), string(kind)), push, err
}

// Expire deletes notices that were kept long enough; the database's sweep calls it.
func (n *Notices) Expire(ctx context.Context) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewDelete().Model((*Notice)(nil)).
			Where("created_at <= ? OR read_at <= ?", tx.Now.Add(-Kept), tx.Now.Add(-KeptRead)).Exec(ctx)
		return err
	})
}
