package cert

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The fixed words of the header. RFC 9864 renames EdDSA with this curve to
// Ed25519: EdDSA is issued, both are read, and the curve is pinned by the key.
const (
	algEdDSA   = "EdDSA"
	algEd25519 = "Ed25519"
	typJWT     = "vc+jwt"
	ctyVC      = "vc"
)

// maxJWT is larger than any certificate and any status list full of noise.
const maxJWT = 64 << 10

// skew is how far the clocks of two machines may be apart.
const skew = 5 * time.Minute

// Word is the answer to what a certificate is worth.
type Word string

// The nine words. BadSignature is also the word for whatever is no certificate
// of ours at all, UnknownKey for a key that is not in the set, is revoked, or
// was not for that time.
const (
	Valid          Word = "valid"
	NotYet         Word = "not_yet"
	Expired        Word = "expired"
	ExpiredInGrace Word = "expired_in_grace" // begun copies may be finished
	Revoked        Word = "revoked"
	Suspended      Word = "suspended"
	UnknownKey     Word = "unknown_key"
	BadSignature   Word = "bad_signature"
	StatusUnknown  Word = "status_unknown" // all is well but whether it was revoked was not seen
)

// Words lists all nine. The slice is the caller's own.
func Words() []Word {
	return []Word{Valid, NotYet, Expired, ExpiredInGrace, Revoked, Suspended, UnknownKey, BadSignature, StatusUnknown}
}

// Options are what a certificate is compared with.
type Options struct {
	Keys   []Key     // the pinned set
	Issuer string    // the branch it must come from; empty is any branch of the set
	Now    time.Time // the moment of the question

	// Status tells the bit of an index in a list by the list's number
	// (RevocationList, SuspensionList). Nil is offline.
	Status func(list, index int) (set bool, err error)
	// Terms tells the hash of a version's text. Nil is not compared.
	Terms func(version string) (sha256 string, ok bool)
	// WorkSHA256 is the hash of a file at hand, in hex; empty is not compared.
	WorkSHA256 string
}

// Check is one step of the verification.
type Check struct {
	Name string // form, header, key, window, signature, content, dates, status, terms, work
	OK   bool
	Note string // in English, for a person; empty where nothing is to be said
}

// Result is what came out. Facts are empty unless the signature is good and the
// content is a licence: nothing unproved is handed on.
type Result struct {
	Word   Word
	Facts  Facts
	Checks []Check // those that were done, in their order
	KeyID  string  // the header's, also where the key is not known
}

// OK tells whether every check that was done went well. It is stricter than the
// word in two things: a certificate for another file than the one at hand, or
// under another text of the terms, stays valid for what it says, and is not OK.
func (r Result) OK() bool {
	return !slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.OK })
}

func (r *Result) note(name string, err error) bool {
	c := Check{Name: name, OK: err == nil}
	if err != nil {
		c.Note = strings.TrimPrefix(err.Error(), "cert: ")
	}
	r.Checks = append(r.Checks, c)
	return c.OK
}

// Verify tells what a certificate is worth at o.Now. It takes the compact JWS
// as it is, without a space or newline around it, and changes nothing.
func Verify(jwt []byte, o Options) Result {
	s, r, err := open(jwt, o.Keys)
	if err != nil {
		return r
	}
	f, err := read(s.payload)
	if err == nil && s.header.Iss != f.Issuer {
		err = errors.New("cert: the header names another issuer than the content")
	}
	if !r.note("content", err) {
		r.Word = BadSignature
		return r
	}
	// The key's window needs the content's date, so it closes the signature's checks.
	if err := s.window(f, o.Issuer); !r.note("window", err) {
		r.Word = UnknownKey
		return r
	}
	r.Facts = f
	r.Word = r.dates(o.Now)
	r.status(o)
	r.terms(o)
	r.work(o)
	return r
}

// dates compares the term, half open, with the moment.
func (r *Result) dates(now time.Time) Word {
	f, word, why := r.Facts, Valid, error(nil)
	switch {
	case now.Before(f.ValidFrom):
		word, why = NotYet, fmt.Errorf("the term begins at %s", f.ValidFrom.Format(time.RFC3339))
	case now.Before(f.ValidUntil):
	case now.Before(f.GraceUntil()):
		word, why = ExpiredInGrace, fmt.Errorf("the term ended at %s; begun copies may be finished until %s",
			f.ValidUntil.Format(time.RFC3339), f.GraceUntil().Format(time.RFC3339))
	default:
		word, why = Expired, fmt.Errorf("the term ended at %s", f.ValidUntil.Format(time.RFC3339))
	}
	r.note("dates", why)
	return word
}

// status looks both bits up. A set bit outweighs the dates, since a revoked
// licence has neither grace nor the right to keep what was published.
func (r *Result) status(o Options) {
	if o.Status == nil {
		r.unknown()
		return
	}
	revoked, err := o.Status(RevocationList(r.Facts.StatusList), r.Facts.StatusIndex)
	if err == nil && revoked {
		r.Word = Revoked
		r.note("status", errors.New("the licence was revoked"))
		return
	}
	suspended, err2 := o.Status(SuspensionList(r.Facts.StatusList), r.Facts.StatusIndex)
	if err2 == nil && suspended {
		r.Word = Suspended
		r.note("status", errors.New("the licence is suspended"))
		return
	}
	if !r.note("status", errors.Join(err, err2)) {
		r.unknown()
	}
}

func (r *Result) unknown() {
	if r.Word == Valid {
		r.Word = StatusUnknown
	}
}

func (r *Result) terms(o Options) {
	if o.Terms == nil {
		return
	}
	hash, ok := o.Terms(r.Facts.TermsVersion)
	switch {
	case !ok: // another branch's terms: nothing to compare, and nothing against them
		r.Checks = append(r.Checks, Check{Name: "terms", OK: true, Note: fmt.Sprintf("the text of the terms %s is not at hand", r.Facts.TermsVersion)})
	case hash != r.Facts.TermsSHA256:
		r.note("terms", fmt.Errorf("the text of the terms %s is another one", r.Facts.TermsVersion))
	default:
		r.note("terms", nil)
	}
}

func (r *Result) work(o Options) {
	if o.WorkSHA256 == "" {
		return
	}
	var err error
	switch {
	case r.Facts.WorkSHA256 == "":
		err = errors.New("the certificate names no hash of the work")
	case !strings.EqualFold(o.WorkSHA256, r.Facts.WorkSHA256):
		err = errors.New("the file is not the licensed version of the work")
	}
	r.note("work", err)
}

// header is the protected header: exactly these five.
type header struct {
	Alg string `json:"alg"`
	Cty string `json:"cty"`
	Iss string `json:"iss"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
}

// signed is a JWS whose signature is good.
type signed struct {
	header  header
	key     Key
	payload []byte
}

// window demands that the key was for what was issued at the paid moment, and
// that the certificate is of the branch that is asked for.
func (s signed) window(f Facts, issuer string) error {
	switch {
	case issuer != "" && f.Issuer != issuer:
		return fmt.Errorf("the certificate is of another branch: %s", f.Issuer)
	case !s.key.Holds(f.PaidAt):
		return fmt.Errorf("key %s was not for %s", s.key.ID, f.PaidAt.Format(time.RFC3339))
	}
	return nil
}

// open does the checks up to the signature, of a certificate or a status list.
func open(jwt []byte, keys []Key) (signed, Result, error) {
	r := Result{Word: BadSignature}
	var s signed
	parts, err := split(jwt)
	if !r.note("form", err) {
		return s, r, err
	}
	s.header, err = readHeader(parts[0])
	if !r.note("header", err) {
		return s, r, err
	}
	r.KeyID = s.header.Kid
	s.key, err = find(keys, s.header.Kid)
	if !r.note("key", err) {
		r.Word = UnknownKey
		return s, r, err
	}
	last := bytes.LastIndexByte(jwt, '.')
	signature, err := decode64(string(parts[2]))
	if err == nil && !ed25519.Verify(s.key.Public, jwt[:last], signature) {
		err = errors.New("cert: the signature does not fit: the certificate was changed or another key signed it")
	}
	if err == nil {
		s.payload, err = decode64(string(parts[1]))
	}
	if !r.note("signature", err) {
		return s, r, err
	}
	return s, r, nil
}

func split(jwt []byte) ([][]byte, error) {
	if len(jwt) > maxJWT {
		return nil, errors.New("cert: the text is too long for a certificate")
	}
	parts := bytes.Split(jwt, []byte("."))
	if len(parts) != 3 {
		return nil, errors.New("cert: the text has not the three parts of a certificate")
	}
	return parts, nil
}

// readHeader takes exactly the header that sign writes, under either name of
// the algorithm: no crit, no key of its own, nothing else.
func readHeader(part []byte) (header, error) {
	text, err := decode64(string(part))
	if err != nil {
		return header{}, err
	}
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return header{}, fmt.Errorf("cert: the header is not JSON: %w", err)
	}
	if h.Alg != algEdDSA && h.Alg != algEd25519 {
		return header{}, fmt.Errorf("cert: the algorithm %q is not for certificates", h.Alg)
	}
	if h.Typ != typJWT || h.Cty != ctyVC {
		return header{}, fmt.Errorf("cert: the type %q is not a certificate's", h.Typ)
	}
	again, err := json.Marshal(h)
	if err != nil {
		return header{}, err
	}
	if !bytes.Equal(again, text) {
		return header{}, errors.New("cert: the header says more than a certificate's header may")
	}
	return h, nil
}

func find(keys []Key, kid string) (Key, error) {
	for _, k := range keys {
		if k.ID != kid || len(k.Public) != ed25519.PublicKeySize {
			continue
		}
		if !k.RevokedAt.IsZero() {
			return Key{}, fmt.Errorf("key %s was revoked at %s: ask for the certificate anew", kid, k.RevokedAt.Format(time.RFC3339))
		}
		return k, nil
	}
	return Key{}, fmt.Errorf("key %q is not in the key set", kid)
}

// decode64 reads base64url without padding and takes only the one text that
// the bytes are written as: the decoder of the library skips line ends.
func decode64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("cert: a line end within base64url")
	}
	out, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("cert: not base64url: %w", err)
	}
	return out, nil
}
