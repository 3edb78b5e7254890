package cert_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/licence/cert"
)

func decode(t testing.TB, part string) []byte {
	t.Helper()
	out, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// signRaw signs whatever header and payload with key one, as somebody could who
// has the key and another program.
func signRaw(t testing.TB, header, payload string) string {
	t.Helper()
	_, private := aKey(t, "one")
	in := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return in + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(in)))
}

// TestAnotherLibraryAgrees: a certificate is an ordinary JWS for others too.
func TestAnotherLibraryAgrees(t *testing.T) {
	t.Parallel()
	k, _ := aKey(t, "one")
	text := issue(t, aFacts(), aSigner(t, "one"))
	claims := jwt.MapClaims{}
	parsed, err := jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding()).
		ParseWithClaims(text, claims, func(tok *jwt.Token) (any, error) {
			if tok.Header["kid"] != k.ID {
				return nil, fmt.Errorf("kid %v", tok.Header["kid"])
			}
			return k.Public, nil
		})
	if err != nil || !parsed.Valid {
		t.Fatal(err)
	}
	want := map[string]any{"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": k.ID, "iss": "https://board.example"}
	if diff := cmp.Diff(want, parsed.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	subject, _ := claims["credentialSubject"].(map[string]any)
	for name, want := range map[string]any{"licence": "L-7K2QM0XV9R", "exclusive": false, "sublicensable": false, "transferable": false} {
		if got, ok := subject[name]; !ok || got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	// And the other way round: what that library signs with the same bytes is the same certificate.
	_, private := aKey(t, "one")
	parts := strings.Split(text, ".")
	signature, err := jwt.SigningMethodEdDSA.Sign(parts[0]+"."+parts[1], private)
	if err != nil || base64.RawURLEncoding.EncodeToString(signature) != parts[2] {
		t.Errorf("another signature: %v", err)
	}
}

// TestVerifyingNeedsOnlyTheStandardLibrary: the one file that knows another's
// library is the one that signs, and the others are whole without it.
func TestVerifyingNeedsOnlyTheStandardLibrary(t *testing.T) {
	t.Parallel()
	all, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}
	build := []string{"build", "-o", os.DevNull}
	for _, file := range all {
		if file != "issue.go" && !strings.HasSuffix(file, "_test.go") {
			args, build = append(args, file), append(build, file)
		}
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := []string{"github.com/tmoeg/oduvan/internal/fault", "github.com/tmoeg/oduvan/internal/money", "command-line-arguments"}
	if diff := cmp.Diff(want, strings.Fields(string(out))); diff != "" {
		t.Errorf("verifying needs (-want +got):\n%s", diff)
	}
	if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
		t.Errorf("without the signing half: %v: %s", err, out)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	k, _ := aKey(t, "one")
	other, _ := aKey(t, "two")
	bit := func(list int) func(int, int) (bool, error) {
		return func(l, i int) (bool, error) { return l == list && i == 94_567, nil }
	}
	down := func(int, int) (bool, error) { return false, errors.New("no network") }
	closed, opened, lost := k, k, k
	closed.Until, opened.From, lost.RevokedAt = paid, paid.Add(time.Second), paid.AddDate(0, 6, 0)
	grace := end.AddDate(0, 0, 30)
	for name, c := range map[string]struct {
		set  func(o *cert.Options)
		want cert.Word
	}{
		"first second":           {func(*cert.Options) {}, cert.Valid},
		"a second before":        {func(o *cert.Options) { o.Now = start.Add(-time.Second) }, cert.NotYet},
		"last second":            {func(o *cert.Options) { o.Now = end.Add(-time.Nanosecond) }, cert.Valid},
		"the end":                {func(o *cert.Options) { o.Now = end }, cert.ExpiredInGrace},
		"last of grace":          {func(o *cert.Options) { o.Now = grace.Add(-time.Nanosecond) }, cert.ExpiredInGrace},
		"after grace":            {func(o *cert.Options) { o.Now = grace }, cert.Expired},
		"revoked":                {func(o *cert.Options) { o.Status = bit(3) }, cert.Revoked},
		"suspended":              {func(o *cert.Options) { o.Status = bit(4) }, cert.Suspended},
		"another pair's bit":     {func(o *cert.Options) { o.Status = bit(1) }, cert.Valid},
		"revoked in grace":       {func(o *cert.Options) { o.Status, o.Now = bit(3), end }, cert.Revoked},
		"revoked long ago":       {func(o *cert.Options) { o.Status, o.Now = bit(3), grace }, cert.Revoked},
		"offline":                {func(o *cert.Options) { o.Status = nil }, cert.StatusUnknown},
		"status fails":           {func(o *cert.Options) { o.Status = down }, cert.StatusUnknown},
		"offline, ended":         {func(o *cert.Options) { o.Status, o.Now = nil, grace }, cert.Expired},
		"no keys":                {func(o *cert.Options) { o.Keys = nil }, cert.UnknownKey},
		"another key":            {func(o *cert.Options) { o.Keys = []cert.Key{other} }, cert.UnknownKey},
		"two keys":               {func(o *cert.Options) { o.Keys = []cert.Key{other, k} }, cert.Valid},
		"key ended at paid":      {func(o *cert.Options) { o.Keys = []cert.Key{closed} }, cert.UnknownKey},
		"key began later":        {func(o *cert.Options) { o.Keys = []cert.Key{opened} }, cert.UnknownKey},
		"key revoked later":      {func(o *cert.Options) { o.Keys = []cert.Key{lost} }, cert.UnknownKey},
		"another branch":         {func(o *cert.Options) { o.Issuer = "https://other.example" }, cert.UnknownKey},
		"this branch":            {func(o *cert.Options) { o.Issuer = "https://board.example" }, cert.Valid},
		"key with a false point": {func(o *cert.Options) { o.Keys = []cert.Key{{ID: k.ID, Public: other.Public}} }, cert.BadSignature},
	} {
		o := options(t)
		c.set(&o)
		r := cert.Verify([]byte(issue(t, aFacts(), aSigner(t, "one"))), o)
		if r.Word != c.want {
			t.Errorf("%s: got %s, want %s", name, r.Word, c.want)
		}
		if (r.Word == cert.UnknownKey || r.Word == cert.BadSignature) != (r.Facts.ID == "") {
			t.Errorf("%s: facts of a certificate that is %s: %v", name, r.Word, r.Facts)
		}
		if r.OK() != (r.Word == cert.Valid || name == "offline") {
			t.Errorf("%s: OK is %v: %v", name, r.OK(), r.Checks)
		}
	}
	if len(cert.Words()) != 9 {
		t.Errorf("%d words", len(cert.Words()))
	}
}

func TestTermsAndWorkAreCompared(t *testing.T) {
	t.Parallel()
	text := []byte(issue(t, aFacts(), aSigner(t, "one")))
	for name, c := range map[string]struct {
		set func(o *cert.Options)
		ok  bool
	}{
		"same terms":    {func(o *cert.Options) { o.Terms = func(string) (string, bool) { return strings.Repeat("0c", 32), true } }, true},
		"other terms":   {func(o *cert.Options) { o.Terms = func(string) (string, bool) { return strings.Repeat("0d", 32), true } }, false},
		"unknown terms": {func(o *cert.Options) { o.Terms = func(string) (string, bool) { return "", false } }, true},
		"same work":     {func(o *cert.Options) { o.WorkSHA256 = strings.Repeat("AB", 32) }, true},
		"other work":    {func(o *cert.Options) { o.WorkSHA256 = strings.Repeat("00", 32) }, false},
	} {
		o := options(t)
		c.set(&o)
		if r := cert.Verify(text, o); r.OK() != c.ok || r.Word != cert.Valid {
			t.Errorf("%s: got %s %v, want %v", name, r.Word, r.Checks, c.ok)
		}
	}
}

// TestEveryBit: each of the bits of one certificate, turned alone.
func TestEveryBit(t *testing.T) {
	t.Parallel()
	o := options(t)
	text := []byte(issue(t, aFacts(), aSigner(t, "one")))
	tried := 0
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			r := cert.Verify(text, o)
			if r.Word != cert.BadSignature && r.Word != cert.UnknownKey || r.Facts.ID != "" || r.OK() {
				t.Fatalf("bit %d of byte %d: %s", bit, i, r.Word)
			}
			text[i] ^= 1 << bit
			tried++
		}
	}
	if r := cert.Verify(text, o); r.Word != cert.Valid {
		t.Fatalf("unchanged: %s", r.Word)
	}
	t.Logf("%d changed certificates refused", tried)
}

// TestAnyOtherTextIsRefused: cutting, doubling, adding and moving parts.
func TestAnyOtherTextIsRefused(t *testing.T) {
	t.Parallel()
	o := options(t)
	text := issue(t, aFacts(), aSigner(t, "one"))
	f := aFacts()
	f.ID = "L-7K2QM0XV9S"
	foreign := issue(t, f, aSigner(t, "one"))
	rapid.Check(t, func(t *rapid.T) {
		i, j := rapid.IntRange(0, len(text)).Draw(t, "i"), rapid.IntRange(0, len(foreign)).Draw(t, "j")
		changed := text[:i] + rapid.SampledFrom([]string{"", "=", ".", "\n", "\r", " ", "A", "\x00", "é"}).Draw(t, "put") + foreign[j:]
		if changed == text || changed == foreign {
			t.Skip("nothing changed")
		}
		if r := cert.Verify([]byte(changed), o); r.Word != cert.BadSignature && r.Word != cert.UnknownKey {
			t.Fatalf("%s: %s", r.Word, changed)
		}
	})
}

func TestHeadersThatAreRefused(t *testing.T) {
	t.Parallel()
	k, private := aKey(t, "one")
	parts := strings.Split(issue(t, aFacts(), aSigner(t, "one")), ".")
	payload := string(decode(t, parts[1]))
	head := func(alg, more string) string {
		return `{"alg":"` + alg + `","cty":"vc","iss":"https://board.example","kid":"` + k.ID + `"` + more + `,"typ":"vc+jwt"}`
	}
	if r := cert.Verify([]byte(signRaw(t, head("Ed25519", ""), payload)), options(t)); r.Word != cert.Valid {
		t.Errorf("the new name of the algorithm: %s %v", r.Word, r.Checks)
	}
	for name, header := range map[string]string{
		"none": head("none", ""), "HS256": head("HS256", ""), "RS256": head("RS256", ""), "empty": head("", ""), "eddsa": head("eddsa", ""),
		"crit": head("EdDSA", `,"crit":["b64"]`), "b64": head("EdDSA", `,"b64":false`), "jwk": head("EdDSA", `,"jwk":{}`),
		"jku": head("EdDSA", `,"jku":"https://evil.example"`), "doubled": head("none", `,"alg":"EdDSA"`), "case": head("EdDSA", `,"ALG":"EdDSA"`),
		"other type": strings.Replace(head("EdDSA", ""), "vc+jwt", "JWT", 1), "no content type": strings.Replace(head("EdDSA", ""), `"cty":"vc",`, "", 1),
		"space": " " + head("EdDSA", ""), "other issuer": strings.Replace(head("EdDSA", ""), "board", "other", 1), "array": "[]", "null": "null",
	} {
		if r := cert.Verify([]byte(signRaw(t, header, payload)), options(t)); r.Word != cert.BadSignature {
			t.Errorf("%s: %s", name, r.Word)
		}
	}
	// The two classic attacks: no signature, and the public key as an HMAC key.
	none := base64.RawURLEncoding.EncodeToString([]byte(head("none", ""))) + "." + parts[1]
	hs := base64.RawURLEncoding.EncodeToString([]byte(head("HS256", ""))) + "." + parts[1]
	mac := hmac.New(sha256.New, k.Public)
	mac.Write([]byte(hs))
	short := base64.RawURLEncoding.EncodeToString(ed25519.Sign(private, []byte(none))[:63])
	for name, text := range map[string]string{
		"none": none + ".", "none with a signature": none + "." + parts[2], "HS256": hs + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)),
		"empty signature": parts[0] + "." + parts[1] + ".", "short": parts[0] + "." + parts[1] + "." + short,
		"two parts": parts[0] + "." + parts[1], "four": strings.Join(parts, ".") + ".", "nothing": "", "dots": "..",
		"padding": strings.Join(parts, ".") + "==", "newline": strings.Join(parts, ".") + "\n", "json": `{"payload":"` + parts[1] + `"}`,
		"huge": strings.Repeat("a.", 1<<20),
	} {
		if r := cert.Verify([]byte(text), options(t)); r.Word != cert.BadSignature {
			t.Errorf("%s: %s", name, r.Word)
		}
	}
}

// TestPayloadsThatAreRefused: even the right key cannot say what a licence
// never is.
func TestPayloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	parts := strings.Split(issue(t, aFacts(), aSigner(t, "one")), ".")
	header, payload := string(decode(t, parts[0])), string(decode(t, parts[1]))
	for _, swap := range [][2]string{
		{`"exclusive":false`, `"exclusive":true`}, {`"sublicensable":false`, `"sublicensable":true`}, {`"transferable":false`, `"transferable":true`},
		{`"newCopies":false`, `"newCopies":true`}, {`"keepPublished":true`, `"keepPublished":false`}, {`"exclusive":false,`, ``},
		{`"purpose":"commercial"`, `"purpose":"any"`}, {`"validUntil":"2026-05-30T09:30:05Z",`, ``}, {`"validUntil":"2026`, `"validUntil":"2126`},
		{`"validFrom":"2026-03-01T09:30:05Z"`, `"validFrom":"2026-03-01T12:30:05+03:00"`}, {`"learners":12`, `"learners":12.0`},
		{`"statusListIndex":"94567"`, `"statusListIndex":"094567"`}, {`"statusPurpose":"revocation"`, `"statusPurpose":"message"`},
		{`"licence":"L-7K2QM0XV9R"`, `"licence":"L-7K2QM0XV9R","licence":"L-0000000000"`}, {`"iat":`, `"extra":1,"iat":`},
		{`"paidAt":"2026-03-01T09:30:00Z"`, `"paidAt":"2026-03-02T09:30:00Z"`}, {`https://board.example/licences/status/3"`, `https://evil.example/licences/status/3"`},
		{`{"@context"`, ` {"@context"`},
	} {
		changed := strings.Replace(payload, swap[0], swap[1], 1)
		if changed == payload {
			t.Fatalf("%q is not in the payload", swap[0])
		}
		if r := cert.Verify([]byte(signRaw(t, header, changed)), options(t)); r.Word != cert.BadSignature || r.Facts.ID != "" {
			t.Errorf("%q: %s %v", swap[1], r.Word, r.Checks)
		}
	}
	if r := cert.Verify([]byte(signRaw(t, header, payload)), options(t)); r.Word != cert.Valid {
		t.Errorf("unchanged: %s %v", r.Word, r.Checks)
	}
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	one, _ := aKey(t, "one")
	two, _ := aKey(t, "two")
	two.Until, two.RevokedAt = time.Time{}, paid
	text, err := cert.MarshalJWKS([]cert.Key{one, two})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "jwks.json", append(text, '\n'))
	got, err := cert.ParseJWKS(text)
	if diff := cmp.Diff([]cert.Key{one, two}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if strings.Contains(string(text), `"d"`) {
		t.Error("a private key is in the set")
	}
	if _, err := cert.MarshalJWKS([]cert.Key{{ID: two.ID, Public: one.Public}}); err == nil {
		t.Error("a key under another's name was written")
	}
	if got, err := cert.ParseJWKS([]byte(`{"keys":[{"kty":"RSA","n":"x","e":"AQAB"},{"kty":"EC","crv":"P-256"}]}`)); err != nil || len(got) != 0 {
		t.Errorf("keys of other kinds: %v, %v", got, err)
	}
	first := text[:strings.Index(string(text), "},{")+1]
	for _, bad := range []string{"", "null", "[]", "{}", `{"keys":1}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"x"}]}`,
		strings.Replace(string(text), two.ID, one.ID, 1), string(first) + "," + string(first[len(`{"keys":[`):]) + "]}"} {
		if got, err := cert.ParseJWKS([]byte(bad)); err == nil {
			t.Errorf("%.60s: %v", bad, got)
		}
	}
}

// TestThumbprint is the example of RFC 8037, appendix A.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	x := decode(t, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if got, want := cert.Thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzVerify(f *testing.F) {
	o := options(f)
	good := issue(f, aFacts(), aSigner(f, "one"))
	f.Add([]byte(good), 0, byte(0))
	f.Add([]byte("a.b.c"), 1, byte(1))
	f.Fuzz(func(t *testing.T, text []byte, at int, flip byte) {
		if r := cert.Verify(text, o); (r.Word == cert.Valid) != (string(text) == good) {
			t.Fatalf("%s: %s", r.Word, text)
		}
		changed := []byte(good)
		changed[((at%len(good))+len(good))%len(good)] ^= flip
		if r := cert.Verify(changed, o); (r.Word == cert.Valid) != (flip == 0) {
			t.Fatalf("%s: %s", r.Word, changed)
		}
	})
}

// FuzzPayload signs whatever a stranger would have signed: no payload may end
// the program, and what is believed is what Issue writes.
func FuzzPayload(f *testing.F) {
	o := options(f)
	parts := strings.Split(issue(f, aFacts(), aSigner(f, "one")), ".")
	header := string(decode(f, parts[0]))
	f.Add(string(decode(f, parts[1])))
	f.Add(`{"credentialStatus":[{},{}],"iat":-1}`)
	f.Fuzz(func(t *testing.T, payload string) {
		text := signRaw(t, header, payload)
		r := cert.Verify([]byte(text), o)
		if r.Facts.ID == "" {
			return
		}
		again, err := cert.Issue(r.Facts, aSigner(t, "one"))
		if err != nil || again != text {
			t.Fatalf("believed and not ours: %v %s", err, payload)
		}
	})
}

func FuzzParseJWKS(f *testing.F) {
	k, _ := aKey(f, "one")
	text, err := cert.MarshalJWKS([]cert.Key{k})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := cert.ParseJWKS(text)
		if err != nil {
			return
		}
		again, err := cert.MarshalJWKS(keys)
		if err != nil || !json.Valid(again) {
			t.Fatalf("%v: %s", err, text)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	f, s := aFacts(), aSigner(b, "one")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cert.Issue(f, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "certificates/s")
}

func BenchmarkVerify(b *testing.B) {
	o := options(b)
	text := []byte(issue(b, aFacts(), aSigner(b, "one")))
	b.ReportAllocs()
	for b.Loop() {
		if r := cert.Verify(text, o); r.Word != cert.Valid {
			b.Fatal(r.Word)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "certificates/s")
}
