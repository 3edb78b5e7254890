package saved_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/search"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOnlyWhatComesLaterIsNew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.publishes(t, "go 1", "rust 1")
		s := w.saves(t, ada, "go")
		same(t, "at once", []string{}, w.looks(t, ada, s.ID))
		w.publishes(t, "go 2", "rust 2")
		w.puts(t, catalogue.Listing{ID: "go mine", Title: "go mine", Handle: "ada", Since: db.Day(w.Clock.Now())})
		w.puts(t, catalogue.Listing{ID: "go old", Title: "go old", Handle: "ben", Since: db.Day(w.Clock.Now()).AddDate(-1, 0, 0)}) // it fits only since today
		w.passes(t, saved.Every)
		same(t, "told", []told{{To: ada.ID, Search: s.ID, Day: "2026-11-23", Count: 2}}, w.heard())
		list, err := w.Searches(w.ctx, ada)
		must(t, err)
		news, err := w.News(w.ctx, ada)
		must(t, err)
		same(t, "news in the list", []int{2, 2}, []int{list[0].News, news})
		w.passes(t, saved.Every)
		same(t, "told of nothing", []told(nil), w.heard())
		same(t, "the first look", []string{"go 2!", "go old!"}, w.looks(t, ada, s.ID))
		same(t, "the second look", []string{"go 2", "go old"}, w.looks(t, ada, s.ID))
		w.publishes(t, "go 3")
		same(t, "before it was searched", []string{"go 2", "go 3!", "go old"}, w.looks(t, ada, s.ID))
		w.passes(t, saved.Every)
		same(t, "what was seen is not told", []told(nil), w.heard())
	})
}

func TestNobodyIsToldTwiceADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.saves(t, ada, "go")
		before := w.engine.count()
		for n := range 16 {
			w.publishes(t, numbered(n))
			w.passes(t, 3*time.Hour)
		}
		days := map[string]int{}
		for _, x := range w.heard() {
			days[x.Day] += x.Count
		}
		same(t, "finds by day", map[string]int{"2026-11-23": 8, "2026-11-24": 8}, days)
		same(t, "searches", 2, w.engine.count()-before)
	})
}

func TestWhatIsGoneIsKnownForAWhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s := w.saves(t, ada, "go")
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		same(t, "told", 1, len(w.heard()))
		w.hides(t, "go 1")
		w.passes(t, saved.Every)
		same(t, "nothing there", []string{}, w.looks(t, ada, s.ID))
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		same(t, "back, and not new", []string{"go 1"}, w.looks(t, ada, s.ID))
		w.hides(t, "go 1")
		w.passes(t, saved.Every)
		w.passes(t, 90*day)
		same(t, "forgotten", 0, w.rows(t, "SELECT count(*) FROM saved_find"))
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		same(t, "new again", []string{"go 1!"}, w.looks(t, ada, s.ID))
		same(t, "told once more", 1, len(w.heard()))
	})
}

// TestOldThingsThatMoveUpAreNotNew fills more than is looked at: what comes
// into sight because newer things went was there before.
func TestOldThingsThatMoveUpAreNotNew(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		for n := range 130 {
			w.publishes(t, numbered(n))
		}
		w.Clock.Advance(3 * day)
		s := w.saves(t, ada, "go")
		same(t, "remembered", 100, w.rows(t, "SELECT count(*) FROM saved_find"))
		for n := range 60 {
			w.hides(t, numbered(n))
		}
		w.passes(t, saved.Every)
		same(t, "nothing is new", []string{}, w.looks(t, ada, s.ID))
		w.publishes(t, "go new")
		w.passes(t, saved.Every)
		same(t, "but this", []string{"go new!"}, w.looks(t, ada, s.ID))
		same(t, "told", 1, len(w.heard()))
		if n := w.rows(t, "SELECT count(*) FROM saved_find"); n > 140 {
			t.Errorf("%d rows are kept", n)
		}
	})
}

func TestMostOfTheWordsIsNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s := w.saves(t, ada, "go")
		w.engine.say(true)
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		same(t, "nothing holds all", []string{}, w.looks(t, ada, s.ID))
		w.engine.say(false)
		w.passes(t, saved.Every)
		same(t, "now it does", []string{"go 1!"}, w.looks(t, ada, s.ID))
		same(t, "told", 1, len(w.heard()))
	})
}

// TestIndexAway breaks the index: nothing is told of what SQL answers, and it
// is asked again within the hour.
func TestIndexAway(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s := w.saves(t, ada, "go")
		w.publishes(t, "go 1")
		w.engine.Break(errors.New("away"))
		w.passes(t, saved.Every)
		same(t, "told", []told(nil), w.heard())
		same(t, "a look finds nothing new", []string{}, w.looks(t, ada, s.ID))
		other := w.saves(t, ada, "go 1")
		w.engine.Break(nil)
		w.passes(t, time.Hour)
		same(t, "told an hour later", []told{{To: ada.ID, Search: s.ID, Day: "2026-11-23", Count: 1}}, w.heard())
		w.passes(t, saved.Every)
		same(t, "what SQL showed at the saving is not new", []string{}, w.looks(t, ada, other.ID))
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		s := w.saves(t, ada, "go")
		wants(t, w.Resume(w.ctx, ada, s.ID), fault.Conflict, "search_state")
		must(t, w.Pause(w.ctx, ada, s.ID))
		wants(t, w.Pause(w.ctx, ada, s.ID), fault.Conflict, "search_state")
		w.publishes(t, "go 1")
		w.passes(t, 3*saved.Every)
		same(t, "told in a pause", []told(nil), w.heard())
		same(t, "shown in a pause", []string{}, w.looks(t, ada, s.ID))
		_, finds, _, err := w.Feed(w.ctx, secretOf(t, w.FeedURL(s)))
		must(t, err)
		same(t, "the feed in a pause", []string{}, titles(finds))
		wants(t, w.Resume(w.ctx, ben, s.ID), fault.NotFound, "search_unknown")
		must(t, w.Resume(w.ctx, ada, s.ID))
		w.passes(t, time.Minute)
		same(t, "told after it", 1, len(w.heard()))
		w.passes(t, saved.Every)
		same(t, "one deadline", 1, w.rows(t, "SELECT count(*) FROM due"))
		must(t, w.Pause(w.ctx, ada, s.ID))
		same(t, "no deadline", 0, w.rows(t, "SELECT count(*) FROM due"))
	})
}

func TestSaveTwiceAndTooMany(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		first := w.saves(t, ada, "go")
		again, made, err := w.Save(w.ctx, ada, search.Query{Text: " go ", Sort: search.SortNew, Offset: 24}, "another name")
		must(t, err)
		same(t, "the same search", []any{first.ID, "go", false}, []any{again.ID, again.Name, made})
		found, err := w.Same(w.ctx, ada, search.Query{Text: "go"})
		must(t, err)
		same(t, "found by what it looks for", first.ID, found.ID)
		_, err = w.Same(w.ctx, ben, search.Query{Text: "go"})
		wants(t, err, fault.NotFound, "search_unknown")

		done := make(chan error)
		for n := range 24 {
			go func() {
				_, _, err := w.Save(w.ctx, ada, search.Query{Text: fmt.Sprint("text ", n)}, "x")
				done <- err
			}()
		}
		full := 0
		for range 24 {
			if err := <-done; err != nil {
				wants(t, err, fault.Conflict, "too_many_searches")
				full++
			}
		}
		list, err := w.Searches(w.ctx, ada)
		must(t, err)
		same(t, "kept, refused", []int{saved.MaxSearches, 5}, []int{len(list), full})
		w.saves(t, ben, "go")
		must(t, w.Remove(w.ctx, ada, first.ID))
		w.saves(t, ada, "go")
	})
}

func TestWhatMayBeSaved(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t))
	ada := w.person(t, "ada")
	save := func(by account.Actor, q search.Query, name string) error {
		_, _, err := w.Save(w.ctx, by, q, name)
		return err
	}
	wants(t, save(account.Actor{}, search.Query{Text: "go"}, "go"), fault.Unauthenticated, "sign_in_needed")
	wants(t, save(account.Actor{ID: "nobody"}, search.Query{Text: "go"}, "go"), fault.Unauthenticated, "session_ended")
	wants(t, save(ada, search.Query{Sort: search.SortPrice}, "all"), fault.Invalid, "search_empty")
	wants(t, save(ada, search.Query{Text: strings.Repeat("x", 2000)}, "x"), fault.Invalid, "search_long")
	for name, code := range map[string]string{"": "required", " \n\u200b\u202e\x00": "required", "\xff": "required", strings.Repeat("a", 81): "too_long"} {
		wants(t, save(ada, search.Query{Text: "go"}, name), fault.Invalid, code)
	}
	same(t, "nothing was kept", 0, w.rows(t, "SELECT count(*) FROM saved_search"))
	s := w.saves(t, ada, "go")
	for name, want := range map[string]string{" a \n b\t": "a b", "Кто\u202e научит?": "Кто научит?", "👩\u200d🚀": "👩\u200d🚀", strings.Repeat("ы", 80): strings.Repeat("ы", 80)} {
		must(t, w.Rename(w.ctx, ada, s.ID, name))
		got, err := w.Search(w.ctx, ada, s.ID)
		must(t, err)
		same(t, "name", want, got.Name)
	}
	wants(t, w.Rename(w.ctx, ada, s.ID, ""), fault.Invalid, "required")
}

func TestOthersSearchesAreNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		s := w.saves(t, ada, "go")
		for _, by := range []account.Actor{ben, {}} {
			for _, id := range []string{s.ID, "", "nothing", strings.Repeat("x", 1000)} {
				kind, code := fault.NotFound, "search_unknown"
				if by.Anonymous() {
					kind, code = fault.Unauthenticated, "sign_in_needed"
				}
				_, err := w.Search(w.ctx, by, id)
				wants(t, err, kind, code)
				_, _, err = w.Look(w.ctx, by, id)
				wants(t, err, kind, code)
				for _, err := range []error{w.Rename(w.ctx, by, id, "x"), w.Pause(w.ctx, by, id), w.Resume(w.ctx, by, id), w.Remove(w.ctx, by, id), w.NewFeed(w.ctx, by, id)} {
					wants(t, err, kind, code)
				}
			}
		}
		list, err := w.Searches(w.ctx, ben)
		must(t, err)
		same(t, "ben's", 0, len(list))
	})
}

func secretOf(t *testing.T, address string) string {
	t.Helper()
	s, ok := strings.CutPrefix(address, origin+"/feeds/s/")
	s, atom := strings.CutSuffix(s, ".atom")
	if !ok || !atom || len(s) != 43 {
		t.Fatalf("the address has another form: %d bytes", len(address))
	}
	return s
}

func TestFeed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.publishes(t, "go 0")
		s := w.saves(t, ada, "go")
		first := secretOf(t, w.FeedURL(s))
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		w.publishes(t, "go 2")
		row, finds, lang, err := w.Feed(w.ctx, first)
		must(t, err)
		same(t, "the feed, also of what was not searched yet", []any{s.ID, "en", []string{"go 1!", "go 2!"}}, []any{row.ID, lang, titles(finds)})
		before := w.rows(t, "SELECT count(*) FROM saved_find")
		_, _, _, err = w.Feed(w.ctx, first)
		must(t, err)
		same(t, "reading it changes nothing", before, w.rows(t, "SELECT count(*) FROM saved_find"))

		must(t, w.NewFeed(w.ctx, ada, s.ID))
		_, _, _, err = w.Feed(w.ctx, first)
		wants(t, err, fault.NotFound, "feed_unknown")
		s, err = w.Search(w.ctx, ada, s.ID)
		must(t, err)
		second := secretOf(t, w.FeedURL(s))
		_, finds, _, err = w.Feed(w.ctx, second)
		must(t, err)
		same(t, "under the new address", 2, len(finds))
		for _, x := range []string{"", "x", second + "=", second[:42], " " + second[1:], s.ID, strings.Repeat("A", 43), strings.Repeat("A", 1<<16), "' OR 1=1 --"} {
			_, _, _, err := w.Feed(w.ctx, x)
			wants(t, err, fault.NotFound, "feed_unknown")
		}
		must(t, w.Remove(w.ctx, ada, s.ID))
		_, _, _, err = w.Feed(w.ctx, second)
		wants(t, err, fault.NotFound, "feed_unknown")
	})
}

// TestTheTablesSayNothingOfOthers looks for what was found, and for the feed's
// secret, in all that is kept.
func TestTheTablesSayNothingOfOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s := w.saves(t, ada, "go")
		w.publishes(t, "go secret-thing")
		w.looks(t, ada, s.ID)
		secret := secretOf(t, w.FeedURL(s))
		raw, err := base64.RawURLEncoding.DecodeString(secret)
		must(t, err)
		held := w.dump(t)
		for _, canary := range []string{"secret-thing", "somebody", secret, string(raw), hex.EncodeToString(raw)} {
			if strings.Contains(held, canary) || strings.Contains(held, hex.EncodeToString([]byte(canary))) {
				t.Errorf("the tables hold %q", canary)
			}
		}
		if !strings.Contains(held, ada.ID) || !strings.Contains(held, "q=go") {
			t.Error("the search itself finds nothing")
		}
	})
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		s := w.saves(t, ada, "go")
		w.saves(t, ada, "rust")
		kept := w.saves(t, ben, "go")
		w.publishes(t, "go 1")
		w.passes(t, saved.Every)
		var out bytes.Buffer
		must(t, w.Accounts.Export(w.ctx, ada, &out))
		type exported struct {
			ID, Name, Query, State string
			SavedOn                string           `json:"saved_on"`
			Finds                  []map[string]any `json:"finds"`
		}
		var file struct{ Searches []exported }
		must(t, json.Unmarshal(out.Bytes(), &file))
		i := slices.IndexFunc(file.Searches, func(x exported) bool { return x.ID == s.ID })
		if len(file.Searches) != 2 || i < 0 {
			t.Fatalf("the export holds %d searches", len(file.Searches))
		}
		same(t, "the export", []any{"go", "q=go", "watching", "2026-11-22", []map[string]any{{"found_on": "2026-11-23", "seen": false}}},
			[]any{file.Searches[i].Name, file.Searches[i].Query, file.Searches[i].State, file.Searches[i].SavedOn, file.Searches[i].Finds})
		if secret := secretOf(t, w.FeedURL(s)); strings.Contains(out.String(), secret) || strings.Contains(out.String(), kept.ID) {
			t.Error("the export holds a secret or another's search")
		}
		must(t, w.Accounts.Erase(w.ctx, ada, "ada"))
		same(t, "left: searches, finds, deadlines", []int{1, 1, 1}, []int{w.rows(t, "SELECT count(*) FROM saved_search"),
			w.rows(t, "SELECT count(*) FROM saved_find"), w.rows(t, "SELECT count(*) FROM due WHERE kind = 'saved_search'")})
		w.heard()
		w.publishes(t, "go 2")
		w.passes(t, saved.Every)
		same(t, "told", []told{{To: ben.ID, Search: kept.ID, Day: "2026-11-24", Count: 1}}, w.heard())
	})
}

// TestRemovedBetweenTheDeadlineAndTheJob leaves a job without its search.
func TestRemovedBetweenTheDeadlineAndTheJob(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s := w.saves(t, ada, "go")
		w.publishes(t, "go 1")
		w.Clock.Advance(saved.Every)
		_, err := w.Sweep(w.ctx)
		must(t, err)
		must(t, w.Remove(w.ctx, ada, s.ID))
		w.settle(t)
		same(t, "told", []told(nil), w.heard())
		same(t, "deadlines", 0, w.rows(t, "SELECT count(*) FROM due"))
		same(t, "failed jobs", 0, w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'saved_check' AND state <> 'completed'"))
	})
}
