package market_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

var update = flag.Bool("update", false, "write golden files")

func TestTransitionsGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, tr := range market.Transitions() {
		fmt.Fprintf(&b, "%-10s %s\n", tr.From, tr.To)
	}
	const file = "testdata/transitions.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "transitions", string(golden), b.String())
}

func TestAddKeepsEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		in := market.ServiceInput{Title: " Code \t review ", Summary: "you send\r\nI read", Format: "review", Minutes: 90,
			Price: &money.Amount{Minor: 1550, Currency: "USD"}, FreeTrial: true, Rules: "**cancel** a day ahead", State: market.Published}
		row := w.add(t, ada, in)
		minor := int64(1550)
		expected := market.Service{ID: row.ID, AccountID: ada.ID, Title: "Code review", Summary: "you send\nI read", Format: "review", Minutes: 90,
			Price: &minor, Currency: "USD", FreeTrial: true, Rules: "**cancel** a day ahead", State: market.Published,
			PublishedOn: db.Day(dbtest.Start), Version: 1}
		ignore := cmpopts.IgnoreFields(market.Service{}, "BaseModel")
		if diff := cmp.Diff(expected, row, ignore); diff != "" {
			t.Errorf("added (-want +got):\n%s", diff)
		}
		got, err := w.Service(ctx, account.Actor{}, row.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected, got.Service, ignore); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
		if row.ID[14] != '4' {
			t.Errorf("the id %s tells when it was made", row.ID)
		}
		want(t, "tutor", []any{"ada", "ada", true}, []any{got.Handle, got.Name, got.Visible})
		card := got.Card()
		want(t, "card", []any{"/services/" + row.ID, "Code review", "15.50", 90, "ada"},
			[]any{card.URL, card.Title, card.Price.Number("en"), card.Minutes, card.OwnerName})

		free := w.add(t, ada, lesson(func(in *market.ServiceInput) { in.Price = &money.Amount{} }))
		agreed := w.add(t, ada, lesson(func(in *market.ServiceInput) { in.Price, in.ByAgreement = nil, true }))
		want(t, "free, by agreement", []bool{true, false}, []bool{free.Free(), agreed.Free()})
		if agreed.Amount() != nil {
			t.Errorf("an amount by agreement: %v", agreed.Amount())
		}
		rows, err := w.Services(ctx, account.Actor{}, "ada")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "cheapest first", []string{free.ID, row.ID, agreed.ID}, ids(rows))
		cards, err := w.Cards(ctx, account.Actor{}, "ada")
		if err != nil || len(cards) != 3 || !cards[0].Free {
			t.Errorf("cards %v, %v", cards, err)
		}
	})
}

func ids(rows []market.Service) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		price := func(minor int64, currency string) func(*market.ServiceInput) {
			return func(in *market.ServiceInput) { in.Price = &money.Amount{Minor: minor, Currency: currency} }
		}
		for _, tt := range []struct {
			change func(*market.ServiceInput)
			want   string
		}{
			{func(in *market.ServiceInput) { in.Title = " \u200b " }, "invalid:required:title "},
			{func(in *market.ServiceInput) { in.Title = strings.Repeat("я", 101) }, "invalid:too_long:title "},
			{func(in *market.ServiceInput) { in.Summary = strings.Repeat("я", 301) }, "invalid:too_long:summary "},
			{func(in *market.ServiceInput) { in.Rules = strings.Repeat("я", 2001) }, "invalid:too_long:rules "},
			{func(in *market.ServiceInput) { in.Rules = "\x00" }, "invalid:text_form:rules "},
			{func(in *market.ServiceInput) { in.Format = "no-mic" }, "invalid:value_unknown:format "},
			{func(in *market.ServiceInput) { in.Minutes = -1 }, "invalid:minutes_range:minutes "},
			{func(in *market.ServiceInput) { in.Minutes = 100001 }, "invalid:minutes_range:minutes "},
			{func(in *market.ServiceInput) { in.Price = nil }, "invalid:price_needed:price "},
			{func(in *market.ServiceInput) { in.ByAgreement = true }, "invalid:price_and_agreement:by_agreement "},
			{price(-1, "RUB"), "invalid:money_negative:price "},
			{price(money.MaxMinor+1, "RUB"), "invalid:money_too_large:price "},
			{price(5, "XXX"), "invalid:currency_unknown:price "},
			{price(5, ""), "invalid:currency_unknown:price "},
			{price(0, "rub"), "invalid:currency_unknown:price "},
			{price(5, "JPY"), "invalid:currency_unknown:price "},
			{func(in *market.ServiceInput) { in.State = "gone" }, "invalid:state_unknown:state "},
			{func(in *market.ServiceInput) { in.Version = -1 }, "invalid:version_form:version "},
			{func(in *market.ServiceInput) { in.Title, in.Format, in.Price = "", "", nil },
				"invalid:required:title invalid:format_needed:format invalid:price_needed:price "},
		} {
			_, err := w.AddService(ctx, ada, lesson(tt.change))
			if got := code(err); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		}
		_, err := w.AddService(ctx, account.Actor{}, lesson())
		want(t, "nobody", "unauthenticated:sign_in_needed", code(err))
		_, err = w.AddService(ctx, w.person(t, "ben"), lesson())
		want(t, "no profile", "not_found:profile_none", code(err))
		rows, err := w.Mine(ctx, ada)
		want(t, "nothing was written", []any{0, nil}, []any{len(rows), err})
	})
}

func TestAtMostTwentyEvenAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		for range 17 {
			w.add(t, ada, lesson())
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if _, err := w.AddService(ctx, ada, lesson()); err != nil && code(err) != "conflict:too_many_services" {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		rows, err := w.Mine(ctx, ada)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "services", market.MaxServices, len(rows))
	})
}

func TestSecondTab(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, ben := context.Background(), w.tutor(t, "ada"), w.tutor(t, "ben")
		row := w.add(t, ada, lesson())
		edit := func(by account.Actor, id, title string, version int64) error {
			_, err := w.EditService(ctx, by, id, lesson(func(in *market.ServiceInput) { in.Title, in.Version, in.State = title, version, "" }))
			return err
		}
		want(t, "one", "", code(edit(ada, row.ID, "one", 1)))
		want(t, "two", "conflict:changed_meanwhile", code(edit(ada, row.ID, "two", 1)))
		want(t, "unchecked", "", code(edit(ada, row.ID, "three", 0)))
		want(t, "another's", "not_found:service_unknown", code(edit(ben, row.ID, "x", 0)))
		want(t, "nobody", "unauthenticated:sign_in_needed", code(edit(account.Actor{}, row.ID, "x", 0)))
		want(t, "no id", "not_found:service_unknown", code(edit(ada, "../../x", "x", 0)))
		want(t, "another removes", "not_found:service_unknown", code(w.RemoveService(ctx, ben, row.ID)))
		got, err := w.Service(ctx, ada, row.ID)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "row", []any{"three", int64(3), market.Published}, []any{got.Title, got.Version, got.State})
		want(t, "remove", "", code(w.RemoveService(ctx, ada, row.ID)))
		want(t, "remove again", "not_found:service_unknown", code(w.RemoveService(ctx, ada, row.ID)))
		want(t, "edit what is gone", "not_found:service_unknown", code(edit(ada, row.ID, "x", 0)))
	})
}

func TestWhoReadsWhat(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, ben := context.Background(), w.tutor(t, "ada"), w.person(t, "ben")
		row := w.add(t, ada, lesson(func(in *market.ServiceInput) { in.State = market.Draft }))
		for _, tt := range []struct {
			profile profile.State
			service market.State
			reads   bool // others open its page
			lists   bool // it stands in the others' list
			visible bool // it is found
		}{
			{profile.Open, market.Draft, false, false, false},
			{profile.Open, market.Paused, false, false, false}, // before it was ever published
			{profile.Open, market.Published, true, true, true},
			{profile.Open, market.Paused, true, false, false},
			{profile.Paused, market.Published, true, true, false},
			{profile.Draft, market.Published, false, false, false},
			{profile.Open, market.Draft, false, false, false},
		} {
			w.profile(t, ada, tt.profile)
			w.move(t, ada, row.ID, tt.service)
			name := fmt.Sprintf("profile %s, service %s", tt.profile, tt.service)
			for _, by := range []account.Actor{{}, ben} {
				l, err := w.Service(ctx, by, row.ID)
				if (err == nil) != tt.reads || err != nil && code(err) != "not_found:service_unknown" || l.Visible != tt.visible {
					t.Errorf("%s: visible %v, %v", name, l.Visible, err)
				}
				rows, err := w.Services(ctx, by, "ada")
				if (len(rows) == 1) != tt.lists || err != nil && tt.profile != profile.Draft {
					t.Errorf("%s: lists %d, %v", name, len(rows), err)
				}
			}
			if _, err := w.Service(ctx, ada, row.ID); err != nil {
				t.Errorf("%s: its owner reads: %v", name, err)
			}
			rows, err := w.Services(ctx, ada, "ada")
			if len(rows) != 1 || err != nil {
				t.Errorf("%s: its owner lists %d, %v", name, len(rows), err)
			}
			w.catchUp(t)
			found := slices.Contains(w.engine.Refs(), search.Ref{Kind: "service", ID: row.ID})
			if found != tt.visible {
				t.Errorf("%s: in the index: %v", name, found)
			}
		}
		_, err := w.EditService(ctx, ada, row.ID, lesson(func(in *market.ServiceInput) { in.State = "gone" }))
		want(t, "unknown state", "invalid:state_unknown:state ", code(err))
		_, err = w.Services(ctx, ben, "nosuch")
		want(t, "unknown handle", "not_found:profile_unknown", code(err))
		_, err = w.Mine(ctx, account.Actor{})
		want(t, "nobody's own", "unauthenticated:sign_in_needed", code(err))
		_, err = w.Service(ctx, ada, strings.Repeat("x", 36))
		want(t, "unknown id", "not_found:service_unknown", code(err))
	})
}

func TestTutorsFollowTheirServices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		w.catchUp(t)
		w.Clock.Advance(48 * time.Hour)
		tutor := search.Ref{Kind: "tutor", ID: ada.ID}
		dear := w.add(t, ada, lesson())
		w.add(t, ada, lesson(func(in *market.ServiceInput) { in.Price, in.Format = rub(50000), "group" }))
		w.add(t, ada, lesson(func(in *market.ServiceInput) { in.Price, in.State = rub(1), market.Draft }))
		w.catchUp(t)
		d := w.engine.Documents()[tutor]
		slices.SortFunc(d.Prices, func(a, b search.Price) int { return int(a.Minor - b.Minor) })
		want(t, "prices", []search.Price{{Minor: 50000, Currency: "RUB"}, {Minor: 150000, Currency: "RUB"}}, d.Prices)
		want(t, "formats", []string{"call", "group"}, d.Formats)
		want(t, "adding is an act", db.Day(dbtest.Start).AddDate(0, 0, 2), d.Active)
		page, err := w.catalogue.Search(ctx, search.Query{Kinds: []string{"tutor"}})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "card", []any{"500", true}, []any{page.Listings[0].Price.Number("en"), page.Listings[0].PriceFrom})
		if err := w.RemoveService(ctx, ada, dear.ID); err != nil {
			t.Fatal(err)
		}
		w.catchUp(t)
		want(t, "prices after a removal", []search.Price{{Minor: 50000, Currency: "RUB"}}, w.engine.Documents()[tutor].Prices)
	})
}

func TestSearchQueriesDoNotGrow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for n := range 12 {
			by := w.tutor(t, fmt.Sprintf("tutor%d", n))
			for range 3 {
				w.add(t, by, lesson())
			}
		}
		w.catchUp(t)
		counted := map[int]int64{}
		for _, limit := range []int{2, 48} {
			ctx, n := db.CountQueries(context.Background())
			page, err := w.catalogue.Search(ctx, search.Query{Limit: limit, Kinds: []string{"service", "tutor"}})
			if err != nil || len(page.Listings) != limit {
				t.Fatalf("%d listings, %v", len(page.Listings), err)
			}
			counted[limit] = n.Load()
		}
		if counted[48] > 6 { // begin, end, two a kind
			t.Errorf("queries: %v", counted)
		}
	})
}

func TestImportReplacesServices(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		var id string
		put := func(list ...market.ServiceInput) error {
			return w.Write(ctx, func(tx *db.Tx) error {
				acc, err := account.ByHandle(ctx, tx, "imported")
				if err != nil {
					if acc, err = account.Unclaimed(ctx, tx, "imported"); err != nil {
						return err
					}
					err = w.profiles.Put(ctx, tx, acc.ID, profile.Input{Tutor: true, Headline: "x", State: profile.Open})
				}
				if err != nil {
					return err
				}
				id = acc.ID
				return w.PutServices(ctx, tx, acc.ID, list)
			})
		}
		titled := func(title string, minor int64) market.ServiceInput {
			return lesson(func(in *market.ServiceInput) { in.Title, in.Price = title, rub(minor) })
		}
		if err := put(titled("one", 1), titled("two", 2), titled("two", 3)); err != nil {
			t.Fatal(err)
		}
		before, err := w.Services(ctx, account.Actor{}, "imported")
		if err != nil || len(before) != 3 {
			t.Fatalf("%d services, %v", len(before), err)
		}
		generation, _ := w.Generation(ctx)
		if err := put(titled("one", 1), titled("two", 2), titled("two", 3)); err != nil {
			t.Fatal(err)
		}
		again, _ := w.Generation(ctx)
		want(t, "the same import changes nothing", generation, again)
		if err := put(titled("ONE", 9), titled("three", 3)); err != nil {
			t.Fatal(err)
		}
		after, err := w.Services(ctx, account.Actor{}, "imported")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "titles", []string{"three", "ONE"}, []string{after[0].Title, after[1].Title})
		want(t, "the address stays", before[0].ID, after[1].ID)
		w.catchUp(t)
		want(t, "index", 3, len(w.engine.Refs()))

		want(t, "a bad one", "invalid:required:title ", code(put(titled("one", 1), titled("", 1))))
		want(t, "too many", "conflict:too_many_services", code(put(make([]market.ServiceInput, 21)...)))
		err = w.Write(ctx, func(tx *db.Tx) error { return w.PutServices(ctx, tx, "x", nil) })
		want(t, "no profile", "not_found:profile_none", code(err))
		still, err := w.Services(ctx, account.Actor{}, "imported")
		want(t, "nothing of a failed import stays", []any{ids(after), nil}, []any{ids(still), err})
		want(t, "account", 36, len(id))
	})
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, ben := context.Background(), w.tutor(t, "ada"), w.tutor(t, "ben")
		w.add(t, ada, lesson(func(in *market.ServiceInput) { in.Rules = "secret rules" }))
		w.add(t, ada, lesson(func(in *market.ServiceInput) { in.State = market.Draft }))
		kept := w.add(t, ben, lesson())
		w.catchUp(t)
		var b bytes.Buffer
		if err := w.accounts.Export(ctx, ada, &b); err != nil {
			t.Fatal(err)
		}
		var out struct {
			Services []struct {
				Title, Rules, State string
				Price               struct {
					Amount   int64
					Currency string
				}
			}
		}
		if err := json.Unmarshal(b.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		states := []string{}
		for _, s := range out.Services {
			states = append(states, s.State)
			want(t, "price", []any{int64(150000), "RUB"}, []any{s.Price.Amount, s.Price.Currency})
		}
		slices.Sort(states)
		want(t, "exported", []string{"draft", "published"}, states)
		if !strings.Contains(b.String(), "secret rules") {
			t.Error("the rules are not exported")
		}
		if err := w.accounts.Erase(ctx, ada, "ada"); err != nil {
			t.Fatal(err)
		}
		w.catchUp(t)
		want(t, "index", []search.Ref{{Kind: "service", ID: kept.ID}, {Kind: "tutor", ID: ben.ID}}, w.engine.Refs())
		var left int64
		w.write(t, func(tx *db.Tx) (err error) {
			left, err = tx.NewSelect().Model((*market.Service)(nil)).Count(ctx)
			return err
		})
		want(t, "rows left", int64(1), left)
	})
}

func TestKindOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		old := w.add(t, ada, lesson())
		w.Clock.Advance(24 * time.Hour)
		young := w.add(t, ada, lesson())
		w.add(t, ada, lesson(func(in *market.ServiceInput) { in.State = market.Draft }))
		list, err := w.catalogue.Newest(ctx, "service", 10)
		if err != nil {
			t.Fatal(err)
		}
		want(t, "newest", []string{young.ID, old.ID}, []string{list[0].ID, list[1].ID})
		var walked []string
		err = w.catalogue.Each(ctx, "service", func(l catalogue.Listing) error { walked = append(walked, l.ID); return nil })
		if err != nil {
			t.Fatal(err)
		}
		sorted := []string{old.ID, young.ID}
		slices.Sort(sorted)
		want(t, "walked", sorted, walked)
		counts, err := w.catalogue.Counts(ctx)
		want(t, "counts", []any{map[string]int{"tutor": 1, "creator": 0, "service": 2}, nil}, []any{counts, err})
		if diff := cmp.Diff("/services/x", w.Kind().Path("x", "ada")); diff != "" {
			t.Error(diff)
		}
	})
}
