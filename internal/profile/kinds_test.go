package profile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
)

func TestKindsShowRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, ben, cyd := w.person(t, "ada"), w.person(t, "ben"), w.person(t, "cyd")
		full := open(func(in *profile.Input) {
			in.Creator, in.About, in.Skills, in.Levels, in.Formats = true, "Hi **there**", []string{"питон"}, []string{"zero"}, []string{"chat"}
		})
		w.save(t, ada, full)
		w.Clock.Advance(24 * time.Hour)
		w.save(t, ben, open(func(in *profile.Input) { in.Tutor, in.Creator, in.Name = false, true, "" }))
		w.save(t, cyd, open(func(in *profile.Input) { in.State = profile.Draft }))
		w.offers.by = map[string]profile.Offer{ada.ID: {Free: true, ByAgreement: true, Formats: []string{"call"},
			Prices: []money.Amount{{Minor: 500, Currency: "USD"}, {Minor: 90000, Currency: "RUB"}, {Minor: 70000, Currency: "RUB"}}}}
		kinds := map[string]catalogue.Kind{}
		for _, k := range w.Kinds() {
			kinds[k.Name] = k
		}
		all := []string{ada.ID, ben.ID, cyd.ID, "nosuch"}
		err := w.Read(ctx, func(tx *db.Tx) error {
			for role, who := range map[string][]string{"tutor": {ada.ID}, "creator": {ben.ID, ada.ID}} {
				k := kinds[role]
				newest, err := k.Newest(ctx, tx, 10)
				if err != nil {
					return err
				}
				want(t, role+" newest", who, newest)
				n, err := k.Count(ctx, tx)
				if err != nil {
					return err
				}
				want(t, role+" count", len(who), n)
				ids, err := k.IDs(ctx, tx, "", 1)
				if err != nil {
					return err
				}
				if len(who) > 1 {
					rest, err := k.IDs(ctx, tx, ids[0], 10)
					if err != nil {
						return err
					}
					ids = append(ids, rest...)
				}
				if len(ids) != len(who) || len(ids) == 2 && ids[0] >= ids[1] {
					t.Errorf("%s ids %v", role, ids)
				}
				handles, err := k.Handles(ctx, tx, []string{"ada", "ben", "cyd"})
				if err != nil {
					return err
				}
				want(t, role+" handles", len(who), len(handles))
			}
			docs, err := kinds["tutor"].Documents(ctx, tx, all)
			if err != nil {
				return err
			}
			want(t, "document", []search.Document{{Ref: search.Ref{Kind: "tutor", ID: ada.ID}, Owner: "ada", Author: "Ада ada", Title: "Ада",
				Lead: "Python", Body: "Hi there", Skills: []string{"python"}, Levels: []string{"zero"}, Langs: []string{"ru"},
				Formats: []string{"call", "chat"}, Free: true, NewTo: db.Day(dbtest.Start).AddDate(0, 0, 30), Active: db.Day(dbtest.Start),
				Prices:  []search.Price{{Minor: 500, Currency: "USD"}, {Minor: 90000, Currency: "RUB"}, {Minor: 70000, Currency: "RUB"}},
				Created: db.Day(dbtest.Start), Weight: docs[0].Weight}}, docs)
			if docs[0].Weight <= 0 || docs[0].Weight > 1 {
				t.Errorf("weight %v", docs[0].Weight)
			}
			listings, err := kinds["tutor"].Listings(ctx, tx, all)
			if err != nil {
				return err
			}
			seed := listings[0].Seed
			want(t, "listing", []catalogue.Listing{{Kind: "tutor", ID: ada.ID, Handle: "ada", Name: "Ада", Title: "Ада", OwnerName: "Ада", Lead: "Python",
				Skills: []string{"python"}, Levels: []string{"zero"}, Langs: []string{"ru"}, Formats: []string{"call", "chat"},
				Price: &money.Amount{Minor: 70000, Currency: "RUB"}, PriceFrom: true, Free: true, ByAgreement: true, Newcomer: true,
				Since: db.Day(dbtest.Start), Seed: seed}}, listings)
			if docs, err = kinds["creator"].Documents(ctx, tx, []string{ben.ID, ada.ID}); err != nil {
				return err
			}
			second := map[string]bool{}
			for _, d := range docs {
				second[d.Owner] = d.Second
			}
			want(t, "second entries", map[string]bool{"ada": true, "ben": false}, second)
			if listings, err = kinds["creator"].Listings(ctx, tx, []string{ben.ID, ada.ID}); err != nil {
				return err
			}
			for _, l := range listings {
				want(t, "second card", second[l.Handle], l.Second)
				if l.Price != nil || l.Free {
					t.Errorf("a creator sells lessons: %+v", l)
				}
				if l.ID == ben.ID && l.Name != "ben" {
					t.Errorf("without a name the handle is shown, not %q", l.Name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, "paths", []string{"/tutors/ada", "/creators/ada"}, []string{kinds["tutor"].Path("x", "ada"), kinds["creator"].Path("x", "ada")})
		row, err := w.Profile(ctx, account.Actor{}, "ben")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "card", "/creators/ben", row.Card(w.Clock.Now()).URL)
		w.Clock.Advance(30 * 24 * time.Hour)
		want(t, "newcomer for 30 days", []bool{true, false}, []bool{row.Newcomer(row.NewcomerUntil().Add(-time.Second)), row.Newcomer(row.NewcomerUntil())})
	})
}

func TestListingsTakeAConstantNumberOfQueries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var ids []string
		for n := range 30 {
			by := w.person(t, fmt.Sprintf("person%d", n))
			w.save(t, by, open())
			ids = append(ids, by.ID)
		}
		counted := map[int]int64{}
		for _, n := range []int{1, 30} {
			ctx, count := db.CountQueries(context.Background())
			err := w.Read(ctx, func(tx *db.Tx) error {
				got, err := w.Kinds()[0].Listings(ctx, tx, ids[:n])
				if len(got) != n {
					t.Errorf("%d listings, want %d", len(got), n)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			counted[n] = count.Load()
		}
		if counted[1] != counted[30] || counted[30] > 3 {
			t.Errorf("queries: %v", counted)
		}
		if diff := cmp.Diff([]catalogue.Listing(nil), nothing(t, w), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

// nothing asks for no ids at all.
func nothing(t *testing.T, w *world) (out []catalogue.Listing) {
	t.Helper()
	ctx := context.Background()
	err := w.Read(ctx, func(tx *db.Tx) (err error) {
		k := w.Kinds()[0]
		if _, err = k.Documents(ctx, tx, nil); err != nil {
			return err
		}
		if _, err = k.Handles(ctx, tx, nil); err != nil {
			return err
		}
		if m, err := profile.ByIDs(ctx, tx, nil); err != nil || len(m) > 0 {
			t.Errorf("%v, %v", m, err)
		}
		out, err = k.Listings(ctx, tx, nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWhoTeachesIsAtHomeAmongTutors(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]profile.Profile{
		"/tutors/ada":   {Handle: "ada", Tutor: true, Creator: true},
		"/tutors/ben":   {Handle: "ben"},
		"/creators/cyd": {Handle: "cyd", Creator: true},
		"/tutors/x%2Fy": {Handle: "x/y", Tutor: true}, // what a stranger types stays one part of the address
	} {
		if got := p.Path(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := p.Card(time.Time{}).URL; got != want {
			t.Errorf("the card says %s, want %s", got, want)
		}
	}
}
