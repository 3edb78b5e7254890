// Package limit keeps floods off: it counts acts per class of route and per
// neighbourhood of addresses or account, in memory only. It promises that no
// address is ever stored: a bucket is found by a keyed hash of the /24 or /56
// network, under a random key of this process that is forgotten every day
// together with all buckets. It refuses to grow: the bucket used longest ago
// makes room for a new one.
//
// Several processes count apart, so the effective bound is the configured one
// times their number.
package limit

import (
	"container/list"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rotation is how long a hash key lives.
const rotation = 24 * time.Hour

// defaultBuckets bounds the memory to some tens of megabytes.
const defaultBuckets = 100_000

// The prefixes that count as one neighbourhood: what one household or one
// small provider customer usually gets.
const (
	prefixV4 = 24
	prefixV6 = 56
)

// Class is the bound of one class of routes: Burst acts at once, and one more
// every Every.
type Class struct {
	Every time.Duration
	Burst int
}

// Config says what is limited.
type Config struct {
	Classes map[string]Class
	Buckets int       // at most so many are kept; 0 means 100,000
	Random  io.Reader // a cryptographic source for the daily keys; needed
}

// Key names who acts, without telling who it is. It is worthless to another
// process and to this one after the day's rotation.
type Key [16]byte

// Limiter counts. It is safe for concurrent use and starts no goroutine.
type Limiter struct {
	classes map[string]Class
	most    int
	random  io.Reader
	clock   func() time.Time

	mu      sync.Mutex
	secret  [32]byte
	born    time.Time // of the secret
	buckets map[bucketKey]*list.Element
	recent  *list.List // of *bucket, the latest used first
}

type bucketKey struct {
	class string
	key   Key
}

type bucket struct {
	key   bucketKey
	meter *rate.Limiter
}

// New makes a limiter that reads the time from clock. It is an error when a
// class has no positive bounds or there is no random source.
func New(cfg Config, clock func() time.Time) (*Limiter, error) {
	if cfg.Random == nil || clock == nil {
		return nil, errors.New("limit: Random and the clock are needed")
	}
	for name, class := range cfg.Classes {
		if class.Every <= 0 || class.Burst <= 0 {
			return nil, fmt.Errorf("limit: class %q needs a positive Every and Burst", name)
		}
	}
	if cfg.Buckets < 0 {
		return nil, errors.New("limit: Buckets is negative")
	}
	if cfg.Buckets == 0 {
		cfg.Buckets = defaultBuckets
	}
	l := &Limiter{classes: cfg.Classes, most: cfg.Buckets, random: cfg.Random, clock: clock}
	if err := l.rotate(clock()); err != nil {
		return nil, err
	}
	return l, nil
}

// Address is the key of the network around a remote address, with or without a
// port. What is no address shares one key, so that it is limited, too.
func (l *Limiter) Address(remote string) Key {
	return l.hash("address", network(remote))
}

// Account is the key of an account.
func (l *Limiter) Account(id string) Key { return l.hash("account", id) }

// Allow counts one act and tells whether it may go on; if not, after how long
// it may be tried again (always positive then). A class that New was not given
// is never allowed, so that a misspelled one is noticed.
func (l *Limiter) Allow(class string, key Key) (ok bool, retryAfter time.Duration) {
	bounds, known := l.classes[class]
	if !known {
		return false, time.Minute
	}
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh(now)
	meter := l.bucket(bucketKey{class, key}, bounds)
	reserved := meter.ReserveN(now, 1)
	wait := reserved.DelayFrom(now)
	if wait <= 0 {
		return true, 0
	}
	reserved.CancelAt(now) // a refused act does not count, or a hasty client would never get in
	return false, wait
}

// bucket finds or makes a bucket and marks it as used; the lock is held.
func (l *Limiter) bucket(key bucketKey, bounds Class) *rate.Limiter {
	if element, ok := l.buckets[key]; ok {
		l.recent.MoveToFront(element)
		return element.Value.(*bucket).meter
	}
	if l.recent.Len() >= l.most {
		oldest := l.recent.Back()
		delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
	}
	made := &bucket{key: key, meter: rate.NewLimiter(rate.Every(bounds.Every), bounds.Burst)}
	l.buckets[key] = l.recent.PushFront(made)
	return made.meter
}

// hash is HMAC-SHA-256 under the day's key, cut to 16 bytes.
func (l *Limiter) hash(kind, who string) Key {
	now := l.clock()
	l.mu.Lock()
	l.refresh(now)
	secret := l.secret
	l.mu.Unlock()
	h := hmac.New(sha256.New, secret[:])
	h.Write([]byte(kind + "\x00" + who))
	return Key(h.Sum(nil)[:16])
}

// refresh rotates when the day is over or the clock went back before it; the
// lock is held. Where the random source fails the old key stays: limiting on
// matters more, and the next call tries again.
func (l *Limiter) refresh(now time.Time) {
	if age := now.Sub(l.born); age >= rotation || age < -rotation {
		_ = l.rotate(now)
	}
}

func (l *Limiter) rotate(now time.Time) error {
	var fresh [32]byte
	if _, err := io.ReadFull(l.random, fresh[:]); err != nil {
		return fmt.Errorf("limit: random source: %w", err)
	}
	l.secret, l.born = fresh, now
	l.buckets, l.recent = map[bucketKey]*list.Element{}, list.New()
	return nil
}

// network is the text of the neighbourhood of an address, or "unknown".
func network(remote string) string {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		both, err := netip.ParseAddrPort(remote)
		if err != nil {
			return "unknown"
		}
		addr = both.Addr()
	}
	addr = addr.Unmap().WithZone("")
	bits := prefixV6
	if addr.Is4() {
		bits = prefixV4
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
