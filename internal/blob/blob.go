// Package blob keeps small files under the hash of their content. It promises
// that a name seen is a file whole: writing goes beside, is synced, and is then
// renamed. It refuses any name that is not 64 hexadecimal digits and a known
// ending, and cannot leave its folder, since every path goes through os.Root.
// A name tells nothing about who uploaded the file or what it was called.
//
// It imports fault: an absent blob is not_found with the code blob_unknown.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/fault"
)

// MaxSize bounds one blob.
const MaxSize = 16 << 20

// staleAfter is when a half-written file counts as left by a crash.
const staleAfter = time.Hour

// names is the only form a name can have.
var names = regexp.MustCompile(`^[0-9a-f]{64}\.(?:jpg|png|webp|pdf|txt|json|ics)$`)

// Store is where blobs live: a folder now, an object store for branches with
// several replicas.
type Store interface {
	// Put keeps the content and gives its name, the same for the same content.
	// The ending ("jpg") is one of those Valid knows.
	Put(ctx context.Context, content []byte, ending string) (name string, err error)
	// Open reads a blob. Fault: blob_unknown.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// Delete forgets a blob for good; an absent one is no error, so that a
	// repeated erasure ends well. Content put by several owners has one name:
	// the caller asks its rows first.
	Delete(ctx context.Context, name string) error
	// List gives the names of all blobs in order.
	List(ctx context.Context) ([]string, error)
}

// Valid tells whether a name has the form that Put gives.
func Valid(name string) bool { return names.MatchString(name) }

// Name is what Put would call the content; Valid tells whether its ending is
// known.
func Name(content []byte, ending string) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]) + "." + ending
}

// Folder is a Store on the local disk, safe for concurrent use by several
// processes.
type Folder struct {
	root *os.Root
}

// The folder is one.
var _ Store = (*Folder)(nil)

// OpenFolder opens a folder of blobs, making it (0700) if it is missing, and
// removes what crashes before the time now left half-written. Close it in the
// end.
func OpenFolder(dir string, now time.Time) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	f := &Folder{root: root}
	if err := f.sweep(now); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// Close frees the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements Store. A content over MaxSize is the fault blob_too_large; an
// unknown ending is an error of the program.
func (f *Folder) Put(ctx context.Context, content []byte, ending string) (string, error) {
	name := Name(content, ending)
	if !Valid(name) {
		return "", fmt.Errorf("blob: unknown ending %q", ending)
	}
	if len(content) > MaxSize {
		return "", fault.Of(fault.TooLarge, "blob_too_large").With("max", MaxSize)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if info, err := f.root.Stat(path(name)); err == nil && info.Size() == int64(len(content)) {
		return name, nil
	}
	if err := f.write(name, content); err != nil {
		return "", fmt.Errorf("blob: put: %w", err)
	}
	return name, nil
}

// write is the temp, sync, rename, sync of a file that must not be seen half.
func (f *Folder) write(name string, content []byte) error {
	shelf := name[:2]
	if err := f.root.Mkdir(shelf, 0o700); err == nil {
		if err := f.sync("."); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp, file, err := f.temp(name)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = f.root.Rename(temp, path(name))
	}
	if err != nil {
		return errors.Join(err, f.root.Remove(temp))
	}
	return f.sync(shelf)
}

// temp makes a file of its own for each writer: two that put the same content
// at once, also from two processes, never share one.
func (f *Folder) temp(name string) (string, *os.File, error) {
	for i := range 1000 {
		temp := fmt.Sprintf("%s/.%s.%d.%d", name[:2], name, os.Getpid(), i)
		file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return temp, file, err
		}
	}
	return "", nil, errors.New("too many writers of one blob")
}

// Open implements Store.
func (f *Folder) Open(ctx context.Context, name string) (io.ReadSeekCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !Valid(name) {
		return nil, fault.Of(fault.NotFound, "blob_unknown")
	}
	file, err := f.root.Open(path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Of(fault.NotFound, "blob_unknown")
	}
	if err != nil {
		return nil, fmt.Errorf("blob: open: %w", err)
	}
	return file, nil
}

// Delete implements Store.
func (f *Folder) Delete(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !Valid(name) {
		return nil
	}
	err := f.root.Remove(path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.sync(name[:2])
	}
	if err != nil {
		return fmt.Errorf("blob: delete: %w", err)
	}
	return nil
}

// List implements Store.
func (f *Folder) List(ctx context.Context) ([]string, error) {
	var out []string
	err := f.walk(func(_, file string, _ fs.DirEntry) error {
		if Valid(file) {
			out = append(out, file)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("blob: list: %w", err)
	}
	slices.Sort(out)
	return out, nil
}

// sweep removes half-written files that no living writer can own.
func (f *Folder) sweep(now time.Time) error {
	err := f.walk(func(shelf, file string, entry fs.DirEntry) error {
		if !strings.HasPrefix(file, ".") {
			return nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || (err == nil && now.Sub(info.ModTime()) < staleAfter) {
			return nil
		}
		if err == nil {
			err = f.root.Remove(shelf + "/" + file)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process swept it
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("blob: sweep: %w", err)
	}
	return nil
}

// walk visits every file of every shelf.
func (f *Folder) walk(visit func(shelf, file string, entry fs.DirEntry) error) error {
	shelves, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, shelf := range shelves {
		if !shelf.IsDir() {
			continue
		}
		files, err := fs.ReadDir(f.root.FS(), shelf.Name())
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := visit(shelf.Name(), file.Name(), file); err != nil {
				return err
			}
		}
	}
	return nil
}

// sync makes new names in a folder survive a power cut.
func (f *Folder) sync(dir string) error {
	folder, err := f.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// path spreads blobs over 256 shelves.
func path(name string) string { return name[:2] + "/" + name }
