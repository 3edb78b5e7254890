package meili

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/meilisearch/meilisearch-go"
)

// What a caller can meet, told apart with errors.Is.
var (
	// ErrClosed answers every call after Close.
	ErrClosed = errors.New("search engine is closed")
	// ErrAway tells that the server did not answer, or answered that it cannot now.
	ErrAway = errors.New("Meilisearch is away")
	// ErrRefused tells that the server does not take our key.
	ErrRefused = errors.New("Meilisearch refuses the key")
	// ErrTask tells that the server took a write and then failed to do it.
	ErrTask = errors.New("Meilisearch failed a task")
	// errMissing tells that the index is not there.
	errMissing = errors.New("the index is not there")
	// errTorn tells that the index was swapped between two halves of one answer.
	errTorn = errors.New("the index changed while it was read")
)

// Fault is a failed call. It names the call and the server's word for what was
// wrong, and never a text, a request or a key: the library's own errors hold them.
type Fault struct {
	Call   string // what was asked for
	Status int    // HTTP status, 0 without an answer
	Code   string // the server's code, such as "index_not_found"
	Kind   error  // one of the errors above, or of package context
}

// Error says what failed.
func (f *Fault) Error() string {
	return fmt.Sprintf("meilisearch %s: %v (status %d, code %q)", f.Call, f.Kind, f.Status, f.Code)
}

// Unwrap gives the kind, for errors.Is.
func (f *Fault) Unwrap() error { return f.Kind }

// Away tells that the server could not be asked, as against one that answered
// and refused: what it holds is still there.
func (f *Fault) Away() bool { return errors.Is(f.Kind, ErrAway) || errors.Is(f.Kind, ErrRefused) }

// fold makes a Fault of whatever the library gave.
func fold(call string, err error) error {
	if err == nil {
		return nil
	}
	var ours *Fault
	if errors.As(err, &ours) {
		return err
	}
	f := &Fault{Call: call, Kind: ErrAway}
	var api *meilisearch.Error
	if errors.As(err, &api) {
		f.Status, f.Code = api.StatusCode, api.MeilisearchApiError.Code
		if api.OriginError != nil {
			err = api.OriginError
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		f.Kind = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		f.Kind = errors.Join(ErrAway, context.DeadlineExceeded)
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden:
		f.Kind = ErrRefused
	case f.Code == "index_not_found":
		f.Kind = errMissing
	case f.Status >= http.StatusBadRequest && f.Status < http.StatusInternalServerError && f.Status != http.StatusTooManyRequests && f.Status != http.StatusRequestTimeout:
		f.Kind = errors.New("the request was not understood")
	}
	return f
}

// The breaker opens after breakAfter failures in a row, for breakFirst at
// first and at most breakMost.
const (
	breakAfter = 5
	breakFirst = time.Second
	breakMost  = 30 * time.Second
)

// breaker keeps questions from a server that is away: each would wait for its
// deadline. When its time is over one question is let through to try.
type breaker struct {
	mu     sync.Mutex
	failed int // in a row
	until  time.Time
	pause  time.Duration
	trying bool
}

// enter asks whether a call may be made; false while the server is given a rest.
func (b *breaker) enter(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakAfter {
		return true
	}
	if b.trying || now.Before(b.until) {
		return false
	}
	b.trying = true
	return true
}

// leave notes how a call went. A caller that left says nothing of the server.
func (b *breaker) leave(now time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
	switch {
	case errors.Is(err, context.Canceled):
	case errors.Is(err, ErrAway) || errors.Is(err, ErrRefused):
		if b.failed++; b.failed >= breakAfter {
			b.pause = min(max(2*b.pause, breakFirst), breakMost)
			b.until = now.Add(b.pause)
		}
	default:
		b.failed, b.pause = 0, 0
	}
}

// open tells whether calls are being held back.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed >= breakAfter
}
