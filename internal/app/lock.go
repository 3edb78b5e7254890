package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/tmoeg/oduvan/internal/fault"
)

// locked is the fault when another process serves from the same data folder.
func locked() *fault.Error { return fault.Of(fault.Conflict, "data_locked") }

// ownFolder makes the data folder, or takes from others what they may do in it:
// people's letters and pictures are there. It is an error when that cannot be
// done, and when the folder is meant for everybody, such as /tmp.
func ownFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	mode := info.Mode()
	if mode.Perm()&0o077 == 0 {
		return nil
	}
	if mode&os.ModeSticky == 0 {
		if err = os.Chmod(dir, 0o700); err == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("other users may enter the data folder %s (mode %04o): give it to this user alone and run chmod 700 on it, or choose another folder with --data",
		dir, mode.Perm()), err)
}

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
