package secret

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// SignNotice is how long a new signing key is published before its first use,
// so that whoever keeps a copy of the key set has time to fetch it.
const SignNotice = 30 * 24 * time.Hour

// signEarly is how much earlier than it was made the first key's window begins:
// a payment may be stated a little later than it was made.
const signEarly = 24 * time.Hour

// The signing keys' folder within the secrets folder. A key's file never
// changes: a revocation is a file of its own beside it, and the end of a window
// follows from the next key.
const (
	signDir     = "sign"
	signLock    = ".lock"
	signKey     = ".jwk"
	signRevoked = ".revoked"
)

// ErrNoSigningKey says that no key that may still sign has a window with the
// moment asked for.
var ErrNoSigningKey = errors.New("secret: no signing key is for that time")

// ErrUnknownSigningKey says that a key to be revoked is not in the folder.
var ErrUnknownSigningKey = errors.New("secret: there is no such signing key")

// SigningKey is one key that certificates are signed with, for what is dated
// from From up to Until (zero: open). Its private half is never printed.
type SigningKey struct {
	ID        string // the RFC 7638 thumbprint
	Public    ed25519.PublicKey
	From      time.Time
	Until     time.Time
	RevokedAt time.Time // zero unless it was lost or stolen

	private ed25519.PrivateKey
	made    time.Time
}

// Private is the half that signs, empty for a revoked key.
func (s SigningKey) Private() ed25519.PrivateKey { return s.private }

// Holds tells whether the key may sign what is dated at t.
func (s SigningKey) Holds(t time.Time) bool {
	return s.RevokedAt.IsZero() && !t.Before(s.From) && (s.Until.IsZero() || t.Before(s.Until))
}

// String keeps the private half out of logs and panics.
func (s SigningKey) String() string { return "secret.SigningKey(" + s.ID + ")" }

// GoString keeps it out of %#v.
func (s SigningKey) GoString() string { return s.String() }

// Format keeps it out of every other verb.
func (s SigningKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// SigningKeys are all keys ever made, the oldest window first, read anew each
// time: what another process has rotated or revoked is seen at once. Before the
// first need there are none.
func (k *Keys) SigningKeys() ([]SigningKey, error) {
	dir := filepath.Join(k.dir, signDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	var keys []SigningKey
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), signKey)
		if !ok || strings.HasPrefix(id, ".") {
			continue
		}
		key, err := readSigning(dir, id)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return windows(keys), nil
}

// windows orders keys by their beginning and lets each end where the next one
// that may sign begins.
func windows(keys []SigningKey) []SigningKey {
	slices.SortFunc(keys, func(a, b SigningKey) int {
		return cmp.Or(a.From.Compare(b.From), a.made.Compare(b.made), cmp.Compare(a.ID, b.ID))
	})
	for i := range keys {
		for _, next := range keys[i+1:] {
			if next.RevokedAt.IsZero() && next.From.After(keys[i].From) {
				keys[i].Until = next.From
				break
			}
		}
	}
	return keys
}

// SigningAt is the key for what is dated at t. Where the folder has no key at
// all the first one is made, for everything from a day before t; two processes
// that need it at once get the same one. ErrNoSigningKey where every key is
// from a later time.
func (k *Keys) SigningAt(t time.Time) (SigningKey, error) {
	keys, err := k.SigningKeys()
	if err != nil {
		return SigningKey{}, err
	}
	if key, ok := signing(keys, t); ok {
		return key, nil
	}
	// None, or a revocation was cut off before its replacement was made.
	err = k.signLocked(func(dir string, keys []SigningKey) error { return mend(dir, keys, t) })
	if err != nil {
		return SigningKey{}, err
	}
	if keys, err = k.SigningKeys(); err != nil {
		return SigningKey{}, err
	}
	if key, ok := signing(keys, t); ok {
		return key, nil
	}
	return SigningKey{}, ErrNoSigningKey
}

func signing(keys []SigningKey, t time.Time) (SigningKey, bool) {
	at := slices.IndexFunc(keys, func(s SigningKey) bool { return s.Holds(t) })
	if at < 0 {
		return SigningKey{}, false
	}
	return keys[at], true
}

// RotateSigning makes the key that takes over after SignNotice and publishes it
// at once. Where there is no key it makes the first one; where the next key is
// already published it is given back and nothing is made.
func (k *Keys) RotateSigning(now time.Time) (SigningKey, error) {
	now = now.UTC().Truncate(time.Second)
	var out SigningKey
	err := k.signLocked(func(dir string, keys []SigningKey) error {
		if err := mend(dir, keys, now); err != nil || len(keys) == 0 {
			return err
		}
		keys, err := k.SigningKeys() // with what was mended
		if err != nil {
			return err
		}
		next := slices.IndexFunc(keys, func(s SigningKey) bool { return s.RevokedAt.IsZero() && s.From.After(now) })
		if next >= 0 {
			out = keys[next]
			return nil
		}
		made, err := makeSigning(dir, now.Add(SignNotice), now)
		out = SigningKey{ID: made}
		return err
	})
	if err != nil {
		return SigningKey{}, err
	}
	if out.ID == "" {
		return k.SigningAt(now)
	}
	return k.signingKey(out.ID)
}

// RevokeSigning notes for ever that a key was lost or stolen at a moment, and
// makes the one that replaces it: the new key takes over the whole window, so
// that what the revoked one signed can be signed again with its old dates. A
// key that was not in use yet is replaced by one that is published as long
// beforehand as any other. Revoking twice changes nothing.
// ErrUnknownSigningKey where the folder has no such key.
func (k *Keys) RevokeSigning(id string, at time.Time) error {
	at = at.UTC().Truncate(time.Second)
	return k.signLocked(func(dir string, keys []SigningKey) error {
		i := slices.IndexFunc(keys, func(s SigningKey) bool { return s.ID == id })
		if i < 0 {
			return ErrUnknownSigningKey
		}
		if keys[i].RevokedAt.IsZero() {
			// First of all it stops signing; the rest mend finishes whenever.
			if err := place(dir, id+signRevoked, []byte(at.Format(time.RFC3339)+"\n")); err != nil {
				return err
			}
			keys[i].RevokedAt = at
		}
		return mend(dir, keys, at)
	})
}

// mend makes what is missing: the first key, and for each revoked key the one
// that takes over its window.
func mend(dir string, keys []SigningKey, now time.Time) error {
	now = now.UTC().Truncate(time.Second)
	if len(keys) == 0 {
		_, err := makeSigning(dir, now.Add(-signEarly), now)
		return err
	}
	for i, lost := range keys {
		if lost.RevokedAt.IsZero() {
			continue
		}
		from := lost.From
		if from.After(lost.RevokedAt) { // not in use yet: its heir is announced like any new key
			from = lost.RevokedAt.Add(SignNotice)
		}
		heir := func(s SigningKey) bool {
			return s.From.Equal(from) && (s.RevokedAt.IsZero() || s.made.After(lost.made))
		}
		if slices.ContainsFunc(keys[i+1:], heir) || slices.ContainsFunc(keys[:i], heir) {
			continue
		}
		if _, err := makeSigning(dir, from, later(now, lost.made)); err != nil {
			return err
		}
	}
	return nil
}

// later keeps an heir behind the key it replaces when both are of one second.
func later(now, made time.Time) time.Time {
	if now.After(made) {
		return now
	}
	return made.Add(time.Second)
}

func (k *Keys) signingKey(id string) (SigningKey, error) {
	keys, err := k.SigningKeys()
	if err != nil {
		return SigningKey{}, err
	}
	for _, s := range keys {
		if s.ID == id {
			return s, nil
		}
	}
	return SigningKey{}, ErrUnknownSigningKey
}

// signLocked makes the folder and changes it while no other process does. The
// kernel lets go of the lock when the process ends, however it ends.
func (k *Keys) signLocked(change func(dir string, keys []SigningKey) error) error {
	dir := filepath.Join(k.dir, signDir)
	if err := privateDir(dir); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, signLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	keys, err := k.SigningKeys()
	if err != nil {
		return err
	}
	if err := change(dir, keys); err != nil {
		return err
	}
	return syncDir(k.dir)
}

// signFile is a key's file: a private JWK (RFC 8037) with our window.
type signFile struct {
	Kty  string    `json:"kty"`
	Crv  string    `json:"crv"`
	X    string    `json:"x"`
	D    string    `json:"d"`
	Kid  string    `json:"kid"`
	Alg  string    `json:"alg"`
	Use  string    `json:"use"`
	From time.Time `json:"from"`
	Made time.Time `json:"made"`
}

func makeSigning(dir string, from, made time.Time) (id string, err error) {
	private := ed25519.NewKeyFromSeed(random(ed25519.SeedSize))
	public, _ := private.Public().(ed25519.PublicKey)
	id = thumbprint(public)
	text, err := json.MarshalIndent(signFile{Kty: "OKP", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public),
		D: base64.RawURLEncoding.EncodeToString(private.Seed()), Kid: id, Alg: "EdDSA", Use: "sig", From: from, Made: made}, "", "  ")
	if err != nil {
		return "", err
	}
	return id, place(dir, id+signKey, append(text, '\n'))
}

// readSigning reads one key, with its revocation if there is one.
func readSigning(dir, id string) (SigningKey, error) {
	path := filepath.Join(dir, id+signKey)
	text, err := readPrivate(path)
	if err != nil {
		return SigningKey{}, fmt.Errorf("secret: signing key: %w", err)
	}
	broken := fmt.Errorf("secret: %s is not the signing key of its name: restore it from a copy", path)
	var f signFile
	if json.Unmarshal(text, &f) != nil {
		return SigningKey{}, broken
	}
	seed, err := base64.RawURLEncoding.DecodeString(f.D)
	if err != nil || len(seed) != ed25519.SeedSize || f.From.IsZero() {
		return SigningKey{}, broken
	}
	private := ed25519.NewKeyFromSeed(seed)
	public, _ := private.Public().(ed25519.PublicKey)
	if f.Kid != id || thumbprint(public) != id || base64.RawURLEncoding.EncodeToString(public) != f.X {
		return SigningKey{}, broken
	}
	key := SigningKey{ID: id, Public: public, From: f.From.UTC(), private: private, made: f.Made.UTC()}
	return key.withRevocation(dir)
}

func (s SigningKey) withRevocation(dir string) (SigningKey, error) {
	path := filepath.Join(dir, s.ID+signRevoked)
	text, err := readPrivate(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return SigningKey{}, fmt.Errorf("secret: signing key: %w", err)
	}
	if s.RevokedAt, err = time.Parse(time.RFC3339, strings.TrimSpace(string(text))); err != nil {
		return SigningKey{}, fmt.Errorf("secret: %s does not say when the key was revoked: %w", path, err)
	}
	s.private = nil
	return s, nil
}

// thumbprint is the RFC 7638 name of a key.
func thumbprint(public ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(public)
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// place writes a file beside its place and links it there: it is there whole or
// not at all, and never replaces another.
func place(dir, name string, text []byte) error {
	temp, err := os.CreateTemp(dir, ".new-*") // CreateTemp makes it 0600
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := temp.Write(text); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := temp.Sync(); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if err := os.Link(temp.Name(), filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return syncDir(dir)
}
