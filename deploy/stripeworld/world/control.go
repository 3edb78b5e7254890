package world

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Errors of the controls.
var (
	ErrUnknown = errors.New("world: no such thing")
	ErrState   = errors.New("world: not in this state")
)

// Listen makes an endpoint with a secret for events of connected accounts; no
// types means all of them. It gives the endpoint's id.
func (w *World) Listen(url, secret string, types ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(types) == 0 {
		types = []string{"*"}
	}
	return w.listen(url, secret, types).id
}

// Readdress sends what an endpoint hears to another address, as after a branch
// came back on another port.
func (w *World) Readdress(id, url string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.endpoints {
		if p.id == id {
			p.url = url
			return nil
		}
	}
	return ErrUnknown
}

// Roll gives an endpoint a new secret; the old one signs beside it if both.
func (w *World) Roll(id, secret string, both bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.endpoints {
		if p.id == id {
			p.secrets = append([]string{secret}, p.secrets[:1]...)
			if !both {
				p.secrets = p.secrets[:1]
			}
			return nil
		}
	}
	return ErrUnknown
}

// Open makes an account that can be paid, as if a seller had filled all in.
func (w *World) Open() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := &account{id: w.id("acct_1", 15), country: "US", created: w.now(), submitted: true, charges: true, payouts: true}
	w.accounts[a.id] = a
	w.order = append(w.order, a.id)
	return a.id
}

// Enable says whether a seller has filled all in and whether Stripe lets the
// account charge.
func (w *World) Enable(acct string, submitted, charges bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.accounts[acct]
	if a == nil || a.gone {
		return ErrUnknown
	}
	a.submitted, a.charges, a.payouts = submitted, charges, charges
	w.tell(a.id, "account.updated", a.show(w.cfg.Person))
	return nil
}

// Deauthorise takes the platform's access to an account away, as its owner can.
func (w *World) Deauthorise(acct string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.accounts[acct]
	if a == nil || a.gone {
		return ErrUnknown
	}
	a.gone = true
	w.tell(a.id, "account.application.deauthorized", object{"id": "ca_stripeworld00000000", "object": "application", "name": "oduvan"})
	return nil
}

// Pay lets the buyer pay an open page and gives the payment's id.
func (w *World) Pay(id string) (string, error) { return w.pay(id, "open") }

// PayLate is Pay on a page that ran out while the buyer's bank was asking back.
func (w *World) PayLate(id string) (string, error) { return w.pay(id, "open", "expired") }

func (w *World) pay(id string, states ...string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick()
	s := w.sessions[id]
	if s == nil {
		return "", ErrUnknown
	}
	if a := w.accounts[s.on]; !slices.Contains(states, s.status) || !a.charges {
		return "", ErrState
	}
	p := w.begin(s)
	w.succeed(s, p)
	w.tell(s.on, "checkout.session.completed", w.drawSession(s))
	return p.id, nil
}

// begin makes the intent of a session that a buyer sends off.
func (w *World) begin(s *session) *intent {
	p := &intent{id: w.id("pi_3", 23), on: s.on, currency: s.currency, status: "processing", amount: s.amount, created: w.now(), metadata: s.about, live: s.live}
	w.intents[p.id] = p
	s.intent, s.status = p.id, "complete"
	return p
}

// succeed makes the charge.
func (w *World) succeed(s *session, p *intent) {
	ch := &charge{id: w.id("ch_3", 23), on: s.on, intent: p.id, currency: p.currency, status: "succeeded", amount: p.amount, created: w.now(), metadata: p.metadata, live: p.live}
	w.charges[ch.id] = ch
	p.charge, p.status, p.received, s.paid = ch.id, "succeeded", p.amount, "paid"
	w.tell(s.on, "charge.succeeded", w.showCharge(ch.id, s.on))
	w.tell(s.on, "payment_intent.succeeded", w.showIntent(p.id, s.on))
}

// PayTwice pays every page of an order, also those that ran out, and gives the
// payments' ids. The order is what client_reference_id said.
func (w *World) PayTwice(reference string) (all []string, err error) {
	for _, s := range w.Sessions() {
		if s.Reference != reference || s.Status == "complete" {
			continue
		}
		id, err := w.PayLate(s.ID)
		if err != nil {
			return all, err
		}
		all = append(all, id)
	}
	if len(all) < 2 {
		return all, ErrState
	}
	return all, nil
}

// Decline lets the bank refuse the buyer's card; the page stays open.
func (w *World) Decline(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick()
	s := w.sessions[id]
	if s == nil {
		return ErrUnknown
	}
	if s.status != "open" {
		return ErrState
	}
	p := &intent{id: w.id("pi_3", 23), on: s.on, currency: s.currency, status: "requires_payment_method", amount: s.amount, created: w.now(), metadata: s.about}
	ch := &charge{id: w.id("ch_3", 23), on: s.on, intent: p.id, currency: s.currency, status: "failed", amount: s.amount, created: w.now(), metadata: s.about}
	p.charge = ch.id
	w.intents[p.id], w.charges[ch.id] = p, ch
	w.tell(s.on, "charge.failed", w.showCharge(ch.id, s.on))
	w.tell(s.on, "payment_intent.payment_failed", w.showIntent(p.id, s.on))
	return nil
}

// PayLater completes a page whose money comes only with Clear.
func (w *World) PayLater(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick()
	s := w.sessions[id]
	if s == nil {
		return ErrUnknown
	}
	if s.status != "open" {
		return ErrState
	}
	w.begin(s)
	w.tell(s.on, "checkout.session.completed", w.drawSession(s))
	return nil
}

// Clear ends what PayLater began.
func (w *World) Clear(id string, paid bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil {
		return ErrUnknown
	}
	if s.status != "complete" || s.paid == "paid" {
		return ErrState
	}
	if paid {
		w.succeed(s, w.intents[s.intent])
		w.tell(s.on, "checkout.session.async_payment_succeeded", w.drawSession(s))
		return nil
	}
	w.intents[s.intent].status = "requires_payment_method"
	w.tell(s.on, "checkout.session.async_payment_failed", w.drawSession(s))
	return nil
}

// Expire ends an open page before its time.
func (w *World) Expire(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil {
		return ErrUnknown
	}
	if s.status != "open" {
		return ErrState
	}
	w.expire(s)
	return nil
}

// Refund is what a seller gives back from the Dashboard; 0 is all that is left.
func (w *World) Refund(payment string, amount int64) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.intents[payment]
	if p == nil || w.charges[p.charge] == nil {
		return "", ErrUnknown
	}
	ch := w.charges[p.charge]
	if amount == 0 {
		amount = ch.amount - ch.refunded
	}
	r, e := w.refund(ch, amount, map[string]string{})
	if e != nil {
		return "", errors.Join(ErrState, errors.New(e.message))
	}
	return r.id, nil
}

// FailRefund lets a refund come back from the buyer's bank.
func (w *World) FailRefund(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.refunds[id]
	if r == nil {
		return ErrUnknown
	}
	if r.status != "succeeded" {
		return ErrState
	}
	r.status = "failed"
	w.charges[r.charge].refunded -= r.amount
	w.tell(r.on, "charge.refund.updated", w.showRefund(r.id, r.on))
	return nil
}

// Dispute lets the buyer's bank ask for the money; an inquiry moves none.
func (w *World) Dispute(payment string, inquiry bool) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.intents[payment]
	if p == nil || p.status != "succeeded" {
		return "", ErrUnknown
	}
	ch := w.charges[p.charge]
	if ch.disputed || ch.refunded == ch.amount {
		return "", ErrState
	}
	d := &dispute{id: w.id("dp_1", 23), on: p.on, charge: ch.id, intent: p.id, currency: p.currency, status: "needs_response", reason: "fraudulent", amount: ch.amount - ch.refunded, created: w.now()}
	if inquiry {
		d.status = "warning_needs_response"
	}
	w.disputes[d.id], ch.disputed = d, true
	w.order = append(w.order, d.id)
	w.tell(d.on, "charge.dispute.created", w.showDispute(d.id, d.on))
	return d.id, nil
}

// Move brings a dispute on: needs_response and under_review leave it open, won,
// lost and warning_closed end it.
func (w *World) Move(id, status string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.disputes[id]
	if d == nil {
		return ErrUnknown
	}
	ended := map[string]bool{"needs_response": false, "under_review": false, "won": true, "lost": true, "warning_closed": true}
	end, ok := ended[status]
	if !ok || ended[d.status] || (status == "warning_closed") && !strings.HasPrefix(d.status, "warning") {
		return ErrState
	}
	d.status = status
	kind := "charge.dispute.updated"
	if end {
		kind = "charge.dispute.closed"
	}
	w.tell(d.on, kind, w.showDispute(d.id, d.on))
	return nil
}

// Lie is what a payment says that is not so; empty fields stay true.
type Lie struct {
	Amount                              int64
	Currency, Reference, Order, Attempt string
	Live                                bool
	Fee                                 int64
}

// Tamper makes a page and its payment lie, as no honest Stripe would.
func (w *World) Tamper(id string, lie Lie) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.sessions[id]
	if s == nil {
		return ErrUnknown
	}
	set := func(to *string, v string) {
		if v != "" {
			*to = v
		}
	}
	s.metadata, s.about = maps.Clone(s.metadata), maps.Clone(s.about)
	for k, v := range map[string]string{"order": lie.Order, "attempt": lie.Attempt} {
		if v != "" {
			s.metadata[k], s.about[k] = v, v
		}
	}
	set(&s.reference, lie.Reference)
	set(&s.currency, lie.Currency)
	s.live = s.live || lie.Live
	if lie.Amount != 0 {
		s.amount = lie.Amount
	}
	p := w.intents[s.intent]
	if p == nil {
		return nil
	}
	p.amount, p.currency, p.live, p.metadata, p.fee = s.amount, s.currency, s.live, s.about, lie.Fee
	if ch := w.charges[p.charge]; ch != nil {
		ch.amount, ch.currency, ch.live, ch.metadata, ch.fee, p.received = s.amount, s.currency, s.live, s.about, lie.Fee, s.amount
	}
	return nil
}

// Session is a page as the controls show it.
type Session struct {
	ID, Account, Reference, Text, Currency, Status, Paid, Payment string
	Amount                                                        int64
}

// Sessions lists all pages, the oldest first.
func (w *World) Sessions() (all []Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick()
	for _, id := range w.order {
		if s := w.sessions[id]; s != nil {
			all = append(all, Session{s.id, s.on, s.reference, s.text, s.currency, s.status, s.paid, s.intent, s.amount})
		}
	}
	return all
}

// Event is something that was told, with the bytes that are sent of it.
type Event struct {
	ID, Account, Type string
	Waiting           int // endpoints that have not taken it
	Payload           []byte
}

// Events lists all events, the oldest first.
func (w *World) Events() (all []Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		all = append(all, Event{e.id, e.on, e.kind, e.waiting, slices.Clone(e.payload)})
	}
	return all
}

// Tell makes an event of any type about any object, as for one that nobody asked for.
func (w *World) Tell(acct, kind string, about map[string]any) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tell(acct, kind, about).id
}

// Resend puts an event on its way again, as the Dashboard's button does.
func (w *World) Resend(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.id != id {
			continue
		}
		for _, p := range w.endpoints {
			w.queue = append(w.queue, &delivery{event: e, to: p, first: true, due: w.now()})
		}
		return nil
	}
	return ErrUnknown
}
