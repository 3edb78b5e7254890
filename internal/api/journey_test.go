package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

const adasProfile = `{"roles":["tutor"],"name":"Ada","headline":"Python from school to work","about":"Ten years of **Python**.",
	"skills":["Python","falconry"],"levels":["zero"],"languages":["ru","en"],"formats":["chat"],"timezone":"Asia/Almaty",
	"links":[{"url":"https://ada.example/code"}],"state":"open"}`

const adasService = `{"title":"Code review","summary":"In writing","format":"review","minutes":60,
	"price":{"amount":150000,"currency":"RUB"},"by_agreement":false,"free_trial":true,"rules":"Ask first.","state":"published"}`

// step is one call of the journey; {1} in a path or body is the first id an answer held.
type step struct {
	who, method, path, body string
	headers                 []string
	keep                    bool          // the id in the answer counts, not Location's
	wait                    time.Duration // before it
}

// TestJourney writes down every answer of a person's way through the API: the
// same on both engines, byte for byte.
func TestJourney(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		tokens := map[string]string{"nobody": "", "ada": w.person("ada-lint", account.Member), "ben": w.person("ben-byte", account.Member)}
		once := []string{"Idempotency-Key: k-1"}
		steps := []step{
			{who: "nobody", method: "GET", path: "/search"},
			{who: "ada", method: "GET", path: "/me"},
			{who: "ada", method: "GET", path: "/me/profile"},
			{who: "ada", method: "GET", path: "/me/services"},
			{who: "ada", method: "PUT", path: "/me/profile", body: `{"roles":["tutor"],"name":"Ada","about":"Write to ada@example.org"}`},
			{who: "nobody", method: "GET", path: "/profiles/ada-lint"},
			{who: "ada", method: "PUT", path: "/me/profile", body: adasProfile},
			{who: "ada", method: "GET", path: "/me/profile"},
			{who: "ada", method: "PUT", path: "/me/profile", body: `{"name":"Other tab","version":1}`},
			{who: "ada", method: "PUT", path: "/me/profile", body: `{"state":"open"}`},
			{who: "ada", method: "POST", path: "/me/services", body: adasService, headers: once},
			{who: "ada", method: "POST", path: "/me/services", body: adasService, headers: once},
			{who: "ada", method: "POST", path: "/me/services", body: `{"title":"Other","format":"call","price":null,"by_agreement":true}`, headers: once},
			{who: "ada", method: "POST", path: "/me/services", body: `{"title":"Study plan","format":"plan","price":{"amount":0,"currency":""}}`},
			{who: "ada", method: "POST", path: "/me/services", body: `{"title":"No price","format":"plan"}`},
			{who: "ada", method: "GET", path: "/me/services"},
			{who: "ada", method: "GET", path: "/me/services/{1}"},
			{who: "ben", method: "GET", path: "/me/services/{1}"},
			{who: "ben", method: "PUT", path: "/me/services/{1}", body: adasService},
			{who: "ben", method: "DELETE", path: "/me/services/{1}"},
			{who: "nobody", method: "GET", path: "/profiles/ada-lint"},
			{who: "nobody", method: "GET", path: "/profiles/nobody-here"},
			{who: "nobody", method: "GET", path: "/search?q=python&kind=tutor&kind=service&currency=RUB&price_max=200000&sort=price"},
			{who: "nobody", method: "GET", path: "/search?kind=&q=&kind=creator"},
			{who: "nobody", method: "GET", path: "/search?limit=1&page=2"},
			{who: "nobody", method: "GET", path: "/search/suggest?q=pyth&limit=1"},
			{who: "ada", method: "PUT", path: "/me/services/{1}", body: `{"title":"Code review, longer","format":"review","minutes":90,"by_agreement":true,"version":1}`},
			{who: "ada", method: "PUT", path: "/me/services/{1}", body: `{"title":"Late","format":"review","by_agreement":true,"version":1}`},
			{who: "ada", method: "DELETE", path: "/me/services/{1}"},
			{who: "ada", method: "DELETE", path: "/me/services/{1}"},
			{who: "ada", method: "GET", path: "/me/export"},
			{who: "ada", method: "PUT", path: "/me/profile", body: strings.Replace(adasProfile, `"open"`, `"paused","paused_until":"2026-12-24T10:00:00+05:00"`, 1)},
			{who: "ada", method: "DELETE", path: "/me"},
			{who: "ada", method: "GET", path: "/me"},
			{who: "nobody", method: "GET", path: "/profiles/ada-lint"},
			{who: "nobody", method: "GET", path: "/search?q=python"},
		}
		golden(t, "journey.golden", w.walk(tokens, steps))
	})
}

// walk takes the steps and writes every answer down.
func (w *world) walk(tokens map[string]string, steps []step) string {
	w.t.Helper()
	var out strings.Builder
	var ids []string
	for _, s := range steps {
		if s.wait > 0 {
			w.pass(s.wait)
		}
		w.settle()
		for i, id := range ids {
			s.path = strings.ReplaceAll(s.path, fmt.Sprintf("{%d}", i+1), id)
			s.body = strings.ReplaceAll(s.body, fmt.Sprintf("{%d}", i+1), id)
		}
		rec := w.ask(s.method, "/api/v1"+s.path, tokens[s.who], s.body, s.headers...)
		fmt.Fprintf(&out, "### %s: %s %s %s\n%d", s.who, s.method, s.path, s.body, rec.Code)
		for _, name := range []string{"Content-Type", "Location", "Content-Disposition", "WWW-Authenticate", "Retry-After"} {
			if v := rec.Header().Get(name); v != "" {
				fmt.Fprintf(&out, "\n%s: %s", name, v)
			}
		}
		if s.keep {
			ids = append(ids, first(rec.Body.String()))
		} else if at := rec.Header().Get("Location"); at != "" {
			ids = append(ids, at[strings.LastIndexByte(at, '/')+1:])
		}
		fmt.Fprintf(&out, "\n%s\n\n", indented(rec.Body.Bytes()))
	}
	return steady(out.String())
}

// first is the first id that an answer holds.
func first(body string) string {
	var one struct {
		ID    string
		Items []struct{ ID string }
	}
	_ = json.Unmarshal([]byte(body), &one)
	if one.ID == "" && len(one.Items) > 0 {
		return one.Items[0].ID
	}
	return one.ID
}

// TestAgain repeats a creating call: one service, one answer.
func TestAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		token := w.person("ada-lint", account.Member)
		w.ask("PUT", "/api/v1/me/profile", token, adasProfile)
		first := w.ask("POST", "/api/v1/me/services", token, adasService, "Idempotency-Key: a")
		before := w.rows()
		second := w.ask("POST", "/api/v1/me/services", token, adasService, "Idempotency-Key: a")
		if first.Code != 201 || first.Body.Len() == 0 {
			t.Fatalf("got %d", first.Code)
		}
		got := []any{second.Code, second.Body.String(), second.Header().Get("Location"), w.rows()}
		if diff := cmp.Diff([]any{first.Code, first.Body.String(), first.Header().Get("Location"), before}, got); diff != "" {
			t.Error(diff)
		}
		if rec := w.ask("GET", first.Header().Get("Location"), token, ""); rec.Body.String() != first.Body.String() {
			t.Errorf("Location holds another thing: %s", rec.Body)
		}
		for _, key := range []string{"with\ttab", strings.Repeat("k", 201), "ключ"} {
			if p := problem(t, w.ask("POST", "/api/v1/me/services", token, adasService, "Idempotency-Key: "+key)); p.Status != 422 {
				t.Errorf("key %q: got %d", key, p.Status)
			}
		}
	})
}

// TestRoundTrip sends back what was read: nothing changes but the version.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	token := w.person("ada-lint", account.Member)
	w.ask("PUT", "/api/v1/me/profile", token, adasProfile)
	read := func() map[string]any {
		var out map[string]any
		if err := json.Unmarshal(w.ask("GET", "/api/v1/me/profile", token, "").Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := read()
	edit := map[string]any{}
	fields := w.read().Components.Schemas["ProfileEdit"].Properties
	for name, v := range before {
		if fields[name] != nil {
			edit[name] = v
		}
	}
	body, err := json.Marshal(edit)
	if err != nil {
		t.Fatal(err)
	}
	if rec := w.ask("PUT", "/api/v1/me/profile", token, string(body)); rec.Code != 200 {
		t.Fatalf("got %d %s", rec.Code, rec.Body)
	}
	after := read()
	delete(before, "version")
	delete(after, "version")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}
