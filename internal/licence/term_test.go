package licence_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

func TestRenewalHasNoGapAndNoOverlap(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		in := licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms, Renews: g.ID}
		_, err := s.Buy(s.ctx, s.ben, in)
		refused(t, "on the first day", err, fault.Conflict, "renewal_early")
		s.Clock.Advance(60*oneDay + time.Second)
		_, err = s.Buy(s.ctx, s.eve, in)
		refused(t, "somebody else's", err, fault.NotFound, "licence_unknown")
		n := s.buys(t, 30, g.ID)
		equal(t, "begins where the first ends", g.ValidUntil, n.ValidFrom)
		equal(t, "chain", []string{g.ID, g.ID}, []string{n.ChainID, n.PreviousID})
		equal(t, "not yet", cert.NotYet, s.word(t, s.jwt(t, n.ID)))
		_, err = s.Buy(s.ctx, s.ben, in)
		refused(t, "renewed twice", err, fault.Conflict, "licence_renewed")
		g, err = s.Grant(s.ctx, s.ben, g.ID)
		ok(t, err)
		p, err := s.Public(s.ctx, g.ID)
		ok(t, err)
		equal(t, "continued by", n.ID, p.RenewedBy)

		s.Clock.Advance(30 * oneDay)
		equal(t, "the first", cert.ExpiredInGrace, s.word(t, s.jwt(t, g.ID)))
		equal(t, "the second", cert.Valid, s.word(t, s.jwt(t, n.ID)))
		s.Clock.Advance(100 * oneDay) // long after its end
		late := s.buys(t, 30, n.ID)
		equal(t, "a late renewal begins when it is paid", s.Clock.Now().Truncate(time.Second), late.ValidFrom)
		s.sound(t)
	})
}

func TestRenewalsAreNotMixedUp(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		first := s.orders(t, 30, g.ID)
		again := s.orders(t, 30, g.ID)
		equal(t, "the second tab", first.ID, again.ID)
		_, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 90, AcceptedTerms: s.terms, Renews: g.ID})
		refused(t, "other terms", err, fault.Conflict, "renewal_waits")
		_, err = s.Pay.Cancel(s.ctx, s.ben, first.ID)
		ok(t, err)
		second := s.orders(t, 90, g.ID)
		n := s.of(t, s.pays(t, second))
		// The money of the cancelled one comes all the same: it is a fact, and its
		// term follows the other.
		late := s.of(t, s.pays(t, first))
		equal(t, "the late one follows", []any{n.ID, n.ValidUntil}, []any{late.PreviousID, late.ValidFrom})
		s.sound(t)
	})
}

// TestRefundAgainstRenewal refunds a licence whose renewal waits for payment.
func TestRefundAgainstRenewal(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		o, err := s.Pay.Order(s.ctx, s.ben, g.OrderID)
		ok(t, err)
		waiting := s.orders(t, 30, g.ID)
		s.refunds(t, o, o.Amount)
		seen, err := s.Pay.Order(s.ctx, s.ben, waiting.ID)
		ok(t, err)
		equal(t, "nobody sends money for it any more", payment.Cancelled, seen.State)
		_, err = s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 90, AcceptedTerms: s.terms, Renews: g.ID})
		refused(t, "a revoked one", err, fault.Conflict, "licence_revoked")
		s.heard()
		paid := s.pays(t, waiting)
		equal(t, "what was paid stays paid", payment.Paid, paid.State)
		equal(t, "both hear", []string{"ben licence_changed stuck", "ada licence_changed stuck"}, s.heard())
		equal(t, "licences", 1, s.count(t, "licence_grant"))
		s.refunds(t, paid, paid.Amount)
		s.sound(t)
	})
}

// TestARevokedLicenceIsNotRenewed revokes a licence whose renewal waits: before
// any money is sent it is called off; what the buyer says is sent stays open.
func TestARevokedLicenceIsNotRenewed(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		for _, sent := range []bool{false, true} {
			g := s.buys(t, 30, "")
			waiting := s.orders(t, 30, g.ID)
			if sent {
				_, err := s.Pay.Claim(s.ctx, s.ben, waiting.ID)
				ok(t, err)
			}
			_, err := s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.LawDemands, Reason: why})
			ok(t, err)
			waiting, err = s.Pay.Order(s.ctx, s.ben, waiting.ID)
			ok(t, err)
			want := payment.Cancelled
			if sent {
				want = payment.AwaitingPayment
			}
			equal(t, "the renewal", want, waiting.State)
		}
		s.sound(t)
	})
}

// TestASecondClickOnAFreeRenewal gives the same order.
func TestASecondClickOnAFreeRenewal(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 7, "")
		first := s.orders(t, 7, g.ID)
		again := s.orders(t, 7, g.ID)
		equal(t, "the order", []any{first.ID, payment.Fulfilled, payment.Buyer, true}, []any{again.ID, again.State, again.Viewer, again.Existing})
		_, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms, Renews: g.ID})
		refused(t, "by another term", err, fault.Conflict, "licence_renewed")
		_, err = s.Buy(s.ctx, s.eve, licence.Purchase{OfferID: s.offer.ID, Days: 7, AcceptedTerms: s.terms, Renews: g.ID})
		refused(t, "by somebody else", err, fault.NotFound, "licence_unknown")
		equal(t, "licences", 2, s.count(t, "licence_grant"))
		s.sound(t)
	})
}

// TestTheSameCurrencyByItsNameOrNot makes one order.
func TestTheSameCurrencyByItsNameOrNot(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		first := s.orders(t, 90, "")
		again, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 90, Currency: "RUB", AcceptedTerms: s.terms})
		ok(t, err)
		equal(t, "the order", first.ID, again.ID)
	})
}

// TestWarningsComeBack warns the holder whose renewal was taken back.
func TestWarningsComeBack(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		renewal := s.orders(t, 30, g.ID)
		s.refunds(t, s.pays(t, renewal), renewal.Amount)
		s.heard()
		s.passes(t, 29*oneDay)
		equal(t, "the day before", []string{"ben licence_ending 1"}, s.heard())
	})
}

func TestRefundAndRenewalAtOnce(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		o, err := s.Pay.Order(s.ctx, s.ben, g.OrderID)
		ok(t, err)
		_, err = s.Pay.RefundSent(s.ctx, s.ada, o.ID, o.Price())
		ok(t, err)
		done := make(chan error, 2)
		go func() {
			_, err := s.Pay.RefundReceived(s.ctx, s.ben, o.ID, o.Price())
			done <- err
		}()
		go func() {
			_, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms, Renews: g.ID})
			if err != nil && !fault.Is(err, fault.Conflict) {
				done <- err
				return
			}
			done <- nil
		}()
		ok(t, <-done)
		ok(t, <-done)
		g, err = s.Grant(s.ctx, s.ben, g.ID)
		ok(t, err)
		equal(t, "state", licence.Revoked, g.State)
		s.sound(t)
	})
}

func TestHoldersAreWarned(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		s.heard()
		s.passes(t, 60*oneDay-time.Second)
		equal(t, "31 days before", []string(nil), s.heard())
		s.passes(t, time.Second)
		equal(t, "30 days before", []string{"ben licence_ending 30"}, s.heard())
		s.passes(t, 22*oneDay)
		equal(t, "8 days before", []string(nil), s.heard())
		s.passes(t, oneDay)
		equal(t, "7 days before", []string{"ben licence_ending 7"}, s.heard())
		s.passes(t, 6*oneDay)
		equal(t, "1 day before", []string{"ben licence_ending 1"}, s.heard())
		s.passes(t, oneDay)
		equal(t, "the end", []string{"ben licence_ending "}, s.heard())
		equal(t, "in grace", cert.ExpiredInGrace, s.word(t, s.jwt(t, g.ID)))
		s.passes(t, 29*oneDay)
		equal(t, "the last day of grace", cert.ExpiredInGrace, s.word(t, s.jwt(t, g.ID)))
		s.passes(t, oneDay)
		equal(t, "after it", cert.Expired, s.word(t, s.jwt(t, g.ID)))
		equal(t, "nothing more", []string(nil), s.heard())

		s.passes(t, 151*oneDay)
		_, err := s.Grant(s.ctx, s.ben, g.ID)
		refused(t, "long after its end", err, fault.NotFound, "licence_unknown")
		_, err = s.Public(s.ctx, g.ID)
		ok(t, err)
		s.sound(t)
	})
}

func TestWarningsThatAreNotNeeded(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		s.buys(t, 30, g.ID)
		s.heard()
		s.passes(t, 30*oneDay)
		for _, line := range s.heard() {
			if line != "ben licence_ending 30" { // of the renewal
				t.Errorf("who has renewed hears %q", line)
			}
		}
		short := s.buys(t, 7, "")
		s.heard()
		s.passes(t, 400*oneDay) // the board stood still
		last := s.heard()
		if n := len(last); n == 0 || last[n-1] != "ben licence_ending " {
			t.Errorf("after a standstill: %q", last)
		}
		for _, line := range last {
			if line == "ben licence_ending 1" || line == "ben licence_ending 7" {
				t.Errorf("%s is told long after the end", line)
			}
		}
		equal(t, "free", 7, short.Days)
	})
}

// TestChains buys, renews, refunds and lets time pass at random: no history
// breaks an invariant, and every certificate says the same for ever.
func TestChains(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := openShop(t, dbtest.New(t))
		var all []licence.Grant
		hashes := map[string]string{} // as they were when they were issued
		issued := func(g licence.Grant) {
			all, hashes[g.ID] = append(all, g), g.CertHash
		}
		acts := map[string]func(*rapid.T){
			"buy": func(r *rapid.T) {
				issued(s.buys(t, rapid.SampledFrom([]int{7, 30, 90}).Draw(r, "days"), ""))
			},
			"renew": func(r *rapid.T) {
				if len(all) == 0 {
					return
				}
				g := rapid.SampledFrom(all).Draw(r, "licence")
				days := rapid.SampledFrom([]int{7, 30, 90}).Draw(r, "days")
				o, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: days, AcceptedTerms: s.terms, Renews: g.ID})
				if err != nil {
					if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
						r.Fatal(err)
					}
					return
				}
				if o.State == payment.AwaitingPayment {
					o = s.pays(t, o)
				}
				n := s.of(t, o)
				if slices.ContainsFunc(all, func(g licence.Grant) bool { return g.ID == n.ID }) {
					return // renewed for nothing before, and that one still runs
				}
				if n.ValidFrom.Before(g.ValidUntil) || n.ValidFrom.Before(s.Clock.Now().Truncate(time.Second)) {
					r.Fatalf("renewal of %v begins %v", g.ValidUntil, n.ValidFrom)
				}
				issued(n)
			},
			"refund": func(r *rapid.T) {
				if len(all) == 0 {
					return
				}
				g := rapid.SampledFrom(all).Draw(r, "licence")
				o, err := s.Pay.Order(s.ctx, s.ben, g.OrderID)
				if err != nil || o.State != payment.Fulfilled || o.Amount == 0 {
					return
				}
				s.refunds(t, o, o.Amount)
			},
			"wait": func(r *rapid.T) {
				s.passes(t, time.Duration(rapid.IntRange(1, 50*24).Draw(r, "hours"))*time.Hour)
			},
		}
		names := slices.Sorted(maps.Keys(acts))
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 14).Draw(r, "acts") {
			acts[name](r)
		}
		s.sound(t)
		for _, g := range all {
			jwt, err := s.Certificate(s.ctx, s.ben, g.ID)
			if fault.Is(err, fault.NotFound) {
				continue // ended long ago
			}
			ok(t, err)
			equal(t, "the certificate of "+g.ID, hashes[g.ID], cert.Hash(jwt))
		}
	})
}
