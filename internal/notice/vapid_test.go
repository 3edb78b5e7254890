package notice_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/notice"
)

func TestVAPID(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := notice.OpenVAPID(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("none yet: got %v", err)
	}
	done := make(chan string)
	for range 8 {
		go func() {
			v, _, err := notice.MakeVAPID(dir)
			if err != nil {
				done <- err.Error()
				return
			}
			done <- v.Public()
		}()
	}
	first := <-done
	for range 7 {
		same(t, "made at once, one key", first, <-done)
	}
	v, made, err := notice.MakeVAPID(dir)
	must(t, err)
	same(t, "made again", []any{false, first, 87}, []any{made, v.Public(), len(v.Public())})
	files, err := os.ReadDir(dir)
	must(t, err)
	same(t, "files", 1, len(files))
	info, err := files[0].Info()
	must(t, err)
	same(t, "mode", os.FileMode(0o600), info.Mode())
	raw, err := os.ReadFile(filepath.Join(dir, "push.key"))
	must(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if got := fmt.Sprintf(verb, v); !strings.Contains(got, "hidden") || strings.Contains(got, string(raw)) {
			t.Errorf("%s shows %s", verb, got)
		}
	}
}

func TestVAPIDRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content []byte
		mode    os.FileMode
	}{
		"others may read": {make([]byte, 32), 0o640},
		"too short":       {make([]byte, 31), 0o600},
		"empty":           {nil, 0o600},
		"zero":            {make([]byte, 32), 0o600},
		"over the order":  {[]byte(strings.Repeat("\xff", 32)), 0o600},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "push.key")
		must(t, os.WriteFile(path, c.content, c.mode))
		must(t, os.Chmod(path, c.mode))
		if _, err := notice.OpenVAPID(dir); err == nil {
			t.Errorf("%s: opened", name)
		}
		if _, made, err := notice.MakeVAPID(dir); err == nil || made {
			t.Errorf("%s: replaced", name)
		}
	}
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "push.key"), 0o700))
	if _, err := notice.OpenVAPID(dir); err == nil {
		t.Error("a folder was opened")
	}
}
