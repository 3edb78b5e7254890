package secret_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/secret"
)

var signedAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func signingAt(t testing.TB, keys *secret.Keys, at time.Time) secret.SigningKey {
	t.Helper()
	key, err := keys.SigningAt(at)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signingKeys(t testing.TB, keys *secret.Keys) []secret.SigningKey {
	t.Helper()
	all, err := keys.SigningKeys()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheFirstSigningKeyIsMadeAtNeed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	keys := open(t, dir)
	if all := signingKeys(t, keys); len(all) != 0 {
		t.Errorf("before any need: %v", all)
	}
	key := signingAt(t, keys, signedAt.Add(1234567))
	if !key.From.Equal(signedAt.Add(-24*time.Hour)) || !key.Until.IsZero() || !key.RevokedAt.IsZero() {
		t.Errorf("window %v…%v", key.From, key.Until)
	}
	message := []byte("m")
	if !ed25519.Verify(key.Public, message, ed25519.Sign(key.Private(), message)) {
		t.Error("the halves do not belong together")
	}
	if again := signingAt(t, open(t, dir), signedAt.AddDate(50, 0, 0)); again.ID != key.ID {
		t.Error("another key later")
	}
	if _, err := keys.SigningAt(key.From.Add(-time.Second)); !errors.Is(err, secret.ErrNoSigningKey) {
		t.Errorf("before the first window: %v", err)
	}
	for name, want := range map[string]os.FileMode{"sign": 0o700, "sign/" + key.ID + ".jwk": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, key); got != "secret.SigningKey("+key.ID+")" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestRotationIsAnnounced(t *testing.T) {
	t.Parallel()
	keys := open(t, folder(t))
	if made, err := keys.RotateSigning(signedAt); err != nil || !made.Holds(signedAt) {
		t.Fatalf("the first key is not in use at once: %v %v", made, err)
	}
	old := signingAt(t, keys, signedAt)
	now := signedAt.AddDate(1, 0, 0)
	next, err := keys.RotateSigning(now)
	if err != nil || !next.From.Equal(now.Add(secret.SignNotice)) || next.ID == old.ID {
		t.Fatalf("got %v from %v, %v", next, next.From, err)
	}
	if again, err := keys.RotateSigning(now.Add(time.Hour)); err != nil || again.ID != next.ID {
		t.Errorf("a second rotation made another key: %v", err)
	}
	for _, c := range []struct {
		at   time.Time
		want string
	}{{now, old.ID}, {next.From.Add(-time.Nanosecond), old.ID}, {next.From, next.ID}, {next.From.AddDate(9, 0, 0), next.ID}} {
		if got := signingAt(t, keys, c.at); got.ID != c.want {
			t.Errorf("at %s: got %s, want %s", c.at, got.ID, c.want)
		}
	}
	all := signingKeys(t, keys)
	if len(all) != 2 || !all[0].Until.Equal(next.From) || !all[1].Until.IsZero() {
		t.Errorf("windows %v…%v, %v…%v", all[0].From, all[0].Until, all[1].From, all[1].Until)
	}
	if third, err := keys.RotateSigning(next.From.Add(time.Hour)); err != nil || third.ID == next.ID {
		t.Errorf("once the next is in use a further one can be made: %v", err)
	}
}

func TestARevokedKeyIsReplacedInItsWholeWindow(t *testing.T) {
	t.Parallel()
	keys := open(t, folder(t))
	first := signingAt(t, keys, signedAt)
	second, err := keys.RotateSigning(signedAt.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	at := signedAt.AddDate(1, 0, 5)
	for range 2 { // twice is once
		if err := keys.RevokeSigning(first.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	heir := signingAt(t, keys, signedAt)
	if heir.ID == first.ID || !heir.From.Equal(first.From) || !heir.Until.Equal(second.From) {
		t.Errorf("heir %v…%v", heir.From, heir.Until)
	}
	// The heir may be lost in its turn, and so may a key that is not in use yet.
	if err := errors.Join(keys.RevokeSigning(heir.ID, at), keys.RevokeSigning(second.ID, at)); err != nil {
		t.Fatal(err)
	}
	if again := signingAt(t, keys, signedAt); again.ID == heir.ID || !again.From.Equal(first.From) || !again.Until.Equal(at.Add(secret.SignNotice)) {
		t.Errorf("the heir's heir %v…%v", again.From, again.Until)
	}
	revoked := 0
	for _, key := range signingKeys(t, keys) {
		if key.RevokedAt.IsZero() != (key.Private() != nil) {
			t.Errorf("%v can sign: %v", key, key.Private() != nil)
		}
		if !key.RevokedAt.IsZero() {
			revoked++
		}
	}
	if all := signingKeys(t, keys); len(all) != 5 || revoked != 3 {
		t.Errorf("%d keys, %d revoked", len(all), revoked)
	}
	if err := keys.RevokeSigning("nobody", at); !errors.Is(err, secret.ErrUnknownSigningKey) {
		t.Errorf("an unknown key: %v", err)
	}
}

// A process killed between noting a revocation and making the heir leaves a
// folder that the next need mends.
func TestARevocationThatWasCutOffIsFinished(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	lost := signingAt(t, open(t, dir), signedAt)
	if err := os.WriteFile(filepath.Join(dir, "sign", lost.ID+".revoked"), []byte("2026-03-02T00:00:00Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	heir := signingAt(t, open(t, dir), signedAt)
	if heir.ID == lost.ID || !heir.From.Equal(lost.From) {
		t.Errorf("heir %v from %v", heir, heir.From)
	}
	if again := signingAt(t, open(t, dir), signedAt); again.ID != heir.ID {
		t.Error("a second heir was made")
	}
}

func TestSigningKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"for all": func(path string) error { return os.Chmod(path, 0o644) },
		"cut":     func(path string) error { return os.Truncate(path, 40) },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
		"renamed": func(path string) error { return os.Rename(path, filepath.Join(filepath.Dir(path), "x.jwk")) },
		"folder":  func(path string) error { return os.Chmod(filepath.Dir(path), 0o755) },
		"half mark": func(path string) error {
			return os.WriteFile(strings.TrimSuffix(path, "jwk")+"revoked", []byte("20"), 0o600)
		},
		"other half": func(path string) error {
			text, err := os.ReadFile(path)
			var f map[string]any
			err = errors.Join(err, json.Unmarshal(text, &f))
			f["d"] = base64.RawURLEncoding.EncodeToString(make([]byte, 32))
			text, err2 := json.Marshal(f)
			return errors.Join(err, err2, os.WriteFile(path, text, 0o600))
		},
	} {
		dir := folder(t)
		key := signingAt(t, open(t, dir), signedAt)
		if err := spoil(filepath.Join(dir, "sign", key.ID+".jwk")); err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, dir).SigningAt(signedAt); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestProcessesAgreeOnTheFirstSigningKey(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("SECRET_SIGN_DIR"); dir != "" {
		fmt.Printf("kid=%s\n", signingAt(t, open(t, dir), signedAt).ID)
		return
	}
	dir := folder(t)
	out := make([][]byte, 4)
	var group sync.WaitGroup
	for i := range out {
		group.Go(func() {
			child := exec.Command(os.Args[0], "-test.run=^TestProcessesAgreeOnTheFirstSigningKey$")
			child.Env = append(os.Environ(), "SECRET_SIGN_DIR="+dir)
			out[i], _ = child.Output()
		})
	}
	group.Wait()
	keys := open(t, dir)
	if all := signingKeys(t, keys); len(all) != 1 {
		t.Fatalf("%d keys", len(all))
	}
	for i := range out {
		if want := "kid=" + signingAt(t, keys, signedAt).ID; !strings.Contains(string(out[i]), want) {
			t.Errorf("process %d says %q, want %s", i, out[i], want)
		}
	}
}

func TestManyAtOnceChangeTheKeys(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := signingAt(t, open(t, dir), signedAt)
	var group sync.WaitGroup
	errs := make([]error, 24)
	for i := range errs {
		group.Go(func() {
			keys, err := secret.Open(dir)
			if err != nil {
				errs[i] = err
				return
			}
			switch i % 3 {
			case 0:
				_, errs[i] = keys.RotateSigning(signedAt)
			case 1:
				errs[i] = keys.RevokeSigning(first.ID, signedAt)
			default:
				_, errs[i] = keys.SigningAt(signedAt)
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if all := signingKeys(t, open(t, dir)); len(all) != 3 { // the first, its heir, the next
		t.Errorf("%d keys", len(all))
	}
	left, _ := filepath.Glob(filepath.Join(dir, "sign", ".new-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestEveryMomentHasOneKey: whatever was rotated and revoked, from the first
// window on each moment has exactly one key that may sign, and an earlier answer
// changes only when its key was revoked or a key came in with its notice.
func TestEveryMomentHasOneKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "k")
		if err != nil {
			rt.Fatal(err)
		}
		keys := open(t, filepath.Join(dir, "s"))
		now := signedAt
		from := signingAt(t, keys, now).From
		for range rapid.IntRange(0, 5).Draw(rt, "acts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(rt, "days")) * 24 * time.Hour)
			before := signingAt(t, keys, now)
			if rapid.Bool().Draw(rt, "rotate") {
				if _, err := keys.RotateSigning(now); err != nil {
					rt.Fatal(err)
				}
				if after := signingAt(t, keys, now); after.ID != before.ID {
					rt.Fatal("a rotation changed the key in use")
				}
				continue
			}
			all := signingKeys(t, keys)
			lost := all[rapid.IntRange(0, len(all)-1).Draw(rt, "lost")]
			if err := keys.RevokeSigning(lost.ID, now); err != nil {
				rt.Fatal(err)
			}
			if after := signingAt(t, keys, now); after.ID == lost.ID || lost.ID != before.ID && after.ID != before.ID {
				rt.Fatal("the wrong key is in use after a revocation")
			}
		}
		for day := 0; day < 3000; day += 7 {
			at, holding := from.AddDate(0, 0, day), 0
			for _, key := range signingKeys(t, keys) {
				if key.Holds(at) {
					holding++
				}
			}
			if holding != 1 {
				rt.Fatalf("%d keys on day %d", holding, day)
			}
			if day > 100 {
				day += 60
			}
		}
		if diff := cmp.Diff(fmt.Sprint(signingKeys(t, keys)), fmt.Sprint(signingKeys(t, open(t, filepath.Join(dir, "s"))))); diff != "" {
			rt.Fatal(diff)
		}
	})
}
