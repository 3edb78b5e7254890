package account_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// The flags of authenticator data, WebAuthn §6.1.
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
	attested     = 1 << 6
)

// authenticator is a passkey in software: ES256, discoverable, no attestation.
// Its fields spoil it for a test.
type authenticator struct {
	key    *ecdsa.PrivateKey
	id     []byte
	user   []byte // the user handle it was registered with
	origin string
	rpID   string
	flags  byte
	count  uint32
	typ    string // of the client data; empty: what the ceremony asks for
	aaguid [16]byte
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	a := &authenticator{key: key, id: make([]byte, 32), origin: origin, rpID: "board.example.org", flags: userPresent | userVerified}
	_, _ = rand.Read(a.id)
	_, _ = rand.Read(a.aaguid[:])
	return a
}

// options are the parts of the browser's options that it needs.
type options struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
		RP        struct{ ID string }
		User      struct{ ID, Name string }
		Selection struct{ ResidentKey, UserVerification string } `json:"authenticatorSelection"`
		Verify    string                                         `json:"userVerification"`
		Attest    string                                         `json:"attestation"`
		Exclude   []struct{ ID string }                          `json:"excludeCredentials"`
		Allow     []struct{ ID string }                          `json:"allowCredentials"`
	}
}

func read(t *testing.T, from any) (o options) {
	t.Helper()
	b, err := json.Marshal(from)
	must(t, err)
	must(t, json.Unmarshal(b, &o))
	return o
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) clientData(t *testing.T, typ, challenge string) []byte {
	t.Helper()
	if a.typ != "" {
		typ = a.typ
	}
	b, err := json.Marshal(map[string]any{"type": typ, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	must(t, err)
	return b
}

func (a *authenticator) data(flags byte) []byte {
	hash := sha256.Sum256([]byte(a.rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.count)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(t *testing.T, from any) []byte {
	t.Helper()
	o := read(t, from)
	user, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	must(t, err)
	a.user = user
	pub, err := a.key.PublicKey.Bytes() // 4, x, y
	must(t, err)
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: pub[1:33], -3: pub[33:]})
	must(t, err)
	data := append(a.data(a.flags|attested), a.aaguid[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	must(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON":    b64(a.clientData(t, "webauthn.create", o.PublicKey.Challenge)),
		"attestationObject": b64(object), "transports": []string{"internal"},
	})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(t *testing.T, from any) []byte {
	t.Helper()
	o := read(t, from)
	client := a.clientData(t, "webauthn.get", o.PublicKey.Challenge)
	data, sum := a.data(a.flags), sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	must(t, err)
	return a.answer(t, map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(a.user)})
}

func (a *authenticator) answer(t *testing.T, response map[string]any) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key",
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response})
	must(t, err)
	return b
}

// challengeOf makes options again from a ceremony's state.
func challengeOf(t *testing.T, state []byte, id string) any {
	t.Helper()
	var c struct {
		Session struct{ Challenge string } `json:"session"`
	}
	must(t, json.Unmarshal(state, &c))
	return map[string]any{"publicKey": map[string]any{"challenge": c.Session.Challenge, "user": map[string]any{"id": b64([]byte(id))}}}
}
