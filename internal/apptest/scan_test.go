package apptest_test

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // looked for, not used
	"crypto/sha1" //nolint:gosec // looked for, not used
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// scan looks for secrets in any form that a program may have written them in.
type scan struct {
	secrets map[string]string
	needles []needle
}

type needle struct {
	what  string
	bytes []byte
}

func newScan(secrets map[string]string) *scan {
	s := &scan{secrets: secrets}
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		for form, text := range forms(secrets[name]) {
			s.needles = append(s.needles, needle{what: name + " as " + form, bytes: text})
		}
	}
	slices.SortFunc(s.needles, func(a, b needle) int { return strings.Compare(a.what, b.what) })
	return s
}

func (s *scan) forms() int { return len(s.needles) }

// in lists what the data holds.
func (s *scan) in(data []byte) []string {
	var out []string
	for _, n := range s.needles {
		if bytes.Contains(data, n.bytes) {
			out = append(out, n.what)
		}
	}
	return out
}

// forms are a text as it is, in the usual encodings, and hashed without salt.
func forms(text string) map[string][]byte {
	raw := []byte(text)
	m, a, b := md5.Sum(raw), sha1.Sum(raw), sha256.Sum256(raw) //nolint:gosec // looked for, not used
	out := map[string][]byte{"text": raw, "hex": []byte(hex.EncodeToString(raw)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(raw))),
		"UTF-16LE": wideBytes(text, false), "UTF-16BE": wideBytes(text, true), "reversed": reversed(raw)}
	for name, sum := range map[string][]byte{"md5": m[:], "sha1": a[:], "sha256": b[:]} {
		out[name] = sum
		out[name+" in hex"] = []byte(hex.EncodeToString(sum))
		out[name+" in HEX"] = []byte(strings.ToUpper(hex.EncodeToString(sum)))
		out[name+" in base64"] = []byte(base64.RawStdEncoding.EncodeToString(sum))
		out[name+" in base64url"] = []byte(base64.RawURLEncoding.EncodeToString(sum))
	}
	for shift := range 3 {
		out["base64 shifted by "+string(rune('0'+shift))] = inside(base64.RawStdEncoding, raw, shift)
		out["base64url shifted by "+string(rune('0'+shift))] = inside(base64.RawURLEncoding, raw, shift)
	}
	for form, escaped := range map[string]string{"percent": url.QueryEscape(text), "path": url.PathEscape(text), "percent, all": percent(raw)} {
		if escaped != text {
			out[form] = []byte(escaped)
		}
	}
	return out
}

// inside is the part of a base64 text that stays the same whatever stands
// around the bytes, when so many bytes of a group of three come before.
func inside(enc *base64.Encoding, raw []byte, shift int) []byte {
	text := enc.EncodeToString(append(make([]byte, shift), raw...))
	from := (shift*8 + 5) / 6
	to := (shift + len(raw)) * 8 / 6
	return []byte(text[from:to])
}

func wideBytes(text string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		if big {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return out
}

func reversed(raw []byte) []byte {
	out := slices.Clone(raw)
	slices.Reverse(out)
	return out
}

func percent(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return b.String()
}

// TestScanFindsEveryForm plants each form between other bytes.
func TestScanFindsEveryForm(t *testing.T) {
	t.Parallel()
	s := newScan(map[string]string{"address": canaryAddress, "file": canaryFile, "name": "Жцимя Щюперсон"})
	for _, n := range s.needles {
		data := slices.Concat([]byte("before\x00\xff"), n.bytes, []byte("\x00after"))
		if !slices.Contains(s.in(data), n.what) {
			t.Errorf("%s is not found", n.what)
		}
	}
	for shift := range 3 {
		text := base64.StdEncoding.EncodeToString(slices.Concat([]byte("abcdef")[:3+shift], []byte(canaryFile), []byte("xyz")))
		if len(s.in([]byte(text))) == 0 {
			t.Errorf("not found inside base64 after %d bytes", 3+shift)
		}
	}
	if found := s.in([]byte("nothing of it: 127.0.0.1 passport.jpg")); len(found) > 0 {
		t.Errorf("found what is not there: %s", found)
	}
}
