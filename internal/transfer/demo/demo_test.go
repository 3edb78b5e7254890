package demo_test

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/internal/transfer"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

func people(t *testing.T) []transfer.Entry {
	t.Helper()
	text, err := demo.Dated(dbtest.Start)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := transfer.Read(transfer.Oduvan, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestThePeopleAreVaried(t *testing.T) {
	t.Parallel()
	entries := people(t)
	kinds, currencies, formats, levels, languages := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	services := 0
	for _, e := range entries {
		if e.Tutor {
			kinds["tutor"]++
		}
		if e.Creator {
			kinds["creator"]++
		}
		languages[e.Languages[0]]++
		for _, l := range e.Levels {
			levels[l]++
		}
		for _, s := range e.Services {
			services++
			formats[s.Format]++
			switch {
			case s.Price == nil:
				currencies["by agreement"]++
			case s.Price.IsZero():
				currencies["free"]++
			default:
				currencies[s.Price.Currency]++
			}
		}
	}
	if len(entries) < 60 || services < 70 || kinds["creator"] < 10 || languages["en"] < 10 {
		t.Errorf("%d people (%v, %v), %d services", len(entries), kinds, languages, services)
	}
	for _, want := range []string{"RUB", "KZT", "BYN", "UZS", "KGS", "AMD", "GEL", "USD", "EUR", "free", "by agreement"} {
		if currencies[want] == 0 {
			t.Errorf("nothing costs %s: %v", want, currencies)
		}
	}
	if len(formats) != 5 || len(levels) != 4 {
		t.Errorf("formats %v, levels %v", formats, levels)
	}
}

func TestEachTextIsWorthReading(t *testing.T) {
	t.Parallel()
	skills := taxonomy.New()
	opening := map[string]string{}
	for _, e := range people(t) {
		if n := utf8.RuneCountInString(e.About); n < 300 || n > 900 {
			t.Errorf("%s: about has %d characters", e.Handle, n)
		}
		first := string([]rune(e.About)[:25])
		if other, twice := opening[first]; twice {
			t.Errorf("%s begins like %s", e.Handle, other)
		}
		opening[first] = e.Handle
		if len(e.Shortened)+len(e.Dropped) > 0 {
			t.Errorf("%s: %v %v", e.Handle, e.Shortened, e.Dropped)
		}
		text := strings.Join([]string{e.Name, e.Headline, e.About}, "\n")
		for _, s := range e.Services {
			text += "\n" + s.Title + "\n" + s.Summary + "\n" + s.Rules
			if !slices.Contains(e.Formats, s.Format) {
				t.Errorf("%s: format %s of %q is not among its own", e.Handle, s.Format, s.Title)
			}
		}
		if found := markup.Contacts(text); len(found) > 0 || strings.Contains(text, "://") {
			t.Errorf("%s: a contact or address: %q", e.Handle, text[found[0].Start:found[0].End])
		}
		for _, s := range e.Skills {
			if id, ok := skills.Find(s); !ok || id != s {
				t.Errorf("%s: skill %q is not in the taxonomy", e.Handle, s)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		keys, err := secret.Open(filepath.Join(w.Dir, "secrets"))
		if err != nil {
			t.Fatal(err)
		}
		br := branch.New(w.DB, keys)
		profiles := profile.New(w.DB, br, nil)
		tr := transfer.New(transfer.Config{DB: w.DB, Keys: keys, Profiles: profiles, Market: market.New(w.DB, profiles), URL: "http://localhost:8080"})
		for _, want := range []int{len(people(t)), 0} {
			got, err := demo.Load(t.Context(), w.DB, tr)
			if err != nil || got != want {
				t.Fatalf("loaded %d, %v; want %d", got, err, want)
			}
		}
		p, err := profiles.Profile(t.Context(), account.Actor{}, "lesnoy-klyuch")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]any{"Лесной ключ", true, false}, []any{p.Name, p.Visible(), p.Newcomer(w.Clock.Now().AddDate(0, 0, 40))}); diff != "" {
			t.Error(diff)
		}
		checkDays(t, w)
		checkPlayers(t, w, keys, br)
	})
}

// checkPlayers claims every person that a newcomer may play, by the code.
func checkPlayers(t *testing.T, w *dbtest.World, keys *secret.Keys, br *branch.Branch) {
	t.Helper()
	codes, err := demo.Claims(t.Context(), w.DB, keys)
	if err != nil || len(codes) != len(demo.Players()) {
		t.Fatalf("codes of %v: %v", demo.Players(), err)
	}
	accounts := account.New(account.Config{DB: w.DB, Keys: keys, Branch: br, URL: "http://localhost:8080"})
	for _, handle := range demo.Players() {
		got, _, err := accounts.Claim(t.Context(), account.Claim{Code: codes[handle]})
		if err != nil || got.Handle != handle {
			t.Errorf("the code of %s opens %q: %v", handle, got.Handle, err)
		}
	}
}

func checkDays(t *testing.T, w *dbtest.World) {
	t.Helper()
	var rows []profile.Profile
	if err := w.Read(t.Context(), func(tx *db.Tx) error { return tx.NewSelect().Model(&rows).Scan(t.Context()) }); err != nil {
		t.Fatal(err)
	}
	newcomers, oldest := 0, 0.0
	for i := range rows {
		age := w.Clock.Now().Sub(rows[i].PublishedOn).Hours() / 24
		oldest = math.Max(oldest, age)
		if rows[i].Newcomer(w.Clock.Now()) {
			newcomers++
		}
		if age < 1 || !rows[i].ActiveOn.Equal(db.Day(w.Clock.Now())) {
			t.Errorf("%s: %v days old, active on %v", rows[i].Name, age, rows[i].ActiveOn)
		}
	}
	if newcomers < 5 || newcomers > len(rows)/3 || oldest < 150 || oldest > 202 {
		t.Errorf("%d newcomers of %d, the oldest is here %v days", newcomers, len(rows), oldest)
	}
}
