package notice_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
	"github.com/tmoeg/oduvan/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTellJoinsTheCallersTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		_, err := w.Subscribe(w.ctx, ada, w.Service.browser(t, "/a"))
		must(t, err)
		err = w.Write(w.ctx, func(tx *db.Tx) error {
			if err := w.Tell(w.ctx, tx, ada.ID, message(1)); err != nil {
				return err
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
		w.settle(t)
		same(t, "after a rollback: notices, jobs, pushes", []int{0, 0, 0},
			[]int{w.rows(t, "SELECT count(*) FROM notice"), w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'notice_push'"), len(w.Service.got())})
		w.tells(t, ada, message(1))
		w.settle(t)
		same(t, "after a commit: notices, jobs, pushes", []int{1, 1, 1},
			[]int{w.rows(t, "SELECT count(*) FROM notice"), w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'notice_push'"), len(w.Service.got())})
	})
}

func TestOneCauseIsToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		_, err := w.Subscribe(w.ctx, ada, w.Service.browser(t, "/a"))
		must(t, err)
		done := make(chan error)
		for range 8 {
			go func() {
				done <- w.Write(w.ctx, func(tx *db.Tx) error { return w.Tell(w.ctx, tx, ada.ID, message(1)) })
			}()
		}
		for range 8 {
			must(t, <-done)
		}
		w.tells(t, ada, message(1), message(1))
		same(t, "unread", 1, w.unread(t, ada))

		again := message(1)
		again.Cause = "2026-11-23"
		other := message(1)
		other.Kind = notice.ThreadClosed
		w.tells(t, ada, again, other)
		w.tells(t, ben, message(1))
		same(t, "another day, another kind, another person", []int{3, 1}, []int{w.unread(t, ada), w.unread(t, ben)})

		for _, n := range w.all(t, ada) {
			must(t, w.Remove(w.ctx, ada, n.ID))
		}
		w.tells(t, ada, message(1), again, other)
		same(t, "after the removal", 0, len(w.all(t, ada)))
		w.settle(t)
		same(t, "nothing removed is pushed", 0, len(w.Service.got()))
	})
}

func TestWhatMayBeTold(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t))
	ada := w.person(t, "ada")
	tell := func(change func(*notice.Told)) error {
		what := message(1)
		change(&what)
		return w.Write(w.ctx, func(tx *db.Tx) error { return w.Tell(w.ctx, tx, ada.ID, what) })
	}
	args := func(k, v string) func(*notice.Told) {
		return func(x *notice.Told) { x.Args = map[string]string{k: v} }
	}
	path := func(p string) func(*notice.Told) { return func(x *notice.Told) { x.Path = p } }
	for name, change := range map[string]func(*notice.Told){
		"kind":         func(x *notice.Told) { x.Kind = "gossip" },
		"no subject":   func(x *notice.Told) { x.Subject = "" },
		"long subject": func(x *notice.Told) { x.Subject = strings.Repeat("x", 81) },
		"long cause":   func(x *notice.Told) { x.Cause = strings.Repeat("x", 81) },
		"text":         args("goal", "I want to learn"), "text as handle": args("handle", "call me +7 900 000"), "text as reason": args("reason", "No time!"),
		"name": args("Phone", "1"), "long number": args("n", "79001234567"), "mail": args("n", "a@example.org"),
		"many args": func(x *notice.Told) {
			x.Args = map[string]string{"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1", "g": "1", "h": "1", "i": "1"}
		},
		"no path": path(""), "other site": path("//evil.example/"), "whole address": path("https://evil.example/"), "backslash": path("/\\evil"),
		"relative": path("me"), "space": path("/a b"), "line": path("/a\nb"), "script": path("javascript:x"), "long path": path("/" + strings.Repeat("a", 200)),
	} {
		if err := tell(change); err == nil || fault.All(err) != nil || strings.Contains(err.Error(), "evil") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, change := range map[string]func(*notice.Told){
		"nothing": func(x *notice.Told) { x.Args = nil }, "empty handle": args("handle", ""), "empty reason": args("reason", ""),
		"reason": args("reason", "not_my_topic"), "day": args("on", "2026-11-22"), "root": path("/"), "query": path("/search?q=go&page=2#top"), "percent": path("/a/%D0%B0"),
	} {
		if err := tell(func(x *notice.Told) { change(x); x.Subject = name }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	same(t, "kept", 8, w.unread(t, ada))
}

func TestNobodyIsToldWhoIsNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		var unclaimed account.Account
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			unclaimed = account.Account{ID: tx.RandomID(), Handle: "ben", Role: account.Member, State: account.NotClaimed, AvatarSeed: "x", Language: "ru", JoinedOn: tx.Today()}
			_, err := tx.NewInsert().Model(&unclaimed).Exec(w.ctx)
			return err
		}))
		w.tells(t, unclaimed.Actor(), message(1))
		w.tells(t, account.Actor{ID: "nobody"}, message(1))
		must(t, w.Accounts.Erase(w.ctx, ada, "ada"))
		w.tells(t, ada, message(1))
		same(t, "notices", 0, w.rows(t, "SELECT count(*) FROM notice"))
	})
}

func TestKindsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		s, err := w.Settings(w.ctx, ada)
		must(t, err)
		same(t, "at first", notice.Settings{Off: []notice.Kind{}}, s)
		w.tells(t, ada, message(1))
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Off: []notice.Kind{notice.MessageNew, notice.InquiryNew, notice.MessageNew}}))
		w.tells(t, ada, message(2), notice.Told{Kind: notice.InquiryDeclined, Subject: "7", Path: "/inquiries/7"})
		got, _ := w.inbox(t, ada, notice.Filter{})
		same(t, "what was told before, and what is on", 2, len(got))
		s, err = w.Settings(w.ctx, ada)
		must(t, err)
		same(t, "in the order of all kinds", []notice.Kind{notice.InquiryNew, notice.MessageNew}, s.Off)
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{}))
		w.tells(t, ada, message(2))
		same(t, "on again", 3, len(w.all(t, ada)))

		wants(t, w.SaveSettings(w.ctx, ada, notice.Settings{Off: []notice.Kind{"gossip"}}), fault.Invalid, "kind_unknown")
		wants(t, w.SaveSettings(w.ctx, account.Actor{}, notice.Settings{}), fault.Unauthenticated, "sign_in_needed")
		_, err = w.Settings(w.ctx, account.Actor{})
		wants(t, err, fault.Unauthenticated, "sign_in_needed")
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Off: notice.Kinds()}))
		w.tells(t, ada, message(3))
		same(t, "all off", 3, len(w.all(t, ada)))
		must(t, w.Accounts.Erase(w.ctx, ada, "ada"))
		wants(t, w.SaveSettings(w.ctx, ada, notice.Settings{}), fault.Unauthenticated, "session_ended")
	})
}

func TestNoticesEnd(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		const day = 24 * time.Hour
		w.tells(t, ada, message(1), message(2), message(3))
		ids := map[string]string{}
		for _, n := range w.all(t, ada) {
			ids[n.Subject] = n.ID
		}
		must(t, w.MarkRead(w.ctx, ada, ids["message-1"]))
		must(t, w.Remove(w.ctx, ada, ids["message-3"]))
		left := func(when string, want ...string) {
			t.Helper()
			must(t, w.Expire(w.ctx))
			got, _ := w.inbox(t, ada, notice.Filter{})
			slices.Sort(got) // made at one instant
			same(t, when, strings.Join(want, " "), strings.Join(got, " "))
		}
		w.Clock.Advance(90*day - time.Second)
		left("before 90 days", "message-1", "message-2")
		w.Clock.Advance(time.Second)
		left("read 90 days ago", "message-2")
		w.tells(t, ada, message(4))
		must(t, w.MarkRead(w.ctx, ada, ids["message-2"]))
		w.Clock.Advance(90*day - time.Second)
		left("both within their time", "message-2", "message-4")
		w.Clock.Advance(time.Second)
		left("made 180 days ago", "message-4")
		same(t, "the removed one, too", 1, w.rows(t, "SELECT count(*) FROM notice"))
		w.Clock.Advance(90 * day)
		left("all over")
		same(t, "rows", 0, w.rows(t, "SELECT count(*) FROM notice"))
	})
}

// TestEveryKindHasWords shows each kind in both languages, with all its places
// and with none.
func TestEveryKindHasWords(t *testing.T) {
	t.Parallel()
	pages, err := web.New()
	must(t, err)
	for _, lang := range []string{"ru", "en"} {
		texts := pages.Texts(lang)
		for _, k := range notice.Kinds() {
			for _, n := range []notice.Notice{{}, {Handle: "lesnoy-klyuch", Args: map[string]string{"count": "2", "days": "14", "reason": "busy"}}} {
				got := texts.T("notice."+string(k), n.Places()...)
				if strings.ContainsAny(got, "⟦{<") || len(got) < 20 || strings.HasPrefix(got, " ") || strings.Contains(got, "  ") {
					t.Errorf("%s %s: %q", lang, k, got)
				}
			}
			if !texts.Has("notice_kind." + string(k)) {
				t.Errorf("%s: no name for the switch of %s", lang, k)
			}
		}
		if !texts.Has("notice.push") {
			t.Errorf("%s: no words for a push", lang)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	n := notice.Notice{Handle: "ada", Args: map[string]string{"reason": "busy", "count": "3"}}
	same(t, "places", []any{"count", "3", "handle", "ada", "reason", "busy"}, n.Places())
	n.Handle = ""
	if diff := cmp.Diff([]any{"count", "3", "reason", "busy"}, n.Places()); diff != "" {
		t.Error(diff)
	}
}
