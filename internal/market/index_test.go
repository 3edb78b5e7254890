package market_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

// seen lists what everybody must find, by rules written apart from the program's SQL.
func (w *world) seen(t testing.TB) []search.Ref {
	t.Helper()
	ctx := context.Background()
	var people []profile.Profile
	var things []market.Service
	err := w.Read(ctx, func(tx *db.Tx) error {
		if err := tx.NewSelect().Model(&people).Scan(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&things).Scan(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, open := []search.Ref{}, map[string]bool{}
	for _, p := range people {
		if p.State != profile.Open || !p.Approved {
			continue
		}
		open[p.AccountID] = p.Tutor || p.Creator
		if p.Tutor {
			out = append(out, search.Ref{Kind: "tutor", ID: p.AccountID})
		}
		if p.Creator {
			out = append(out, search.Ref{Kind: "creator", ID: p.AccountID})
		}
	}
	for _, s := range things {
		if s.State == market.Published && open[s.AccountID] {
			out = append(out, search.Ref{Kind: "service", ID: s.ID})
		}
	}
	slices.SortFunc(out, func(a, b search.Ref) int { return strings.Compare(a.Kind+a.ID, b.Kind+b.ID) })
	return out
}

// Whatever people do and however time passes: what is in the index is what
// everybody may see, and each document says what the rows say.
func TestIndexIsWhatEverybodyMaySee(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, n := context.Background(), 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			people := []account.Actor{w.person(t, fmt.Sprintf("ada%d", n)), w.person(t, fmt.Sprintf("ben%d", n))}
			who := rapid.SampledFrom(people)
			service := func(rt *rapid.T) (account.Actor, string) {
				by := who.Draw(rt, "who")
				rows, err := w.Mine(ctx, by)
				if err != nil {
					rt.Fatal(err)
				}
				if len(rows) == 0 {
					rt.Skip("nothing offered")
				}
				return by, rows[rapid.IntRange(0, len(rows)-1).Draw(rt, "which")].ID
			}
			input := func(rt *rapid.T) market.ServiceInput {
				return lesson(func(in *market.ServiceInput) {
					in.Title = rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "title")
					in.Price = rub(rapid.Int64Range(0, 3).Draw(rt, "price") * 10000)
					in.State = rapid.SampledFrom([]market.State{"", market.Draft, market.Published, market.Paused}).Draw(rt, "state")
				})
			}
			rt.Repeat(map[string]func(*rapid.T){
				"profile": func(rt *rapid.T) {
					in := profile.Input{Tutor: rapid.Bool().Draw(rt, "tutor"), Headline: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "headline"),
						State: rapid.SampledFrom([]profile.State{"", profile.Draft, profile.Open, profile.Paused}).Draw(rt, "state")}
					in.Creator = !in.Tutor || rapid.Bool().Draw(rt, "creator")
					if in.State == profile.Paused && rapid.Bool().Draw(rt, "until") {
						in.PausedUntil = w.Clock.Now().Add(50 * time.Hour)
					}
					if _, _, err := w.profiles.Save(ctx, who.Draw(rt, "who"), in); err != nil {
						rt.Fatal(err)
					}
				},
				"add": func(rt *rapid.T) {
					_, err := w.AddService(ctx, who.Draw(rt, "who"), input(rt))
					if c := code(err); c != "" && c != "not_found:profile_none" && c != "conflict:too_many_services" {
						rt.Fatal(err)
					}
				},
				"edit": func(rt *rapid.T) {
					by, id := service(rt)
					if _, err := w.EditService(ctx, by, id, input(rt)); err != nil {
						rt.Fatal(err)
					}
				},
				"remove": func(rt *rapid.T) {
					by, id := service(rt)
					if err := w.RemoveService(ctx, by, id); err != nil {
						rt.Fatal(err)
					}
				},
				"time": func(rt *rapid.T) {
					w.Clock.Advance(time.Duration(rapid.IntRange(1, 1000).Draw(rt, "hours")) * time.Hour)
					if _, err := w.Sweep(ctx); err != nil {
						rt.Fatal(err)
					}
				},
				"catch up": func(*rapid.T) { w.catchUp(t) },
				"restart":  func(*rapid.T) { w.catalogue = w.newCatalogue() },
			})
			w.catchUp(t)
			w.compare(t, rt)
			for _, by := range people {
				if err := w.accounts.Erase(ctx, by, by.Handle); err != nil {
					rt.Fatal(err)
				}
			}
			w.catchUp(t)
			if left := w.engine.Refs(); len(left) > 0 {
				rt.Fatalf("left after erasing everybody: %v", left)
			}
		})
	})
}

func (w *world) compare(t *testing.T, rt *rapid.T) {
	if got, expected := w.engine.Refs(), w.seen(t); !slices.Equal(got, expected) {
		rt.Fatalf("the index has %v, everybody may see %v", got, expected)
	}
	// A document that is older than its row would show here.
	stale := w.engine.Documents()
	if err := w.catalogue.Reindex(context.Background(), nil); err != nil {
		rt.Fatal(err)
	}
	for ref, fresh := range w.engine.Documents() {
		if got := fmt.Sprintf("%+v", stale[ref]); got != fmt.Sprintf("%+v", fresh) {
			rt.Fatalf("the index has\n%s\nwhere the rows say\n%+v", got, fresh)
		}
	}
}
