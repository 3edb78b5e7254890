// Package outbound is the only way by which the program calls out over HTTP.
// It promises that a stranger's address never leads inside: https on port 443
// only, and the address that a name resolved to is checked at the moment of
// connecting, so a name that changes its mind is refused too. It follows no
// redirect, takes no proxy from the environment, waits 10 seconds and reads
// 1 MiB. It refuses to say in an error where it was going: what it returns may
// be logged.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// The errors of a call. None of them holds an address.
var (
	ErrRefused  = errors.New("outbound: the address is not one to call")
	ErrAway     = errors.New("outbound: no answer")
	ErrTooLarge = errors.New("outbound: the answer is too large")
)

// The bounds of a call.
const (
	Timeout    = 10 * time.Second // from the name's look-up to the last byte of the answer
	MaxBody    = 1 << 20          // bytes of an answer, unpacked
	maxAddress = 2048
	maxHeader  = 64 << 10
	port       = "443"
)

// Config says how a client differs from the usual; its zero value is the real
// world.
type Config struct {
	Timeout time.Duration     // 0: Timeout
	MaxBody int64             // 0: MaxBody
	Roots   *x509.CertPool    // tests only: certificates to trust; nil: the system's
	Reach   map[string]string // tests only: host → address that is dialled in its place, unchecked
}

// Client calls out. It is safe for concurrent use.
type Client struct {
	http *http.Client
	max  int64
}

// New makes a client.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = Timeout
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = MaxBody
	}
	dialer := &net.Dialer{Timeout: cfg.Timeout, Control: control}
	dial := dialer.DialContext
	if len(cfg.Reach) > 0 {
		dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(address)
			if instead, ok := cfg.Reach[host]; ok {
				return (&net.Dialer{Timeout: cfg.Timeout}).DialContext(ctx, network, instead)
			}
			return dialer.DialContext(ctx, network, address)
		}
	}
	return &Client{max: cfg.MaxBody, http: &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // never http.ProxyFromEnvironment: a proxy would connect unchecked
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
			TLSHandshakeTimeout:    cfg.Timeout,
			ResponseHeaderTimeout:  cfg.Timeout,
			MaxResponseHeaderBytes: maxHeader,
			MaxConnsPerHost:        8,
			MaxIdleConns:           16,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}}
}

// CloseIdle closes connections that wait for a next call.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// Do sends a request. A redirect is an answer like any other and is not
// followed. The answer's body ends with ErrTooLarge over the bound. Errors:
// ErrRefused for an address that must not be called, ErrAway for any other
// failure; a cancelled context stays recognisable.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := check(req.URL); err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Host = "" // the URL's own: a foreign name in the request would reach another site of the same machine
	req.Header.Set("User-Agent", "oduvan")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, mask(err)
	}
	res.Body = &bounded{body: res.Body, left: c.max}
	return res, nil
}

// mask keeps the class of an error and drops its text, which holds addresses.
func mask(err error) error {
	switch {
	case errors.Is(err, ErrRefused):
		return ErrRefused
	case errors.Is(err, context.Canceled):
		return errors.Join(ErrAway, context.Canceled)
	}
	return ErrAway
}

// Check tells whether an address is one that may be called, as far as its text
// says: https, port 443, a full name instead of a number, no password.
// Error: ErrRefused.
func Check(address string) error {
	if len(address) > maxAddress {
		return ErrRefused
	}
	u, err := url.Parse(address)
	if err != nil {
		return ErrRefused
	}
	return check(u)
}

func check(u *url.URL) error {
	if u == nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Port() != "" && u.Port() != port ||
		strings.HasSuffix(u.Host, ":") || !named(u.Hostname()) {
		return ErrRefused
	}
	return nil
}

// inside are endings of names that mean a machine's own network.
const inside = "localhost local internal intranet lan home corp home.arpa onion alt invalid test"

// named tells whether a host is a full name in ASCII: numbers in any notation
// end in a digit, which no public ending does.
func named(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if len(host) > 253 || !strings.Contains(host, ".") {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if last[0] >= '0' && last[0] <= '9' {
		return false
	}
	for ending := range strings.FieldsSeq(inside) {
		if strings.HasSuffix(host, "."+ending) {
			return false
		}
	}
	return true
}

// control is asked by the dialer for each address that a name resolved to,
// after the socket is made and before it connects.
func control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || to.Port() != 443 || !Public(to.Addr()) {
		return ErrRefused
	}
	return nil
}

// bounded is a body that ends with an error over its bound.
type bounded struct {
	body io.ReadCloser
	left int64
}

// Read reads on; over the bound it fails with ErrTooLarge.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more byte than allowed tells a long body from one that just fits
	}
	n, err := b.body.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n - 1, ErrTooLarge
	}
	if err != nil && err != io.EOF { //nolint:errorlint // readers return io.EOF bare
		err = mask(err)
	}
	return n, err
}

// Close closes the body.
func (b *bounded) Close() error { return b.body.Close() }
