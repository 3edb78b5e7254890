package message_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
)

func TestNobodyElseKnowsOfAThread(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		msg := w.write(t, ada, id, "secret")
		office := func(handle string, role account.Role) account.Actor {
			acc, _, _, err := w.accounts.Create(ctx, handle, role)
			must(t, err)
			return acc.Actor()
		}
		const why = "a reason that is long enough"
		acts := map[string]func(by account.Actor, id string) error{
			"inquiry":  func(by account.Actor, id string) error { _, err := w.Inquiry(ctx, by, id); return err },
			"thread":   func(by account.Actor, id string) error { _, err := w.Thread(ctx, by, id, 0); return err },
			"write":    func(by account.Actor, id string) error { _, err := w.Messages.Write(ctx, by, id, "hi"); return err },
			"withdraw": func(by account.Actor, id string) error { _, err := w.Withdraw(ctx, by, id); return err },
			"decline": func(by account.Actor, id string) error {
				_, err := w.Messages.Decline(ctx, by, id, message.Declining{Reason: message.Busy})
				return err
			},
			"close": func(by account.Actor, id string) error { return w.Close(ctx, by, id) },
			"marks": func(by account.Actor, id string) error { return w.SetMarks(ctx, by, id, true) },
			"read":  func(by account.Actor, id string) error { return w.MarkRead(ctx, by, id, 1) },
		}
		strangers := map[string]account.Actor{"another learner": w.person(t, "cyd"), "another tutor": w.tutor(t, "dan"),
			"a moderator": office("mod", account.Moderator), "the operator": office("boss", account.Operator)}
		for who, by := range strangers {
			for what, act := range acts {
				for _, odd := range []string{id, "", "x", "\x00", strings.Repeat("\xff", 36), strings.Repeat("0", 36)} {
					want(t, who+" "+what, "not_found:thread_unknown", code(act(by, odd)))
				}
			}
			for _, odd := range []string{id, msg.ID, "", strings.Repeat("\xff", 36)} {
				want(t, who+" reports", "not_found:thread_unknown", code(w.Report(ctx, by, id, odd, why)))
				want(t, who+" reports there", "not_found:thread_unknown", code(w.Report(ctx, by, odd, msg.ID, why)))
			}
			list, err := w.Inquiries(ctx, by, message.Filter{})
			must(t, err)
			want(t, who+" lists", 0, list.Total)
		}
		for what, act := range acts {
			want(t, "nobody "+what, "unauthenticated:sign_in_needed", code(act(account.Actor{}, id)))
			want(t, "the console "+what, "unauthenticated:sign_in_needed", code(act(account.Console(), id)))
		}
		want(t, "nobody reports", "unauthenticated:sign_in_needed", code(w.Report(ctx, account.Actor{}, id, msg.ID, why)))
		want(t, "nothing happened", []string{"secret"}, w.texts(t, bob, id))
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		const why = "this is an insult, plainly"
		hers := w.write(t, ada, id, "hello").ID
		his := w.write(t, bob, id, "hello").ID
		for name, c := range map[string]struct {
			by      account.Actor
			id, why string
			want    string
		}{
			"own words":        {ada, hers, why, "not_found:message_unknown"},
			"too short":        {bob, hers, "nineteen characters", "invalid:too_short:reason"},
			"spaces are none":  {bob, hers, "short" + strings.Repeat(" ", 40), "invalid:too_short:reason"},
			"too long":         {bob, hers, strings.Repeat("я", 1001), "invalid:too_long:reason"},
			"own inquiry":      {bob, id, why, "not_found:message_unknown"},
			"the other's":      {bob, hers, why, ""},
			"the inquiry":      {ada, id, why, ""},
			"the learner's":    {ada, his, why, ""},
			"none of anybody":  {ada, strings.Repeat("0", 36), why, "not_found:message_unknown"},
			"odd bytes":        {ada, strings.Repeat("\x00", 36), why, "not_found:message_unknown"},
			"exactly too long": {bob, "x", strings.Repeat("я", 1000), "not_found:message_unknown"},
		} {
			want(t, name, c.want, code(w.Report(ctx, c.by, id, c.id, c.why)))
		}
		want(t, "twice", "conflict:message_reported", code(w.Report(ctx, bob, id, hers, why)))
		th := w.read(t, bob, id)
		want(t, "the reporter sees it", []bool{true, false}, []bool{th.Messages[0].Reported, th.Messages[1].Reported})
		want(t, "kept", 3, w.rows(t, "message_report"))

		declined := w.ask(t, bob, w.tutor(t, "cyd"))
		other := w.write(t, bob, declined.ID, "to somebody else").ID
		want(t, "through another own thread", "not_found:message_unknown", code(w.Report(ctx, ada, id, other, why)))
		want(t, "another own inquiry", "not_found:message_unknown", code(w.Report(ctx, bob, id, declined.ID, why)))
		want(t, "before there are words", "not_found:message_unknown", code(w.Report(ctx, bob, declined.ID, declined.ID, why)))
		for handle, comment := range map[string]string{"dora": "", "emil": "go away"} {
			tutor := w.tutor(t, handle)
			refused := w.ask(t, bob, tutor)
			_, err := w.Decline(ctx, tutor, refused.ID, message.Declining{Reason: message.Busy, Comment: comment})
			must(t, err)
			said := map[string]string{"": "not_found:message_unknown", "go away": ""}[comment]
			want(t, "a refusal with the words: "+comment, said, code(w.Report(ctx, bob, refused.ID, refused.ID, why)))
		}
		must(t, w.accounts.Erase(ctx, ada, "ada"))
		for _, m := range w.read(t, bob, id).Messages {
			if !m.Mine {
				want(t, "an erased one's words", "not_found:message_unknown", code(w.Report(ctx, bob, id, m.ID, why)))
			}
		}
	})
}

func TestMarksNeedBoth(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		w.write(t, ada, id, "one")
		w.write(t, ada, id, "two")
		see := func(by account.Actor) []any {
			th := w.read(t, by, id)
			return []any{th.Marks, th.BothMark, th.Read, th.MyRead, th.ToMark()}
		}
		must(t, w.SetMarks(ctx, bob, id, true))
		must(t, w.MarkRead(ctx, bob, id, 2))
		want(t, "one wants", []any{true, false, 0, 0, 0}, see(bob))
		want(t, "the other knows nothing of it", []any{false, false, 0, 0, 0}, see(ada))
		must(t, w.SetMarks(ctx, ada, id, true))
		want(t, "both want", []any{true, true, 0, 0, 2}, see(bob))
		must(t, w.MarkRead(ctx, bob, id, 1))
		want(t, "read one", []any{true, true, 1, 0, 2}, see(ada))
		must(t, w.MarkRead(ctx, bob, id, 99))
		must(t, w.MarkRead(ctx, bob, id, 1))
		want(t, "never past the last, never back", []any{true, true, 2, 0, 2}, see(ada))
		w.write(t, ada, id, "three")
		want(t, "who writes has read", []any{true, true, 2, 3, 0}, see(ada))
		must(t, w.SetMarks(ctx, ada, id, false))
		must(t, w.SetMarks(ctx, ada, id, true))
		want(t, "forgotten", []any{true, true, 0, 0, 3}, see(bob))
	})
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	got := message.Warnings(message.Ask{Goal: "call +7 912 345-67-89 or +7 912 345-67-80", Background: "five years of 1C", Expectation: "write to ann@example.org"})
	want(t, "inquiry", []message.Warning{{Field: "goal", Kind: "phone"}, {Field: "expectation", Kind: "email"}}, got)
	want(t, "message", []message.Warning{{Field: "text", Kind: "email"}}, message.TextWarnings("ann@example.org, bob@example.org"))
	want(t, "nothing", []message.Warning(nil), message.TextWarnings("see you on 2026-11-22 at 19:30, 1500 RUB"))
}

func TestUnclaimedTutorsAreNotAsked(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw("UPDATE account SET state = 'unclaimed' WHERE id = ?", ada.ID).Exec(ctx)
			return err
		}))
		_, err := w.Ask(ctx, bob, question(ada))
		want(t, "nobody would answer", "conflict:tutor_unclaimed", code(err))
	})
}

// A peer shows the profile only when everybody may read it.
func TestDraftsStayHiddenFromPeers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		w.profile(t, bob, profile.Input{Name: "Real Bob", Headline: "x", Tutor: true})
		row := w.ask(t, bob, ada)
		see := func() []any {
			got, err := w.Inquiry(ctx, ada, row.ID)
			must(t, err)
			return []any{got.Other.Name, got.Other.Tutor}
		}
		want(t, "a draft", []any{"bob", false}, see())
		must(t, w.profiles.SetState(ctx, bob, profile.Open, time.Time{}))
		want(t, "open", []any{"Real Bob", true}, see())
	})
}

// The canaries are words that are looked for in files.
const (
	canaryHis  = "canary-of-the-learner-7f3a"
	canaryHers = "canary-of-the-tutor-9b1c"
)

// talk is a thread full of canaries, with reports.
func (w *world) talk(t testing.TB, ada, bob account.Actor) string {
	t.Helper()
	ctx := context.Background()
	row, err := w.Ask(ctx, bob, message.Ask{Handle: ada.Handle, ServiceID: w.service(t, ada, market.Published),
		Goal: canaryHis, Background: canaryHis, Expectation: strings.Repeat(canaryHis, 30)})
	must(t, err)
	hers := w.write(t, ada, row.ID, strings.Repeat(canaryHers+"\n", 150))
	his := w.write(t, bob, row.ID, strings.Repeat(canaryHis+" ", 140))
	must(t, w.Report(ctx, bob, row.ID, hers.ID, canaryHis))
	must(t, w.Report(ctx, ada, row.ID, his.ID, canaryHers))
	must(t, w.Report(ctx, ada, row.ID, row.ID, canaryHers))
	return row.ID
}

// files finds a word in the files of the data folder, once written to disk.
func (w *world) files(t testing.TB, word string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(w.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(word)) {
			found = append(found, e.Name())
		}
		return err
	}))
	return found
}

func TestNoWordIsLeftInFiles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("after 180 days", func(t *testing.T) {
		t.Parallel()
		w := sqlite(t)
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		w.talk(t, ada, bob)
		must(t, w.Compact(ctx))
		want(t, "the search itself works", []int{1, 1}, []int{len(w.files(t, canaryHis)), len(w.files(t, canaryHers))})
		w.pass(t, 166*24*time.Hour)
		w.pass(t, 14*24*time.Hour)
		dbtest.Drain(t, w.World) // the job that follows, and nothing else, cleans up
		want(t, "left", [][]string{nil, nil}, [][]string{w.files(t, canaryHis), w.files(t, canaryHers)})
	})
	for name, first := range map[string]bool{"the learner is erased": true, "the tutor is erased": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := sqlite(t)
			ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
			w.talk(t, ada, bob)
			gone, stays, word, other := bob, ada, canaryHis, canaryHers
			if !first {
				gone, stays, word, other = ada, bob, canaryHers, canaryHis
			}
			must(t, w.accounts.Erase(ctx, gone, gone.Handle))
			must(t, w.Compact(ctx))
			want(t, "left", []string(nil), w.files(t, word))
			want(t, "the other's own words stay", 1, len(w.files(t, other)))
			must(t, w.accounts.Erase(ctx, stays, stays.Handle))
			dbtest.Drain(t, w.World)
			want(t, "both gone", []string(nil), w.files(t, other))
			want(t, "no row", 0, w.rows(t, "thread")+w.rows(t, "inquiry")+w.rows(t, "message")+w.rows(t, "message_report")+w.rows(t, "reply_habit"))
		})
	}
}

func TestErasure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob, cyd := w.tutor(t, "ada"), w.person(t, "bob"), w.person(t, "cyd")
		talk := w.talk(t, ada, bob)
		waits := w.ask(t, cyd, ada).ID
		dan := w.tutor(t, "dan")
		alone := w.ask(t, bob, dan).ID
		w.told.take()
		must(t, w.accounts.Erase(ctx, bob, "bob"))
		want(t, "told", []string{"thread_closed to=ada"}, w.told.take())
		th := w.read(t, ada, talk)
		want(t, "what the tutor keeps", []any{true, "", "", message.Answered, true, 1, "", true},
			[]any{th.Other.Erased, th.Other.Handle, th.Goal, th.State, th.Closed, len(th.Messages), th.LearnerID, th.CreatedAt.IsZero()})
		_, err := w.Messages.Write(ctx, ada, talk, "are you there?")
		want(t, "written to nobody", "conflict:thread_closed", code(err))
		want(t, "closed already", "conflict:thread_closed", code(w.Close(ctx, ada, talk)))
		list, err := w.Inquiries(ctx, ada, message.Filter{States: []message.State{message.Answered}})
		must(t, err)
		want(t, "still listed", 1, list.Total)
		_, err = w.Inquiry(ctx, dan, alone)
		want(t, "an inquiry without an answer goes", "not_found:thread_unknown", code(err))
		want(t, "with its deadlines", []string(nil), w.deadlines(t, alone))
		s, err := w.Standing(ctx, dan)
		must(t, err)
		want(t, "and takes no place", 0, s.Waiting)

		must(t, w.accounts.Erase(ctx, ada, "ada"))
		want(t, "the one who waits is told", []string{"inquiry_expired to=cyd"}, w.told.take())
		got, err := w.Inquiry(ctx, cyd, waits)
		must(t, err)
		want(t, "what the learner keeps", []any{true, "learn Go", message.Expired, true}, []any{got.Other.Erased, got.Goal, got.State, got.Closed})
		_, err = w.Thread(ctx, bob, talk, 0)
		want(t, "both gone", "not_found:thread_unknown", code(err))
		want(t, "no deadline but that of the change log", []string{"forget_change"}, w.deadlines(t, ada.ID))
		w.told.take()
		w.pass(t, 400*24*time.Hour)
		want(t, "the end is told to whoever is left", []string{"thread_ending to=cyd days=14"}, grep(w.told.take(), "thread_ending"))
	})
}

func grep(lines []string, word string) (out []string) {
	for _, l := range lines {
		if strings.Contains(l, word) {
			out = append(out, l)
		}
	}
	return out
}

func TestExport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob, cyd := w.tutor(t, "ada"), w.person(t, "bob"), w.person(t, "cyd")
		w.talk(t, ada, bob)
		take := func(by account.Actor) (out struct {
			Messages struct {
				Threads []struct {
					Side, With string
					Inquiry    struct{ Goal, State string }
					Messages   []struct {
						Own  bool
						Text string
					}
					Reports []struct{ Reason string }
				}
				Habit *struct{ Asked, Capacity int }
			}
		}) {
			var b bytes.Buffer
			must(t, w.accounts.Export(ctx, by, &b))
			must(t, json.Unmarshal(b.Bytes(), &out))
			return out
		}
		his, hers, none := take(bob).Messages, take(ada).Messages, take(cyd).Messages
		want(t, "his", []any{1, "learner", "ada", canaryHis, "answered", false, true, 1, canaryHis, true},
			[]any{len(his.Threads), his.Threads[0].Side, his.Threads[0].With, his.Threads[0].Inquiry.Goal, his.Threads[0].Inquiry.State,
				his.Threads[0].Messages[0].Own, his.Threads[0].Messages[1].Own, len(his.Threads[0].Reports), his.Threads[0].Reports[0].Reason, his.Habit == nil})
		want(t, "hers", []any{"tutor", "bob", true, 2, 1, message.DefaultCapacity},
			[]any{hers.Threads[0].Side, hers.Threads[0].With, hers.Threads[0].Messages[0].Own, len(hers.Threads[0].Reports), hers.Habit.Asked, hers.Habit.Capacity})
		want(t, "nobody's", 0, len(none.Threads))
	})
}

// Whatever a stranger types is either refused by name or kept as it is shown.
func FuzzWrite(f *testing.F) {
	w := sqlite(f)
	ada, bob := w.tutor(f, "ada"), w.person(f, "bob")
	id := w.ask(f, bob, ada).ID
	for _, s := range []string{"hello", "\x00", "\xff", "a\r\nb", "'; DROP TABLE message; --", "?", "\u202eabc", strings.Repeat("я", 4001)} {
		f.Add(s, id)
	}
	n := 0
	f.Fuzz(func(t *testing.T, text, other string) {
		ctx, by := context.Background(), []account.Actor{ada, bob}[n%2]
		n++
		if _, err := w.Messages.Write(ctx, by, other, "x"); other != id && code(err) != "not_found:thread_unknown" {
			t.Fatalf("an unknown thread: %v", err)
		}
		msg, err := w.Messages.Write(ctx, by, id, text)
		switch code(err) {
		case "":
			th := w.read(t, by, id)
			want(t, "kept", msg.Text, th.Messages[len(th.Messages)-1].Text)
		case "invalid:required:text", "invalid:too_long:text", "invalid:text_form:text", "rate_limited:messages_in_row_max":
		default:
			t.Fatal(err)
		}
	})
}
