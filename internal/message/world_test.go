package message_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// world is a branch with profiles, services and messages on one database.
type world struct {
	*dbtest.World
	accounts  *account.Accounts
	profiles  *profile.Profiles
	market    *market.Market
	told      *told
	meanwhile func() // between the reading of a service and the inquiry about it
	*message.Messages
}

// told remembers what was told, as "kind to=handle args". A unit of work that
// is rolled back must not be counted, so it looks only at what the caller
// takes after it.
type told struct {
	mu    sync.Mutex
	names map[string]string
	notes []message.Note
	lines []string
	gone  []string // "handle path" of what was forgotten
	fail  error
}

func (f *told) Tell(_ context.Context, _ *db.Tx, to string, n message.Note) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return f.fail
	}
	line := fmt.Sprintf("%s to=%s", n.Kind, f.names[to])
	for _, key := range []string{"handle", "reason", "count", "days"} {
		if v := n.Args[key]; v != "" {
			line += " " + key + "=" + v
		}
	}
	f.notes, f.lines = append(f.notes, n), append(f.lines, line)
	return nil
}

func (f *told) Forget(_ context.Context, _ *db.Tx, to, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gone = append(f.gone, f.names[to]+" "+path)
	return f.fail
}

func (f *told) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.lines
	f.lines = nil
	return out
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *dbtest.World) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	br := branch.New(d.DB, keys)
	w := &world{World: d, told: &told{names: map[string]string{}}}
	w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: br, URL: "http://localhost:8080"})
	w.profiles = profile.New(d.DB, br, nil)
	w.market = market.New(d.DB, w.profiles)
	w.Messages = message.New(message.Config{DB: d.DB, Profiles: w.profiles, Teller: w.told,
		Services: func(ctx context.Context, by account.Actor, id string) (message.Service, error) {
			s, err := w.market.Service(ctx, by, id)
			if fn := w.meanwhile; fn != nil {
				w.meanwhile = nil
				fn()
			}
			return message.Service{AccountID: s.AccountID, Title: s.Title, Open: s.Visible}, err
		}})
	w.accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: w.profiles},
		account.Held{Name: "services", Tables: []string{"service"}, Holder: w.market},
		account.Held{Name: "messages", Tables: message.Tables(), Holder: w.Messages})
	w.accounts.OnErased(d.Compact)
	return w
}

// person signs up.
func (w *world) person(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.accounts.SignUp(context.Background(), account.SignUp{Handle: handle, Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}
	w.told.mu.Lock()
	defer w.told.mu.Unlock()
	w.told.names[acc.ID] = handle
	return acc.Actor()
}

// tutor signs up and opens a profile.
func (w *world) tutor(t testing.TB, handle string) account.Actor {
	t.Helper()
	by := w.person(t, handle)
	w.profile(t, by, profile.Input{Tutor: true, Headline: "teaches", State: profile.Open})
	return by
}

func (w *world) profile(t testing.TB, by account.Actor, in profile.Input) {
	t.Helper()
	if _, _, err := w.profiles.Save(context.Background(), by, in); err != nil {
		t.Fatal(err)
	}
}

func (w *world) state(t testing.TB, by account.Actor) string {
	t.Helper()
	p, err := w.profiles.Mine(context.Background(), by)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", p.State, p.PausedBy))
}

func (w *world) service(t testing.TB, by account.Actor, state market.State) string {
	t.Helper()
	s, err := w.market.AddService(context.Background(), by, lesson(state))
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func lesson(state market.State) market.ServiceInput {
	return market.ServiceInput{Title: "Lesson", Format: "call", Price: &money.Amount{Minor: 150000, Currency: "RUB"}, State: state}
}

// edit saves a lesson in another state.
func (w *world) edit(t testing.TB, by account.Actor, id string, to market.State) {
	t.Helper()
	if _, err := w.market.EditService(context.Background(), by, id, lesson(to)); err != nil {
		t.Fatal(err)
	}
}

// question is an inquiry that may be sent.
func question(to account.Actor) message.Ask {
	return message.Ask{Handle: to.Handle, Goal: "learn Go", Background: "some C", Expectation: "a plan"}
}

func (w *world) ask(t testing.TB, by, to account.Actor) message.Inquiry {
	t.Helper()
	row, err := w.Ask(context.Background(), by, question(to))
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (w *world) write(t testing.TB, by account.Actor, id, text string) message.Msg {
	t.Helper()
	msg, err := w.Messages.Write(context.Background(), by, id, text)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func (w *world) read(t testing.TB, by account.Actor, id string) message.Thread {
	t.Helper()
	th, err := w.Thread(context.Background(), by, id, 0)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// texts are the words of a thread's last page.
func (w *world) texts(t testing.TB, by account.Actor, id string) (out []string) {
	t.Helper()
	for _, m := range w.read(t, by, id).Messages {
		out = append(out, m.Text)
	}
	return out
}

// pass lets time go by and what is due happen, at least once a day.
func (w *world) pass(t testing.TB, d time.Duration) {
	t.Helper()
	for ; d > 24*time.Hour; d -= 24 * time.Hour {
		w.standStill(t, 24*time.Hour)
	}
	w.standStill(t, d)
}

// standStill lets time go by in which nothing happens, and then what is due.
func (w *world) standStill(t testing.TB, d time.Duration) {
	t.Helper()
	w.Clock.Advance(d)
	if _, err := w.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// fataler is a test or a rapid check.
type fataler interface {
	Helper()
	Fatal(args ...any)
}

// deadlines lists what is still due about something.
func (w *world) deadlines(t fataler, id string) (out []string) {
	t.Helper()
	var rows []db.Deadline
	if err := w.Read(context.Background(), func(tx *db.Tx) error {
		rows = nil
		return tx.NewSelect().Model(&rows).Where("id = ?", id).OrderExpr("kind").Scan(context.Background())
	}); err != nil {
		t.Fatal(err)
	}
	for _, d := range rows {
		out = append(out, d.Kind)
	}
	return out
}

// rows counts the rows of a table.
func (w *world) rows(t testing.TB, table string) (n int) {
	t.Helper()
	if err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw("SELECT count(*) FROM "+table).Scan(context.Background(), &n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// code is the fault's kind and code, with its field.
func code(err error) string {
	var list fault.Fields
	if errors.As(err, &list) {
		out := ""
		for _, e := range list {
			out += e.Kind.String() + ":" + e.Code + ":" + e.Field + " "
		}
		return strings.TrimSpace(out)
	}
	var e *fault.Error
	if !errors.As(err, &e) {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return strings.TrimSuffix(e.Kind.String()+":"+e.Code+":"+e.Field, ":")
}

// generation is the number of the newest change that the public sees.
func (w *world) generation(t testing.TB) int64 {
	t.Helper()
	n, err := w.Generation(context.Background())
	must(t, err)
	return n
}

// sqlite is a world where one engine is enough.
func sqlite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, dbtest.New(t))
}
