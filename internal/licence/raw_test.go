package licence_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// grantRow is the insertion of one more licence, with the parts that a test
// changes named in braces.
const grantRow = `INSERT INTO licence_grant (id, order_id, offer_id, work_id, version, buyer_id, seller_id, chain_id, previous_id, days, paid_at,
	valid_from, valid_until, base_licence, channel, state, ground, revoked_at, key_id, cert_hash, status_list, status_index, frozen, shown)
	SELECT {id}, {order}, offer_id, work_id, version, buyer_id, seller_id, {chain}, {previous}, {days}, paid_at,
	{from}, {until}, base_licence, channel, {state}, '', NULL, key_id, {hash}, 0, {index}, frozen, shown FROM licence_grant WHERE id = '{old}'`

// row fills grantRow: by itself it is a renewal that nobody refuses.
func (s *shop) row(g licence.Grant, orderID string, parts ...string) string {
	plus := func(at string, days string) string {
		if s.Engine() == db.SQLite {
			return "strftime('%Y-%m-%d %H:%M:%S+00:00', " + at + ", '+" + days + " days')"
		}
		return "(" + at + " + " + days + " * INTERVAL '24 hours')"
	}
	all := map[string]string{"id": "'L-0000000001'", "order": "'" + orderID + "'", "chain": "chain_id", "previous": "id", "days": "30",
		"from": "valid_until", "until": plus("valid_until", "30"), "state": "'active'", "hash": "'" + strings.Repeat("a", 64) + "'", "index": "1", "old": g.ID}
	for i := 0; i < len(parts); i += 2 {
		all[parts[i]] = parts[i+1]
	}
	text := grantRow
	for k, v := range all {
		text = strings.ReplaceAll(text, "{"+k+"}", v)
	}
	return text
}

func TestTheDatabaseRefuses(t *testing.T) {
	t.Parallel()
	eachShop(t, func(t *testing.T, s *shop) {
		g, other := s.buys(t, 30, ""), s.buys(t, 90, "")
		waiting := s.orders(t, 30, "")
		ok(t, s.raw("INSERT INTO status_entry (list, idx, grant_id) VALUES (0, 1, 'L-0000000001')"))
		long := "valid_from"
		if s.Engine() == db.SQLite {
			long = "strftime('%Y-%m-%d %H:%M:%S+00:00', valid_until, '+1097 days')"
		} else {
			long = "valid_until + 1097 * INTERVAL '24 hours'"
		}
		for name, text := range map[string]string{
			"endless":                   s.row(g, waiting.ID, "until", "'infinity'"),
			"four years":                s.row(g, waiting.ID, "days", "1097", "until", long),
			"another length":            s.row(g, waiting.ID, "days", "31"),
			"no length":                 s.row(g, waiting.ID, "days", "0", "until", "valid_until"),
			"backwards":                 s.row(g, waiting.ID, "days", "-30", "until", "valid_from"),
			"overlapping":               s.row(g, waiting.ID, "from", "valid_from", "until", "valid_until"),
			"a second head of a chain":  s.row(g, waiting.ID, "previous", "NULL"),
			"a chain of its own":        s.row(g, waiting.ID, "chain", "'L-0000000001'"),
			"another chain":             s.row(g, waiting.ID, "chain", "'"+other.ID+"'"),
			"a second one of an order":  s.row(g, g.OrderID),
			"without an order":          s.row(g, "no such order"),
			"the same certificate":      s.row(g, waiting.ID, "hash", "cert_hash"),
			"no certificate":            s.row(g, waiting.ID, "hash", "''"),
			"somebody else's place":     s.row(g, waiting.ID, "index", "status_index"),
			"no place":                  s.row(g, waiting.ID, "index", "2"),
			"an unknown state":          s.row(g, waiting.ID, "state", "'eternal'"),
			"revoked without a ground":  s.row(g, waiting.ID, "state", "'revoked'"),
			"a replacement":             strings.Replace(s.row(g, g.OrderID, "id", "id", "chain", "chain_id", "previous", "previous_id", "hash", "cert_hash", "index", "status_index", "from", "valid_from", "until", "valid_until"), "INSERT INTO", orReplace(s), 1),
			"a longer term":             "UPDATE licence_grant SET days = 60, valid_until = " + strings.ReplaceAll(long, "1097", "30"),
			"another work":              "UPDATE licence_grant SET work_id = offer_id",
			"another buyer":             "UPDATE licence_grant SET buyer_id = seller_id",
			"other facts":               "UPDATE licence_grant SET frozen = '{}'",
			"another hash":              "UPDATE licence_grant SET cert_hash = '" + strings.Repeat("b", 64) + "' WHERE id = '" + g.ID + "'",
			"another place":             "UPDATE licence_grant SET status_index = 1 WHERE id = '" + g.ID + "'",
			"deletion":                  "DELETE FROM licence_grant",
			"a moved place":             "UPDATE status_entry SET idx = 3 WHERE grant_id = '" + g.ID + "'",
			"a freed place":             "DELETE FROM status_entry WHERE grant_id = '" + g.ID + "'",
			"a place outside the list":  "INSERT INTO status_entry (list, idx, grant_id) VALUES (0, 131072, 'L-0000000002')",
			"a place twice":             strings.Replace("INSERT INTO status_entry (list, idx, grant_id) VALUES (0, 1, 'L-0000000003')", "INSERT INTO", orReplace(s), 1),
			"a revocation without word": "INSERT INTO revocation (id, grant_id, ground, reason, state, announced_at, effective_at, appeal, decision, decision_reason) SELECT id, id, 'law', 'Rule 1', 'announced', paid_at, paid_at, '', '', '' FROM licence_grant",
		} {
			if err := s.raw(text); err == nil {
				t.Errorf("%s: the database took it", name)
			}
		}
		s.learns(t, other.OrderID, payment.DisputeLost)
		if err := s.raw("UPDATE licence_grant SET state = 'active', ground = '', revoked_at = NULL WHERE id = '" + other.ID + "'"); err == nil {
			t.Error("a revoked licence came back without a decision")
		}
		if s.Engine() == db.PostgreSQL {
			if err := s.raw("TRUNCATE licence_grant CASCADE"); err == nil {
				t.Error("the table was emptied")
			}
		}
		s.sound(t)
		ok(t, s.raw(s.row(g, waiting.ID))) // the form of all these rows is right
	})
}

// orReplace is an insertion that would put a row into another's place.
func orReplace(s *shop) string {
	if s.Engine() == db.SQLite {
		return "INSERT OR REPLACE INTO"
	}
	return "INSERT INTO"
}

// TestEveryDatabaseCallMayFail buys, pays and refunds while each call to the
// database fails in turn: all or nothing, and once more comes to the same end.
func TestEveryDatabaseCallMayFail(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]dbtest.Fault{"before": dbtest.Before, "after": dbtest.After} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := faulty(t)
			buy := func() (payment.Order, error) {
				return s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: 30, AcceptedTerms: s.terms})
			}
			n, fired := 0, true
			for k := 1; fired; k++ {
				var o payment.Order
				var err error
				try := func(do func() error) {
					f.Arm(k, how)
					err = do()
					fired = f.Fired()
					f.Arm(0, how)
				}
				before := s.count(t, "licence_grant")
				try(func() (err error) { o, err = buy(); return err })
				if err != nil {
					if o, err = buy(); err != nil {
						t.Fatalf("call %d: the order cannot be made again: %v", k, err)
					}
				}
				bought := fired
				try(func() error { _, err := s.Pay.Confirm(s.ctx, s.ada, o.ID, o.Price()); return err })
				if err != nil {
					if _, err = s.Pay.Confirm(s.ctx, s.ada, o.ID, o.Price()); err != nil {
						if again, readErr := s.Pay.Order(s.ctx, s.ada, o.ID); readErr != nil || again.State != payment.Fulfilled {
							t.Fatalf("call %d: the payment cannot be confirmed again: %v", k, err)
						}
					}
				}
				fired = fired || bought
				if got := s.count(t, "licence_grant"); got != before+1 {
					t.Fatalf("call %d: %d licences more", k, got-before)
				}
				s.sound(t)
				n = k
			}
			t.Logf("%d calls failed in turn, nothing lost or doubled", n)
		})
	}
}
