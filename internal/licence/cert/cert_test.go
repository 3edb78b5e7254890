package cert_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
)

var update = flag.Bool("update", false, "write golden files")

var (
	paid  = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
	start = time.Date(2026, 3, 1, 9, 30, 5, 0, time.UTC)
	end   = time.Date(2026, 5, 30, 9, 30, 5, 0, time.UTC)
)

// aFacts are facts with something in every field.
func aFacts() cert.Facts {
	return cert.Facts{
		ID: "L-7K2QM0XV9R", Issuer: "https://board.example", Licensor: "ada-sells", Licensee: "тихий-клён-42",
		WorkID: "w-19", WorkTitle: "Алгоритмы & <структуры> данных", WorkVersion: "3", WorkURL: "https://ada.example/course?a=1&b=2",
		WorkSHA256: strings.Repeat("ab", 32), BaseLicence: "CC-BY-NC-4.0",
		Uses: []cert.Use{cert.Reproduce, cert.Present}, Channel: cert.Teaching, Territory: []string{"KZ", "RU"}, Learners: 12,
		Attribution: "«Алгоритмы», ada, CC BY-NC 4.0, https://ada.example/course", NameCommitment: "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
		ValidFrom: start, ValidUntil: end, PaidAt: paid, Price: money.Amount{Minor: 150000, Currency: "RUB"}, OrderID: "0192f-77",
		TermsVersion: "CL-1.0", TermsSHA256: strings.Repeat("0c", 32), TermsURL: "https://board.example/terms/CL-1.0",
		KeepPublished: true, GraceDays: 30, Previous: "L-0000000001", Chain: "L-0000000001", StatusList: 1, StatusIndex: 94_567,
	}
}

// aKey is a key from a word, so that goldens stay.
func aKey(t testing.TB, word string) (cert.Key, ed25519.PrivateKey) {
	t.Helper()
	seed := sha256.Sum256([]byte(word))
	private := ed25519.NewKeyFromSeed(seed[:])
	public, _ := private.Public().(ed25519.PublicKey)
	return cert.Key{ID: cert.Thumbprint(public), Public: public, From: paid.AddDate(0, -1, 0), Until: paid.AddDate(1, 0, 0)}, private
}

func aSigner(t testing.TB, word string) *cert.Signer {
	t.Helper()
	s, err := cert.NewSigner(aKey(t, word))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, f cert.Facts, s *cert.Signer) string {
	t.Helper()
	jwt, err := cert.Issue(f, s)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

func noBits(int, int) (bool, error) { return false, nil }

func options(t testing.TB) cert.Options {
	t.Helper()
	k, _ := aKey(t, "one")
	return cert.Options{Keys: []cert.Key{k}, Now: start, Status: noBits}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestTheFormNeverMoves: a certificate that was issued once must be issued with
// the same bytes by every later version.
func TestTheFormNeverMoves(t *testing.T) {
	t.Parallel()
	jwt := issue(t, aFacts(), aSigner(t, "one"))
	golden(t, "certificate.jwt", []byte(jwt+"\n"))
	var said bytes.Buffer
	for _, part := range strings.Split(jwt, ".")[:2] {
		if err := json.Indent(&said, decode(t, part), "", "  "); err != nil {
			t.Fatal(err)
		}
		said.WriteByte('\n')
	}
	golden(t, "certificate.json", said.Bytes())
	if len(jwt) > 3000 {
		t.Errorf("a certificate has %d bytes", len(jwt))
	}
	frozen, err := json.MarshalIndent(aFacts(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "facts.json", append(frozen, '\n'))
	var back cert.Facts
	if err := json.Unmarshal(frozen, &back); err != nil {
		t.Fatal(err)
	}
	if again := issue(t, back, aSigner(t, "one")); again != jwt {
		t.Error("frozen facts give another certificate")
	}
}

// drawn makes facts that pass Check, of every shape.
func drawn(t *rapid.T) cert.Facts {
	text := rapid.StringMatching(`[A-Za-zА-я"<>&\\/€😀][ -~А-я€\\]{0,40}[A-Za-zА-я>"&]`)
	f := aFacts()
	f.ID = rapid.StringMatching(`L-[0-9A-HJKMNP-TV-Z]{10}`).Draw(t, "id")
	f.Issuer = rapid.SampledFrom([]string{"https://board.example", "http://localhost:8080", "https://доска.рф", "https://[2001:db8::1]:8443"}).Draw(t, "issuer")
	f.Licensor, f.Licensee = text.Draw(t, "licensor"), text.Draw(t, "licensee")
	f.WorkTitle, f.WorkVersion, f.Attribution = text.Draw(t, "title"), text.Draw(t, "version"), text.Draw(t, "attribution")
	f.WorkSHA256 = rapid.SampledFrom([]string{"", strings.Repeat("f0", 32)}).Draw(t, "sha256")
	f.Uses = rapid.SliceOfNDistinct(rapid.SampledFrom(cert.Uses()), 1, 4, rapid.ID).Draw(t, "uses")
	f.Channel = rapid.SampledFrom(cert.Channels()).Draw(t, "channel")
	f.Territory = rapid.SampledFrom([][]string{{"WW"}, {"RU", "BY"}, {"KZ"}, {"UZ", "AM", "UZ"}}).Draw(t, "territory")
	f.Learners = rapid.IntRange(0, 1000).Draw(t, "learners")
	f.NameCommitment = rapid.SampledFrom([]string{"", f.NameCommitment}).Draw(t, "commitment")
	f.PaidAt = paid.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "paid")))
	f.ValidFrom = f.PaidAt.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "from"))).In(time.FixedZone("x", 3*3600))
	f.ValidUntil = f.ValidFrom.Add(time.Duration(rapid.Int64Range(int64(time.Second), int64(cert.MaxDays*24*time.Hour)).Draw(t, "term")))
	f.Price.Minor = rapid.Int64Range(0, money.MaxMinor).Draw(t, "price")
	f.GraceDays = rapid.IntRange(0, 365).Draw(t, "grace")
	if rapid.Bool().Draw(t, "first") {
		f.Previous, f.Chain = "", ""
	}
	f.StatusList, f.StatusIndex = rapid.IntRange(0, 9).Draw(t, "list"), rapid.IntRange(0, cert.Entries-1).Draw(t, "index")
	return f.Canonical()
}

func TestIssuingIsAPureFunctionAndVerifyReadsItBack(t *testing.T) {
	t.Parallel()
	s, o := aSigner(t, "one"), options(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := drawn(rt)
		if f.Previous == f.ID {
			rt.Skip("a licence does not renew itself")
		}
		jwt, err := cert.Issue(f, s)
		if err != nil {
			rt.Fatal(err)
		}
		again, err := cert.Issue(f, aSigner(t, "one"))
		if err != nil || again != jwt {
			rt.Fatalf("the second issue differs: %v", err)
		}
		o := o
		o.Now = f.ValidFrom
		r := cert.Verify([]byte(jwt), o)
		if diff := cmp.Diff(f, r.Facts); diff != "" || r.Word != cert.Valid || !r.OK() {
			rt.Fatalf("%s %v (-want +got):\n%s", r.Word, r.Checks, diff)
		}
	})
}

func TestFactsThatCannotBeSaid(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f *cert.Facts){
		"id":         func(f *cert.Facts) { f.ID = "L-7K2QM0XV9I" },
		"issuer":     func(f *cert.Facts) { f.Issuer = "https://board.example/" },
		"issuer ":    func(f *cert.Facts) { f.Issuer = "http://board.example" },
		"licensor":   func(f *cert.Facts) { f.Licensor = "" },
		"licensee":   func(f *cert.Facts) { f.Licensee = "a\nb" },
		"work_title": func(f *cert.Facts) { f.WorkTitle = "a\u202eb" },
		// A byte that is no UTF-8 would be written as another character.
		"attribution":     func(f *cert.Facts) { f.Attribution = "a\xffb" },
		"work_version":    func(f *cert.Facts) { f.WorkVersion = strings.Repeat("я", 501) },
		"work_url":        func(f *cert.Facts) { f.WorkURL = "javascript:alert(1)" },
		"work_id":         func(f *cert.Facts) { f.WorkID = "../x" },
		"work_sha256":     func(f *cert.Facts) { f.WorkSHA256 = strings.Repeat("AB", 32) },
		"base_licence":    func(f *cert.Facts) { f.BaseLicence = "" },
		"uses":            func(f *cert.Facts) { f.Uses = nil },
		"uses ":           func(f *cert.Facts) { f.Uses = []cert.Use{"own"} },
		"uses  ":          func(f *cert.Facts) { f.Uses = []cert.Use{cert.Present, cert.Reproduce} },
		"channel":         func(f *cert.Facts) { f.Channel = "all" },
		"territory":       func(f *cert.Facts) { f.Territory = []string{"RU", "WW"} },
		"territory ":      func(f *cert.Facts) { f.Territory = []string{"ru"} },
		"learners":        func(f *cert.Facts) { f.Learners = -1 },
		"name_commitment": func(f *cert.Facts) { f.NameCommitment = strings.Repeat("_", 43) },
		"valid_from":      func(f *cert.Facts) { f.ValidFrom = f.PaidAt.Add(-time.Second) },
		"valid_from ":     func(f *cert.Facts) { f.ValidFrom = f.ValidFrom.Add(time.Microsecond) },
		"valid_until":     func(f *cert.Facts) { f.ValidUntil = time.Time{} },
		"valid_until ":    func(f *cert.Facts) { f.ValidUntil = f.ValidFrom },
		"valid_until  ":   func(f *cert.Facts) { f.ValidUntil = f.ValidFrom.AddDate(0, 0, cert.MaxDays+1) },
		"paid_at":         func(f *cert.Facts) { f.PaidAt = f.PaidAt.In(time.FixedZone("", 0)) },
		"keep_published":  func(f *cert.Facts) { f.KeepPublished = false },
		"grace_days":      func(f *cert.Facts) { f.GraceDays = -1 },
		"previous":        func(f *cert.Facts) { f.Previous = f.ID },
		"previous ":       func(f *cert.Facts) { f.Chain = "" },
		"price":           func(f *cert.Facts) { f.Price.Currency = "XXX" },
		"price ":          func(f *cert.Facts) { f.Price.Minor = -1 },
		"order_id":        func(f *cert.Facts) { f.OrderID = "" },
		"terms_version":   func(f *cert.Facts) { f.TermsVersion = "CL 1" },
		"terms_sha256":    func(f *cert.Facts) { f.TermsSHA256 = "" },
		"terms_url":       func(f *cert.Facts) { f.TermsURL = "/terms" },
		"status_list":     func(f *cert.Facts) { f.StatusList = -1 },
		"status_index":    func(f *cert.Facts) { f.StatusIndex = cert.Entries },
	} {
		f := aFacts()
		spoil(&f)
		jwt, err := cert.Issue(f, aSigner(t, "one"))
		want := "cert: " + strings.TrimSpace(name) + " is missing or cannot be said"
		if err == nil || err.Error() != want || jwt != "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	f := aFacts()
	f.ValidUntil, f.Price, f.Learners = f.ValidFrom.AddDate(0, 0, cert.MaxDays), money.Amount{}, 0
	if err := f.Check(); err != nil {
		t.Errorf("the longest free licence: %v", err)
	}
}

func TestASignerRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	k, private := aKey(t, "one")
	other, foreign := aKey(t, "two")
	renamed, revoked := k, k
	renamed.ID, revoked.RevokedAt = other.ID, paid
	mixed := append(bytes.Clone(private[:32]), foreign[32:]...)
	for name, err := range map[string]error{
		"other half": second(cert.NewSigner(k, foreign)), "name": second(cert.NewSigner(renamed, private)),
		"revoked": second(cert.NewSigner(revoked, private)), "short": second(cert.NewSigner(k, private[:31])),
		"mixed": second(cert.NewSigner(other, mixed)),
	} {
		if err == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	for _, at := range []time.Time{k.From.Add(-time.Second), k.Until} {
		f := aFacts()
		f.PaidAt, f.ValidFrom, f.ValidUntil = at, at, at.AddDate(0, 0, 1)
		if _, err := cert.Issue(f, aSigner(t, "one")); err == nil {
			t.Errorf("issued at %s, outside of the key's window", at)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestShortAndPrinted(t *testing.T) {
	t.Parallel()
	jwt := issue(t, aFacts(), aSigner(t, "one"))
	if len(cert.Short(jwt)) != 22 || len(cert.Hash(jwt)) != 64 {
		t.Errorf("got %q, %q", cert.Short(jwt), cert.Hash(jwt))
	}
	if got, want := cert.PrintedURL(aFacts(), jwt), "https://board.example/v/L-7K2QM0XV9R#"+cert.Short(jwt); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestACommitmentOpensToItsName(t *testing.T) {
	t.Parallel()
	f := aFacts()
	f.NameCommitment = cert.Commit("c2FsdC1zYWx0LXNhbHQ", "Ада Л.")
	r := cert.Verify([]byte(issue(t, f, aSigner(t, "one"))), options(t))
	if r.Facts.NameCommitment != cert.Commit("c2FsdC1zYWx0LXNhbHQ", "Ада Л.") || r.Facts.NameCommitment == cert.Commit("c2FsdC1zYWx0LXNhbHQ", "Ада М.") {
		t.Errorf("got %q", r.Facts.NameCommitment)
	}
}
