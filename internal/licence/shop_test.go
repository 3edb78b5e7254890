package licence_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

const (
	shopURL = "https://board.example.org"
	oneDay  = 24 * time.Hour
)

// shop is a branch in which ada sells licences to a course and ben buys them.
type shop struct {
	*dbtest.World
	*licence.Licences
	Pay      *payment.Payments
	Accounts *account.Accounts
	Profiles *profile.Profiles
	Keys     *secret.Keys
	ctx      context.Context
	terms    string // hash of the current terms

	ada, ben, eve, mod account.Actor
	work               licence.Work
	offer              licence.Offer

	mu    sync.Mutex
	told  []string
	names map[string]string
}

func eachShop(t *testing.T, fn func(t *testing.T, s *shop)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, openShop(t, d)) })
}

// wireShop wires a shop upon a database that may be filled already.
func wireShop(t testing.TB, d *dbtest.World) *shop {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	ok(t, err)
	version := slices.Max(web.TermsVersions())
	hash, _ := web.TermsHash(version)
	s := &shop{World: d, Keys: keys, ctx: context.Background(), terms: hash, names: map[string]string{}}
	b := branch.New(d.DB, keys)
	s.Accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: b, URL: shopURL})
	s.Profiles = profile.New(d.DB, b, func(text string) string { return text })
	s.Pay = payment.New(payment.Config{DB: d.DB, Keys: keys})
	s.Pay.Settle(payment.Direct, direct.New(nil))
	s.Licences = licence.New(licence.Config{DB: d.DB, Keys: keys, Branch: b, Profiles: s.Profiles, Payments: s.Pay, URL: shopURL + "/",
		Terms: web.TermsHash, CurrentTerms: version, Tell: s.tell})
	return s
}

// openShop wires a shop with its people, a work and an offer: 30 days for
// 500 ₽, 90 days for 1,200 ₽, 7 days for nothing.
func openShop(t testing.TB, d *dbtest.World) *shop {
	t.Helper()
	s := wireShop(t, d)
	s.ada, s.ben, s.eve = s.joins(t, "ada"), s.joins(t, "ben"), s.joins(t, "eve")
	mod, _, _, err := s.Accounts.Create(s.ctx, "judge", account.Moderator)
	ok(t, err)
	s.mod = mod.Actor()
	s.work, err = s.AddWork(s.ctx, s.ada, licence.WorkInput{Title: "Graphs for beginners", Kind: "course", Summary: "Trees and paths.",
		URL: "https://ada.example.org/graphs", Label: "2.1", SHA256: fmt.Sprintf("%064x", 7), BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner,
		Languages: []string{"en"}, Payee: "Ada L.", State: licence.WorkPublished})
	ok(t, err)
	s.offer = s.offers(t, licence.Price{Days: 30, Amount: 50_000, Currency: "RUB"}, licence.Price{Days: 90, Amount: 120_000, Currency: "RUB"},
		licence.Price{Days: 7, Amount: 0, Currency: "RUB"})
	return s
}

func (s *shop) joins(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := s.Accounts.SignUp(s.ctx, account.SignUp{Handle: handle, Language: "en"})
	ok(t, err)
	s.mu.Lock()
	s.names[acc.ID] = handle
	s.mu.Unlock()
	return acc.Actor()
}

func (s *shop) offers(t testing.TB, prices ...licence.Price) licence.Offer {
	t.Helper()
	o, err := s.AddOffer(s.ctx, s.ada, s.work.ID, licence.OfferInput{Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching,
		Learners: 30, GraceDays: 30, RefundDays: 14, NotFund: true, Prices: prices})
	ok(t, err)
	return o
}

// tell keeps what people are told as "who kind reason-or-days".
func (s *shop) tell(_ context.Context, _ *db.Tx, to string, n licence.Note) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, fmt.Sprintf("%s %s %s%s", s.names[to], n.Kind, n.Args["reason"], n.Args["days"]))
	return nil
}

func (s *shop) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.told
	s.told = nil
	return out
}

// orders is what ben does first: he accepts the terms and orders.
func (s *shop) orders(t testing.TB, days int, renews string) payment.Order {
	t.Helper()
	o, err := s.Buy(s.ctx, s.ben, licence.Purchase{OfferID: s.offer.ID, Days: days, AcceptedTerms: s.terms, Renews: renews})
	ok(t, err)
	return o
}

// pays claims and confirms an order.
func (s *shop) pays(t testing.TB, o payment.Order) payment.Order {
	t.Helper()
	o, err := s.Pay.Confirm(s.ctx, s.ada, o.ID, o.Price())
	ok(t, err)
	return o
}

// buys orders and pays, and gives the licence.
func (s *shop) buys(t testing.TB, days int, renews string) licence.Grant {
	t.Helper()
	o := s.orders(t, days, renews)
	if o.Amount > 0 {
		o = s.pays(t, o)
	}
	return s.of(t, o)
}

// of is the licence of an order.
func (s *shop) of(t testing.TB, o payment.Order) licence.Grant {
	t.Helper()
	list, err := s.Grants(s.ctx, s.ben, licence.GrantFilter{})
	ok(t, err)
	for _, g := range list {
		if g.OrderID == o.ID {
			return g
		}
	}
	t.Fatalf("order %s has no licence", o.ID)
	return licence.Grant{}
}

func (s *shop) refunds(t testing.TB, o payment.Order, minor int64) {
	t.Helper()
	amount := money.Amount{Minor: minor, Currency: o.Currency}
	_, err := s.Pay.RefundSent(s.ctx, s.ada, o.ID, amount)
	ok(t, err)
	_, err = s.Pay.RefundReceived(s.ctx, s.ben, o.ID, amount)
	ok(t, err)
}

// learns tells the payments of a dispute, as a provider would.
func (s *shop) learns(t testing.TB, orderID string, rank payment.Rank) {
	t.Helper()
	_, err := s.Pay.Learn(s.ctx, orderID, payment.News{Facts: payment.Facts{Disputes: map[string]payment.Rank{"d1": rank}}, Cause: fmt.Sprintf("test:d1:%d", rank)})
	ok(t, err)
}

// passes moves the clock and lets come what is due.
func (s *shop) passes(t testing.TB, d time.Duration) {
	t.Helper()
	s.Clock.Advance(d)
	_, err := s.Sweep(s.ctx)
	ok(t, err)
}

func (s *shop) jwt(t testing.TB, id string) string {
	t.Helper()
	jwt, err := s.Certificate(s.ctx, s.ben, id)
	ok(t, err)
	return jwt
}

func (s *shop) word(t testing.TB, jwt string) cert.Word {
	t.Helper()
	res, err := s.Verify(s.ctx, []byte(jwt))
	ok(t, err)
	return res.Word
}

// sound asks every invariant of licences and payments.
func (s *shop) sound(t testing.TB) {
	t.Helper()
	ok(t, s.Read(s.ctx, func(tx *db.Tx) error {
		for _, inv := range slices.Concat(s.Licences.Invariants(), s.Pay.Invariants()) {
			found, err := inv.Broken(s.ctx, tx)
			if err != nil {
				return fmt.Errorf("%s: %w", inv.Name, err)
			}
			if len(found) > 0 {
				t.Errorf("%s: %v", inv.Name, found)
			}
		}
		return nil
	}))
}

func (s *shop) count(t testing.TB, table string) (n int) {
	t.Helper()
	ok(t, s.Read(s.ctx, func(tx *db.Tx) error { return tx.NewRaw("SELECT count(*) FROM "+table).Scan(s.ctx, &n) }))
	return n
}

// raw runs SQL as somebody would who has the database in their hands.
func (s *shop) raw(text string, args ...any) error {
	return s.Write(s.ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw(text, args...).Exec(s.ctx)
		return err
	})
}

// refused wants a fault of a kind and a code.
func refused(t testing.TB, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	all := fault.All(err)
	if !fault.Is(err, kind) || len(all) == 0 || all[0].Code != code {
		t.Errorf("%s: got %v, want %v %s", what, err, kind, code)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// faulty opens a shop whose database fails when told.
func faulty(t testing.TB) (*shop, *dbtest.Faults) {
	t.Helper()
	f := &dbtest.Faults{}
	dir := t.TempDir()
	d := dbtest.Open(t, dir, db.Config{Path: dbtest.Copy(t, dir), Connector: func(c driver.Connector) driver.Connector { return f.Connector(c) }})
	return openShop(t, d), f
}

// holds wires what an erasure goes through, as the program does.
func (s *shop) holds() {
	s.Accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: s.Profiles},
		account.Held{Name: "orders", Tables: payment.Tables(), Holder: s.Pay},
		account.Held{Name: "licences", Tables: licence.Tables(), Holder: s.Licences})
}
