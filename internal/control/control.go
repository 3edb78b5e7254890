// Package control is how a command on this machine asks the serve that holds a
// data folder: a unix socket in that folder, HTTP and JSON inside. It promises
// that only whoever may write to the folder's socket is heard, that a caller
// never waits in silence, and that a socket left behind by a crash disturbs
// nobody. It refuses to know what is asked: verbs are given to it.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/tmoeg/oduvan/internal/fault"
)

// File is the socket's name in the data folder.
const File = "control.sock"

// freshDir is where a socket is made before it gets its name: in a folder that
// nobody else may enter, so it is never open wider than it should be.
const freshDir = ".ctl"

// maxPath is the longest address of a unix socket that every system takes;
// Linux takes 107.
const maxPath = 103

// ErrNobody tells that nobody listens: no serve runs, or it has not come so far.
var ErrNobody = errors.New("nobody listens at the control socket")

// errLongPath is for systems without /proc.
var errLongPath = errors.New("the data folder's path is too long for a socket; use a shorter one")

// address is under which path a file of a folder can be bound or dialled. A path
// over the system's limit is reached through the open folder, so the socket
// stands in the data folder however deep that is. Call done after use.
func address(dir, name string) (path string, done func(), err error) {
	if path = filepath.Join(dir, name); len(path) <= maxPath {
		return path, func() {}, nil
	}
	folder, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	path = fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	if _, err := os.Stat(path); err != nil {
		return "", nil, errors.Join(errLongPath, folder.Close())
	}
	return filepath.Join(path, name), func() { _ = folder.Close() }, nil
}

// Listen makes the socket of a data folder, 0600, in the place of one that an
// earlier process left. The caller holds the folder's lock. Closing the listener
// removes the socket.
func Listen(dir string) (net.Listener, error) {
	fresh := filepath.Join(dir, freshDir)
	if err := os.RemoveAll(fresh); err != nil {
		return nil, err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	path, done, err := address(fresh, "s")
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it is about to be renamed
	out := &listener{UnixListener: l, path: filepath.Join(dir, File)}
	err = os.Chmod(filepath.Join(fresh, "s"), 0o600)
	if err == nil {
		err = os.Rename(filepath.Join(fresh, "s"), out.path)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return out, nil
}

// listener removes its file when it is closed.
type listener struct {
	*net.UnixListener
	path string
	once sync.Once
}

// Close stops listening and removes the socket.
func (l *listener) Close() error {
	err := l.UnixListener.Close()
	l.once.Do(func() { _ = os.Remove(l.path) })
	return err
}

// dial connects to the socket of a data folder.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	path, done, err := address(dir, File)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, ErrNobody
		}
		return nil, err
	}
	defer done()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNobody
	}
	return conn, err
}

// line is one line of an answer. An empty one says that the work goes on.
type line struct {
	Progress json.RawMessage `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Trouble  *trouble        `json:"trouble,omitempty"`
}

// trouble is an error on its way.
type trouble struct {
	Kind  string `json:"kind,omitempty"`
	Code  string `json:"code,omitempty"`
	Field string `json:"field,omitempty"`
	Text  string `json:"text"`
}

func pack(err error) *trouble {
	var f *fault.Error
	if !errors.As(err, &f) || f.Code == "" {
		return &trouble{Text: err.Error()}
	}
	out := &trouble{Kind: f.Kind.String(), Code: f.Code, Field: f.Field}
	if f.Err != nil {
		out.Text = f.Err.Error()
	}
	return out
}

func (t *trouble) unpack() error {
	if t.Code == "" {
		return errors.New(t.Text)
	}
	out := &fault.Error{Code: t.Code, Field: t.Field}
	for k := fault.Internal; k <= fault.Method; k++ {
		if k.String() == t.Kind {
			out.Kind = k
		}
	}
	if t.Text != "" {
		out.Err = errors.New(t.Text)
	}
	return out
}
