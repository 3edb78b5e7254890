package notice_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/notice"
)

func (w *world) subscribes(t *testing.T, by account.Actor, paths ...string) (ids []string) {
	t.Helper()
	for _, path := range paths {
		id, err := w.Subscribe(w.ctx, by, w.Service.browser(t, path))
		must(t, err)
		ids = append(ids, id)
	}
	return ids
}

func (w *world) browsers(t *testing.T, by account.Actor) []notice.Subscription {
	t.Helper()
	list, err := w.Subscriptions(w.ctx, by)
	must(t, err)
	return list
}

func TestPushSaysNothingPrivate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/a", "/b")
		w.tells(t, ada, message(1), notice.Told{Kind: notice.InquiryDeclined, Subject: "7", Path: "/inquiries/7",
			Args: map[string]string{"handle": "lesnoy-klyuch", "reason": "not_my_topic"}})
		w.settle(t)
		got := w.Service.got()
		same(t, "pushes", 4, len(got))
		topics, tags := map[string]int{}, map[string]bool{}
		for _, p := range got {
			var said map[string]string
			if err := json.Unmarshal([]byte(p.Text), &said); err != nil {
				t.Fatalf("%q: %v", p.Text, err)
			}
			tags[said["tag"]] = true
			same(t, "what it says", map[string]string{"text": "new ru", "tag": said["tag"]}, said)
			same(t, "how it is sent", push{Path: p.Path, Topic: p.Topic, Text: p.Text, Size: 1024, TTL: "86400", Urgency: "normal",
				Sender: origin, Key: w.PushKey()}, p)
			topics[p.Topic]++
			if len(p.Topic) != 32 || strings.ContainsAny(p.Topic, "+/=") || len(said["tag"]) != 32 || said["tag"] == p.Topic {
				t.Errorf("topic %q, tag %q", p.Topic, said["tag"])
			}
		}
		same(t, "topics, one a notice", []int{2, 2}, slices.Sorted(func(yield func(int) bool) {
			for _, n := range topics {
				if !yield(n) {
					return
				}
			}
		}))
		same(t, "tags: a browser shows one thing at a time", 1, len(tags))
		for _, n := range w.all(t, ada) {
			if topics[n.ID] != 0 || tags[ada.ID] || strings.Contains(w.Log.String(), n.ID) {
				t.Error("the notice's id left the board")
			}
		}
	})
}

func TestPushesThatAreNotNeeded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		w.tells(t, ada, message(1)) // nowhere to push
		same(t, "jobs", 0, w.rows(t, "SELECT count(*) FROM river_job WHERE kind = 'notice_push'"))
		w.subscribes(t, ada, "/a")
		w.tells(t, ada, message(2), message(3))
		w.tells(t, ben, message(4))
		for _, n := range w.all(t, ada) {
			if n.Subject == "message-2" {
				must(t, w.MarkRead(w.ctx, ada, n.ID))
			}
		}
		w.settle(t)
		same(t, "only what was not read, only to whom it is for", 1, len(w.Service.got()))
	})
}

func TestOldNewsIsNotPushed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/a")
		w.tells(t, ada, message(1))
		w.Clock.Advance(24 * time.Hour)
		w.tells(t, ada, message(2))
		w.settle(t)
		same(t, "pushes", 1, len(w.Service.got()))
		same(t, "both in the inbox", 2, w.unread(t, ada))
	})
}

// TestPushServicesAnswer tries what a push service may say: only the browser
// that did not take the push gets it again.
func TestPushServicesAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/well", "/gone", "/unknown", "/busy", "/no")
		w.Service.answer("/gone", 410)
		w.Service.answer("/unknown", 404)
		w.Service.answer("/busy", 503)
		w.Service.answer("/no", 400)
		w.tells(t, ada, message(1))
		w.settle(t)
		same(t, "taken", map[string]int{"/well": 1, "/busy": 1}, w.Service.shown())
		same(t, "each once", 2, len(w.Service.got()))
		same(t, "ended subscriptions are removed", 3, len(w.browsers(t, ada)))
		if log := w.Log.String(); strings.Contains(log, "example.com") || strings.Contains(log, "/busy") || !strings.Contains(log, "push refused") {
			t.Errorf("the log: %s", log)
		}
		w.tells(t, ada, message(2))
		w.settle(t)
		same(t, "the next one", map[string]int{"/well": 2, "/busy": 2, "/no": 1}, w.Service.shown())
	})
}

// TestLeadingInsideEndsASubscription puts what Subscribe would refuse straight
// into the table, as a name does that later resolves to an address inside.
func TestLeadingInsideEndsASubscription(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		b := w.Service.browser(t, "/a")
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			for i, sealed := range [][]byte{
				w.Keys.Seal("push_subscription/inside", []byte(`{"endpoint":"https://169.254.169.254/x","p256dh":"`+b.P256DH+`","auth":"`+b.Auth+`"}`)),
				w.Keys.Seal("push_subscription/another", []byte(`{}`)), {1, 2, 3}, // moved from another row; sealed under a lost key
			} {
				if _, err := tx.NewRaw("INSERT INTO push_subscription (id, account_id, endpoint_mac, sealed, added_on) VALUES (?, ?, ?, ?, ?)",
					[]string{"inside", "moved", "lost"}[i], ada.ID, []byte{byte(i)}, sealed, tx.Today()).Exec(w.ctx); err != nil {
					return err
				}
			}
			return nil
		}))
		w.tells(t, ada, message(1))
		w.settle(t)
		same(t, "subscriptions", 0, len(w.browsers(t, ada)))
		same(t, "pushes", 0, len(w.Service.got()))
	})
}

func TestSubscribing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		ids := w.subscribes(t, ada, "/1", "/2", "/3", "/4", "/5")
		_, err := w.Subscribe(w.ctx, ada, w.Service.browser(t, "/6"))
		wants(t, err, fault.Conflict, "too_many_subscriptions")
		again := w.subscribes(t, ada, "/5") // the same browser, with new keys
		if again[0] == ids[4] {
			t.Error("new keys under the old number: an old push could remove them")
		}
		same(t, "still five", 5, len(w.browsers(t, ada)))
		list := w.browsers(t, ada)
		same(t, "what one sees", []any{"example.com", w.Clock.Now().Truncate(24 * time.Hour)}, []any{list[0].Service, list[0].AddedOn.UTC()})

		w.subscribes(t, ben, "/1") // the browser changed hands
		same(t, "moved", []int{4, 1}, []int{len(w.browsers(t, ada)), len(w.browsers(t, ben))})
		must(t, w.Unsubscribe(w.ctx, ada, ids[1]))
		must(t, w.UnsubscribeBrowser(w.ctx, ada, "https://example.com/3"))
		wants(t, w.Unsubscribe(w.ctx, ada, ids[1]), fault.NotFound, "subscription_unknown")
		wants(t, w.UnsubscribeBrowser(w.ctx, ada, "https://example.com/3"), fault.NotFound, "subscription_unknown")
		w.tells(t, ada, message(1))
		w.settle(t)
		same(t, "pushed to", map[string]int{"/4": 1, "/5": 1}, w.Service.shown())
	})
}

func TestWhatMayBeSubscribed(t *testing.T) {
	t.Parallel()
	w := wire(t, dbtest.New(t))
	ada := w.person(t, "ada")
	good := w.Service.browser(t, "/a")
	try := func(change func(*notice.Browser)) error {
		b := good
		change(&b)
		_, err := w.Subscribe(w.ctx, ada, b)
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(good.P256DH)
	must(t, err)
	offCurve := slices.Clone(raw)
	offCurve[64] ^= 1
	for name, c := range map[string]struct {
		code   string
		change func(*notice.Browser)
	}{
		"http":         {"push_endpoint", func(b *notice.Browser) { b.Endpoint = "http://example.com/a" }},
		"number":       {"push_endpoint", func(b *notice.Browser) { b.Endpoint = "https://127.0.0.1/a" }},
		"inside":       {"push_endpoint", func(b *notice.Browser) { b.Endpoint = "https://printer.local/a" }},
		"port":         {"push_endpoint", func(b *notice.Browser) { b.Endpoint = "https://example.com:8443/a" }},
		"long":         {"push_endpoint", func(b *notice.Browser) { b.Endpoint += strings.Repeat("a", 1000) }},
		"empty":        {"push_endpoint", func(b *notice.Browser) { b.Endpoint = "" }},
		"no key":       {"push_keys", func(b *notice.Browser) { b.P256DH = "" }},
		"off curve":    {"push_keys", func(b *notice.Browser) { b.P256DH = base64.RawURLEncoding.EncodeToString(offCurve) }},
		"infinity":     {"push_keys", func(b *notice.Browser) { b.P256DH = "AA" }},
		"not base64":   {"push_keys", func(b *notice.Browser) { b.P256DH = "ключ" }},
		"long key":     {"push_keys", func(b *notice.Browser) { b.P256DH = strings.Repeat("A", 1<<20) }},
		"short secret": {"push_keys", func(b *notice.Browser) { b.Auth = "AAAA" }},
		"no secret":    {"push_keys", func(b *notice.Browser) { b.Auth = "" }},
	} {
		if err := try(c.change); !fault.Is(err, fault.Invalid) || fault.All(err)[0].Code != c.code {
			t.Errorf("%s: got %v", name, err)
		}
	}
	same(t, "all said at once", 3, len(fault.All(try(func(b *notice.Browser) { *b = notice.Browser{} }))))
	same(t, "nothing kept", 0, len(w.browsers(t, ada)))
	padded := func(s string) string {
		b, err := base64.RawURLEncoding.DecodeString(s)
		must(t, err)
		return base64.StdEncoding.EncodeToString(b)
	}
	must(t, try(func(b *notice.Browser) { b.P256DH, b.Auth = padded(b.P256DH), padded(b.Auth) }))
	w.tells(t, ada, message(1))
	w.settle(t)
	same(t, "the other alphabet works too", map[string]int{"/a": 1}, w.Service.shown())
}

// TestWithoutKeys is a branch whose operator has made none, or took them away.
func TestWithoutKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada := w.person(t, "ada")
		w.subscribes(t, ada, "/a")
		w.tells(t, ada, message(1))
		off := wireWithoutPush(t, w)
		same(t, "key", "", off.PushKey())
		_, err := off.Subscribe(w.ctx, ada, w.Service.browser(t, "/b"))
		wants(t, err, fault.Unavailable, "push_off")
		off.tells(t, ada, message(2))
		off.settle(t)
		same(t, "pushes", 0, len(w.Service.got()))
		same(t, "the inbox works", 2, off.unread(t, ada))
		same(t, "one can still take one's browser out", 1, len(off.browsers(t, ada)))
		must(t, off.Unsubscribe(w.ctx, ada, off.browsers(t, ada)[0].ID))
	})
}

// wireWithoutPush opens the same database by another process without keys.
func wireWithoutPush(t *testing.T, w *world) *world {
	t.Helper()
	cfg := db.Config{Clock: w.Clock.Now}
	if w.Engine() == db.SQLite {
		cfg.Path = w.Dir + "/oduvan.db"
	} else {
		must(t, w.Read(w.ctx, func(tx *db.Tx) error { return tx.NewRaw("SELECT current_database()").Scan(w.ctx, &cfg.URL) }))
		base := dbtest.URL(t)
		cfg.URL = base[:strings.LastIndex(base, "/")+1] + cfg.URL + "?sslmode=disable"
	}
	off := *w
	off.World = dbtest.Open(t, w.Dir, cfg)
	off.World.Clock = w.Clock
	off.Notices = notice.New(notice.Config{DB: off.DB, Keys: w.Keys, URL: origin})
	return &off
}
