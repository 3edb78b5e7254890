package db_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// TestEveryFailingCallLeavesAllOrNothing fails the first, second, … call of a
// unit of work until none is left: before each time, and with its answer lost.
func TestEveryFailingCallLeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	faulty := func(t *testing.T, cfg db.Config) {
		var f dbtest.Faults
		cfg.Connector = f.Connector
		w := dbtest.Open(t, t.TempDir(), cfg)
		ctx := context.Background()
		act := func(id string) error {
			return w.Write(ctx, func(tx *db.Tx) error {
				return errors.Join(tx.Changed(ctx, "thing", id), tx.Due(ctx, "thing", id, tx.Now), tx.Enqueue(ctx, markJob{id}))
			})
		}
		if err := act("warm"); err != nil {
			t.Fatal(err)
		}
		tried := 0
		for _, how := range []dbtest.Fault{dbtest.Before, dbtest.After} {
			for k := 1; ; k++ {
				id := string(rune('a'+int(how))) + string(rune('a'+k))
				f.Arm(k, how)
				err := act(id)
				fired := f.Fired()
				f.Arm(0, how)
				if !fired {
					if err != nil {
						t.Errorf("no fault, and %v", err)
					}
					break
				}
				tried++
				change, due, job := traces(t, w, id)
				if change != due || due != job {
					t.Fatalf("fault %d at call %d left change %v, deadline %v, job %v", how, k, change, due, job)
				}
				if err := act(id); err != nil {
					t.Fatalf("a retry after call %d: %v", k, err)
				}
			}
		}
		if tried < 10 {
			t.Errorf("only %d faults were tried", tried)
		}
		t.Logf("%d faults", tried)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		faulty(t, db.Config{Path: dbtest.Copy(t, t.TempDir())})
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			faulty(t, db.Config{URL: dbtest.Database(t)})
		})
	}
}

func traces(t *testing.T, w *dbtest.World, id string) (change, due, job bool) {
	t.Helper()
	ctx := context.Background()
	var n [3]int
	err := w.Read(ctx, func(tx *db.Tx) error {
		return errors.Join(tx.NewRaw("SELECT count(*) FROM search_change WHERE id = ?", id).Scan(ctx, &n[0]),
			tx.NewRaw("SELECT count(*) FROM due WHERE id = ?", id).Scan(ctx, &n[1]),
			tx.NewRaw("SELECT count(*) FROM river_job WHERE args ->> 'id' = ?", id).Scan(ctx, &n[2]))
	})
	if err != nil {
		t.Fatal(err)
	}
	return n[0] > 0, n[1] > 0, n[2] > 0
}
