// Package saved keeps searches for people, and tells them what is found anew.
//
// It promises that a find is new once: what was there when a search was saved
// is not news, nor is what was found before or is one's own; that nobody is
// told more than once a day about one search, and never about nothing; and
// that the tables do not say whom or what was found, only keyed hashes by
// which it is known again. Times are kept as days. A search is run outside of
// any transaction, once a day and when its owner looks.
//
// It refuses to make pages: it hands out the listings that the catalogue shows
// at that moment. It knows no way of telling but the one it is given.
package saved

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/search"
)

// The bounds of what one account keeps.
const (
	MaxSearches = 20
	MaxName     = 80 // characters
)

// Every is how often a search is run by itself.
const Every = 24 * time.Hour

// State says whether new finds are looked for.
type State string

// The states.
const (
	Watching State = "watching"
	Paused   State = "paused"
)

// Search is one saved search: one row.
type Search struct {
	bun.BaseModel `bun:"table:saved_search,alias:s"`

	ID        string    `bun:"id,pk"`
	AccountID string    `bun:"account_id"`
	Name      string    `bun:"name"`
	Query     string    `bun:"query"` // as Address writes it
	State     State     `bun:"state"`
	Whole     bool      `bun:"whole"` // all that was found last is known: whatever else comes is new
	SavedOn   time.Time `bun:"saved_on"`
	CheckedOn time.Time `bun:"checked_on"`
	FeedNonce string    `bun:"feed_nonce"`
	FeedMAC   []byte    `bun:"feed_mac"`

	News int `bun:"news,scanonly"` // finds that the owner has not seen; only of Searches
}

// Teller tells an account, in the caller's unit of work, that a search of
// theirs found so many things. It may be told of the same day twice.
type Teller func(ctx context.Context, tx *db.Tx, to, searchID string, count int) error

// Config is what Saved is made of. Tell and Log may be nil.
type Config struct {
	DB        *db.DB
	Keys      *secret.Keys
	Branch    *branch.Branch
	Catalogue *catalogue.Catalogue
	Tell      Teller
	URL       string // the branch's origin, such as https://example.org
	Log       *slog.Logger
}

// Saved are the branch's saved searches. They are safe for concurrent use.
type Saved struct {
	db        *db.DB
	keys      *secret.Keys
	branch    *branch.Branch
	catalogue *catalogue.Catalogue
	tell      Teller
	origin    string
	log       *slog.Logger
}

// New wires the searches: it registers their deadline and the job that runs
// them, so call it once a database and before its Work.
func New(cfg Config) *Saved {
	s := &Saved{db: cfg.DB, keys: cfg.Keys, branch: cfg.Branch, catalogue: cfg.Catalogue, tell: cfg.Tell,
		origin: strings.TrimSuffix(cfg.URL, "/"), log: cfg.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.db.OnDue(due, s.come)
	db.Handle(s.db, s.check)
	return s
}

// due is the deadline at which a search is run.
const due = "saved_search"

// The faults that several verbs share.
var (
	errNobody  = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errUnknown = fault.Of(fault.NotFound, "search_unknown")
	errFeed    = fault.Of(fault.NotFound, "feed_unknown")
)

func own(by account.Actor) error {
	if by.Anonymous() {
		return errNobody
	}
	return nil
}

// Save keeps what a query looks for under a name. A search that the actor has
// already is answered as it is, with made false. Faults: Unauthenticated;
// Invalid search_empty, search_long (field search), required, too_long
// (field name); Conflict too_many_searches.
func (s *Saved) Save(ctx context.Context, by account.Actor, q search.Query, name string) (out Search, made bool, err error) {
	if err := own(by); err != nil {
		return Search{}, false, err
	}
	text := Address(q)
	if err := checkAddress(text); err != nil {
		return Search{}, false, err
	}
	if name, err = Tidy(name); err != nil {
		return Search{}, false, err
	}
	page, err := s.run(ctx, text)
	if err != nil {
		return Search{}, false, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		out, made, err = s.insert(ctx, tx, by, Search{AccountID: by.ID, Name: name, Query: text}, page)
		return err
	})
	if err != nil {
		return Search{}, false, err
	}
	return out, made, nil
}

// insert writes a search and what it finds already.
func (s *Saved) insert(ctx context.Context, tx *db.Tx, by account.Actor, row Search, page catalogue.Page) (Search, bool, error) {
	if err := s.lock(ctx, tx, by.ID); err != nil {
		return row, false, err
	}
	var all []Search
	if err := tx.NewSelect().Model(&all).Where("account_id = ?", by.ID).Scan(ctx); err != nil {
		return row, false, err
	}
	for _, other := range all {
		if other.Query == row.Query {
			return other, false, nil
		}
	}
	if len(all) >= MaxSearches {
		return row, false, fault.Of(fault.Conflict, "too_many_searches").With("Max", MaxSearches)
	}
	row.ID, row.State, row.SavedOn, row.CheckedOn = tx.RandomID(), Watching, tx.Today(), tx.Today()
	row.Whole = whole(page)
	s.renew(tx, &row)
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return row, false, err
	}
	var there []find
	for _, l := range hits(page) {
		there = append(there, find{SearchID: row.ID, ThingMAC: s.thing(row.ID, l), Seen: true})
	}
	if err := keep(ctx, tx, there); err != nil {
		return row, false, err
	}
	return row, true, tx.Due(ctx, due, row.ID, tx.Now.Add(Every))
}

func checkAddress(text string) error {
	switch {
	case text == "":
		return fault.Bad("search", "search_empty")
	case len(text) > MaxQuery:
		return fault.Bad("search", "search_long")
	}
	return nil
}

// Tidy is a name on one line without what cannot be seen. The two joiners stay:
// letters and pictures of people are made with them. Faults: Invalid required,
// too_long (field name).
func Tidy(name string) (string, error) {
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d':
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fault.Bad("name", "required")
	case n > MaxName:
		return "", fault.Bad("name", "too_long").With("Max", MaxName)
	}
	return name, nil
}

// lock makes the acts of one account upon its searches follow each other, so
// that two tabs cannot pass the bound together. SQLite has one writer anyway.
// A session whose account was erased meanwhile has ended.
func (s *Saved) lock(ctx context.Context, tx *db.Tx, accountID string) error {
	q := tx.NewSelect().TableExpr("account").ColumnExpr("1").Where("id = ? AND state = ?", accountID, account.Active)
	if s.db.Engine() != db.SQLite {
		q = q.For("UPDATE")
	}
	var one int
	return db.One(ctx, q, fault.Of(fault.Unauthenticated, "session_ended"), &one)
}

// Searches lists the actor's, by name, with the number of finds that they have
// not seen. Faults: Unauthenticated.
func (s *Saved) Searches(ctx context.Context, by account.Actor) (out []Search, err error) {
	if err := own(by); err != nil {
		return nil, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = []Search{}
		news := tx.NewSelect().TableExpr("saved_find AS f").ColumnExpr("count(*)").
			Where("f.search_id = s.id AND NOT f.seen AND f.gone_on IS NULL")
		return tx.NewSelect().Model(&out).ColumnExpr("s.*").ColumnExpr("(?) AS news", news).
			Where("s.account_id = ?", by.ID).OrderExpr("s.name, s.id").Scan(ctx)
	})
	return out, err
}

// News counts what all of the actor's searches found and they have not seen.
// Faults: Unauthenticated.
func (s *Saved) News(ctx context.Context, by account.Actor) (n int, err error) {
	if err := own(by); err != nil {
		return 0, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		k, err := tx.NewSelect().TableExpr("saved_find AS f").Join("JOIN saved_search AS s ON s.id = f.search_id").
			Where("s.account_id = ? AND NOT f.seen AND f.gone_on IS NULL", by.ID).Count(ctx)
		n = int(k)
		return err
	})
	return n, err
}

// Search reads one of the actor's. Faults: Unauthenticated; NotFound search_unknown.
func (s *Saved) Search(ctx context.Context, by account.Actor, id string) (Search, error) {
	return s.one(ctx, by, "id = ?", id)
}

// Same reads the actor's search for what a query looks for. Faults:
// Unauthenticated; NotFound search_unknown.
func (s *Saved) Same(ctx context.Context, by account.Actor, q search.Query) (Search, error) {
	return s.one(ctx, by, "query = ?", Address(q))
}

func (s *Saved) one(ctx context.Context, by account.Actor, where string, arg any) (out Search, err error) {
	if err := own(by); err != nil {
		return Search{}, err
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&out).Where("account_id = ?", by.ID).Where(where, arg), errUnknown)
	})
	return out, err
}

// Rename gives a search of the actor's another name. Faults: Unauthenticated;
// Invalid required, too_long (field name); NotFound search_unknown.
func (s *Saved) Rename(ctx context.Context, by account.Actor, id, name string) error {
	if err := own(by); err != nil {
		return err
	}
	name, err := Tidy(name)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := mine(tx, by, id).Set("name = ?", name).Exec(ctx)
		return db.Must(res, err, errUnknown)
	})
}

func mine(tx *db.Tx, by account.Actor, id string) *bun.UpdateQuery {
	return tx.NewUpdate().Model((*Search)(nil)).Where("id = ? AND account_id = ?", id, by.ID)
}

// Pause lets a search of the actor's rest: nothing is looked for or told.
// Faults: Unauthenticated; NotFound search_unknown; Conflict search_state
// where it rests already.
func (s *Saved) Pause(ctx context.Context, by account.Actor, id string) error {
	return s.turn(ctx, by, id, Watching, Paused)
}

// Resume looks for new finds again; what came during the pause is among them.
// Faults: as Pause, where it is looked for already.
func (s *Saved) Resume(ctx context.Context, by account.Actor, id string) error {
	return s.turn(ctx, by, id, Paused, Watching)
}

func (s *Saved) turn(ctx context.Context, by account.Actor, id string, from, to State) error {
	if _, err := s.Search(ctx, by, id); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := mine(tx, by, id).Set("state = ?", to).Where("state = ?", from).Exec(ctx)
		if err := db.Must(res, err, fault.Of(fault.Conflict, "search_state")); err != nil {
			return err
		}
		if to == Paused {
			return tx.NotDue(ctx, due, id)
		}
		return tx.Due(ctx, due, id, tx.Now)
	})
}

// Remove ends a search of the actor's and its feed. Faults: Unauthenticated;
// NotFound search_unknown.
func (s *Saved) Remove(ctx context.Context, by account.Actor, id string) error {
	if err := own(by); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.NewDelete().Model((*Search)(nil)).Where("id = ? AND account_id = ?", id, by.ID).Exec(ctx)
		if err := db.Must(res, err, errUnknown); err != nil {
			return err
		}
		return tx.NotDue(ctx, due, id)
	})
}

// The purposes keep the hashes of different things apart.
const (
	forFeed    = "saved-feed"        // makes the secret of a feed
	forFinding = "saved-feed-lookup" // finds it
	forThing   = "saved-find"
)

// NewFeed gives the feed of a search another address and ends the old one at
// once. Faults: Unauthenticated; NotFound search_unknown.
func (s *Saved) NewFeed(ctx context.Context, by account.Actor, id string) error {
	if err := own(by); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		row := Search{ID: id}
		s.renew(tx, &row)
		res, err := mine(tx, by, id).Set("feed_nonce = ?, feed_mac = ?", row.FeedNonce, row.FeedMAC).Exec(ctx)
		return db.Must(res, err, errUnknown)
	})
}

// renew gives the feed another secret. The secret itself is kept nowhere: it is
// made from the nonce by a key outside the database, so that its owner can be
// shown it again and a stolen database does not hold it.
func (s *Saved) renew(tx *db.Tx, row *Search) {
	row.FeedNonce = tx.RandomID()
	row.FeedMAC = s.mac(forFinding, s.secretOf(row))
}

func (s *Saved) secretOf(row *Search) string {
	return base64.RawURLEncoding.EncodeToString(s.mac(forFeed, row.ID+"/"+row.FeedNonce))
}

func (s *Saved) mac(purpose, text string) []byte {
	sum := s.keys.MAC(purpose, []byte(text))
	return sum[:]
}

// FeedURL is the secret address of a search's feed. Whoever has it reads the feed.
func (s *Saved) FeedURL(row Search) string {
	return s.origin + "/feeds/s/" + s.secretOf(&row) + ".atom"
}
