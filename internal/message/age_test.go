package message_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
)

func TestReminderAndExpiry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		w.told.take()
		w.pass(t, 24*time.Hour-time.Second)
		want(t, "before a day", []string(nil), w.told.take())
		w.pass(t, time.Second)
		want(t, "a day", []string{"inquiry_waiting to=ada handle=bob"}, w.told.take())
		w.pass(t, 24*time.Hour-time.Second)
		want(t, "before two days", []string(nil), w.told.take())
		w.pass(t, time.Second)
		want(t, "two days", []string{"inquiry_expired to=bob handle=ada"}, w.told.take())
		got, err := w.Inquiry(ctx, bob, id)
		must(t, err)
		want(t, "expired", []any{message.Expired, true, w.Clock.Now()}, []any{got.State, got.Closed, got.EndedAt})
		_, err = w.Messages.Write(ctx, ada, id, "sorry, late")
		want(t, "too late to answer", "conflict:thread_closed", code(err))
		_, err = w.Messages.Decline(ctx, ada, id, message.Declining{Reason: message.Busy})
		want(t, "too late to decline", "conflict:inquiry_state", code(err))
		_, err = w.Withdraw(ctx, bob, id)
		want(t, "too late to withdraw", "conflict:inquiry_state", code(err))
		want(t, "deadlines", []string{"thread"}, w.deadlines(t, id))
		w.ask(t, bob, ada)

		// The program stood still over both: the tutor is told, and has a day.
		id = w.ask(t, w.person(t, "cyd"), ada).ID
		w.told.take()
		w.standStill(t, 1000*time.Hour)
		told := w.told.take()
		slices.Sort(told)
		want(t, "after a standstill", []string{"inquiry_waiting to=ada handle=bob", "inquiry_waiting to=ada handle=cyd"}, told)
		got, err = w.Inquiry(ctx, ada, id)
		must(t, err)
		want(t, "says when", []any{message.Open, w.Clock.Now().Add(message.AnswerAfter)}, []any{got.State, got.ExpiresAt()})
		want(t, "deadlines", []string{"inquiry_expiry", "thread"}, w.deadlines(t, id))
		w.pass(t, message.AnswerAfter-time.Second)
		want(t, "before that day is over", []string(nil), w.told.take())
		w.write(t, ada, id, "I was away as well")
		w.told.take()
		w.pass(t, time.Second)
		want(t, "a day after", []string{"inquiry_expired to=bob handle=ada"}, w.told.take())
		s, err := w.Standing(ctx, ada)
		must(t, err)
		want(t, "counted", []int{3, 1, 1}, []int{s.Asked, s.Answered, s.Unanswered})
	})
}

func TestThreeUnansweredPauseTheProfile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada := w.tutor(t, "ada")
		learners := 0
		learner := func() account.Actor {
			learners++
			return w.person(t, fmt.Sprintf("learner%d", learners))
		}
		ignore := func() {
			w.ask(t, learner(), ada)
			w.told.take()
			w.pass(t, 48*time.Hour)
		}
		of := func(handle string) (out []string) {
			for _, line := range w.told.take() {
				if strings.HasPrefix(line, "profile_") && strings.Contains(line, " to="+handle+" ") {
					out = append(out, line)
				}
			}
			return out
		}
		ignore()
		want(t, "one", []string(nil), of("ada"))
		ignore()
		want(t, "two", []string{"profile_reminder to=ada count=2"}, of("ada"))
		w.write(t, ada, w.ask(t, learner(), ada).ID, "an answer begins anew")
		ignore()
		ignore()
		want(t, "two again", []string{"profile_reminder to=ada count=2"}, of("ada"))
		want(t, "still open", "open", w.state(t, ada))
		w.ask(t, learner(), ada)
		w.Clock.Advance(time.Hour)
		late := w.ask(t, learner(), ada) // asked before the pause, runs out in it
		w.pass(t, 23*time.Hour)
		w.pass(t, time.Hour)
		w.told.take()
		w.pass(t, 23*time.Hour)
		want(t, "three", []string{"profile_slept to=ada count=3"}, of("ada"))
		want(t, "why is on the board's own page", "/me", w.told.notes[len(w.told.notes)-1].Path)
		want(t, "paused", "paused silence", w.state(t, ada))
		s, err := w.Standing(ctx, ada)
		must(t, err)
		want(t, "told why", []any{true, db.Day(w.Clock.Now()), 0}, []any{s.Slept(), s.SleptOn, s.Unanswered})
		_, err = w.Ask(ctx, learner(), question(ada))
		want(t, "asked while it sleeps", "conflict:tutor_paused", code(err))

		// What runs out in the pause does not count against the tutor's return.
		w.pass(t, time.Hour)
		got, err := w.Inquiry(ctx, ada, late.ID)
		must(t, err)
		want(t, "ran out", message.Expired, got.State)
		must(t, w.profiles.StillHere(ctx, ada))
		want(t, "one click back", "open", w.state(t, ada))
		s, err = w.Standing(ctx, ada)
		must(t, err)
		want(t, "forgiven", []any{false, 0}, []any{s.Slept(), s.Unanswered})
		ignore()
		want(t, "one after the return", "open", w.state(t, ada))

		// Whoever paused by hand is not paused by silence, and is not counted.
		last := learner()
		w.ask(t, last, ada)
		must(t, w.profiles.SetState(ctx, ada, profile.Paused, time.Time{}))
		w.pass(t, 48*time.Hour)
		want(t, "own pause", "paused owner", w.state(t, ada))
		s, err = w.Standing(ctx, ada)
		must(t, err)
		want(t, "own pause does not count", 1, s.Unanswered)
	})
}

func TestSilentThreadEnds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		w.write(t, ada, id, "hello")
		must(t, w.Report(ctx, bob, id, w.read(t, bob, id).Messages[0].ID, "this is not a friendly word"))
		w.told.take()
		days := func(n int) []string {
			t.Helper()
			w.standStill(t, time.Duration(n)*24*time.Hour)
			_ = w.profiles.StillHere(ctx, ada)
			return w.told.take()
		}
		want(t, "165 days", []string(nil), days(165))
		both := []string{"thread_ending to=bob handle=ada days=14", "thread_ending to=ada handle=bob days=14"}
		want(t, "166 days", both, days(1))
		want(t, "ends on", db.Day(w.Clock.Now()).AddDate(0, 0, 14), w.read(t, bob, id).EndsOn)
		want(t, "179 days", []string(nil), days(13))
		w.write(t, bob, id, "wait") // which keeps it
		w.told.take()
		want(t, "165 days more", []string(nil), days(165))
		want(t, "166 days more", both, days(1))
		want(t, "told apart from the first time", false, w.told.notes[len(w.told.notes)-1].Cause == "")
		want(t, "the end", []string(nil), days(14))
		_, err := w.Thread(ctx, bob, id, 0)
		want(t, "gone", "not_found:thread_unknown", code(err))
		for _, table := range []string{"thread", "inquiry", "message", "message_report"} {
			want(t, table, 0, w.rows(t, table))
		}
		want(t, "no deadline is left", []string(nil), w.deadlines(t, id))
		want(t, "no notice leads there", []string{"bob " + message.Path(id), "ada " + message.Path(id)}, w.told.gone)

		// Nobody loses a thread untold, even after a standstill.
		id = w.ask(t, bob, ada).ID
		w.write(t, ada, id, "hello")
		w.told.take()
		want(t, "a year", both, days(365))
		want(t, "a day before", []string(nil), days(13))
		want(t, "still there", 1, len(w.texts(t, bob, id)))
		days(1)
		_, err = w.Thread(ctx, bob, id, 0)
		want(t, "gone after a standstill", "not_found:thread_unknown", code(err))
	})
}

func TestHabit(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada := w.tutor(t, "ada")
		n := 0
		learner := func() account.Actor {
			n++
			return w.person(t, fmt.Sprintf("learner%d", n))
		}
		answer := func(after time.Duration) {
			id := w.ask(t, learner(), ada).ID
			w.Clock.Advance(after)
			w.write(t, ada, id, "hi")
		}
		card := func() (out profile.Habit) {
			t.Helper()
			for _, k := range w.profiles.Kinds() {
				must(t, w.Read(ctx, func(tx *db.Tx) error {
					list, err := k.Listings(ctx, tx, []string{ada.ID})
					for _, l := range list {
						out = profile.Habit{Minutes: l.ReplyMinutes, Share: l.ReplyShare, Known: l.ReplyKnown, Free: l.Capacity}
					}
					return err
				}))
			}
			got, err := w.Habit(ctx, ada.ID)
			must(t, err)
			want(t, "page and card agree", got, out)
			return out
		}
		want(t, "a newcomer", profile.Habit{Free: profile.ManyFree}, card())
		answer(10 * time.Minute)
		answer(170 * time.Minute)
		want(t, "two tell nothing", profile.Habit{Free: profile.ManyFree}, card())
		before := w.generation(t)
		answer(20 * time.Hour)
		want(t, "three", profile.Habit{Minutes: 180, Share: 100, Known: true, Free: profile.ManyFree}, card())
		want(t, "the catalogue hears of it", true, w.generation(t) > before)
		w.ask(t, learner(), ada)
		w.pass(t, 48*time.Hour)
		want(t, "one unanswered of four", profile.Habit{Minutes: 180, Share: 80, Known: true, Free: profile.ManyFree}, card())
		id := w.ask(t, learner(), ada).ID
		w.Clock.Advance(time.Minute)
		_, err := w.Messages.Decline(ctx, ada, id, message.Declining{Reason: message.Busy})
		must(t, err)
		want(t, "a decline is an answer", profile.Habit{Minutes: 120, Share: 80, Known: true, Free: profile.ManyFree}, card())

		// Free places show near the end, and only then change what the public sees.
		before = w.generation(t)
		for range message.DefaultCapacity - profile.ManyFree {
			w.ask(t, learner(), ada)
		}
		want(t, "unchanged", before, w.generation(t))
		last := learner()
		id = w.ask(t, last, ada).ID
		want(t, "free for", 4, card().Free)
		want(t, "changed", true, w.generation(t) > before)
		must(t, w.SetCapacity(ctx, ada, 6))
		want(t, "full", 0, card().Free)
		_, err = w.Withdraw(ctx, last, id)
		must(t, err)
		want(t, "room", 1, card().Free)

		// What is older than 180 days counts no more, by itself.
		_, _ = w.Sweep(ctx)
		w.pass(t, 49*time.Hour)
		s, err := w.Standing(ctx, ada)
		must(t, err)
		want(t, "standing", []int{10, 4, 0, 6}, []int{s.Asked, s.Answered, s.Waiting, s.Capacity})
		w.pass(t, 200*24*time.Hour)
		s, err = w.Standing(ctx, ada)
		must(t, err)
		want(t, "all forgotten", []int{0, 0, 6}, []int{s.Asked, s.Answered, s.Capacity})
		want(t, "no deadline of the habit is left", false, slices.Contains(w.deadlines(t, ada.ID), "habit"))
		_, err = w.Standing(ctx, account.Actor{})
		want(t, "nobody's", "unauthenticated:sign_in_needed", code(err))
	})
}

// The median is over the last twenty answers, not over all.
func TestHabitForgetsOldSlowness(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ada := w.tutor(t, "ada")
	for i := range 45 {
		id := w.ask(t, w.person(t, fmt.Sprintf("learner%d", i)), ada).ID
		after := 40 * time.Hour
		if i >= 25 {
			after = 5 * time.Minute
		}
		w.Clock.Advance(after)
		w.write(t, ada, id, "hi")
	}
	got, err := w.Habit(context.Background(), ada.ID)
	must(t, err)
	want(t, "the last twenty", profile.Habit{Minutes: 60, Share: 100, Known: true, Free: profile.ManyFree}, got)
}

// Inquiries that run out at one instant, or while the program stood still, do
// not pause a profile whose owner was never asked.
func TestNobodyIsPausedUnasked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, n := context.Background(), 0
		three := func(to account.Actor) {
			t.Helper()
			for range 3 {
				n++
				w.ask(t, w.person(t, fmt.Sprintf("learner%d", n)), to)
			}
			w.told.take()
			w.pass(t, 48*time.Hour)
		}
		of := func(by account.Actor) (out []string) {
			for _, line := range w.told.take() {
				if strings.HasPrefix(line, "profile_") && strings.Contains(line, " to="+by.Handle+" ") {
					out = append(out, line)
				}
			}
			return out
		}
		ada := w.tutor(t, "ada")
		three(ada)
		want(t, "three at once", []string{"profile_reminder to=ada count=2"}, of(ada))
		want(t, "three at once", "open", w.state(t, ada))
		w.pass(t, message.SilentGrace-time.Second)
		want(t, "within a day", []string(nil), of(ada))
		w.pass(t, time.Second)
		want(t, "a day after being asked", []string{"profile_slept to=ada count=3"}, of(ada))
		want(t, "a day after being asked", "paused silence", w.state(t, ada))
		must(t, w.profiles.StillHere(ctx, ada))
		want(t, "back", "open", w.state(t, ada))

		// An answer within that day begins anew, and so does an own pause.
		bea := w.tutor(t, "bea")
		three(bea)
		want(t, "asked", []string{"profile_reminder to=bea count=2"}, of(bea))
		w.write(t, bea, w.ask(t, w.person(t, "late"), bea).ID, "here I am")
		want(t, "no deadline is left", false, slices.Contains(w.deadlines(t, bea.ID), "silence"))
		w.pass(t, 24*time.Hour)
		want(t, "answered", "open", w.state(t, bea))
		cyd := w.tutor(t, "cyd")
		three(cyd)
		must(t, w.profiles.SetState(ctx, cyd, profile.Paused, time.Time{}))
		w.told.take()
		w.pass(t, 24*time.Hour)
		want(t, "an own pause stays one", []any{"paused owner", []string(nil)}, []any{w.state(t, cyd), of(cyd)})
		dan := w.tutor(t, "dan")
		three(dan)
		must(t, w.accounts.Erase(ctx, dan, "dan"))
		want(t, "erased", []string{"forget_change"}, w.deadlines(t, dan.ID))
	})
}

// Only who answers all is said to answer all, however little is missing.
func TestShareIsNotRoundedUpToAll(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ada := w.tutor(t, "ada")
	for i := range 20 {
		w.write(t, ada, w.ask(t, w.person(t, fmt.Sprintf("learner%d", i)), ada).ID, "hi")
	}
	share := func() int {
		got, err := w.Habit(context.Background(), ada.ID)
		must(t, err)
		return got.Share
	}
	want(t, "all", 100, share())
	w.ask(t, w.person(t, "left"), ada)
	w.pass(t, 48*time.Hour)
	want(t, "all but one", 90, share())
}

// One learner alone cannot pause a tutor, and what the tutor reports is no silence.
func TestSilenceTowardsOneIsNotSilence(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		standing := func(what string, unanswered, asked int) {
			t.Helper()
			s, err := w.Standing(ctx, ada)
			must(t, err)
			want(t, what, []int{unanswered, asked}, []int{s.Unanswered, s.Asked})
		}
		for range message.MaxAgain {
			w.ask(t, bob, ada)
			w.pass(t, 48*time.Hour)
		}
		standing("thrice the same learner", 1, 3)
		want(t, "open", "open", w.state(t, ada))
		rude := func(handle string) string {
			return w.ask(t, w.person(t, handle), ada).ID
		}
		report := func(id string) { must(t, w.Report(ctx, ada, id, id, "insults and nothing else in it")) }
		id := rude("cyd")
		report(id)
		w.pass(t, 48*time.Hour)
		standing("reported while it waited", 1, 3)
		first := rude("dan")
		w.pass(t, 48*time.Hour)
		standing("left alone", 2, 4)
		report(first)
		standing("reported afterwards", 1, 3)
		rude("eve")
		w.pass(t, 48*time.Hour)
		rude("fay")
		w.pass(t, 48*time.Hour)
		want(t, "three learners", "paused silence", w.state(t, ada))
		must(t, w.profiles.StillHere(ctx, ada))
		standing("one click back", 0, 5)

		// An answer begins anew, for the same learner too.
		w.Clock.Advance(31 * 24 * time.Hour)
		w.write(t, ada, w.ask(t, bob, ada).ID, "hello")
		w.Clock.Advance(time.Second)
		w.ask(t, bob, ada)
		w.pass(t, 48*time.Hour)
		standing("after an answer", 1, 7)
	})
}
