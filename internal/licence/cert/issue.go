package cert

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Signer signs with one key. It is safe for concurrent use.
type Signer struct {
	key     Key
	private ed25519.PrivateKey
}

// NewSigner takes a key with its private half. It is an error when the halves
// do not belong together, the name is not the thumbprint, or the key is revoked.
func NewSigner(k Key, private ed25519.PrivateKey) (*Signer, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, errors.New("cert: the private key is not an Ed25519 key")
	}
	public, _ := private.Public().(ed25519.PublicKey)
	switch {
	case !public.Equal(k.Public) || !public.Equal(ed25519.NewKeyFromSeed(private.Seed()).Public()):
		return nil, errors.New("cert: the two halves of the key do not belong together")
	case k.ID != Thumbprint(public):
		return nil, fmt.Errorf("cert: key %q does not have its own thumbprint as its name", k.ID)
	case !k.RevokedAt.IsZero():
		return nil, fmt.Errorf("cert: key %s is revoked", k.ID)
	}
	return &Signer{key: k, private: private}, nil
}

// Key is the public half.
func (s *Signer) Key() Key { return s.key }

// Issue writes the certificate: a pure function of the facts and the key. It is
// an error when the facts do not pass Check or the key's window does not hold
// PaidAt, which is the certificate's date.
func Issue(f Facts, s *Signer) (string, error) {
	if err := f.Check(); err != nil {
		return "", err
	}
	payload, err := f.payload()
	if err != nil {
		return "", err
	}
	return s.sign(payload, f.Issuer, f.PaidAt)
}

// sign makes the compact JWS.
func (s *Signer) sign(payload []byte, issuer string, at time.Time) (string, error) {
	if !s.key.Holds(at) {
		return "", fmt.Errorf("cert: key %s is not for what is issued at %s", s.key.ID, at.Format(time.RFC3339))
	}
	opts := (&jose.SignerOptions{}).WithType(typJWT).WithContentType(ctyVC).WithHeader("iss", issuer)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: s.private, KeyID: s.key.ID}}, opts)
	if err != nil {
		return "", fmt.Errorf("cert: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("cert: %w", err)
	}
	return signed.CompactSerialize()
}

// IssueStatus writes a signed status list as a W3C Bitstring Status List
// credential, a compact JWS like a certificate.
func IssueStatus(f StatusFacts, s *Signer) (string, error) {
	payload, err := f.payload()
	if err != nil {
		return "", err
	}
	return s.sign(payload, f.Issuer, f.At)
}
