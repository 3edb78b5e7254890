package direct_test

import (
	"context"
	"testing"

	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
	"github.com/tmoeg/oduvan/internal/payment/paymenttest"
)

// people pay each other and say so.
type people struct{ *paymenttest.World }

func (p people) Pay(o payment.Order) error {
	_, err := p.Confirm(context.Background(), p.Seller, o.ID, paymenttest.Price)
	return err
}

func (p people) PayWrong(o payment.Order) error {
	_, err := p.Confirm(context.Background(), p.Seller, o.ID, money.Amount{Minor: paymenttest.Price.Minor + 1, Currency: paymenttest.Price.Currency})
	return err
}

func (p people) GiveBack(o payment.Order, minor int64) error {
	sum := money.Amount{Minor: minor, Currency: paymenttest.Price.Currency}
	if _, err := p.RefundSent(context.Background(), p.Seller, o.ID, sum); err != nil {
		return err
	}
	_, err := p.RefundReceived(context.Background(), p.Buyer, o.ID, sum)
	return err
}

func TestDirectConforms(t *testing.T) {
	t.Parallel()
	paymenttest.Run(t, paymenttest.Trial{Method: payment.Direct, Way: direct.New(nil), Outside: func(w *paymenttest.World) paymenttest.Outside { return people{w} }})
}

func TestLinkConforms(t *testing.T) {
	t.Parallel()
	paymenttest.Run(t, paymenttest.Trial{Method: payment.Link, Way: direct.New(nil), Outside: func(w *paymenttest.World) paymenttest.Outside { return people{w} },
		Prepare: func(in *payment.Opening) { in.Link = "https://boosty.to/ada" }})
}
