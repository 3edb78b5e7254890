package app

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/site"
)

// wideFactor is how many neighbourhoods a proxy on this machine stands for
// when the board was not told to believe it.
const (
	wideFactor = 20
	wideSuffix = "/wide"
	loopback   = "127.0.0.1:0"
)

// gate is the limiter as it stands behind proxies: it says whose neighbourhood
// a request comes from. An address is only hashed here, never kept or logged.
type gate struct {
	*limit.Limiter
	trusted []netip.Prefix
}

func newGate(opt Options, trusted []netip.Prefix, clock func() time.Time) (*gate, error) {
	classes := site.Classes()
	maps.Copy(classes, api.Classes())
	if opt.NoLimits {
		for name := range classes {
			classes[name] = limit.Class{Every: time.Microsecond, Burst: 1 << 20}
		}
	}
	for name, c := range maps.Clone(classes) {
		classes[name+wideSuffix] = limit.Class{Every: max(1, c.Every/wideFactor), Burst: c.Burst * wideFactor}
	}
	limits, err := limit.New(limit.Config{Classes: classes, Random: rand.Reader}, clock)
	return &gate{Limiter: limits, trusted: trusted}, err
}

// Allow is the limiter's, with wide bounds for what many people share.
func (g *gate) Allow(class string, key limit.Key) (ok bool, retryAfter time.Duration) {
	if g.shared(key) {
		class += wideSuffix
	}
	return g.Limiter.Allow(class, key)
}

// shared tells whether everybody behind an unknown proxy has this key.
func (g *gate) shared(key limit.Key) bool {
	return len(g.trusted) == 0 && key == g.Address(loopback)
}

// located puts the client's address where a proxy's would stand.
func (g *gate) located(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := *r
		known.RemoteAddr = g.client(r)
		next.ServeHTTP(w, &known)
	})
}

// client is the address a request comes from: the peer's, or what a trusted
// proxy says. Only the entry that the last trusted proxy added is believed;
// what stands before it a stranger may have made up.
func (g *gate) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	switch {
	case err != nil:
		return r.RemoteAddr
	case len(g.trusted) == 0 && peer.Addr().Unmap().IsLoopback():
		return loopback
	case !g.trusts(peer.Addr()):
		return r.RemoteAddr
	}
	said := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(said) {
		addr, ok := forwarded(text)
		if !ok {
			break
		}
		if !g.trusts(addr) {
			return addr.String()
		}
	}
	return r.RemoteAddr
}

func (g *gate) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(g.trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// forwarded reads one entry of X-Forwarded-For; some proxies add the port.
func forwarded(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if both, err := netip.ParseAddrPort(text); err == nil {
		return both.Addr(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr, err == nil
}
