package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

func want(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// holds is an invariant that lists what it is told.
func holds(name string, items ...string) audit.Invariant {
	return audit.Invariant{Name: name, Says: name + " holds", Broken: func(context.Context, *db.Tx) ([]string, error) { return items, nil }}
}

// noLeases reads a table: there is no lease.
var noLeases = audit.Invariant{Name: "no_leases", Says: "There is no lease.", Broken: func(ctx context.Context, tx *db.Tx) ([]string, error) {
	var names []string
	err := tx.NewRaw("SELECT name FROM lease ORDER BY name").Scan(ctx, &names)
	return names, err
}}

func plantLease(t *testing.T, w *dbtest.World, name string) {
	t.Helper()
	err := w.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO lease (name, holder, until) VALUES (?, 'x', ?)", name, tx.Now).Exec(context.Background())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		a := audit.New(w.DB, nil, []audit.Invariant{holds("a"), noLeases}, []audit.Invariant{holds("b")})
		got, err := a.Run(ctx)
		want(t, "error", nil, err)
		want(t, "all holds", audit.Report{At: dbtest.Start, OK: true, Checked: 3, Findings: []audit.Finding{}}, got)
		want(t, "in words", "all 3 invariants hold\n", got.String())

		plantLease(t, w, "planted")
		got, err = a.Run(ctx)
		want(t, "error", nil, err)
		want(t, "one is broken", audit.Report{At: dbtest.Start, Checked: 3,
			Findings: []audit.Finding{{Name: "no_leases", Says: "There is no lease.", Items: []string{"planted"}}}}, got)
		want(t, "in words", "1 of 3 invariants are broken\n\nno_leases: There is no lease.\n  - planted\n", got.String())
	})
}

func TestFindingsAreBoundedAndReadable(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 25 {
		many = append(many, fmt.Sprintf("row %d", i))
	}
	w := dbtest.New(t)
	a := audit.New(w.DB, nil, []audit.Invariant{holds("many", many...), holds("ugly", "two\nlines\x1b[31m \u202eback \xff", strings.Repeat("ж", 500))})
	r, err := a.Run(context.Background())
	want(t, "error", nil, err)
	want(t, "lines", 20, len(r.Findings[0].Items))
	want(t, "more", 5, r.Findings[0].More)
	want(t, "one line", "two lines[31m back ", r.Findings[1].Items[0])
	want(t, "cut", strings.Repeat("ж", 199)+"…", r.Findings[1].Items[1])
	if text := r.String(); !strings.Contains(text, "  … and 5 more\n") || strings.ContainsRune(text, 0x1b) {
		t.Errorf("in words: %q", text)
	}
}

func TestWhatCannotBeAskedIsAFinding(t *testing.T) {
	t.Parallel()
	w := dbtest.New(t)
	fails := func(name string, fn func() error) audit.Invariant {
		return audit.Invariant{Name: name, Broken: func(context.Context, *db.Tx) ([]string, error) { return nil, fn() }}
	}
	panics := fails("panics", func() error { panic("rows are broken") })
	bad := fails("bad", func() error { return errors.New("no such table") })
	r, err := audit.New(w.DB, nil, []audit.Invariant{panics, bad, holds("after")}).Run(context.Background())
	want(t, "error", nil, err)
	want(t, "names", []string{"panics", "bad"}, r.Names())
	want(t, "checked", 3, r.Checked)
	want(t, "said", []string{"it could not be asked: no such table"}, r.Findings[1].Items)

	away := fails("away", func() error { return fault.Of(fault.Unavailable, "database_away") })
	_, err = audit.New(w.DB, nil, []audit.Invariant{away}).Run(context.Background())
	want(t, "the database is away", true, fault.Is(err, fault.Unavailable))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = audit.New(w.DB, nil, []audit.Invariant{holds("a")}).Run(ctx)
	want(t, "ended", true, errors.Is(err, context.Canceled))
}

func TestAQuestionOnlyReads(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		writes := audit.Invariant{Name: "writes", Broken: func(ctx context.Context, tx *db.Tx) ([]string, error) {
			_, err := tx.NewRaw("INSERT INTO lease (name, holder, until) VALUES ('x', 'x', ?)", tx.Now).Exec(ctx)
			return nil, err
		}}
		r, err := audit.New(w.DB, nil, []audit.Invariant{writes, noLeases}).Run(context.Background())
		want(t, "error", nil, err)
		want(t, "broken", []string{"writes"}, r.Names())
	})
}

// until waits for what a job does in the background.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// working runs the jobs of a database until the test ends.
func working(t *testing.T, w *dbtest.World) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// log is a log that is read while it is written.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps p.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything so far.
func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// planned is when the next run will be.
func planned(t *testing.T, w *dbtest.World) (at time.Time) {
	t.Helper()
	var rows []db.Deadline
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewSelect().Model(&rows).Where("kind = 'audit'").Scan(context.Background())
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		return time.Time{}
	}
	return rows[0].At.UTC()
}

// The first run is made at once, the next ones at night, and a run that finds
// something says so in the log.
func TestNightly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx, out := context.Background(), &log{}
		a := audit.New(w.DB, slog.New(slog.NewTextHandler(out, nil)), []audit.Invariant{holds("a"), noLeases})
		a.Nightly()
		_, err := a.Last(ctx)
		want(t, "before the first", true, fault.Is(err, fault.NotFound))

		working(t, w)
		until(t, "the first is planned", func() bool { return !planned(t, w).IsZero() })
		night := func(last time.Time) audit.Run {
			t.Helper()
			if _, err := w.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			var run audit.Run
			until(t, "a run", func() bool { run, err = a.Last(ctx); return err == nil && !run.At.Equal(last) })
			run.ID, run.At = "", run.At.UTC()
			return run
		}
		want(t, "the first", audit.Run{At: dbtest.Start, OK: true, Checked: 2}, night(time.Time{}))
		at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
		want(t, "the next night", at, planned(t, w))
		if strings.Contains(out.String(), "ERROR") {
			t.Errorf("log: %s", out)
		}

		plantLease(t, w, "planted")
		w.Clock.Advance(at.Sub(dbtest.Start))
		want(t, "the second", audit.Run{At: at, Checked: 2, Findings: 1, Names: "no_leases"}, night(dbtest.Start))
		want(t, "the night after", at.AddDate(0, 0, 1), planned(t, w))
		if text := out.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "reason=no_leases") {
			t.Errorf("log: %s", text)
		}
	})
}

func TestOldRunsAreForgotten(t *testing.T) {
	t.Parallel()
	w := dbtest.New(t)
	a := audit.New(w.DB, nil)
	for range 3 {
		r, err := a.Run(context.Background())
		want(t, "error", nil, err)
		want(t, "kept", nil, a.Keep(context.Background(), r))
		w.Clock.Advance(300 * 24 * time.Hour)
	}
	var n int
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw("SELECT count(*) FROM audit_run").Scan(context.Background(), &n)
	})
	want(t, "error", nil, err)
	want(t, "rows", 2, n)
}
