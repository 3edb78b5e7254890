package cert_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/licence/cert"
)

func listFacts(list int, set ...int) cert.StatusFacts {
	bits := &cert.StatusList{}
	for _, i := range set {
		bits.Set(i, true)
	}
	return cert.StatusFacts{Issuer: "https://board.example", List: list, Bits: bits, At: start}
}

func issueStatus(t testing.TB, f cert.StatusFacts) string {
	t.Helper()
	text, err := cert.IssueStatus(f, aSigner(t, "one"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// w3cBit is the "validate algorithm" of Bitstring Status List v1.0, written from
// its text: split off the multibase letter, decode, expand, look the index up
// from the left-most bit.
func w3cBit(t *testing.T, encodedList string, index int) bool {
	t.Helper()
	if encodedList[0] != 'u' {
		t.Fatalf("multibase letter %q", encodedList[0])
	}
	compressed, err := base64.RawURLEncoding.DecodeString(encodedList[1:])
	if err != nil {
		t.Fatal(err)
	}
	expanded, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := io.ReadAll(expanded)
	if err != nil || len(bits)*8 < 131_072 {
		t.Fatalf("%d bits, %v", len(bits)*8, err)
	}
	return bits[index>>3]>>(7-index&7)&1 == 1
}

func TestTheListIsReadByTheStandardsText(t *testing.T) {
	t.Parallel()
	set := []int{0, 1, 7, 8, 94_567, cert.Entries - 1}
	text := issueStatus(t, listFacts(3, set...))
	var said struct {
		Context []string `json:"@context"`
		ID      string
		Type    []string
		Issuer  string
		Subject struct {
			ID, Type, StatusPurpose, EncodedList string
			TTL                                  int64
		} `json:"credentialSubject"`
	}
	if err := json.Unmarshal(decode(t, strings.Split(text, ".")[1]), &said); err != nil {
		t.Fatal(err)
	}
	for _, index := range []int{0, 1, 2, 6, 7, 8, 9, 94_566, 94_567, 94_568, cert.Entries - 2, cert.Entries - 1} {
		want := strings.Contains(" 0 1 7 8 94567 131071 ", " "+jsonNumber(index)+" ")
		if got := w3cBit(t, said.Subject.EncodedList, index); got != want {
			t.Errorf("index %d: got %v, want %v", index, got, want)
		}
	}
	said.Subject.EncodedList = ""
	got, err := json.MarshalIndent(said, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", append(got, '\n'))
}

func jsonNumber(n int) string {
	out, _ := json.Marshal(n)
	return string(out)
}

func TestStatusListKeepsBits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list, model := &cert.StatusList{}, map[int]bool{}
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			at, to := rapid.IntRange(-9, cert.Entries+9).Draw(t, "at"), rapid.Bool().Draw(t, "to")
			list.Set(at, to)
			if at >= 0 && at < cert.Entries {
				model[at] = to
			}
		}
		text, err := list.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := cert.DecodeStatusList(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := -10; i < cert.Entries+10; i++ {
			if back.Get(i) != model[i] {
				t.Fatalf("bit %d is %v", i, back.Get(i))
			}
		}
	})
}

func TestListsThatCannotBeDecoded(t *testing.T) {
	t.Parallel()
	packed := func(n int) string {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		_, _ = zip.Write(make([]byte, n))
		_ = zip.Close()
		return "u" + base64.RawURLEncoding.EncodeToString(b.Bytes())
	}
	good := packed(cert.Entries / 8)
	if _, err := cert.DecodeStatusList(good); err != nil {
		t.Errorf("another gzip: %v", err)
	}
	for name, text := range map[string]string{
		"empty": "", "no letter": good[1:], "other letter": "z" + good[1:], "padded": good + "=", "short": packed(cert.Entries/8 - 1),
		"long": packed(cert.Entries/8 + 1), "bomb": packed(64 << 20), "torn": good[:len(good)/2], "no gzip": "uAAAA",
	} {
		if _, err := cert.DecodeStatusList(text); err == nil {
			t.Errorf("%s was decoded", name)
		}
	}
}

func TestVerifyStatus(t *testing.T) {
	t.Parallel()
	f := listFacts(4, 94_567)
	text := issueStatus(t, f)
	if again := issueStatus(t, listFacts(4, 94_567)); again != text {
		t.Error("the same list gives other bytes")
	}
	got, err := cert.VerifyStatus([]byte(text), options(t))
	if diff := cmp.Diff(f, got, cmp.AllowUnexported(cert.StatusList{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	k, _ := aKey(t, "one")
	closed, lost := k, k
	closed.Until, lost.RevokedAt = start, start
	for name, set := range map[string]func(o *cert.Options){
		"no keys": func(o *cert.Options) { o.Keys = nil }, "window": func(o *cert.Options) { o.Keys = []cert.Key{closed} },
		"revoked key": func(o *cert.Options) { o.Keys = []cert.Key{lost} }, "issuer": func(o *cert.Options) { o.Issuer = "https://other.example" },
		"future": func(o *cert.Options) { o.Now = start.Add(-time.Hour) },
	} {
		o := options(t)
		set(&o)
		if _, err := cert.VerifyStatus([]byte(text), o); err == nil {
			t.Errorf("%s: it was believed", name)
		}
	}
	header, payload := string(decode(t, strings.Split(text, ".")[0])), string(decode(t, strings.Split(text, ".")[1]))
	for _, swap := range [][2]string{{"suspension", "revocation"}, {"status/4\"", "status/5\""}, {"3600000", "36000000"}, {"\"iat\"", "\"x\":1,\"iat\""}} {
		if _, err := cert.VerifyStatus([]byte(signRaw(t, header, strings.Replace(payload, swap[0], swap[1], 1))), options(t)); err == nil {
			t.Errorf("%s: it was believed", swap[1])
		}
	}
	// Neither is taken for the other, though one key signs both.
	if _, err := cert.VerifyStatus([]byte(issue(t, aFacts(), aSigner(t, "one"))), options(t)); err == nil {
		t.Error("a certificate is a status list")
	}
	if r := cert.Verify([]byte(text), options(t)); r.Word != cert.BadSignature {
		t.Errorf("a status list is a certificate: %s", r.Word)
	}
}

func TestStatusListsThatAreNotIssued(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f *cert.StatusFacts){
		"no bits": func(f *cert.StatusFacts) { f.Bits = nil }, "list 0": func(f *cert.StatusFacts) { f.List = 0 },
		"issuer": func(f *cert.StatusFacts) { f.Issuer = "" }, "time": func(f *cert.StatusFacts) { f.At = f.At.Add(1) },
		"window": func(f *cert.StatusFacts) { f.At = f.At.AddDate(9, 0, 0) },
	} {
		f := listFacts(1)
		spoil(&f)
		if _, err := cert.IssueStatus(f, aSigner(t, "one")); err == nil {
			t.Errorf("%s: it was issued", name)
		}
	}
}

func FuzzDecodeStatusList(f *testing.F) {
	list := &cert.StatusList{}
	list.Set(5, true)
	text, err := list.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := cert.DecodeStatusList(text); (l == nil) == (err == nil) {
			t.Fatalf("%v, %v", l, err)
		}
	})
}
