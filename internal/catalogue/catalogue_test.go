package catalogue_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

// thing is what these tests list: a row that is shown or not.
type thing struct {
	bun.BaseModel `bun:"table:thing,alias:t"`

	Kind  string `bun:"kind,pk"`
	ID    string `bun:"id,pk"`
	Title string `bun:"title"`
	Minor int64  `bun:"minor"`
	Shown bool   `bun:"shown"`
	Day   int    `bun:"day"`
}

func (t thing) day() time.Time { return db.Day(dbtest.Start).AddDate(0, 0, t.Day) }

func (t thing) handle() string { return "owner-" + t.ID }

func (t thing) price() *money.Amount {
	if t.Minor == 0 {
		return nil
	}
	return &money.Amount{Minor: t.Minor, Currency: "RUB"}
}

// kind lists things of one kind.
func kind(name string) catalogue.Kind {
	read := func(ctx context.Context, tx *db.Tx, ids []string) (out []thing, err error) {
		err = tx.NewSelect().Model(&out).Where("kind = ? AND shown AND id IN (?)", name, bun.In(ids)).Scan(ctx)
		return out, err
	}
	pick := func(ctx context.Context, q *bun.SelectQuery, n int) (ids []string, err error) {
		err = q.Model((*thing)(nil)).Column("id").Where("kind = ? AND shown", name).Limit(int64(n)).Scan(ctx, &ids)
		return ids, err
	}
	return catalogue.Kind{
		Name: name,
		Path: func(id, handle string) string { return "/" + name + "/" + id + "/" + handle },
		Documents: func(ctx context.Context, tx *db.Tx, ids []string) (out []search.Document, err error) {
			rows, err := read(ctx, tx, ids)
			for _, t := range rows {
				out = append(out, search.Document{Ref: search.Ref{ID: t.ID}, Owner: t.handle(), Title: t.Title, Created: t.day(), Opens: t.day().AddDate(0, 0, 3)})
			}
			return out, err
		},
		Listings: func(ctx context.Context, tx *db.Tx, ids []string) (out []catalogue.Listing, err error) {
			rows, err := read(ctx, tx, ids)
			for _, t := range rows {
				out = append(out, catalogue.Listing{ID: t.ID, Handle: t.handle(), Title: t.Title, Skills: []string{"go"},
					Price: t.price(), Free: t.Title == "free", Second: t.Title == "again", Since: t.day()})
			}
			return out, err
		},
		IDs: func(ctx context.Context, tx *db.Tx, after string, n int) ([]string, error) {
			return pick(ctx, tx.NewSelect().Where("id > ?", after).Order("id"), n)
		},
		Newest: func(ctx context.Context, tx *db.Tx, n int) ([]string, error) {
			return pick(ctx, tx.NewSelect().OrderExpr("day DESC, id"), n)
		},
		Count: func(ctx context.Context, tx *db.Tx) (int, error) {
			n, err := tx.NewSelect().Model((*thing)(nil)).Where("kind = ? AND shown", name).Count(ctx)
			return int(n), err
		},
		Handles: func(ctx context.Context, tx *db.Tx, handles []string) ([]string, error) {
			ids, err := pick(ctx, tx.NewSelect(), 1000)
			return slices.DeleteFunc(handles, func(h string) bool {
				return !slices.Contains(ids, strings.TrimPrefix(h, "owner-"))
			}), err
		},
	}
}

// world is a database of things with a catalogue over them.
type world struct {
	*dbtest.World
	engine *cataloguetest.Engine
	*catalogue.Catalogue
}

func kinds() []catalogue.Kind { return []catalogue.Kind{kind("tutor"), kind("service")} }

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := &world{World: d, engine: &cataloguetest.Engine{}}
		err := d.Write(context.Background(), func(tx *db.Tx) error {
			_, err := tx.NewCreateTable().Model((*thing)(nil)).Exec(context.Background())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Catalogue = w.catalogue(w.engine)
		fn(t, w)
	})
}

func (w *world) catalogue(e search.Engine) *catalogue.Catalogue {
	return catalogue.New(catalogue.Config{DB: w.DB, Engine: e, Poll: time.Millisecond, Timeout: time.Second}, kinds()...)
}

// put writes things and says so.
func (w *world) put(t testing.TB, things ...thing) {
	t.Helper()
	w.change(t, true, things...)
}

func (w *world) change(t testing.TB, tell bool, things ...thing) {
	t.Helper()
	ctx := context.Background()
	err := w.Write(ctx, func(tx *db.Tx) error {
		for _, th := range things {
			_, err := tx.NewInsert().Model(&th).On("CONFLICT (kind, id) DO UPDATE").
				Set("title = EXCLUDED.title, shown = EXCLUDED.shown, minor = EXCLUDED.minor, day = EXCLUDED.day").Exec(ctx)
			if err != nil {
				return err
			}
			if tell {
				if err := tx.Changed(ctx, th.Kind, th.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) catchUp(t testing.TB) {
	t.Helper()
	if err := w.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// some is three tutors and two services, one of each hidden.
func some() []thing {
	return []thing{
		{Kind: "tutor", ID: "a", Title: "ada", Shown: true, Day: 1, Minor: 500},
		{Kind: "tutor", ID: "b", Title: "ben", Shown: true, Day: 3},
		{Kind: "tutor", ID: "c", Title: "cyd"},
		{Kind: "service", ID: "a", Title: "ada's lesson", Shown: true, Day: 2, Minor: 100},
		{Kind: "service", ID: "d", Title: "dan's lesson"},
	}
}

func titles(list []catalogue.Listing) []string {
	out := []string{}
	for _, l := range list {
		out = append(out, l.Kind+":"+l.Title)
	}
	return out
}

func want(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSearchReadsRowsAfterTheIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.put(t, some()...)
		w.catchUp(t)
		page, err := w.Search(ctx, search.Query{Text: "ada", Facets: true})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "hits", []string{"service:ada's lesson", "tutor:ada"}, titles(page.Listings))
		want(t, "address", "/service/a/owner-a", page.Listings[0].URL)
		want(t, "facets", map[string][]search.Count{"kind": {{Value: "service", Count: 1}, {Value: "tutor", Count: 1}}}, page.Facets)
		want(t, "total, cursor, fallback", []any{2, int64(5), false}, []any{page.Total, page.Cursor, page.Fallback})

		// A takedown is hidden at once, and a new title shown at once, while the index is stale.
		w.put(t, thing{Kind: "tutor", ID: "a", Title: "ada"}, thing{Kind: "service", ID: "a", Title: "new title", Shown: true})
		if page, err = w.Search(ctx, search.Query{Text: "ada"}); err != nil {
			t.Fatal(err)
		}
		want(t, "hits of a stale index", []string{"service:new title"}, titles(page.Listings))
		want(t, "total", 1, page.Total)
	})
}

func TestSearchTakesAConstantNumberOfQueries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for n := range 60 {
			id := string(rune('A'+n/26)) + string(rune('a'+n%26))
			w.put(t, thing{Kind: "tutor", ID: id, Title: "x", Shown: true}, thing{Kind: "service", ID: id, Title: "x", Shown: true})
		}
		w.catchUp(t)
		for _, limit := range []int{2, 100} {
			ctx, n := db.CountQueries(context.Background())
			page, err := w.Search(ctx, search.Query{Limit: limit, Kinds: []string{"tutor", "service"}})
			if err != nil || len(page.Listings) != limit {
				t.Fatalf("%d listings, %v", len(page.Listings), err)
			}
			if n.Load() > 4 { // begin and end of the transaction, and one a kind
				t.Errorf("%d queries for %d listings", n.Load(), limit)
			}
		}
	})
}

func TestSearchBoundsWhatIsAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		spy := &spy{Engine: w.engine}
		c := w.catalogue(spy)
		_, err := c.Search(context.Background(), search.Query{Text: strings.Repeat("ж", 5000) + "\xff", Limit: 100000, Offset: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "query", search.Query{Text: strings.Repeat("ж", catalogue.MaxText), Limit: catalogue.MaxLimit,
			Offset: catalogue.MaxOffset, Now: dbtest.Start}, spy.last)
		if _, err := c.Search(context.Background(), search.Query{Offset: -5, Limit: -1}); err != nil {
			t.Fatal(err)
		}
		want(t, "limit, offset", []int{catalogue.DefaultLimit, 0}, []int{spy.last.Limit, spy.last.Offset})
	})
}

// spy remembers the last query.
type spy struct {
	search.Engine
	last search.Query
}

func (s *spy) Search(ctx context.Context, q search.Query) (search.Result, error) {
	s.last = q
	return s.Engine.Search(ctx, q)
}

func TestFallbackWhenTheIndexIsAway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.put(t, some()...)
		w.put(t, thing{Kind: "service", ID: "f", Title: "free", Shown: true, Day: 9}, thing{Kind: "tutor", ID: "g", Title: "again", Shown: true})
		for name, engine := range map[string]search.Engine{
			"broken": broken{w.engine}, "panics": panicking{w.engine}, "hangs": hanging{w.engine},
		} {
			c := catalogue.New(catalogue.Config{DB: w.DB, Engine: engine, Timeout: 20 * time.Millisecond}, kinds()...)
			for _, tt := range []struct {
				q    search.Query
				want []string
			}{
				{search.Query{}, []string{"service:free", "tutor:ben", "service:ada's lesson", "tutor:ada"}},
				{search.Query{Text: "ADA"}, []string{"service:ada's lesson", "tutor:ada"}},
				{search.Query{Kinds: []string{"tutor"}, Limit: 1, Offset: 1}, []string{"tutor:ada"}},
				{search.Query{Kinds: []string{"tutor"}}, []string{"tutor:ben", "tutor:ada", "tutor:again"}},
				{search.Query{Kinds: []string{"request"}}, []string{}},
				{search.Query{Kinds: []string{"request", "service"}}, []string{"service:free", "service:ada's lesson"}},
				{search.Query{Free: true}, []string{"service:free"}},
				{search.Query{Skills: []string{"rust"}}, []string{}},
				{search.Query{Owner: "owner-b"}, []string{"tutor:ben"}},
				{search.Query{Newcomer: true}, []string{}},
				{search.Query{PriceMax: 400, Currency: "RUB"}, []string{"service:free", "service:ada's lesson"}},
				{search.Query{PriceMin: 400, Currency: "RUB"}, []string{"tutor:ada"}},
				{search.Query{PriceMin: 4, Currency: "USD"}, []string{}},
				{search.Query{PriceMin: 4, Currency: "USD", Rates: map[string]float64{"RUB": 0.01}}, []string{"tutor:ada"}},
				{search.Query{Sort: search.SortPrice, Currency: "RUB"}, []string{"service:free", "service:ada's lesson", "tutor:ada", "tutor:ben"}},
				{search.Query{Offset: 100}, []string{}},
				{search.Query{OpenBy: dbtest.Start.AddDate(0, 0, 4)}, []string{"tutor:ada"}},
			} {
				page, err := c.Search(context.Background(), tt.q)
				if err != nil || !page.Fallback {
					t.Fatalf("%s: fallback %v, %v", name, page.Fallback, err)
				}
				if diff := cmp.Diff(tt.want, titles(page.Listings)); diff != "" {
					t.Errorf("%s, %+v (-want +got):\n%s", name, tt.q, diff)
				}
			}
			if list, err := c.Suggest(context.Background(), search.SuggestQuery{Text: "a"}); err != nil || len(list) != 0 {
				t.Errorf("%s: suggestions %v, %v", name, list, err)
			}
		}
	})
}

var errAway = errors.New("away")

type broken struct{ search.Engine }

func (broken) Search(context.Context, search.Query) (search.Result, error) {
	return search.Result{}, errAway
}

func (broken) Suggest(context.Context, search.SuggestQuery) ([]search.Suggestion, error) {
	return nil, errAway
}

type panicking struct{ search.Engine }

func (panicking) Search(context.Context, search.Query) (search.Result, error) { panic("index") }

func (panicking) Suggest(context.Context, search.SuggestQuery) ([]search.Suggestion, error) {
	panic("index")
}

type hanging struct{ search.Engine }

func (hanging) Search(ctx context.Context, _ search.Query) (search.Result, error) {
	<-ctx.Done()
	return search.Result{}, ctx.Err()
}

func (hanging) Suggest(ctx context.Context, _ search.SuggestQuery) ([]search.Suggestion, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAProcessWithoutAnIndex(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		w.put(t, some()...)
		c := w.catalogue(nil)
		page, err := c.Search(ctx, search.Query{Text: "ben"})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "hits", []string{"tutor:ben"}, titles(page.Listings))
		if list, err := c.Suggest(ctx, search.SuggestQuery{Text: "b"}); err != nil || len(list) > 0 {
			t.Errorf("suggestions %v, %v", list, err)
		}
		if err := c.CatchUp(ctx); err != nil {
			t.Error(err)
		}
		if err := c.Reindex(ctx, nil); !fault.Is(err, fault.Unavailable) {
			t.Errorf("reindex: %v", err)
		}
		cancel()
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestAGoneAskerGetsNoFallback(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := w.Search(ctx, search.Query{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSuggestDropsWhatIsHidden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.put(t, some()...)
		w.catchUp(t)
		values := func() (out []string) {
			list, err := w.Suggest(ctx, search.SuggestQuery{Text: "ada"})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				out = append(out, s.Type+":"+s.Value)
			}
			return out
		}
		want(t, "suggestions", []string{"service:a", "person:owner-a"}, values())
		w.change(t, false, thing{Kind: "tutor", ID: "a"})
		want(t, "after the person hid", []string{"service:a"}, values())
		w.change(t, false, thing{Kind: "service", ID: "a"})
		want(t, "after the service hid", []string(nil), values())
	})
}

// TestSuggestFillsUp: what is hidden costs nobody a place, however much of it
// the index still knows, and what only the index knows is no suggestion.
func TestSuggestFillsUp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		var all, hidden []thing
		for i := range 30 {
			th := thing{Kind: []string{"service", "tutor"}[i/20], ID: string(rune('a' + i)), Title: "sun " + string(rune('a'+i)), Shown: true}
			if all = append(all, th); i < 12 {
				th.Shown = false
				hidden = append(hidden, th)
			}
		}
		w.put(t, all...)
		w.catchUp(t)
		ghost := search.Document{Ref: search.Ref{Kind: "ghost", ID: "0"}, Title: "sun of a kind that is gone"}
		if err := w.engine.Apply(ctx, search.Batch{Ops: []search.Op{{Ref: ghost.Ref, Doc: &ghost}}, Cursor: 30}); err != nil {
			t.Fatal(err)
		}
		values := func(limit int) (out []string) {
			list, err := w.Suggest(ctx, search.SuggestQuery{Text: "sun", Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range list {
				out = append(out, s.Type+":"+s.Value)
			}
			return out
		}
		want(t, "while all are shown", []string{"service:a", "service:b", "service:c"}, values(3))
		w.change(t, false, hidden...)
		want(t, "after twelve hid", []string{"service:m", "service:n", "service:o", "service:p", "service:q"}, values(5))
		want(t, "all that is left", 18, len(values(100)))
		asked := 0
		w.engine.Before(func(string) error { asked++; return nil })
		values(1)
		want(t, "times that the index was asked at most", 4, asked)
	})
}

func TestNewestCountsEach(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		w.put(t, some()...)
		list, err := w.Newest(ctx, "", 2)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "newest of all", []string{"tutor:ben", "service:ada's lesson"}, titles(list))
		if list, err = w.Newest(ctx, "tutor", 5); err != nil {
			t.Fatal(err)
		}
		want(t, "newest tutors", []string{"tutor:ben", "tutor:ada"}, titles(list))
		if _, err := w.Newest(ctx, "nope", 5); !fault.Is(err, fault.NotFound) {
			t.Errorf("unknown kind: %v", err)
		}
		counts, err := w.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "counts", map[string]int{"tutor": 2, "service": 1}, counts)
		want(t, "kinds", []string{"tutor", "service"}, w.Kinds())
		for n := range 450 {
			w.change(t, false, thing{Kind: "tutor", ID: "m" + string(rune('a'+n/26)) + string(rune('a'+n%26)), Title: "many", Shown: true})
		}
		var ids []string
		if err := w.Each(ctx, "tutor", func(l catalogue.Listing) error { ids = append(ids, l.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(ids) != 452 || !slices.IsSorted(ids) {
			t.Errorf("%d things, sorted %v", len(ids), slices.IsSorted(ids))
		}
		if err := w.Each(ctx, "tutor", func(catalogue.Listing) error { return errAway }); !errors.Is(err, errAway) {
			t.Errorf("the reader's error is lost: %v", err)
		}
	})
}
