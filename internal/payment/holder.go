package payment

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Tables lists the tables with accounts that this package answers for.
func Tables() []string {
	return []string{"payment_order", "order_secret", "order_statement", "order_decision"}
}

// export is what one account takes away.
type export struct {
	Orders    []exportOrder  `json:"orders"`
	Decisions []exportRuling `json:"decisions"` // made as a moderator
}

type exportOrder struct {
	ID            string          `json:"id"`
	Code          string          `json:"code"`
	Side          Side            `json:"side"`
	With          string          `json:"with"` // handle; empty once erased
	Kind          string          `json:"kind"`
	Subject       string          `json:"subject"`
	Title         string          `json:"title"`
	Payee         string          `json:"payee"`
	Country       string          `json:"country"`
	Link          string          `json:"link"`
	Method        Method          `json:"method"`
	Amount        int64           `json:"amount"`
	Currency      string          `json:"currency"`
	Terms         json.RawMessage `json:"terms"`
	RefundDays    int             `json:"refund_days"`
	State         State           `json:"state"`
	Settlement    Settlement      `json:"settlement"`
	Question      About           `json:"question"`
	Refunded      int64           `json:"refunded"`
	RefundSent    int64           `json:"refund_sent"`
	Extra         int64           `json:"extra"`
	ExtraReturned int64           `json:"extra_returned"`
	Details       *Details        `json:"details"`   // the seller's own
	Denial        string          `json:"denial"`    // as both know it
	Statement     string          `json:"statement"` // the own one, to a moderator
	CreatedAt     time.Time       `json:"created_at"`
	DeadlineAt    *time.Time      `json:"deadline_at"`
	ClaimedAt     *time.Time      `json:"claimed_at"`
	RefundSentAt  *time.Time      `json:"refund_sent_at"`
	PaidAt        *time.Time      `json:"paid_at"`
	FulfilledAt   *time.Time      `json:"fulfilled_at"`
	ClosedAt      *time.Time      `json:"closed_at"`
}

type exportRuling struct {
	ID        string `json:"id"`
	Question  About  `json:"question"`
	Paid      bool   `json:"paid"`
	Reason    string `json:"reason"`
	DecidedOn string `json:"decided_on"`
}

// Export writes the account's orders, with what it typed, and its decisions as
// one JSON value. It implements account.Holder.
func (p *Payments) Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error {
	out := export{Orders: []exportOrder{}, Decisions: []exportRuling{}}
	rows, err := ordersOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for i := range rows {
		one, err := p.exported(ctx, tx, &rows[i])
		if err != nil {
			return err
		}
		out.Orders = append(out.Orders, one)
	}
	var rulings []Ruling
	if err := tx.NewSelect().Model(&rulings).Where("d.moderator_id = ?", id).OrderExpr("d.decided_on, d.id").Scan(ctx); err != nil {
		return err
	}
	for _, r := range rulings {
		out.Decisions = append(out.Decisions, exportRuling{r.ID, r.Question, r.Paid, r.Reason, db.Date(r.DecidedOn)})
	}
	return json.NewEncoder(w).Encode(out)
}

// ordersOf reads an account's orders with its side as the viewer.
func ordersOf(ctx context.Context, tx *db.Tx, id string) (rows []Order, err error) {
	err = withHandles(tx.NewSelect().Model(&rows)).Where("o.buyer_id = ? OR o.seller_id = ?", id, id).OrderExpr("o.created_at, o.id").Scan(ctx)
	for i := range rows {
		if rows[i].Viewer = Seller; rows[i].BuyerID == id {
			rows[i].Viewer = Buyer
		}
	}
	return rows, err
}

func (p *Payments) exported(ctx context.Context, tx *db.Tx, o *Order) (exportOrder, error) {
	out := exportOrder{ID: o.ID, Code: o.Code, Side: o.Viewer, With: o.SellerHandle, Kind: o.Kind, Subject: o.Subject, Title: o.Title, Payee: o.Payee,
		Country: o.Country, Link: o.Link, Method: o.Method, Amount: o.Amount, Currency: o.Currency, Terms: o.Terms, RefundDays: o.RefundDays, State: o.State,
		Settlement: o.Settlement, Question: o.Question, Refunded: o.Refunded, RefundSent: o.RefundSent, Extra: o.Extra, ExtraReturned: o.ExtraReturned,
		CreatedAt: o.CreatedAt, DeadlineAt: maybe(o.DeadlineAt), ClaimedAt: maybe(o.ClaimedAt), RefundSentAt: maybe(o.RefundSentAt),
		PaidAt: maybe(o.PaidAt), FulfilledAt: maybe(o.FulfilledAt), ClosedAt: maybe(o.ClosedAt)}
	said, err := p.statements(ctx, tx, o.ID)
	if err != nil {
		return out, err
	}
	out.Denial, out.Statement = said.Denial, said.Buyer
	if o.Viewer == Buyer {
		return out, nil
	}
	out.With, out.Statement = o.BuyerHandle, said.Seller
	s, _, err := secretOf(ctx, tx, o.ID)
	if err != nil {
		return out, err
	}
	plain, ok, err := p.unseal(&s, saidDetails, s.Details)
	if err != nil || !ok {
		return out, err
	}
	out.Details = &Details{}
	return out, json.Unmarshal(plain, out.Details)
}

func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Erase takes the account out of its closed orders, with everything it typed.
// The journal is not touched: it knows no accounts. Fault: Conflict open_orders
// (argument Codes), while something stands between the two. It implements
// account.Holder.
func (p *Payments) Erase(ctx context.Context, tx *db.Tx, id string) error {
	rows, err := ordersOf(ctx, tx, id)
	if err != nil {
		return err
	}
	var open []string
	for i := range rows {
		held, err := p.hold(ctx, tx, rows[i].ID)
		if err != nil {
			return err
		}
		held.Viewer = rows[i].Viewer
		if rows[i] = held; held.Open() {
			open = append(open, held.Code)
		}
	}
	if len(open) > 0 {
		return fault.Of(fault.Conflict, "open_orders").With("Codes", strings.Join(open, ", "))
	}
	for i := range rows {
		if err := p.leave(ctx, tx, &rows[i]); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*Ruling)(nil)).Set("moderator_id = NULL").Where("moderator_id = ?", id).Exec(ctx)
	return err
}

// leave takes the viewer out of a closed order. What was sealed about it goes
// for both: after its end nobody needs it but the two who agreed.
func (p *Payments) leave(ctx context.Context, tx *db.Tx, o *Order) error {
	if err := shred(ctx, tx, o); err != nil {
		return err
	}
	if err := o.save(ctx, tx); err != nil {
		return err
	}
	if err := p.anonymise(ctx, tx, o, o.Viewer); err != nil && !errors.Is(err, errGone) {
		return err
	}
	return nil
}
