package app

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tmoeg/oduvan/internal/fault"
)

// locked is the fault when another process serves from the same data folder.
func locked() *fault.Error { return fault.Of(fault.Conflict, "data_locked") }

// Lock takes the data folder for this process alone. The kernel lets go of it
// when the process ends, however it ends.
func Lock(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, locked().Wrap(fmt.Errorf("an oduvan is already running with the data folder %s: stop it first, or choose another folder with --data", dir))
	}
	return func() { _ = f.Close() }, nil
}
