// Package cert turns the frozen facts of one licence into a signed certificate
// and tells what a certificate is worth. It promises that the same facts and
// the same key give the same bytes for ever, that a certificate verifies with
// nothing but the standard library, without network and database, and that no
// certificate can say exclusive, transferable, sublicensable or endless. It
// refuses every file that Issue would not have written: a certificate is a W3C
// Verifiable Credential 2.0 as a compact JWS, in exactly one form.
//
// The package is pure: it reads no clock, no file and no random source.
package cert

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"time"

	"github.com/tmoeg/oduvan/internal/money"
)

// Use is one thing that a licence allows for money.
type Use string

// The uses.
const (
	Reproduce  Use = "reproduce"  // to copy
	Distribute Use = "distribute" // to hand out and put online
	Present    Use = "present"    // to show and perform, in a lesson for instance
	Derive     Use = "derive"     // to change and translate
)

// Uses lists every use in the order certificates and pages name them. The slice
// is the caller's own.
func Uses() []Use { return []Use{Reproduce, Distribute, Present, Derive} }

// The channels: what the work is used in.
const (
	Teaching   = "teaching"   // lessons and groups
	Publishing = "publishing" // books, channels, sites
	Product    = "product"    // a part of something sold
)

// Channels lists every channel. The slice is the caller's own.
func Channels() []string { return []string{Teaching, Publishing, Product} }

// Worldwide is the territory without borders.
const Worldwide = "WW"

// MaxDays is the longest term of one licence: three years with a leap day.
const MaxDays = 1096

// Facts are all that a certificate says. Their JSON is what an order freezes
// with what issuing adds; Canonical brings them into the one form that Check
// takes. What is never said has no field: a licence is never exclusive,
// transferable or sublicensable.
type Facts struct {
	ID     string `json:"id"`     // "L-" and ten characters of Crockford's base32, random
	Issuer string `json:"issuer"` // the branch's origin: https://board.example

	Licensor string `json:"licensor"` // the party's words about itself
	Licensee string `json:"licensee"` // a pseudonym made for this licence only

	WorkID      string `json:"work_id"`
	WorkTitle   string `json:"work_title"`
	WorkVersion string `json:"work_version"`
	WorkURL     string `json:"work_url"`
	WorkSHA256  string `json:"work_sha256,omitempty"` // of the canonical content, hex; empty where unknown
	BaseLicence string `json:"base_licence"`          // SPDX: CC-BY-NC-4.0; it stays whatever happens to this licence

	Uses      []Use    `json:"uses"`
	Channel   string   `json:"channel"`
	Territory []string `json:"territory"` // ISO 3166-1 alpha-2, or only WW
	Learners  int      `json:"learners"`  // the most people taught with it; 0 is no limit

	Attribution    string `json:"attribution"`               // the line that stays beside every copy
	NameCommitment string `json:"name_commitment,omitempty"` // base64url of sha256(salt ‖ name), both kept by the buyer

	ValidFrom  time.Time `json:"valid_from"`  // UTC, whole seconds, within the term
	ValidUntil time.Time `json:"valid_until"` // UTC, whole seconds, the first moment after the term
	PaidAt     time.Time `json:"paid_at"`     // UTC, whole seconds; also when the certificate counts as issued

	Price   money.Amount `json:"price"`
	OrderID string       `json:"order_id"`

	TermsVersion string `json:"terms_version"` // CL-1.0
	TermsSHA256  string `json:"terms_sha256"`  // of the terms' text, hex
	TermsURL     string `json:"terms_url"`

	KeepPublished bool `json:"keep_published"` // always true: published copies stay after the term
	GraceDays     int  `json:"grace_days"`     // days after the term in which begun copies may be finished

	Previous string `json:"previous,omitempty"` // the licence that this one renews
	Chain    string `json:"chain,omitempty"`    // the id of the first licence of a chain of renewals

	StatusList  int `json:"status_list"`  // pair n: lists 2n+1 (revocation) and 2n+2 (suspension)
	StatusIndex int `json:"status_index"` // the bit in both of them, 0…131,071
}

// Canonical gives the facts in the form that Check takes: times in UTC cut to
// whole seconds, uses in the order of Uses and territories by the alphabet,
// each once.
func (f Facts) Canonical() Facts {
	for _, t := range []*time.Time{&f.ValidFrom, &f.ValidUntil, &f.PaidAt} {
		*t = t.UTC().Truncate(time.Second)
	}
	uses := make([]Use, 0, len(f.Uses))
	for _, u := range Uses() {
		if slices.Contains(f.Uses, u) {
			uses = append(uses, u)
		}
	}
	for _, u := range f.Uses { // an unknown one is kept, for Check to name it
		if !slices.Contains(uses, u) {
			uses = append(uses, u)
		}
	}
	f.Uses = uses
	f.Territory = slices.Clone(f.Territory)
	slices.Sort(f.Territory)
	f.Territory = slices.Compact(f.Territory)
	return f
}

// GraceUntil is the first moment at which no new copies may be made.
func (f Facts) GraceUntil() time.Time { return f.ValidUntil.AddDate(0, 0, f.GraceDays) }

// VerifyURL is the page where anybody sees what the licence is worth now.
func (f Facts) VerifyURL() string { return f.Issuer + "/v/" + f.ID }

// PrintedURL is VerifyURL with the certificate's short hash behind "#", as the
// QR code on paper says it: the hash never reaches the server, and a page can
// compare it with the certificate that the branch holds.
func PrintedURL(f Facts, jwt string) string { return f.VerifyURL() + "#" + Short(jwt) }

// Hash is the SHA-256 of a certificate's text, in hex.
func Hash(jwt string) string {
	sum := sha256.Sum256([]byte(jwt))
	return hex.EncodeToString(sum[:])
}

// Short is the first 128 bits of the same hash in 22 characters of base64url.
func Short(jwt string) string {
	sum := sha256.Sum256([]byte(jwt))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// Commit hides a name in a hash that the licensee can open to whoever checks:
// the name commitment of a certificate. Salt and name stay with the licensee;
// the salt must be long and random, since names can be guessed.
func Commit(salt, name string) string {
	sum := sha256.Sum256([]byte(salt + name))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
