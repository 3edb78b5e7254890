package stripe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/client"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Config is what a Stripe is made of. Log and Transport may be nil.
type Config struct {
	DB        *db.DB
	Payments  *payment.Payments
	Key       string            // sk_… or rk_…
	Secrets   []string          // of the webhook endpoint; all hold
	Base      string            // of the API; empty: Stripe itself
	URL       string            // the branch's own address
	Transport http.RoundTripper // below the guard; nil: the program's one way out
	Log       *slog.Logger
}

// Stripe settles orders at Stripe. It implements payment.Way and is safe for
// concurrent use.
type Stripe struct {
	cfg  Config
	db   *db.DB
	api  *client.API
	live bool // real money
	url  string
	log  *slog.Logger
}

// How things age.
const (
	lasts     = 23 * time.Hour       // a page of payment; Stripe allows 24 hours
	first     = 2 * time.Minute      // after which an open attempt is looked at without being told
	often     = 10 * time.Minute     // again so often
	daily     = 24 * time.Hour       // a paid one
	watch     = 120 * 24 * time.Hour // for so long, by then nobody can dispute it
	unknown   = 24 * time.Hour       // an event about what we do not know is tried for so long
	inboxKept = 120 * 24 * time.Hour
	foundKept = 365 * 24 * time.Hour
)

// The kinds of deadlines.
const (
	dueAttempt = "stripe_attempt" // look at an attempt
	dueInbox   = "stripe_inbox"   // look again at what an event was about
	dueEvents  = "stripe_events"  // ask for events that did not come, by the seller's row
)

// New makes a Stripe and wires its deadlines and jobs, so call it once a
// database and before its Work; then Payments.Settle. Without a key there is
// nothing to make: an error.
func New(cfg Config) (*Stripe, error) {
	if cfg.Key == "" || cfg.DB == nil || cfg.Payments == nil {
		return nil, errors.New("stripe: no key, no database or no orders")
	}
	api, err := newClient(cfg.Key, cfg.Base, cfg.Transport, cfg.DB.Now)
	if err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stripe{cfg: cfg, db: cfg.DB, api: api, live: strings.Contains(cfg.Key, "_live_"), url: strings.TrimSuffix(cfg.URL, "/"), log: cfg.Log}
	s.db.OnDue(dueAttempt, s.attemptDue)
	s.db.OnDue(dueInbox, s.inboxDue)
	s.db.OnDue(dueEvents, s.eventsDue)
	s.db.OnSweep(s.tidy)
	db.Handle(s.db, func(ctx context.Context, j beginJob) error { return s.begin(ctx, j.Attempt) })
	db.Handle(s.db, func(ctx context.Context, j expireJob) error { return s.expire(ctx, j.Attempt) })
	db.Handle(s.db, func(ctx context.Context, j settleJob) error { _, err := s.settle(ctx, j.Order); return err })
	db.Handle(s.db, func(ctx context.Context, j refundJob) error { return s.remake(ctx, j.Refund) })
	db.Handle(s.db, func(ctx context.Context, j inboxJob) error { return s.read(ctx, j.Row) })
	db.Handle(s.db, func(ctx context.Context, j eventsJob) error { return s.missed(ctx, j.Seller) })
	return s, nil
}

// The jobs. All of them call Stripe, so they have workers of their own.
type (
	beginJob  struct{ Attempt string }
	expireJob struct{ Attempt string }
	settleJob struct{ Order string }
	refundJob struct{ Refund string }
	inboxJob  struct{ Row string }
	eventsJob struct{ Seller string }
)

// Kind is the job's word; so are the others.
func (beginJob) Kind() string { return "stripe_begin" }

// Kind is the job's word.
func (expireJob) Kind() string { return "stripe_expire" }

// Kind is the job's word.
func (settleJob) Kind() string { return "stripe_settle" }

// Kind is the job's word.
func (refundJob) Kind() string { return "stripe_refund" }

// Kind is the job's word.
func (inboxJob) Kind() string { return "stripe_inbox" }

// Kind is the job's word.
func (eventsJob) Kind() string { return "stripe_events" }

// CallsOutside marks the job; so do the others.
func (beginJob) CallsOutside() {}

// CallsOutside marks the job.
func (expireJob) CallsOutside() {}

// CallsOutside marks the job.
func (settleJob) CallsOutside() {}

// CallsOutside marks the job.
func (refundJob) CallsOutside() {}

// CallsOutside marks the job.
func (inboxJob) CallsOutside() {}

// CallsOutside marks the job.
func (eventsJob) CallsOutside() {}

// What a deadline asks for again anyway piles up nowhere, however long Stripe is
// away: the deadlines of inbox, attempts and sellers go on.

// IsRepeated marks the job.
func (inboxJob) IsRepeated() {}

// IsRepeated marks the job.
func (settleJob) IsRepeated() {}

// IsRepeated marks the job.
func (eventsJob) IsRepeated() {}

// The faults that several verbs share.
var (
	errNobody   = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errRefusing = fault.Of(fault.Forbidden, "not_allowed")
	errState    = fault.Of(fault.Conflict, "order_state")
	errMethod   = fault.Of(fault.Conflict, "order_method")
	errMismatch = fault.Bad("amount", "amount_mismatch")
	errAttempt  = fault.Of(fault.NotFound, "attempt_unknown")
	errSeller   = fault.Of(fault.Conflict, "stripe_account_missing")
	errNotReady = fault.Of(fault.Conflict, "stripe_account_not_ready")
)

// order is one of this method, as one of the two sees it. Faults:
// Unauthenticated; NotFound order_unknown; Forbidden where somebody is on
// another side; Conflict order_method.
func (s *Stripe) order(ctx context.Context, by account.Actor, id string, side payment.Side) (payment.Order, error) {
	if by.Anonymous() {
		return payment.Order{}, errNobody
	}
	o, err := s.cfg.Payments.Order(ctx, by, id)
	switch {
	case err != nil:
		return payment.Order{}, err
	case o.Method != payment.Stripe:
		return payment.Order{}, errMethod
	case o.Viewer != side:
		return payment.Order{}, errRefusing
	}
	return o, nil
}

// lock makes acts upon an order's attempts follow each other. SQLite has one
// writer anyway.
func (s *Stripe) lock(ctx context.Context, tx *db.Tx, orderID string) error {
	if s.db.Engine() != db.PostgreSQL {
		return nil
	}
	var one []int
	return tx.NewRaw("SELECT 1 FROM payment_order WHERE id = ? FOR UPDATE", orderID).Scan(ctx, &one)
}
