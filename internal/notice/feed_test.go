package notice_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
)

// secretOf takes the secret out of a feed's address.
func secretOf(t *testing.T, address string) string {
	t.Helper()
	s, ok := strings.CutPrefix(address, origin+"/feeds/")
	s, atom := strings.CutSuffix(s, ".atom")
	if !ok || !atom || len(s) != 43 {
		t.Fatalf("the address has another form: %d bytes", len(address))
	}
	return s
}

func TestFeed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		w.tells(t, ada, message(1))
		_, err := w.FeedURL(w.ctx, ada)
		wants(t, err, fault.NotFound, "feed_off")
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Feed: true, Off: []notice.Kind{notice.ThreadEnding}}))
		first, err := w.FeedURL(w.ctx, ada)
		must(t, err)
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Feed: true}))
		again, err := w.FeedURL(w.ctx, ada)
		must(t, err)
		same(t, "the address stays", first, again)
		on, err := w.Settings(w.ctx, ada)
		must(t, err)
		off, err := w.Settings(w.ctx, ben)
		must(t, err)
		same(t, "settings in one reading", []any{true, first, false, ""}, []any{on.Feed, on.FeedURL, off.Feed, off.FeedURL})

		other, err := w.RotateFeed(w.ctx, ben) // switches it on
		must(t, err)
		if secretOf(t, other) == secretOf(t, first) {
			t.Error("two people, one feed")
		}
		list, lang, err := w.ByFeed(w.ctx, secretOf(t, first))
		must(t, err)
		same(t, "the feed", []any{1, "message-1", "ru"}, []any{len(list), list[0].Subject, lang})
		list, _, err = w.ByFeed(w.ctx, secretOf(t, other))
		must(t, err)
		same(t, "an empty feed", []notice.Notice{}, list)

		second, err := w.RotateFeed(w.ctx, ada)
		must(t, err)
		_, _, err = w.ByFeed(w.ctx, secretOf(t, first))
		wants(t, err, fault.NotFound, "feed_unknown")
		list, _, err = w.ByFeed(w.ctx, secretOf(t, second))
		must(t, err)
		same(t, "under the new address", 1, len(list))

		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{}))
		_, _, err = w.ByFeed(w.ctx, secretOf(t, second))
		wants(t, err, fault.NotFound, "feed_unknown")
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Feed: true}))
		third, err := w.FeedURL(w.ctx, ada)
		must(t, err)
		if third == second || third == first {
			t.Error("an ended address came back")
		}
		must(t, w.Accounts.Erase(w.ctx, ada, "ada"))
		_, _, err = w.ByFeed(w.ctx, secretOf(t, third))
		wants(t, err, fault.NotFound, "feed_unknown")
	})
}

func TestFeedShowsTheNewest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		address, err := w.RotateFeed(w.ctx, ada)
		must(t, err)
		for i := range notice.FeedSize + 5 {
			w.tells(t, ada, message(i))
			w.Clock.Advance(time.Second)
		}
		must(t, w.Remove(w.ctx, ada, w.all(t, ada)[0].ID))
		list, _, err := w.ByFeed(w.ctx, secretOf(t, address))
		must(t, err)
		same(t, "newest without the removed", []any{notice.FeedSize, "message-53", "message-4"},
			[]any{len(list), list[0].Subject, list[len(list)-1].Subject})
	})
}

func TestStrangeFeedSecrets(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t))
	ada := w.person(t, "ada")
	address, err := w.RotateFeed(w.ctx, ada)
	must(t, err)
	secret := secretOf(t, address)
	flip := func(i int) string {
		b := []byte(secret)
		b[i] = 'A' + (b[i]-'A'+1)%26
		return string(b)
	}
	for _, s := range []string{"", "x", secret + "=", secret[:42], secret + "A", " " + secret[1:], flip(0), flip(42), strings.ToUpper(secret),
		ada.ID, strings.Repeat("A", 43), strings.Repeat("A", 1<<16), "' OR 1=1 --", secret + ".atom"} {
		if s == secret {
			continue
		}
		_, _, err := w.ByFeed(w.ctx, s)
		wants(t, err, fault.NotFound, "feed_unknown")
	}
}

// TestTheDatabaseHoldsNoSecret looks for what would let a thief of the database
// read a feed or push to a browser.
func TestTheDatabaseHoldsNoSecret(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		address, err := w.RotateFeed(w.ctx, ada)
		must(t, err)
		browser := w.Service.browser(t, "/capability-of-ada")
		_, err = w.Subscribe(w.ctx, ada, browser)
		must(t, err)
		raw, err := base64.RawURLEncoding.DecodeString(secretOf(t, address))
		must(t, err)
		auth, err := base64.RawURLEncoding.DecodeString(browser.Auth)
		must(t, err)
		held := w.dump(t, "notice_setting", "push_subscription")
		for _, canary := range []string{secretOf(t, address), hex.EncodeToString(raw), string(raw), "capability-of-ada", "example.com", browser.P256DH, browser.Auth, string(auth)} {
			if strings.Contains(held, canary) || strings.Contains(held, hex.EncodeToString([]byte(canary))) {
				t.Errorf("the database holds %q", canary)
			}
		}
		if !strings.Contains(held, ada.ID) {
			t.Error("the search itself finds nothing")
		}
	})
}

// dump is every value of some tables as text.
func (w *world) dump(t *testing.T, tables ...string) string {
	t.Helper()
	var out bytes.Buffer
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		for _, table := range tables {
			rows, err := tx.QueryContext(context.Background(), "SELECT * FROM "+table)
			if err != nil {
				return err
			}
			defer rows.Close()
			names, err := rows.Columns()
			if err != nil {
				return err
			}
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					return err
				}
				for _, v := range values {
					if b, ok := (*v.(*any)).([]byte); ok {
						fmt.Fprintf(&out, "%s %x\n", b, b)
						continue
					}
					fmt.Fprintln(&out, *v.(*any))
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	}))
	return out.String()
}

func TestExportAndErase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "lesnoy-klyuch")
		profile := notice.Told{Kind: notice.InquiryExpired, Subject: "7", Path: "/tutors/lesnoy-klyuch", Args: map[string]string{"handle": "lesnoy-klyuch"}}
		w.tells(t, ada, message(1), profile)
		w.tells(t, ben, notice.Told{Kind: notice.InquiryNew, Subject: "7", Path: "/inquiries/7", Args: map[string]string{"handle": "ada"}})
		must(t, w.SaveSettings(w.ctx, ada, notice.Settings{Feed: true, Off: []notice.Kind{notice.ThreadEnding}}))
		_, err := w.Subscribe(w.ctx, ada, w.Service.browser(t, "/capability-of-ada"))
		must(t, err)
		w.tells(t, ada, message(2))
		w.settle(t)

		var out bytes.Buffer
		must(t, w.Accounts.Export(w.ctx, ada, &out))
		for _, want := range []string{`"notices":{"notices":[{"id":`, `"kind":"inquiry_expired"`, `"kinds_off":["thread_ending"]`, `"feed":true`,
			`"service":"example.com"`, `"added_on":"2026-11-22"`, `"pushed_to":["`, `"handle":"lesnoy-klyuch"`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the export lacks %s", want)
			}
		}
		address, err := w.FeedURL(w.ctx, ada)
		must(t, err)
		for _, secret := range []string{secretOf(t, address), "capability-of-ada"} {
			if strings.Contains(out.String(), secret) {
				t.Error("the export holds a secret")
			}
		}
		var nobody bytes.Buffer
		must(t, w.Accounts.Export(w.ctx, w.person(t, "eve"), &nobody))
		if want := `"notices":{"notices":[],"kinds_off":[],"feed":false,"push":[]}`; !strings.Contains(nobody.String(), want) {
			t.Errorf("an empty export: %s", nobody.String())
		}

		must(t, w.Accounts.Erase(w.ctx, ben, "lesnoy-klyuch"))
		for _, n := range w.all(t, ada) {
			if n.Handle != "" || strings.Contains(n.Path, "lesnoy") {
				t.Errorf("it still names the erased: %+v", n)
			}
		}
		if strings.Contains(w.dump(t, "notice"), "lesnoy") {
			t.Error("the table still names the erased")
		}
		paths := map[string]string{}
		for _, n := range w.all(t, ada) {
			paths[n.Subject] = n.Path
		}
		same(t, "paths", map[string]string{"7": "/", "message-1": "/inquiries/7", "message-2": "/inquiries/7"}, paths)
		must(t, w.Accounts.Erase(w.ctx, ada, "ada"))
		for _, table := range notice.Tables() {
			same(t, table, 0, w.rows(t, "SELECT count(*) FROM "+table))
		}
	})
}

// TestErasingLeavesOthersAlone erases accounts that no notice speaks of.
func TestErasingLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, eve := w.person(t, "ada"), w.person(t, "eve")
		w.tells(t, ada, message(1))
		must(t, w.Accounts.Erase(w.ctx, eve, "eve"))
		same(t, "still there", "lesnoy-klyuch", w.all(t, ada)[0].Handle)
		must(t, w.Write(w.ctx, func(tx *db.Tx) error { return w.Notices.Erase(w.ctx, tx, account.Actor{}.ID) }))
		same(t, "nobody erased", 1, len(w.all(t, ada)))
	})
}
