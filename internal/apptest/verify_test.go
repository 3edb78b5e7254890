package apptest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// checker is somebody with the program, some files and no network: no database,
// no keys of a branch.
type checker struct {
	*apptest.World
	t      *testing.T
	binary string
	dir    string
}

// download saves what the board serves under a name.
func (c *checker) download(name, path string) string {
	c.t.Helper()
	file := filepath.Join(c.dir, name)
	must(c.t, os.WriteFile(file, []byte(c.Visitor().Get(path).Is(http.StatusOK).Body), 0o600))
	return file
}

// verdict is what the program says, with its exit code.
type verdict struct {
	Exit   int
	Result string
	OK     bool
}

func (c *checker) verify(args ...string) (out verdict) {
	c.t.Helper()
	cmd := exec.Command(c.binary, append([]string{"licence", "verify", "--json", "--data", filepath.Join(c.dir, "nothing"), "--at", c.Clock.Now().Format(time.RFC3339)}, args...)...)
	cmd.Env = []string{"HOME=" + c.dir, "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1"}
	said, err := cmd.Output()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		out.Exit = ended.ExitCode()
	} else if err != nil {
		c.t.Fatal(err)
	}
	if out.Exit == 2 && len(said) == 0 {
		return out
	}
	if err := json.Unmarshal(said, &out); err != nil {
		c.t.Fatalf("%s: %v", said, err)
	}
	return out
}

// TestCertificateIsVerifiedOffline buys a licence from the running board,
// downloads its certificate, the key set and the status lists, and lets the
// program judge them alone: valid, and revoked once the money went back and a
// fresh list was fetched.
func TestCertificateIsVerifiedOffline(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "oduvan")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/oduvan").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := &checker{w, t, binary, t.TempDir()}
		want := func(when string, want, got verdict) {
			t.Helper()
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", when, d)
			}
		}
		seller, buyer := opens(w, newCustomer(w, "ada", false)), newCustomer(w, "ben", false)
		order, id := buys(t, w.App, buyer, seller, "")
		g, err := w.Licences.Grant(context.Background(), buyer.actor(), id)
		must(t, err)
		link, err := w.Licences.RenewLink(context.Background(), buyer.actor(), id)
		must(t, err)
		lists := func(name string) (out []string) {
			for _, n := range []int{cert.RevocationList(g.StatusList), cert.SuspensionList(g.StatusList)} {
				out = append(out, "--status", c.download(name+strconv.Itoa(n), "/licences/status/"+strconv.Itoa(n)))
			}
			return out
		}
		jwt, keys := c.download("licence.jwt", strings.Replace(strings.TrimPrefix(link, w.URL), "?", ".jwt?", 1)), c.download("jwks.json", "/.well-known/jwks.json")
		old := lists("old")
		base := []string{jwt, "--jwks", keys}
		want("bought", verdict{0, "valid", true}, c.verify(append(base, old...)...))
		want("from this board", verdict{0, "valid", true}, c.verify(append(base, append(old, "--issuer", w.URL)...)...))
		want("from another board", verdict{1, "unknown_key", false}, c.verify(append(base, "--issuer", "https://elsewhere.example")...))
		want("lists of another board", verdict{Exit: 2}, c.verify(append(base, append(old, "--issuer", "https://elsewhere.example")...)...))
		want("without lists", verdict{0, "status_unknown", true}, c.verify(base...))
		want("no such file", verdict{Exit: 2}, c.verify(filepath.Join(c.dir, "none.jwt"), "--jwks", keys))
		want("no keys", verdict{Exit: 2}, c.verify(jwt))
		want("another branch's keys", verdict{1, "unknown_key", false}, c.verify(jwt, "--jwks", c.other()))
		text, err := os.ReadFile(jwt)
		must(t, err)
		text[len(text)/2] ^= 1
		changed := filepath.Join(c.dir, "changed.jwt")
		must(t, os.WriteFile(changed, text, 0o600))
		want("one bit changed", verdict{1, "bad_signature", false}, c.verify(changed, "--jwks", keys))

		returns(t, w.App, buyer, seller, order)
		want("the money went back, old lists", verdict{0, "valid", true}, c.verify(append(base, old...)...))
		want("the money went back", verdict{1, "revoked", false}, c.verify(append(base, lists("new")...)...))
		w.Clock.Advance(2 * time.Hour)
		want("old lists, later", verdict{1, "status_unknown", false}, c.verify(append(base, old...)...))
		want("a revocation never ages", verdict{1, "revoked", false}, c.verify(append(base, "--status", filepath.Join(c.dir, "new"+strconv.Itoa(cert.RevocationList(g.StatusList))))...))
	})
}

// other is the key set of another board.
func (c *checker) other() string {
	c.t.Helper()
	file := filepath.Join(c.dir, "other.json")
	must(c.t, os.WriteFile(file, []byte(apptest.New(c.t).Visitor().Get("/.well-known/jwks.json").Is(http.StatusOK).Body), 0o600))
	return file
}
