package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

func TestWriteCommitsOrLeavesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		boom := errors.New("boom")
		err := w.Write(ctx, func(tx *db.Tx) error {
			if err := tx.Changed(ctx, "thing", "a"); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("got %v, want boom", err)
		}
		for range 3 {
			if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "thing", "a") }); err != nil {
				t.Fatal(err)
			}
		}
		var got []db.Change
		if err := w.Read(ctx, func(tx *db.Tx) (err error) {
			got, err = tx.Changes(ctx, 0, 10)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]db.Change{{Seq: 3, Kind: "thing", ID: "a"}}, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
	})
}

func TestInstantRoundTrips(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		at := time.Date(2027, 2, 28, 23, 59, 59, 123456789, time.FixedZone("x", 3*3600))
		if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Due(ctx, "thing", "a", at) }); err != nil {
			t.Fatal(err)
		}
		var got db.Deadline
		if err := w.Read(ctx, func(tx *db.Tx) error { return tx.NewSelect().Model(&got).Scan(ctx) }); err != nil {
			t.Fatal(err)
		}
		if want := at.UTC().Truncate(time.Microsecond); !got.At.Equal(want) {
			t.Errorf("got %v, want %v", got.At, want)
		}
	})
}

type markJob struct {
	ID string `json:"id"`
}

func (markJob) Kind() string { return "mark" }

func TestJobRunsOnlyAfterCommit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		done := make(chan string, 10)
		db.Handle(w.DB, func(_ context.Context, j markJob) error {
			done <- j.ID
			return nil
		})
		_ = w.Write(ctx, func(tx *db.Tx) error {
			if err := tx.Enqueue(ctx, markJob{"rolled back"}); err != nil {
				t.Error(err)
			}
			return errors.New("no")
		})
		if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Enqueue(ctx, markJob{"kept"}) }); err != nil {
			t.Fatal(err)
		}
		dbtest.Drain(t, w)
		close(done)
		var got []string
		for id := range done {
			got = append(got, id)
		}
		if diff := cmp.Diff([]string{"kept"}, got); diff != "" {
			t.Errorf("jobs (-want +got):\n%s", diff)
		}
	})
}

func TestSweepActsOnceWhenTheClockPasses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		var got []string
		w.OnDue("thing", func(_ context.Context, _ *db.Tx, id string) error {
			got = append(got, id)
			return nil
		})
		err := w.Write(ctx, func(tx *db.Tx) error {
			for id, after := range map[string]time.Duration{"a": time.Hour, "b": 2 * time.Hour, "c": time.Hour} {
				if err := tx.Due(ctx, "thing", id, tx.Now.Add(after)); err != nil {
					return err
				}
			}
			return tx.NotDue(ctx, "thing", "c")
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			on   time.Duration
			want []string
		}{{0, nil}, {time.Hour, []string{"a"}}, {0, []string{"a"}}, {time.Hour, []string{"a", "b"}}} {
			w.Clock.Advance(step.on)
			if _, err := w.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("after %v (-want +got):\n%s", step.on, diff)
			}
		}
	})
}

func TestDriverErrorsBecomeFaults(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		raw := func(sql string) error {
			return w.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.ExecContext(ctx, sql)
				return err
			})
		}
		insert := `INSERT INTO account (id, handle, role, state, avatar_seed, language, session_epoch, joined_on)
			VALUES ('%s', '%s', 'member', 'active', '', 'ru', 0, '2026-01-01')`
		if err := raw(sprintf(insert, "1", "ada")); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name, sql, code string
			kind            fault.Kind
		}{
			{"unique", sprintf(insert, "2", "ada"), "duplicate", fault.Conflict},
			{"too long", sprintf(insert, "3", "a123456789012345678901234567890"), "constraint", fault.Invalid},
			{"reference", `INSERT INTO api_token (id, account_id, token_mac, name, added_on) VALUES ('1', 'x', '', '', '2026-01-01')`, "reference", fault.Conflict},
		} {
			err := raw(tt.sql)
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != tt.kind || f.Code != tt.code {
				t.Errorf("%s: got %v, want %v %s", tt.name, err, tt.kind, tt.code)
			}
			if tt.name == "unique" && !db.Duplicate(err, "account", "handle") {
				t.Errorf("not recognised as account.handle: %v", err)
			}
		}
	})
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		err := w.Read(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "thing", "a") })
		if err == nil {
			t.Error("a read wrote")
		}
	})
}

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

func TestForgottenThingsLeaveTheChangeLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		if err := w.Write(ctx, func(tx *db.Tx) error {
			return errors.Join(tx.Changed(ctx, "thing", "a"), tx.Changed(ctx, "thing", "b"), tx.Forget(ctx, "a"))
		}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			on   time.Duration
			want int
		}{{6 * 24 * time.Hour, 2}, {25 * time.Hour, 1}} {
			w.Clock.Advance(step.on)
			if _, err := w.Sweep(ctx); err != nil {
				t.Fatal(err)
			}
			var got []db.Change
			if err := w.Read(ctx, func(tx *db.Tx) (err error) {
				got, err = tx.Changes(ctx, 0, 10)
				return err
			}); err != nil || len(got) != step.want {
				t.Errorf("after %v: %v, %v, want %d", step.on, got, err, step.want)
			}
		}
	})
}

func TestDaysAreWritten(t *testing.T) {
	t.Parallel()
	late := time.Date(2027, 3, 1, 1, 30, 0, 0, time.FixedZone("", 3*3600))
	for want, at := range map[string]time.Time{"": {}, "2027-02-28": late} {
		if got := db.Date(at); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestWhoCameFirstWritesFirst lets many write again and again: how many others
// come between one's asking and one's turn is about as many as there are, for
// nearly every one.
func TestWhoCameFirstWritesFirst(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		const writers, times = 32, 20
		var done atomic.Int64
		waited := make([][]int, writers)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for range times {
					before := done.Load()
					if err := d.Write(t.Context(), func(tx *db.Tx) error {
						var one int
						return tx.NewRaw("SELECT 1").Scan(t.Context(), &one)
					}); err != nil {
						t.Error(err)
					}
					waited[i] = append(waited[i], int(done.Add(1)-before))
				}
			})
		}
		all.Wait()
		every := slices.Concat(waited...)
		slices.Sort(every)
		if p95 := every[len(every)*95/100]; p95 > 2*writers {
			t.Errorf("one in twenty waits for more than %d of %d others", p95, writers)
		}
	})
}

// TestLastIsLast: what is kept for the end is done after all else, once a try,
// and undoes everything when it fails.
func TestLastIsLast(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		var said []string
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Last(func(context.Context) error {
				said = append(said, "first")
				tx.Last(func(context.Context) error { said = append(said, "third"); return nil })
				return nil
			})
			tx.Last(func(context.Context) error { said = append(said, "second"); return nil })
			said = append(said, "work")
			return nil
		})
		if diff := cmp.Diff([]string{"work", "first", "second", "third"}, said); diff != "" || err != nil {
			t.Errorf("%v, -want +got:\n%s", err, diff)
		}
		no := fault.Of(fault.Conflict, "no")
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			tx.Last(func(context.Context) error { return no })
			return tx.Changed(t.Context(), "profile", "x")
		})
		if !errors.Is(err, no) {
			t.Errorf("got %v, want what was refused at last", err)
		}
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			left, err := tx.Changes(t.Context(), 0, 10)
			if len(left) > 0 {
				t.Errorf("%d changes are left of a unit of work that was undone", len(left))
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

// TestDuesOfAThing sets several deadlines at once and removes those without a time.
func TestDuesOfAThing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		day := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
		for _, at := range []map[string]time.Time{{}, {"a": day, "b": day, "c": {}}, {"a": {}, "b": day.Add(time.Hour), "c": day}} {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return tx.Dues(t.Context(), "x", at) }); err != nil {
				t.Fatal(err)
			}
		}
		var got []db.Deadline
		if err := d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.NewSelect().Model(&got).Where("id = 'x'").OrderExpr("kind").Scan(t.Context())
		}); err != nil {
			t.Fatal(err)
		}
		want := []db.Deadline{{Kind: "b", ID: "x", At: day.Add(time.Hour)}, {Kind: "c", ID: "x", At: day}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
