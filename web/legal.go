package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// The terms of licences: one file a version, Russian and English in one text,
// so that both have one hash. A version that was ever used is never edited;
// a test holds the hashes.
//
//go:embed legal
var legal embed.FS

const legalDir = "legal"

// CurrentTerms is the version that new offers are made under.
const CurrentTerms = "CL-1.0"

// Terms is the text of a version as Markdown with its SHA-256 in hex: what a
// certificate cites. Not ok for a version that there is not.
func Terms(version string) (text []byte, sha256hex string, ok bool) {
	if !slices.Contains(TermsVersions(), version) {
		return nil, "", false
	}
	text, err := legal.ReadFile(path.Join(legalDir, version+".md"))
	if err != nil {
		return nil, "", false
	}
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), true
}

// TermsHash is what a verifier needs of Terms.
func TermsHash(version string) (sha256hex string, ok bool) {
	_, sha256hex, ok = Terms(version)
	return sha256hex, ok
}

// TermsVersions lists every version there is, by the alphabet.
func TermsVersions() []string {
	entries, err := legal.ReadDir(legalDir)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if version, ok := strings.CutSuffix(e.Name(), ".md"); ok {
			out = append(out, version)
		}
	}
	return out
}
