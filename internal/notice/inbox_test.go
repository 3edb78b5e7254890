package notice_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
)

func TestInboxHasPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		for i := range 45 {
			w.tells(t, ada, message(i))
			w.Clock.Advance(time.Second)
		}
		w.tells(t, ben, message(100))
		subjects, page := w.inbox(t, ada, notice.Filter{})
		same(t, "first page", []any{"message-44", "message-25", 20, 45, 45, 1, 3},
			[]any{subjects[0], subjects[19], len(subjects), page.Total, page.Unread, page.Page, page.Pages})
		subjects, page = w.inbox(t, ada, notice.Filter{Page: 3})
		same(t, "last page", []any{"message-4", "message-0", 5, 3}, []any{subjects[0], subjects[4], len(subjects), page.Pages})
		subjects, page = w.inbox(t, ada, notice.Filter{Page: 4})
		same(t, "beyond", []any{0, 45, 4, 3}, []any{len(subjects), page.Total, page.Page, page.Pages})
		subjects, page = w.inbox(t, ada, notice.Filter{Limit: 7, Page: 2})
		same(t, "small pages", []any{"message-37", 7, 7}, []any{subjects[0], len(subjects), page.Pages})
		n := w.all(t, ada)[0]
		same(t, "a notice", []any{notice.MessageNew, "/inquiries/7", "lesnoy-klyuch", map[string]string{"count": "44"}, w.Clock.Now().Add(-time.Second), true},
			[]any{n.Kind, n.Path, n.Handle, n.Args, n.CreatedAt.UTC(), n.Unread()})
		_, page = w.inbox(t, w.person(t, "eve"), notice.Filter{})
		same(t, "empty", notice.Page{Items: []notice.Notice{}, Page: 1, Pages: 1}, page)
	})
}

func TestInboxFilters(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		for i, k := range notice.Kinds() {
			w.tells(t, ada, notice.Told{Kind: k, Subject: fmt.Sprint(i), Path: "/x"})
			w.Clock.Advance(time.Second)
		}
		for i, k := range notice.Kinds() {
			got, _ := w.inbox(t, ada, notice.Filter{Kinds: []notice.Kind{k}})
			same(t, string(k), []string{fmt.Sprint(i)}, got)
		}
		some, page := w.inbox(t, ada, notice.Filter{Kinds: []notice.Kind{notice.Kinds()[0], notice.Kinds()[2], notice.Kinds()[0]}})
		same(t, "several kinds", []any{[]string{"2", "0"}, 2}, []any{some, page.Total})
		all := w.all(t, ada)
		must(t, w.MarkRead(w.ctx, ada, all[0].ID, all[1].ID))
		left := len(all) - 2
		got, page := w.inbox(t, ada, notice.Filter{Unread: true, Limit: 3})
		same(t, "unread", []any{[]string{fmt.Sprint(left - 1), fmt.Sprint(left - 2), fmt.Sprint(left - 3)}, left, left}, []any{got, page.Total, page.Unread})
		got, page = w.inbox(t, ada, notice.Filter{Unread: true, Kinds: []notice.Kind{all[0].Kind}})
		same(t, "unread of a kind that is read", []any{[]string{}, 0, left}, []any{got, page.Total, page.Unread})
		for _, bad := range []notice.Filter{{Kinds: []notice.Kind{notice.Kinds()[0], "gossip"}}, {Kinds: []notice.Kind{""}}, {Page: -1}, {Page: 1 << 40}, {Limit: -1}, {Limit: 101}} {
			if _, err := w.Inbox(w.ctx, ada, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: got %v", bad, err)
			}
		}
	})
}

func TestReading(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		other := message(5)
		other.Path = "/inquiries/8"
		w.tells(t, ada, message(1), message(2), other)
		shown := w.Clock.Now()
		w.Clock.Advance(time.Minute)
		w.tells(t, ada, message(6))
		ids := map[string]string{}
		for _, n := range w.all(t, ada) {
			ids[n.Subject] = n.ID
		}

		n, err := w.Open(w.ctx, ada, ids["message-1"])
		must(t, err)
		same(t, "opened", []any{"/inquiries/7", w.Clock.Now(), 3}, []any{n.Path, n.ReadAt.UTC(), w.unread(t, ada)})
		read := n.ReadAt
		w.Clock.Advance(time.Minute)
		must(t, w.MarkRead(w.ctx, ada, ids["message-1"]))
		n, err = w.Open(w.ctx, ada, ids["message-1"])
		must(t, err)
		same(t, "read once", read.UTC(), n.ReadAt.UTC())

		must(t, w.MarkPathRead(w.ctx, ada, "/inquiries/8"))
		same(t, "a page was read", 2, w.unread(t, ada))
		must(t, w.MarkAllRead(w.ctx, ada, shown))
		got, _ := w.inbox(t, ada, notice.Filter{Unread: true})
		same(t, "what came since the page was shown stays", []string{"message-6"}, got)
		must(t, w.MarkAllRead(w.ctx, ada, time.Time{}))
		same(t, "all read", 0, w.unread(t, ada))

		must(t, w.Remove(w.ctx, ada, ids["message-1"]))
		wants(t, w.Remove(w.ctx, ada, ids["message-1"]), fault.NotFound, "notice_unknown")
		_, err = w.Open(w.ctx, ada, ids["message-1"])
		wants(t, err, fault.NotFound, "notice_unknown")
		same(t, "its content is gone", 1, w.rows(t, "SELECT count(*) FROM notice WHERE removed AND path = '' AND handle = '' AND CAST(args AS TEXT) = '{}'"))
		wants(t, w.MarkRead(w.ctx, ada), fault.Invalid, "required")
		wants(t, w.MarkRead(w.ctx, ada, make([]string, 101)...), fault.Invalid, "too_many")
	})
}

// TestStrangeNumbers asks for what no notice has as a number, and for times
// before there was a board: a database would choke on some of them.
func TestStrangeNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.tells(t, ada, message(1))
		for _, id := range []string{"", "\x00", "\xff", "'", "00000000-0000-4000-8000-00000000000\x00"} {
			_, err := w.Open(w.ctx, ada, id)
			wants(t, err, fault.NotFound, "notice_unknown")
			wants(t, w.Remove(w.ctx, ada, id), fault.NotFound, "notice_unknown")
			wants(t, w.MarkRead(w.ctx, ada, id), fault.NotFound, "notice_unknown")
			wants(t, w.Unsubscribe(w.ctx, ada, id), fault.NotFound, "subscription_unknown")
			must(t, w.MarkPathRead(w.ctx, ada, id))
		}
		for _, year := range []int{-1, 0, 1969} {
			must(t, w.MarkAllRead(w.ctx, ada, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)))
		}
		same(t, "nothing was read", 1, w.unread(t, ada))
		must(t, w.MarkRead(w.ctx, ada, "\x00", w.all(t, ada)[0].ID))
		same(t, "the good number of two", 0, w.unread(t, ada))
	})
}

// TestNoticesAreTheirOwners tries every verb as somebody else and as nobody.
func TestNoticesAreTheirOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, eve := w.person(t, "ada"), w.person(t, "eve")
		boss := eve
		boss.Role = account.Operator
		w.tells(t, ada, message(1))
		id := w.all(t, ada)[0].ID
		sub, err := w.Subscribe(w.ctx, ada, w.Service.browser(t, "/a"))
		must(t, err)
		verbs := map[string]func(by account.Actor) error{
			"open":        func(by account.Actor) error { _, err := w.Open(w.ctx, by, id); return err },
			"mark":        func(by account.Actor) error { return w.MarkRead(w.ctx, by, id) },
			"remove":      func(by account.Actor) error { return w.Remove(w.ctx, by, id) },
			"unsubscribe": func(by account.Actor) error { return w.Unsubscribe(w.ctx, by, sub) },
			"browser":     func(by account.Actor) error { return w.UnsubscribeBrowser(w.ctx, by, "https://example.com/a") },
		}
		for name, verb := range verbs {
			for _, by := range []account.Actor{eve, boss} {
				if err := verb(by); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s by another: got %v", name, err)
				}
			}
		}
		must(t, w.MarkAllRead(w.ctx, eve, time.Time{}))
		must(t, w.MarkPathRead(w.ctx, eve, "/inquiries/7"))
		same(t, "still unread", 1, w.unread(t, ada))
		verbs["inbox"] = func(by account.Actor) error { _, err := w.Inbox(w.ctx, by, notice.Filter{}); return err }
		verbs["unread"] = func(by account.Actor) error { _, err := w.Unread(w.ctx, by); return err }
		verbs["all"] = func(by account.Actor) error { return w.MarkAllRead(w.ctx, by, time.Time{}) }
		verbs["path"] = func(by account.Actor) error { return w.MarkPathRead(w.ctx, by, "/") }
		verbs["feed"] = func(by account.Actor) error { _, err := w.FeedURL(w.ctx, by); return err }
		verbs["rotate"] = func(by account.Actor) error { _, err := w.RotateFeed(w.ctx, by); return err }
		verbs["browsers"] = func(by account.Actor) error { _, err := w.Subscriptions(w.ctx, by); return err }
		verbs["subscribe"] = func(by account.Actor) error { _, err := w.Subscribe(w.ctx, by, notice.Browser{}); return err }
		for name, verb := range verbs {
			if err := verb(account.Console()); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("%s by nobody: got %v", name, err)
			}
		}
	})
}
