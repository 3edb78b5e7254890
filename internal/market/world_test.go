package market_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// world is a branch with profiles, services and their catalogue on one database.
type world struct {
	*dbtest.World
	accounts  *account.Accounts
	profiles  *profile.Profiles
	engine    *cataloguetest.Engine
	catalogue *catalogue.Catalogue
	*market.Market
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		keys, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
		if err != nil {
			t.Fatal(err)
		}
		br := branch.New(d.DB, keys)
		w := &world{World: d, engine: &cataloguetest.Engine{}}
		w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: br, URL: "http://localhost:8080"})
		w.profiles = profile.New(d.DB, br, nil)
		w.Market = market.New(d.DB, w.profiles)
		w.accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: w.profiles},
			account.Held{Name: "services", Tables: []string{"service"}, Holder: w.Market})
		w.catalogue = w.newCatalogue()
		fn(t, w)
	})
}

func (w *world) newCatalogue() *catalogue.Catalogue {
	return catalogue.New(catalogue.Config{DB: w.DB, Engine: w.engine}, append(w.profiles.Kinds(), w.Kind())...)
}

// person signs up.
func (w *world) person(t testing.TB, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.accounts.SignUp(context.Background(), account.SignUp{Handle: handle, Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}
	return acc.Actor()
}

// tutor signs up and opens a profile.
func (w *world) tutor(t testing.TB, handle string) account.Actor {
	t.Helper()
	by := w.person(t, handle)
	w.profile(t, by, profile.Open)
	return by
}

func (w *world) profile(t testing.TB, by account.Actor, state profile.State) {
	t.Helper()
	_, _, err := w.profiles.Save(context.Background(), by, profile.Input{Tutor: true, Name: by.Handle, Headline: "teaches",
		Skills: []string{"python"}, Languages: []string{"ru"}, Levels: []string{"zero"}, State: state})
	if err != nil {
		t.Fatal(err)
	}
}

func rub(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "RUB"} }

// lesson is a published service.
func lesson(change ...func(*market.ServiceInput)) market.ServiceInput {
	in := market.ServiceInput{Title: "Lesson", Format: "call", Minutes: 60, Price: rub(150000), State: market.Published}
	for _, c := range change {
		c(&in)
	}
	return in
}

func (w *world) add(t testing.TB, by account.Actor, in market.ServiceInput) market.Service {
	t.Helper()
	s, err := w.AddService(context.Background(), by, in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// move saves a lesson in another state.
func (w *world) move(t testing.TB, by account.Actor, id string, to market.State) {
	t.Helper()
	if _, err := w.EditService(context.Background(), by, id, lesson(func(in *market.ServiceInput) { in.State = to })); err != nil {
		t.Fatal(err)
	}
}

func (w *world) catchUp(t testing.TB) {
	t.Helper()
	if err := w.catalogue.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// write runs fn as one unit of work.
func (w *world) write(t testing.TB, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := w.Write(context.Background(), fn); err != nil {
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
		return out
	}
	var e *fault.Error
	if !errors.As(err, &e) {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return e.Kind.String() + ":" + e.Code
}
