package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/control"
	"github.com/tmoeg/oduvan/internal/fault"
)

// serving answers at the socket of a folder until the test ends or stop is called.
func serving(t *testing.T, dir string, verbs control.Verbs) (stop func()) {
	t.Helper()
	l, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.Serve(ctx, l, verbs) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func dial(t *testing.T, dir string) *control.Client {
	t.Helper()
	c, err := control.Dial(context.Background(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// verbs are one of every sort.
func verbs() control.Verbs {
	return control.Verbs{
		"add": func(_ context.Context, in json.RawMessage, progress func(any)) (any, error) {
			var n []int
			if err := json.Unmarshal(in, &n); err != nil {
				return nil, err
			}
			sum := 0
			for i, v := range n {
				sum += v
				progress(i)
			}
			return sum, nil
		},
		"fault": func(context.Context, json.RawMessage, func(any)) (any, error) {
			return nil, fault.Bad("q", "too_long").Wrap(errors.New("cause"))
		},
		"error": func(context.Context, json.RawMessage, func(any)) (any, error) { return nil, errors.New("plain") },
		"panic": func(context.Context, json.RawMessage, func(any)) (any, error) { panic("oh") },
		"wait": func(ctx context.Context, _ json.RawMessage, progress func(any)) (any, error) {
			progress("begun")
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
}

// caller is what answers a call, here or in another process.
type caller interface {
	Call(ctx context.Context, name string, in, out any, progress func(json.RawMessage)) error
}

func TestCalls(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, verbs())
	for name, c := range map[string]caller{"socket": dial(t, dir), "here": verbs()} {
		sum, heard := 0, ""
		err := c.Call(context.Background(), "add", []int{1, 2, 39}, &sum, func(p json.RawMessage) { heard += string(p) })
		if err != nil || sum != 42 || heard != "012" {
			t.Errorf("%s: add: %d, heard %q, %v", name, sum, heard, err)
		}
		err = c.Call(context.Background(), "fault", nil, &sum, nil)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != "too_long" || f.Field != "q" || f.Err == nil || f.Err.Error() != "cause" {
			t.Errorf("%s: fault: %v", name, err)
		}
		if err := c.Call(context.Background(), "error", nil, &sum, nil); err == nil || err.Error() != "plain" {
			t.Errorf("%s: error: %v", name, err)
		}
		if err := c.Call(context.Background(), "panic", nil, &sum, nil); err == nil || !strings.Contains(err.Error(), "broke down: oh") {
			t.Errorf("%s: panic: %v", name, err)
		}
		if err := c.Call(context.Background(), "unknown", nil, &sum, nil); err == nil || !strings.Contains(err.Error(), "command") {
			t.Errorf("%s: unknown: %v", name, err)
		}
	}
}

// TestEndsWithTheCaller: a caller that gives up ends the work it asked for.
func TestEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ended := make(chan struct{})
	v := verbs()
	wait := v["wait"]
	v["wait"] = func(ctx context.Context, in json.RawMessage, progress func(any)) (any, error) {
		defer close(ended)
		return wait(ctx, in, progress)
	}
	serving(t, dir, v)
	ctx, cancel := context.WithCancel(context.Background())
	err := dial(t, dir).Call(ctx, "wait", nil, nil, func(json.RawMessage) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Call: %v", err)
	}
	<-ended
}

// TestEndsWithTheServe: calls under way hear that the serve stops.
func TestEndsWithTheServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stop := serving(t, dir, verbs())
	begun, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		failed <- dial(t, dir).Call(context.Background(), "wait", nil, nil, func(json.RawMessage) { close(begun) })
	}()
	<-begun
	stop()
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "cancel") {
		t.Errorf("the caller hears %v", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, control.File)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket after a stop: %v", err)
	}
	if _, err := control.Dial(context.Background(), dir, 0); !errors.Is(err, control.ErrNobody) {
		t.Errorf("Dial after a stop: %v", err)
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"empty folder": t.TempDir(), "no folder": filepath.Join(t.TempDir(), "none"),
		"no long folder": filepath.Join(t.TempDir(), strings.Repeat("deep/", 40))} {
		if _, err := control.Dial(context.Background(), dir, 0); !errors.Is(err, control.ErrNobody) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStaleSocket: what a killed process left is nobody, and the next serve takes its place.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, control.File)
	addr := filepath.Join(shortDir(t), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: addr, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := errors.Join(l.Close(), os.Rename(addr, path), os.Mkdir(filepath.Join(dir, ".ctl"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := control.Dial(context.Background(), dir, 0); !errors.Is(err, control.ErrNobody) {
		t.Errorf("a stale socket: %v", err)
	}
	serving(t, dir, verbs())
	sum := 0
	if err := dial(t, dir).Call(context.Background(), "add", []int{1}, &sum, nil); err != nil || sum != 1 {
		t.Errorf("beside a stale socket: %d, %v", sum, err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 || names[0].Name() != control.File {
		t.Errorf("the folder holds %v, %v", names, err)
	}
}

// shortDir is a folder whose path is short enough for any socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestOnlyTheOwnerMayAsk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, verbs())
	info, err := os.Lstat(filepath.Join(dir, control.File))
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestDeepFolder: a path over the system's limit of a socket works too.
func TestDeepFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 40))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	serving(t, dir, verbs())
	sum := 0
	if err := dial(t, dir).Call(context.Background(), "add", []int{2, 2}, &sum, nil); err != nil || sum != 4 {
		t.Errorf("%d, %v", sum, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, control.File)); err != nil {
		t.Error(err)
	}
}

// TestSilence: a serve that accepts and says nothing is told as such.
func TestSilence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := control.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := control.Dial(context.Background(), dir, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(context.Background(), "add", []int{1}, nil, nil); !errors.Is(err, control.ErrSilent) {
		t.Errorf("Call: %v", err)
	}
}

// TestLongWorkIsNotSilence: work that takes longer than the bound on silence
// goes on while the serve shows that it lives.
func TestLongWorkIsNotSilence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const beats = 1500 * time.Millisecond // one beat of the serve fits in
	serving(t, dir, control.Verbs{"long": func(ctx context.Context, _ json.RawMessage, _ func(any)) (any, error) {
		select {
		case <-time.After(2 * beats):
		case <-ctx.Done():
		}
		return "done", nil
	}})
	c, err := control.Dial(context.Background(), dir, 4*beats)
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	if err := c.Call(context.Background(), "long", nil, &out, nil); err != nil || out != "done" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, verbs())
	c := dial(t, dir)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			sum := 0
			if err := c.Call(context.Background(), "add", []int{i, i}, &sum, func(json.RawMessage) {}); err != nil || sum != 2*i {
				t.Errorf("%d: %d, %v", i, sum, err)
			}
		})
	}
	wg.Wait()
}

// TestForeignRequests: what is no call gets a refusal.
func TestForeignRequests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving(t, dir, verbs())
	for request, want := range map[string]string{
		"GET /add HTTP/1.0\r\n\r\n":                            "404",
		"POST /../add HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]": "404",
		"nonsense\r\n\r\n":                                     "400",
		"POST /add HTTP/1.0\r\nContent-Length: 3\r\n\r\n{{{":   "trouble",
	} {
		addr := filepath.Join(shortDir(t), "link")
		if err := os.Symlink(filepath.Join(dir, control.File), addr); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("unix", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fmt.Fprint(conn, request)
		answer := make([]byte, 4096)
		var got strings.Builder
		for err == nil {
			var n int
			n, err = conn.Read(answer)
			got.Write(answer[:n])
		}
		_ = conn.Close()
		if !strings.Contains(got.String(), want) {
			t.Errorf("%q answers %s", request, cmp.Diff(want, got.String()))
		}
	}
}
