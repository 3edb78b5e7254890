package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tmoeg/oduvan/internal/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, a := range strings.Fields(`1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255
		128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0
		198.17.255.255 198.20.0.0 198.51.99.255 203.0.112.255 203.0.114.0 223.255.255.255
		2001:200:: 2606:4700:4700::1111 2a00:1450:4010:c0f::5f 2003:: 3ffe:: 2620:4f:7fff::1`) {
		if !outbound.Public(netip.MustParseAddr(a)) {
			t.Errorf("%s is of the public internet", a)
		}
	}
	for what, list := range map[string]string{
		"this network":       "0.0.0.0 0.0.0.1 0.255.255.255",
		"private":            "10.0.0.0 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255",
		"shared":             "100.64.0.1 100.127.255.255",
		"loopback":           "127.0.0.1 127.255.255.255 ::1",
		"unspecified":        "0.0.0.0 ::",
		"link-local, clouds": "169.254.0.1 169.254.169.254 fe80::1 fe80::1%eth0 febf::1 fd00:ec2::254",
		"protocols":          "192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170 192.0.0.171 2001:1::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1",
		"documentation":      "192.0.2.1 198.51.100.1 203.0.113.255 2001:db8::1 3fff::1 3fff:fff::1",
		"AS112, AMT":         "192.31.196.1 192.52.193.1 192.175.48.1 2620:4f:8000::1 2001:3::1",
		"benchmarks":         "198.18.0.1 198.19.255.255 2001:2::1",
		"multicast":          "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
		"reserved":           "240.0.0.1 255.255.255.255 4000::1 5f00::1 100::1 100:0:0:1::1",
		"unique local":       "fc00::1 fdff::1",
		"site-local":         "fec0::1",
		"mapped":             "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:169.254.169.254",
		"compatible":         "::127.0.0.1 ::8.8.8.8",
		"translated":         "::ffff:0:10.0.0.1",
		"6to4":               "2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 192.88.99.1",
		"NAT64":              "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::a00:1",
		"Teredo":             "2001::1 2001:0:53aa:64c::1",
		"zone":               "2606:4700:4700::1111%eth0",
	} {
		for _, a := range strings.Fields(list) {
			if outbound.Public(netip.MustParseAddr(a)) {
				t.Errorf("%s: %s must not be called", what, a)
			}
		}
	}
	if outbound.Public(netip.Addr{}) {
		t.Error("no address must not be called")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://example.org", "https://example.org/", "https://example.org:443/a?b=c", "https://a-b.c1.example.org./x",
		"https://xn--e1afmkfd.xn--p1ai/", "HTTPS://Example.ORG/"} {
		if err := outbound.Check(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range append(notHTTPS(), notNamed()...) {
		if err := outbound.Check(bad); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

func notHTTPS() []string {
	return []string{"", "/", "example.org", "//example.org/", "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
		"unix:///run/x.sock", "https:example.org", "https://", "https:///x", "https://:443/", "https://example.org:80/", "https://example.org:8443/",
		"https://example.org:/", "https://example.org:0443/", "https://example.org:443443/", "https://u@example.org/", "https://u:p@example.org/", "https://@example.org/",
		"https://example.org\n/", "https://example.org%2f@127.0.0.1/", "https://exa mple.org/", "https://" + strings.Repeat("a.", 1200) + "org/"}
}

func notNamed() []string {
	return []string{"https://127.0.0.1/", "https://1.1.1.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/",
		"https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0/", "https://0x7f.1/", "https://127.0.0.1./",
		"https://localhost/", "https://a.localhost/", "https://router/", "https://printer.local/", "https://db.internal/", "https://x.home.arpa/",
		"https://metadata.google.internal/", "https://x.onion/", "https://кот.рф/", "https://a..b/", "https://.example.org/", "https://-a.example.org/",
		"https://a_b.example.org/", "https://example.org\\@127.0.0.1/", "https://①②⑦.⓪.⓪.①/", "https://" + strings.Repeat("a", 64) + ".org/"}
}

// service is a TLS server on loopback under the name example.com.
func service(t *testing.T, handle http.HandlerFunc, cfg outbound.Config) (*outbound.Client, *httptest.Server) {
	t.Helper()
	srv := httptest.NewUnstartedServer(handle)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	cfg.Roots = x509.NewCertPool()
	cfg.Roots.AddCert(srv.Certificate())
	if cfg.Reach == nil {
		cfg.Reach = map[string]string{"example.com": srv.Listener.Addr().String()}
	}
	c := outbound.New(cfg)
	t.Cleanup(c.CloseIdle)
	return c, srv
}

func get(t *testing.T, c *outbound.Client, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err == nil {
		t.Cleanup(func() { _ = res.Body.Close() })
	}
	return res, err
}

func TestDo(t *testing.T) {
	t.Parallel()
	c, _ := service(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.UserAgent()+" "+r.Proto)
	}, outbound.Config{})
	req, err := http.NewRequest(http.MethodGet, "https://example.com/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "inside.example.com"
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if got, want := string(body), "example.com oduvan HTTP/2.0"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if req.Host != "inside.example.com" || req.Header.Get("User-Agent") != "" {
		t.Error("the caller's request was changed")
	}
}

// TestNothingInsideIsReached holds the connection itself: the server listens on
// loopback, and the name that leads there is right in every other way.
func TestNothingInsideIsReached(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = conn.Close()
		}
	}()
	for _, address := range []string{l.Addr().String(), "127.0.0.1:443", "[::1]:443", "10.0.0.1:443", "169.254.169.254:443",
		"[::ffff:127.0.0.1]:443", "[64:ff9b::7f00:1]:443", "[2002:7f00:1::]:443", "0.0.0.0:443", "1.1.1.1:80", "1.1.1.1:8443"} {
		if err := outbound.Dial(address); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%s: got %v", address, err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d connections inside", n)
	}
}

func TestUnixSocketsAndUDPAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"unix", "/run/x.sock"}, {"udp4", "1.1.1.1:443"}, {"tcp", "example.org:443"}, {"tcp4", "1.1.1.1"}} {
		if err := outbound.Control(c[0], c[1]); !errors.Is(err, outbound.ErrRefused) {
			t.Errorf("%v: got %v", c, err)
		}
	}
	for _, c := range [][2]string{{"tcp4", "1.1.1.1:443"}, {"tcp6", "[2606:4700:4700::1111]:443"}} {
		if err := outbound.Control(c[0], c[1]); err != nil {
			t.Errorf("%v: got %v", c, err)
		}
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	c, _ := service(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "https://example.com/again", http.StatusFound)
	}, outbound.Config{})
	res, err := get(t, c, "https://example.com/")
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusFound || hits.Load() != 1 {
		t.Errorf("got %d after %d requests", res.StatusCode, hits.Load())
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	c, _ := service(t, func(w http.ResponseWriter, r *http.Request) {
		n := 100
		if r.URL.Path == "/long" {
			n = 101
		}
		_, _ = w.Write(make([]byte, n))
	}, outbound.Config{MaxBody: 100})
	for path, want := range map[string]error{"/fits": nil, "/long": outbound.ErrTooLarge} {
		res, err := get(t, c, "https://example.com"+path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if len(body) != 100 || !errors.Is(err, want) {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
		if want != nil {
			if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, want) {
				t.Errorf("reading on: %v", err)
			}
		}
	}
}

func TestErrorsHoldNoAddress(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	c, srv := service(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}, outbound.Config{Timeout: 50 * time.Millisecond})
	defer close(hang)
	stranger := outbound.New(outbound.Config{Reach: map[string]string{"example.com": srv.Listener.Addr().String()}}) // does not trust the certificate
	nobody := outbound.New(outbound.Config{Reach: map[string]string{"example.com": "127.0.0.1:1"}})
	for name, client := range map[string]*outbound.Client{"too slow": c, "certificate": stranger, "nobody there": nobody} {
		_, err := get(t, client, "https://example.com/secret-capability")
		if !errors.Is(err, outbound.ErrAway) || strings.Contains(err.Error(), "example") || strings.Contains(err.Error(), "127.") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := get(t, c, "https://127.0.0.1/secret"); !errors.Is(err, outbound.ErrRefused) || strings.Contains(err.Error(), "127") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(req); !errors.Is(err, context.Canceled) || !errors.Is(err, outbound.ErrAway) {
		t.Errorf("cancelled: got %v", err)
	}
}

// TestProxiesOfTheEnvironmentAreNotAsked runs itself again in an environment
// that names a proxy, since the standard library reads it once a process.
func TestProxiesOfTheEnvironmentAreNotAsked(t *testing.T) {
	t.Parallel()
	if os.Getenv("ODUVAN_OUTBOUND_CHILD") != "" {
		c, _ := service(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "direct") }, outbound.Config{})
		res, err := get(t, c, "https://example.com/")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(res.Body); string(body) != "direct" || err != nil {
			t.Fatalf("got %q, %v", body, err)
		}
		return
	}
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	child := exec.Command(os.Args[0], "-test.run=^TestProxiesOfTheEnvironmentAreNotAsked$")
	child.Env = append(os.Environ(), "ODUVAN_OUTBOUND_CHILD=1", "HTTPS_PROXY="+proxy.URL, "https_proxy="+proxy.URL,
		"HTTP_PROXY="+proxy.URL, "ALL_PROXY="+proxy.URL, "NO_PROXY=", "no_proxy=")
	if out, err := child.CombinedOutput(); err != nil || asked.Load() != 0 {
		t.Errorf("the proxy was asked %d times: %v\n%s", asked.Load(), err, out)
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range append(notHTTPS(), notNamed()...) {
		f.Add(s)
	}
	f.Add("https://example.org/push/v2/abc")
	f.Fuzz(func(t *testing.T, address string) {
		if outbound.Check(address) != nil {
			return
		}
		req, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			return
		}
		host := req.URL.Hostname()
		if _, err := netip.ParseAddr(strings.Trim(host, "[].")); err == nil || req.URL.Scheme != "https" || req.URL.User != nil ||
			!strings.Contains(host, ".") || req.URL.Port() != "" && req.URL.Port() != "443" {
			t.Errorf("%q was taken", address)
		}
	})
}
