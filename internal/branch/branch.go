// Package branch keeps what an operator decides about a running board: its
// name, languages, rules, who may sign up, whether profiles wait for approval,
// links and rates for comparing prices. It promises that a board works with
// defaults before anything was decided, that the one-time code of the first
// run is good for exactly one setup, and that nothing out of bounds is saved.
// It refuses to know who acts: package account checks the role.
package branch

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Kind and ID name the settings in the change log.
const (
	Kind = "branch"
	ID   = "1"
)

// SignUp says who may make an account.
type SignUp string

// The ways of signing up.
const (
	Open       SignUp = "open"       // everybody
	Invitation SignUp = "invitation" // who holds an unused invitation
	Closed     SignUp = "closed"     // nobody; accounts are made at the console or by a claim
)

// Links lead to the branch's own places outside. Each is empty or an http(s) address.
type Links struct {
	Discord string `json:"discord,omitempty"`
	GitHub  string `json:"github,omitempty"`
	YouTube string `json:"youtube,omitempty"`
	Site    string `json:"site,omitempty"`
}

// Settings are the branch's decisions: one row.
type Settings struct {
	bun.BaseModel `bun:"table:branch"`

	ID        int64       `bun:"id,pk"`
	Name      string      `bun:"name"`                 // up to 60 characters
	Languages []string    `bun:"languages,type:jsonb"` // "ru", "en"; the first is the default
	Rules     string      `bun:"rules"`                // Markdown, up to 20 000 characters
	SignUp    SignUp      `bun:"sign_up"`
	Approval  bool        `bun:"approval"` // new profiles wait for a moderator
	Links     Links       `bun:"links,type:jsonb"`
	Rates     money.Rates `bun:"rates,type:jsonb"` // for comparing prices, dated
	Currency  string      `bun:"currency"`         // shown first where prices are asked for
	SetupMAC  []byte      `bun:"setup_mac"`        // of the one-time code; nil when there is none
	SetupAt   time.Time   `bun:"setup_at,nullzero"`
}

// Defaults are the settings of a board whose operator has decided nothing yet.
func Defaults() Settings {
	return Settings{ID: 1, Name: "Oduvan", Languages: []string{"ru", "en"}, SignUp: Open, Currency: "RUB"}
}

// Done tells whether the first run is over.
func (s Settings) Done() bool { return !s.SetupAt.IsZero() }

// clone keeps a caller's changes out of the cache.
func (s Settings) clone() Settings {
	s.Languages = slices.Clone(s.Languages)
	s.Rates.Per = maps.Clone(s.Rates.Per)
	s.SetupMAC = slices.Clone(s.SetupMAC)
	return s
}

// Branch reads the settings for every page, so it keeps them while the change
// counter stands. It is safe for concurrent use.
type Branch struct {
	db   *db.DB
	keys *secret.Keys

	mu     sync.Mutex
	cached Settings
	at     int64 // the change counter cached belongs to; -1: none
}

// New makes the branch; it reads nothing yet.
func New(d *db.DB, keys *secret.Keys) *Branch { return &Branch{db: d, keys: keys, at: -1} }

// Settings are the branch's settings now, defaults before the first run.
func (b *Branch) Settings(ctx context.Context) (Settings, error) {
	s, _, err := b.At(ctx)
	return s, err
}

// At is Settings with the change counter that they belong to: what is read
// after it is at least as new. With an error the settings are the last that
// were known, so that even the page that tells it speaks the branch's language.
func (b *Branch) At(ctx context.Context) (Settings, int64, error) {
	n, err := b.db.Generation(ctx)
	if err != nil {
		return b.last(), 0, err
	}
	if s, ok := b.known(n); ok {
		return s, n, nil
	}
	var s Settings
	err = b.db.Read(ctx, func(tx *db.Tx) error {
		// The counter first: what is read after it is at least as new, so a
		// change in between costs one more reading and never a stale page.
		if n, err = tx.Generation(ctx); err != nil {
			return err
		}
		s, err = Load(ctx, tx)
		return err
	})
	if err != nil {
		return b.last(), 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cached, b.at = s.clone(), n
	return s, n, nil
}

// last are the settings known last, defaults where none were ever read.
func (b *Branch) last() Settings {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at < 0 {
		return Defaults()
	}
	return b.cached.clone()
}

func (b *Branch) known(n int64) (Settings, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at != n {
		return Settings{}, false
	}
	return b.cached.clone(), true
}

// Done tells whether the first run is over.
func (b *Branch) Done(ctx context.Context) (bool, error) {
	s, err := b.Settings(ctx)
	return s.Done(), err
}

// Load reads the settings inside the caller's unit of work.
func Load(ctx context.Context, tx *db.Tx) (Settings, error) {
	var s Settings
	err := tx.NewSelect().Model(&s).Where("id = 1").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Defaults(), nil
	}
	return s, err
}
