package cert

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Entries is how many licences share a status list: the least that the
// standard allows, so that an index says little about its licence.
const Entries = 131_072

// StatusTTL is how long a fetched status list may be relied on.
const StatusTTL = time.Hour

// Purpose is what a set bit of a list means.
type Purpose string

// The purposes.
const (
	Revocation Purpose = "revocation" // for ever
	Suspension Purpose = "suspension" // until the bit is cleared
)

const (
	typeStatusCredential = "BitstringStatusListCredential"
	typeStatusList       = "BitstringStatusList"
)

// RevocationList and SuspensionList are the numbers of the two lists of pair n.
func RevocationList(n int) int { return 2*n + 1 }

// SuspensionList is the number of the second list of pair n.
func SuspensionList(n int) int { return 2*n + 2 }

// PurposeOf tells what a list's bits mean by its number.
func PurposeOf(list int) Purpose {
	if list%2 == 1 {
		return Revocation
	}
	return Suspension
}

// StatusURL is where a branch publishes a list.
func StatusURL(issuer string, list int) string { return issuer + statusPath + strconv.Itoa(list) }

// listOf reads a revocation list's number from its address.
func listOf(issuer, address string) (int, bool) {
	word, ok := strings.CutPrefix(address, issuer+statusPath)
	n, err := strconv.Atoi(word)
	return n, ok && err == nil && n > 0 && n <= 2*maxLists+2 && strconv.Itoa(n) == word
}

// StatusList is one list of Entries bits, all clear at first. It is not safe
// for concurrent writing.
type StatusList struct{ bits [Entries / 8]byte }

// Set sets or clears the bit of an index; an index outside the list is ignored.
func (l *StatusList) Set(index int, to bool) {
	if index < 0 || index >= Entries {
		return
	}
	mask := byte(0x80) >> (index % 8) // the first index is the left-most bit
	if to {
		l.bits[index/8] |= mask
	} else {
		l.bits[index/8] &^= mask
	}
}

// Get tells whether the bit of an index is set.
func (l *StatusList) Get(index int) bool {
	return index >= 0 && index < Entries && l.bits[index/8]&(0x80>>(index%8)) != 0
}

// Encode writes the list as the standard says: gzip, then base64url without
// padding behind the multibase letter u.
func (l *StatusList) Encode() (string, error) {
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := zip.Write(l.bits[:]); err != nil {
		return "", err
	}
	if err := zip.Close(); err != nil {
		return "", err
	}
	return "u" + base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

// DecodeStatusList reads what Encode writes, by whatever gzip it was made. It
// refuses any other length before it fills the memory.
func DecodeStatusList(text string) (*StatusList, error) {
	word, ok := strings.CutPrefix(text, "u")
	if !ok {
		return nil, errors.New("cert: the status list is not base64url by multibase")
	}
	raw, err := decode64(word)
	if err != nil {
		return nil, err
	}
	unzip, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("cert: status list: %w", err)
	}
	bits, err := io.ReadAll(io.LimitReader(unzip, Entries/8+1))
	if err != nil {
		return nil, fmt.Errorf("cert: status list: %w", err)
	}
	if len(bits) != Entries/8 {
		return nil, fmt.Errorf("cert: the status list does not hold %d entries", Entries)
	}
	return &StatusList{bits: [Entries / 8]byte(bits)}, nil
}

// statusCredential is the payload of a signed list.
type statusCredential struct {
	Context []string      `json:"@context"`
	ID      string        `json:"id"`
	Type    []string      `json:"type"`
	Issuer  string        `json:"issuer"`
	Iat     int64         `json:"iat"`
	From    time.Time     `json:"validFrom"`
	Subject statusSubject `json:"credentialSubject"`
}

type statusSubject struct {
	ID      string  `json:"id"`
	Type    string  `json:"type"`
	Purpose Purpose `json:"statusPurpose"`
	Encoded string  `json:"encodedList"`
	TTL     int64   `json:"ttl"` // milliseconds
}

// StatusFacts are what a signed status list says.
type StatusFacts struct {
	Issuer string // the branch's origin
	List   int    // the list's number: odd revocation, even suspension
	Bits   *StatusList
	At     time.Time // as of when; UTC, whole seconds
}

func (f StatusFacts) payload() ([]byte, error) {
	if f.Bits == nil || f.List < 1 || !isOrigin(f.Issuer) || !isInstant(f.At) {
		return nil, errors.New("cert: the facts of a status list are incomplete")
	}
	encoded, err := f.Bits.Encode()
	if err != nil {
		return nil, fmt.Errorf("cert: status list: %w", err)
	}
	return f.credential(encoded)
}

func (f StatusFacts) credential(encoded string) ([]byte, error) {
	address := StatusURL(f.Issuer, f.List)
	return write(statusCredential{
		Context: []string{contextVC}, ID: address, Type: []string{typeVC, typeStatusCredential}, Issuer: f.Issuer, Iat: f.At.Unix(), From: f.At,
		Subject: statusSubject{address + "#list", typeStatusList, PurposeOf(f.List), encoded, StatusTTL.Milliseconds()},
	})
}

// VerifyStatus reads a signed status list and believes it only when a key of
// the set signed it in its window, for the issuer where one is given. How old
// it may be is the caller's to judge by At and StatusTTL; a list from later
// than o.Now is refused where that is set.
func VerifyStatus(jwt []byte, o Options) (StatusFacts, error) {
	s, _, err := open(jwt, o.Keys)
	if err != nil {
		return StatusFacts{}, err
	}
	var c statusCredential
	if err := json.Unmarshal(s.payload, &c); err != nil {
		return StatusFacts{}, fmt.Errorf("cert: the payload is not a status list: %w", err)
	}
	list, ok := listOf(c.Issuer, c.ID)
	f := StatusFacts{Issuer: c.Issuer, List: list, At: time.Unix(c.Iat, 0).UTC()}
	again, err := f.credential(c.Subject.Encoded)
	switch {
	case err != nil:
		return StatusFacts{}, err
	case !ok || !isOrigin(c.Issuer) || s.header.Iss != c.Issuer || !bytes.Equal(again, s.payload):
		return StatusFacts{}, errors.New("cert: the payload is not written as this program writes a status list")
	case o.Issuer != "" && o.Issuer != c.Issuer:
		return StatusFacts{}, fmt.Errorf("cert: the status list is of another branch: %s", c.Issuer)
	case !s.key.Holds(f.At):
		return StatusFacts{}, fmt.Errorf("cert: key %s was not for that time", s.key.ID)
	case !o.Now.IsZero() && f.At.After(o.Now.Add(skew)):
		return StatusFacts{}, errors.New("cert: the status list is from the future")
	}
	if f.Bits, err = DecodeStatusList(c.Subject.Encoded); err != nil {
		return StatusFacts{}, err
	}
	return f, nil
}
