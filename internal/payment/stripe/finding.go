package stripe

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// finding is one row of what somebody has to look at.
type finding struct {
	bun.BaseModel `bun:"table:payment_finding,alias:f"`

	ID        string    `bun:"id,pk"`
	Kind      string    `bun:"kind"`
	Subject   string    `bun:"subject"`
	OrderID   string    `bun:"order_id,nullzero"`
	FoundAt   time.Time `bun:"found_at"`
	SettledAt time.Time `bun:"settled_at,nullzero"`
	SettledBy string    `bun:"settled_by,nullzero"` // moderator, operator: never who; or settledAlone
	Reason    string    `bun:"reason,nullzero"`
}

// The kinds of findings.
const (
	FoundMismatch    = "needs_review"     // a payment that is not exactly the frozen order's; its subject is the attempt
	FoundAccount     = "wrong_account"    // an event of an account that the order is not paid on
	FoundMode        = "wrong_mode"       // an event of the other mode, test or live
	FoundType        = "unknown_type"     // an event of a type that nobody asked for
	FoundUnknown     = "unknown_object"   // an event about what we do not know, tried for a day
	FoundTwice       = "paid_twice"       // it was paid by two attempts; its subject is the later
	FoundLeft        = "account_left"     // the seller took the account away while an order stands on it
	FoundRefund      = "refund_failed"    // Stripe refused to give money back, or it came back from the buyer's bank
	FoundDisputeMore = "dispute_of_extra" // a dispute about a payment beside the one
)

// MaxReason is how long the words may be with which a finding is settled, in
// characters.
const MaxReason = 1000

var errFinding = fault.Of(fault.NotFound, "finding_unknown")

// settledAlone is who settled what came right by itself.
const settledAlone = "itself"

// How long what was settled has to be quiet before it is news again: it is seen
// at every look for as long as it lasts. What is about no order is no hurry.
const (
	quietOrder = 24 * time.Hour
	quietOther = 30 * 24 * time.Hour
)

// found notes what somebody has to look at, once, and says so in the log. What
// was settled a while ago, or came right by itself, is opened anew; the reason of
// that time stays until the next.
func (s *Stripe) found(ctx context.Context, tx *db.Tx, kind, subject, orderID string) error {
	quiet := quietOther
	if orderID != "" {
		quiet = quietOrder
	}
	row := finding{ID: tx.RandomID(), Kind: kind, Subject: subject, OrderID: orderID, FoundAt: tx.Now}
	res, err := tx.NewInsert().Model(&row).On("CONFLICT (kind, subject) DO UPDATE").Set("found_at = EXCLUDED.found_at").Set("settled_at = NULL").Set("settled_by = NULL").
		Where("f.settled_at <= ? OR f.settled_by = ?", tx.Now.Add(-quiet), settledAlone).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n > 0 {
		s.log.Warn("stripe: something has to be looked at", "kind", kind)
	}
	return nil
}

// note is found in a unit of work of its own, which what is open already spares.
func (s *Stripe) note(ctx context.Context, kind, subject, orderID string) error {
	if open, err := s.isOpen(ctx, kind, subject); err != nil || open {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.found(ctx, tx, kind, subject, orderID) })
}

// isOpen tells whether a finding waits to be looked at.
func (s *Stripe) isOpen(ctx context.Context, kind, subject string) (open bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT EXISTS (SELECT 1 FROM payment_finding WHERE kind = ? AND subject = ? AND settled_at IS NULL)", kind, subject).Scan(ctx, &open)
	})
	return open, err
}

// back settles that an attempt's account had left: Stripe shows it again, and the
// seller has not taken it away here.
func (s *Stripe) back(ctx context.Context, a attempt) error {
	if open, err := s.isOpen(ctx, FoundLeft, a.ID); err != nil || !open {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewUpdate().Model((*finding)(nil)).Set("settled_at = ?", tx.Now).Set("settled_by = ?", settledAlone).
			Where("kind = ? AND subject = ? AND settled_at IS NULL", FoundLeft, a.ID).
			Where("EXISTS (SELECT 1 FROM stripe_account WHERE stripe_id = ? AND state NOT IN (?, ?))", a.Seller, AccountDisconnected, AccountNew).Exec(ctx)
		return err
	})
}

// Finding is what somebody has to look at: codes and numbers only.
type Finding struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`    // one of the kinds
	Subject string    `json:"subject"` // number of an attempt, an event or a refund, or the type of an event
	OrderID string    `json:"order_id,omitempty"`
	FoundAt time.Time `json:"found_at"`
}

// Findings lists what nobody has settled, newest first, at most 200.
func (s *Stripe) Findings(ctx context.Context) (out []Finding, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		var rows []finding
		err := tx.NewSelect().Model(&rows).Where("f.settled_at IS NULL").OrderExpr("f.found_at DESC, f.id").Limit(200).Scan(ctx)
		out = nil
		for _, r := range rows {
			out = append(out, Finding{ID: r.ID, Kind: r.Kind, Subject: r.Subject, OrderID: r.OrderID, FoundAt: r.FoundAt})
		}
		return err
	})
	return out, err
}

// NeedsReview tells whether something about an order is open, for its page.
func (s *Stripe) NeedsReview(ctx context.Context, orderID string) (open bool, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*finding)(nil)).Where("f.order_id = ? AND f.settled_at IS NULL", orderID).Count(ctx)
		open = n > 0
		return err
	})
	return open, err
}

// SettleFinding says that somebody has looked at a finding, and what came of it:
// the reason is kept with it for a year and is in the two parties' exports. It
// moves no money and changes no order. It needs a moderator or an operator who is
// no party of the order, or account.Console. Faults: Unauthenticated; Forbidden;
// NotFound finding_unknown (also one that is settled); Invalid required, too_long,
// text_form (field reason).
func (s *Stripe) SettleFinding(ctx context.Context, by account.Actor, id, reason string) error {
	if by.Anonymous() && by != account.Console() {
		return errNobody
	}
	if !by.Is(account.Moderator) {
		return errRefusing
	}
	reason, err := said(reason)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		var row finding
		if err := db.One(ctx, tx.NewSelect().Model(&row).Where("f.id = ? AND f.settled_at IS NULL", id), errFinding); err != nil {
			return err
		}
		party, err := tx.NewSelect().Table("payment_order").Where("id = ? AND (buyer_id = ? OR seller_id = ?)", row.OrderID, by.ID, by.ID).Count(ctx)
		if err != nil {
			return err
		}
		if party > 0 {
			return errRefusing
		}
		row.SettledAt, row.SettledBy, row.Reason = tx.Now, string(by.Role), reason
		res, err := tx.NewUpdate().Model(&row).Column("settled_at", "settled_by", "reason").WherePK().Where("settled_at IS NULL").Exec(ctx)
		return db.Must(res, err, errFinding)
	})
}

// said checks the words of a reason.
func said(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return "", fault.Bad("reason", "required")
	case utf8.RuneCountInString(reason) > MaxReason:
		return "", fault.Bad("reason", "too_long").With("Max", MaxReason)
	case !utf8.ValidString(reason), strings.ContainsFunc(reason, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }):
		return "", fault.Bad("reason", "text_form")
	}
	return reason, nil
}
