package world

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"
)

// Person is what buyers tell Stripe of themselves. It is planted in what the
// world sends, so that a test can look whether any of it was kept.
type Person struct{ Name, Email, Phone, Last4 string }

// Manners are how unfriendly a world is; each number is a chance from 0 to 1.
type Manners struct {
	Trouble float64 // a call gets 429 or 500, or its answer is lost after it took effect
	Repeat  float64 // an event is sent once more, and again, up to five times
	Delay   float64 // an event waits for another round
	Drop    float64 // an event is never sent
	Ordered bool    // events of a round come in the order of what happened
}

// Hostile are the manners of a world that was not told otherwise.
func Hostile() Manners { return Manners{Trouble: 0.05, Repeat: 0.4, Delay: 0.3} }

// Calm are the manners of a world in which nothing goes wrong.
func Calm() Manners { return Manners{Ordered: true} }

// Config says what a world is like. Mock, Key, Base and Now are needed.
type Config struct {
	Mock    *Mock
	Key     string           // the platform's secret key, sk_test_… of letters and digits
	Base    string           // the world's own address, for the pages it links to
	Seed    uint64           // all that is by chance comes from it
	Now     func() time.Time // the clock
	Move    func(time.Time)  // sets the clock for the verb clock; nil: there is none
	Manners *Manners         // nil: Hostile
	Person  Person           // empty: a made-up buyer
	Client  *http.Client     // sends events; nil: one with a timeout of 5 s
}

// World is one stand-in for Stripe. It is an http.Handler: the API is under
// /v1/, the buyer's and the seller's pages under /pay/ and /connect/, the
// controls under /_world/. All of it may be used at the same time.
type World struct {
	cfg     Config
	manners Manners
	routes  []route

	mu        sync.Mutex
	rng       *rand.Rand
	accounts  map[string]*account
	links     map[string]*link
	sessions  map[string]*session
	intents   map[string]*intent
	charges   map[string]*charge
	refunds   map[string]*refund
	disputes  map[string]*dispute
	order     []string // ids of sessions, refunds and disputes, the oldest first
	events    []*event
	endpoints []*endpoint
	queue     []*delivery
	answers   map[string]*answer
	busy      map[string]bool // places of keys whose first call is at work
	released  chan struct{}   // closed when held calls may go on
	faults    []*Fault
	calls     []Call
}

var keyForm = regexp.MustCompile(`^[sr]k_test_[A-Za-z0-9]{8,200}$`)

// New makes an empty world.
func New(cfg Config) (*World, error) {
	u, err := url.Parse(cfg.Base)
	if cfg.Mock == nil || cfg.Now == nil || err != nil || u.Host == "" {
		return nil, errors.New("world: Mock, Now and Base are needed")
	}
	if !keyForm.MatchString(cfg.Key) {
		return nil, errors.New("world: the key must be sk_test_ and letters and digits")
	}
	if cfg.Manners == nil {
		m := Hostile()
		cfg.Manners = &m
	}
	if cfg.Person == (Person{}) {
		cfg.Person = Person{Name: "Planted Buyer", Email: "planted.buyer@example.com", Phone: "+15550102030", Last4: "4242"}
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 5 * time.Second}
	}
	w := &World{cfg: cfg, manners: *cfg.Manners, rng: rand.New(rand.NewPCG(cfg.Seed, 2023_10_16)),
		accounts: map[string]*account{}, links: map[string]*link{}, sessions: map[string]*session{}, intents: map[string]*intent{},
		charges: map[string]*charge{}, refunds: map[string]*refund{}, disputes: map[string]*dispute{}, answers: map[string]*answer{}, busy: map[string]bool{}, released: make(chan struct{})}
	w.routes = w.table()
	return w, nil
}

// Seed is what all chance in this world comes from.
func (w *World) Seed() uint64 { return w.cfg.Seed }

// Behave changes the world's manners from now on.
func (w *World) Behave(m Manners) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.manners = m
}

// id makes a new id of n letters and digits.
func (w *World) id(prefix string, n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := []byte(prefix)
	for range n {
		b = append(b, letters[w.rng.IntN(len(letters))])
	}
	return string(b)
}

func (w *World) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

// now is the clock in whole seconds, as all of Stripe's times are.
func (w *World) now() time.Time { return w.cfg.Now().Truncate(time.Second) }

// tick lets happen what only time makes happen.
func (w *World) tick() {
	now := w.now()
	for _, id := range w.order {
		if s := w.sessions[id]; s != nil && s.status == "open" && !now.Before(s.expires) {
			w.expire(s)
		}
	}
	for k, a := range w.answers {
		if now.Sub(a.at) > 24*time.Hour {
			delete(w.answers, k)
		}
	}
}
