package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
)

// onMeili is a process of a board whose index is on a fake Meilisearch.
func onMeili(t *testing.T, cfg config.Config, clock *dbtest.Clock) *app.App {
	t.Helper()
	a, err := app.New(context.Background(), cfg, app.Options{Clock: clock.Now, NoSync: true, NoLimits: true, Patience: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func meiliConfig(t *testing.T, s *meilitest.Server) config.Config {
	t.Helper()
	cfg := small(t)
	cfg.MeiliURL, cfg.MeiliKey = s.URL, meilitest.MasterKey
	return cfg
}

// writes counts the documents that were sent to the live index.
func writes(s *meilitest.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Method == http.MethodPost && r.Path == "/indexes/oduvan_live/documents" {
			n++
		}
	}
	return n
}

func catchUp(t *testing.T, a *app.App) {
	t.Helper()
	if err := a.Catalogue.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// change makes a public change that every process must see.
func change(t *testing.T, a *app.App, id string) int64 {
	t.Helper()
	ctx := context.Background()
	if err := a.DB.Write(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "tutor", id) }); err != nil {
		t.Fatal(err)
	}
	n, err := a.DB.Generation(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestOneProcessFeedsMeilisearchAndAnotherTakesOver(t *testing.T) {
	t.Parallel()
	s, clock := meilitest.New(t), dbtest.NewClock()
	cfg := meiliConfig(t, s)
	first, second := onMeili(t, cfg, clock), onMeili(t, cfg, clock)
	if _, err := demo.Load(context.Background(), first.DB, first.Transfer); err != nil {
		t.Fatal(err)
	}
	catchUp(t, first)
	fed := writes(s)
	catchUp(t, second)
	change(t, first, "nobody")
	catchUp(t, second)
	if n := writes(s); n != fed {
		t.Errorf("the second process fed the index %d times", n-fed)
	}
	catchUp(t, first)
	if n := writes(s); n != fed+1 {
		t.Errorf("the holder fed the index %d times, want once", n-fed)
	}
	for _, a := range []*app.App{first, second} {
		if w := get(t, a, "/api/v1/search?q=gbnjy"); !strings.Contains(w.Body.String(), `"kind":"tutor"`) || !strings.Contains(w.Body.String(), `"fallback":false`) {
			t.Errorf("a process finds nothing: %s", w.Body)
		}
	}
	clock.Advance(16 * time.Second) // the first one hangs
	generation := change(t, second, "nobody else")
	catchUp(t, second)
	if got := second.Catalogue.Applied(); got != generation {
		t.Errorf("after the takeover the index stands at %d, want %d", got, generation)
	}
	fed = writes(s)
	change(t, first, "somebody")
	catchUp(t, first)
	if n := writes(s); n != fed {
		t.Error("who lost the lease feeds on")
	}
}

func get(t *testing.T, a *app.App, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, a.Config.URL+path, nil)
	a.Handler().ServeHTTP(w, r)
	return w
}

func TestSearchIsAnsweredWhileMeilisearchIsAway(t *testing.T) {
	t.Parallel()
	s, clock := meilitest.New(t), dbtest.NewClock()
	a := onMeili(t, meiliConfig(t, s), clock)
	if _, err := demo.Load(context.Background(), a.DB, a.Transfer); err != nil {
		t.Fatal(err)
	}
	catchUp(t, a)
	const path = "/api/v1/search?q=python"
	before := get(t, a, path)
	if before.Code != http.StatusOK || !strings.Contains(before.Body.String(), `"fallback":false`) {
		t.Fatalf("%d %s", before.Code, before.Body)
	}
	s.Refuse("/", http.StatusServiceUnavailable, 6)
	for range 6 {
		if w := get(t, a, path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"fallback":true`) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if w := get(t, a, "/readyz"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "search away") {
		t.Errorf("/readyz: %d %s", w.Code, w.Body)
	}
	if w := get(t, a, "/search?q=python"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "straight from the database") && !strings.Contains(w.Body.String(), "прямо из базы") {
		t.Errorf("the page does not say that search is away: %d", w.Code)
	}
}

// TestBoardStartsWithoutMeilisearch opens a board whose server does not answer.
func TestBoardStartsWithoutMeilisearch(t *testing.T) {
	t.Parallel()
	s, clock := meilitest.New(t), dbtest.NewClock()
	s.Refuse("/", 0, 1000)
	a := onMeili(t, meiliConfig(t, s), clock)
	if w := get(t, a, "/search"); w.Code != http.StatusOK {
		t.Errorf("/search: %d", w.Code)
	}
}

func TestMeiliKeysComeFromTheSecretsFolder(t *testing.T) {
	t.Parallel()
	cfg := small(t)
	cfg.MeiliURL = "http://localhost:7700"
	onMeili(t, cfg, dbtest.NewClock()) // makes the folder
	if keys, err := app.MeiliKeys(cfg); err != nil || keys.Whole() {
		t.Errorf("without a file: %v", err)
	}
	want := meili.Keys{Search: "s3arch", Admin: "adm1n"}
	for range 2 {
		if err := app.SaveMeiliKeys(cfg, want); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := app.MeiliKeys(cfg); err != nil || got != want {
		t.Errorf("saved keys: %v", err)
	}
	cfg.MeiliKey = "own"
	if got, err := app.MeiliKeys(cfg); err != nil || got.Admin != "own" {
		t.Errorf("the configuration's key: %v", err)
	}
}
