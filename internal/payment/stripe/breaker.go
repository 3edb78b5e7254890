package stripe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// How the program gives up on a Stripe that does not answer.
const (
	failuresAllowed = 5                // one after another, then nobody is kept waiting
	pauseAfter      = 30 * time.Second // until one call tries again
	callsAtOnce     = 32               // more at once would only wait behind what hangs
	waitAtLeast     = 5 * time.Second  // whoever gives up sooner by their own deadline has learnt nothing
)

// errTripped is what a call gets that is not made because Stripe is away.
var errTripped = errors.New("stripe: not asked, for it did not answer")

// breaker is a transport that stops asking a Stripe which is away: after some
// failures one after another every call is refused at once, and after a pause
// one of them tries whether Stripe is back. So a Stripe that hangs keeps a few
// callers waiting and not all.
type breaker struct {
	next http.RoundTripper
	now  func() time.Time

	mu       sync.Mutex
	running  int
	failures int       // one after another
	until    time.Time // no call before; zero: calls are made
	trying   bool      // one call finds out whether it is back
}

// RoundTrip makes the call, unless Stripe is away. The answer is read here, so
// that one that never ends counts as none. It implements http.RoundTripper.
func (b *breaker) RoundTrip(req *http.Request) (*http.Response, error) {
	trial, err := b.enter()
	if err != nil {
		return nil, err
	}
	began := b.now()
	res, err := b.next.RoundTrip(req)
	if err == nil {
		body := res.Body
		var whole []byte
		whole, err = io.ReadAll(io.LimitReader(body, maxAnswer+1))
		err = errors.Join(err, body.Close())
		res.Body = io.NopCloser(bytes.NewReader(whole))
	}
	switch {
	case err == nil && res.StatusCode < http.StatusInternalServerError:
		b.leave(trial, answered)
	case err != nil && errors.Is(req.Context().Err(), context.Canceled), // whoever asked went away: that says nothing
		err != nil && errors.Is(req.Context().Err(), context.DeadlineExceeded) && b.now().Sub(began) < waitAtLeast:
		b.leave(trial, unheard)
	default:
		b.leave(trial, silence)
	}
	if err != nil {
		return nil, err
	}
	return res, nil
}

// CloseIdleConnections lets http.Client end them.
func (b *breaker) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// enter lets a call begin, and tells whether it is the one that tries.
func (b *breaker) enter() (trial bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.running >= callsAtOnce:
		return false, errTripped
	case b.until.IsZero():
	case b.trying || b.now().Before(b.until):
		return false, errTripped
	default:
		b.trying, trial = true, true
	}
	b.running++
	return trial, nil
}

// outcome is how a call ended.
type outcome int

const (
	answered outcome = iota
	silence          // no answer, or Stripe's own failure
	unheard          // nobody waited for the answer
)

// leave counts how a call ended. What began before Stripe was given up does not
// bring it back.
func (b *breaker) leave(trial bool, how outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	if trial {
		b.trying = false
	}
	switch {
	case how == answered && (trial || b.until.IsZero()):
		b.failures, b.until = 0, time.Time{}
	case how == silence && trial:
		b.until = b.now().Add(pauseAfter)
	case how == silence && b.until.IsZero():
		if b.failures++; b.failures >= failuresAllowed {
			b.until = b.now().Add(pauseAfter)
		}
	}
}
