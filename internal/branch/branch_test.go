package branch_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/secret"
)

func keysOf(t testing.TB, w *dbtest.World) *secret.Keys {
	t.Helper()
	keys, err := secret.Open(filepath.Join(w.Dir, "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func save(w *dbtest.World, s branch.Settings) error {
	ctx := context.Background()
	return w.Write(ctx, func(tx *db.Tx) error { return branch.Save(ctx, tx, s) })
}

func spend(w *dbtest.World, keys *secret.Keys, code string) error {
	ctx := context.Background()
	return w.Write(ctx, func(tx *db.Tx) error { return branch.CheckCode(ctx, tx, keys, code) })
}

func TestSettingsRoundTrip(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		b := branch.New(w.DB, keysOf(t, w))
		got, err := b.Settings(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(branch.Defaults(), got); diff != "" {
			t.Errorf("before anything (-want +got):\n%s", diff)
		}
		want := branch.Settings{ID: 1, Name: "Школа «Одуванчик»", Languages: []string{"en", "ru"}, Rules: "# Правила\n\n1. Быть *добрым*",
			SignUp: branch.Invitation, Approval: true, Currency: "KZT",
			Links: branch.Links{Discord: "https://discord.example/a?b=1&c=<2>", Site: "http://example.org/путь"},
			Rates: money.Rates{Base: "RUB", Date: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Per: map[string]string{"USD": "80.5", "KZT": "0.16"}}}
		in := want
		in.Name = "  " + want.Name + "\n"
		in.Name = strings.TrimSuffix(in.Name, "\n")
		if err := save(w, in); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second is from the cache
			if got, err = b.Settings(ctx); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" {
				t.Errorf("after saving (-want +got):\n%s", diff)
			}
			got.Languages[0], got.Rates.Per["USD"] = "xx", "1" // a caller cannot spoil the cache
		}
	})
}

func TestAnotherProcessSeesAChangeAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		keys := keysOf(t, w)
		here, there := branch.New(w.DB, keys), branch.New(w.DB, keys)
		for _, name := range []string{"one", "two"} {
			s := branch.Defaults()
			s.Name = name
			if err := save(w, s); err != nil {
				t.Fatal(err)
			}
			for _, b := range []*branch.Branch{here, there} {
				if got, err := b.Settings(context.Background()); err != nil || got.Name != name {
					t.Errorf("got %q, %v, want %q", got.Name, err, name)
				}
			}
		}
	})
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		for _, tt := range []struct {
			field, code string
			spoil       func(*branch.Settings)
		}{
			{"name", "name_empty", func(s *branch.Settings) { s.Name = " \t" }},
			{"name", "too_long", func(s *branch.Settings) { s.Name = strings.Repeat("ы", 61) }},
			{"name", "text_form", func(s *branch.Settings) { s.Name = "a\x00b" }},
			{"name", "text_form", func(s *branch.Settings) { s.Name = "a\xffb" }},
			{"rules", "too_long", func(s *branch.Settings) { s.Rules = strings.Repeat("ы", 20001) }},
			{"rules", "text_form", func(s *branch.Settings) { s.Rules = "a\x1bb" }},
			{"languages", "languages_empty", func(s *branch.Settings) { s.Languages = nil }},
			{"languages", "languages_unknown", func(s *branch.Settings) { s.Languages = []string{"ru", "de"} }},
			{"languages", "languages_unknown", func(s *branch.Settings) { s.Languages = []string{"ru", "ru"} }},
			{"sign_up", "sign_up_unknown", func(s *branch.Settings) { s.SignUp = "ask" }},
			{"github", "link_form", func(s *branch.Settings) { s.Links.GitHub = "javascript:alert(1)" }},
			{"site", "link_form", func(s *branch.Settings) { s.Links.Site = "//example.org" }},
			{"discord", "link_form", func(s *branch.Settings) { s.Links.Discord = "https://me:secret@example.org" }},
			{"youtube", "too_long", func(s *branch.Settings) { s.Links.YouTube = "https://example.org/" + strings.Repeat("a", 300) }},
			{"rates", "rates_form", func(s *branch.Settings) { s.Rates = money.Rates{Base: "RUB", Per: map[string]string{"USD": "80"}} }},
			{"currency", "currency_unknown", func(s *branch.Settings) { s.Currency = "ABC" }},
		} {
			s := branch.Defaults()
			tt.spoil(&s)
			all := fault.All(save(w, s))
			if len(all) != 1 || all[0].Kind != fault.Invalid || all[0].Field != tt.field || all[0].Code != tt.code {
				t.Errorf("%s: got %v, want %s", tt.field, all, tt.code)
			}
		}
		if n, err := w.Generation(context.Background()); err != nil || n != 0 {
			t.Errorf("a refused change was told: %d, %v", n, err)
		}
	})
}

// Everything within the bounds fits its columns, escapes and all.
func TestBoundsFitTheColumns(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		s := branch.Defaults()
		s.Name, s.Rules = strings.Repeat("ы", 60), strings.Repeat("ы", 20000)
		long := "https://example.org/" + strings.Repeat("a", 280)
		s.Links = branch.Links{Discord: long, GitHub: long, YouTube: long, Site: long}
		s.Rates = money.Rates{Base: "RUB", Date: dbtest.Start, Per: map[string]string{}}
		for _, code := range money.Currencies() {
			if code != "RUB" && len(s.Rates.Per) < 30 {
				s.Rates.Per[code] = "1234567890.1234567890123"
			}
		}
		if err := save(w, s); err != nil {
			t.Error(err)
		}
		amp := "https://example.org/?" + strings.Repeat("&", 279)
		s.Links = branch.Links{Discord: amp, GitHub: amp, YouTube: amp, Site: amp}
		if err := save(w, s); fault.KindOf(err) != fault.Invalid || fault.All(err)[0].Field != "links" {
			t.Errorf("got %v, want links refused with their name", err)
		}
	})
}

func TestSetupCodeIsGoodOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx, keys := context.Background(), keysOf(t, w)
		b := branch.New(w.DB, keys)
		first, err := b.NewSetupCode(ctx)
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.NewSetupCode(ctx)
		if err != nil || first == second || second == "" {
			t.Fatalf("got %q after %q, %v", second, first, err)
		}
		for _, wrong := range []string{"", "x", first, secret.NewCode()} {
			if err := spend(w, keys, wrong); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		if done, err := b.Done(ctx); done || err != nil {
			t.Errorf("done %v, %v", done, err)
		}
		errs := make(chan error, 5)
		for range cap(errs) {
			go func() { errs <- spend(w, keys, strings.ToLower(second)) }()
		}
		good := 0
		for range cap(errs) {
			if err := <-errs; err == nil {
				good++
			} else if !fault.Is(err, fault.Gone) {
				t.Errorf("got %v, want gone", err)
			}
		}
		if done, err := b.Done(ctx); good != 1 || !done || err != nil {
			t.Errorf("%d spent it, done %v, %v", good, done, err)
		}
		if code, err := b.NewSetupCode(ctx); code != "" || err != nil {
			t.Errorf("after the first run: %q, %v", code, err)
		}
		// Later settings do not begin the first run again.
		if err := save(w, branch.Defaults()); err != nil {
			t.Fatal(err)
		}
		if done, _ := b.Done(ctx); !done {
			t.Error("saving began the first run again")
		}
	})
}

func TestFinishWithoutACode(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx, keys := context.Background(), keysOf(t, w)
		b := branch.New(w.DB, keys)
		code, err := b.NewSetupCode(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := w.Write(ctx, func(tx *db.Tx) error { return branch.Finish(ctx, tx) }); err != nil {
				t.Fatal(err)
			}
		}
		if done, err := b.Done(ctx); !done || err != nil {
			t.Errorf("done %v, %v", done, err)
		}
		if err := spend(w, keys, code); !fault.Is(err, fault.Gone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSetupCodeIsNotStored(t *testing.T) {
	t.Parallel()
	w := dbtest.New(t)
	code, err := branch.New(w.DB, keysOf(t, w)).NewSetupCode(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"oduvan.db", "oduvan.db-wal"} {
		b, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), code) {
			t.Errorf("the code stands in %s", name)
		}
	}
}
