package blob_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/blob"
	"github.com/tmoeg/oduvan/internal/fault"
)

func folder(t *testing.T) (*blob.Folder, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data", "blobs")
	f, err := blob.OpenFolder(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir
}

func read(t *testing.T, f *blob.Folder, name string) []byte {
	t.Helper()
	file, err := f.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestPutOpenDeleteList(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	ctx := t.Context()
	a, err := f.Put(ctx, []byte("hello"), "txt")
	if err != nil || a != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.txt" {
		t.Fatalf("%s, %v", a, err)
	}
	if again, err := f.Put(ctx, []byte("hello"), "txt"); err != nil || again != a {
		t.Errorf("again: %s, %v", again, err)
	}
	b, err := f.Put(ctx, nil, "png")
	if err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, f, a)); got != "hello" {
		t.Errorf("got %q", got)
	}
	got, err := f.List(ctx)
	if diff := cmp.Diff([]string{a, b}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	info, _ := os.Stat(filepath.Join(dir, a[:2], a))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	for range 2 {
		if err := f.Delete(ctx, a); err != nil {
			t.Error(err)
		}
	}
	if _, err := f.Open(ctx, a); !fault.Is(err, fault.NotFound) {
		t.Errorf("a deleted blob: %v", err)
	}
	if got, _ := f.List(ctx); !cmp.Equal(got, []string{b}) {
		t.Errorf("left: %v", got)
	}
}

func TestNamesAreStrict(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	if err := os.WriteFile(filepath.Join(dir, "..", "secret.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	hash := strings.Repeat("a", 64)
	for _, name := range []string{"", ".", "..", "../secret.txt", "aa/../../secret.txt", "/etc/passwd", hash, hash + ".exe",
		hash + ".svg", hash + ".txt/", hash + ".txt\x00", hash + ".txt\n", strings.ToUpper(hash) + ".txt", "a" + hash + ".txt", hash[1:] + ".txt"} {
		if _, err := f.Open(t.Context(), name); !fault.Is(err, fault.NotFound) {
			t.Errorf("Open(%q): %v", name, err)
		}
		if err := f.Delete(t.Context(), name); err != nil || blob.Valid(name) {
			t.Errorf("Delete(%q): %v", name, err)
		}
	}
	for _, ending := range []string{"", "exe", "svg", "html", "../x", "txt/../../x"} {
		if name, err := f.Put(t.Context(), []byte("x"), ending); err == nil {
			t.Errorf("ending %q became %s", ending, name)
		}
	}
}

// A link planted in the folder does not lead out of it.
func TestLinksDoNotLeadOut(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	outside := filepath.Join(dir, "..", "outside")
	if err := os.WriteFile(outside, []byte("private"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := blob.Name([]byte("x"), "txt")
	if err := errors.Join(os.Mkdir(filepath.Join(dir, name[:2]), 0o700), os.Symlink(outside, filepath.Join(dir, name[:2], name))); err != nil {
		t.Fatal(err)
	}
	if file, err := f.Open(t.Context(), name); err == nil {
		content, _ := io.ReadAll(file)
		t.Errorf("it reads %q", content)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	_, err := f.Put(t.Context(), make([]byte, blob.MaxSize+1), "txt")
	if got := fault.All(err); len(got) != 1 || got[0].Kind != fault.TooLarge || got[0].Code != "blob_too_large" {
		t.Errorf("%v", err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	name, _ := f.Put(t.Context(), []byte("x"), "txt")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, put := f.Put(ctx, []byte("y"), "txt")
	_, open := f.Open(ctx, name)
	_, list := f.List(ctx)
	for _, err := range []error{put, open, list, f.Delete(ctx, name)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if got := string(read(t, f, name)); got != "x" {
		t.Errorf("a cancelled deletion deleted: %q", got)
	}
}

func TestWritersAtOnce(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			if _, err := f.Put(t.Context(), bytes.Repeat([]byte{byte(i % 2)}, 100_000), "png"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, _ := f.List(t.Context())
	if len(got) != 2 {
		t.Errorf("%d blobs, want 2", len(got))
	}
	for _, name := range got {
		if blob.Name(read(t, f, name), "png") != name {
			t.Errorf("%s is torn", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", ".*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A file cut short (by a full disk of another program) is healed by putting again.
func TestPutHealsAShortFile(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	name, _ := f.Put(t.Context(), []byte("whole"), "txt")
	if err := os.Truncate(filepath.Join(dir, name[:2], name), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Put(t.Context(), []byte("whole"), "txt"); err != nil {
		t.Fatal(err)
	}
	if got := string(read(t, f, name)); got != "whole" {
		t.Errorf("got %q", got)
	}
}

func TestCrashLeftoversAreSwept(t *testing.T) {
	t.Parallel()
	f, dir := folder(t)
	name, _ := f.Put(t.Context(), []byte("kept"), "txt")
	half := filepath.Join(dir, name[:2], "."+name+".1.0")
	if err := os.WriteFile(half, []byte("ke"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		left  bool
	}{{0, true}, {2 * time.Hour, false}} {
		again, err := blob.OpenFolder(dir, time.Now().Add(c.later))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(half); (err == nil) != c.left {
			t.Errorf("after %v: %v", c.later, err)
		}
		if got, _ := again.List(t.Context()); !cmp.Equal(got, []string{name}) {
			t.Errorf("listed: %v", got)
		}
		_ = again.Close()
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	f, _ := folder(t)
	rapid.Check(t, func(r *rapid.T) {
		content := rapid.SliceOf(rapid.Byte()).Draw(r, "content")
		ending := rapid.SampledFrom([]string{"jpg", "png", "pdf", "json"}).Draw(r, "ending")
		name, err := f.Put(t.Context(), content, ending)
		if err != nil || !blob.Valid(name) || !bytes.Equal(read(t, f, name), content) {
			r.Fatal(fmt.Sprint(name, err))
		}
	})
}
