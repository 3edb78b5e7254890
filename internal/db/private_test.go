package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// TestOnlyTheProgramsUserReadsTheFiles opens a new database and one that
// others could read before, each in a folder that does not protect them.
func TestOnlyTheProgramsUserReadsTheFiles(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(path string) error{
		"new": func(string) error { return nil },
		"old": func(path string) error {
			dbtest.Copy(t, filepath.Dir(path))
			return os.Chmod(path, 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "oduvan.db")
			if err := before(path); err != nil {
				t.Fatal(err)
			}
			d, err := db.Open(db.Config{Path: path, NoSync: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			if err := d.Migrate(context.Background()); err != nil {
				t.Fatal(err)
			}
			if err := d.Write(context.Background(), func(tx *db.Tx) error {
				_, err := tx.NewRaw("UPDATE session SET account_id = account_id").Exec(context.Background())
				return err
			}); err != nil {
				t.Fatal(err)
			}
			for _, end := range []string{"", "-wal", "-shm"} {
				info, err := os.Stat(path + end)
				if err != nil {
					t.Fatal(err)
				}
				if mode := info.Mode().Perm(); mode != 0o600 {
					t.Errorf("oduvan.db%s is %04o", end, mode)
				}
			}
		})
	}
}
