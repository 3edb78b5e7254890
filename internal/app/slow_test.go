package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// slowly opens a connection that begins a body and never ends it.
func slowly(t *testing.T, address, path, kind string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: "+kind+"\r\nContent-Length: 1000\r\n\r\nc"); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSlowSendersBlockNobody(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for range 100 {
		slowly(t, w.URL, "/login", "application/x-www-form-urlencoded")
	}
	for range 30 {
		slowly(t, w.URL, "/api/v1/me/services", "application/json")
		slowly(t, w.URL, "/healthz", "text/plain")
		slowly(t, w.URL, "/me/profile/picture", "multipart/form-data; boundary=x")
	}
	c := &http.Client{Timeout: time.Minute}
	for _, path := range []string{"/healthz", "/readyz", "/", "/search", "/login", "/api/openapi.json"} {
		res, err := c.Get(w.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d while others send slowly", path, res.StatusCode)
		}
	}
}

func TestTooManySendersAreToldToComeAgain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for range 300 {
		slowly(t, w.URL, "/login", "application/x-www-form-urlencoded")
	}
	var last *http.Response
	for range 1000 { // the server takes the connections in while we ask
		res, err := http.Post(w.URL+"/api/v1/me/services", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if last = res; res.StatusCode == http.StatusServiceUnavailable {
			break
		}
	}
	if last.StatusCode != http.StatusServiceUnavailable || last.Header.Get("Retry-After") == "" ||
		last.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %v", last.StatusCode, last.Header)
	}
}

func TestABodyOverItsBoundIsRefusedByItsRoute(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	token := w.Person("ada").Token()
	for _, x := range []struct {
		path, kind string
		size       int
	}{{"/login", "application/x-www-form-urlencoded", 65 << 10}, {"/api/v1/me/services", "application/json", 2 << 20}} {
		for _, chunked := range []bool{false, true} {
			var body io.Reader = bytes.NewReader(bytes.Repeat([]byte("a"), x.size))
			if chunked {
				body = io.MultiReader(body)
			}
			req, err := http.NewRequest(http.MethodPost, w.URL+x.path, body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", x.kind)
			req.Header.Set("Authorization", "Bearer "+token)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if x.path != "/login" {
				var problem struct{ Code string }
				if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || problem.Code != "too_large" {
					t.Errorf("%s says %+v, %v", x.path, problem, err)
				}
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("%s of %d bytes, chunked %v: %d", x.path, x.size, chunked, res.StatusCode)
			}
		}
	}
}

// TestLimitsBehindAProxy tells who shares a bucket: the neighbourhood that
// counts is the client's where the proxy is trusted.
func TestLimitsBehindAProxy(t *testing.T) {
	t.Parallel()
	const many = 60 // between the bound of a neighbourhood, 20, and the wide one
	for name, x := range map[string]struct {
		trusted, peer, forwarded string
		other                    string // X-Forwarded-For of the one who asks last
		refused, otherRefused    bool
	}{
		"nobody in between":       {peer: "192.0.2.1:1", refused: true, otherRefused: true},
		"a header nobody trusts":  {peer: "192.0.2.1:1", forwarded: "203.0.113.1", other: "198.51.100.1", refused: true, otherRefused: true},
		"a proxy on this machine": {peer: "127.0.0.1:1", forwarded: "203.0.113.1", other: "203.0.113.1"},
		"a trusted proxy": {trusted: "127.0.0.1, 10.0.0.0/8", peer: "10.1.2.3:9", forwarded: "203.0.113.1", other: "198.51.100.1",
			refused: true},
		"an invented beginning": {trusted: "10.0.0.0/8", peer: "10.1.2.3:9", forwarded: "198.51.100.1, 203.0.113.1",
			other: "192.0.2.77, 203.0.113.1", refused: true, otherRefused: true},
		"two trusted proxies": {trusted: "10.0.0.0/8", peer: "10.1.2.3:9", forwarded: "203.0.113.1:5555, 10.4.4.4",
			other: "198.51.100.1, 10.4.4.4", refused: true},
		"a broken entry": {trusted: "10.0.0.0/8", peer: "10.1.2.3:9", forwarded: "203.0.113.1, unknown", other: "198.51.100.1, unknown",
			refused: true, otherRefused: true},
		"IPv6": {trusted: "::1", peer: "[::1]:9", forwarded: "[2001:db8::1]:443", other: "2001:db8:ffff::1", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := boardBehind(t, x.trusted)
			got := 0
			for range many {
				got = asks(h, x.peer, x.forwarded)
			}
			if refused := got == http.StatusTooManyRequests; refused != x.refused {
				t.Errorf("after %d tries: %d", many, got)
			}
			got = asks(h, x.peer, x.other)
			if refused := got == http.StatusTooManyRequests; refused != x.otherRefused {
				t.Errorf("another one: %d", got)
			}
		})
	}
}

func boardBehind(t *testing.T, trusted string) http.Handler {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.TrustedProxies = t.TempDir(), trusted
	dbtest.Copy(t, cfg.Data)
	a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true, Clock: dbtest.NewClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a.Handler()
}

func asks(h http.Handler, peer, forwarded string) int {
	req := httptest.NewRequest(http.MethodPost, "/login/passkey/begin", strings.NewReader("{}"))
	req.Header.Set("Content-Type", "application/json")
	req.RemoteAddr = peer
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	out := httptest.NewRecorder()
	h.ServeHTTP(out, req)
	return out.Code
}
