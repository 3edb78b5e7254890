package licence_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// unguarded takes away what refuses corruption, as somebody could who owns the
// database.
func (s *shop) unguarded(t *testing.T) {
	t.Helper()
	if s.Engine() == db.PostgreSQL {
		ok(t, s.raw("ALTER TABLE licence_grant DISABLE TRIGGER USER"))
		return
	}
	for _, name := range []string{"frozen", "state", "kept", "other"} {
		ok(t, s.raw("DROP TRIGGER licence_grant_"+name))
	}
}

// broken names the invariants that do not hold.
func (s *shop) broken(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	ok(t, s.Read(s.ctx, func(tx *db.Tx) error {
		for _, inv := range s.Licences.Invariants() {
			found, err := inv.Broken(s.ctx, tx)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				out[inv.Name] = found
			}
		}
		return nil
	}))
	return out
}

// TestEveryInvariantNamesItsCorruption plants one thing that must never be for
// each of them.
func TestEveryInvariantNamesItsCorruption(t *testing.T) {
	t.Parallel()
	earlier := func(s *shop, column string) string {
		if s.Engine() == db.SQLite {
			return column + " = strftime('%Y-%m-%d %H:%M:%S+00:00', " + column + ", '-10 days')"
		}
		return column + " = " + column + " - 10 * INTERVAL '24 hours'"
	}
	plants := map[string]func(t *testing.T, s *shop, g licence.Grant) string{
		"grant_has_paid_order": func(*testing.T, *shop, licence.Grant) string {
			return "UPDATE licence_grant SET state = 'suspended' WHERE id = '{id}'"
		},
		"paid_order_has_grant": func(*testing.T, *shop, licence.Grant) string {
			return "DELETE FROM licence_grant WHERE id = '{id}'"
		},
		"refund_revokes": func(t *testing.T, s *shop, g licence.Grant) string {
			s.learns(t, g.OrderID, payment.DisputeLost)
			return "UPDATE licence_grant SET state = 'active', ground = '', revoked_at = NULL WHERE id = '{id}'"
		},
		"chain_is_a_line": func(t *testing.T, s *shop, g licence.Grant) string {
			n := s.buys(t, 30, g.ID)
			return "UPDATE licence_grant SET " + earlier(s, "paid_at") + ", " + earlier(s, "valid_from") + ", " + earlier(s, "valid_until") + " WHERE id = '" + n.ID + "'"
		},
		"certificate_kept": func(*testing.T, *shop, licence.Grant) string {
			return "UPDATE licence_grant SET cert_hash = '" + strings.Repeat("a", 64) + "' WHERE id = '{id}'"
		},
	}
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachShop(t, func(t *testing.T, s *shop) {
				g := s.buys(t, 30, "")
				text := plant(t, s, g)
				equal(t, "before", map[string][]string{}, s.broken(t))
				s.unguarded(t)
				ok(t, s.raw(strings.ReplaceAll(text, "{id}", g.ID)))
				if found := s.broken(t)[name]; len(found) == 0 {
					t.Errorf("nothing is found; all: %v", s.broken(t))
				}
			})
		})
	}
	t.Run("a renewal that was paid and not issued", func(t *testing.T) {
		t.Parallel()
		eachShop(t, func(t *testing.T, s *shop) {
			n := s.buys(t, 30, s.buys(t, 30, "").ID)
			s.unguarded(t)
			ok(t, s.raw("DELETE FROM licence_grant WHERE id = ?", n.ID))
			if found := s.broken(t)["paid_order_has_grant"]; len(found) != 1 {
				t.Errorf("found: %v", found)
			}
		})
	})
	t.Run("all have one", func(t *testing.T) {
		t.Parallel()
		eachShop(t, func(t *testing.T, s *shop) {
			for _, inv := range s.Licences.Invariants() {
				if plants[inv.Name] == nil || !strings.HasSuffix(inv.Says, ".") {
					t.Errorf("%s has no corruption, or does not say what it wants", inv.Name)
				}
			}
		})
	})
}

func TestNameCommitment(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		word := cert.Commit("sixteen bytes of", "Ben Example")
		o, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms, NameCommitment: word})
		ok(t, err)
		g := s.of(t, s.pays(t, o))
		res, err := s.Verify(s.ctx, []byte(s.jwt(t, g.ID)))
		ok(t, err)
		equal(t, "commitment", word, res.Facts.NameCommitment)
		p, err := s.Public(s.ctx, g.ID)
		ok(t, err)
		equal(t, "not for everybody", "", p.Facts.NameCommitment)
	})
}

// TestVerifyTakesWhateverIsSent sends what is no certificate of this branch.
func TestVerifyTakesWhateverIsSent(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g := s.buys(t, 30, "")
		jwt := s.jwt(t, g.ID)
		for _, text := range []string{"", ".", "..", jwt[1:], jwt + " ", strings.Repeat("a", 1<<20), "\x00\xff", strings.Replace(jwt, ".", "..", 1)} {
			if got := s.word(t, text); got != cert.BadSignature && got != cert.UnknownKey {
				t.Errorf("%.30q is %s", text, got)
			}
		}
		for i := 0; i < len(jwt); i += 7 {
			changed := []byte(jwt)
			changed[i] ^= 1
			if got := s.word(t, string(changed)); got != cert.BadSignature && got != cert.UnknownKey {
				t.Fatalf("with bit 0 of byte %d changed it is %s", i, got)
			}
		}
	})
}
