package stripe_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/paymenttest"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// shop is the world of the suite: people pay on the fake's page.
type shop struct {
	*paymenttest.World
	s    *stripe.Stripe
	fake *fake
}

// page is the order's page; where the order ended before the page was made, its
// answer was lost.
func (p *shop) page(o payment.Order) (object, error) {
	if s := p.fake.session(o.ID); s != nil {
		return s, nil
	}
	_, err := p.s.Checkout(ctx, p.Buyer, o.ID)
	if err == nil {
		return p.fake.session(o.ID), nil
	}
	var attempt, acct string
	err = p.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT id, seller FROM stripe_attempt WHERE order_id = ?", o.ID).Scan(ctx, &attempt, &acct)
	})
	if err != nil {
		return nil, err
	}
	p.fake.mu.Lock()
	_, made := p.fake.newSession(acct, map[string][]string{"line_items[0][price_data][unit_amount]": {"150000"}, "line_items[0][price_data][currency]": {"rub"},
		"expires_at": {strconv.FormatInt(p.Clock.Now().Add(23*time.Hour).Unix(), 10)}, "success_url": {"{CHECKOUT_SESSION_ID}"}, "client_reference_id": {o.ID},
		"metadata[order]": {o.ID}, "metadata[attempt]": {attempt}})
	p.fake.mu.Unlock()
	return made.(object), nil
}

func (p *shop) told() error {
	for _, e := range p.fake.all() {
		if err := p.s.Webhook(ctx, e, sign(e, p.Clock.Now(), testSecret)); err != nil {
			return err
		}
	}
	_, err := p.s.ReadInbox(ctx)
	return err
}

// Pay implements paymenttest.Outside.
func (p *shop) Pay(o payment.Order) error {
	s, err := p.page(o)
	if err != nil {
		return err
	}
	p.fake.pay(s)
	return p.told()
}

// PayWrong implements paymenttest.Outside.
func (p *shop) PayWrong(o payment.Order) error {
	s, err := p.page(o)
	if err != nil {
		return err
	}
	if s["payment_status"] == "paid" {
		return errors.New("a page is paid once")
	}
	p.fake.set(func() { s["status"], s["payment_status"] = "complete", "paid" })
	defer p.fake.set(func() { s["status"], s["payment_status"] = "open", "unpaid" })
	p.fake.set(func() { p.fake.happened("checkout.session.completed", s) })
	return p.told()
}

// GiveBack implements paymenttest.Outside.
func (p *shop) GiveBack(o payment.Order, minor int64) error {
	_, err := p.s.Refund(ctx, p.Seller, o.ID, stripe.Back{Amount: money.Amount{Minor: minor, Currency: paymenttest.Price.Currency}})
	if err != nil {
		return err
	}
	return p.told()
}

func TestStripeConforms(t *testing.T) {
	t.Parallel()
	shops := make(chan *shop, 100)
	paymenttest.Run(t, paymenttest.Trial{Method: payment.Stripe,
		Make: func(t *testing.T, w *paymenttest.World) payment.Way {
			p := &shop{World: w, fake: newFake(t, w.Clock.Now)}
			p.s, _ = connect(t, w.DB, w.Payments, p.fake, w.Seller)
			shops <- p
			return p.s.Way()
		},
		Outside: func(w *paymenttest.World) paymenttest.Outside {
			for {
				p := <-shops
				if p.World == w {
					return p
				}
				shops <- p
			}
		}})
}
