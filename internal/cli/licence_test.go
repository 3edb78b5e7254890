package cli_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/cli"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

var sold = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// papers is a folder of files as somebody has them who checks a certificate.
type papers struct {
	dir    string
	signer *cert.Signer
}

func (p papers) path(name string) string { return filepath.Join(p.dir, name) }

func (p papers) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func certificate(t *testing.T, s *cert.Signer) string {
	t.Helper()
	return certificateAt(t, s, sold)
}

func certificateAt(t *testing.T, s *cert.Signer, sold time.Time) string {
	t.Helper()
	work := sha256.Sum256([]byte("the course"))
	_, terms, _ := web.Terms(web.CurrentTerms)
	jwt, err := cert.Issue(cert.Facts{
		ID: "L-7K2QM0XV9R", Issuer: "https://board.example", Licensor: "ada", Licensee: "quiet-maple-42",
		WorkID: "w-19", WorkTitle: "Algorithms", WorkVersion: "3", WorkURL: "https://ada.example/course", WorkSHA256: hex.EncodeToString(work[:]), BaseLicence: "CC-BY-NC-4.0",
		Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching, Territory: []string{"WW"}, Attribution: "Algorithms, ada, CC BY-NC 4.0",
		ValidFrom: sold, ValidUntil: sold.AddDate(0, 0, 90), PaidAt: sold, Price: money.Amount{Minor: 150000, Currency: "RUB"}, OrderID: "o-1",
		TermsVersion: web.CurrentTerms, TermsSHA256: terms, TermsURL: "https://board.example/terms/CL-1.0", KeepPublished: true, GraceDays: 30, StatusIndex: 5,
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

func somePapers(t *testing.T) papers {
	t.Helper()
	seed := sha256.Sum256([]byte("papers"))
	private := ed25519.NewKeyFromSeed(seed[:])
	public, _ := private.Public().(ed25519.PublicKey)
	signer, err := cert.NewSigner(cert.Key{ID: cert.Thumbprint(public), Public: public, From: sold.AddDate(0, -1, 0)}, private)
	if err != nil {
		t.Fatal(err)
	}
	p := papers{t.TempDir(), signer}
	jwt := certificate(t, signer)
	p.write(t, "licence.jwt", jwt+"\n")
	p.write(t, "changed.jwt", strings.Replace(jwt, ".ey", ".eY", 1))
	p.write(t, "empty.jwt", "\n")
	jwks, err := cert.MarshalJWKS([]cert.Key{signer.Key()})
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "jwks.json", string(jwks))
	p.write(t, "course.zip", "the course")
	p.write(t, "other.zip", "another course")
	for name, f := range map[string]cert.StatusFacts{"list-1.jwt": {List: 1}, "list-2.jwt": {List: 2}, "revoked.jwt": {List: 1}, "suspended.jwt": {List: 2}} {
		f.Issuer, f.Bits, f.At = "https://board.example", &cert.StatusList{}, sold.AddDate(0, 0, 1)
		f.Bits.Set(5, !strings.HasPrefix(name, "list"))
		text, err := cert.IssueStatus(f, signer)
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, name, text)
	}
	return p
}

// run does a command in this process, with @name for the papers' files.
func (p papers) run(args ...string) (code int, out, errs string) {
	full := []string{"--data", p.path("data")}
	for _, a := range args {
		if name, ok := strings.CutPrefix(a, "@"); ok {
			a = p.path(name)
		}
		full = append(full, a)
	}
	var o, e bytes.Buffer
	code = cli.Run(full, cli.Streams{In: strings.NewReader(""), Out: &o, Err: &e}, nil)
	return code, o.String(), e.String()
}

func TestLicenceVerify(t *testing.T) {
	t.Parallel()
	p := somePapers(t)
	day := []string{"--at", "2026-03-02T10:00:00Z"}
	both := []string{"--status", "@list-1.jwt", "--status", "@list-2.jwt"}
	for name, c := range map[string]struct {
		args []string
		code int
		want string // in what is said, either way
	}{
		"with both lists":     {append(both, day...), 0, "valid: the licence holds"},
		"offline":             {day, 0, "status_unknown: all is well as far as a file can tell"},
		"one list":            {append([]string{"--status", "@list-1.jwt"}, day...), 1, "the status list 2 was not given"},
		"old lists":           {append(both, "--at", "2026-03-03T00:00:00Z"), 1, "too old to say"},
		"revoked":             {append([]string{"--status", "@revoked.jwt"}, day...), 1, "revoked: the licence was revoked"},
		"revoked, old list":   {[]string{"--status", "@revoked.jwt", "--at", "2026-04-03T00:00:00Z"}, 1, "revoked: the licence was revoked"},
		"suspended":           {append([]string{"--status", "@list-1.jwt", "--status", "@suspended.jwt"}, day...), 1, "suspended: the licence is suspended"},
		"not yet":             {[]string{"--at", "2026-03-01T09:29:59Z"}, 1, "not_yet: the term begins"},
		"ended":               {[]string{"--at", "2026-05-30T09:30:00Z"}, 1, "expired_in_grace"},
		"long ago":            {[]string{"--at", "2027-05-30T09:30:00Z"}, 1, "expired: the term ended"},
		"its work":            {append([]string{"--work", "@course.zip"}, day...), 0, "work"},
		"another work":        {append([]string{"--work", "@other.zip"}, day...), 1, "the file is not the licensed version"},
		"its branch":          {append([]string{"--issuer", "https://board.example/"}, day...), 0, "L-7K2QM0XV9R of https://board.example"},
		"another branch":      {append([]string{"--issuer", "https://other.example"}, day...), 1, "unknown_key"},
		"no such list":        {[]string{"--status", "@nothing"}, 2, "no such file"},
		"a list that is none": {[]string{"--status", "@licence.jwt"}, 2, "--status"},
		"list of the future":  {append(both, "--at", "2026-03-01T10:00:00Z"), 2, "future"},
		"no such work":        {[]string{"--work", "@nothing"}, 2, "no such file"},
		"no moment":           {[]string{"--at", "yesterday"}, 2, "is not a moment"},
		"no key set":          {[]string{"--jwks", "@licence.jwt"}, 2, "not a JWKS"},
	} {
		args := append([]string{"licence", "verify", "@licence.jwt", "--jwks", "@jwks.json"}, c.args...)
		code, out, errs := p.run(args...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", name, code, c.code, c.want, out, errs)
		}
	}
	for file, c := range map[string]struct {
		code int
		want string
	}{"@changed.jwt": {1, "bad_signature"}, "@course.zip": {1, "bad_signature"}, "@empty.jwt": {2, "empty"}, "@nothing": {2, "no such file"}, "-": {2, "empty"}} {
		if code, out, errs := p.run("licence", "verify", file, "--jwks", "@jwks.json"); code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", file, code, c.code, c.want, out, errs)
		}
	}
	// Without a key set, and without a branch here: it says what to do and makes nothing.
	if code, _, errs := p.run("licence", "verify", "@licence.jwt"); code != 2 || !strings.Contains(errs, "jwks.json") {
		t.Errorf("without keys: exit %d %s", code, errs)
	}
	if _, err := os.Stat(p.path("data")); err == nil {
		t.Error("verifying made a data folder")
	}
}

func TestLicenceVerifyAsJSON(t *testing.T) {
	t.Parallel()
	p := somePapers(t)
	code, out, _ := p.run("licence", "verify", "@licence.jwt", "--jwks", "@jwks.json", "--json", "--at", "2026-03-02T10:00:00Z")
	var got struct {
		Result, SHA256 string
		OK             bool
		KeyID          string `json:"key_id"`
		Licence        struct {
			ID, Licensor string
			Price        map[string]any
			From         time.Time `json:"valid_from"`
		}
		Checks []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if code != 0 || got.Result != "status_unknown" || !got.OK || got.Licence.ID != "L-7K2QM0XV9R" || !got.Licence.From.Equal(sold) ||
		got.KeyID != p.signer.Key().ID || got.SHA256 != cert.Hash(certificate(t, p.signer)) {
		t.Errorf("exit %d: %s", code, out)
	}
	if diff := cmp.Diff(map[string]any{"amount": 150000.0, "currency": "RUB"}, got.Licence.Price); diff != "" {
		t.Errorf("price (-want +got):\n%s", diff)
	}
	code, out, _ = p.run("licence", "verify", "@changed.jwt", "--jwks", "@jwks.json", "--json")
	if code != 1 || !strings.Contains(out, `"result":"bad_signature"`) || strings.Contains(out, `"licence"`) {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestKeysRotate: the board's own keys verify what they sign, beside a running
// serve, and a revoked key is believed no longer.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	p := papers{dir: t.TempDir()}
	serve(t, p.path("data"))
	code, out, errs := p.run("keys", "rotate")
	if code != 0 || !strings.Contains(out, "KEY") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	keys, err := secret.Open(p.path("data/secrets"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := keys.SigningKeys()
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	first := all[0]
	again, out, _ := p.run("keys", "rotate")
	next := regexp.MustCompile(`the key (\S+) is new and published|the key (\S+) was published before`).FindString(out)
	if again != 0 || next == "" {
		t.Errorf("exit %d: %s", again, out)
	}
	if code, out, _ := p.run("keys", "rotate"); code != 0 || !strings.Contains(out, "was published before; nothing was made") {
		t.Errorf("a third time: exit %d: %s", code, out)
	}
	if code, _, errs := p.run("keys", "rotate", "--revoke", "nobody"); code != 2 || !strings.Contains(errs, `no signing key "nobody"`) {
		t.Errorf("an unknown key: exit %d: %s", code, errs)
	}
	if code, out, _ := p.run("keys", "rotate", "--revoke", first.ID); code != 0 || !strings.Contains(out, first.ID+" is revoked") {
		t.Errorf("revoking: exit %d: %s", code, out)
	}
	heir, err := keys.SigningAt(first.From.Add(time.Hour))
	if err != nil || heir.ID == first.ID {
		t.Fatalf("after the revocation %v signs, %v", heir, err)
	}
	for word, k := range map[string]secret.SigningKey{"unknown_key": first, "status_unknown": heir} {
		signer, err := cert.NewSigner(cert.Key{ID: k.ID, Public: k.Public, From: k.From}, k.Private())
		if err != nil {
			t.Fatal(err)
		}
		at := k.From.Add(time.Hour)
		p.write(t, word+".jwt", certificateAt(t, signer, at))
		if _, out, errs := p.run("licence", "verify", "@"+word+".jwt", "--at", at.Format(time.RFC3339)); !strings.HasPrefix(out, word+": ") {
			t.Errorf("want %s: %s%s", word, out, errs)
		}
	}
}
