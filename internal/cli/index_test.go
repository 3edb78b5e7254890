package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/control"
)

// person is somebody made up, on the made-up board.
var person = regexp.MustCompile(`"handle":"([a-z0-9_-]+)","roles":\["tutor"\]`)

// placed is the line that tells a place.
var placed = regexp.MustCompile(`(?m)^place +[1-9]\d* of [1-9]\d*$`)

// labelled writes a file with one query that the board answers.
func labelled(t *testing.T, handle string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "queries.json")
	raw, err := json.Marshal([]map[string]any{{"class": "name", "q": handle, "relevant": map[string]int{handle: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestIndexCommandsBesideServe asks a real serve over its socket, alone and
// several at once, kills it, and asks again.
func TestIndexCommandsBesideServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir, "--demo")
	out, err := oduvan(t, dir, "export", "-")
	m := person.FindStringSubmatch(strings.ReplaceAll(strings.ReplaceAll(out, "\n", ""), " ", ""))
	if err != nil || m == nil {
		t.Fatalf("export: %v\n%.500s", err, out)
	}
	handle := m[1]
	file := labelled(t, handle)
	ask := func(t *testing.T, args ...string) string {
		t.Helper()
		out, err := oduvan(t, dir, args...)
		if err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	all := func(t *testing.T) {
		t.Helper()
		if out := ask(t, "reindex"); !regexp.MustCompile(`embedded engine: \d\d+ documents in`).MatchString(out) {
			t.Errorf("reindex says %s", out)
		}
		if out := ask(t, "search", "eval", file, "--json"); !strings.Contains(out, `"all":{"n":1,"ndcg10":1,"success5":1}`) {
			t.Errorf("eval says %s", out)
		}
		if out := ask(t, "search", "explain", handle, handle); !placed.MatchString(out) {
			t.Errorf("explain says %s", out)
		}
	}
	t.Run("beside", all)
	t.Run("at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { ask(t, "search", "eval", file, "--json") })
		}
		var mu sync.Mutex
		done, refused := 0, 0
		for range 2 {
			wg.Go(func() {
				out, err := oduvan(t, dir, "reindex")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					done++
				case strings.Contains(out, "another reindex is under way"):
					refused++
				default:
					t.Errorf("reindex: %v\n%s", err, out)
				}
			})
		}
		wg.Wait()
		if done == 0 || done+refused != 2 {
			t.Errorf("%d reindexed, %d were refused", done, refused)
		}
	})
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	if _, err := os.Lstat(filepath.Join(dir, control.File)); err != nil {
		t.Fatalf("a killed serve leaves its socket: %v", err)
	}
	t.Run("after a kill", all)
	t.Run("at once after a kill", func(t *testing.T) {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { ask(t, "search", "explain", handle, handle) })
		}
		wg.Wait()
	})
	s = serve(t, dir)
	t.Run("beside the next", all)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGINT: %v\n%s", err, s.out)
	}
	if _, err := os.Lstat(filepath.Join(dir, control.File)); !os.IsNotExist(err) {
		t.Errorf("the socket after a gentle stop: %v", err)
	}
}

// TestHeldFolder: a folder that somebody holds without a socket, as restore
// does, is waited for a while, and said so.
func TestHeldFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unlock, err := app.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	released := make(chan string, 1)
	go func() {
		out, err := oduvan(t, dir, "reindex")
		released <- fmt.Sprint(out, err)
	}()
	out, err := oduvan(t, dir, "search", "explain", "go", "ada")
	if err == nil || !strings.Contains(err.Error(), "3") || !strings.Contains(out, "waiting up to 10s for the process that holds") {
		t.Errorf("a held folder: %v\n%s", err, out)
	}
	if out := <-released; !strings.Contains(out, "waiting") {
		t.Errorf("a second one: %s", out)
	}
	unlock()
	if out, err := oduvan(t, dir, "reindex"); err != nil {
		t.Errorf("a released folder: %v\n%s", err, out)
	}
}
