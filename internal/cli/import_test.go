package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/cli"
)

// imports runs the command on a list and gives what it printed.
func imports(t *testing.T, data, list string, more ...string) (code int, out, side string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	code = cli.Run(append([]string{"import", "--data", data, path}, more...), cli.Streams{Out: &o, Err: &e}, nil)
	return code, o.String(), e.String()
}

// TestImportAgainWithoutPublish: who forgets the option hides nobody and is
// told how many stay public, in words and as JSON.
func TestImportAgainWithoutPublish(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	const list = `[{"id":1,"name":"Ada One","title":"Go","price":"3000 руб","tags":"Go"},{"id":2,"name":"Ada Two","title":"Go","price":"","tags":"Go"}]`
	if code, out, side := imports(t, data, list, "--format", "getmentor", "--publish"); code != 0 || !strings.Contains(out, "2 new") || strings.Contains(out, "published before") {
		t.Fatalf("exit code %d: %s%s", code, out, side)
	}
	claims := filepath.Join(t.TempDir(), "claims.csv")
	code, out, side := imports(t, data, list, "--format", "getmentor", "--claims", claims)
	if code != 0 || !strings.Contains(out, "2 unchanged") || !strings.Contains(out, "published before and left so: 2") {
		t.Errorf("exit code %d: %s%s", code, out, side)
	}
	code, out, side = imports(t, data, strings.Replace(list, `"Go"`, `"Rust"`, 1), "--format", "getmentor", "--dry-run", "--json")
	var got struct {
		Updated, Unchanged int
		Still              int `json:"still_published"`
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || got.Updated != 1 || got.Unchanged != 1 || got.Still != 2 {
		t.Errorf("exit code %d, %+v, %v: %s%s", code, got, err, out, side)
	}
}

// TestImportOfAnotherList: a list under another's name is bad input, and the
// message says which name it should have.
func TestImportOfAnotherList(t *testing.T) {
	t.Parallel()
	for given, c := range map[string]struct{ list, looks string }{
		"codingcoach": {`[{"id":1,"name":"Ada","title":"Go","price":"3000 руб","tags":"Go"}]`, "--format getmentor"},
		"getmentor":   {`[{"id":"a@b.org","name":"Ada","tags":["go"],"channels":[]}]`, "--format codingcoach"},
	} {
		code, out, side := imports(t, t.TempDir(), c.list, "--format", given, "--dry-run")
		if code != 2 || !strings.Contains(side, c.looks) || out != "" {
			t.Errorf("%s: exit code %d, %q, %q", given, code, out, side)
		}
	}
}
