package apptest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
)

// forged is an event as somebody would write it who wants an order paid.
type forged map[string]any

func (p *shop) forged(n int, change func(e, about forged)) []byte {
	about := forged{"id": p.page(n), "object": "checkout.session", "payment_status": "paid", "status": "complete", "amount_total": shopPrice, "currency": "rub",
		"client_reference_id": p.orders[n], "livemode": false}
	e := forged{"id": fmt.Sprintf("evt_1Forged%016d", n), "object": "event", "type": "checkout.session.completed", "account": p.acct, "livemode": false,
		"api_version": "2023-10-16", "created": p.Clock.Now().Unix(), "data": forged{"object": about}, "pending_webhooks": 1}
	if change != nil {
		change(e, about)
	}
	b, err := json.Marshal(e)
	must(p.T, err)
	return b
}

// frozen is every row about money and licences, byte for byte.
func (p *shop) frozen(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	must(t, p.DB.Read(context.Background(), func(tx *db.Tx) error {
		out.Reset()
		for table, by := range map[string]string{"payment_order": "id", "journal_entry": "seq", "journal_line": "entry, n", "licence_grant": "id", "status_entry": "list, idx"} {
			var rows []map[string]any
			if err := tx.NewRaw("SELECT * FROM "+table+" ORDER BY "+by).Scan(context.Background(), &rows); err != nil {
				return err
			}
			for _, row := range rows {
				for _, name := range slices.Sorted(maps.Keys(row)) {
					fmt.Fprintf(&out, "%s.%s=%v\n", table, name, row[name])
				}
			}
		}
		return nil
	}))
	lines := strings.Split(out.String(), "\n")
	slices.Sort(lines) // tables come in any order
	return strings.Join(lines, "\n")
}

// unsigned are forgeries by somebody without the secret, or with an old letter:
// each gives the bytes, the header and the status.
func unsigned() map[string]func(p *shop, n int) ([]byte, string, int) {
	letter := func(sign func(p *shop, b []byte) string) func(p *shop, n int) ([]byte, string, int) {
		return func(p *shop, n int) ([]byte, string, int) {
			b := p.forged(n, nil)
			return b, sign(p, b), http.StatusBadRequest
		}
	}
	at := func(d time.Duration) func(p *shop, n int) ([]byte, string, int) {
		return letter(func(p *shop, b []byte) string { return sign(b, p.Clock.Now().Add(d), p.stripe.Secret) })
	}
	body := func(make func(b []byte) []byte, status int) func(p *shop, n int) ([]byte, string, int) {
		return func(p *shop, n int) ([]byte, string, int) {
			b := make(p.forged(n, nil))
			return b, sign(b, p.Clock.Now(), p.stripe.Secret), status
		}
	}
	good := func(p *shop, b []byte) string { return sign(b, p.Clock.Now(), p.stripe.Secret) }
	return map[string]func(p *shop, n int) ([]byte, string, int){
		"no signature":        letter(func(*shop, []byte) string { return "" }),
		"garbage":             letter(func(*shop, []byte) string { return "t=,v1=,," }),
		"another secret":      letter(func(p *shop, b []byte) string { return sign(b, p.Clock.Now(), "whsec_evil") }),
		"an empty secret":     letter(func(p *shop, b []byte) string { return sign(b, p.Clock.Now(), "") }),
		"the key as a secret": letter(func(p *shop, b []byte) string { return sign(b, p.Clock.Now(), p.stripe.Key) }),
		"five minutes old":    at(-301 * time.Second),
		"a day old":           at(-24 * time.Hour),
		"from the future":     at(301 * time.Second),
		"an hour ahead":       at(time.Hour),
		"a cut signature":     letter(func(p *shop, b []byte) string { s := good(p, b); return s[:len(s)-2] }),
		"another scheme":      letter(func(p *shop, b []byte) string { return strings.Replace(good(p, b), "v1=", "v0=", 1) }),
		"no time":             letter(func(p *shop, b []byte) string { s := good(p, b); return s[strings.Index(s, "v1="):] }),
		"two times":           letter(func(p *shop, b []byte) string { return "t=1," + good(p, b) }),
		"a negative time":     letter(func(p *shop, b []byte) string { return strings.Replace(good(p, b), "t=", "t=-", 1) }),
		"a long header":       letter(func(p *shop, b []byte) string { return strings.Repeat("v1=00,", 1000) + good(p, b) }),
		"signed another body": letter(func(p *shop, _ []byte) string { return good(p, []byte("{}")) }),
		"a changed amount": func(p *shop, n int) ([]byte, string, int) {
			b := p.forged(n, nil)
			s := good(p, b)
			return bytes.Replace(b, []byte("50000"), []byte("60000"), 1), s, http.StatusBadRequest
		},
		"a byte more": func(p *shop, n int) ([]byte, string, int) {
			b := p.forged(n, nil)
			return append(slices.Clone(b), ' '), good(p, b), http.StatusBadRequest
		},
		"not an event":  body(func([]byte) []byte { return []byte(`{"object":"list","data":[]}`) }, http.StatusBadRequest),
		"not JSON":      body(func([]byte) []byte { return []byte("<event/>") }, http.StatusBadRequest),
		"nothing":       body(func([]byte) []byte { return nil }, http.StatusBadRequest),
		"a deep nest":   body(func([]byte) []byte { return []byte(strings.Repeat(`{"a":`, 12000)) }, http.StatusBadRequest),
		"a climbing id": body(func(b []byte) []byte { return bytes.Replace(b, []byte(`"cs_`), []byte(`"../../cs_`), 1) }, http.StatusBadRequest),
		"an empty id":   body(func(b []byte) []byte { return bytes.Replace(b, []byte(`"evt_1Forged`), []byte(`"","x":"`), 1) }, http.StatusBadRequest),
		"an odd account": body(func(b []byte) []byte { return bytes.Replace(b, []byte(`"acct_`), []byte(`"acct_ `), 1) },
			http.StatusBadRequest),
		"too large": body(func([]byte) []byte { return bytes.Repeat([]byte(" "), 64<<10+1) }, http.StatusRequestEntityTooLarge),
	}
}

// lying are events that are signed as they should be, of things that are not so:
// each makes them and tells what is found. All are answered 200 and do nothing.
func lying() map[string]func(p *shop, n int) (b []byte, found string) {
	about := func(found string, change func(p *shop, e, about forged)) func(p *shop, n int) ([]byte, string) {
		return func(p *shop, n int) ([]byte, string) {
			return p.forged(n, func(e, a forged) { change(p, e, a) }), found
		}
	}
	tampered := func(pairs ...string) func(p *shop, n int) ([]byte, string) {
		return func(p *shop, n int) ([]byte, string) {
			b, page := p.forged(n, nil), p.page(n)
			p.stripe.Do("pay", "id", page)
			p.stripe.Do("tamper", append([]string{"id", page}, pairs...)...)
			return b, "needs_review"
		}
	}
	return map[string]func(p *shop, n int) ([]byte, string){
		"the page is not paid":  about("", func(*shop, forged, forged) {}),
		"an unknown type":       about("unknown_type", func(_ *shop, e, _ forged) { e["type"] = "payout.paid" }),
		"live in a test branch": about("wrong_mode", func(_ *shop, e, _ forged) { e["livemode"] = true }),
		"no account":            about("wrong_account", func(_ *shop, e, _ forged) { delete(e, "account") }),
		"an unknown account":    about("wrong_account", func(_ *shop, e, _ forged) { e["account"] = "acct_1Unknown00000000" }),
		"another seller's account": about("wrong_account", func(p *shop, e, _ forged) {
			e["account"] = p.other // known here, and not this order's
		}),
		"an unknown page":     about("", func(_ *shop, _, a forged) { a["id"] = "cs_test_unknown000000" }),
		"an unknown payment":  about("", func(_ *shop, e, a forged) { e["type"], a["id"] = "charge.refunded", "ch_unknown000000" }),
		"a refund of nothing": about("", func(_ *shop, e, _ forged) { e["type"] = "charge.refunded" }),
		"a dispute of nothing": about("", func(_ *shop, e, a forged) {
			e["type"], a["id"] = "charge.dispute.closed", "dp_unknown000000"
		}),
		"a page that ends": about("", func(_ *shop, e, _ forged) { e["type"] = "checkout.session.expired" }),
		"an account gone":  about("", func(p *shop, e, a forged) { e["type"], a["id"] = "account.application.deauthorized", "ca_000000000000" }),
		"money that will come": func(p *shop, n int) ([]byte, string) {
			p.stripe.Do("pay-later", "id", p.page(n))
			return p.forged(n, nil), ""
		},
		"a declined card": func(p *shop, n int) ([]byte, string) {
			p.stripe.Do("decline", "id", p.page(n))
			return p.forged(n, nil), ""
		},
		"a smaller amount":     tampered("amount", "100"),
		"a greater amount":     tampered("amount", "50001"),
		"another currency":     tampered("currency", "kzt"),
		"another reference":    tampered("reference", neverWas),
		"another order's name": tampered("order", neverWas),
		"another attempt":      tampered("attempt", neverWas),
		"a live payment":       tampered("live", "true"),
		"a share for somebody": tampered("fee", "100"),
		"another order's payment": func(p *shop, n int) ([]byte, string) { // paid is the first order, and already known
			return p.forged(0, func(e, a forged) {
				e["id"], a["client_reference_id"] = fmt.Sprintf("evt_1Forged%016d", n), p.orders[n]
			}), ""
		},
	}
}

// Whoever posts a forged event to the served program gets nothing for it: no
// order moves, no licence is issued, and the answer is the right one.
func TestForgeriesAtTheDoor(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		p.other = p.connects(t, newCustomer(w, "other", false).soul)
		p.order(t)
		s.Do("pay", "id", p.page(0))
		s.Deliver()
		p.Drain()
		if p.state(t, 0) != "fulfilled" {
			t.Fatal("nothing is sold at all")
		}
		n := 0
		next := func() int { n++; p.order(t); return n }
		tried := 0
		for _, name := range slices.Sorted(maps.Keys(unsigned())) {
			b, sig, status := unsigned()[name](p, next())
			before, rows := p.frozen(t), p.count(t, "SELECT count(*) FROM payment_inbox")
			if got := p.post(t, b, sig); got != status {
				t.Errorf("%s: got %d, want %d", name, got, status)
			}
			p.unmoved(t, name, before)
			if got := p.count(t, "SELECT count(*) FROM payment_inbox"); got != rows {
				t.Errorf("%s: %d rows are kept of it", name, got-rows)
			}
			tried++
		}
		for _, name := range slices.Sorted(maps.Keys(lying())) {
			b, found := lying()[name](p, next())
			before, findings := p.frozen(t), p.findings(t)
			for replay := range 3 {
				if got := p.post(t, b, sign(b, w.Clock.Now(), s.Secret)); got != http.StatusOK {
					t.Errorf("%s, time %d: got %d", name, replay+1, got)
				}
			}
			p.Drain()
			p.unmoved(t, name, before)
			var more []string
			for subject, kind := range p.findings(t) {
				if findings[subject] == "" {
					more = append(more, kind)
				}
			}
			if want := slices.DeleteFunc([]string{found}, func(s string) bool { return s == "" }); !slices.Equal(more, want) {
				t.Errorf("%s: found %q, want %q", name, more, want)
			}
			tried++
		}
		p.clean(t)
		for n := range p.orders {
			want := "awaiting_payment"
			if n == 0 {
				want = "fulfilled"
			}
			if got := p.state(t, n); got != want {
				t.Errorf("order %d is %s, want %s", n, got, want)
			}
		}
		if got := p.count(t, "SELECT count(*) FROM licence_grant"); got != 1 {
			t.Errorf("%d licences", got)
		}
		t.Logf("%d forgeries, each of those that are signed posted three times: 0 licences, 0 orders changed", tried)
		if tried < 45 {
			t.Errorf("only %d", tried)
		}
		p.order(t) // and the way is still open
		last := len(p.orders) - 1
		s.Do("pay", "id", p.page(last))
		s.Deliver()
		p.Drain()
		if got := p.state(t, last); got != "fulfilled" {
			t.Errorf("afterwards an order that is paid is %s", got)
		}
	})
}

// unmoved demands that nothing about money and licences has changed.
func (p *shop) unmoved(t *testing.T, name, before string) {
	t.Helper()
	if d := cmp.Diff(before, p.frozen(t)); d != "" {
		t.Errorf("%s (-before +after):\n%s", name, d)
	}
}

// findings are the kinds by their subjects.
func (p *shop) findings(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	list, err := p.Stripe.Findings(context.Background())
	must(t, err)
	for _, f := range list {
		out[f.ID] = f.Kind
	}
	return out
}
