package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// meanwhile asks while a call with the same key is under way.
func (w *world) meanwhile(route, at, token, body string) int {
	w.t.Helper()
	by, err := w.accounts.ActorByToken(context.Background(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	status := 0
	route = "/api/v1" + strings.NewReplacer("{", ":", "}", "").Replace(route)
	_, _, _, err = w.accounts.Once(context.Background(), by, route, "busy", []byte(at+"\n"+body), func() (int, string, []byte, error) {
		status = w.ask(http.MethodPost, at, token, body, "Idempotency-Key: busy").Code
		return http.StatusOK, "", nil, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

// TestEveryPostTakesAKey holds the contract's word: no POST is left out.
func TestEveryPostTakesAKey(t *testing.T) {
	t.Parallel()
	posts := 0
	for path, methods := range open(t, dbtest.New(t), wide()).read().Paths {
		op := methods["post"]
		if op == nil {
			continue
		}
		posts++
		takes := false
		for _, p := range op.Parameters {
			takes = takes || p.In == "header" && p.Name == "Idempotency-Key"
		}
		if _, busy := op.Responses["409"]; !takes || !busy {
			t.Errorf("POST %s takes no key", path)
		}
	}
	if posts < 9 {
		t.Errorf("only %d operations", posts)
	}
}

// TestActsAreDoneOnce repeats each act with its key and without: with it the
// answer is as good as the first, and nothing is done.
func TestActsAreDoneOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
		asked := func() string { return w.did("POST", "/profiles/ada-lint/inquiries", ben, question) }
		declined := asked()
		w.did("POST", "/inquiries/"+declined+"/decline", ada, `{"reason":"busy","comment":"canary"}`, "Idempotency-Key: a")
		withdrawn := asked()
		w.did("POST", "/inquiries/"+withdrawn+"/withdraw", ben, "", "Idempotency-Key: a")
		closed := asked()
		said := w.did("POST", "/inquiries/"+closed+"/messages", ada, `{"text":"Gladly."}`)
		w.did("POST", "/inquiries/"+closed+"/messages/"+said+"/report", ben, `{"reason":"Not at all what it should be."}`, "Idempotency-Key: a")
		w.did("POST", "/inquiries/"+closed+"/close", ben, "", "Idempotency-Key: a")
		for _, c := range []struct {
			token, path, body string
			status, plain     int // with the key again, and without
			says              string
		}{
			{ada, "/inquiries/" + declined + "/decline", `{"reason":"busy","comment":"canary"}`, 200, 409, `"state":"declined"`},
			{ben, "/inquiries/" + withdrawn + "/withdraw", "", 200, 409, `"state":"withdrawn"`},
			{ben, "/inquiries/" + closed + "/close", "", 200, 409, `"closed":true`},
			{ben, "/inquiries/" + closed + "/messages/" + said + "/report", `{"reason":"Not at all what it should be."}`, 204, 409, ""},
		} {
			before := w.rows()
			rec := w.ask("POST", "/api/v1"+c.path, c.token, c.body, "Idempotency-Key: a")
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.says) {
				t.Errorf("%s again: got %d %s", c.path, rec.Code, rec.Body)
			}
			if diff := cmp.Diff(before, w.rows()); diff != "" {
				t.Errorf("%s again: %s", c.path, diff)
			}
			if got := w.ask("POST", "/api/v1"+c.path, c.token, c.body, "Idempotency-Key: b").Code; got != c.plain {
				t.Errorf("%s under another key: got %d", c.path, got)
			}
		}
		if p := problem(t, w.ask("POST", "/api/v1/inquiries/"+declined+"/decline", ada, `{"reason":"no_time"}`, "Idempotency-Key: a")); p.Code != "idempotency_key_reused" {
			t.Errorf("another body: got %s", p.Code)
		}
		if p := problem(t, w.ask("POST", "/api/v1/inquiries/"+declined+"/withdraw", ben, "", "Idempotency-Key: a")); p.Code != "idempotency_key_reused" {
			t.Errorf("another address: got %s", p.Code)
		}
	})
}

// TestKeysOfTheInbox repeats the acts whose answers change with time, or hold a
// secret.
func TestKeysOfTheInbox(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
		inquiry := w.did("POST", "/profiles/ada-lint/inquiries", ben, question)
		read := func(key string) string {
			return w.ask("POST", "/api/v1/me/inbox/read", ada, `{"all":true}`, "Idempotency-Key: "+key).Body.String()
		}
		first := read("a")
		w.did("POST", "/inquiries/"+inquiry+"/messages", ben, `{"text":"One thing more."}`)
		if diff := cmp.Diff([]string{"{\"unread\":0}\n", "{\"unread\":1}\n", "{\"unread\":0}\n"}, []string{first, read("a"), read("b")}); diff != "" {
			t.Errorf("what came since is read by a repeat, or never: %s", diff)
		}
		rotate := func(key string) string {
			var out api.NoticeSettings
			rec := w.ask("POST", "/api/v1/me/notices/feed/rotate", ada, "", "Idempotency-Key: "+key)
			if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || !out.Feed || !strings.HasSuffix(out.FeedURL, ".atom") {
				t.Errorf("got %d %s", rec.Code, rec.Body)
			}
			return out.FeedURL
		}
		one, again, two := rotate("a"), rotate("a"), rotate("b")
		if one != again || one == two {
			t.Errorf("the address changed by a repeat, or not at all: %s %s %s", one, again, two)
		}
	})
}

// TestPagesOfInquiries reads a list by its bounds.
func TestPagesOfInquiries(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	ben := w.person("ben-byte", account.Member)
	for _, handle := range []string{"ada-lint", "cat-code", "dan-disk"} {
		w.tutor(handle)
		w.did("POST", "/profiles/"+handle+"/inquiries", ben, question)
	}
	for query, want := range map[string]int{"": 3, "?limit=2": 2, "?limit=2&page=2": 1, "?limit=100": 3} {
		var out api.Inquiries
		if err := json.Unmarshal(w.ask("GET", "/api/v1/inquiries"+query, ben, "").Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Items) != want || out.Total != 3 {
			t.Errorf("%s: %d of %d", query, len(out.Items), out.Total)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?limit=x"} {
		if rec := w.ask("GET", "/api/v1/inquiries"+query, ben, ""); rec.Code != 422 {
			t.Errorf("%s: got %d", query, rec.Code)
		}
	}
}
