package saved

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/search"
)

// window is how many things of a search are looked at, the newest of them.
const window = catalogue.MaxLimit

// remembered is how long a thing that is gone is known again.
const remembered = 90 * 24 * time.Hour

// find is one thing that a search has found: one row.
type find struct {
	bun.BaseModel `bun:"table:saved_find"`

	SearchID string    `bun:"search_id,pk"`
	ThingMAC []byte    `bun:"thing_mac,pk"`
	FoundOn  time.Time `bun:"found_on,nullzero"` // zero: it was there when the search was saved
	Seen     bool      `bun:"seen"`
	GoneOn   time.Time `bun:"gone_on,nullzero"`
}

// Find is a thing that a search found after it was saved.
type Find struct {
	catalogue.Listing
	On  time.Time // the day
	New bool      // its owner has not seen it
}

// run searches for what a row says, the newest first.
func (s *Saved) run(ctx context.Context, query string) (catalogue.Page, error) {
	q, err := Query(query, s.db.Now())
	if err != nil {
		return catalogue.Page{}, err
	}
	settings, err := s.branch.Settings(ctx)
	if err != nil {
		return catalogue.Page{}, err
	}
	if q.Currency == "" {
		q.Currency = settings.Currency // of prices that the text itself names
	}
	q.Rates, q.Sort, q.Limit = settings.Rates.Factors(q.Currency), search.SortNew, window
	return s.catalogue.Search(ctx, q)
}

// hits are what a page found. What holds only most of the words was not asked for.
func hits(page catalogue.Page) []catalogue.Listing {
	if page.Partial {
		return nil
	}
	return page.Listings
}

// whole tells whether a page is all there is.
func whole(page catalogue.Page) bool {
	return !page.Fallback && len(hits(page)) >= page.Total || page.Partial
}

// thing is the mark by which a search knows a thing again; another search has
// another one.
func (s *Saved) thing(searchID string, l catalogue.Listing) []byte {
	return s.mac(forThing, searchID+"/"+l.Kind+"/"+l.ID)
}

// keep writes new finds.
func keep(ctx context.Context, tx *db.Tx, list []find) error {
	if len(list) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&list).On("CONFLICT (search_id, thing_mac) DO NOTHING").Exec(ctx)
	return err
}

// compared is a page beside what a search knew before.
type compared struct {
	fresh    []find // found just now
	finds    []Find // all on the page that came after the saving, the newest find first
	returned [][]byte
	gone     [][]byte // not on the page any more
}

// rests tells that a page finds nothing new for a search: it is paused, or the
// index was away, and what SQL answers in its place is another search.
func rests(row Search, page catalogue.Page) bool { return row.State == Paused || page.Fallback }

// compare tells what of a page is new to a search. Where more was there than
// was looked at, an unknown thing may be an old one that moved up: then only
// what was published since the last look is new.
func (s *Saved) compare(row Search, handle string, known []find, page catalogue.Page, today time.Time) (out compared) {
	before := make(map[string]find, len(known))
	for _, f := range known {
		before[string(f.ThingMAC)] = f
	}
	for _, l := range hits(page) {
		mac := s.thing(row.ID, l)
		f, was := before[string(mac)]
		delete(before, string(mac))
		if was && !f.GoneOn.IsZero() {
			out.returned = append(out.returned, mac)
		}
		if !was && rests(row, page) {
			continue
		}
		if !was {
			f = find{SearchID: row.ID, ThingMAC: mac, FoundOn: today}
			if l.Handle == handle || !row.Whole && db.Day(l.Since).Before(db.Day(row.CheckedOn)) {
				f.FoundOn, f.Seen = time.Time{}, true
			}
			out.fresh = append(out.fresh, f)
		}
		if !f.FoundOn.IsZero() {
			out.finds = append(out.finds, Find{Listing: l, On: f.FoundOn, New: !f.Seen})
		}
	}
	for _, f := range before {
		if f.GoneOn.IsZero() {
			out.gone = append(out.gone, f.ThingMAC)
		}
	}
	slices.SortStableFunc(out.finds, func(a, b Find) int { return b.On.Compare(a.On) })
	return out
}

// news counts what is new to the owner among what was found just now.
func (c compared) news() (n int) {
	for _, f := range c.fresh {
		if !f.Seen {
			n++
		}
	}
	return n
}

// record writes what a comparison found.
func (s *Saved) record(ctx context.Context, tx *db.Tx, row Search, c compared, page catalogue.Page) error {
	if err := keep(ctx, tx, c.fresh); err != nil {
		return err
	}
	at := func(macs [][]byte, set string, args ...any) error {
		if len(macs) == 0 {
			return nil
		}
		_, err := tx.NewUpdate().Model((*find)(nil)).Set(set, args...).Where("search_id = ? AND thing_mac IN (?)", row.ID, bun.List(macs)).Exec(ctx)
		return err
	}
	if err := at(c.returned, "gone_on = NULL"); err != nil {
		return err
	}
	if err := at(c.gone, "gone_on = ?", tx.Today()); err != nil {
		return err
	}
	last := tx.Today().Add(-remembered)
	if !whole(page) { // what was pushed out of the window is old by its day, and need not be remembered
		last = tx.Today()
	}
	if _, err := tx.NewDelete().Model((*find)(nil)).Where("search_id = ? AND gone_on <= ?", row.ID, last).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*Search)(nil)).Set("whole = ?, checked_on = ?", whole(page), tx.Today()).Where("id = ?", row.ID).Exec(ctx)
	return err
}

func findsOf(ctx context.Context, tx *db.Tx, searchID string) (out []find, err error) {
	err = tx.NewSelect().Model(&out).Where("search_id = ?", searchID).Scan(ctx)
	return out, err
}

// locked reads a search for a change, which others wait for.
func (s *Saved) locked(ctx context.Context, tx *db.Tx, id string) (row Search, err error) {
	q := tx.NewSelect().Model(&row).Where("id = ?", id)
	if s.db.Engine() != db.SQLite {
		q = q.For("UPDATE")
	}
	err = db.One(ctx, q, errUnknown)
	return row, err
}

// Look runs a search of the actor's now and marks what it found as seen. The
// finds are those that still stand among the newest hundred; New are those that
// were not seen before this look. A search that rests shows what it had found.
// Faults: Unauthenticated; NotFound search_unknown.
func (s *Saved) Look(ctx context.Context, by account.Actor, id string) (row Search, finds []Find, err error) {
	if row, err = s.Search(ctx, by, id); err != nil {
		return Search{}, nil, err
	}
	page, err := s.run(ctx, row.Query)
	if err != nil {
		return Search{}, nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if row, err = s.locked(ctx, tx, id); err != nil {
			return err
		}
		known, err := findsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		c := s.compare(row, by.Handle, known, page, tx.Today())
		finds = c.finds
		if !rests(row, page) {
			if err := s.record(ctx, tx, row, c, page); err != nil {
				return err
			}
		}
		_, err = tx.NewUpdate().Model((*find)(nil)).Set("seen = ?", true).Where("search_id = ? AND NOT seen", id).Exec(ctx)
		return err
	})
	if err != nil {
		return Search{}, nil, err
	}
	return row, finds, nil
}

// Feed reads what the search with this secret has found, the part of its feed's
// address before ".atom", the newest find first, and the language of its owner.
// It is found by a keyed hash, so the time that takes tells nothing of the
// secret. Fault: NotFound feed_unknown.
func (s *Saved) Feed(ctx context.Context, secret string) (row Search, finds []Find, lang string, err error) {
	if len(secret) != secretLen {
		return Search{}, nil, "", errFeed
	}
	var owner account.Account
	var known []find
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		row = Search{}
		if err := db.One(ctx, tx.NewSelect().Model(&row).Where("feed_mac = ?", s.mac(forFinding, secret)), errFeed); err != nil {
			return err
		}
		if owner, err = account.ByID(ctx, tx, row.AccountID); err != nil {
			return err
		}
		known, err = findsOf(ctx, tx, row.ID)
		return err
	})
	if err != nil {
		return Search{}, nil, "", err
	}
	page, err := s.run(ctx, row.Query)
	if err != nil {
		return Search{}, nil, "", err
	}
	return row, s.compare(row, owner.Handle, known, page, db.Day(s.db.Now())).finds, owner.Language, nil
}

// secretLen is the length of a feed's secret: 32 bytes in base64.
const secretLen = 43
