package site

import (
	"context"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// actCardRefund is the one form of an order's page that payment does not know:
// a seller gives money back through Stripe.
const actCardRefund payment.Act = "card_refund"

// checkout leads the buyer to the page of payment.
func (s *Site) checkout(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request.Context(), c.Param("id")
	if v.actor.Anonymous() {
		return s.later(c, "", payment.Path(id))
	}
	refused := func(err error) error { return s.unanswered(c, err, s.orderAgain(c, typedOrder{}, err)) }
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return refused(err)
	}
	if err := s.mayWrite(c); err != nil {
		return refused(err)
	}
	to, err := s.Stripe.Checkout(ctx, v.actor, id)
	if coded(err, "order_state") { // as where it is paid and we have not heard of it
		return s.see(c, cameBack(id))
	}
	if err != nil {
		return refused(err)
	}
	return s.leave(c, to, payment.Path(id))
}

// coded tells whether an error is a fault of this code.
func coded(err error, code string) bool {
	all := fault.All(err)
	return len(all) > 0 && all[0].Code == code
}

// cameBack is where a buyer looks whether Stripe knows of a payment.
func cameBack(id string) string { return payment.Path(id) + "?session=again" }

// returned takes in what Stripe knows when a buyer comes back from there; done
// tells that the request is answered. That somebody came back is no payment.
// Where Stripe does not answer the page says that we wait for it.
func (s *Site) returned(c *gin.Context, v *visit, o *payment.Order) (done bool, err error) {
	ctx := c.Request.Context()
	if !o.Paid && s.allowAccount(c, classWrite) == nil {
		err := s.Stripe.Returned(ctx, o.ID)
		if err != nil && !fault.Is(err, fault.Unavailable) && !fault.Is(err, fault.Invalid) {
			return false, err
		}
		now, err := s.Payments.Order(ctx, v.actor, o.ID)
		if err != nil {
			return false, err
		}
		*o = now
	}
	if o.State == payment.AwaitingPayment {
		return false, nil
	}
	if o.Paid {
		s.say(c, "ok", "card.paid_now")
	}
	return true, s.see(c, payment.Path(o.ID)) // a clean address, and a reload asks nobody
}

// cardForms are the forms that only a branch with card payments has.
func (s *Site) cardForms() []orderForm {
	if s.Stripe == nil {
		return nil
	}
	return []orderForm{{act: actCardRefund, path: cardRefundPath[1:], input: "back", words: []string{"amount"}, done: "card.done_back", do: s.cardRefund}}
}

func (s *Site) cardRefund(ctx context.Context, by account.Actor, o payment.Order, word func(string) string) error {
	given, err := strconv.ParseInt(word("given"), 10, 64)
	if err != nil || given < 0 {
		return fault.Of(fault.Conflict, "order_state")
	}
	amount, err := money.ParseField("amount", word("amount"), o.Currency)
	if err != nil {
		return err
	}
	return s.Stripe.Refund(ctx, by, o.ID, amount, given)
}

// card tells that an order is paid by card.
func (w *orderView) card() bool { return w.o.Method == payment.Stripe }

// atStripe adds what an order's page tells of Stripe beside the order's facts.
func (s *Site) atStripe(ctx context.Context, w *orderView) (err error) {
	if w.takes = s.Stripe != nil; w.takes && w.card() {
		w.at, err = s.Stripe.AtStripe(ctx, w.o.ID)
	}
	return err
}

// saying is the key of what the page says first.
func (w *orderView) saying(at string) string {
	side := "_" + string(w.o.Viewer)
	if !w.card() {
		return "order.say_" + at + side
	}
	switch {
	case at == "pay" && !w.takes:
		return "card.off"
	case !w.takes && (at == "cancelled" || at == "expired"):
		return "card.off_" + at
	case at == string(payment.Refunded) && w.o.Lost():
		at = "lost"
	case at == "extra" && w.going():
		at = "extra_going"
	}
	return "card.say_" + at + side
}

// going tells that what was paid twice is on its way back already.
func (w *orderView) going() bool {
	_, waiting := w.at.given()
	return w.o.Extra-w.o.ExtraReturned <= waiting
}

// odd tells that an order waits for a payment and something about it has to be
// looked at first: nobody is asked to pay.
func (w *orderView) odd() bool {
	return w.card() && w.at.Review && w.o.State == payment.AwaitingPayment
}

// cardTurn corrects whose turn it is where it is Stripe's.
func (w *orderView) cardTurn(t *web.OrderTurn, at string) {
	switch {
	case w.odd():
		t.Tone, t.Title, t.Text = "wait", w.T("card.review"), w.T("card.review_"+string(w.o.Viewer))
		return
	case w.o.State == payment.Disputed && w.card():
		t.Tone, t.Title = "moderator", w.T("card.turn_bank")
		return
	case at == "pay" && w.typed.came:
		t.Text, t.Look = w.T("card.wait_text"), web.Link{Label: w.T("card.wait_do"), URL: cameBack(w.o.ID)}
	case at == "extra" && w.going():
	default:
		return
	}
	t.Tone, t.Title = "wait", w.T("card.wait")
}

// cardSteps are those between ordering and the licence.
func (w *orderView) cardSteps() []web.OrderStep {
	switch {
	case w.o.Paid:
		return []web.OrderStep{{State: "done", Label: w.T("card.step_paid"), When: w.moment(w.o.PaidAt)}}
	case stage(w.o) == "pay":
		return []web.OrderStep{{State: "now", Label: w.T("card.step_paid_todo")}}
	}
	return nil
}

// disputeSteps are what the buyer's bank did.
func (w *orderView) disputeSteps() (out []web.OrderStep) {
	worst := payment.Rank(0)
	for _, rank := range w.o.Disputes {
		worst = max(worst, rank)
		if rank == payment.DisputeOpen {
			out = []web.OrderStep{{State: "now", Label: w.T("card.step_disputed")}}
		}
	}
	switch {
	case worst == payment.DisputeLost:
		return append(out, web.OrderStep{State: "stop", Label: w.T("card.step_dispute_lost")})
	case worst == payment.DisputeWon && len(out) == 0:
		return append(out, web.OrderStep{State: "done", Label: w.T("card.step_dispute_won")})
	}
	return out
}

// cardParts adds what the page of an order by card has of its own: the button
// that leads to Stripe, refunds, and what is odd about it.
func (w *orderView) cardParts(c *gin.Context, p *web.OrderPage) {
	o := w.o
	if !w.card() {
		return
	}
	p.Returns = w.returnRows()
	waits := o.State == payment.AwaitingPayment
	switch {
	case w.odd():
	case w.at.Review && !o.Paid:
		p.Alert = &web.Alert{Title: w.T("card.review") + ".", Text: w.T("card.review_" + string(o.Viewer))}
	case w.at.Review && o.Extra == 0 && !w.refused():
		p.Alert = &web.Alert{Title: w.T("card.review") + ".", Text: w.T("card.review_paid")}
	}
	buyer := o.Viewer == payment.Buyer
	if buyer && o.State == payment.Expired && p.GoodsURL != "" {
		p.Again = web.Link{Label: w.T("card.again"), URL: p.GoodsURL + "/licence"}
	}
	if buyer && waits && w.takes && !w.odd() {
		p.Card = &web.CardBox{Action: payment.Path(o.ID) + checkoutPath, Price: w.amount(o.Amount)}
		if w.typed.came {
			p.Card.Waiting = cameBack(o.ID)
		}
		c.Set(leadsOut, true)
	}
	if p.Cancel != nil {
		p.Cancel.Text = w.T("card.cancel_" + string(o.Viewer))
	}
	p.Back = w.cardBack()
}

// refused tells that Stripe refused a refund, which its own words explain.
func (w *orderView) refused() bool {
	return slices.ContainsFunc(w.at.Refunds, func(r StripeRefund) bool { return r.State == refundFailed })
}

// cardBack is the seller's form that gives money back; nil: nothing can go back
// now. A bank's dispute comes first.
func (w *orderView) cardBack() *web.ActForm {
	o := w.o
	given, waiting := w.at.given()
	rest := o.Returnable() - waiting
	if o.Viewer != payment.Seller || !o.Paid || o.State == payment.Disputed || rest <= 0 || !w.takes {
		return nil
	}
	at := stage(o)
	return &web.ActForm{ID: "back", Action: payment.Path(o.ID) + cardRefundPath, Title: w.T("order.back"), Button: w.T("card.back_do"),
		Text: w.T("card.back_text", "rest", w.amount(rest)), Main: at == "paid" || at == "extra", Open: w.typed.act == actCardRefund,
		Hidden: []web.Pair{{Name: "given", Value: strconv.FormatInt(given, 10)}}, Inputs: w.sum(actCardRefund, "back", "card.amount_back", "")}
}

func (w *orderView) returnRows() (out []web.ReturnRow) {
	for _, r := range w.at.Refunds {
		hint := w.T("card.back_" + r.State + "_hint")
		if r.State == refundFailed {
			hint = w.T("card.back_failed_" + string(w.o.Viewer))
		}
		out = append(out, web.ReturnRow{Amount: r.Amount.Format(w.Lang), State: r.State, Word: w.T("card.back_" + r.State), Hint: hint, When: w.moment(r.At)})
	}
	return out
}
