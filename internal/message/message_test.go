package message_test

import (
	"context"
	"fmt"
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

func TestAskAndAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		in := question(ada)
		in.Goal, in.ServiceID = "  learn\u202e Go\r\nand SQL ", w.service(t, ada, market.Published)
		row, err := w.Ask(ctx, bob, in)
		must(t, err)
		want(t, "what is kept", []any{"learn Go\nand SQL", "some C", "a plan", "Lesson", in.ServiceID, message.Open, message.Learner, "ada", false},
			[]any{row.Goal, row.Background, row.Expectation, row.ServiceTitle, row.ServiceID, row.State, row.Mine, row.Other.Handle, row.Closed})
		want(t, "expires", dbtest.Start.Add(48*time.Hour), row.ExpiresAt())
		want(t, "told", []string{"inquiry_new to=ada handle=bob"}, w.told.take())
		want(t, "path", message.Path(row.ID), w.told.notes[0].Path)

		got, err := w.Inquiry(ctx, ada, row.ID)
		must(t, err)
		want(t, "the tutor's side", message.Peer{ID: bob.ID, Handle: "bob", Name: "bob", Seed: got.Other.Seed}, got.Other)
		want(t, "side", message.Tutor, got.Mine)

		w.Clock.Advance(90 * time.Minute)
		w.write(t, bob, row.ID, "one more thing")
		msg := w.write(t, ada, row.ID, "hello **bob**")
		want(t, "the message", []any{2, false, "hello **bob**", w.Clock.Now(), true}, []any{msg.N, msg.ByLearner, msg.Text, msg.CreatedAt, msg.Mine})
		w.write(t, bob, row.ID, "thanks")
		want(t, "told of words", []string{"message_new to=ada handle=bob", "inquiry_answered to=bob handle=ada", "message_new to=ada handle=bob"}, w.told.take())
		th := w.read(t, bob, row.ID)
		want(t, "the thread", []any{message.Answered, w.Clock.Now(), 3, false}, []any{th.State, th.EndedAt, th.Written, th.Closed})
		want(t, "words", []string{"one more thing", "hello **bob**", "thanks"}, w.texts(t, ada, row.ID))
		want(t, "whose", []bool{true, false, true}, []bool{th.Messages[0].Mine, th.Messages[1].Mine, th.Messages[2].Mine})
		want(t, "deadlines", []string{"thread"}, w.deadlines(t, row.ID))

		must(t, w.Close(ctx, bob, row.ID))
		want(t, "told of the end", []string{"thread_closed to=ada handle=bob"}, w.told.take())
		want(t, "closed twice", "conflict:thread_closed", code(w.Close(ctx, ada, row.ID)))
		_, err = w.Messages.Write(ctx, ada, row.ID, "too late")
		want(t, "written after", "conflict:thread_closed", code(err))
		want(t, "still read", 3, len(w.texts(t, ada, row.ID)))
	})
}

func TestAskRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		paused, hidden, maker, cyd := w.tutor(t, "paused"), w.tutor(t, "hidden"), w.person(t, "maker"), w.tutor(t, "cyd")
		must(t, w.profiles.SetState(ctx, paused, profile.Paused, time.Time{}))
		must(t, w.profiles.SetState(ctx, hidden, profile.Draft, time.Time{}))
		w.profile(t, maker, profile.Input{Creator: true, Headline: "draws", State: profile.Open})
		foreign, away := w.service(t, cyd, market.Published), w.service(t, ada, market.Published)
		w.edit(t, ada, away, market.Paused)
		long := strings.Repeat("я", message.MaxPart)
		for name, c := range map[string]struct {
			by     account.Actor
			change func(*message.Ask)
			want   string
		}{
			"nobody":            {account.Actor{}, func(*message.Ask) {}, "unauthenticated:sign_in_needed"},
			"oneself":           {ada, func(*message.Ask) {}, "conflict:inquiry_self"},
			"unknown":           {bob, func(in *message.Ask) { in.Handle = "nobody-here" }, "not_found:profile_unknown"},
			"no profile":        {ada, func(in *message.Ask) { in.Handle = "bob" }, "not_found:profile_unknown"},
			"odd handle":        {bob, func(in *message.Ask) { in.Handle = "\x00'; --" }, "not_found:profile_unknown"},
			"paused":            {bob, func(in *message.Ask) { in.Handle = "paused" }, "conflict:tutor_paused"},
			"draft":             {bob, func(in *message.Ask) { in.Handle = "hidden" }, "not_found:profile_unknown"},
			"creator":           {bob, func(in *message.Ask) { in.Handle = "maker" }, "conflict:tutor_none"},
			"empty":             {bob, func(in *message.Ask) { in.Goal = " \u200b\n" }, "invalid:required:goal"},
			"too long":          {bob, func(in *message.Ask) { in.Background = long + "я" }, "invalid:too_long:background"},
			"long enough":       {bob, func(in *message.Ask) { in.Expectation, in.Handle = long, "nobody-here" }, "not_found:profile_unknown"},
			"broken":            {bob, func(in *message.Ask) { in.Expectation = "\xff" }, "invalid:text_form:expectation"},
			"unknown service":   {bob, func(in *message.Ask) { in.ServiceID = "x" }, "not_found:service_unknown"},
			"another's service": {bob, func(in *message.Ask) { in.ServiceID = foreign }, "not_found:service_unknown"},
			"paused service":    {bob, func(in *message.Ask) { in.ServiceID = away }, "conflict:service_paused"},
		} {
			in := question(ada)
			c.change(&in)
			_, err := w.Ask(ctx, c.by, in)
			want(t, name, c.want, code(err))
		}
		want(t, "nothing was written", []int{0, 0}, []int{w.rows(t, "thread"), w.rows(t, "inquiry")})
		want(t, "nobody was told", []string(nil), w.told.take())
	})
}

func TestFloodsAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, bob := context.Background(), w.person(t, "bob")
		try := func(by, to account.Actor) string {
			_, err := w.Ask(ctx, by, question(to))
			return code(err)
		}
		var tutors []account.Actor
		for i := range 11 {
			tutors = append(tutors, w.tutor(t, fmt.Sprintf("tutor%d", i)))
		}
		first := w.ask(t, bob, tutors[0])
		more := question(tutors[0])
		more.Expectation = "and a mark"
		_, err := w.Ask(ctx, bob, more)
		want(t, "twice to one", "conflict:inquiry_waits_already", code(err))
		for i := 1; i < message.MaxOpen; i++ {
			w.ask(t, bob, tutors[i])
		}
		want(t, "too many wait", "conflict:inquiries_open_max", try(bob, tutors[5]))
		withdraw := func(id string) {
			_, err := w.Withdraw(ctx, bob, id)
			must(t, err)
		}
		withdraw(first.ID)
		want(t, "room again", "", try(bob, tutors[5]))
		all, err := w.Inquiries(ctx, bob, message.Filter{States: []message.State{message.Open}})
		must(t, err)
		for _, row := range all.Items {
			withdraw(row.ID)
		}
		// Six so far; a tutor hears three of one learner in a month.
		for range message.MaxAgain - 1 {
			withdraw(w.ask(t, bob, tutors[0]).ID)
		}
		want(t, "again and again", "rate_limited:inquiries_again_max", try(bob, tutors[0]))
		for i := 8; i < message.MaxDay; i++ {
			withdraw(w.ask(t, bob, tutors[1+i%10]).ID)
		}
		want(t, "a day's bound", "rate_limited:inquiries_day_max", try(bob, tutors[7]))
		w.pass(t, 24*time.Hour)
		want(t, "the next day", "", try(bob, tutors[7]))
		w.pass(t, 31*24*time.Hour)
		must(t, w.profiles.StillHere(ctx, tutors[0]))
		want(t, "the next month", "", try(bob, tutors[0]))

		must(t, w.SetCapacity(ctx, tutors[1], 2))
		for i := range 2 {
			w.ask(t, w.person(t, fmt.Sprintf("learner%d", i)), tutors[1])
		}
		want(t, "a full tutor", "conflict:tutor_full", try(bob, tutors[1]))
		want(t, "capacity of nobody", "unauthenticated:sign_in_needed", code(w.SetCapacity(ctx, account.Actor{}, 2)))
		for _, n := range []int{-1, 0, 51} {
			want(t, "capacity", "invalid:capacity_range:capacity", code(w.SetCapacity(ctx, bob, n)))
		}
	})
}

func TestWritingIsBounded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		try := func(by account.Actor, text string) string {
			_, err := w.Messages.Write(ctx, by, id, text)
			return code(err)
		}
		for i := range message.MaxInRowOpen {
			want(t, "while it waits", "", try(bob, fmt.Sprint(i)))
		}
		want(t, "the fourth", "rate_limited:messages_in_row_max", try(bob, "more"))
		want(t, "the same again", "", try(bob, "2"))
		want(t, "kept once", []string{"0", "1", "2"}, w.texts(t, bob, id))
		w.told.take()
		want(t, "answer", "", try(ada, "yes"))
		want(t, "answer sent twice", "", try(ada, " yes "))
		want(t, "told once", []string{"inquiry_answered to=bob handle=ada"}, w.told.take())
		for i := range message.MaxInRow {
			want(t, "in a row", "", try(bob, fmt.Sprint("q", i)))
		}
		want(t, "one more", "rate_limited:messages_in_row_max", try(bob, "more"))
		for name, c := range map[string][2]string{
			"empty": {" \n", "invalid:required:text"}, "long": {strings.Repeat("я", message.MaxText+1), "invalid:too_long:text"},
			"broken": {"a\x00b", "invalid:text_form:text"}, "longest": {strings.Repeat("я", message.MaxText), ""},
		} {
			want(t, name, c[1], try(ada, c[0]))
		}
		for i := range 60 {
			who := []account.Actor{ada, bob}[i%2]
			want(t, "a long talk", "", try(who, fmt.Sprint("talk", i)))
		}
		last := w.read(t, bob, id)
		want(t, "pages", []int{2, 2, last.Written - message.MessagesPage}, []int{last.Page, last.Pages, len(last.Messages)})
		first, err := w.Thread(ctx, bob, id, 1)
		must(t, err)
		want(t, "the first page", []any{1, message.MessagesPage, "0"}, []any{first.Page, len(first.Messages), first.Messages[0].Text})
		far, err := w.Thread(ctx, bob, id, 1<<40)
		must(t, err)
		want(t, "a page that is not there", 2, far.Page)
	})
}

func TestDeclineAndPauseAreOneAct(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob, cyd := w.tutor(t, "ada"), w.person(t, "bob"), w.person(t, "cyd")
		id, second := w.ask(t, bob, ada).ID, w.ask(t, cyd, ada).ID
		w.told.take()
		try := func(by account.Actor, in message.Declining) string {
			_, err := w.Messages.Decline(ctx, by, id, in)
			return code(err)
		}
		want(t, "nobody", "unauthenticated:sign_in_needed", try(account.Actor{}, message.Declining{Reason: message.Busy}))
		want(t, "the learner", "forbidden:not_allowed", try(bob, message.Declining{Reason: message.Busy}))
		want(t, "no reason", "invalid:value_unknown:reason", try(ada, message.Declining{}))
		want(t, "other without words", "invalid:required:comment", try(ada, message.Declining{Reason: message.Other, Comment: " "}))
		want(t, "too many words", "invalid:too_long:comment", try(ada, message.Declining{Reason: message.Busy, Comment: strings.Repeat("x", 501)}))
		want(t, "an odd date", "invalid:until_range:paused_until", try(ada, message.Declining{Reason: message.OnBreak, Pause: true, PauseUntil: dbtest.Start}))
		got, err := w.Inquiry(ctx, ada, id)
		must(t, err)
		want(t, "nothing happened", []any{message.Open, "open"}, []any{got.State, w.state(t, ada)})

		w.told.fail = fmt.Errorf("away")
		want(t, "the notice fails", "away", try(ada, message.Declining{Reason: message.OnBreak, Pause: true}))
		w.told.fail = nil
		got, err = w.Inquiry(ctx, ada, id)
		must(t, err)
		want(t, "all or nothing", []any{message.Open, "open"}, []any{got.State, w.state(t, ada)})

		until := dbtest.Start.Add(10 * 24 * time.Hour)
		want(t, "declined", "", try(ada, message.Declining{Reason: message.OnBreak, Comment: "back soon", Pause: true, PauseUntil: until}))
		got, err = w.Inquiry(ctx, bob, id)
		must(t, err)
		want(t, "what the learner sees", []any{message.Declined, message.OnBreak, "back soon", true, dbtest.Start},
			[]any{got.State, got.Reason, got.Comment, got.Closed, got.EndedAt})
		mine, err := w.profiles.Mine(ctx, ada)
		must(t, err)
		want(t, "paused", []any{profile.Paused, profile.ByOwner, until}, []any{mine.State, mine.PausedBy, mine.PausedUntil})
		want(t, "told", []string{"inquiry_declined to=bob handle=ada reason=on_break"}, w.told.take())
		want(t, "twice", "conflict:inquiry_state", try(ada, message.Declining{Reason: message.Busy}))
		_, err = w.Messages.Write(ctx, ada, id, "after all")
		want(t, "written after", "conflict:thread_closed", code(err))
		_, err = w.Ask(ctx, w.person(t, "dan"), question(ada))
		want(t, "asked in the pause", "conflict:tutor_paused", code(err))

		// A draft stays unseen, and one without a profile has nothing to pause.
		must(t, w.profiles.SetState(ctx, ada, profile.Draft, time.Time{}))
		_, err = w.Messages.Decline(ctx, ada, second, message.Declining{Reason: message.Busy, Pause: true})
		must(t, err)
		want(t, "a draft", "draft", w.state(t, ada))
	})
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.person(t, "bob")
		id := w.ask(t, bob, ada).ID
		want(t, "a closed waiting one", "conflict:inquiry_waits", code(w.Close(ctx, bob, id)))
		_, err := w.Withdraw(ctx, ada, id)
		want(t, "the tutor", "forbidden:not_allowed", code(err))
		got, err := w.Withdraw(ctx, bob, id)
		must(t, err)
		want(t, "withdrawn", []any{message.Withdrawn, true}, []any{got.State, got.Closed})
		_, err = w.Withdraw(ctx, bob, id)
		want(t, "twice", "conflict:inquiry_state", code(err))
		w.told.take()
		w.pass(t, 100*time.Hour)
		want(t, "no reminder follows", []string(nil), w.told.take())
		h, err := w.Standing(ctx, ada)
		must(t, err)
		want(t, "it does not count", []int{0, 0, 0}, []int{h.Asked, h.Waiting, h.Unanswered})
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		ada, bob := w.tutor(t, "ada"), w.tutor(t, "bob")
		must(t, w.SetCapacity(ctx, ada, 50))
		for i := range message.InquiriesPage + 3 {
			w.Clock.Advance(time.Minute)
			id := w.ask(t, w.person(t, fmt.Sprintf("pupil%d", i)), ada).ID
			if i == 0 {
				w.write(t, ada, id, "hi")
			}
		}
		w.Clock.Advance(time.Minute)
		w.ask(t, ada, bob)
		list := func(by account.Actor, f message.Filter) string {
			l, err := w.Inquiries(ctx, by, f)
			if err != nil {
				return code(err)
			}
			out := fmt.Sprintf("%d of %d, page %d of %d:", len(l.Items), l.Total, l.Page, l.Pages)
			for _, i := range l.Items[:min(2, len(l.Items))] {
				out += " " + i.Other.Handle
			}
			return out
		}
		for _, c := range []struct {
			by   account.Actor
			f    message.Filter
			want string
		}{
			{ada, message.Filter{}, "25 of 29, page 1 of 2: bob pupil27"},
			{ada, message.Filter{Page: 2}, "4 of 29, page 2 of 2: pupil3 pupil2"},
			{ada, message.Filter{Page: 99}, "4 of 29, page 2 of 2: pupil3 pupil2"},
			{ada, message.Filter{Role: message.Learner}, "1 of 1, page 1 of 1: bob"},
			{ada, message.Filter{Role: message.Tutor, States: []message.State{message.Answered}}, "1 of 1, page 1 of 1: pupil0"},
			{ada, message.Filter{Role: message.Tutor, States: []message.State{message.Open, message.Answered}}, "25 of 28, page 1 of 2: pupil27 pupil26"},
			{ada, message.Filter{States: []message.State{message.Answered, message.Declined, message.Answered}}, "1 of 1, page 1 of 1: pupil0"},
			{ada, message.Filter{States: []message.State{message.Declined, message.Expired}}, "0 of 0, page 1 of 1:"},
			{bob, message.Filter{Role: message.Tutor}, "1 of 1, page 1 of 1: ada"},
			{bob, message.Filter{Role: message.Learner}, "0 of 0, page 1 of 1:"},
			{ada, message.Filter{Limit: 10, Page: 3}, "9 of 29, page 3 of 3: pupil8 pupil7"},
			{ada, message.Filter{Limit: 100}, "29 of 29, page 1 of 1: bob pupil27"},
			{ada, message.Filter{Limit: 101}, "invalid:page_range:limit"},
			{ada, message.Filter{Limit: -1}, "invalid:page_range:limit"},
			{bob, message.Filter{Role: "x"}, "invalid:value_unknown:role"},
			{bob, message.Filter{States: []message.State{message.Open, "x"}}, "invalid:value_unknown:state"},
			{bob, message.Filter{States: []message.State{""}}, "invalid:value_unknown:state"},
			{account.Actor{}, message.Filter{}, "unauthenticated:sign_in_needed"},
		} {
			want(t, fmt.Sprint(c.f), c.want, list(c.by, c.f))
		}
		count := func(f message.Filter) int64 {
			ctx, n := db.CountQueries(ctx)
			_, err := w.Inquiries(ctx, ada, f)
			must(t, err)
			return n.Load()
		}
		want(t, "queries do not grow with the list", count(message.Filter{Page: 2}), count(message.Filter{}))
	})
}
