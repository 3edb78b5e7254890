package api

import (
	"context"
	"net/http"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// AmountStated is what somebody says of money: exactly how much, in what.
type AmountStated struct {
	Amount   int64  `json:"amount" minimum:"0" maximum:"1000000000000" doc:"Minor units by ISO 4217" example:"120000"`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"ISO 4217" example:"RUB"`
}

// RefundStated is what a seller says of money that goes back.
type RefundStated struct {
	Amount   *int64 `json:"amount,omitempty" minimum:"0" maximum:"1000000000000" doc:"Minor units by ISO 4217. Absent: all that is left" example:"120000"`
	Currency string `json:"currency,omitempty" pattern:"^[A-Z]{3}$" maxLength:"3" doc:"ISO 4217; goes with amount" example:"RUB"`
}

// Details is where a buyer has to pay: at least one of the three.
type Details struct {
	Text string       `json:"text" required:"false" maxLength:"1000" doc:"Anything a person can follow" example:"Card 2200 0000 0000 0000"`
	IBAN string       `json:"iban" required:"false" maxLength:"60" doc:"An account by ISO 13616" example:"DE89370400440532013000"`
	Bank *BankDetails `json:"bank,omitempty" doc:"An account in a Russian bank: the pay page draws the bank's QR code of GOST R 56042"`
}

// BankDetails is an account in a Russian bank.
type BankDetails struct {
	Name     string `json:"name" maxLength:"160" doc:"Of whom the account is" example:"Ada L."`
	Account  string `json:"account" maxLength:"40" doc:"20 digits" example:"40817810100000000000"`
	BankName string `json:"bank_name" maxLength:"45" doc:"Of the bank" example:"Bank"`
	BIC      string `json:"bic" maxLength:"20" doc:"9 digits" example:"044525225"`
	Corresp  string `json:"corresp" maxLength:"40" doc:"The bank's correspondent account, 20 digits; 0 where it has none" example:"30101810400000000225"`
	INN      string `json:"inn" required:"false" maxLength:"20" doc:"Of the payee, 10 or 12 digits" example:"500100732259"`
}

// PayingDetails is what the two see of the way to pay.
type PayingDetails struct {
	Details
	QR string `json:"qr" doc:"What a bank's QR code says; empty: none" example:"ST00012|Name=Ada L."`
}

// Statements is what was said about an order, as far as you may read it.
type Statements struct {
	Denial string `json:"denial" doc:"The seller's, to the buyer" example:"Nothing came until Monday."`
	Buyer  string `json:"buyer" doc:"To the moderator; only your own" example:"Sent on 23 November, reference 7K3M."`
	Seller string `json:"seller" doc:"To the moderator; only your own" example:"The account shows no such transfer."`
}

// DenialStated is why a seller says that nothing came.
type DenialStated struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"To the buyer" example:"Nothing came until Monday."`
}

// ArbitrationAsked is what somebody tells a moderator.
type ArbitrationAsked struct {
	Statement string `json:"statement" minLength:"1" maxLength:"2000" doc:"Such as date, sum and reference; sealed, and read by moderators only" example:"Sent on 23 November, reference 7K3M."`
}

// OrderDecision is a moderator's decision.
type OrderDecision struct {
	Paid   bool   `json:"paid" doc:"The money is there; about a refund: the buyer has it again" example:"true"`
	Reason string `json:"reason" minLength:"20" maxLength:"2000" doc:"Public" example:"Both reports name the same transfer and the same day."`
}

type orderActInput struct {
	Keyed
	OrderRef
	Body *Nothing
}

type detailsInput struct {
	OrderRef
	Body Details
}

type amountInput struct {
	Keyed
	OrderRef
	Body AmountStated
}

type refundInput struct {
	Keyed
	OrderRef
	Body *RefundStated
}

type denyInput struct {
	Keyed
	OrderRef
	Body DenialStated
}

type arbitrateInput struct {
	Keyed
	OrderRef
	Body ArbitrationAsked
}

type decideInput struct {
	Keyed
	OrderRef
	Body OrderDecision
}

type payingOutput struct{ Body PayingDetails }

type statementsOutput struct{ Body Statements }

func (a *API) addOrderActs(one string) {
	missing := []int{http.StatusNotFound}
	state := []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}
	act := func(id, path, summary, text string) operation {
		return operation{id: id, method: http.MethodPost, path: one + path, tag: tagOrders, own: true, summary: summary, text: text, statuses: state}
	}
	add(a, operation{id: "order-details", method: http.MethodGet, path: one + "/details", tag: tagOrders, own: true, summary: "Read where to pay",
		text: "The seller while it is kept, the buyer while the order waits; 404 details_unknown else.", statuses: missing}, a.details)
	add(a, operation{id: "set-order-details", method: http.MethodPut, path: one + "/details", tag: tagOrders, own: true, summary: "Say as the seller where to pay",
		text:     "Sealed, seen by this buyer alone while the order waits, and shredded 14 days after it is closed. Never a destination of the fund (422 fund_destination).",
		statuses: state}, a.setDetails)
	add(a, operation{id: "order-statements", method: http.MethodGet, path: one + "/statements", tag: tagOrders, own: true, summary: "Read what was said about an order",
		statuses: missing}, a.statements)
	add(a, act("claim-payment", "/claim", "Say as the buyer that the money is sent", "It is no payment: only the seller or a moderator can say that it came."), a.claimPayment)
	add(a, act("confirm-payment", "/confirm", "Say as the seller that the money is here",
		"Amount and currency must be the order's (422 amount_mismatch). The licence is issued at once. Late money counts: also for an order that was cancelled or ran out."), a.confirmPayment)
	add(a, act("deny-payment", "/deny", "Say as the seller that nothing came", "The buyer may then ask a moderator at once."), a.denyPayment)
	add(a, act("cancel-order", "/cancel", "Cancel an order that waits", "The buyer until it is paid, the seller until the buyer says that money is on its way."), a.cancelOrder)
	add(a, act("arbitrate", "/arbitration", "Ask a moderator, or add to it", "409 arbitration_early while the other side still has time to answer."), a.arbitrate)
	add(a, act("decide-order", "/decide", "Decide an arbitration as a moderator", "Not an order of your own. The reason is public."), a.decideOrder)
	add(a, act("send-refund", "/refund-sent", "Say as the seller that money went back", "Until the buyer confirms it nothing is written down, and you may say another amount."), a.sendRefund)
	add(a, act("receive-refund", "/refund-received", "Say as the buyer that the money is here again",
		"Exactly what the seller sent (422 amount_mismatch). When all of it is back, the licence is revoked."), a.receiveRefund)
	add(a, act("receive-extra", "/extra-received", "Say as the seller that it was paid twice", "How much came beside the one payment; it has to go back."), a.receiveExtra)
}

// orderAct does an act upon an order, and answers with the order as it is then.
func (a *API) orderAct(ctx context.Context, r *request, key, id string, act func() (payment.Order, error)) (*orderOutput, error) {
	err := a.acts(ctx, r, key, func() error {
		_, err := act()
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.readOrder(ctx, r, &OrderRef{ID: id})
}

func (a *API) details(ctx context.Context, r *request, in *OrderRef) (*payingOutput, error) {
	found, err := a.Payments.Paying(ctx, r.actor, in.ID)
	if err != nil {
		return nil, err
	}
	out := PayingDetails{Details: Details{Text: found.Details.Text, IBAN: found.Details.IBAN}, QR: found.QR}
	if b := found.Details.Bank; b != nil {
		out.Bank = &BankDetails{Name: b.Name, Account: b.Account, BankName: b.BankName, BIC: b.BIC, Corresp: b.Corresp, INN: b.INN}
	}
	return &payingOutput{Body: out}, nil
}

func (a *API) setDetails(ctx context.Context, r *request, in *detailsInput) (*orderOutput, error) {
	d := payment.Details{Text: in.Body.Text, IBAN: in.Body.IBAN}
	if b := in.Body.Bank; b != nil {
		d.Bank = &payment.BankAccount{Name: b.Name, Account: b.Account, BankName: b.BankName, BIC: b.BIC, Corresp: b.Corresp, INN: b.INN}
	}
	if _, err := a.Payments.SetDetails(ctx, r.actor, in.ID, d); err != nil {
		for _, field := range []string{"name", "account", "bank_name", "bic", "corresp", "inn"} {
			err = renamed(err, field, "bank."+field)
		}
		return nil, err
	}
	return a.readOrder(ctx, r, &in.OrderRef)
}

func (a *API) statements(ctx context.Context, r *request, in *OrderRef) (*statementsOutput, error) {
	s, err := a.Payments.Statements(ctx, r.actor, in.ID)
	return &statementsOutput{Body: Statements{Denial: s.Denial, Buyer: s.Buyer, Seller: s.Seller}}, err
}

func (a *API) claimPayment(ctx context.Context, r *request, in *orderActInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) { return a.Payments.Claim(ctx, r.actor, in.ID) })
}

func (a *API) confirmPayment(ctx context.Context, r *request, in *amountInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		return a.Payments.Confirm(ctx, r.actor, in.ID, in.Body.amount())
	})
}

func (a *API) denyPayment(ctx context.Context, r *request, in *denyInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		return a.Payments.Deny(ctx, r.actor, in.ID, in.Body.Reason)
	})
}

func (a *API) cancelOrder(ctx context.Context, r *request, in *orderActInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) { return a.Payments.Cancel(ctx, r.actor, in.ID) })
}

func (a *API) arbitrate(ctx context.Context, r *request, in *arbitrateInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		return a.Payments.Arbitrate(ctx, r.actor, in.ID, in.Body.Statement)
	})
}

// decideOrder answers with the kept decision for a repeated call: once it is
// decided a moderator sees the order no more.
func (a *API) decideOrder(ctx context.Context, r *request, in *decideInput) (*answered[OrderState], error) {
	return did(ctx, a, r, in.Key, func() (OrderState, error) {
		row, err := a.Payments.Decide(ctx, r.actor, in.ID, payment.Decision{Paid: in.Body.Paid, Reason: in.Body.Reason})
		return a.orderOf(&row).OrderState, err
	})
}

func (a *API) sendRefund(ctx context.Context, r *request, in *refundInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		sent := money.Amount{}
		switch b := in.Body; {
		case b == nil:
		case b.Amount == nil && b.Currency != "":
			return payment.Order{}, fault.Bad("amount", "required")
		case b.Amount != nil && b.Currency == "": // an amount alone is not "all"
			return payment.Order{}, fault.Bad("currency", "required")
		case b.Amount != nil:
			sent = money.Amount{Minor: *b.Amount, Currency: b.Currency}
		}
		return a.Payments.RefundSent(ctx, r.actor, in.ID, sent)
	})
}

func (a *API) receiveRefund(ctx context.Context, r *request, in *amountInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		return a.Payments.RefundReceived(ctx, r.actor, in.ID, in.Body.amount())
	})
}

func (a *API) receiveExtra(ctx context.Context, r *request, in *amountInput) (*orderOutput, error) {
	return a.orderAct(ctx, r, in.Key, in.ID, func() (payment.Order, error) {
		return a.Payments.ExtraReceived(ctx, r.actor, in.ID, in.Body.amount())
	})
}

func (s AmountStated) amount() money.Amount {
	return money.Amount{Minor: s.Amount, Currency: s.Currency}
}
