package licence_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

const why = "The attribution line was taken off the slides of two groups."

func TestRevocationNeedsGroundReasonAndNotice(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		jwt := s.jwt(t, g.ID)
		good := licence.Revoking{Ground: licence.NoAttribution, Reason: why}
		for name, c := range map[string]struct {
			by   account.Actor
			in   func(*licence.Revoking)
			kind fault.Kind
			code string
		}{
			"nobody":            {account.Actor{}, func(*licence.Revoking) {}, fault.Unauthenticated, "sign_in_needed"},
			"the buyer":         {s.ben, func(*licence.Revoking) {}, fault.NotFound, "licence_unknown"},
			"a moderator":       {s.mod, func(*licence.Revoking) {}, fault.NotFound, "licence_unknown"},
			"no ground":         {s.ada, func(r *licence.Revoking) { r.Ground = "" }, fault.Invalid, "ground_unknown"},
			"money's ground":    {s.ada, func(r *licence.Revoking) { r.Ground = licence.Refunded }, fault.Invalid, "ground_unknown"},
			"no reason":         {s.ada, func(r *licence.Revoking) { r.Reason = " \n" }, fault.Invalid, "required"},
			"a bare rule":       {s.ada, func(r *licence.Revoking) { r.Reason = "Rule 1" }, fault.Invalid, "too_short"},
			"one long word":     {s.ada, func(r *licence.Revoking) { r.Reason = strings.Repeat("x", 30) }, fault.Invalid, "too_short"},
			"a book":            {s.ada, func(r *licence.Revoking) { r.Reason = strings.Repeat("why ", 501) }, fault.Invalid, "too_long"},
			"too short notice":  {s.ada, func(r *licence.Revoking) { r.Days = 13 }, fault.Invalid, "notice_days"},
			"backwards notice":  {s.ada, func(r *licence.Revoking) { r.Days = -1 }, fault.Invalid, "notice_days"},
			"too long a notice": {s.ada, func(r *licence.Revoking) { r.Days = 91 }, fault.Invalid, "notice_days"},
		} {
			in := good
			c.in(&in)
			_, err := s.Revoke(s.ctx, c.by, g.ID, in)
			refused(t, name, err, c.kind, c.code)
		}
		s.heard()
		_, err := s.Revoke(s.ctx, s.ada, g.ID, good)
		ok(t, err)
		equal(t, "told", []string{"ben licence_changed revoking14"}, s.heard())
		_, err = s.Revoke(s.ctx, s.ada, g.ID, good)
		refused(t, "twice", err, fault.Conflict, "revocation_stands")
		s.passes(t, 14*oneDay-1000)
		equal(t, "within the notice period", cert.Valid, s.word(t, jwt))
		s.passes(t, 1000)
		equal(t, "after it", cert.Revoked, s.word(t, jwt))
		p, err := s.Public(s.ctx, g.ID)
		ok(t, err)
		equal(t, "public", []any{licence.NoAttribution, why, licence.Effective}, []any{p.Ground, p.Revocation.Reason, p.Revocation.State})
		refused(t, "too late to withdraw", s.Withdraw(s.ctx, s.ada, g.ID), fault.Conflict, "licence_state")
		s.sound(t)
	})
}

func TestWithdrawnRevocation(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		refused(t, "nothing to withdraw", s.Withdraw(s.ctx, s.ada, g.ID), fault.NotFound, "revocation_unknown")
		_, err := s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why})
		ok(t, err)
		refused(t, "by the buyer", s.Withdraw(s.ctx, s.ben, g.ID), fault.NotFound, "licence_unknown")
		ok(t, s.Withdraw(s.ctx, s.ada, g.ID))
		s.passes(t, 30*oneDay)
		equal(t, "valid", cert.Valid, s.word(t, s.jwt(t, g.ID)))
		_, err = s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.LawDemands, Reason: why})
		ok(t, err)
		equal(t, "a law at once", cert.Revoked, s.word(t, s.jwt(t, g.ID)))
		s.sound(t)
	})
}

func TestAppeals(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		jwt := s.jwt(t, g.ID)
		_, err := s.Appeal(s.ctx, s.ben, g.ID, why)
		refused(t, "nothing to appeal", err, fault.NotFound, "revocation_unknown")
		_, err = s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why})
		ok(t, err)
		_, err = s.Judge(s.ctx, s.mod, g.ID, licence.Judgement{Reason: why})
		refused(t, "no appeal waits", err, fault.Conflict, "licence_state")
		_, err = s.Appeal(s.ctx, s.eve, g.ID, why)
		refused(t, "a stranger's appeal", err, fault.NotFound, "licence_unknown")
		_, err = s.Appeal(s.ctx, s.ben, g.ID, "The line is on the last slide, as always.")
		ok(t, err)
		_, err = s.Appeal(s.ctx, s.ben, g.ID, why)
		refused(t, "twice", err, fault.Conflict, "appealed_already")
		s.passes(t, 20*oneDay)
		equal(t, "while it waits", cert.Valid, s.word(t, jwt))

		_, err = s.Appeals(s.ctx, s.ada)
		refused(t, "the queue for the seller", err, fault.Forbidden, "not_allowed")
		list, err := s.Appeals(s.ctx, s.mod)
		ok(t, err)
		if len(list) != 1 || list[0].Revocation.GrantID != g.ID || list[0].Public.Facts.Licensee != "" {
			t.Fatalf("queue: %+v", list)
		}
		for name, by := range map[string]account.Actor{"the seller": s.ada, "the buyer": s.ben} {
			_, err := s.Judge(s.ctx, by, g.ID, licence.Judgement{Reverse: true, Reason: why})
			refused(t, name, err, fault.Forbidden, "not_allowed")
		}
		_, err = s.Judge(s.ctx, s.mod, g.ID, licence.Judgement{Reason: "Rule 1"})
		refused(t, "without a reason", err, fault.Invalid, "too_short")
		s.heard()
		_, err = s.Judge(s.ctx, s.mod, g.ID, licence.Judgement{Reason: "The line is missing on the recording."})
		ok(t, err)
		equal(t, "upheld after the notice period", cert.Revoked, s.word(t, jwt))
		equal(t, "told", []string{"ben licence_changed out_of_scope", "ben licence_changed upheld", "ada licence_changed upheld"}, s.heard())
		done, err := s.Judged(s.ctx)
		ok(t, err)
		if len(done) != 1 || done[0].Revocation.Appeal != "" || done[0].Revocation.DecisionReason == "" {
			t.Errorf("public decisions: %+v", done)
		}
		s.sound(t)
	})
}

// TestNothingIsRevokedAfterItsEnd: what ends before the notice does cannot be
// announced, and what an appeal put off beyond the end comes to nothing.
func TestNothingIsRevokedAfterItsEnd(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		jwt := s.jwt(t, g.ID)
		_, err := s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why, Days: 30})
		refused(t, "a notice beyond the end", err, fault.Conflict, "notice_past_end")
		_, err = s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why})
		ok(t, err)
		_, err = s.Appeal(s.ctx, s.ben, g.ID, why)
		ok(t, err)
		s.passes(t, 31*oneDay)
		_, err = s.Judge(s.ctx, s.mod, g.ID, licence.Judgement{Reason: why})
		ok(t, err)
		s.passes(t, oneDay)
		equal(t, "it ended by itself", cert.ExpiredInGrace, s.word(t, jwt))

		h := s.buys(t, 30, "")
		_, err = s.Revoke(s.ctx, s.ada, h.ID, licence.Revoking{Ground: licence.OutOfScope, Reason: why})
		ok(t, err)
		s.passes(t, 40*oneDay) // the board stood still
		equal(t, "nor after a standstill", cert.ExpiredInGrace, s.word(t, s.jwt(t, h.ID)))
		p, err := s.Public(s.ctx, h.ID)
		ok(t, err)
		equal(t, "the announcement", licence.Withdrawn, p.Revocation.State)
		s.sound(t)
	})
}

func TestAReversedRevocation(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 90, "")
		_, err := s.Revoke(s.ctx, s.ada, g.ID, licence.Revoking{Ground: licence.Deceit, Reason: why})
		ok(t, err)
		s.passes(t, 14*oneDay)
		equal(t, "in effect", cert.Revoked, s.word(t, s.jwt(t, g.ID)))
		_, err = s.Appeal(s.ctx, s.ben, g.ID, why)
		ok(t, err)
		_, err = s.Judge(s.ctx, s.mod, g.ID, licence.Judgement{Reverse: true, Reason: why})
		ok(t, err)
		equal(t, "given back", cert.Valid, s.word(t, s.jwt(t, g.ID)))
		s.heard()
		s.passes(t, 46*oneDay)
		equal(t, "its warnings go on", []string{"ben licence_ending 30"}, s.heard())

		h := s.buys(t, 90, "")
		_, err = s.Revoke(s.ctx, s.ada, h.ID, licence.Revoking{Ground: licence.Deceit, Reason: why})
		ok(t, err)
		s.passes(t, 14*oneDay)
		_, err = s.Appeal(s.ctx, s.ben, h.ID, why)
		ok(t, err)
		s.learns(t, h.OrderID, payment.DisputeLost)
		_, err = s.Judge(s.ctx, s.mod, h.ID, licence.Judgement{Reverse: true, Reason: why})
		ok(t, err)
		equal(t, "what the money took stays taken", cert.Revoked, s.word(t, s.jwt(t, h.ID)))

		i := s.buys(t, 90, "")
		_, err = s.Revoke(s.ctx, s.ada, i.ID, licence.Revoking{Ground: licence.Deceit, Reason: why})
		ok(t, err)
		s.passes(t, 14*oneDay)
		s.Clock.Advance(30*oneDay + 1000)
		_, err = s.Appeal(s.ctx, s.ben, i.ID, why)
		refused(t, "too late", err, fault.Conflict, "appeal_late")
		s.sound(t)
	})
}
