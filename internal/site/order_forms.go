package site

import (
	"slices"

	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// acts adds the forms of what the viewer may do now. The one that the turn
// waits for stands open, the others are folded.
func (w *orderView) acts(p *web.OrderPage) {
	o, at := w.o, stage(w.o)
	may := o.Acts(w.now)
	form := func(act payment.Act, id, path, button string, main bool) *web.ActForm {
		if !slices.Contains(may, act) {
			return nil
		}
		return &web.ActForm{ID: id, Action: payment.Path(o.ID) + "/" + path, Title: w.T("order." + id), Button: w.T("order." + button), Main: main, Open: w.typed.act == act}
	}
	if a := form(payment.ActClaim, "claim", "claim", "claim_do", at == "pay"); a != nil {
		a.Text = w.T("order.claim_text", "price", w.amount(o.Amount))
		p.Claim = a
	}
	if a := form(payment.ActConfirm, "confirm", "confirm", "confirm_do", at == "claimed"); a != nil {
		a.Text = w.T("order.confirm_text", "price", w.amount(o.Amount))
		a.Inputs = w.sum(payment.ActConfirm, "came", "order.amount_came", "")
		p.Confirm = a
	}
	if a := form(payment.ActDeny, "deny", "deny", "deny_do", false); a != nil {
		a.Text = w.T("order.deny_text")
		a.Area = &web.Field{Name: "reason", Label: w.T("order.deny_reason"), Hint: w.T("order.deny_reason_hint"), Rows: 3, Max: payment.MaxDenial, Required: true,
			Value: w.typed.of(payment.ActDeny, "reason"), Error: w.badOf(payment.ActDeny, "reason")}
		p.Deny = a
	}
	if a := form(payment.ActCancel, "cancel", "cancel", "cancel_do", false); a != nil {
		a.Text, a.Danger = w.T("order.cancel_"+string(o.Viewer)), true
		if o.Viewer == payment.Buyer && at == "claimed" {
			a.Text = w.T("order.cancel_claimed")
		}
		p.Cancel = a
	}
	w.asking(p, form(payment.ActArbitrate, "ask", "arbitration", "ask_do", at == "denied"))
	w.returning(p, may)
}

// badOf is what is wrong with a field of the form that was sent.
func (w *orderView) badOf(act payment.Act, name string) string {
	if w.typed.act != act {
		return ""
	}
	return w.bad.of(name)
}

// sum is the input of an amount: its id tells several on one page apart.
func (w *orderView) sum(act payment.Act, input, key, fill string) []web.Field {
	x := web.Field{Name: "amount", ID: "f-" + input, Label: w.T(key, "sign", money.Sign(w.o.Currency, w.Lang)), Mode: "decimal", Max: 24, Required: true, Value: fill}
	if w.typed.act == act {
		w.bad.move("amount", input)
		x.Value, x.Error = w.typed.of(act, "amount"), w.bad.of(input)
	}
	return []web.Field{x}
}

// asking is the form that calls a moderator, or from when on it will stand there.
func (w *orderView) asking(p *web.OrderPage, a *web.ActForm) {
	if a == nil {
		if from := w.o.ArbiterFrom(); from.After(w.now) {
			p.ArbFrom = w.moment(from)
		}
		return
	}
	a.Text = w.T("order.ask_text")
	if w.o.Question != payment.NoQuestion {
		a.Title, a.Text, a.Button, a.Main = w.T("order.ask_add"), w.T("order.ask_add_text"), w.T("order.ask_again"), p.Own == ""
	}
	a.Area = &web.Field{Name: "statement", Label: w.T("order.statement"), Hint: w.T("order.statement_hint"), Max: payment.MaxStatement, Required: true,
		Value: w.typed.of(payment.ActArbitrate, "statement"), Error: w.badOf(payment.ActArbitrate, "statement")}
	if w.typed.act != payment.ActArbitrate {
		a.Area.Value = p.Own
	}
	p.Arbiter = a
}

// returning adds the forms of refunds and of what was paid twice.
func (w *orderView) returning(p *web.OrderPage, may []payment.Act) {
	o, at := w.o, stage(w.o)
	form := func(act payment.Act, id, path, button string) *web.ActForm {
		if !slices.Contains(may, act) {
			return nil
		}
		return &web.ActForm{ID: id, Action: payment.Path(o.ID) + "/" + path, Title: w.T("order." + id), Button: w.T("order." + button), Open: w.typed.act == act}
	}
	if a := form(payment.ActRefundSent, "back", "refund-sent", "back_do"); a != nil {
		a.Text, a.Main = w.T("order.back_text", "rest", w.amount(o.Returnable())), at == "paid" || at == "extra"
		if o.RefundSent > 0 {
			a.Button = w.T("order.back_again")
		}
		a.Inputs = w.sum(payment.ActRefundSent, "back", "order.amount_back", "")
		p.Back = a
	}
	if a := form(payment.ActRefundReceived, "got", "refund-received", "got_do"); a != nil {
		a.Text, a.Main = w.T("order.got_text", "back", w.amount(o.RefundSent)), true
		a.Inputs = w.sum(payment.ActRefundReceived, "got", "order.amount_came", "")
		p.Got = a
	}
	if a := form(payment.ActExtra, "extra", "extra", "extra_do"); a != nil {
		a.Text, a.Inputs = w.T("order.extra_text"), w.sum(payment.ActExtra, "extra", "order.amount_extra", "")
		p.Extra = a
	}
}
