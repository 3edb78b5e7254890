// Package secret owns the secrets folder and everything made from its keys:
// keyed hashes for looking tokens up, sealing of texts at rest, recovery codes
// and tokens, and the list of erased accounts. It promises that keys reach the
// disk whole or not at all, that two processes starting at once end with the
// same keys, and that no key is ever printed. It refuses a folder or a key that
// other users of the machine may read, and never replaces a key that exists.
//
// The folder is shared by all processes of a branch and is not part of a
// backup. The package stands apart from the rule against random sources: it is
// where secrets come from.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keySize is the size of both keys: AES-256 and HMAC-SHA-256.
const keySize = 32

// The files of the folder.
const (
	sealFile      = "seal.key"
	hmacFile      = "hmac.key"
	tombstoneFile = "tombstones"
)

// sealVersion is the first byte of everything sealed, so that the way of
// sealing can change while old texts stay readable.
const sealVersion = 1

// ErrSealed says that a sealed text cannot be opened: another key, other
// associated data, or a changed text. Which of them is not told.
var ErrSealed = errors.New("secret: the sealed text cannot be opened")

// Keys are the opened secrets of one branch, safe for concurrent use.
type Keys struct {
	dir   string
	hmac  [keySize]byte
	seal  cipher.AEAD
	fresh bool
}

// Open opens the secrets folder, making it (0700) and its keys (0600) where
// they are missing. It is an error when the folder or a key may be read by
// others, or a key is not 32 bytes long.
func Open(dir string) (*Keys, error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	sealKey, _, err := keyFile(dir, sealFile)
	if err != nil {
		return nil, err
	}
	hmacKey, fresh, err := keyFile(dir, hmacFile)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealKey[:])
	if err != nil {
		return nil, fmt.Errorf("secret: seal key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("secret: seal key: %w", err)
	}
	return &Keys{dir: dir, hmac: hmacKey, seal: aead, fresh: fresh}, nil
}

// Fresh tells that this Open made the HMAC key. Beside a database that already
// holds accounts it means the old key is lost, and with it every recovery code
// and session: the caller must say so loudly.
func (k *Keys) Fresh() bool { return k.fresh }

// Discard removes the HMAC key that this Open made, for a caller that refuses to
// work with it: else the next start would find it and take it for the old one.
// A key that was there before is never removed.
func (k *Keys) Discard() error {
	if !k.fresh {
		return nil
	}
	if err := os.Remove(filepath.Join(k.dir, hmacFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("secret: %w", err)
	}
	return syncDir(k.dir)
}

// MAC is HMAC-SHA-256 under the branch's key. The purpose keeps apart hashes of
// the same data made for different ends: a session token's hash is never the
// hash of a recovery code.
func (k *Keys) MAC(purpose string, data []byte) [32]byte {
	h := hmac.New(sha256.New, k.hmac[:])
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(purpose))))
	h.Write([]byte(purpose))
	h.Write(data)
	return [32]byte(h.Sum(nil))
}

// Seal encrypts a text under the branch's key with AES-256-GCM and a random
// nonce. What it is about (for instance "order/17/details") is bound to it and
// not kept in it: Open needs the same words, so a sealed text cannot be moved
// to another row.
func (k *Keys) Seal(about string, plain []byte) []byte {
	return k.seal.Seal([]byte{sealVersion}, nil, plain, []byte(about))
}

// Open is the reverse of Seal; any failure is ErrSealed.
func (k *Keys) Open(about string, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	plain, err := k.seal.Open(nil, nil, sealed[1:], []byte(about))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// String keeps the keys out of logs and panics.
func (k *Keys) String() string { return "secret.Keys(hidden)" }

// GoString keeps the keys out of %#v.
func (k *Keys) GoString() string { return k.String() }

// Format keeps the keys out of every other verb, such as %x and %+v.
func (k *Keys) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(k.String())) }

// privateDir makes the folder or checks that only its owner may enter it.
func privateDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("secret: %s is not a folder", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("secret: other users may enter the secrets folder %s (mode %04o): run chmod 700 on it", dir, mode)
	}
	return nil
}

// readPrivate reads a file that only its owner may read.
func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("secret: other users may read %s (mode %04o): run chmod 600 on it", path, mode)
	}
	if info.Size() > 1<<26 {
		return nil, fmt.Errorf("secret: %s is absurdly large", path)
	}
	out := make([]byte, info.Size())
	if _, err := file.ReadAt(out, 0); err != nil && info.Size() > 0 {
		return nil, err
	}
	return out, nil
}

// keyFile reads a key, making it first where it is missing.
func keyFile(dir, name string) (key [keySize]byte, made bool, err error) {
	path := filepath.Join(dir, name)
	content, err := readPrivate(path)
	if errors.Is(err, os.ErrNotExist) {
		if made, err = makeKey(dir, path); err != nil {
			return key, false, fmt.Errorf("secret: make %s: %w", path, err)
		}
		content, err = readPrivate(path)
	}
	if err != nil {
		return key, false, fmt.Errorf("secret: %w", err)
	}
	if len(content) != keySize {
		return key, false, fmt.Errorf("secret: %s holds %d bytes instead of %d: restore it from a copy", path, len(content), keySize)
	}
	return [keySize]byte(content), made, nil
}

// makeKey writes a new key beside its place and links it there: a link, unlike
// a rename, never replaces the key that another process has just made.
func makeKey(dir, path string) (made bool, err error) {
	temp, err := os.CreateTemp(dir, ".new-*") // CreateTemp makes it 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	if _, err := temp.Write(random(keySize)); err != nil {
		return false, err
	}
	if err := temp.Sync(); err != nil {
		return false, err
	}
	err = os.Link(temp.Name(), path)
	if err != nil && !errors.Is(err, os.ErrExist) {
		return false, err
	}
	return err == nil, syncDir(dir)
}

// syncDir makes new names in a folder survive a power cut.
func syncDir(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
