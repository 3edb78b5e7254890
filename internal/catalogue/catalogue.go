// Package catalogue is the one list of public things: tutors, creators,
// services and whatever kinds come later. It promises that what the public
// finds is what the database shows at that moment: the index only orders and
// counts, rows are read afterwards, and a thing hidden a second ago is dropped
// from the answer even while the index still knows it. When the index is away
// it answers from SQL and says so. It refuses to know what a tutor is: a Kind
// tells how its things are read, and whoever owns the rows makes the Kind.
package catalogue

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

// Listing is one public thing as a card shows it.
type Listing struct {
	Kind, ID    string
	Handle      string // of the account behind it
	Name        string // display name of that account
	Title       string // of a service; of a person the display name
	Lead        string // headline or summary
	Skills      []string
	Levels      []string
	Langs       []string
	Formats     []string
	Licences    []string      // of a work: the licence for everybody by its SPDX id
	Price       *money.Amount // the lowest; nil: none is named
	PriceFrom   bool          // there are dearer ones too
	Minutes     int           // length of a service; 0: not by the clock
	Format      string        // of a service
	Free        bool          // something here costs nothing
	ByAgreement bool
	Newcomer    bool
	Since       time.Time // day of the first publication
	Seed        string    // of the drawn avatar
	Picture     string    // blob name of an uploaded picture
	URL         string    // path on this branch
	OwnerName   string    // display name of the account behind a service
	Second      bool      // the same stands in another kind: listed only with its own

	ReplyMinutes int  // of a tutor: how long an answer usually takes, in whole hours; 0: too few answers to tell
	ReplyShare   int  // of a tutor: percent of inquiries that get an answer, in tens, with ReplyKnown
	ReplyKnown   bool // of a tutor: there were enough inquiries to tell ReplyShare
	Capacity     int  // of a tutor: how many more inquiries are taken now, counted to five; 0: none, or not known
}

// Kind says how things of one kind are read. Every function reads only what is
// public at that moment and takes a constant number of queries, however many
// ids it gets.
type Kind struct {
	Name      string                                                                      // word in the change log, the index and addresses
	Path      func(id, handle string) string                                              // its page
	Documents func(context.Context, *db.Tx, []string) ([]search.Document, error)          // a missing id means: delete
	Listings  func(context.Context, *db.Tx, []string) ([]Listing, error)                  // in any order; a missing id is hidden
	IDs       func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) // in id order, after an id
	Newest    func(ctx context.Context, tx *db.Tx, n int) ([]string, error)               // last published first
	Count     func(context.Context, *db.Tx) (int, error)
	Handles   func(context.Context, *db.Tx, []string) ([]string, error) // which of these handles are public; nil for things that are not people
}

// Config is what a catalogue is made of.
type Config struct {
	DB      *db.DB
	Engine  search.Engine // nil: a process without an index, where SQL answers and nothing is fed
	Lease   Lease         // who feeds an index that several processes share; nil: this process has its own
	Log     *slog.Logger  // nil: discards
	Poll    time.Duration // how often changes are looked for; 0: 100 ms
	Timeout time.Duration // how long the index may think before SQL answers; 0: 1 s
}

// Catalogue is the list and the one who feeds its index.
type Catalogue struct {
	db      *db.DB
	engine  search.Engine
	lease   Lease
	log     *slog.Logger
	poll    time.Duration
	timeout time.Duration
	kinds   []Kind
	byName  map[string]Kind

	applied atomic.Int64
	pass    sync.Mutex // one feeder at a time
	cursor  int64      // position of the index, under pass
	known   bool       // cursor was read from the index, under pass
	vouched bool       // the index was compared with the database, under pass
	ours    bool       // the lease is, under pass
	looked  time.Time  // when the lease was asked for, under pass
}

// The bounds of one question. MaxText is in characters.
const (
	MaxLimit     = 100
	DefaultLimit = 24
	MaxOffset    = 10_000
	MaxText      = 200
)

// New makes a catalogue of these kinds, in the order in which they are listed.
// It starts nothing: Run does.
func New(cfg Config, kinds ...Kind) *Catalogue {
	c := &Catalogue{db: cfg.DB, engine: cfg.Engine, lease: cfg.Lease, log: cfg.Log, poll: cfg.Poll, timeout: cfg.Timeout,
		kinds: kinds, byName: make(map[string]Kind, len(kinds))}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.poll <= 0 {
		c.poll = 100 * time.Millisecond
	}
	if c.timeout <= 0 {
		c.timeout = time.Second
	}
	for _, k := range kinds {
		c.byName[k.Name] = k
	}
	return c
}

// Kinds lists the kinds' words in their order.
func (c *Catalogue) Kinds() []string {
	out := make([]string, len(c.kinds))
	for i, k := range c.kinds {
		out[i] = k.Name
	}
	return out
}

// Page is one page of an answer.
type Page struct {
	Listings  []Listing
	Total     int
	Facets    map[string][]search.Count // nil when asked without, and in a fallback
	Prices    []search.Bin              // how prices are spread; likewise
	Corrected string                    // what was searched instead of the text
	Said      search.Understood         // what was read out of the text; nothing in a fallback
	Partial   bool                      // few or none hold every word: what holds the telling ones follows
	Fallback  bool                      // the index was away: newest first by SQL, at most some hundred looked at
	Cursor    int64                     // change number the answer reflects
}

// Search answers a query: the index says which and in what order, the database
// says what they are now. Anybody may ask. Limit and offset out of bounds are
// moved into them and text is cut to MaxText, so every question has an answer.
func (c *Catalogue) Search(ctx context.Context, q search.Query) (Page, error) {
	c.bound(&q)
	if c.engine == nil {
		return c.fallback(ctx, q)
	}
	result, err := c.ask(ctx, q)
	if ctx.Err() != nil {
		return Page{}, ctx.Err()
	}
	if err != nil {
		c.log.Warn("search index failed, answering from the database", "error", err)
		return c.fallback(ctx, q)
	}
	page := Page{Total: result.Total, Facets: result.Facets, Prices: result.Prices, Corrected: result.Corrected, Said: result.Understood,
		Partial: result.Partial, Cursor: result.Cursor}
	refs := make([]search.Ref, len(result.Hits))
	for i, h := range result.Hits {
		refs[i] = h.Ref
	}
	if page.Listings, err = c.Listings(ctx, refs); err != nil {
		return Page{}, err
	}
	page.Total -= len(refs) - len(page.Listings)
	return page, nil
}

// ask gives the index a bounded time and turns a panic of it into an error: a
// broken index must not take the page with it.
func (c *Catalogue) ask(ctx context.Context, q search.Query) (search.Result, error) {
	return guarded(ctx, c.timeout, func(ctx context.Context) (search.Result, error) { return c.engine.Search(ctx, q) })
}

func (c *Catalogue) bound(q *search.Query) {
	if q.Now.IsZero() {
		q.Now = c.db.Now()
	}
	if q.Limit <= 0 {
		q.Limit = DefaultLimit
	}
	q.Limit = min(q.Limit, MaxLimit)
	q.Offset = min(max(q.Offset, 0), MaxOffset)
	q.Text = cut(strings.ToValidUTF8(q.Text, ""), MaxText)
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// Listings reads the cards of things in the order given; hidden and unknown
// ones are left out. Queries: constant per kind.
func (c *Catalogue) Listings(ctx context.Context, refs []search.Ref) ([]Listing, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	ids := map[string][]string{}
	for _, r := range refs {
		ids[r.Kind] = append(ids[r.Kind], r.ID)
	}
	found := make(map[search.Ref]Listing, len(refs))
	err := c.db.Read(ctx, func(tx *db.Tx) error {
		for _, k := range c.kinds {
			list, err := c.listings(ctx, tx, k, ids[k.Name])
			if err != nil {
				return err
			}
			for _, l := range list {
				found[search.Ref{Kind: l.Kind, ID: l.ID}] = l
			}
		}
		return nil
	})
	out := make([]Listing, 0, len(refs))
	for _, r := range refs {
		if l, ok := found[r]; ok {
			out = append(out, l)
		}
	}
	return out, err
}

// listings reads one kind's cards and gives them kind and address.
func (c *Catalogue) listings(ctx context.Context, tx *db.Tx, k Kind, ids []string) ([]Listing, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := k.Listings(ctx, tx, ids)
	for i := range list {
		list[i].Kind, list[i].URL = k.Name, k.Path(list[i].ID, list[i].Handle)
	}
	return list, err
}

// suggestTries bounds how often the index is asked for others in place of those
// that are gone: it is behind by a second or two, so hardly ever more than once.
const suggestTries = 4

// Suggest completes what is being typed. People and things that are no longer
// public are left out and their places go to others; an index that is away
// suggests nothing.
func (c *Catalogue) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	if c.engine == nil {
		return nil, nil
	}
	q.Text = cut(strings.ToValidUTF8(q.Text, ""), MaxText)
	if q.Limit <= 0 {
		q.Limit = 8
	}
	q.Limit = min(q.Limit, MaxLimit)
	var public []search.Suggestion
	for range suggestTries {
		list, err := guarded(ctx, c.timeout, func(ctx context.Context) ([]search.Suggestion, error) { return c.engine.Suggest(ctx, q) })
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			c.log.Warn("search index failed, suggesting nothing", "error", err)
			return nil, nil
		}
		var gone []search.Suggestion
		if public, gone, err = c.still(ctx, list); err != nil || len(gone) == 0 {
			return public, err
		}
		q.Without = slices.Concat(q.Without, gone)
	}
	return public, nil
}

// still parts suggestions into those whose person or thing is public now and
// those who are gone.
func (c *Catalogue) still(ctx context.Context, list []search.Suggestion) (kept, gone []search.Suggestion, err error) {
	asked := map[string][]string{} // type of suggestion -> values
	for _, s := range list {
		if concerns(s) {
			asked[s.Type] = append(asked[s.Type], s.Value)
		}
	}
	if len(asked) == 0 {
		return list, nil, nil
	}
	public := map[[2]string]bool{}
	err = c.db.Read(ctx, func(tx *db.Tx) error {
		for _, k := range c.kinds {
			if people := asked[search.TypePerson]; len(people) > 0 && k.Handles != nil {
				handles, err := k.Handles(ctx, tx, people)
				if err != nil {
					return err
				}
				for _, h := range handles {
					public[[2]string{search.TypePerson, h}] = true
				}
			}
			things, err := c.listings(ctx, tx, k, asked[k.Name])
			if err != nil {
				return err
			}
			for _, l := range things {
				public[[2]string{k.Name, l.ID}] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for _, s := range list {
		if !concerns(s) || public[[2]string{s.Type, s.Value}] {
			kept = append(kept, s)
		} else {
			gone = append(gone, s)
		}
	}
	return kept, gone, nil
}

// concerns tells whether a suggestion names somebody or something, which must
// be public: also a thing of a kind that only the index knows.
func concerns(s search.Suggestion) bool {
	return s.Type != search.TypeSkill && s.Type != search.TypeQuery
}

// Newest reads the n things published last, of one kind or, with "", of all.
// An unknown kind is NotFound (kind_unknown).
func (c *Catalogue) Newest(ctx context.Context, kind string, n int) ([]Listing, error) {
	kinds := c.kinds
	if kind != "" {
		k, ok := c.byName[kind]
		if !ok {
			return nil, fault.Of(fault.NotFound, "kind_unknown")
		}
		kinds = []Kind{k}
	}
	return c.newest(ctx, kinds, n)
}

func (c *Catalogue) newest(ctx context.Context, kinds []Kind, n int) ([]Listing, error) {
	var out []Listing
	err := c.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, k := range kinds {
			ids, err := k.Newest(ctx, tx, n)
			if err != nil {
				return err
			}
			list, err := c.listings(ctx, tx, k, ids)
			if err != nil {
				return err
			}
			out = append(out, inOrder(list, ids)...)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Listing) int { return b.Since.Compare(a.Since) })
	return out[:min(n, len(out))], err
}

// inOrder puts cards into the order of their ids.
func inOrder(list []Listing, ids []string) []Listing {
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(list, func(a, b Listing) int { return place[a.ID] - place[b.ID] })
	return list
}

// Counts is how many things of each kind are public now.
func (c *Catalogue) Counts(ctx context.Context) (map[string]int, error) {
	out := make(map[string]int, len(c.kinds))
	err := c.db.Read(ctx, func(tx *db.Tx) error { return c.counts(ctx, tx, out) })
	return out, err
}

func (c *Catalogue) counts(ctx context.Context, tx *db.Tx, out map[string]int) error {
	for _, k := range c.kinds {
		n, err := k.Count(ctx, tx)
		if err != nil {
			return err
		}
		out[k.Name] = n
	}
	return nil
}

const eachBatch = 200

// Each calls fn for every public thing of a kind in id order, a batch at a
// time and outside of any transaction, so a slow reader holds nothing. An
// error of fn ends it and is returned; an unknown kind is NotFound
// (kind_unknown).
func (c *Catalogue) Each(ctx context.Context, kind string, fn func(Listing) error) error {
	k, ok := c.byName[kind]
	if !ok {
		return fault.Of(fault.NotFound, "kind_unknown")
	}
	for after := ""; ; {
		var ids []string
		var list []Listing
		err := c.db.Read(ctx, func(tx *db.Tx) (err error) {
			if ids, err = k.IDs(ctx, tx, after, eachBatch); err != nil {
				return err
			}
			list, err = c.listings(ctx, tx, k, ids)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range inOrder(list, ids) {
			if err := fn(l); err != nil {
				return err
			}
		}
		if len(ids) < eachBatch {
			return nil
		}
		after = ids[len(ids)-1]
	}
}
