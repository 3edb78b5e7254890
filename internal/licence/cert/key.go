package cert

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Key is the public half of a signing key with its window: it is believed for
// what was issued from From up to Until (zero: still open). A key with
// RevokedAt was lost or stolen and is believed for nothing, since its thief may
// date what he signs as he likes.
type Key struct {
	ID        string // the RFC 7638 thumbprint
	Public    ed25519.PublicKey
	From      time.Time
	Until     time.Time
	RevokedAt time.Time
}

// Holds tells whether the key's window holds the moment.
func (k Key) Holds(t time.Time) bool {
	return !t.Before(k.From) && (k.Until.IsZero() || t.Before(k.Until))
}

// Thumbprint is the RFC 7638 thumbprint of an Ed25519 key (RFC 8037, A.3).
func Thumbprint(public ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(public)
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwk is one key of a set. The window and the revocation use the parameters
// that OpenID Federation registered for historical keys.
type jwk struct {
	Kty     string      `json:"kty"`
	Crv     string      `json:"crv"`
	X       string      `json:"x"`
	Kid     string      `json:"kid"`
	Use     string      `json:"use,omitempty"`
	Alg     string      `json:"alg,omitempty"`
	From    int64       `json:"nbf,omitempty"`
	Until   int64       `json:"exp,omitempty"`
	Revoked *jwkRevoked `json:"revoked,omitempty"`
}

type jwkRevoked struct {
	At     int64  `json:"revoked_at"`
	Reason string `json:"reason,omitempty"`
}

// MarshalJWKS writes the set that /.well-known/jwks.json serves: every key ever
// used, with its window in whole seconds.
func MarshalJWKS(keys []Key) ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: make([]jwk, 0, len(keys))}
	for _, k := range keys {
		if len(k.Public) != ed25519.PublicKeySize || k.ID != Thumbprint(k.Public) {
			return nil, fmt.Errorf("cert: key %q does not have its own thumbprint as its name", k.ID)
		}
		j := jwk{Kty: "OKP", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(k.Public), Kid: k.ID, Use: "sig", Alg: algEdDSA,
			From: seconds(k.From), Until: seconds(k.Until)}
		if !k.RevokedAt.IsZero() {
			j.Revoked = &jwkRevoked{At: seconds(k.RevokedAt), Reason: "keyCompromise"}
		}
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}

// ParseJWKS reads a set. Keys of other kinds are passed over; an Ed25519 key
// whose name is not its thumbprint, or that appears twice, spoils the set.
func ParseJWKS(text []byte) ([]Key, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("cert: the key set is not a JWKS: %w", err)
	}
	if set.Keys == nil {
		return nil, errors.New("cert: the key set is not a JWKS: it has no keys")
	}
	var out []Key
	seen := map[string]bool{}
	for _, j := range set.Keys {
		if j.Kty != "OKP" || j.Crv != "Ed25519" {
			continue
		}
		k, err := j.key()
		if err != nil {
			return nil, err
		}
		if seen[k.ID] {
			return nil, fmt.Errorf("cert: the key set holds %q twice", k.ID)
		}
		seen[k.ID] = true
		out = append(out, k)
	}
	return out, nil
}

func (j jwk) key() (Key, error) {
	x, err := decode64(j.X)
	if err != nil || len(x) != ed25519.PublicKeySize {
		return Key{}, fmt.Errorf("cert: key %q of the set has no Ed25519 point", j.Kid)
	}
	k := Key{ID: Thumbprint(x), Public: x, From: moment(j.From), Until: moment(j.Until)}
	if j.Kid != k.ID {
		return Key{}, fmt.Errorf("cert: key %q of the set has the thumbprint %s", j.Kid, k.ID)
	}
	if j.Revoked != nil {
		k.RevokedAt = time.Unix(j.Revoked.At, 0).UTC()
	}
	return k, nil
}

// seconds and moment turn "never" into nothing and back.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func moment(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
