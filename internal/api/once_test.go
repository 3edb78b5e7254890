package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
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
	said := body
	if said == "{}" {
		said = "" // the same for the acts that need no body; no others are sent this
	}
	route = "/api/v1" + strings.NewReplacer("{", ":", "}", "").Replace(route)
	_, _, _, err = w.accounts.Once(context.Background(), by, route, "busy", []byte(at+"\n"+said), func() (int, string, []byte, error) {
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

// bodiless are the POSTs that need no body, by their addresses in the document.
func (d document) bodiless() []string {
	var out []string
	for path, methods := range d.Paths {
		if op := methods["post"]; op != nil && op.RequestBody != nil && !op.RequestBody.Required {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// TestActsWithoutABody holds the acts that need no body to what is said of
// every body: it is JSON, and without a field that nobody knows.
func TestActsWithoutABody(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	w.takesCards()
	ada := w.person("ada-lint", account.Member)
	paths := w.read().bodiless()
	if len(paths) < 13 {
		t.Errorf("only %v", paths)
	}
	before := w.rows()
	for _, path := range paths {
		at := "/api/v1" + strings.NewReplacer("{id}", strings.Repeat("0", 36), "{n}", "1").Replace(path)
		for _, c := range []struct {
			body, header string
			status       int
			code         string
		}{
			{"{", "", 400, "json_malformed"}, {"{}{}", "", 400, "json_malformed"}, {" ", "", 400, "json_malformed"},
			{`{"surprise":1}`, "", 422, "field_unknown"}, {`[]`, "", 422, "type_wrong"}, {`"x"`, "", 422, "type_wrong"},
			{"{}", "Content-Type: text/plain", 415, "media_type"}, {strings.Repeat(" ", api.MaxBody+1), "", 413, "too_large"},
		} {
			header := "Accept: */*"
			if c.header != "" {
				header = c.header
			}
			if p := problem(t, w.ask("POST", at, ada, c.body, header, "Idempotency-Key: k")); p.Status != c.status || p.Code != c.code {
				t.Errorf("%s %.20q: got %d %s", path, c.body, p.Status, p.Code)
			}
		}
	}
	if diff := cmp.Diff(before, w.rows()); diff != "" {
		t.Error(diff)
	}
}

// TestNoBodyIsAnEmptyOne repeats an act under its key with all that says
// nothing, and with what says something.
func TestNoBodyIsAnEmptyOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		w.tutor("ada-lint")
		ben := w.person("ben-byte", account.Member)
		at := "/api/v1/inquiries/" + w.did("POST", "/profiles/ada-lint/inquiries", ben, question) + "/withdraw"
		for _, body := range []string{"", "{}", " { \n} ", "null", ""} {
			if rec := w.ask("POST", at, ben, body, "Idempotency-Key: a"); rec.Code != 200 {
				t.Errorf("%q: got %d %s", body, rec.Code, rec.Body)
			}
		}
		if rec := w.ask("POST", at, ben, "", "Idempotency-Key: a", "Content-Type: application/x-www-form-urlencoded"); rec.Code != 200 {
			t.Errorf("the name of an empty body: got %d %s", rec.Code, rec.Body)
		}
		for _, body := range []string{"[]", `"null"`, `{"id":"x"}`} {
			if rec := w.ask("POST", at, ben, body, "Idempotency-Key: a"); rec.Code != 422 {
				t.Errorf("%q: got %d %s", body, rec.Code, rec.Body)
			}
		}
		if p := problem(t, w.ask("POST", at, ben, "{}", "Idempotency-Key: b")); p.Status != 409 {
			t.Errorf("another key: got %d %s", p.Status, p.Code)
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
