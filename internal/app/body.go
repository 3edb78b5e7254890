package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// The bounds of bodies that are being read. Readers are weighed by the memory
// that they may need.
const (
	readersInAll  = 256
	readersNearby = 16 // of one neighbourhood
	eventsNearby  = 64 // of Stripe's events: they come from few addresses, many at a time
	pictureWeight = 8  // of a picture's reader
	pictureTime   = time.Minute
)

// readers counts bodies that are being read or worked on.
type readers struct {
	mu     sync.Mutex
	all    int
	nearby map[limit.Key]int
}

// enter takes a weight, if there is room.
func (b *readers) enter(key limit.Key, weight, most int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all+weight > readersInAll || b.nearby[key]+weight > most {
		return false
	}
	b.all += weight
	b.nearby[key] += weight
	return true
}

func (b *readers) leave(key limit.Key, weight int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all -= weight
	if b.nearby[key] -= weight; b.nearby[key] <= 0 {
		delete(b.nearby, key)
	}
}

// bodies reads a request's body, up to its route's bound, before the request
// takes a place in the lane and before its time runs: whoever sends slowly
// waits alone. What is wrong with a body the route itself says.
func (a *App) bodies(next http.Handler) http.Handler {
	people, events := &readers{nearby: map[limit.Key]int{}}, &readers{nearby: map[limit.Key]int{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		in, key, weight, most := people, a.limits.Address(r.RemoteAddr), 1, readersNearby
		switch {
		case stripesOwn(r): // whoever fills the one lane leaves the other free
			in, most = events, eventsNearby
		case a.Site.Uploads(r):
			weight = pictureWeight
		}
		if a.limits.shared(key) {
			most = readersInAll
		}
		if !in.enter(key, weight, most) {
			hangUp(w)
			a.busy(w, r)
			return
		}
		defer in.leave(key, weight)
		whole := *r
		whole.Body = a.body(w, r)
		next.ServeHTTP(w, &whole)
	})
}

// body is a request's body in memory, or the fault of reading it.
func (a *App) body(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	bound := a.bound(r)
	if r.ContentLength > bound || bound == 0 {
		hangUp(w)
		return io.NopCloser(broken{&http.MaxBytesError{Limit: bound}})
	}
	control := http.NewResponseController(w)
	if bound > api.MaxBody {
		_ = control.SetReadDeadline(time.Now().Add(pictureTime)) // a recorder in a test has none
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(r.Body, bound+1))
	if bound > api.MaxBody {
		_ = control.SetReadDeadline(time.Now().Add(writeTimeout))
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	switch {
	case err != nil:
		hangUp(w)
		return io.NopCloser(io.MultiReader(&b, broken{err}))
	case n > bound:
		hangUp(w)
		return io.NopCloser(broken{&http.MaxBytesError{Limit: bound}})
	}
	return io.NopCloser(&b)
}

// bound is how much of a body is read.
func (a *App) bound(r *http.Request) int64 {
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		return api.MaxBody
	case stripesOwn(r):
		return stripe.MaxEvent
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.patience)
	defer cancel()
	return a.Site.BodyBound(r.WithContext(ctx))
}

// hangUp lets the answer go out without the rest of the body, which the server
// would otherwise wait for in the midst of writing.
func hangUp(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	if err := http.NewResponseController(w).EnableFullDuplex(); errors.Is(err, http.ErrNotSupported) {
		return // a recorder in a test
	}
}

// hangUpUnread is hangUp for routes that take no body.
func hangUpUnread(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		hangUp(w)
	}
}

// broken is a body that could not be read.
type broken struct{ err error }

// Read fails.
func (b broken) Read([]byte) (int, error) { return 0, b.err }

// busy asks to come again in a moment.
func (a *App) busy(w http.ResponseWriter, r *http.Request) {
	a.metrics.refused.Inc()
	if strings.HasPrefix(r.URL.Path, "/api/") {
		a.API.Busy(w, r)
		return
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, "503: too busy, try again in a second", http.StatusServiceUnavailable)
}
