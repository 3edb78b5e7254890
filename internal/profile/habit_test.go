package profile_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/profile"
)

// habits is how people answer, told by the test.
type habits struct {
	by    map[string]profile.Habit
	asked [][]string
	fail  error
}

func (h *habits) Habits(_ context.Context, _ *db.Tx, ids []string) (map[string]profile.Habit, error) {
	h.asked = append(h.asked, ids)
	return h.by, h.fail
}

func TestCardsShowHowTutorsAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		w.save(t, ada, open(func(in *profile.Input) { in.Creator = true }))
		cards := func() (out []string, err error) {
			for _, k := range w.Kinds() {
				err = errors.Join(err, w.Read(ctx, func(tx *db.Tx) error {
					var list []catalogue.Listing
					list, err := k.Listings(ctx, tx, []string{ada.ID, "nobody"})
					for _, l := range list {
						out = append(out, fmt.Sprintf("%s %d %d %v %d", l.Kind, l.ReplyMinutes, l.ReplyShare, l.ReplyKnown, l.Capacity))
					}
					return err
				}))
			}
			return out, err
		}
		got, err := cards()
		want(t, "nobody knows", []any{[]string{"tutor 0 0 false 0", "creator 0 0 false 0"}, nil}, []any{got, err})
		h := &habits{by: map[string]profile.Habit{ada.ID: {Minutes: 180, Share: 90, Known: true, Free: 2}}}
		w.Answering(h)
		got, err = cards()
		want(t, "a tutor's card alone", []any{[]string{"tutor 180 90 true 2", "creator 0 0 false 0"}, nil}, []any{got, err})
		want(t, "asked once, about whom is shown", [][]string{{ada.ID}}, h.asked)
		h.fail = errors.New("away")
		_, err = cards()
		want(t, "a failure is one", "away", err.Error())
	})
}

// Who answers most stands before who is unknown, who stands before who seldom
// answers.
func TestAnsweringCountsInTheOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		w.save(t, ada, open())
		weight := func(h profile.Habit) (out float64) {
			t.Helper()
			w.Answering(&habits{by: map[string]profile.Habit{ada.ID: h}})
			if err := w.Read(ctx, func(tx *db.Tx) error {
				docs, err := w.Kinds()[0].Documents(ctx, tx, []string{ada.ID})
				if err == nil {
					out = docs[0].Weight
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		order := []profile.Habit{{Minutes: 60, Share: 100, Known: true}, {Minutes: 30 * 60, Share: 100, Known: true}, {Minutes: 60, Share: 70, Known: true},
			{}, {Minutes: 47 * 60, Share: 50, Known: true}, {Share: 10, Known: true}, {Known: true}}
		for i := range order[1:] {
			if a, b := weight(order[i]), weight(order[i+1]); a <= b || a > 1 || b < 0 {
				t.Errorf("%+v weighs %v, %+v weighs %v", order[i], a, order[i+1], b)
			}
		}
	})
}

func TestSilenceOfInquiries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		silence := func(id string) (paused bool) {
			t.Helper()
			if err := w.Write(ctx, func(tx *db.Tx) (err error) {
				paused, err = w.Silence(ctx, tx, id)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return paused
		}
		state := func() string {
			row := w.mine(t, ada)
			return phase(profile.Phase{State: row.State, By: row.PausedBy})
		}
		want(t, "without a profile", false, silence(ada.ID))
		w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Draft }))
		want(t, "a draft", []any{false, "draft"}, []any{silence(ada.ID), state()})
		w.save(t, ada, open())
		_, before := w.changes(t, 0)
		want(t, "open", []any{true, "paused by silence"}, []any{silence(ada.ID), state()})
		kinds, _ := w.changes(t, before)
		want(t, "the catalogue hears of it", []string{"tutor"}, kinds)
		want(t, "twice", []any{false, "paused by silence"}, []any{silence(ada.ID), state()})
		w.Clock.Advance(400 * 24 * time.Hour)
		w.sweep(t)
		want(t, "it waits for its owner", "paused by silence", state())
		if err := w.StillHere(ctx, ada); err != nil {
			t.Fatal(err)
		}
		want(t, "one click back", "open", state())
		if err := w.SetState(ctx, ada, profile.Paused, time.Time{}); err != nil {
			t.Fatal(err)
		}
		want(t, "an own pause stays one", []any{false, "paused by owner"}, []any{silence(ada.ID), state()})
	})
}

func TestRestJoinsTheCaller(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		rest := func(by account.Actor, until time.Time, after error) string {
			return code(w.Write(ctx, func(tx *db.Tx) error {
				if err := w.Rest(ctx, tx, by, until); err != nil {
					return err
				}
				return after
			}))
		}
		want(t, "nobody", "unauthenticated:sign_in_needed", rest(account.Actor{}, time.Time{}, nil))
		want(t, "no profile", "not_found:profile_none", rest(ada, time.Time{}, nil))
		w.save(t, ada, open())
		want(t, "a past day", "invalid:until_range:paused_until ", rest(ada, dbtest.Start, nil))
		want(t, "the caller fails", "away", rest(ada, time.Time{}, errors.New("away")))
		want(t, "nothing happened", profile.Open, w.mine(t, ada).State)
		until := dbtest.Start.Add(time.Hour)
		want(t, "paused", "", rest(ada, until, nil))
		row := w.mine(t, ada)
		want(t, "until", []any{profile.Paused, profile.ByOwner, until}, []any{row.State, row.PausedBy, row.PausedUntil})
		want(t, "again, for longer", "", rest(ada, time.Time{}, nil))
		want(t, "no end", true, w.mine(t, ada).PausedUntil.IsZero())
		if err := w.SetState(ctx, ada, profile.Draft, time.Time{}); err != nil {
			t.Fatal(err)
		}
		want(t, "a draft", "", rest(ada, time.Time{}, nil))
		want(t, "stays one", profile.Draft, w.mine(t, ada).State)
	})
}
