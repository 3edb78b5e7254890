package notice

import (
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/SherClockHolmes/webpush-go"
)

// keyFile holds the private key of Web Push in the secrets folder: 32 bytes, a
// scalar of P-256 (RFC 8292).
const keyFile = "push.key"

const keySize = 32

// VAPID is the key pair by which push services know the branch. Changing it ends
// every subscription: browsers bind theirs to the public key.
type VAPID struct {
	private string
	public  string
}

// Public is the public key as browsers take it: an uncompressed point in
// base64url.
func (v *VAPID) Public() string { return v.public }

// String keeps the key out of logs.
func (v *VAPID) String() string { return "notice.VAPID(hidden)" }

// GoString keeps the key out of %#v.
func (v *VAPID) GoString() string { return v.String() }

// Format keeps the key out of every other verb.
func (v *VAPID) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(v.String())) }

// OpenVAPID reads the key from the secrets folder. It answers os.ErrNotExist
// where the operator has made none: push is off. A key that other users of the
// machine may read, or that is none, is an error.
func OpenVAPID(dir string) (*VAPID, error) {
	path := filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("push key: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("push key: other users may read %s (mode %04o): run chmod 600 on it", path, mode)
	}
	if info.Size() != keySize {
		return nil, fmt.Errorf("push key: %s is no key: restore it from a copy", path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("push key: %w", err)
	}
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("push key: %s is no key: restore it from a copy", path)
	}
	return &VAPID{private: base64.RawURLEncoding.EncodeToString(raw),
		public: base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())}, nil
}

// MakeVAPID makes the key in the secrets folder and reads it. A key that is
// there stays: the answer says whether this call made it.
func MakeVAPID(dir string) (v *VAPID, made bool, err error) {
	if v, err = OpenVAPID(dir); !errors.Is(err, os.ErrNotExist) {
		return v, false, err
	}
	private, _, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		return nil, false, fmt.Errorf("push key: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(private)
	if err != nil || len(raw) != keySize {
		return nil, false, errors.New("push key: the maker of keys gave none")
	}
	if made, err = linkKey(dir, raw); err != nil {
		return nil, false, fmt.Errorf("push key: %w", err)
	}
	v, err = OpenVAPID(dir)
	return v, made, err
}

// linkKey writes the key beside its place and links it there: a link, unlike a
// rename, never replaces a key that another process has just made.
func linkKey(dir string, raw []byte) (made bool, err error) {
	temp, err := os.CreateTemp(dir, ".new-*") // CreateTemp makes it 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := temp.Write(raw); err != nil {
		return false, err
	}
	if err := temp.Sync(); err != nil {
		return false, err
	}
	err = os.Link(temp.Name(), filepath.Join(dir, keyFile))
	if err != nil && !errors.Is(err, os.ErrExist) {
		return false, err
	}
	folder, openErr := os.Open(dir)
	if openErr != nil {
		return false, openErr
	}
	defer folder.Close()
	return err == nil, folder.Sync()
}
