package licence_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

const draftIsOlder = "My draft of this chapter is a year older."

// TestAnUpheldClaimEndsUnpaidOrders of that work; what somebody says to have
// paid is for the two to settle, and other works are sold on.
func TestAnUpheldClaimEndsUnpaidOrders(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		waits, sent := s.orders(t, 30, ""), s.orders(t, 90, "")
		_, err := s.Pay.Claim(s.ctx, s.ben, sent.ID)
		ok(t, err)
		free := s.buys(t, 7, "")
		first := s.work
		s.work, err = s.AddWork(s.ctx, s.ada, licence.WorkInput{Title: "Trees", Kind: "course", URL: "https://ada.example.org/trees", Label: "1",
			BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner, Languages: []string{"en"}, Payee: "Ada L.", State: licence.WorkPublished})
		ok(t, err)
		s.offer = s.offers(t, licence.Price{Days: 30, Amount: 50_000, Currency: "RUB"})
		other := s.orders(t, 30, "")
		doubt := func(want licence.Doubt) {
			t.Helper()
			got, err := s.Doubt(s.ctx, first.ID)
			ok(t, err)
			equal(t, "the doubt", want, got)
		}
		is := func(o payment.Order, want payment.State) {
			t.Helper()
			now, err := s.Pay.Order(s.ctx, s.ben, o.ID)
			ok(t, err)
			equal(t, "the order", want, now.State)
		}

		doubt(licence.NoDoubt)
		c, err := s.Claim(s.ctx, s.eve, first.ID, draftIsOlder, "")
		ok(t, err)
		doubt(licence.Contested)
		is(waits, payment.AwaitingPayment)
		ok(t, s.WithdrawClaim(s.ctx, s.eve, c.ID))
		is(waits, payment.AwaitingPayment)
		doubt(licence.NoDoubt)
		c, err = s.Claim(s.ctx, s.eve, first.ID, draftIsOlder, "")
		ok(t, err)
		_, err = s.DecideClaim(s.ctx, s.mod, c.ID, true, "The draft named is older than this work.")
		ok(t, err)
		doubt(licence.Halted)
		is(waits, payment.Cancelled)
		is(sent, payment.AwaitingPayment)
		is(other, payment.AwaitingPayment)
		s.pays(t, sent)
		is(sent, payment.Fulfilled)
		equal(t, "what was sold holds", licence.Active, s.of(t, payment.Order{ID: free.OrderID}).State)
		_, err = s.Reinstate(s.ctx, s.mod, first.ID, "The chapter in question was rewritten.")
		ok(t, err)
		doubt(licence.NoDoubt)
		is(waits, payment.Cancelled)
		got, err := s.Doubt(s.ctx, "no-such-work")
		ok(t, err)
		equal(t, "of what is not there", licence.NoDoubt, got)
		s.sound(t)
	})
}

// TestARejectedClaimLeavesOrders: they are paid as if nothing had been.
func TestARejectedClaimLeavesOrders(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		waits := s.orders(t, 30, "")
		c, err := s.Claim(s.ctx, s.eve, s.work.ID, draftIsOlder, "")
		ok(t, err)
		_, err = s.DecideClaim(s.ctx, s.mod, c.ID, false, "The draft named is younger than this work.")
		ok(t, err)
		equal(t, "the order", payment.Fulfilled, s.pays(t, waits).State)
		s.sound(t)
	})
}

// TestMoneyAgainstADecision: the seller confirms while a moderator decides.
// Whoever is first, money that came is a fact, and neither waits for the other.
func TestMoneyAgainstADecision(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		for range 4 {
			o := s.orders(t, 30, "")
			c, err := s.Claim(s.ctx, s.joins(t, fmt.Sprintf("kid%d", s.count(t, "account"))), s.work.ID, draftIsOlder, "")
			ok(t, err)
			var both sync.WaitGroup
			var paid, decided error
			both.Go(func() { _, paid = s.Pay.Confirm(s.ctx, s.ada, o.ID, o.Price()) })
			both.Go(func() {
				_, decided = s.DecideClaim(s.ctx, s.mod, c.ID, true, "The draft named is older than this work.")
			})
			both.Wait()
			ok(t, paid)
			ok(t, decided)
			now, err := s.Pay.Order(s.ctx, s.ben, o.ID)
			ok(t, err)
			equal(t, "the order", payment.Fulfilled, now.State)
			_, err = s.Reinstate(s.ctx, s.mod, s.work.ID, "The chapter in question was rewritten.")
			ok(t, err)
			s.sound(t)
		}
	})
}
