package profile_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/profile"
)

var update = flag.Bool("update", false, "write golden files")

func TestTransitionsGolden(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, tr := range profile.Transitions() {
		fmt.Fprintf(&b, "%-17s %-10s %s\n", phase(tr.From), tr.Act, phase(tr.To))
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

func phase(p profile.Phase) string {
	if p.By == "" {
		return string(p.State)
	}
	return string(p.State) + " by " + string(p.By)
}

func TestAgeing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, owner := context.Background(), w.person(t, "ada"), &ageing{}
		w.Tells(owner)
		w.save(t, ada, open())
		state := func() string {
			row := w.mine(t, ada)
			return fmt.Sprintf("%s asked:%v version:%d", phase(profile.Phase{State: row.State, By: row.PausedBy}), row.Asked(), row.Version)
		}
		pass := func(days int) {
			w.Clock.Advance(time.Duration(days) * 24 * time.Hour)
			w.sweep(t)
		}
		pass(59)
		want(t, "day 59", "open asked:false version:1", state())
		want(t, "nothing is told", []string(nil), owner.take())
		owner.fail = errors.New("away")
		w.Clock.Advance(24 * time.Hour)
		_, err := w.Sweep(ctx)
		want(t, "untold, nothing happens", []any{true, "open asked:false version:1"}, []any{err != nil, state()})
		owner.fail = nil
		w.sweep(t)
		want(t, "told with the days left", []string{ada.ID + " 14"}, owner.take())
		want(t, "day 60", "open asked:true version:1", state())
		pass(13)
		want(t, "day 73", "open asked:true version:1", state())
		_, before := w.changes(t, 0)
		pass(1)
		want(t, "day 74", "paused by silence asked:false version:2", state())
		kinds, _ := w.changes(t, before)
		want(t, "told", []string{"tutor"}, kinds)
		want(t, "the owner is told", []string{ada.ID + " 0"}, owner.take())
		pass(400)
		want(t, "years later", "paused by silence asked:false version:2", state())

		// Signing in does not publish; the click does.
		if err := w.Seen(ctx, ada); err != nil {
			t.Fatal(err)
		}
		want(t, "seen", "paused by silence asked:false version:2", state())
		if err := w.StillHere(ctx, ada); err != nil {
			t.Fatal(err)
		}
		want(t, "still here", "open asked:false version:3", state())
		pass(60)
		want(t, "asked again", "open asked:true version:3", state())
		if err := w.Seen(ctx, ada); err != nil {
			t.Fatal(err)
		}
		want(t, "seen after being asked", "open asked:false version:3", state())
		pass(59)
		want(t, "59 days after", "open asked:false version:3", state())

		// When the program stood still over both days, nobody is paused unasked.
		pass(500)
		want(t, "after a standstill", "open asked:true version:3", state())
		pass(14)
		want(t, "14 days later", "paused by silence asked:false version:4", state())
		want(t, "each time is told", []string{ada.ID + " 14", ada.ID + " 14", ada.ID + " 0"}, owner.take())
		w.save(t, ada, open())
		want(t, "saved open", "open asked:false version:5", state())
	})
}

func TestActiveIsADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		w.save(t, ada, open())
		w.Clock.Advance(3*24*time.Hour + 5*time.Hour + 7*time.Minute)
		_, before := w.changes(t, 0)
		for range 3 {
			if err := w.Seen(ctx, ada); err != nil {
				t.Fatal(err)
			}
		}
		row := w.mine(t, ada)
		want(t, "active on", db.Day(dbtest.Start).AddDate(0, 0, 3), row.ActiveOn)
		kinds, now := w.changes(t, before)
		want(t, "told once a day", []any{[]string{"tutor"}, before + 1}, []any{kinds, now})
		var due []db.Deadline
		if err := w.Read(ctx, func(tx *db.Tx) error { return tx.NewSelect().Model(&due).Scan(ctx) }); err != nil {
			t.Fatal(err)
		}
		for _, d := range due {
			if !d.At.Equal(db.Day(d.At)) {
				t.Errorf("the deadline %v tells an instant", d.At)
			}
		}
		if err := w.Seen(ctx, account.Actor{}); err != nil {
			t.Error(err)
		}
		if err := w.Seen(ctx, w.person(t, "noprofile")); err != nil {
			t.Error(err)
		}
	})
}

func TestPausedUntilOpensByItself(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		w.save(t, ada, open())
		until := dbtest.Start.Add(100*24*time.Hour + 30*time.Minute)
		if err := w.SetState(ctx, ada, profile.Paused, until); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(100 * 24 * time.Hour)
		w.sweep(t)
		want(t, "before", until, w.mine(t, ada).PausedUntil)
		w.Clock.Advance(30 * time.Minute)
		w.sweep(t)
		row := w.mine(t, ada)
		want(t, "at the instant", []any{profile.Open, profile.Cause(""), true}, []any{row.State, row.PausedBy, row.PausedUntil.IsZero()})
		w.Clock.Advance(59 * 24 * time.Hour)
		w.sweep(t)
		row = w.mine(t, ada)
		want(t, "a long pause is no silence", false, row.Asked())

		// A pause without a date stays, and opening early forgets the date.
		if err := w.SetState(ctx, ada, profile.Paused, w.Clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := w.SetState(ctx, ada, profile.Open, w.Clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := w.SetState(ctx, ada, profile.Paused, time.Time{}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(1000 * 24 * time.Hour)
		w.sweep(t)
		want(t, "without a date", profile.Paused, w.mine(t, ada).State)

		// One that was emptied while it was paused waits for its owner.
		w.save(t, ada, profile.Input{State: profile.Paused, PausedUntil: w.Clock.Now().Add(time.Hour)})
		w.Clock.Advance(2 * time.Hour)
		w.sweep(t)
		want(t, "emptied", profile.Paused, w.mine(t, ada).State)
	})
}

func TestSetStateRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		want(t, "nobody", "unauthenticated:sign_in_needed", code(w.SetState(ctx, account.Actor{}, profile.Open, time.Time{})))
		want(t, "no profile", "not_found:profile_none", code(w.SetState(ctx, ada, profile.Open, time.Time{})))
		want(t, "still here without one", "not_found:profile_none", code(w.StillHere(ctx, ada)))
		w.save(t, ada, profile.Input{})
		want(t, "unknown", "invalid:state_unknown", code(w.SetState(ctx, ada, "gone", time.Time{})))
		want(t, "empty", "invalid:role_needed:roles invalid:profile_empty:headline ", code(w.SetState(ctx, ada, profile.Open, time.Time{})))
		want(t, "past", "invalid:until_range:paused_until ", code(w.SetState(ctx, ada, profile.Paused, dbtest.Start)))
		want(t, "state", profile.Draft, w.mine(t, ada).State)
	})
}

func TestApproval(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		boss, mod := w.office(t, "boss", account.Operator), w.office(t, "mod", account.Moderator)
		ada, ben, cyd := w.person(t, "ada"), w.person(t, "ben"), w.person(t, "cyd")
		w.save(t, cyd, open())
		w.approval(t, true)
		_, before := w.changes(t, 0)
		w.save(t, ada, open())
		w.save(t, ben, open(func(in *profile.Input) { in.State = profile.Draft }))
		w.save(t, mod, open())
		kinds, _ := w.changes(t, before)
		want(t, "told of the moderator's alone", []string{"tutor"}, kinds)
		waiting := func(by account.Actor) (out []string) {
			list, err := w.Waiting(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				out = append(out, p.Handle)
			}
			return out
		}
		want(t, "waiting", []string{"ada"}, waiting(mod))
		_, err := w.Profile(ctx, ben, "ada")
		want(t, "others read", "not_found:profile_unknown", code(err))
		_, err = w.Waiting(ctx, ada)
		want(t, "a member looks", "forbidden:not_allowed", code(err))
		_, err = w.Waiting(ctx, account.Actor{})
		want(t, "nobody looks", "unauthenticated:sign_in_needed", code(err))
		want(t, "a member approves", "forbidden:not_allowed", code(w.Approve(ctx, ben, ada.ID, 1)))
		want(t, "nobody approves", "unauthenticated:sign_in_needed", code(w.Approve(ctx, account.Actor{}, ada.ID, 1)))
		want(t, "own", "forbidden:own_content", code(w.Approve(ctx, mod, mod.ID, 1)))
		want(t, "unknown", "not_found:profile_none", code(w.Approve(ctx, mod, "x", 1)))
		want(t, "a draft", "conflict:profile_not_waiting", code(w.Approve(ctx, mod, ben.ID, 1)))
		w.Clock.Advance(48 * time.Hour)
		read, err := w.Waiting(ctx, mod)
		if err != nil {
			t.Fatal(err)
		}
		shown := w.save(t, ada, open(func(in *profile.Input) { in.About = "Other than what was read." }))
		want(t, "changed after it was read", "conflict:changed_meanwhile", code(w.Approve(ctx, boss, ada.ID, read[0].Version)))
		want(t, "it still waits", []string{"ada"}, waiting(mod))
		if err := w.Approve(ctx, boss, ada.ID, shown.Version); err != nil {
			t.Fatal(err)
		}
		want(t, "twice", "conflict:profile_not_waiting", code(w.Approve(ctx, boss, ada.ID, shown.Version)))
		row, err := w.Profile(ctx, account.Actor{}, "ada")
		if err != nil {
			t.Fatal(err)
		}
		want(t, "published on the day of approval", db.Day(dbtest.Start).AddDate(0, 0, 2), row.PublishedOn)
		row = w.save(t, ada, open(func(in *profile.Input) { in.Name = "other" }))
		want(t, "an edit needs no second approval", true, row.Visible())
		row = w.save(t, cyd, open())
		want(t, "who was there before stays", true, row.Visible())

		w.save(t, ben, open())
		w.approval(t, false)
		if err := w.Write(ctx, func(tx *db.Tx) error { return w.ApproveAll(ctx, tx) }); err != nil {
			t.Fatal(err)
		}
		want(t, "nobody waits", []string(nil), waiting(boss))
		row = w.mine(t, ben)
		want(t, "ben", true, row.Visible())
	})
}

func TestFollowersHearOnlyWhatThePublicSees(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.person(t, "ada")
		at := int64(0)
		step := func(name string, act func() error, kinds []string, heard int) {
			t.Helper()
			_, at = w.changes(t, 0)
			w.told.ids = nil
			if err := act(); err != nil {
				t.Fatal(err)
			}
			got, _ := w.changes(t, at)
			want(t, name, []any{kinds, heard}, []any{got, len(w.told.ids)})
		}
		save := func(in profile.Input) func() error {
			return func() error { _, _, err := w.Save(ctx, ada, in); return err }
		}
		both := func(in *profile.Input) { in.Creator = true }
		step("draft", save(profile.Input{Name: "x"}), nil, 0)
		step("publish", save(open()), []string{"tutor"}, 1)
		step("creator too", save(open(both)), []string{"creator", "tutor"}, 1)
		step("creator no more", save(open()), []string{"creator", "tutor"}, 1)
		step("touch", func() error {
			return w.Write(ctx, func(tx *db.Tx) error { return w.Touch(ctx, tx, ada.ID) })
		}, []string{"tutor"}, 1)
		step("offer", func() error {
			return w.Write(ctx, func(tx *db.Tx) error { return w.OfferChanged(ctx, tx, ada.ID) })
		}, []string{"tutor"}, 0)
		step("unpublish", save(open(func(in *profile.Input) { in.State = profile.Draft })), []string{"tutor"}, 1)
		step("touch a draft", func() error {
			return w.Write(ctx, func(tx *db.Tx) error { return w.Touch(ctx, tx, ada.ID) })
		}, nil, 0)
		step("touch nobody", func() error {
			return w.Write(ctx, func(tx *db.Tx) error { return w.Touch(ctx, tx, "none") })
		}, nil, 0)
	})
}

// Whatever an owner does and however time passes: only listed ways are gone,
// the state agrees with its cause, and a deadline exists exactly when one is due.
func TestStatesUnderAnything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, n := context.Background(), 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			ada := w.person(t, fmt.Sprintf("ada%d", n))
			w.save(t, ada, open(func(in *profile.Input) { in.State = profile.Draft }))
			last := profile.Phase{State: profile.Draft}
			rt.Repeat(map[string]func(*rapid.T){
				"state": func(rt *rapid.T) {
					to := rapid.SampledFrom([]profile.State{profile.Draft, profile.Open, profile.Paused}).Draw(rt, "to")
					until := time.Time{}
					if to == profile.Paused && rapid.Bool().Draw(rt, "until") {
						until = w.Clock.Now().Add(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "hours")) * time.Hour)
					}
					if err := w.SetState(ctx, ada, to, until); err != nil {
						rt.Fatal(err)
					}
				},
				"here": func(rt *rapid.T) {
					if err := w.StillHere(ctx, ada); err != nil {
						rt.Fatal(err)
					}
				},
				"time": func(rt *rapid.T) {
					w.Clock.Advance(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "hours")) * time.Hour)
					w.sweep(t)
				},
				"": func(rt *rapid.T) {
					row := w.mine(t, ada)
					now := profile.Phase{State: row.State, By: row.PausedBy}
					if now != last && !reachable(last, now) {
						rt.Fatalf("went from %v to %v", last, now)
					}
					last = now
					var deadlines []db.Deadline
					if err := w.Read(ctx, func(tx *db.Tx) error {
						return tx.NewSelect().Model(&deadlines).Where("id = ?", ada.ID).Scan(ctx)
					}); err != nil {
						rt.Fatal(err)
					}
					due := row.State == profile.Open || !row.PausedUntil.IsZero()
					if (len(deadlines) == 1) != due || len(deadlines) == 1 && !deadlines[0].At.After(w.Clock.Now()) {
						rt.Fatalf("%v has deadlines %v at %v", now, deadlines, w.Clock.Now())
					}
				},
			})
			if err := w.accounts.Erase(ctx, ada, ada.Handle); err != nil {
				rt.Fatal(err)
			}
		})
	})
}

// reachable tells whether a phase follows from another by listed transitions:
// a sweep over a long time may go more than one.
func reachable(from, to profile.Phase) bool {
	seen := []profile.Phase{from}
	for i := 0; i < len(seen); i++ {
		for _, tr := range profile.Transitions() {
			if tr.From == seen[i] && !slices.Contains(seen, tr.To) {
				seen = append(seen, tr.To)
			}
		}
	}
	return slices.Contains(seen, to)
}
