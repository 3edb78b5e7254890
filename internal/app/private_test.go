package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tmoeg/oduvan/internal/app"
)

// TestTheDataFolderIsItsUsersAlone begins with folders that others may enter.
func TestTheDataFolderIsItsUsersAlone(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		mode    os.FileMode // 0: there is no folder yet
		refused bool
	}{"new": {}, "open": {mode: 0o755}, "own": {mode: 0o700}, "everybody's": {mode: 0o777 | os.ModeSticky, refused: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := small(t)
			if x.mode == 0 {
				cfg.Data = filepath.Join(cfg.Data, "deep", "data")
			} else if err := os.Chmod(cfg.Data, x.mode); err != nil {
				t.Fatal(err)
			}
			a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true})
			if x.refused {
				if err == nil {
					_ = a.Close()
					t.Error("taken as a data folder")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = a.Close() })
			info, err := os.Stat(cfg.Data)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != 0o700 {
				t.Errorf("mode %04o", got)
			}
		})
	}
}
