package notice_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/internal/outbound"
)

// service is a push service on loopback, under the name example.com, with the
// browsers that take their pushes from it.
type service struct {
	client *outbound.Client

	mu       sync.Mutex
	browsers map[string]*browser // by path
	pushes   []push
	answers  map[string][]int // statuses to answer with before 201, by path
	gates    map[string]chan struct{}
	hanging  int // requests that came to a gate
}

// push is what the service got.
type push struct {
	Path, Topic, TTL, Urgency, Text string
	Size                            int
	Sender                          string // whom the VAPID token names
	Key                             string
}

// browser is one that subscribed: only it can read its pushes.
type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{browsers: map[string]*browser{}, answers: map[string][]int{}}
	srv := httptest.NewTLSServer(s)
	t.Cleanup(srv.Close)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	s.client = outbound.New(outbound.Config{Roots: roots, Reach: map[string]string{"example.com": srv.Listener.Addr().String()}})
	t.Cleanup(s.client.CloseIdle)
	return s
}

// browser makes a browser whose pushes arrive under a path.
func (s *service) browser(t *testing.T, path string) notice.Browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	must(t, err)
	b := &browser{key: key, auth: make([]byte, 16)}
	_, _ = rand.Read(b.auth)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[path] = b
	return notice.Browser{Endpoint: "https://example.com" + path, P256DH: base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()),
		Auth: base64.RawURLEncoding.EncodeToString(b.auth)}
}

// answer makes the next pushes to a path end with these statuses.
func (s *service) answer(path string, statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = statuses
}

// left is how many of those answers were not given yet.
func (s *service) left(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.answers[path])
}

// hang makes pushes to these paths wait until the gate is closed.
func (s *service) hang(gate chan struct{}, paths ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gates = map[string]chan struct{}{}
	for _, path := range paths {
		s.gates[path] = gate
	}
}

func (s *service) gate(path string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gates[path] != nil {
		s.hanging++
	}
	return s.gates[path]
}

// came is how many requests came to a gate.
func (s *service) came() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hanging
}

// got lists the pushes so far.
func (s *service) got() []push {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pushes)
}

// shown is what browsers are told, repeats aside: pushes of one topic take each
// other's place.
func (s *service) shown() map[string]int {
	out := map[string]int{}
	topics := map[string]bool{}
	for _, p := range s.got() {
		if !topics[p.Path+p.Topic] {
			out[p.Path]++
		}
		topics[p.Path+p.Topic] = true
	}
	return out
}

// ServeHTTP takes a push.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if gate := s.gate(r.URL.Path); gate != nil {
		<-gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	b := s.browsers[r.URL.Path]
	if err != nil || b == nil || r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "aes128gcm" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if wait := s.answers[r.URL.Path]; len(wait) > 0 {
		s.answers[r.URL.Path] = wait[1:]
		w.WriteHeader(wait[0])
		return
	}
	p := push{Path: r.URL.Path, Topic: r.Header.Get("Topic"), TTL: r.Header.Get("TTL"), Urgency: r.Header.Get("Urgency"), Size: len(body)}
	if p.Text, err = b.read(body); err == nil {
		p.Sender, p.Key, err = vouched(r.Header.Get("Authorization"))
	}
	if err != nil {
		p.Text = "unreadable: " + err.Error()
	}
	s.pushes = append(s.pushes, p)
	w.WriteHeader(http.StatusCreated)
}

// read decrypts a push as a browser does (RFC 8291, RFC 8188).
func (b *browser) read(body []byte) (string, error) {
	if len(body) < 86 || body[20] != 65 {
		return "", errors.New("header")
	}
	salt, size, sender, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:86], body[86:]
	if int(size) < len(sealed) {
		return "", errors.New("record size")
	}
	point, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return "", err
	}
	shared, err := b.key.ECDH(point)
	if err != nil {
		return "", err
	}
	info := "WebPush: info\x00" + string(b.key.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	if err != nil {
		return "", err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return "", err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return "", err
	}
	plain = []byte(strings.TrimRight(string(plain), "\x00"))
	text, ok := strings.CutSuffix(string(plain), "\x02")
	if !ok {
		return "", errors.New("padding")
	}
	return text, nil
}

// vouched checks a VAPID token as a push service does (RFC 8292).
func vouched(header string) (sender, key string, err error) {
	token, key, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return "", "", errors.New("no token")
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return "", "", err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return "", "", err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		return "", "", fmt.Errorf("signature: %w", err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return "", "", errors.New("the signature is wrong")
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", "", err
	}
	var c struct{ Aud, Sub string }
	if err := json.Unmarshal(claims, &c); err != nil || c.Aud != "https://example.com" {
		return "", "", fmt.Errorf("audience %q: %w", c.Aud, err)
	}
	return c.Sub, key, nil
}
