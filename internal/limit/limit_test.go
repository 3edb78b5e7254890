package limit_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/limit"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) Add(d time.Duration) { c.mu.Lock(); c.now = c.now.Add(d); c.mu.Unlock() }

func limiter(t interface {
	Helper()
	Fatal(...any)
}, cfg limit.Config) (*limit.Limiter, *clock) {
	t.Helper()
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Classes == nil {
		cfg.Classes = map[string]limit.Class{"login": {Every: time.Minute, Burst: 3}, "read": {Every: time.Second, Burst: 1}}
	}
	c := newClock()
	l, err := limit.New(cfg, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

func TestBurstThenOneEvery(t *testing.T) {
	t.Parallel()
	l, c := limiter(t, limit.Config{})
	who := l.Address("203.0.113.7:4711")
	for i := range 3 {
		if ok, wait := l.Allow("login", who); !ok || wait != 0 {
			t.Fatalf("act %d: %v, %v", i, ok, wait)
		}
	}
	for range 5 { // refusals do not lengthen the wait
		if ok, wait := l.Allow("login", who); ok || wait != time.Minute {
			t.Fatalf("past the burst: %v, %v", ok, wait)
		}
	}
	c.Add(45 * time.Second)
	if ok, wait := l.Allow("login", who); ok || wait.Round(time.Millisecond) != 15*time.Second {
		t.Fatalf("too early: %v, %v", ok, wait)
	}
	c.Add(15 * time.Second)
	if ok, _ := l.Allow("login", who); !ok {
		t.Fatal("after the wait it is refused")
	}
	if ok, _ := l.Allow("read", who); !ok {
		t.Fatal("another class shares the bucket")
	}
	if ok, wait := l.Allow("misspelled", who); ok || wait <= 0 {
		t.Fatalf("unknown class: %v, %v", ok, wait)
	}
}

func TestNeighbourhoods(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, limit.Config{})
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"203.0.113.7:1", "203.0.113.250:2", true},
		{"203.0.113.7", "203.0.113.7:2", true},
		{"203.0.113.7:1", "203.0.114.7:1", false},
		{"203.0.113.7:1", "[::ffff:203.0.113.9]:1", true},
		{"[2001:db8:0:ff00::1]:1", "[2001:db8:0:ffff:1::2]:9", true},
		{"[2001:db8:0:ff00::1]:1", "[2001:db8:0:fe00::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"nonsense", "", true},
		{"nonsense", "203.0.113.7", false},
	} {
		if same := l.Address(c.a) == l.Address(c.b); same != c.same {
			t.Errorf("%q and %q: same is %v", c.a, c.b, same)
		}
	}
	if l.Account("203.0.113.0/24") == l.Address("203.0.113.7") {
		t.Error("an account's key equals an address's")
	}
}

func TestKeysAreForgottenDaily(t *testing.T) {
	t.Parallel()
	l, c := limiter(t, limit.Config{})
	other, _ := limiter(t, limit.Config{})
	first := l.Address("203.0.113.7")
	if other.Address("203.0.113.7") == first {
		t.Error("two processes give the same key")
	}
	c.Add(23 * time.Hour)
	if l.Address("203.0.113.7") != first {
		t.Error("forgotten too early")
	}
	c.Add(time.Hour)
	if l.Address("203.0.113.7") == first {
		t.Error("the same key on the next day")
	}
}

// The whole state of a limiter, printed, holds no address.
func TestNoAddressIsStored(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, limit.Config{})
	l.Allow("login", l.Address("127.66.77.88:1234"))
	state := fmt.Sprintf("%+v %#v", l, l)
	for _, leak := range []string{"127.66.77", "\x7f\x42\x4d", "127, 66, 77", "0x7f, 0x42, 0x4d"} {
		if strings.Contains(state, leak) {
			t.Errorf("the state holds %q", leak)
		}
	}
}

func TestOldestMakesRoom(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, limit.Config{Buckets: 2})
	a, b, c := l.Account("a"), l.Account("b"), l.Account("c")
	allowed := func(key limit.Key) bool { ok, _ := l.Allow("read", key); return ok }
	if !allowed(a) || !allowed(b) || allowed(a) { // now b is the oldest
		t.Fatal("plain counting is wrong")
	}
	if !allowed(c) || allowed(a) || !allowed(b) {
		t.Error("not the oldest made room")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	now := newClock().Now
	class := func(c limit.Class) map[string]limit.Class { return map[string]limit.Class{"x": c} }
	for name, cfg := range map[string]limit.Config{
		"no random":     {},
		"random fails":  {Random: bytes.NewReader(nil)},
		"no every":      {Random: rand.Reader, Classes: class(limit.Class{Burst: 1})},
		"no burst":      {Random: rand.Reader, Classes: class(limit.Class{Every: 1})},
		"fewer than no": {Random: rand.Reader, Buckets: -1},
	} {
		if _, err := limit.New(cfg, now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := limit.New(limit.Config{Random: rand.Reader}, nil); err == nil {
		t.Error("no clock: taken")
	}
}

func TestDeadRandomSourceKeepsLimiting(t *testing.T) {
	t.Parallel()
	once := io.MultiReader(bytes.NewReader(make([]byte, 32)), broken{})
	l, c := limiter(t, limit.Config{Random: once})
	key := l.Account("a")
	l.Allow("read", key)
	c.Add(25 * time.Hour)
	if l.Account("a") != key {
		t.Error("the key changed without a random source")
	}
	l.Allow("read", key)
	if ok, _ := l.Allow("read", key); ok {
		t.Error("limiting ended")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestManyAtOnceGetTheBurst(t *testing.T) {
	t.Parallel()
	l, _ := limiter(t, limit.Config{})
	var group sync.WaitGroup
	var passed atomic.Int32
	for range 32 {
		group.Go(func() {
			for range 20 {
				if ok, _ := l.Allow("login", l.Address("203.0.113.7:1")); ok {
					passed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if passed.Load() != 3 {
		t.Errorf("%d passed, want 3", passed.Load())
	}
}

// However acts are spread, no window lets more through than burst plus refill.
func TestNeverMoreThanTheBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, c := limiter(t, limit.Config{})
		key := l.Account("a")
		start, passed := c.Now(), 0
		for _, seconds := range rapid.SliceOfN(rapid.IntRange(0, 90), 1, 60).Draw(t, "pauses") {
			c.Add(time.Duration(seconds) * time.Second)
			if ok, wait := l.Allow("login", key); ok {
				passed++
			} else if wait <= 0 || wait > time.Minute {
				t.Fatalf("wait %v", wait)
			}
			if most := 3 + int(c.Now().Sub(start)/time.Minute); passed > most {
				t.Fatalf("%d passed in %v", passed, c.Now().Sub(start))
			}
		}
	})
}
