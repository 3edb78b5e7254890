package secret

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// crockford is Crockford's base32: no I, L, O and U, so that a code can be
// written down by hand.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// A code is 26 characters of five bits each, in groups that the eye can keep.
const (
	codeChars = 26
	codeGroup = 5
)

// NewCode makes a recovery code of 130 random bits in the canonical form, such
// as "7K2QM-0XV9R-…": four groups of five and one of six characters.
func NewCode() string {
	bits := random(codeChars)
	for i := range bits {
		bits[i] = crockford[bits[i]&31]
	}
	return canonical(bits)
}

// canonical puts a dash after each group; the last group takes the rest.
func canonical(chars []byte) string {
	var b strings.Builder
	for i, c := range chars {
		if i > 0 && i%codeGroup == 0 && i < codeChars-1 {
			b.WriteByte('-')
		}
		b.WriteByte(c)
	}
	return b.String()
}

// ParseCode brings a typed code into the form NewCode gives: case, spaces and
// dashes do not matter, O is 0, I and L are 1. It is false where the text
// cannot be a code; that says nothing about whether the code exists.
func ParseCode(text string) (string, bool) {
	if len(text) > 4*codeChars {
		return "", false
	}
	chars := make([]byte, 0, codeChars)
	for _, r := range strings.ToUpper(text) {
		switch r {
		case ' ', '\t', '\n', '\r', '\u00a0', '\u202f', '-', '_', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2212':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if r > 'Z' || !strings.ContainsRune(crockford, r) || len(chars) == codeChars {
			return "", false
		}
		chars = append(chars, byte(r))
	}
	if len(chars) != codeChars {
		return "", false
	}
	return canonical(chars), true
}

// NewToken makes a bearer token of 256 random bits after a prefix that tells
// people and secret scanners what it is, for instance "odt_".
func NewToken(prefix string) string {
	return prefix + base64.RawURLEncoding.EncodeToString(random(32))
}

// random gives n random bytes. crypto/rand never fails: it ends the program
// where the system has no randomness.
func random(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.Read(out)
	return out
}
