package site

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// stage is where an order stands, as the texts tell it apart.
func stage(o *payment.Order) string {
	late := o.State == payment.Expired && !o.DeadlineAt.IsZero() && o.Method.Stated() // claimed after its time
	switch {
	case o.Question == payment.AboutPaying:
		return "asked_payment"
	case o.Question == payment.AboutRefund:
		return "asked_refund"
	case o.RefundSent > 0:
		return "back"
	case o.Extra > o.ExtraReturned:
		return "extra"
	case o.State == payment.Fulfilled && o.Amount == 0:
		return "free"
	case o.State != payment.AwaitingPayment && !late:
		return string(o.State)
	case o.Settlement == payment.Claimed:
		return "claimed"
	case o.Settlement == payment.Denied:
		return "denied"
	case o.Turn() == payment.SellersTurn:
		return "details"
	}
	return "pay"
}

// turn says whose turn it is, what to do, and until when.
func (w *orderView) turn() web.OrderTurn {
	o, at := w.o, stage(w.o)
	t := web.OrderTurn{Tone: "wait", Title: orderTurnWord(w.Frame, o), Text: w.T(w.saying(at),
		"price", w.amount(o.Amount), "back", w.amount(o.RefundSent), "extra", w.amount(o.Extra-o.ExtraReturned))}
	switch turn := o.Turn(); {
	case string(turn) == string(o.Viewer):
		t.Tone = "you"
	case turn == payment.ModeratorTurn:
		t.Tone = "moderator"
	case turn == payment.NobodysTurn && o.State == payment.Fulfilled:
		t.Tone = "done"
	case turn == payment.NobodysTurn:
		t.Tone = "over"
	}
	w.cardTurn(&t, at)
	w.doubtTurn(&t, at)
	if !o.DeadlineAt.IsZero() && o.DeadlineAt.After(w.now) && !w.typed.came {
		t.Until = w.T("order.until", "date", w.moment(o.DeadlineAt))
	}
	return t
}

// doubt is what to know of the right to sell what was ordered: while nobody says
// to have paid, and where the order was called off for it.
func (s *Site) doubt(ctx context.Context, o *payment.Order, workID string) (licence.Doubt, error) {
	waits := o.State == payment.AwaitingPayment && o.Settlement == payment.NoSettlement
	if workID == "" || !waits && (o.State != payment.Cancelled || o.Paid) {
		return licence.NoDoubt, nil
	}
	d, err := s.Licences.Doubt(ctx, workID)
	if !waits && d == licence.Contested {
		d = licence.NoDoubt // that order has ended for another cause
	}
	return d, err
}

// rights is the warning that goes before the ways to pay; nil: nobody doubts
// that the work may be sold.
func (w *orderView) rights() *web.Alert {
	if w.doubt == licence.NoDoubt {
		return nil
	}
	key, side := "doubt."+string(w.doubt), "_"+string(w.o.Viewer)
	if w.o.State == payment.Cancelled {
		side = "_over"
	}
	return &web.Alert{Title: w.T(key), Text: w.T(key + side), Look: web.Link{Label: w.T("doubt.look"), URL: licence.WorkPath(w.sold.Facts.WorkID)}}
}

// doubtTurn asks nobody to pay what may not be the seller's to sell.
func (w *orderView) doubtTurn(t *web.OrderTurn, at string) {
	seller := w.o.Viewer == payment.Seller
	if w.doubt == licence.NoDoubt || at != "pay" && (at != "details" || seller) || w.odd() || w.typed.came {
		return
	}
	side := "_" + string(w.o.Viewer)
	t.Tone, t.Title, t.Text = "wait", w.T("doubt.turn_"+string(w.doubt)), w.T("doubt.turn_"+string(w.doubt)+side)
	if !w.card() {
		t.Text += " " + w.T("doubt.sent"+side)
	}
}

// silence says what follows if nobody does anything; empty: nothing does.
func (w *orderView) silence() string {
	o := w.o
	switch at := stage(o); at {
	case "pay":
		if w.odd() || w.typed.came {
			return ""
		}
		if w.card() {
			return w.T("card.quiet_pay")
		}
		return w.T("order.quiet_pay", "date", w.day(o.DeadlineAt))
	case "details":
		return w.T("order.quiet_details_"+string(o.Viewer), "date", w.day(o.DeadlineAt))
	case "denied":
		return w.T("order.quiet_denied", "date", w.day(o.DeadlineAt))
	case "claimed":
		return w.T("order.quiet_claimed", "date", w.day(o.DeadlineAt), "arbiter", w.day(o.ClaimedAt.Add(payment.ArbiterAfter)))
	case "back":
		return w.T("order.quiet_back", "arbiter", w.day(o.RefundSentAt.Add(payment.ArbiterAfter)))
	}
	return ""
}

// wish says until when a buyer may ask for the money back without a ground, and
// that it is the seller who returns it; empty: nothing of that kind was agreed.
func (w *orderView) wish() string {
	o := w.o
	last := o.PaidAt.Add(time.Duration(o.RefundDays) * 24 * time.Hour)
	if o.Viewer != payment.Buyer || !o.Paid || o.State == payment.Refunded || o.State == payment.Disputed || o.RefundSent > 0 || o.Amount == 0 || o.RefundDays == 0 || !last.After(w.now) {
		return ""
	}
	key := "order.wish"
	if w.card() {
		key = "card.wish"
	}
	return w.T(key, "date", w.day(last))
}

// steps are the way of an order in words: what is done, what is now, what
// comes later, and where it stopped.
func (w *orderView) steps() []web.OrderStep {
	o := w.o
	out := []web.OrderStep{{State: "done", Label: w.T("order.step_ordered"), When: w.moment(o.CreatedAt)}}
	add := func(state, key string, at time.Time) {
		out = append(out, web.OrderStep{State: state, Label: w.T("order.step_" + key), When: w.moment(at)})
	}
	switch {
	case w.card():
		out = append(out, w.cardSteps()...)
	case o.Amount > 0:
		w.paySteps(add)
	}
	switch {
	case o.Fulfilled:
		add("done", "issued", o.FulfilledAt)
	case o.State == payment.Cancelled && !o.Paid:
		add("stop", "cancelled", o.ClosedAt)
	case o.State == payment.Expired && o.DeadlineAt.IsZero() && o.Question == payment.NoQuestion:
		add("stop", "expired", o.ClosedAt)
	case o.State == payment.Refunded:
	default:
		add("later", "issued_todo", time.Time{})
	}
	out = append(out, w.disputeSteps()...)
	if back := o.Refunded + o.ExtraReturned; back > 0 {
		out = append(out, web.OrderStep{State: "done", Label: w.T("order.step_returned", "amount", w.amount(back))})
	}
	if o.RefundSent > 0 {
		out = append(out, web.OrderStep{State: "now", Label: w.T("order.step_returning", "amount", w.amount(o.RefundSent)), When: w.moment(o.RefundSentAt)})
	}
	if o.Question == payment.AboutRefund {
		add("now", "asked", time.Time{})
	}
	return out
}

// paySteps are those between ordering and the licence.
func (w *orderView) paySteps(add func(state, key string, at time.Time)) {
	o, at := w.o, stage(w.o)
	over := o.Paid || at == string(payment.Cancelled) || at == string(payment.Expired)
	claimed := !o.ClaimedAt.IsZero()
	switch {
	case o.Method == payment.Direct && o.HasDetails:
		add("done", "details", time.Time{})
	case o.Method == payment.Direct && !over && !claimed:
		add("now", "details_todo", time.Time{})
	}
	switch {
	case claimed:
		add("done", "sent", o.ClaimedAt)
	case at == "pay":
		add("now", "sent_todo", time.Time{})
	case !over:
		add("later", "sent_todo", time.Time{})
	}
	if o.Settlement == payment.Denied {
		add("stop", "denied", time.Time{})
	}
	switch {
	case o.Paid && o.Settlement == payment.Arbitration:
		add("done", "paid_ruled", o.PaidAt)
	case o.Paid:
		add("done", "paid", o.PaidAt)
	case o.Question == payment.AboutPaying:
		add("now", "asked", time.Time{})
	case at == "claimed":
		add("now", "paid_todo", time.Time{})
	case !over:
		add("later", "paid_todo", time.Time{})
	}
}
