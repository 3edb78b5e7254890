package message_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
)

// together runs acts at the same moment and gives their codes, sorted.
func together(acts ...func() error) []string {
	out := make([]string, len(acts))
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, act := range acts {
		wg.Go(func() {
			<-start
			out[i] = code(act())
		})
	}
	close(start)
	wg.Wait()
	slices.Sort(out)
	return out
}

// Whatever two tabs do to one inquiry at one instant, it ends in one way, and
// everything that follows from it happens once.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, n := context.Background(), 0
		for name, acts := range map[string]func(ada, bob account.Actor, id string) []func() error{
			"two answers": func(ada, _ account.Actor, id string) []func() error {
				return []func() error{w.writes(ada, id, "one"), w.writes(ada, id, "two")}
			},
			"the same answer": func(ada, _ account.Actor, id string) []func() error {
				return []func() error{w.writes(ada, id, "one"), w.writes(ada, id, "one"), w.writes(ada, id, "one")}
			},
			"answer and decline": func(ada, _ account.Actor, id string) []func() error {
				return []func() error{w.writes(ada, id, "one"), w.declines(ada, id)}
			},
			"two declines": func(ada, _ account.Actor, id string) []func() error {
				return []func() error{w.declines(ada, id), w.declines(ada, id)}
			},
			"answer and expiry": func(ada, _ account.Actor, id string) []func() error {
				w.pass(t, 24*time.Hour)
				w.Clock.Advance(24 * time.Hour)
				return []func() error{w.writes(ada, id, "one"), w.sweeps(), w.sweeps()}
			},
			"decline, withdrawal and expiry": func(ada, bob account.Actor, id string) []func() error {
				w.pass(t, 24*time.Hour)
				w.Clock.Advance(24 * time.Hour)
				return []func() error{w.declines(ada, id), w.sweeps(), func() error { _, err := w.Withdraw(ctx, bob, id); return err }}
			},
		} {
			for range 5 {
				n++
				ada, bob := w.tutor(t, fmt.Sprintf("ada%d", n)), w.person(t, fmt.Sprintf("bob%d", n))
				id := w.ask(t, bob, ada).ID
				w.told.take()
				list := acts(ada, bob, id)
				together(list...)
				got, err := w.Inquiry(ctx, bob, id)
				must(t, err)
				s, err := w.Standing(ctx, ada)
				must(t, err)
				var ends []string
				for _, line := range w.told.take() {
					if kind, _, _ := strings.Cut(line, " "); slices.Contains([]string{"inquiry_answered", "inquiry_declined", "inquiry_expired"}, kind) {
						ends = append(ends, strings.TrimPrefix(kind, "inquiry_"))
					}
				}
				told := []string{string(got.State)}
				if got.State == message.Withdrawn {
					told = nil
				}
				want(t, name+": told of the one end", told, ends)
				count := 1
				if got.State == message.Withdrawn {
					count = 0
				}
				want(t, name+": counted once", []int{count, 0}, []int{s.Asked, s.Waiting})
				words := w.texts(t, bob, id)
				if (len(words) > 0) != (got.State == message.Answered) {
					t.Errorf("%s: %s with the words %q", name, got.State, words)
				}
				if name == "the same answer" {
					want(t, name, []string{"one"}, words)
				}
			}
		}
	})
}

// Bounds hold when many tabs ask at once.
func TestManyTabsAsk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, bob := context.Background(), w.tutor(t, "ada"), w.person(t, "bob")
		must(t, w.SetCapacity(ctx, ada, 2))
		asks := func(by, to account.Actor) func() error {
			return func() error { _, err := w.Ask(ctx, by, question(to)); return err }
		}
		other := func() error {
			in := question(ada)
			in.Goal = "learn Rust"
			_, err := w.Ask(ctx, bob, in)
			return err
		}
		want(t, "a form sent thrice", []string{"", "", ""}, together(asks(bob, ada), asks(bob, ada), asks(bob, ada)))
		want(t, "is one inquiry", 1, w.rows(t, "inquiry"))
		want(t, "told once", []string{"inquiry_new to=ada handle=bob"}, w.told.take())
		want(t, "one learner, one tutor", []string{"", "conflict:inquiry_waits_already", "conflict:inquiry_waits_already"},
			together(asks(bob, ada), other, other))
		var acts []func() error
		for i := range 4 {
			acts = append(acts, asks(w.person(t, fmt.Sprintf("learner%d", i)), ada))
		}
		want(t, "one place", []string{"", "conflict:tutor_full", "conflict:tutor_full", "conflict:tutor_full"}, together(acts...))
		acts = nil
		for i := range message.MaxOpen + 1 {
			acts = append(acts, asks(bob, w.tutor(t, fmt.Sprintf("tutor%d", i))))
		}
		want(t, "one learner, many tutors", []string{"", "", "", "", "conflict:inquiries_open_max", "conflict:inquiries_open_max"}, together(acts...))
	})
}

func TestManyWriteAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		w.write(t, ada, id, "hi")
		var acts []func() error
		for i := range 8 {
			acts = append(acts, w.writes([]account.Actor{ada, bob}[i%2], id, fmt.Sprint(i)))
		}
		want(t, "all are written", []string{"", "", "", "", "", "", "", ""}, together(acts...))
		for i, m := range w.read(t, ada, id).Messages {
			want(t, "numbers have no gap", i+1, m.N)
		}
		want(t, "reported once", []string{"", "conflict:message_reported", "conflict:message_reported"}, together(w.reports(bob, id, 1), w.reports(bob, id, 1), w.reports(bob, id, 1)))
	})
}

func (w *world) writes(by account.Actor, id, text string) func() error {
	return func() error { _, err := w.Messages.Write(context.Background(), by, id, text); return err }
}

func (w *world) declines(by account.Actor, id string) func() error {
	return func() error {
		_, err := w.Messages.Decline(context.Background(), by, id, message.Declining{Reason: message.Busy})
		return err
	}
}

func (w *world) sweeps() func() error {
	return func() error { _, err := w.Sweep(context.Background()); return err }
}

func (w *world) reports(by account.Actor, id string, n int) func() error {
	return func() error {
		th, err := w.Thread(context.Background(), by, id, 1)
		if err != nil {
			return err
		}
		return w.Report(context.Background(), by, id, th.Messages[n-1].ID, "not at all a friendly word")
	}
}

// A service that is removed between its reading and the inquiry is unknown, as
// if it had been removed before.
func TestServiceGoesMeanwhile(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada, bob := context.Background(), w.tutor(t, "ada"), w.person(t, "bob")
		in := question(ada)
		in.ServiceID = w.service(t, ada, market.Published)
		w.meanwhile = func() { must(t, w.market.RemoveService(ctx, ada, in.ServiceID)) }
		_, err := w.Ask(ctx, bob, in)
		want(t, "removed meanwhile", "not_found:service_unknown", code(err))
		want(t, "nothing is written", []int{0, 0}, []int{w.rows(t, "thread"), w.rows(t, "inquiry")})
		want(t, "nobody is told", []string(nil), w.told.take())
		in.ServiceID = ""
		_, err = w.Ask(ctx, bob, in)
		want(t, "about none", "", code(err))
	})
}

// Whoever ends an inquiry takes the tutor's profile before the habit: one that
// waits for the profile keeps the habit from nobody.
func TestProfileBeforeHabit(t *testing.T) {
	t.Parallel()
	if !dbtest.PostgreSQL(t) {
		return // SQLite has one writer
	}
	w := newWorld(t, dbtest.NewPostgreSQL(t))
	ctx, ada := context.Background(), w.tutor(t, "ada")
	ask := func(n int) string { return w.ask(t, w.person(t, fmt.Sprintf("learner%d", n)), ada).ID }
	first := ask(0)
	w.write(t, ada, first, "so that there is a habit")
	answered, declined := ask(1), ask(2)
	runsOut := ask(3)
	w.pass(t, 24*time.Hour)
	w.Clock.Advance(24 * time.Hour)
	for _, c := range []struct {
		name string
		act  func() error
	}{{"answer", w.writes(ada, answered, "hello")}, {"decline", w.declines(ada, declined)}, {"expiry", w.sweeps()}} {
		done := make(chan error, 1)
		err := w.DB.Write(ctx, func(tx *db.Tx) error {
			if err := w.profiles.Hold(ctx, tx, ada.ID); err != nil {
				return err
			}
			go func() { done <- c.act() }()
			for blocked := 0; blocked == 0; {
				if len(done) > 0 {
					return errors.New("it did not wait for the profile")
				}
				err := w.Read(ctx, func(tx *db.Tx) error {
					return tx.NewRaw("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(ctx, &blocked)
				})
				if err != nil {
					return err
				}
			}
			var one []int
			return tx.NewRaw("SELECT 1 FROM reply_habit WHERE account_id = ? FOR UPDATE NOWAIT", ada.ID).Scan(ctx, &one)
		})
		want(t, c.name+" holds no habit while it waits", "", code(err))
		must(t, <-done)
	}
	got, err := w.Inquiry(ctx, ada, runsOut)
	must(t, err)
	want(t, "ran out", message.Expired, got.State)
}
