package site

import (
	"context"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/sheet"
	"github.com/tmoeg/oduvan/web"
)

// orderForm is one form of an order's page.
type orderForm struct {
	act   payment.Act
	path  string   // behind the order's address
	input string   // the input on the page that stands for the field amount
	words []string // what waits when the session is over meanwhile
	done  string   // key of the word after it
	do    func(ctx context.Context, by account.Actor, o payment.Order, word func(string) string) error
}

// orderForms are all of them. Payment details never wait beside a session: they
// stand sealed in their order or nowhere.
func (s *Site) orderForms() []orderForm {
	p := s.Payments
	plain := func(verb func(context.Context, account.Actor, string) (payment.Order, error)) func(context.Context, account.Actor, payment.Order, func(string) string) error {
		return func(ctx context.Context, by account.Actor, o payment.Order, _ func(string) string) error {
			_, err := verb(ctx, by, o.ID)
			return err
		}
	}
	sum := func(verb func(context.Context, account.Actor, string, money.Amount) (payment.Order, error)) func(context.Context, account.Actor, payment.Order, func(string) string) error {
		return func(ctx context.Context, by account.Actor, o payment.Order, word func(string) string) error {
			amount, err := money.ParseField("amount", word("amount"), o.Currency)
			if err == nil {
				_, err = verb(ctx, by, o.ID, amount)
			}
			return err
		}
	}
	text := func(name string, verb func(context.Context, account.Actor, string, string) (payment.Order, error)) func(context.Context, account.Actor, payment.Order, func(string) string) error {
		return func(ctx context.Context, by account.Actor, o payment.Order, word func(string) string) error {
			_, err := verb(ctx, by, o.ID, word(name))
			return err
		}
	}
	return append(s.cardForms(), []orderForm{
		{act: payment.ActDetails, path: "details", done: "order.done_details", do: s.setDetails},
		{act: payment.ActClaim, path: "claim", done: "order.done_claim", do: plain(p.Claim)},
		{act: payment.ActConfirm, path: "confirm", input: "came", words: []string{"amount"}, done: "order.done_confirm", do: sum(p.Confirm)},
		{act: payment.ActDeny, path: "deny", words: []string{"reason"}, done: "order.done_deny", do: text("reason", p.Deny)},
		{act: payment.ActCancel, path: "cancel", done: "order.done_cancel", do: plain(p.Cancel)},
		{act: payment.ActArbitrate, path: "arbitration", words: []string{"statement"}, done: "order.done_arbitrate", do: text("statement", p.Arbitrate)},
		{act: payment.ActRefundSent, path: "refund-sent", input: "back", words: []string{"amount"}, done: "order.done_back", do: sum(p.RefundSent)},
		{act: payment.ActRefundReceived, path: "refund-received", input: "got", words: []string{"amount"}, done: "order.done_got", do: sum(p.RefundReceived)},
		{act: payment.ActExtra, path: "extra", input: "extra", words: []string{"amount"}, done: "order.done_extra", do: sum(p.ExtraReceived)},
	}...)
}

// orderAct sends one form of an order's page. Whatever is wrong, the words come
// back with the answer.
func (s *Site) orderAct(x orderForm) handler {
	return func(c *gin.Context) error {
		if err := parseForm(c); err != nil {
			return err
		}
		v, err := s.visit(c)
		if err != nil {
			return err
		}
		ctx, id := c.Request.Context(), c.Param("id")
		to := payment.Path(id) + "/" + x.path
		if v.actor.Anonymous() {
			return s.later(c, to, payment.Path(id), x.words...)
		}
		word := func(name string) string { return value(c, name) }
		refused := func(err error) error {
			return s.again(c, err, s.orderAgain(c, typedOrder{act: x.act, word: word}, err))
		}
		if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
			return refused(err)
		}
		o, err := s.Payments.Order(ctx, v.actor, id)
		if err != nil {
			return err
		}
		if err := s.mayWrite(c); err != nil {
			return refused(err)
		}
		if err := x.do(ctx, v.actor, o, word); err != nil {
			return refused(err)
		}
		if err := s.drop(ctx, to); err != nil {
			return err
		}
		s.say(c, "ok", x.done)
		return s.see(c, payment.Path(id))
	}
}

// bankWords are the fields of an account in a Russian bank.
var bankWords = [...]string{"name", "account", "bank_name", "bic", "corresp", "inn"}

func (s *Site) setDetails(ctx context.Context, by account.Actor, o payment.Order, word func(string) string) error {
	in := payment.Details{Text: word("text"), IBAN: word("iban")}
	bank := payment.BankAccount{Name: word("name"), Account: word("account"), BankName: word("bank_name"), BIC: word("bic"), Corresp: word("corresp"), INN: word("inn")}
	if bank != (payment.BankAccount{}) {
		in.Bank = &bank
	}
	_, err := s.Payments.SetDetails(ctx, by, o.ID, in)
	return err
}

// paying adds where to pay: for the buyer to read, for the seller to write.
func (s *Site) paying(ctx context.Context, v *visit, w *orderView, p *web.OrderPage) error {
	o := w.o
	may := slices.Contains(o.Acts(w.now), payment.ActDetails)
	if o.State != payment.AwaitingPayment || p.Seller && !may || w.card() {
		return nil
	}
	where, err := s.Payments.Paying(ctx, v.actor, o.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if p.Seller {
		p.Details = w.details(where.Details)
		return nil
	}
	p.Pay = w.pay(where, err == nil)
	if where.QR == "" {
		return nil
	}
	if p.Pay.QR, err = sheet.QR(where.QR, w.T("order.qr_said")); err != nil {
		s.Log.Warn("payment code", "route", "/orders/:id", "error", err) // a name of odd length; the fields stand beside it
	}
	p.Pay.QRNote = w.T("order.qr_note")
	return nil
}

func (w *orderView) pay(where payment.Paying, known bool) *web.PayBox {
	o := w.o
	box := &web.PayBox{Price: w.amount(o.Amount), Code: o.Code, Link: o.Link, Text: where.Details.Text, IBAN: where.Details.IBAN}
	if u, err := url.Parse(o.Link); err == nil {
		box.Host = u.Hostname()
	}
	switch {
	case known || o.Link != "":
	case o.HasDetails:
		box.Missing = w.T("order.pay_shredded")
	default:
		box.Missing = w.T("order.pay_none")
	}
	if b := where.Details.Bank; b != nil {
		box.Bank = []web.FactRow{{Label: w.T("order.bank_name_of"), Text: b.Name}, {Label: w.T("order.bank_account"), Text: b.Account, Code: true},
			{Label: w.T("order.bank_bank"), Text: b.BankName}, {Label: w.T("order.bank_bic"), Text: b.BIC, Code: true},
			{Label: w.T("order.bank_corresp"), Text: b.Corresp, Code: true}}
		if b.INN != "" {
			box.Bank = append(box.Bank, web.FactRow{Label: w.T("order.bank_inn"), Text: b.INN, Code: true})
		}
	}
	return box
}

// details is the seller's form with what is saved, or what was just refused.
func (w *orderView) details(saved payment.Details) *web.DetailsForm {
	o := w.o
	d := &web.DetailsForm{Action: payment.Path(o.ID) + "/details", Saved: o.HasDetails, Linked: o.Link != "", Refused: w.typed.act == payment.ActDetails,
		Need: o.Method == payment.Direct && !o.HasDetails && o.Settlement == payment.NoSettlement}
	bank := payment.BankAccount{}
	if saved.Bank != nil {
		bank = *saved.Bank
	}
	have := map[string]string{"text": saved.Text, "iban": saved.IBAN, "name": bank.Name, "account": bank.Account, "bank_name": bank.BankName,
		"bic": bank.BIC, "corresp": bank.Corresp, "inn": bank.INN}
	field := func(name, mode string, most int) web.Field {
		x := web.Field{Name: name, Label: w.T("order.d_" + name), Value: have[name], Max: most, Mode: mode}
		if d.Refused {
			x.Value, x.Error = w.typed.of(payment.ActDetails, name), w.bad.of(name)
		}
		return x
	}
	if d.Refused {
		w.bad.move("details", "text")
	}
	d.Text = field("text", "", payment.MaxDetails)
	d.Text.Hint, d.Text.Rows = w.T("order.d_text_hint"), 4
	d.IBAN = field("iban", "", 50)
	d.IBAN.Hint = w.T("order.d_iban_hint")
	if o.Currency != "RUB" {
		return d
	}
	for _, name := range bankWords {
		x := field(name, "numeric", 40)
		switch name {
		case "name", "bank_name":
			x.Mode, x.Max = "", 160
		case "corresp":
			x.Hint = w.T("order.d_corresp_hint")
		case "inn":
			x.Hint = w.T("order.d_inn_hint")
		}
		d.Open = d.Open || x.Value != "" || x.Error != ""
		d.Bank = append(d.Bank, x)
	}
	return d
}
