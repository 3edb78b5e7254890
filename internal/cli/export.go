package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// exportMode lets everybody read: an export holds what the pages show.
const exportMode = 0o644

func (c *command) exporting() *cobra.Command {
	force := false
	cmd := &cobra.Command{Use: "export [FILE]", Short: "Write all public profiles and services as a file that import reads", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "-"
			if len(args) == 1 {
				path = args[0]
			}
			return c.runExport(cmd, path, force)
		}}
	cmd.Flags().BoolVar(&force, "force", false, "write over FILE if it exists; it stays whole until the export is complete")
	return cmd
}

func (c *command) runExport(cmd *cobra.Command, path string, force bool) error {
	a, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer a.Close()
	if path == "-" {
		return a.Transfer.Export(cmd.Context(), c.Out)
	}
	open := newFile
	if force {
		open = overFile
	}
	out, done, err := open(path, exportMode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; choose another name, or --force to write over it", err)
	}
	if err != nil {
		return err
	}
	return done(a.Transfer.Export(cmd.Context(), out))
}

// newFile opens a file that was not there: nothing is written over. done keeps
// it after success and removes it after a failure.
func newFile(path string, mode fs.FileMode) (w io.Writer, done func(error) error, err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, nil, err
	}
	return out, func(err error) error { return settle(out, path, err) }, nil
}

// overFile writes beside a file that may be there and takes its place after
// success; after a failure the earlier one stands as it was. A link stays a link
// to what it leads to, and what is no file, such as a device, is refused: it
// would be gone afterwards.
func overFile(path string, mode fs.FileMode) (w io.Writer, done func(error) error, err error) {
	if led, err := filepath.EvalSymlinks(path); err == nil {
		path = led
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no file that could be written over; - writes to standard output", path)
	}
	out, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, nil, err
	}
	return out, func(err error) error {
		if err == nil {
			err = out.Chmod(mode)
		}
		return settle(out, path, err)
	}, nil
}

// settle closes a written file and gives it its name, or removes it when
// anything failed.
func settle(out *os.File, path string, err error) error {
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil && out.Name() != path {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		_ = os.Remove(out.Name())
	}
	return err
}
