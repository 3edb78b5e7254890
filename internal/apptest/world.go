// Package apptest is the whole program in a test: the true app on a data folder
// of its own, people who sign up and fill forms as a browser without JavaScript
// would, and pages read as HTML. It promises that nothing is reached but
// through the front door. It refuses shortcuts into tables.
package apptest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// World is one running board with a clock that moves only when told.
type World struct {
	*app.App
	T     testing.TB
	Clock *dbtest.Clock
	Dir   string // the data folder
	URL   string
	Logs  *Log

	setup
}

// setup is how a board is started, and started again.
type setup struct {
	seed     byte
	settings func(*config.Config) // changes the configuration; nil: nothing
	started  func(url string)     // hears of every start; nil: nobody
}

// Log keeps what the program logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Each runs one test on a board of each engine, as parallel subtests.
func Each(t *testing.T, fn func(t *testing.T, w *World)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, New(t))
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			fn(t, open(t, t.TempDir(), dbtest.Database(t), dbtest.NewClock(), 2))
		})
	}
}

// New starts a board on SQLite.
func New(t testing.TB) *World {
	t.Helper()
	dir := t.TempDir()
	dbtest.Copy(t, dir)
	return open(t, dir, "", dbtest.NewClock(), 2)
}

// Close ends a board.
func (w *World) Close() error {
	return w.App.Close()
}

// Restart ends a board and starts another program on the same data folder.
func (w *World) Restart() *World {
	w.T.Helper()
	w.stop()
	again := w.setup
	again.seed++ // other ids than before
	return start(w.T, w.Dir, w.Config.DatabaseURL, w.Clock, again)
}

func (w *World) stop() {
	if err := w.Close(); err != nil {
		w.T.Errorf("close: %v", err)
	}
}

func open(t testing.TB, dir, database string, clock *dbtest.Clock, seed byte) *World {
	t.Helper()
	return start(t, dir, database, clock, setup{seed: seed})
}

func start(t testing.TB, dir, database string, clock *dbtest.Clock, by setup) *World {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.Data, cfg.DatabaseURL = dir, database
	cfg.URL = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	if by.settings != nil {
		by.settings(&cfg)
	}
	w := &World{T: t, Clock: clock, Dir: dir, URL: cfg.URL, Logs: &Log{}, setup: by}
	w.App, err = app.New(context.Background(), cfg, app.Options{Clock: clock.Now, Random: dbtest.Random(by.seed), NoSync: true, NoLimits: true, Patience: 30 * time.Second,
		Poll: 5 * time.Millisecond, Log: slog.New(app.OnlyKnownKeys(slog.NewTextHandler(w.Logs, nil)))})
	if err != nil {
		t.Fatal(err)
	}
	srv := &httptest.Server{Listener: listener, Config: &http.Server{Handler: w.Handler(), ReadHeaderTimeout: time.Minute}}
	srv.Start()
	closed := false
	t.Cleanup(func() {
		srv.Close()
		if !closed {
			closed = true
			_ = w.Close()
		}
	})
	if by.started != nil {
		by.started(w.URL)
	}
	return w
}

// Settle makes every public change visible in search, as the program does by
// itself within two seconds.
func (w *World) Settle() {
	w.T.Helper()
	if err := w.Catalogue.CatchUp(context.Background()); err != nil {
		w.T.Fatal(err)
	}
}

// Later moves the clock on and acts on every deadline that has come.
func (w *World) Later(d time.Duration) {
	w.T.Helper()
	w.Clock.Advance(d)
	if _, err := w.DB.Sweep(context.Background()); err != nil {
		w.T.Fatal(err)
	}
	w.Settle()
}

// Drain does all waiting jobs and deadlines. For one that waits for its next attempt the
// clock moves on. Before and after nobody does any.
func (w *World) Drain() {
	w.T.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if err := w.DB.SweepSoon(ctx); err != nil {
		w.T.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.DB.Work(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for settled, ticks := 0, 1; settled < 3; ticks++ {
		select {
		case <-deadline:
			w.T.Fatalf("jobs did not finish within a minute\n%s", w.Logs)
		case <-tick.C:
		}
		n, err := w.DB.Waiting(ctx)
		if err != nil {
			w.T.Fatal(err)
		}
		if settled++; n > 0 {
			settled = 0
		}
		if ticks%100 == 0 {
			w.Clock.Advance(time.Second)
		}
	}
	stop()
	if err := <-done; err != nil {
		w.T.Fatal(err)
	}
}
