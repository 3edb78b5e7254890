package stripe

import (
	"context"
	"encoding/json"
	"io"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
)

// Tables lists the tables whose rows belong to people, for the published list.
func Tables() []string {
	return []string{"stripe_account", "stripe_attempt", "stripe_refund", "payment_inbox", "payment_finding"}
}

// exported is what is held of a person.
type exported struct {
	Account  *exportAccount  `json:"account,omitempty"`
	Attempts []exportAttempt `json:"attempts"`
	Findings []exportFinding `json:"findings"`
}

type exportAccount struct {
	ID          string       `json:"id"`
	State       AccountState `json:"state"`
	ConnectedOn string       `json:"connected_on"`
}

type exportAttempt struct {
	OrderID   string `json:"order_id"`
	State     string `json:"state"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Refunded  int64  `json:"refunded"`
	SessionID string `json:"session_id"`
	IntentID  string `json:"payment_intent_id"`
	CreatedAt string `json:"created_at"`
}

// exportFinding is what did not fit about an order, and what came of it.
type exportFinding struct {
	OrderID   string `json:"order_id"`
	Kind      string `json:"kind"`
	FoundOn   string `json:"found_on"`
	SettledOn string `json:"settled_on,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// Export writes the connected account and the attempts of a person's orders. It
// implements account.Holder. Like Erase it uses nothing but the unit of work, so
// that a zero Stripe can do both on a branch whose key was taken away.
func (s *Stripe) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	out := exported{Attempts: []exportAttempt{}, Findings: []exportFinding{}}
	var sellers []sellerRow
	if err := tx.NewSelect().Model(&sellers).Where("s.account_id = ?", id).Scan(ctx); err != nil {
		return err
	}
	for _, r := range sellers {
		out.Account = &exportAccount{r.StripeID, r.State, db.Date(r.ConnectedOn)}
	}
	var rows []attempt
	err := tx.NewSelect().Model(&rows).Where("a.order_id IN (SELECT o.id FROM payment_order o WHERE o.buyer_id = ? OR o.seller_id = ?)", id, id).
		OrderExpr("a.created_at, a.id").Scan(ctx)
	if err != nil {
		return err
	}
	for _, a := range rows {
		out.Attempts = append(out.Attempts, exportAttempt{a.OrderID, a.State, a.Amount, a.Currency, a.Refunded, a.SessionID, a.IntentID, a.CreatedAt.Format("2006-01-02T15:04:05Z")})
	}
	var found []finding
	err = tx.NewSelect().Model(&found).Where("f.order_id IN (SELECT o.id FROM payment_order o WHERE o.buyer_id = ? OR o.seller_id = ?)", id, id).
		OrderExpr("f.found_at, f.id").Scan(ctx)
	if err != nil {
		return err
	}
	for _, f := range found {
		e := exportFinding{OrderID: f.OrderID, Kind: f.Kind, FoundOn: db.Date(f.FoundAt), Reason: f.Reason}
		if !f.SettledAt.IsZero() {
			e.SettledOn = db.Date(f.SettledAt)
		}
		out.Findings = append(out.Findings, e)
	}
	return json.NewEncoder(w).Encode(out)
}

// Erase removes the connected account and what events said about it. Attempts
// stay with their orders, which refuse to be left while they are open: they are
// needed for refunds and disputes, and go once nobody can dispute them. It
// implements account.Holder.
func (s *Stripe) Erase(ctx context.Context, tx *db.Tx, id string) error {
	var sellers []sellerRow
	if err := tx.NewSelect().Model(&sellers).Where("s.account_id = ?", id).Scan(ctx); err != nil {
		return err
	}
	for _, r := range sellers {
		if err := tx.NotDue(ctx, dueEvents, r.ID); err != nil {
			return err
		}
		if r.StripeID != "" { // one that was never made is no event's; an empty one is everybody's
			if _, err := tx.NewDelete().Model((*inboxRow)(nil)).Where("seller = ?", r.StripeID).Exec(ctx); err != nil {
				return err
			}
			if _, err := tx.NewDelete().Model((*finding)(nil)).Where("f.subject = ?", r.StripeID).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := tx.NewDelete().Model((*sellerRow)(nil)).Where("id = ?", r.ID).Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewDelete().Model((*finding)(nil)).Where("f.settled_at IS NOT NULL AND f.order_id IN (?)",
		bun.SafeQuery("SELECT o.id FROM payment_order o WHERE o.buyer_id = ? OR o.seller_id = ?", id, id)).Exec(ctx)
	return err
}
