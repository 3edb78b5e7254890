package world

import (
	"net/http"
	"slices"
	"time"
)

// intent is one payment of a session.
type intent struct {
	id, on, currency, status, charge string
	amount, received                 int64
	created                          time.Time
	metadata                         map[string]string
	live                             bool
	fee                              int64 // only a lie takes one
}

// charge is the money of an intent.
type charge struct {
	id, on, intent, currency, status string
	amount, refunded                 int64
	created                          time.Time
	metadata                         map[string]string
	disputed, live                   bool
	fee                              int64
}

// refund is money that goes back.
type refund struct {
	id, on, charge, intent, currency, status, reason string
	amount                                           int64
	created                                          time.Time
	metadata                                         map[string]string
}

func (w *World) showIntent(id, on string) object {
	p := w.intents[id]
	if p == nil || p.on != on {
		return nil
	}
	return object{"id": p.id, "object": "payment_intent", "amount": p.amount, "amount_received": p.received, "amount_capturable": 0, "currency": p.currency, "status": p.status,
		"latest_charge": orNull(p.charge), "created": p.created.Unix(), "metadata": p.metadata, "livemode": p.live, "application": nil, "application_fee_amount": feeOf(p.fee),
		"capture_method": "automatic", "confirmation_method": "automatic", "customer": nil, "on_behalf_of": nil, "transfer_data": nil, "transfer_group": nil, "receipt_email": nil,
		"payment_method_types": []string{"card"}}
}

func feeOf(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func (w *World) showCharge(id, on string) object {
	c := w.charges[id]
	if c == nil || c.on != on {
		return nil
	}
	p := w.cfg.Person
	captured := c.amount
	if c.status != "succeeded" {
		captured = 0
	}
	return object{"id": c.id, "object": "charge", "amount": c.amount, "amount_captured": captured, "amount_refunded": c.refunded, "currency": c.currency, "status": c.status,
		"paid": c.status == "succeeded", "captured": c.status == "succeeded", "refunded": c.refunded == c.amount && c.amount > 0, "disputed": c.disputed, "payment_intent": c.intent,
		"created": c.created.Unix(), "metadata": c.metadata, "livemode": c.live, "application_fee": nil, "application_fee_amount": feeOf(c.fee), "customer": nil, "on_behalf_of": nil,
		"transfer_data": nil, "billing_details": object{"email": p.Email, "name": p.Name, "phone": p.Phone, "address": object{"country": "KZ", "postal_code": "050000"}},
		"payment_method_details": object{"type": "card", "card": object{"brand": "visa", "last4": p.Last4, "exp_month": 8, "exp_year": 2030, "fingerprint": "plantedfingerprint"}}}
}

func (w *World) showRefund(id, on string) object {
	r := w.refunds[id]
	if r == nil || r.on != on {
		return nil
	}
	return object{"id": r.id, "object": "refund", "amount": r.amount, "currency": r.currency, "status": r.status, "charge": r.charge, "payment_intent": r.intent,
		"reason": orNull(r.reason), "created": r.created.Unix(), "metadata": r.metadata}
}

func (w *World) newRefund(c *call) (object, *refusal) {
	ch, e := w.chargeOf(c.on.id, c.get("payment_intent"), c.get("charge"))
	if e != nil {
		return nil, e
	}
	amount, e := c.number("amount", ch.amount-ch.refunded)
	if e != nil {
		return nil, e
	}
	meta, e := c.metadata("metadata")
	if e != nil {
		return nil, e
	}
	r, e := w.refund(ch, amount, meta)
	if e != nil {
		return nil, e
	}
	r.reason = c.get("reason")
	return w.showRefund(r.id, r.on), nil
}

// chargeOf is the charge that a refund is asked of.
func (w *World) chargeOf(on, intentID, chargeID string) (*charge, *refusal) {
	if (intentID == "") == (chargeID == "") {
		return nil, bad("payment_intent", "parameter_missing", "One of payment_intent and charge is needed")
	}
	if chargeID == "" {
		p := w.intents[intentID]
		if p == nil || p.on != on {
			return nil, missing("payment_intent", intentID)
		}
		if p.status != "succeeded" {
			return nil, bad("payment_intent", "payment_intent_unexpected_state", "This PaymentIntent (%s) does not have a successful charge to refund.", intentID)
		}
		chargeID = p.charge
	}
	ch := w.charges[chargeID]
	if ch == nil || ch.on != on || ch.status != "succeeded" {
		return nil, missing("charge", chargeID)
	}
	return ch, nil
}

// refund gives money back, up to what is left, unless the bank has asked for it.
func (w *World) refund(ch *charge, amount int64, meta map[string]string) (*refund, *refusal) {
	no := func(code, text string) (*refund, *refusal) {
		return nil, &refusal{status: http.StatusBadRequest, kind: "invalid_request_error", code: code, param: "amount", message: text}
	}
	for _, d := range w.disputes {
		if d.charge == ch.id && d.status != "won" && d.status != "warning_closed" && d.status != "warning_needs_response" {
			return no("charge_disputed", "Charge "+ch.id+" has been charged back; cannot issue a refund.")
		}
	}
	switch {
	case ch.refunded == ch.amount:
		return no("charge_already_refunded", "Charge "+ch.id+" has already been refunded.")
	case amount < 1:
		return no("parameter_invalid_integer", "Invalid positive integer")
	case amount > ch.amount-ch.refunded:
		return no("", "Refund amount is greater than unrefunded amount on charge")
	}
	r := &refund{id: w.id("re_3", 23), on: ch.on, charge: ch.id, intent: ch.intent, currency: ch.currency, status: "succeeded", amount: amount, created: w.now(), metadata: meta}
	w.refunds[r.id] = r
	w.order = append(w.order, r.id)
	ch.refunded += amount
	w.tell(ch.on, "charge.refunded", w.showCharge(ch.id, ch.on))
	return r, nil
}

// refundsWhere lists refunds, the newest first.
func (w *World) refundsWhere(is func(*refund) bool) (out []object) {
	for _, id := range slices.Backward(w.order) {
		if r := w.refunds[id]; r != nil && is(r) {
			out = append(out, w.showRefund(r.id, r.on))
		}
	}
	return out
}

func (w *World) listRefunds(c *call) (object, *refusal) {
	return w.page(c, w.refundsWhere(func(r *refund) bool {
		return r.on == c.on.id && fits(c.get("payment_intent"), r.intent) && fits(c.get("charge"), r.charge)
	}), "/v1/refunds")
}

func fits(want, got string) bool { return want == "" || want == got }

// dispute is what a buyer's bank asks.
type dispute struct {
	id, on, charge, intent, currency, status, reason string
	amount                                           int64
	created                                          time.Time
}

func (w *World) showDispute(id, on string) object {
	d := w.disputes[id]
	if d == nil || d.on != on {
		return nil
	}
	p := w.cfg.Person
	return object{"id": d.id, "object": "dispute", "amount": d.amount, "currency": d.currency, "status": d.status, "reason": d.reason, "charge": d.charge, "payment_intent": d.intent,
		"created": d.created.Unix(), "livemode": false, "metadata": object{}, "is_charge_refundable": false, "balance_transactions": []string{},
		"evidence":         object{"customer_email_address": p.Email, "customer_name": p.Name, "customer_purchase_ip": "203.0.113.77"},
		"evidence_details": object{"due_by": d.created.Add(7 * 24 * time.Hour).Unix(), "has_evidence": false, "past_due": false, "submission_count": 0}}
}

func (w *World) listDisputes(c *call) (object, *refusal) {
	var all []object
	for _, id := range slices.Backward(w.order) {
		if d := w.disputes[id]; d != nil && d.on == c.on.id && fits(c.get("payment_intent"), d.intent) && fits(c.get("charge"), d.charge) {
			all = append(all, w.showDispute(d.id, d.on))
		}
	}
	return w.page(c, all, "/v1/disputes")
}
