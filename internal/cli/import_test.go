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

// TestClaimsAreAdded: a list of codes gets the codes that it lacks, keeps its
// lines, and a file that holds nothing is taken; it is for the owner alone.
func TestClaimsAreAdded(t *testing.T) {
	t.Parallel()
	data, claims := t.TempDir(), filepath.Join(t.TempDir(), "claims.csv")
	entry := func(id, name string) string {
		return `{"id":` + id + `,"name":"` + name + `","title":"Go","price":"","tags":"Go"}`
	}
	if err := os.WriteFile(claims, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	read := func() []string {
		t.Helper()
		text, err := os.ReadFile(claims)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(claims)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	if code, out, side := imports(t, data, "["+entry("1", "Ada")+"]", "--format", "getmentor", "--claims", claims); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, side)
	}
	first := read()
	if len(first) != 2 || first[0] != "handle,claim_code,url,source_id" || !strings.HasSuffix(first[1], ",1") {
		t.Fatalf("the first list: %q", first)
	}
	// An editor cut the last line end.
	if err := os.WriteFile(claims, []byte(strings.Join(first, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, side := imports(t, data, "["+entry("1", "Ada")+","+entry("2", "Ben")+"]", "--format", "getmentor", "--claims", claims); code != 0 {
		t.Fatalf("exit code %d: %s%s", code, out, side)
	}
	second := read()
	if len(second) != 3 || second[1] != first[1] || !strings.HasSuffix(second[2], ",2") {
		t.Errorf("the second list: %q after %q", second, first)
	}
	if err := os.WriteFile(claims, []byte(first[0]+"\nada,\"X"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, side := imports(t, data, "["+entry("3", "Cat")+"]", "--format", "getmentor", "--claims", claims)
	if left := read(); code != 2 || !strings.Contains(side, "cannot be read") || len(left) != 2 {
		t.Errorf("a torn list: exit code %d, %q, left %q", code, side, left)
	}
}
