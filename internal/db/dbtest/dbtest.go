// Package dbtest gives each test a migrated database of its own, on SQLite and
// on PostgreSQL, with a clock that moves only when told and ids that are
// counted from a seed. It refuses to pretend: without a PostgreSQL server it
// says so, and where ODUVAN_TEST_REQUIRE is set it fails instead.
package dbtest

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
)

// Start is the instant at which every test's clock begins: a Sunday.
var Start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// Clock is a clock that moves only when told. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts a clock at Start.
func NewClock() *Clock { return &Clock{now: Start} }

// Now is the clock's instant.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// World is a database with the clock that it runs on.
type World struct {
	*db.DB
	Clock *Clock
	Dir   string // the test's data folder
}

// Each runs one test on a fresh database of each engine, as parallel subtests.
func Each(t *testing.T, fn func(t *testing.T, w *World)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, New(t))
	})
	if !PostgreSQL(t) {
		return
	}
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		fn(t, NewPostgreSQL(t))
	})
}

// New makes a migrated SQLite database.
func New(t testing.TB) *World {
	t.Helper()
	dir := t.TempDir()
	return Open(t, dir, db.Config{Path: Copy(t, dir)})
}

// Copy puts a migrated SQLite database into a data folder and returns its path.
func Copy(t testing.TB, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "oduvan.db")
	copyFile(t, sqliteTemplate(t), path)
	return path
}

// NewPostgreSQL makes a migrated PostgreSQL database.
func NewPostgreSQL(t testing.TB) *World {
	t.Helper()
	return Open(t, t.TempDir(), db.Config{URL: postgresDatabase(t)})
}

// Open opens a database with the test's clock and counted ids and closes it
// after the test.
func Open(t testing.TB, dir string, cfg db.Config) *World {
	t.Helper()
	w := &World{Clock: NewClock(), Dir: dir}
	if cfg.Clock == nil {
		cfg.Clock = w.Clock.Now
	}
	cfg.Random, cfg.NoSync = Random(1), true
	if cfg.Poll == 0 {
		cfg.Poll = 5 * time.Millisecond
	}
	var err error
	if w.DB, err = db.Open(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// Random is a stream of counted bytes: the same for the same seed.
func Random(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

// template makes a thing once a process and keeps it for all tests.
type template struct {
	once sync.Once
	path string
	err  error
}

var sqliteOnce template

func sqliteTemplate(t testing.TB) string {
	t.Helper()
	sqliteOnce.once.Do(func() {
		var dir string
		if dir, sqliteOnce.err = os.MkdirTemp("", "oduvan-dbtest-"); sqliteOnce.err != nil {
			return
		}
		sqliteOnce.path = filepath.Join(dir, "template.db")
		sqliteOnce.err = migrate(db.Config{Path: sqliteOnce.path, NoSync: true})
	})
	if sqliteOnce.err != nil {
		t.Fatal(sqliteOnce.err)
	}
	return sqliteOnce.path
}

func migrate(cfg db.Config) error {
	d, err := db.Open(cfg)
	if err != nil {
		return err
	}
	if err := d.Migrate(context.Background()); err != nil {
		_ = d.Close()
		return err
	}
	return d.Close()
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Drain does all waiting jobs and deadlines, then returns. The jobs run in the
// background as in the real program; Drain waits until none is left.
func Drain(t testing.TB, w *World) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if err := w.SweepSoon(ctx); err != nil { // the one at the start of Work may come when all is quiet
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for settled := 0; settled < 3; {
		select {
		case <-deadline:
			t.Fatal("jobs did not finish within two minutes")
		case <-tick.C:
		}
		n, err := w.Waiting(ctx)
		if err != nil {
			t.Fatal(err)
		}
		settled++
		if n > 0 {
			settled = 0
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
