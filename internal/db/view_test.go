package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
)

func TestAReadSeesOneMoment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		err := w.Read(ctx, func(tx *db.Tx) error {
			first, err := tx.Generation(ctx)
			if err != nil {
				return err
			}
			if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "thing", "a") }); err != nil {
				return err
			}
			second, err := tx.Generation(ctx)
			if first != second {
				t.Errorf("one read saw generation %d, then %d", first, second)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestCompactComesAgainWhileAReaderHoldsTheLog(t *testing.T) {
	t.Parallel()
	w := dbtest.New(t)
	ctx := context.Background()
	write := func(id string) {
		t.Helper()
		if err := w.Write(ctx, func(tx *db.Tx) error { return tx.Changed(ctx, "thing", id) }); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	err := w.Read(ctx, func(tx *db.Tx) error {
		if _, err := tx.Generation(ctx); err != nil {
			return err
		}
		write("b")
		begin := time.Now()
		if err := w.Compact(ctx); !fault.Is(err, fault.Unavailable) {
			t.Errorf("beside a reader: got %v, want unavailable", err)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("the only writer was held for %v", took)
		}
		write("c")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var wait int
	if err := w.Write(ctx, func(tx *db.Tx) error { return tx.NewRaw("PRAGMA busy_timeout").Scan(ctx, &wait) }); err != nil || wait != 5000 {
		t.Errorf("the writer waits %d ms, %v, want 5000", wait, err)
	}
	if err := w.Compact(ctx); err != nil {
		t.Errorf("without a reader: %v", err)
	}
	log, err := os.Stat(filepath.Join(w.Dir, "oduvan.db-wal"))
	if err != nil || log.Size() != 0 {
		t.Errorf("the log after it: %v, %v", log, err)
	}
}
