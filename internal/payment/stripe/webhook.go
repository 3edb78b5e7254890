package stripe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/failpoint"
	"github.com/tmoeg/oduvan/internal/fault"
)

// MaxEvent is how many bytes an event may have.
const MaxEvent = 64 << 10

// tolerance is how far an event's time may lie from ours, on either side.
const tolerance = 300 * time.Second

// ErrSignature is what an event gets that Stripe did not sign, or not now: 400.
var ErrSignature = fault.Bad("signature", "signature_bad")

// The types of events that mean something, as the endpoint asks for them.
func types() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
		"charge.refunded", "charge.refund.updated", "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
		typeAccount, typeLeft,
	}
}

const (
	typeAccount = "account.updated"
	typeLeft    = "account.application.deauthorized"
)

// inboxRow is what an event told us to look at. What it said is not kept.
type inboxRow struct {
	bun.BaseModel `bun:"table:payment_inbox,alias:i"`

	ID         string    `bun:"id,pk"`
	EventID    string    `bun:"event_id"`
	Seller     string    `bun:"seller"`
	Type       string    `bun:"type"`
	ObjectID   string    `bun:"object_id"`
	ReceivedAt time.Time `bun:"received_at"`
	DoneAt     time.Time `bun:"done_at,nullzero"`
	Outcome    string    `bun:"outcome"`
}

// event is all that is read of one: what it is about. Amounts, states and people
// in it are never looked at.
type event struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Account  string `json:"account"`
	Livemode *bool  `json:"livemode"`
	Data     struct {
		Object struct {
			ID any `json:"id"` // of types that nobody asked for it is anything, or not there
		} `json:"object"`
	} `json:"data"`
}

// about is the number of what an event is about; empty where it is none.
func (e *event) about() string {
	if id, ok := e.Data.Object.ID.(string); ok && idForm.MatchString(id) {
		return id
	}
	return ""
}

// fits tells whether an event is as Stripe's are. Only one of a type that was
// asked for must be about something with a number.
func (e *event) fits() bool {
	return idForm.MatchString(e.ID) && typeForm.MatchString(e.Type) && (e.Account == "" || accountForm.MatchString(e.Account)) && e.Livemode != nil &&
		(e.about() != "" || !slices.Contains(types(), e.Type))
}

var (
	typeForm    = regexp.MustCompile(`^[a-z0-9_.]{3,80}$`)
	idForm      = regexp.MustCompile(`^[A-Za-z0-9_]{3,250}$`)
	errTooLarge = fault.Of(fault.TooLarge, "body_too_large")
)

// Webhook takes an event: when it returns nil, a row of the inbox is durable and
// Stripe may be told so. The body is the bytes as they came, signature is the
// header Stripe-Signature. Faults: Invalid signature_bad (ErrSignature: 400);
// TooLarge body_too_large; anything else means that Stripe must send it again.
func (s *Stripe) Webhook(ctx context.Context, raw []byte, signature string) error {
	if len(raw) > MaxEvent {
		return errTooLarge
	}
	if !s.signed(raw, signature) {
		return ErrSignature
	}
	var e event
	if json.Unmarshal(raw, &e) != nil || e.Object != "event" || !e.fits() {
		return ErrSignature // signed and malformed: it is not Stripe's
	}
	if err := s.put(ctx, e); err != nil {
		return err
	}
	return failpoint.Hit(failpoint.StripeAfterInbox)
}

// signed tells whether one of the secrets signed exactly these bytes within the
// tolerance on either side; the library would take what comes from the future.
func (s *Stripe) signed(raw []byte, signature string) bool {
	if len(signature) > 2000 {
		return false
	}
	var at int64
	for part := range strings.SplitSeq(signature, ",") {
		if text, ok := strings.CutPrefix(part, "t="); ok {
			if at != 0 {
				return false
			}
			at = seconds(text)
		}
	}
	if far := s.db.Now().Sub(time.Unix(at, 0)); at == 0 || far.Abs() > tolerance {
		return false
	}
	for _, secret := range s.cfg.Secrets {
		if secret != "" && webhook.ValidatePayloadIgnoringTolerance(raw, signature, secret) == nil {
			return true
		}
	}
	return false
}

// seconds reads a plain positive number; 0 is none.
func seconds(text string) (n int64) {
	if len(text) == 0 || len(text) > 12 || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	for _, d := range text {
		n = n*10 + int64(d-'0')
	}
	return n
}

// put writes an event's row, once; what can have no effect is done at once.
func (s *Stripe) put(ctx context.Context, e event) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		row := inboxRow{ID: tx.RandomID(), EventID: e.ID, Seller: e.Account, Type: e.Type, ObjectID: e.about(), ReceivedAt: tx.Now}
		kind, subject := s.refused(e)
		if kind != "" {
			row.DoneAt, row.Outcome = tx.Now, kind
		}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT (event_id) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 { // it came before
			return nil
		}
		if kind != "" {
			return s.found(ctx, tx, kind, subject, "")
		}
		if err := tx.Due(ctx, dueInbox, row.ID, tx.Now.Add(first)); err != nil { // should the job get lost
			return err
		}
		return tx.Enqueue(ctx, inboxJob{row.ID})
	})
}

// refused tells what an event is that can have no effect.
func (s *Stripe) refused(e event) (kind, subject string) {
	switch {
	case !slices.Contains(types(), e.Type):
		return FoundType, e.Type
	case *e.Livemode != s.live:
		return FoundMode, whose(e.Account)
	case e.Account == "":
		return FoundAccount, whose(e.Account)
	}
	return "", ""
}

// whose is the subject of what is found about an account's events: once an
// account, however many come.
func whose(acct string) string { return cmp.Or(acct, "platform") }

// read does what an event asks for. It is done only after what it caused is
// durable.
func (s *Stripe) read(ctx context.Context, id string) error {
	var row inboxRow
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&row).Where("i.id = ?", id), errAttempt)
	})
	if fault.Is(err, fault.NotFound) || err == nil && !row.DoneAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	outcome, err := s.follow(ctx, row)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		switch {
		case outcome == FoundUnknown && tx.Now.Sub(row.ReceivedAt) < unknown:
			return nil // our own commit may still come: the deadline looks again
		case outcome == FoundUnknown:
			err = s.found(ctx, tx, outcome, row.EventID, "")
		case outcome == FoundAccount:
			err = s.found(ctx, tx, outcome, whose(row.Seller), "")
		}
		if err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("done_at = ?", tx.Now).Set("outcome = ?", outcome).
			Where("id = ? AND done_at IS NULL", id).Exec(ctx); err != nil {
			return err
		}
		return tx.NotDue(ctx, dueInbox, id)
	})
}

// follow looks at what an event is about and tells what came of it.
func (s *Stripe) follow(ctx context.Context, row inboxRow) (string, error) {
	if row.Type == typeAccount || row.Type == typeLeft {
		return s.followAccount(ctx, row.Seller)
	}
	a, outcome, err := s.attemptOf(ctx, row)
	if err != nil || outcome != "" {
		return outcome, err
	}
	if _, err := s.settle(ctx, a.OrderID); err != nil {
		if fault.Is(err, fault.Invalid) { // another amount than agreed: it counts for nothing
			return FoundMismatch, s.note(ctx, FoundMismatch, a.ID, a.OrderID)
		}
		return "", err
	}
	return "settled", nil
}

func (s *Stripe) followAccount(ctx context.Context, stripeID string) (string, error) {
	var row sellerRow
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&row).Where("s.stripe_id = ?", stripeID), errSeller)
	})
	if fault.Is(err, fault.Conflict) {
		return FoundAccount, nil
	}
	if err != nil {
		return "", err
	}
	if row.State == AccountDisconnected { // by the seller's own word here: only the seller connects it again
		return "settled", nil
	}
	_, err = s.refresh(ctx, row)
	return "settled", err
}

// inboxDue looks again at an event that is not done.
func (s *Stripe) inboxDue(ctx context.Context, tx *db.Tx, id string) error {
	var row inboxRow
	err := db.One(ctx, tx.NewSelect().Model(&row).Where("i.id = ?", id), errAttempt)
	if fault.Is(err, fault.NotFound) || err == nil && !row.DoneAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	age := tx.Now.Sub(row.ReceivedAt)
	if err := tx.Due(ctx, dueInbox, id, tx.Now.Add(min(max(age, first), time.Hour))); err != nil {
		return err
	}
	return tx.Enqueue(ctx, inboxJob{id})
}

// ReadInbox does all that waits in the inbox and tells how many rows there were;
// the jobs do the same by themselves. What failed stays and is joined in the error.
func (s *Stripe) ReadInbox(ctx context.Context) (int, error) {
	var ids []string
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewSelect().Model((*inboxRow)(nil)).Column("i.id").Where("i.done_at IS NULL").OrderExpr("i.received_at, i.id").Limit(1000).Scan(ctx, &ids)
	})
	for _, id := range ids {
		err = errors.Join(err, s.read(ctx, id))
	}
	return len(ids), err
}
