package licence_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

// press is a branch on which people register works: ada and bob are authors,
// eve is anybody, mod a moderator and olga the operator.
type press struct {
	*dbtest.World
	*licence.Licences
	accounts  *account.Accounts
	profiles  *profile.Profiles
	catalogue *catalogue.Catalogue
	ctx       context.Context

	ada, bob, eve, mod, olga account.Actor

	mu    sync.Mutex
	told  []string
	names map[string]string
	files map[string]string // what stands at addresses outside
	asked []string
}

// fundAccount is a destination that the fund of these tests published.
const fundAccount = "FUND-4242"

var errAway = errors.New("nothing there")

func eachPress(t *testing.T, fn func(t *testing.T, w *press)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, openPress(t, d)) })
}

func openPress(t testing.TB, d *dbtest.World) *press {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	must(t, err)
	w := &press{World: d, ctx: context.Background(), names: map[string]string{}, files: map[string]string{}}
	br := branch.New(d.DB, keys)
	w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: br, URL: "https://board.example.org"})
	w.profiles = profile.New(d.DB, br, nil)
	pay := payment.New(payment.Config{DB: d.DB, Keys: keys})
	way := direct.New(nil)
	pay.Settle(payment.Direct, way)
	pay.Settle(payment.Link, way)
	w.Licences = licence.New(licence.Config{DB: d.DB, Keys: keys, Branch: br, Profiles: w.profiles, Payments: pay, URL: "https://board.example.org",
		Terms: web.TermsHash, CurrentTerms: slices.Max(web.TermsVersions()), Skill: func(s string) string { return strings.ToLower(s) },
		Fetch: w.fetch, Tell: w.tell,
		Forbidden: func(_ context.Context, _ *db.Tx, text string) (bool, error) {
			return strings.Contains(text, fundAccount), nil
		}})
	w.accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: w.profiles},
		account.Held{Name: "orders", Tables: payment.Tables(), Holder: pay},
		account.Held{Name: "works", Tables: licence.Tables(), Holder: w.Licences})
	w.catalogue = catalogue.New(catalogue.Config{DB: d.DB, Engine: &cataloguetest.Engine{}}, append(w.profiles.Kinds(), w.Kind())...)
	w.ada, w.bob, w.eve = w.person(t, "ada"), w.person(t, "bob"), w.person(t, "eve")
	w.mod, w.olga = w.official(t, "judge", account.Moderator), w.official(t, "olga", account.Operator)
	return w
}

func (w *press) person(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.accounts.SignUp(w.ctx, account.SignUp{Handle: handle, Language: "en"})
	must(t, err)
	w.names[acc.ID] = handle
	return acc.Actor()
}

func (w *press) official(t testing.TB, handle string, role account.Role) account.Actor {
	t.Helper()
	acc, _, _, err := w.accounts.Create(w.ctx, handle, role)
	must(t, err)
	w.names[acc.ID] = handle
	return acc.Actor()
}

func (w *press) tell(_ context.Context, _ *db.Tx, to string, n licence.Note) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, fmt.Sprintf("%s %s %s %s", w.names[to], n.Kind, n.Args["reason"], n.Args["handle"]))
	return nil
}

// heard takes what people were told since it was asked last.
func (w *press) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.told
	w.told = nil
	return out
}

func (w *press) fetch(_ context.Context, address string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, address)
	text, ok := w.files[address]
	if !ok {
		return nil, errAway
	}
	return []byte(text), nil
}

// course is a published work of one author.
func course(change ...func(*licence.WorkInput)) licence.WorkInput {
	in := licence.WorkInput{Title: "Graphs", Kind: "course", Summary: "Trees and **paths**", URL: "https://ada.example.org/graphs", Label: "1.0",
		SHA256: strings.Repeat("ab", 32), BaseLicence: "CC-BY-NC-4.0", Basis: licence.Owner, Skills: []string{"Python"}, Languages: []string{"ru"},
		State: licence.WorkPublished}
	for _, c := range change {
		c(&in)
	}
	return in
}

func with(authors ...string) func(*licence.WorkInput) {
	return func(in *licence.WorkInput) { in.Authors = authors }
}

func community(in *licence.WorkInput) { in.Basis = licence.Community }

func (w *press) adds(t testing.TB, by account.Actor, in licence.WorkInput) licence.Work {
	t.Helper()
	row, err := w.AddWork(w.ctx, by, in)
	must(t, err)
	return row
}

// terms is an offer of 30 days for 500 ₽.
func terms(change ...func(*licence.OfferInput)) licence.OfferInput {
	in := licence.OfferInput{Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching, NotFund: true, GraceDays: 30, RefundDays: 14,
		Prices: []licence.Price{{Days: 30, Amount: 50_000, Currency: "RUB"}}}
	for _, c := range change {
		c(&in)
	}
	return in
}

func (w *press) sells(t testing.TB, by account.Actor, workID string, in licence.OfferInput) licence.Offer {
	t.Helper()
	o, err := w.AddOffer(w.ctx, by, workID, in)
	must(t, err)
	return o
}

func (w *press) see(t testing.TB, by account.Actor, id string) licence.WorkView {
	t.Helper()
	v, err := w.Work(w.ctx, by, id)
	must(t, err)
	return v
}

// missing is what the gate says, as codes.
func (w *press) missing(t testing.TB, id string) string {
	t.Helper()
	var out string
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		var row licence.Work
		if err := tx.NewSelect().Model(&row).Where("w.id = ?", id).Scan(w.ctx); err != nil {
			return err
		}
		out = says(licence.Gate(w.ctx, tx, &row))
		return nil
	}))
	return out
}

// buy tells what a buyer's order meets.
func (w *press) buy(by account.Actor, o licence.Offer) error {
	_, err := w.Buy(w.ctx, by, licence.Purchase{OfferID: o.ID, Days: 30, AcceptedTerms: termsHash(), Country: "RU"})
	return err
}

func termsHash() string {
	sum, _ := web.TermsHash(slices.Max(web.TermsVersions()))
	return sum
}

// raws runs SQL as somebody would who has the database in their hands.
func (w *press) raws(text string, args ...any) error {
	return w.Write(w.ctx, func(tx *db.Tx) error {
		_, err := tx.NewRaw(text, args...).Exec(w.ctx)
		return err
	})
}

func (w *press) adopts(t testing.TB) licence.Agreement {
	t.Helper()
	a, err := w.DraftAgreement(w.ctx, w.olga, "текст", "text")
	must(t, err)
	_, err = w.Discuss(w.ctx, w.olga, a.N, "https://talk.example.org/1", w.Clock.Now().Add(licence.MinDiscussion))
	must(t, err)
	w.Clock.Advance(licence.MinDiscussion)
	a, err = w.Adopt(w.ctx, w.olga, a.N, "https://talk.example.org/decision")
	must(t, err)
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// says is an error's codes, with fields: "code:field code".
func says(err error) string {
	all := fault.All(err)
	if len(all) == 0 {
		if err == nil {
			return ""
		}
		return "internal: " + err.Error()
	}
	out := make([]string, len(all))
	for i, e := range all {
		out[i] = e.Code
		if e.Field != "" {
			out[i] += ":" + e.Field
		}
	}
	return strings.Join(out, " ")
}

const day = 24 * time.Hour

var rewrite = flag.Bool("update", false, "write golden files")

// golden compares a text with a file.
func golden(t testing.TB, path, got string) {
	t.Helper()
	if *rewrite {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	same(t, path, string(want), got)
}

// pause is what the payments do when a seller stays silent.
func (w *press) pause(o payment.Order) error {
	return w.Write(w.ctx, func(tx *db.Tx) error { return w.SellerSilent(w.ctx, tx, &o) })
}
