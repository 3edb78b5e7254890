package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/direct"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/internal/transparency"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/web"
)

var update = flag.Bool("update", false, "write golden files anew")

const origin = "https://board.example"

// world is the API over real packages on a database of its own.
type world struct {
	counted string // rows after the last refused request of many; empty: not known
	*dbtest.World
	t         testing.TB
	api       *api.API
	handler   http.Handler
	accounts  *account.Accounts
	catalogue *catalogue.Catalogue
	payments  *payment.Payments
	licences  *licence.Licences
	fund      *fund.Fund
	audit     *audit.Audit
	logs      *bytes.Buffer
	stand     *apptest.StripeWorld // nil: the board takes no cards
	cards     *stripe.Stripe
	adopted   bool   // there is an agreement
	file      string // what stands at every address of a proof
}

// texts say what they were asked for, so that golden files show arguments and
// hold while the board's words change.
type texts struct{}

func (texts) Fault(lang, kind, code string, args map[string]any) string {
	out := lang + " " + kind + " " + code
	for _, name := range slices.Sorted(maps.Keys(args)) {
		out += fmt.Sprintf(" %s=%v", name, args[name])
	}
	return out
}

func (texts) Notice(lang, kind string, places ...any) string {
	return strings.TrimSpace(fmt.Sprintln(append([]any{lang, kind}, places...)...))
}

// teller is what the program puts between messages and notices.
type teller struct{ *notice.Notices }

func (t teller) Tell(ctx context.Context, tx *db.Tx, to string, n message.Note) error {
	return t.Notices.Tell(ctx, tx, to, notice.Told{Kind: notice.Kind(n.Kind), Subject: n.Subject, Cause: n.Cause, Path: n.Path, Args: n.Args})
}

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// wide lets a test ask as often as it likes.
func wide() map[string]limit.Class {
	out := api.Classes()
	for name := range out {
		out[name] = limit.Class{Every: 1, Burst: 1 << 20}
	}
	return out
}

func open(t testing.TB, d *dbtest.World, classes map[string]limit.Class) *world {
	t.Helper()
	w := &world{World: d, t: t, logs: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(w.logs, nil))
	keys := must(secret.Open(filepath.Join(t.TempDir(), "secrets")))(t)
	settings := branch.New(d.DB, keys)
	w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: settings, URL: origin, Log: log})
	skills := taxonomy.New()
	profiles := profile.New(d.DB, settings, func(text string) string {
		id, _ := skills.Find(text)
		return id
	})
	services := market.New(d.DB, profiles)
	notices := notice.New(notice.Config{DB: d.DB, Keys: keys, URL: origin, Log: log})
	messages := message.New(message.Config{DB: d.DB, Profiles: profiles, Teller: teller{notices},
		Services: func(ctx context.Context, by account.Actor, id string) (message.Service, error) {
			s, err := services.Service(ctx, by, id)
			return message.Service{AccountID: s.AccountID, Title: s.Title, Open: s.State == market.Published && s.Visible}, err
		}})
	w.payments = payment.New(payment.Config{DB: d.DB, Keys: keys, Forbidden: fund.IsDestination, Log: log})
	way := direct.New([]string{"pay.example"})
	w.payments.Settle(payment.Direct, way)
	w.payments.Settle(payment.Link, way)
	w.licences = licence.New(licence.Config{DB: d.DB, Keys: keys, Branch: settings, Profiles: profiles, Payments: w.payments, URL: origin,
		Terms: web.TermsHash, CurrentTerms: slices.Max(web.TermsVersions()), Forbidden: fund.IsDestination, Log: log,
		Fetch: func(context.Context, string) ([]byte, error) {
			if w.file == "" {
				return nil, errors.New("no such file")
			}
			return []byte(w.file), nil
		}})
	w.fund = fund.New(d.DB)
	w.audit = audit.New(d.DB, log, fund.Invariants(), w.payments.Invariants(), w.licences.Invariants())
	told := transparency.New(transparency.Config{Payments: w.payments, Licences: w.licences, Fund: w.fund, Audit: w.audit, Now: d.Now})
	w.accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: profiles},
		account.Held{Name: "services", Tables: []string{"service"}, Holder: services},
		account.Held{Name: "orders", Tables: payment.Tables(), Holder: w.payments}, account.Held{Name: "works", Tables: licence.Tables(), Holder: w.licences},
		account.Held{Name: "messages", Tables: message.Tables(), Holder: messages}, account.Held{Name: "notices", Tables: notice.Tables(), Holder: notices})
	engine := must(bleve.Open("", skills))(t)
	t.Cleanup(func() { _ = engine.Close() })
	w.catalogue = catalogue.New(catalogue.Config{DB: d.DB, Engine: engine, Log: log}, append(profiles.Kinds(), services.Kind(), w.licences.Kind())...)
	limits := must(limit.New(limit.Config{Classes: classes, Random: rand.Reader}, d.Clock.Now))(t)
	w.api = must(api.New(api.Config{URL: origin, Accounts: w.accounts, Branch: settings, Profiles: profiles, Market: services, Messages: messages, Notices: notices,
		Licences: w.licences, Payments: w.payments, Fund: w.fund, Transparency: told, Catalogue: w.catalogue, Limits: limits, Texts: texts{}, Skills: skills.Name, Asset: func(name string) string { return "/static/" + name }, Now: d.Now, Log: log}))(t)
	r := gin.New()
	r.HandleMethodNotAllowed, r.RedirectTrailingSlash = true, false
	w.api.Mount(r)
	r.NoRoute(w.api.Missing(http.StatusNotFound))
	r.NoMethod(w.api.Missing(http.StatusMethodNotAllowed))
	w.handler = r
	return w
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// in is the same board for another test.
func (w *world) in(t testing.TB) *world {
	out := *w
	out.t = t
	return &out
}

// person makes an account and gives its token.
func (w *world) person(handle string, role account.Role) string {
	w.t.Helper()
	_, _, token, err := w.accounts.Create(context.Background(), handle, role)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// ask sends one request; headers are "Name: value".
func (w *world) ask(method, path, token, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, content)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// settle makes every public change visible in search.
func (w *world) settle() {
	w.t.Helper()
	if err := w.catalogue.CatchUp(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// rows is everything that a refused request must leave as it was.
func (w *world) rows() string {
	w.t.Helper()
	var out strings.Builder
	var counts []string
	for _, table := range []string{"account", "profile", "service", "idempotency", "api_token", "search_change", "due",
		"thread", "inquiry", "message", "message_report", "reply_habit", "notice", "notice_setting",
		"work", "work_version", "contribution", "consent", "agreement_acceptance", "rights_claim", "offer", "offer_price",
		"payment_order", "order_secret", "order_statement", "journal_entry", "journal_line", "licence_grant", "status_entry", "revocation"} {
		counts = append(counts, "SELECT '"+table+"' AS name, count(*) AS n FROM "+table)
	}
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		var found []struct {
			Name string
			N    int
		}
		if err := tx.NewRaw(strings.Join(counts, " UNION ALL ")+" ORDER BY name").Scan(context.Background(), &found); err != nil {
			return err
		}
		for _, f := range found {
			fmt.Fprintf(&out, "%s %d\n", f.Name, f.N)
		}
		n, err := tx.Generation(context.Background())
		fmt.Fprintf(&out, "generation %d\n", n)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

var feed = regexp.MustCompile(`/feeds/[A-Za-z0-9_-]{43}[.]atom`)

// steady numbers ids by their first appearance, and hides
// feeds' secrets, so that golden files hold on every engine.
func steady(text string) string {
	seen := map[string]string{}
	text = feed.ReplaceAllString(text, "/feeds/<secret>.atom")
	return uuid.ReplaceAllStringFunc(text, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("<id %d>", len(seen)+1)
		}
		return seen[id]
	})
}

// golden compares with testdata/name.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), -update writes it anew:\n%s", path, diff)
	}
}

// indented is a JSON body for reading; another body as it is.
func indented(body []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(body), "", "  ") != nil {
		return string(body)
	}
	return out.String()
}

// problem reads an error's body.
func problem(t testing.TB, rec *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	var p api.Problem
	if got := rec.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d: got content type %q\n%s", rec.Code, got, rec.Body)
	}
	d := json.NewDecoder(rec.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// breakTables makes every further statement about tokens and settings fail.
func (w *world) breakTables() {
	w.t.Helper()
	err := w.Write(context.Background(), func(tx *db.Tx) error {
		for _, table := range []string{"api_token", "branch", "profile"} {
			if _, err := tx.NewRaw("ALTER TABLE " + table + " RENAME TO broken_" + table).Exec(context.Background()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// stripped asks for a path whose language prefix was cut off on the way.
func (w *world) stripped(path, rest string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.URL.Path = rest
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// routes lists the router's routes as "METHOD /path".
func (w *world) routes() []string {
	var out []string
	for _, r := range w.handler.(*gin.Engine).Routes() {
		out = append(out, r.Method+" "+r.Path)
	}
	return out
}
