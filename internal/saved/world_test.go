package saved_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/search"
)

const (
	origin = "https://board.example.org"
	day    = 24 * time.Hour
)

// engine is an index in memory that can say that it found most words only.
type engine struct {
	cataloguetest.Engine
	mu       sync.Mutex
	partial  bool
	searches int
}

func (e *engine) Search(ctx context.Context, q search.Query) (search.Result, error) {
	res, err := e.Engine.Search(ctx, q)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.searches++
	res.Partial = e.partial
	return res, err
}

func (e *engine) say(partial bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.partial = partial
}

func (e *engine) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.searches
}

// told is one thing that somebody was told.
type told struct {
	To, Search, Day string
	Count           int
}

// world is a branch whose catalogue holds what the test puts there.
type world struct {
	*dbtest.World
	*saved.Saved
	Accounts  *account.Accounts
	Catalogue *catalogue.Catalogue
	Keys      *secret.Keys
	engine    *engine
	ctx       context.Context

	mu      sync.Mutex
	things  map[string]catalogue.Listing
	told    []told
	working bool
}

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) { fn(t, wire(t, d)) })
}

func wire(t *testing.T, d *dbtest.World) *world {
	t.Helper()
	keys, err := secret.Open(filepath.Join(d.Dir, "secrets"))
	must(t, err)
	w := &world{World: d, Keys: keys, engine: &engine{}, ctx: context.Background(), things: map[string]catalogue.Listing{}}
	b := branch.New(d.DB, keys)
	w.Accounts = account.New(account.Config{DB: d.DB, Keys: keys, Branch: b, URL: origin})
	w.Catalogue = catalogue.New(catalogue.Config{DB: d.DB, Engine: w.engine}, w.kind())
	w.Saved = saved.New(saved.Config{DB: d.DB, Keys: keys, Branch: b, Catalogue: w.Catalogue, URL: origin + "/", Tell: w.tell})
	w.Accounts.Hold(account.Held{Name: "searches", Tables: saved.Tables(), Holder: w.Saved})
	return w
}

// tell keeps what was told; the same day twice is once, as notices have it.
func (w *world) tell(_ context.Context, tx *db.Tx, to, id string, count int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, told{To: to, Search: id, Day: db.Date(tx.Now), Count: count})
	return nil
}

func (w *world) heard() []told {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.told
	w.told = nil
	return out
}

// kind shows the things of the test as a kind of the catalogue.
func (w *world) kind() catalogue.Kind {
	ids := func() []string {
		w.mu.Lock()
		defer w.mu.Unlock()
		var out []string
		for id := range w.things {
			out = append(out, id)
		}
		slices.Sort(out)
		return out
	}
	list := func(_ context.Context, _ *db.Tx, want []string) (out []catalogue.Listing, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, id := range want {
			if l, ok := w.things[id]; ok {
				out = append(out, l)
			}
		}
		return out, nil
	}
	return catalogue.Kind{Name: "service", Path: func(id, _ string) string { return "/services/" + id }, Listings: list,
		Documents: func(ctx context.Context, tx *db.Tx, want []string) (out []search.Document, err error) {
			all, err := list(ctx, tx, want)
			for _, l := range all {
				out = append(out, search.Document{Ref: search.Ref{Kind: "service", ID: l.ID}, Owner: l.Handle, Title: l.Title, Skills: l.Skills, Created: l.Since})
			}
			return out, err
		},
		IDs: func(_ context.Context, _ *db.Tx, after string, n int) ([]string, error) {
			all := slices.DeleteFunc(ids(), func(id string) bool { return id <= after })
			return all[:min(n, len(all))], nil
		},
		Newest: func(_ context.Context, _ *db.Tx, n int) ([]string, error) {
			all := ids()
			return all[:min(n, len(all))], nil
		},
		Count: func(context.Context, *db.Tx) (int, error) { return len(ids()), nil }}
}

// publishes puts things onto the board today, somebody else's.
func (w *world) publishes(t *testing.T, titles ...string) {
	t.Helper()
	for _, title := range titles {
		w.puts(t, catalogue.Listing{ID: title, Title: title, Handle: "somebody", Since: db.Day(w.Clock.Now())})
	}
}

func (w *world) puts(t *testing.T, l catalogue.Listing) {
	t.Helper()
	w.mu.Lock()
	w.things[l.ID] = l
	w.mu.Unlock()
	w.changed(t, l.ID)
}

func (w *world) hides(t *testing.T, id string) {
	t.Helper()
	w.mu.Lock()
	delete(w.things, id)
	w.mu.Unlock()
	w.changed(t, id)
}

func (w *world) changed(t *testing.T, id string) {
	t.Helper()
	must(t, w.Write(w.ctx, func(tx *db.Tx) error { return tx.Changed(w.ctx, "service", id) }))
	must(t, w.Catalogue.CatchUp(w.ctx))
}

func (w *world) person(t *testing.T, handle string) account.Actor {
	t.Helper()
	acc, _, err := w.Accounts.SignUp(w.ctx, account.SignUp{Handle: handle, Language: "en"})
	must(t, err)
	return acc.Actor()
}

// saves keeps a search for a text.
func (w *world) saves(t *testing.T, by account.Actor, text string) saved.Search {
	t.Helper()
	row, made, err := w.Save(w.ctx, by, search.Query{Text: text}, text)
	must(t, err)
	if !made {
		t.Fatalf("%q was there already", text)
	}
	return row
}

// looks gives the titles of what a look shows, new ones with a mark.
func (w *world) looks(t *testing.T, by account.Actor, id string) []string {
	t.Helper()
	_, finds, err := w.Look(w.ctx, by, id)
	must(t, err)
	return titles(finds)
}

func titles(finds []saved.Find) []string {
	out := []string{}
	for _, f := range finds {
		mark := ""
		if f.New {
			mark = "!"
		}
		out = append(out, f.Title+mark)
	}
	slices.Sort(out)
	return out
}

// passes moves the clock on, strikes deadlines and does the jobs that follow.
func (w *world) passes(t *testing.T, d time.Duration) {
	t.Helper()
	w.Clock.Advance(d)
	_, err := w.Sweep(w.ctx)
	must(t, err)
	w.settle(t)
}

// rows counts the rows of a query.
func (w *world) rows(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error { return tx.NewRaw(query, args...).Scan(w.ctx, &n) }))
	return n
}

// dump is every value of the tables as text.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		for _, table := range saved.Tables() {
			rows, err := tx.QueryContext(w.ctx, "SELECT * FROM "+table)
			if err != nil {
				return err
			}
			names, err := rows.Columns()
			if err != nil {
				return err
			}
			values := make([]any, len(names))
			for i := range values {
				values[i] = new(any)
			}
			for rows.Next() {
				if err := rows.Scan(values...); err != nil {
					return err
				}
				for _, v := range values {
					if b, ok := (*v.(*any)).([]byte); ok {
						fmt.Fprintf(&out, "%s %x\n", b, b)
						continue
					}
					fmt.Fprintln(&out, *v.(*any))
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
		}
		return nil
	}))
	return out.String()
}

func wants(t *testing.T, err error, kind fault.Kind, code string) {
	t.Helper()
	all := fault.All(err)
	if len(all) == 0 || all[0].Kind != kind || all[0].Code != code {
		t.Errorf("got %v, want %v %s", err, kind, code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func numbered(n int) string { return "go " + strconv.Itoa(n) }

// settle lets the background work run until nothing is left to do.
func (w *world) settle(t *testing.T) {
	t.Helper()
	if !w.working {
		w.working = true
		ctx, cancel := context.WithCancel(w.ctx)
		ended := make(chan error, 1)
		go func() { ended <- w.Work(ctx) }()
		t.Cleanup(func() {
			cancel()
			must(t, <-ended)
		})
	}
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for calm := 0; calm < 3; calm++ {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the work did not end within 30 s")
		}
		if n, err := w.Waiting(w.ctx); err != nil || n > 0 {
			must(t, err)
			calm = -1
		}
	}
}
