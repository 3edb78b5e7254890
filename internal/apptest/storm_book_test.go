package apptest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// newStorm makes a board with all the people of all runs, by this process,
// before the program is started on it. Whoever fills forms is signed in.
func newStorm(t *testing.T, binary, database string, rnd *rand.Rand, runs int) *storm {
	t.Helper()
	s := &storm{mortal: mortal{t: t, binary: binary, dir: t.TempDir(), database: database, rnd: rnd,
		http: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, prepared: runs}
	if database == "" {
		dbtest.Copy(t, s.dir)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL, cfg.URL = s.dir, database, fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true, NoLimits: true})
	must(t, err)
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: a.Handler(), ReadHeaderTimeout: time.Minute}}
	srv.Start()
	w := &apptest.World{App: a, T: t, Dir: s.dir, URL: cfg.URL, Logs: &apptest.Log{}}
	mod, _, token, err := a.Accounts.Create(context.Background(), "moderator", account.Moderator)
	must(t, err)
	s.moderator = soul{mod.ID, mod.Handle, token}
	for i := range stormPairs {
		s.sellers = append(s.sellers, opens(w, newCustomer(w, fmt.Sprintf("seller%d", i), i == stormPairs-1)))
	}
	for i := range runs * stormPairs * stormCrowd {
		s.buyers = append(s.buyers, newCustomer(w, fmt.Sprintf("buyer%d", i), i%stormPairs == stormPairs-1))
	}
	srv.Close()
	must(t, a.Close())
	return s
}

// newCustomer makes an account; with a session where forms are filled.
func newCustomer(w *apptest.World, handle string, forms bool) customer {
	w.T.Helper()
	acc, code, token, err := w.Accounts.Create(context.Background(), handle, account.Member)
	must(w.T, err)
	out := customer{soul: soul{acc.ID, handle, token}}
	if !forms {
		return out
	}
	p := &apptest.Person{Client: w.Visitor(), Handle: handle, Code: code}
	p.SignIn()
	out.csrf = p.CSRF()
	for _, c := range p.Cookies() {
		out.cookies += c.Name + "=" + c.Value + "; "
	}
	return out
}

// opens gives a seller a work and two offers for it.
func opens(w *apptest.World, who customer) keeper {
	w.T.Helper()
	ctx, by := context.Background(), account.Actor{ID: who.id, Handle: who.handle, Role: account.Member}
	work, err := w.Licences.AddWork(ctx, by, licence.WorkInput{Title: "Graphs by " + who.handle, Kind: "course", URL: "https://graphs.example.org/" + who.handle,
		BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner, Languages: []string{"ru"}, State: licence.WorkPublished})
	must(w.T, err)
	out := keeper{customer: who, work: work.ID}
	offer := func(amount int64) string {
		o, err := w.Licences.AddOffer(ctx, by, work.ID, licence.OfferInput{Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching,
			Prices: []licence.Price{{Days: stormDays, Amount: amount, Currency: "RUB"}}, RefundDays: 14, GraceDays: 30, NotFund: true})
		must(w.T, err)
		return o.ID
	}
	out.paid, out.free = offer(stormPrice), offer(0)
	return out
}

// stormBooks are what stands in the database, by the names of deals and what was done.
type stormBooks struct {
	done                  map[string]int
	orders, paid, refunds int
}

// ledgerRow is one order with all that hangs on it.
type ledgerRow struct {
	ID, Buyer, Once, State                      string
	Amount, Refunded, Extra, Back               int64
	Details, Claimed, Denied, Asked, Cancelled  int64
	Confirmed, Decided, Going, Returned, Extras int64
	Grants, Issued                              int64
	Licence, Hash, Standing                     string
	Seller                                      int64 // what the journal gives the seller
}

// ledgerQuery reads every order, in one view.
const ledgerQuery = `
SELECT o.id, o.buyer_id AS buyer, o.once, o.state, o.amount, o.refunded, o.extra, o.extra_returned AS back,
	(SELECT count(*) FROM order_secret AS x WHERE x.order_id = o.id AND x.details IS NOT NULL) AS details,
	CASE WHEN o.claimed_at IS NULL THEN 0 ELSE 1 END AS claimed,
	(SELECT count(*) FROM order_statement AS m WHERE m.order_id = o.id AND m.kind = 'denial') AS denied,
	(SELECT count(*) FROM order_statement AS m WHERE m.order_id = o.id AND m.kind = 'buyer') AS asked,
	CASE WHEN o.cancelled THEN 1 ELSE 0 END AS cancelled,
	(SELECT count(*) FROM journal_entry AS e WHERE e.order_id = o.id AND e.kind = 'payment' AND e.cause LIKE 'seller_confirmation:%') AS confirmed,
	(SELECT count(*) FROM order_decision AS d WHERE d.order_id = o.id) AS decided,
	(SELECT count(*) FROM journal_entry AS e WHERE e.order_id = o.id AND e.kind IN ('refund', 'extra_refund'))
		+ CASE WHEN o.refund_sent > 0 THEN 1 ELSE 0 END AS going,
	(SELECT count(*) FROM journal_entry AS e WHERE e.order_id = o.id AND e.kind IN ('refund', 'extra_refund')) AS returned,
	(SELECT count(*) FROM journal_entry AS e WHERE e.order_id = o.id AND e.kind = 'extra_payment') AS extras,
	(SELECT count(*) FROM licence_grant AS g WHERE g.order_id = o.id) AS grants,
	(SELECT count(*) FROM notice AS n JOIN licence_grant AS g ON g.id = n.subject WHERE g.order_id = o.id AND n.kind = 'licence_issued') AS issued,
	COALESCE((SELECT g.id FROM licence_grant AS g WHERE g.order_id = o.id), '') AS licence,
	COALESCE((SELECT g.cert_hash FROM licence_grant AS g WHERE g.order_id = o.id), '') AS hash,
	COALESCE((SELECT g.state FROM licence_grant AS g WHERE g.order_id = o.id), '') AS standing,
	COALESCE((SELECT sum(l.amount) FROM journal_line AS l JOIN journal_entry AS e ON e.seq = l.entry
		WHERE e.order_id = o.id AND l.account_kind = 'seller_external'), 0) AS seller
FROM payment_order AS o`

// ledger audits what the program left, and reads every order in it. It lets go
// of the database again, so that the next start of the program has the killed
// one's leavings to itself.
func (s *storm) ledger(when string) stormBooks {
	s.t.Helper()
	a := s.opened()
	defer a.Close()
	s.judged(when, a)
	var rows []ledgerRow
	must(s.t, a.DB.Read(context.Background(), func(tx *db.Tx) error {
		rows = nil
		return tx.NewRaw(ledgerQuery).Scan(context.Background(), &rows)
	}))
	out := stormBooks{done: map[string]int{}, orders: len(rows)}
	hashes := map[string]string{}
	for i := range rows {
		r := &rows[i]
		hashes[r.Licence] = r.Hash
		s.right(when, r)
		if r.Grants > 0 {
			out.paid++
		}
		out.refunds += int(r.Returned)
		for does, n := range map[string]int64{"order": 1, "details": r.Details, "claim": r.Claimed, "deny": r.Denied, "ask": r.Asked, "cancel": r.Cancelled,
			"confirm": r.Confirmed, "decide": r.Decided, "sends back": r.Going, "has back": r.Returned, "extra": r.Extras} {
			if n > 0 {
				out.done[r.Buyer+" "+r.Once+" "+does] += int(n)
			}
		}
	}
	for _, d := range s.deals {
		if sum := sha256.Sum256([]byte(d.jwt)); d.jwt != "" && hashes[d.licence] != hex.EncodeToString(sum[:]) {
			s.tally.lost++
			s.t.Errorf("%s: the certificate of %s was given out and is not the one on record", when, d.licence)
		}
	}
	return out
}

// right holds one order to what must be true of it whatever was killed.
func (s *storm) right(when string, r *ledgerRow) {
	s.t.Helper()
	wanted := struct {
		grants, seller int64
		standing       string
	}{}
	switch payment.State(r.State) {
	case payment.Fulfilled:
		wanted.grants, wanted.seller, wanted.standing = 1, r.Amount-r.Refunded+r.Extra-r.Back, string(licence.Active)
	case payment.Refunded:
		wanted.grants, wanted.seller, wanted.standing = 1, r.Extra-r.Back, string(licence.Revoked)
	case payment.AwaitingPayment, payment.Cancelled:
	default:
		s.t.Errorf("%s: order %s is %s", when, r.ID, r.State)
	}
	if r.Grants != wanted.grants || r.Issued != wanted.grants || r.Seller != wanted.seller || r.Standing != wanted.standing || (r.Hash != "") != (wanted.grants > 0) {
		s.t.Errorf("%s: order %s is %s, want %+v: %+v\n%s", when, r.ID, r.State, wanted, *r, s.console)
	}
}
