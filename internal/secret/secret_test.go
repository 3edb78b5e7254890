package secret_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/secret"
)

func open(t *testing.T, dir string) *secret.Keys {
	t.Helper()
	keys, err := secret.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func folder(t *testing.T) string { return filepath.Join(t.TempDir(), "data", "secrets") }

func TestOpenMakesPrivateFiles(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if !open(t, dir).Fresh() {
		t.Error("new keys are not fresh")
	}
	got := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, _ := e.Info()
		got[e.Name()] = fmt.Sprintf("%04o %d", info.Mode().Perm(), info.Size())
	}
	info, _ := os.Stat(dir)
	got["."] = fmt.Sprintf("%04o", info.Mode().Perm())
	want := map[string]string{".": "0700", "seal.key": "0600 32", "hmac.key": "0600 32"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOpenAgainGivesTheSameKeys(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first, second := open(t, dir), open(t, dir)
	if second.Fresh() {
		t.Error("kept keys are fresh")
	}
	if first.MAC("session", []byte("x")) != second.MAC("session", []byte("x")) {
		t.Error("another HMAC key")
	}
	plain, err := second.Open("order/1", first.Seal("order/1", []byte("card")))
	if err != nil || string(plain) != "card" {
		t.Errorf("got %q, %v", plain, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"folder for the group": func(dir string) error { return os.Chmod(dir, 0o750) },
		"key for all":          func(dir string) error { return os.Chmod(filepath.Join(dir, "hmac.key"), 0o604) },
		"short key":            func(dir string) error { return os.WriteFile(filepath.Join(dir, "seal.key"), []byte("x"), 0o600) },
		"empty key":            func(dir string) error { return os.Truncate(filepath.Join(dir, "seal.key"), 0) },
		"key is a folder": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "seal.key")), os.Mkdir(filepath.Join(dir, "seal.key"), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			open(t, dir)
			before, _ := os.ReadFile(filepath.Join(dir, "hmac.key"))
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := secret.Open(dir); err == nil {
				t.Error("it was opened")
			}
			if after, _ := os.ReadFile(filepath.Join(dir, "hmac.key")); !bytes.Equal(before, after) {
				t.Error("a key was replaced")
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Open(file); err == nil {
		t.Error("a file was opened as a folder")
	}
}

func TestManyOpenersAgree(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	var group sync.WaitGroup
	macs := make([][32]byte, 16)
	for i := range macs {
		group.Go(func() {
			if keys, err := secret.Open(dir); err == nil {
				macs[i] = keys.MAC("p", nil)
			}
		})
	}
	group.Wait()
	want := open(t, dir).MAC("p", nil)
	for i, mac := range macs {
		if mac != want {
			t.Errorf("opener %d has another key or none", i)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".new-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProcessesAgree(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("SECRET_TEST_DIR"); dir != "" {
		fmt.Printf("mac=%x\n", open(t, dir).MAC("p", nil))
		return
	}
	dir := folder(t)
	out := make([][]byte, 4)
	var group sync.WaitGroup
	for i := range out {
		group.Go(func() {
			child := exec.Command(os.Args[0], "-test.run=^TestProcessesAgree$")
			child.Env = append(os.Environ(), "SECRET_TEST_DIR="+dir)
			out[i], _ = child.Output()
		})
	}
	group.Wait()
	want := fmt.Sprintf("mac=%x\n", open(t, dir).MAC("p", nil))
	for i := range out {
		if !strings.Contains(string(out[i]), want) {
			t.Errorf("process %d says %q", i, out[i])
		}
	}
}

func TestMACKeepsPurposesApart(t *testing.T) {
	t.Parallel()
	keys, other := open(t, folder(t)), open(t, folder(t))
	base := keys.MAC("ab", []byte("c"))
	for name, mac := range map[string][32]byte{
		"moved border": keys.MAC("a", []byte("bc")), "purpose": keys.MAC("xx", []byte("c")),
		"data": keys.MAC("ab", []byte("d")), "key": other.MAC("ab", []byte("c")),
	} {
		if mac == base {
			t.Errorf("%s does not matter", name)
		}
	}
}

func TestSealRefusesEveryChange(t *testing.T) {
	t.Parallel()
	keys, other := open(t, folder(t)), open(t, folder(t))
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		about := rapid.String().Draw(t, "about")
		sealed := keys.Seal(about, plain)
		if got, err := keys.Open(about, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %x, %v", got, err)
		}
		if len(plain) > 8 && bytes.Contains(sealed, plain) {
			t.Fatal("the text is readable")
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		changed := bytes.Clone(sealed)
		changed[at] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
		for name, try := range map[string]func() ([]byte, error){
			"changed byte":  func() ([]byte, error) { return keys.Open(about, changed) },
			"cut":           func() ([]byte, error) { return keys.Open(about, sealed[:at]) },
			"other subject": func() ([]byte, error) { return keys.Open(about+"x", sealed) },
			"other key":     func() ([]byte, error) { return other.Open(about, sealed) },
		} {
			if got, err := try(); !errors.Is(err, secret.ErrSealed) || got != nil {
				t.Fatalf("%s: %x, %v", name, got, err)
			}
		}
	})
}

func TestKeysAreNotPrinted(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	keys := open(t, dir)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, keys); got != "secret.Keys(hidden)" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestTombstones(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	keys := open(t, dir)
	if ids, open, err := keys.Tombstones(); err != nil || ids != nil || open != nil {
		t.Errorf("at first: %v, %v, %v", ids, open, err)
	}
	for _, id := range []string{"b-1", "a_2", "b-1"} {
		if err := keys.AddTombstone(id); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"", "a b", "a\nb", "../x", strings.Repeat("a", 65), "\u044f"} {
		if keys.AddTombstone(id) == nil || keys.WithdrawTombstone(id) == nil || keys.IntendTombstone(secret.Intent{ID: id}) == nil {
			t.Errorf("%q was taken", id)
		}
	}
	// A power cut in the middle of a line, then one more.
	file, _ := os.OpenFile(filepath.Join(dir, "tombstones"), os.O_APPEND|os.O_WRONLY, 0)
	_, _ = file.WriteString("\ntorn!")
	_ = file.Close()
	if err := open(t, dir).AddTombstone("c"); err != nil {
		t.Fatal(err)
	}
	got, open, err := keys.Tombstones()
	if diff := cmp.Diff([]string{"b-1", "a_2", "c"}, got); diff != "" || err != nil || open != nil {
		t.Error(diff, open, err)
	}
	info, _ := os.Stat(filepath.Join(dir, "tombstones"))
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestIntendedTombstones(t *testing.T) {
	t.Parallel()
	keys := open(t, folder(t))
	for _, act := range []error{
		keys.IntendTombstone(secret.Intent{ID: "failed", Generation: 1}), keys.WithdrawTombstone("failed"),
		keys.IntendTombstone(secret.Intent{ID: "open", Generation: 2}),
		keys.IntendTombstone(secret.Intent{ID: "done", Generation: 3}), keys.AddTombstone("done"), keys.WithdrawTombstone("done"),
		keys.IntendTombstone(secret.Intent{ID: "done", Generation: 3}),
		keys.IntendTombstone(secret.Intent{ID: "again", Generation: 4}), keys.WithdrawTombstone("again"),
		keys.IntendTombstone(secret.Intent{ID: "again", Generation: 5}),
	} {
		if act != nil {
			t.Fatal(act)
		}
	}
	erased, intents, err := keys.Tombstones()
	if diff := cmp.Diff([]string{"done"}, erased); diff != "" || err != nil {
		t.Errorf("erased (-want +got):\n%s%v", diff, err)
	}
	if diff := cmp.Diff([]secret.Intent{{ID: "open", Generation: 2}, {ID: "again", Generation: 5}}, intents); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
}

// Wherever a power cut tears the last line, and whatever is written after it,
// nobody stands in the list as erased but the one who was.
func TestATornTombstoneErasesNobody(t *testing.T) {
	t.Parallel()
	for _, last := range []func(*secret.Keys) error{
		func(k *secret.Keys) error { return k.IntendTombstone(secret.Intent{ID: "ada", Generation: 42}) },
		func(k *secret.Keys) error { return k.WithdrawTombstone("ada") },
	} {
		dir := folder(t)
		if err := last(open(t, dir)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "tombstones")
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for cut := range len(whole) {
			if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
				t.Fatal(err)
			}
			keys := open(t, dir)
			if err := keys.AddTombstone("ben"); err != nil {
				t.Fatal(err)
			}
			erased, _, err := keys.Tombstones()
			if diff := cmp.Diff([]string{"ben"}, erased); diff != "" || err != nil {
				t.Errorf("torn after %q (-want +got):\n%s%v", whole[:cut], diff, err)
			}
		}
	}
}
