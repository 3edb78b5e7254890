package profile_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
)

// world is a branch with profiles on one database.
type world struct {
	*dbtest.World
	keys     *secret.Keys
	accounts *account.Accounts
	*profile.Profiles
	told   *told
	offers *offers
}

// told counts what a follower hears.
type told struct{ ids []string }

func (f *told) ProfileChanged(_ context.Context, _ *db.Tx, id string) error {
	f.ids = append(f.ids, id)
	return nil
}

// ageing remembers what owners are told.
type ageing struct {
	lines []string
	fail  error
}

func (a *ageing) Ageing(_ context.Context, _ *db.Tx, id string, days int) error {
	if a.fail == nil {
		a.lines = append(a.lines, fmt.Sprintf("%s %d", id, days))
	}
	return a.fail
}

func (a *ageing) take() []string {
	out := a.lines
	a.lines = nil
	return out
}

// offers is what people offer, told by the test.
type offers struct{ by map[string]profile.Offer }

func (o *offers) Offers(context.Context, *db.Tx, []string) (map[string]profile.Offer, error) {
	return o.by, nil
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		keys, err := secret.Open(filepath.Join(t.TempDir(), "secrets"))
		if err != nil {
			t.Fatal(err)
		}
		br := branch.New(d.DB, keys)
		w := &world{World: d, keys: keys, told: &told{}, offers: &offers{}}
		w.accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: br, URL: "http://localhost:8080"})
		w.Profiles = profile.New(d.DB, br, func(text string) string {
			if text == "питон" {
				return "python"
			}
			return ""
		})
		w.Follow(w.told)
		w.Follow(w.told) // twice is once
		w.Selling(w.offers)
		w.accounts.Hold(account.Held{Name: "profile", Tables: []string{"profile"}, Holder: w.Profiles})
		fn(t, w)
	})
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

// office makes somebody with a role.
func (w *world) office(t testing.TB, handle string, role account.Role) account.Actor {
	t.Helper()
	acc, _, _, err := w.accounts.Create(context.Background(), handle, role)
	if err != nil {
		t.Fatal(err)
	}
	return acc.Actor()
}

// approval sets whether the branch asks for it.
func (w *world) approval(t testing.TB, on bool) {
	t.Helper()
	ctx := context.Background()
	err := w.Write(ctx, func(tx *db.Tx) error {
		s, err := branch.Load(ctx, tx)
		if err != nil {
			return err
		}
		s.Name, s.Approval = "Board", on
		return branch.Save(ctx, tx, s)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// open is an input that may be published.
func open(change ...func(*profile.Input)) profile.Input {
	in := profile.Input{Tutor: true, Name: "Ада", Headline: "Python", State: profile.Open, Languages: []string{"ru"}}
	for _, c := range change {
		c(&in)
	}
	return in
}

func (w *world) save(t testing.TB, by account.Actor, in profile.Input) profile.Profile {
	t.Helper()
	row, _, err := w.Save(context.Background(), by, in)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func (w *world) mine(t testing.TB, by account.Actor) profile.Profile {
	t.Helper()
	row, err := w.Mine(context.Background(), by)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// sweep lets what is due happen.
func (w *world) sweep(t testing.TB) {
	t.Helper()
	if _, err := w.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// changes lists the kinds of which an account's entries changed after a number.
func (w *world) changes(t testing.TB, after int64) (kinds []string, now int64) {
	t.Helper()
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		list, err := tx.Changes(context.Background(), after, 100)
		for _, c := range list {
			kinds = append(kinds, c.Kind)
		}
		now, err = tx.Generation(context.Background())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(kinds)
	return kinds, now
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
