package licence

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// grantTables are the tables of licences in which accounts stand.
func grantTables() []string { return []string{"licence_grant", "licence_feed", "revocation"} }

// exportGrant is a licence as its party's own data show it.
type exportGrant struct {
	ID        string           `json:"id"`
	Side      string           `json:"side"` // buyer, seller
	OrderID   string           `json:"order_id"`
	State     GrantState       `json:"state"`
	Ground    Ground           `json:"ground,omitempty"`
	RevokedAt *time.Time       `json:"revoked_at,omitempty"`
	Shown     bool             `json:"shown_on_profile,omitempty"`
	Link      bool             `json:"secret_address,omitempty"` // there is one
	Says      any              `json:"certificate_says"`
	Revoking  []exportRevoking `json:"revocations,omitempty"`
}

type exportRevoking struct {
	Ground         Ground          `json:"ground"`
	Reason         string          `json:"reason"`
	State          RevocationState `json:"state"`
	AnnouncedAt    time.Time       `json:"announced_at"`
	Appeal         string          `json:"appeal,omitempty"`
	Decision       string          `json:"decision,omitempty"`
	DecisionReason string          `json:"decision_reason,omitempty"`
}

// exportGrants is all that the licences hold about an account. A seller is not
// told who bought.
func (l *Licences) exportGrants(ctx context.Context, tx *db.Tx, id string) (any, error) {
	var rows []Grant
	if err := tx.NewSelect().Model(&rows).Where("buyer_id = ? OR seller_id = ?", id, id).OrderExpr("paid_at, id").Scan(ctx); err != nil {
		return nil, err
	}
	feed, err := tx.NewSelect().Model((*feedRow)(nil)).Where("account_id = ?", id).Exists(ctx)
	if err != nil {
		return nil, err
	}
	out := struct {
		Licences []exportGrant `json:"licences"`
		Feed     bool          `json:"feed"` // it is on
	}{Licences: make([]exportGrant, 0, len(rows)), Feed: feed}
	for i := range rows {
		e, err := exported(ctx, tx, &rows[i], rows[i].BuyerID == id)
		if err != nil {
			return nil, err
		}
		out.Licences = append(out.Licences, e)
	}
	return out, nil
}

func exported(ctx context.Context, tx *db.Tx, g *Grant, bought bool) (exportGrant, error) {
	e := exportGrant{ID: g.ID, Side: "seller", OrderID: g.OrderID, State: g.State, Ground: g.Ground, Says: g.Frozen}
	if bought {
		e.Side, e.Shown, e.Link = "buyer", g.Shown, g.LinkNonce != ""
	}
	if !g.RevokedAt.IsZero() {
		e.RevokedAt = &g.RevokedAt
	}
	var rows []Revocation
	if err := tx.NewSelect().Model(&rows).Where("grant_id = ?", g.ID).OrderExpr("announced_at, id").Scan(ctx); err != nil {
		return e, err
	}
	for _, r := range rows {
		e.Revoking = append(e.Revoking, exportRevoking{r.Ground, r.Reason, r.State, r.AnnouncedAt, r.Appeal, r.Decision, r.DecisionReason})
	}
	return e, nil
}

// eraseGrants takes an account off its licences. Those stay valid under their
// pseudonyms, and their certificates verify; their secret addresses end, the
// words of appeals go, and what an erased seller announced and nobody decided
// comes to nothing.
func (l *Licences) eraseGrants(ctx context.Context, tx *db.Tx, id string) error {
	var announced []Revocation
	if err := tx.NewSelect().Model(&announced).Where("state = ? AND decided_at IS NULL AND grant_id IN (SELECT g.id FROM licence_grant AS g WHERE g.seller_id = ?)",
		Announced, id).Scan(ctx); err != nil {
		return err
	}
	for i := range announced {
		if err := l.withdraw(ctx, tx, &announced[i]); err != nil {
			return err
		}
		g, err := loadGrant(ctx, tx, "g.id = ?", announced[i].GrantID)
		if err != nil {
			return err
		}
		if err := l.tellChange(ctx, tx, &g, g.BuyerID, reasonWithdrawn); err != nil {
			return err
		}
	}
	for _, q := range []struct {
		text string
		args []any
	}{
		{"UPDATE revocation SET appeal = '' WHERE grant_id IN (SELECT g.id FROM licence_grant AS g WHERE g.buyer_id = ?)", []any{id}},
		{"UPDATE licence_grant SET buyer_id = NULL, link_nonce = NULL, link_mac = NULL, shown = ? WHERE buyer_id = ?", []any{false, id}},
		{"UPDATE licence_grant SET seller_id = NULL WHERE seller_id = ?", []any{id}},
		{"DELETE FROM licence_feed WHERE account_id = ?", []any{id}},
	} {
		if _, err := tx.NewRaw(q.text, q.args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Held is a licence that its holder shows on their profile. It does not say
// which one it is: that would tie a certificate to a handle.
type Held struct {
	WorkID      string
	WorkTitle   string
	WorkURL     string
	BaseLicence string
	Until       time.Time // day
}

// OnPage reads what stands on an account's public page: its published works, the
// newest first, and the licences for teaching that it shows and that are valid
// now, the longest first.
func (l *Licences) OnPage(ctx context.Context, accountID string) (works []WorkView, held []Held, err error) {
	if accountID == "" {
		return nil, nil, nil
	}
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		works, err = l.list(ctx, tx, account.Actor{}, tx.NewSelect().Where("w.account_id = ? AND w.state = ?", accountID, WorkPublished))
		if err != nil {
			return err
		}
		held, err = heldBy(ctx, tx, accountID)
		return err
	})
	return works, held, err
}

func heldBy(ctx context.Context, tx *db.Tx, accountID string) ([]Held, error) {
	var rows []Grant
	err := tx.NewSelect().Model(&rows).Where("buyer_id = ? AND shown AND state = ? AND channel = ?", accountID, Active, cert.Teaching).
		Where("valid_from <= ? AND valid_until > ?", tx.Now, tx.Now).OrderExpr("valid_until DESC, id").Limit(50).Scan(ctx)
	out := make([]Held, 0, len(rows))
	for i := range rows {
		f, err := rows[i].Facts()
		if err != nil {
			return nil, err
		}
		out = append(out, Held{f.WorkID, f.WorkTitle, f.WorkURL, f.BaseLicence, db.Day(rows[i].ValidUntil)})
	}
	return out, err
}

// WithdrawDays is how long published copies may stay after a revocation.
const WithdrawDays = 14

// Example is one thing that somebody may or may not do once a licence ended.
// The text of a code is the key "after." + code.
type Example struct {
	Code    string
	Allowed bool
	Until   time.Time // zero: for ever
}

// Afterwards are examples of what may still be done with a work when a licence
// has ended or was revoked: the base licence stays in every case.
func Afterwards(g *Grant, graceDays int) []Example {
	if g.State == Revoked {
		return []Example{{Code: "withdraw", Allowed: true, Until: g.RevokedAt.AddDate(0, 0, WithdrawDays)},
			{Code: "paid_lesson"}, {Code: "new_copies"}, {Code: "free_use", Allowed: true}}
	}
	out := []Example{{Code: "published", Allowed: true}, {Code: "sold_copies", Allowed: true}}
	if graceDays > 0 {
		out = append(out, Example{Code: "begun_copies", Allowed: true, Until: g.GraceUntil(graceDays)})
	}
	return append(out, Example{Code: "paid_lesson"}, Example{Code: "new_copies"}, Example{Code: "proof", Allowed: true}, Example{Code: "free_use", Allowed: true})
}

// silent reads what is not there as nothing.
func silent(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
