package licence_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

func TestAPurchaseBecomesACertificate(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		o := s.orders(t, 30, "")
		equal(t, "state", payment.AwaitingPayment, o.State)
		equal(t, "licences before the money", 0, s.count(t, "licence_grant"))
		s.heard()
		s.Clock.Advance(1500 * time.Millisecond)
		o = s.pays(t, o)
		equal(t, "state once paid", payment.Fulfilled, o.State)
		g := s.of(t, o)
		equal(t, "begins", db.Day(s.Clock.Now()).Add(9*time.Hour+time.Second), g.ValidFrom)
		equal(t, "lasts", 30*oneDay, g.ValidUntil.Sub(g.ValidFrom))
		equal(t, "told", []string{"ben licence_issued "}, s.heard())

		jwt := s.jwt(t, g.ID)
		equal(t, "hash", g.CertHash, cert.Hash(jwt))
		equal(t, "again", jwt, s.jwt(t, g.ID))
		res, err := s.Verify(s.ctx, []byte(jwt))
		ok(t, err)
		if res.Word != cert.Valid || !res.OK() {
			t.Errorf("got %s %v", res.Word, res.Checks)
		}
		f := res.Facts
		equal(t, "facts", []any{g.ID, shopURL, "Ada L.", "Graphs for beginners", "2.1", fmt.Sprintf("%064x", 7), "CC-BY-NC-4.0", int64(50_000), o.ID, s.terms, g.ID},
			[]any{f.ID, f.Issuer, f.Licensor, f.WorkTitle, f.WorkVersion, f.WorkSHA256, f.BaseLicence, f.Price.Minor, f.OrderID, f.TermsSHA256, f.Chain})
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
		ok(t, err)
		for _, secret := range []string{`"ben`, s.ben.ID, s.ada.ID} {
			if bytes.Contains(payload, []byte(secret)) || !strings.HasPrefix(f.Licensee, "P-") {
				t.Errorf("the certificate says %q: %s", secret, payload)
			}
		}
		other := s.buys(t, 30, "")
		of, err := other.Facts()
		ok(t, err)
		if of.Licensee == f.Licensee || of.StatusIndex == f.StatusIndex && of.StatusList == f.StatusList {
			t.Error("two licences of one buyer can be tied together")
		}
		s.sound(t)
	})
}

func TestWhatCannotBeBought(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		good := licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms}
		for name, c := range map[string]struct {
			by   account.Actor
			in   func(*licence.Purchase)
			kind fault.Kind
			code string
		}{
			"nobody":         {account.Actor{}, func(*licence.Purchase) {}, fault.Unauthenticated, "sign_in_needed"},
			"oneself":        {s.ada, func(*licence.Purchase) {}, fault.Conflict, "licence_self"},
			"no offer":       {s.ben, func(p *licence.Purchase) { p.OfferID = s.work.ID }, fault.NotFound, "offer_unknown"},
			"no id":          {s.ben, func(p *licence.Purchase) { p.OfferID = "\x00" }, fault.NotFound, "offer_unknown"},
			"other term":     {s.ben, func(p *licence.Purchase) { p.Days = 31 }, fault.Invalid, "term_unknown"},
			"endless":        {s.ben, func(p *licence.Purchase) { p.Days = 1 << 30 }, fault.Invalid, "term_unknown"},
			"no terms":       {s.ben, func(p *licence.Purchase) { p.AcceptedTerms = "" }, fault.Invalid, "terms_changed"},
			"other terms":    {s.ben, func(p *licence.Purchase) { p.AcceptedTerms = strings.Repeat("0", 64) }, fault.Invalid, "terms_changed"},
			"other way":      {s.ben, func(p *licence.Purchase) { p.Method = payment.Link }, fault.Invalid, "method_unknown"},
			"free way":       {s.ben, func(p *licence.Purchase) { p.Method = payment.Free }, fault.Invalid, "method_unknown"},
			"other currency": {s.ben, func(p *licence.Purchase) { p.Currency = "USD" }, fault.Invalid, "term_unknown"},
			"bad name":       {s.ben, func(p *licence.Purchase) { p.NameCommitment = "Ben Example" }, fault.Invalid, "commitment"},
			"no licence":     {s.ben, func(p *licence.Purchase) { p.Renews = "L-0000000000" }, fault.NotFound, "licence_unknown"},
		} {
			in := good
			c.in(&in)
			_, err := s.Buy(s.ctx, c.by, in)
			refused(t, name, err, c.kind, c.code)
		}
		_, err := s.MoveOffer(s.ctx, s.ada, s.offer.ID, licence.OfferPaused)
		ok(t, err)
		if _, err := s.Buy(s.ctx, s.ben, good); !fault.Is(err, fault.Conflict) {
			t.Errorf("a paused offer: %v", err)
		}
		equal(t, "orders", 0, s.count(t, "payment_order"))
		equal(t, "places", 0, s.count(t, "status_entry"))
	})
}

// TestThePriceAgreedIsThePriceKept changes everything after the order.
func TestThePriceAgreedIsThePriceKept(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		o := s.orders(t, 30, "")
		_, err := s.EditOffer(s.ctx, s.ada, s.offer.ID, licence.OfferInput{Uses: []cert.Use{cert.Distribute}, Channel: cert.Publishing, NotFund: true,
			Prices: []licence.Price{{Days: 30, Amount: 900_000, Currency: "RUB"}}})
		ok(t, err)
		again := s.orders(t, 30, "")
		equal(t, "the second tab's order", []any{o.ID, int64(50_000)}, []any{again.ID, again.Amount})
		_, err = s.MoveOffer(s.ctx, s.ada, s.offer.ID, licence.OfferWithdrawn)
		ok(t, err)
		f, err := func() (cert.Facts, error) { g := s.of(t, s.pays(t, o)); return g.Facts() }()
		ok(t, err)
		equal(t, "what was agreed", []any{cert.Teaching, []cert.Use{cert.Reproduce, cert.Present}, int64(50_000)}, []any{f.Channel, f.Uses, f.Price.Minor})
	})
}

func TestFiftyEqualClicks(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		for days, want := range map[int]payment.State{30: payment.AwaitingPayment, 7: payment.Fulfilled} {
			ids, errs := make([]string, 50), make([]error, 50)
			var wg sync.WaitGroup
			for i := range ids {
				wg.Go(func() {
					o, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: days, AcceptedTerms: s.terms})
					ids[i], errs[i] = o.ID, err
					if err == nil && o.State != want {
						t.Errorf("%d days: %s", days, o.State)
					}
				})
			}
			wg.Wait()
			for i := range ids {
				if errs[i] != nil || ids[i] != ids[0] {
					t.Fatalf("%d days, click %d: order %q, error %v; want %q", days, i, ids[i], errs[i], ids[0])
				}
			}
		}
		equal(t, "orders", 2, s.count(t, "payment_order"))
		equal(t, "licences", 1, s.count(t, "licence_grant"))
		equal(t, "places", 2, s.count(t, "status_entry"))
		s.sound(t)
	})
}

func TestRefundAndDispute(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		jwt := s.jwt(t, g.ID)
		o, err := s.Pay.Order(s.ctx, s.ben, g.OrderID)
		ok(t, err)
		s.refunds(t, o, 20_000)
		equal(t, "after a part", cert.Valid, s.word(t, jwt))
		s.heard()
		s.refunds(t, o, 30_000)
		equal(t, "after all", cert.Revoked, s.word(t, jwt))
		equal(t, "told", []string{"ben licence_changed refund"}, s.heard())
		p, err := s.Public(s.ctx, g.ID)
		ok(t, err)
		equal(t, "public", []any{cert.Revoked, licence.Refunded, true}, []any{p.Word, p.Ground, p.RevokedAt.Equal(s.Clock.Now())})
		equal(t, "bit", true, s.bit(t, cert.RevocationList(g.StatusList), g.StatusIndex))

		h := s.buys(t, 30, "")
		jwt = s.jwt(t, h.ID)
		s.learns(t, h.OrderID, payment.DisputeOpen)
		equal(t, "disputed", cert.Suspended, s.word(t, jwt))
		equal(t, "suspended bit", true, s.bit(t, cert.SuspensionList(h.StatusList), h.StatusIndex))
		s.sound(t)
		s.learns(t, h.OrderID, payment.DisputeWon)
		equal(t, "won", cert.Valid, s.word(t, jwt))
		equal(t, "bit is clear", false, s.bit(t, cert.SuspensionList(h.StatusList), h.StatusIndex))

		i := s.buys(t, 90, "")
		jwt = s.jwt(t, i.ID)
		s.learns(t, i.OrderID, payment.DisputeOpen)
		s.learns(t, i.OrderID, payment.DisputeLost)
		equal(t, "lost", cert.Revoked, s.word(t, jwt))
		p, err = s.Public(s.ctx, i.ID)
		ok(t, err)
		equal(t, "ground", licence.DisputeLost, p.Ground)
		equal(t, "other licences", cert.Valid, s.word(t, s.jwt(t, h.ID)))
		s.sound(t)
	})
}

// bit reads one bit of the list that everybody fetches.
func (s *shop) bit(t testing.TB, list, index int) bool {
	t.Helper()
	jwt, err := s.StatusList(s.ctx, list)
	ok(t, err)
	keys, err := s.PublicKeys()
	ok(t, err)
	f, err := cert.VerifyStatus([]byte(jwt), cert.Options{Keys: keys, Issuer: shopURL, Now: s.Clock.Now()})
	ok(t, err)
	return f.Bits.Get(index)
}

func TestStatusListsAreKeptUntilTheyChange(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		for n, code := range map[int]string{0: "status_unknown", -1: "status_unknown", 3: "status_unknown", 1 << 40: "status_unknown"} {
			_, err := s.StatusList(s.ctx, n)
			refused(t, fmt.Sprint(n), err, fault.NotFound, code)
		}
		g := s.buys(t, 30, "")
		one, err := s.StatusList(s.ctx, 1)
		ok(t, err)
		s.Clock.Advance(29 * time.Minute)
		two, err := s.StatusList(s.ctx, 1)
		ok(t, err)
		equal(t, "kept", one, two)
		o, err := s.Pay.Order(s.ctx, s.ben, g.OrderID)
		ok(t, err)
		s.refunds(t, o, o.Amount)
		three, err := s.StatusList(s.ctx, 1)
		ok(t, err)
		if three == two {
			t.Error("a revocation does not show")
		}
		s.Clock.Advance(time.Hour)
		four, err := s.StatusList(s.ctx, 1)
		ok(t, err)
		if four == three {
			t.Error("a list is handed out when it is too old")
		}
	})
}

// TestCertificatesComeOutOfAnOlderCopy opens a copy of the database that was
// made before the certificate was ever read.
func TestCertificatesComeOutOfAnOlderCopy(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	s := openShop(t, d)
	g := s.buys(t, 30, "")
	old := filepath.Join(d.Dir, "old.db")
	ok(t, d.Compact(s.ctx)) // all of it is in one file now
	text, err := os.ReadFile(filepath.Join(d.Dir, "oduvan.db"))
	ok(t, err)
	ok(t, os.WriteFile(old, text, 0o600))
	want := s.jwt(t, g.ID)
	s.Clock.Advance(400 * oneDay)
	_, err = s.Keys.RotateSigning(s.Clock.Now())
	ok(t, err)
	back := wireShop(t, dbtest.Open(t, d.Dir, db.Config{Path: old}))
	got, err := back.Certificate(back.ctx, s.ben, g.ID)
	ok(t, err)
	equal(t, "bytes", want, got)
}

func TestALostKeyIsReplaced(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g, h := s.buys(t, 30, ""), s.buys(t, 90, "")
		old := s.jwt(t, g.ID)
		ok(t, s.Keys.RevokeSigning(g.KeyID, s.Clock.Now()))
		equal(t, "the old one", cert.UnknownKey, s.word(t, old))
		again := s.jwt(t, g.ID) // signs again by itself
		if again == old {
			t.Error("the certificate is still signed by the lost key")
		}
		equal(t, "the new one", cert.Valid, s.word(t, again))
		n, err := s.Resign(s.ctx)
		ok(t, err)
		equal(t, "left to sign", 0, n)
		equal(t, "the other", cert.Valid, s.word(t, s.jwt(t, h.ID)))
		s.sound(t)
	})
}

func TestWhoSeesWhat(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		_, err := s.Grant(s.ctx, s.ada, g.ID)
		ok(t, err)
		for name, by := range map[string]account.Actor{"a stranger": s.eve, "a moderator": s.mod} {
			_, err := s.Grant(s.ctx, by, g.ID)
			refused(t, name, err, fault.NotFound, "licence_unknown")
		}
		for name, by := range map[string]account.Actor{"a stranger": s.eve, "the seller": s.ada} {
			_, err := s.Certificate(s.ctx, by, g.ID)
			refused(t, name+"'s certificate", err, fault.NotFound, "licence_unknown")
			_, err = s.RenewLink(s.ctx, by, g.ID)
			refused(t, name+"'s link", err, fault.NotFound, "licence_unknown")
			refused(t, name+" shows", s.Show(s.ctx, by, g.ID, true), fault.NotFound, "licence_unknown")
		}
		p, err := s.Public(s.ctx, g.ID)
		ok(t, err)
		text, err := json.Marshal(p)
		ok(t, err)
		f, err := g.Facts()
		ok(t, err)
		for _, secret := range []string{f.Licensee, g.OrderID, s.ben.ID, s.ada.ID, `"ben`} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("the public page says %q: %s", secret, text)
			}
		}
		equal(t, "short", cert.Short(s.jwt(t, g.ID)), p.Short)
		for _, id := range []string{"", "L-", "L-0000000000", "l-" + g.ID[2:], g.ID + "\x00", "' OR 1=1"} {
			_, err := s.Public(s.ctx, id)
			refused(t, fmt.Sprintf("%q", id), err, fault.NotFound, "licence_unknown")
		}
	})
}

func TestHolderLink(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g, other := s.buys(t, 30, ""), s.buys(t, 90, "")
		link, err := s.HolderLink(s.ctx, s.ben, g.ID)
		ok(t, err)
		equal(t, "at first", "", link)
		link, err = s.RenewLink(s.ctx, s.ben, g.ID)
		ok(t, err)
		_, key, _ := strings.Cut(link, "?key=")
		_, jwt, err := s.ByLink(s.ctx, g.ID, key)
		ok(t, err)
		equal(t, "the certificate", s.jwt(t, g.ID), jwt)
		_, _, err = s.ByLink(s.ctx, other.ID, key)
		refused(t, "another licence", err, fault.NotFound, "licence_unknown")
		_, _, err = s.ByLink(s.ctx, g.ID, strings.Repeat("A", 43))
		refused(t, "a guess", err, fault.NotFound, "licence_unknown")
		shown, err := s.HolderLink(s.ctx, s.ben, g.ID)
		ok(t, err)
		equal(t, "shown again", link, shown)
		fresh, err := s.RenewLink(s.ctx, s.ben, g.ID)
		ok(t, err)
		if fresh == link {
			t.Error("the address did not change")
		}
		_, _, err = s.ByLink(s.ctx, g.ID, key)
		refused(t, "the old address", err, fault.NotFound, "licence_unknown")
		ok(t, s.EndLink(s.ctx, s.ben, g.ID))
		_, key, _ = strings.Cut(fresh, "?key=")
		_, _, err = s.ByLink(s.ctx, g.ID, key)
		refused(t, "the ended address", err, fault.NotFound, "licence_unknown")
	})
}
