package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/notice"
)

const question = `{"goal":"Understand generics","background":"A year of C","expectation":"Two talks"}`

// pass lets time go by and what is due happen.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	day := min(d, 24*time.Hour) // after which whoever is waited for is reminded
	for _, step := range []time.Duration{day, d - day} {
		w.Clock.Advance(step)
		if _, err := w.Sweep(context.Background()); err != nil {
			w.t.Fatal(err)
		}
	}
}

// tutor makes an account with an open profile.
func (w *world) tutor(handle string) string {
	w.t.Helper()
	token := w.person(handle, account.Member)
	if rec := w.ask("PUT", "/api/v1/me/profile", token, adasProfile); rec.Code != http.StatusOK {
		w.t.Fatalf("got %d %s", rec.Code, rec.Body)
	}
	return token
}

// did makes a call that must succeed and gives the first id of its answer.
func (w *world) did(method, path, token, body string, headers ...string) string {
	w.t.Helper()
	rec := w.ask(method, "/api/v1"+path, token, body, headers...)
	if rec.Code >= 300 {
		w.t.Fatalf("%s %s: got %d %s", method, path, rec.Code, rec.Body)
	}
	return first(rec.Body.String())
}

// talk gives the tutor of a token an inquiry that waits, with a message, and a
// notice of it. What comes back fills the places of a path with their ids.
func (w *world) talk(tutor, service string) func(path string) string {
	w.t.Helper()
	w.tutor("cat-code")
	learner := w.person("ben-byte", account.Member)
	inquiry := w.did("POST", "/profiles/ada-lint/inquiries", learner, question)
	said := w.did("POST", "/inquiries/"+inquiry+"/messages", learner, `{"text":"One thing more."}`)
	told := w.did("GET", "/me/inbox", tutor, "")
	return func(path string) string {
		handle, id := "ada-lint", service
		switch {
		case strings.Contains(path, "/inquiries/"):
			id = inquiry
		case strings.Contains(path, "/inquiries"):
			handle = "cat-code"
		case strings.Contains(path, "/inbox"):
			id = told
		}
		return strings.NewReplacer("{handle}", handle, "{id}", id, "{message_id}", said).Replace(path)
	}
}

// talking tells which paths take two to reach all of their statuses.
func talking(path string) bool {
	return strings.Contains(path, "/inquiries") || strings.Contains(path, "/inbox") || strings.Contains(path, "/notices")
}

// reachTalk sends an operation what is wrong as such, then both sides of an
// inquiry do it twice to one that was answered, one that was declined and one
// that waits.
func (w *world) reachTalk(method, path string, op *operation) []int {
	w.t.Helper()
	name := func(side string) string { return side + "-" + op.OperationID }
	tutor, learner := w.tutor(name("tutor")), w.person(name("learner"), account.Member)
	body := ""
	if op.RequestBody != nil {
		body = w.goodTalk(op.OperationID)
	}
	zero := strings.Repeat("0", 36)
	nowhere := "/api/v1" + strings.NewReplacer("{handle}", "nobody-here", "{id}", zero, "{message_id}", zero).Replace(path)
	var got []int
	ask := func(token, at, body string, headers ...string) {
		got = append(got, w.ask(method, at, token, body, headers...).Code)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0)) // no time is left
	defer cancel()
	r := httptest.NewRequest(method, nowhere, strings.NewReader("{}")).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer "+tutor)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	got = append(got, rec.Code)
	ask("odt_bad", nowhere, body)
	ask(tutor, nowhere+"?surprise=1", body)
	ask(tutor, nowhere+"?q=%ff", body)
	ask(tutor, nowhere, "{}", "Content-Type: text/plain")
	ask(tutor, nowhere, strings.Repeat(" ", 1<<20+1))
	ask(tutor, nowhere, strings.Replace(body, "{", `{"ids":["`+zero+`"],`, 1))
	ask(tutor, nowhere, strings.Replace(body, `"all":true`, `"ids":["`+zero+`"]`, 1))
	if method == http.MethodPost {
		got = append(got, w.meanwhile(path, nowhere, tutor, body))
	}
	ends := []string{"/messages", "/decline", ""}
	if op.OperationID == "ask" {
		ends = ends[2:] // or it would ask once more itself
	}
	for _, end := range ends {
		inquiry := w.did("POST", "/profiles/"+name("tutor")+"/inquiries", learner, question)
		said := w.did("POST", "/inquiries/"+inquiry+"/messages", learner, `{"text":"One thing more."}`)
		if end != "" {
			w.did("POST", "/inquiries/"+inquiry+end, tutor, w.goodTalk(map[string]string{"/messages": "write", "/decline": "decline"}[end]))
		}
		told := w.did("GET", "/me/inbox", tutor, "")
		id := inquiry
		if strings.Contains(path, "/inbox") {
			id = told
		}
		at := "/api/v1" + strings.NewReplacer("{handle}", name("tutor"), "{id}", id, "{message_id}", said).Replace(path)
		for _, token := range []string{learner, tutor, tutor, learner} {
			ask(token, at, body)
		}
	}
	if op.OperationID == "ask" {
		ask(w.person("another", account.Member), "/api/v1/profiles/"+name("tutor")+"/inquiries", body)
	}
	return got
}

// goodTalk is a body that is taken.
func (w *world) goodTalk(operation string) string {
	w.t.Helper()
	body, ok := map[string]string{"ask": question, "write": `{"text":"Gladly."}`, "decline": `{"reason":"busy"}`,
		"report": `{"reason":"They ask for my phone number."}`, "read-inbox": `{"all":true}`, "save-notices": `{"off":[],"feed":true}`,
		"withdraw": "", "close": "", "rotate-feed": ""}[operation]
	if !ok {
		w.t.Fatalf("no body for %s", operation)
	}
	return body
}

// TestTalk writes down every answer of two people who meet through the API.
func TestTalk(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		tokens := map[string]string{"nobody": "", "ada": w.tutor("ada-lint"), "ben": w.person("ben-byte", account.Member), "cat": w.tutor("cat-code")}
		once := []string{"Idempotency-Key: k-1"}
		russian := []string{"Accept-Language: ru"}
		steps := []step{
			{who: "ada", method: "POST", path: "/me/services", body: adasService},
			{who: "nobody", method: "POST", path: "/profiles/ada-lint/inquiries", body: question},
			{who: "ada", method: "POST", path: "/profiles/ada-lint/inquiries", body: question},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: `{"goal":" ","background":"b"}`},
			{who: "ben", method: "POST", path: "/profiles/cat-code/inquiries", body: `{"goal":"Learn","service_id":"{1}"}`},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: `{"goal":"Learn, ben@example.org","service_id":"{1}"}`, headers: once},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: `{"goal":"Learn, ben@example.org","service_id":"{1}"}`, headers: once},
			{who: "ben", method: "POST", path: "/profiles/cat-code/inquiries", body: `{"goal":"Learn, ben@example.org","service_id":"{1}"}`, headers: once},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: question, wait: time.Minute},
			{who: "ada", method: "GET", path: "/inquiries?role=tutor&state=open"},
			{who: "ada", method: "POST", path: "/inquiries/{2}/close"},
			{who: "ada", method: "POST", path: "/inquiries/{2}/withdraw"},
			{who: "ben", method: "POST", path: "/inquiries/{2}/decline", body: `{"reason":"busy"}`},
			{who: "ada", method: "POST", path: "/inquiries/{2}/messages", body: `{"text":"Gladly. **When?**"}`, wait: time.Hour, keep: true},
			{who: "ben", method: "GET", path: "/me/inbox?unread=true"},
			{who: "ben", method: "GET", path: "/me/inbox?kind=inquiry_answered", headers: russian, keep: true},
			{who: "ben", method: "GET", path: "/inquiries/{2}"},
			{who: "ben", method: "POST", path: "/inquiries/{2}/messages/{4}/report", body: `{"reason":"Not at all what it should be."}`},
			{who: "ben", method: "POST", path: "/inquiries/{2}/messages/{4}/report", body: `{"reason":"Not at all what it should be."}`},
			{who: "ada", method: "POST", path: "/inquiries/{2}/messages/{4}/report", body: `{"reason":"My own words are no case."}`},
			{who: "ben", method: "POST", path: "/inquiries/{2}/messages", body: `{"text":"Call +7 700 123-45-67"}`, wait: time.Minute, keep: true},
			{who: "ben", method: "GET", path: "/inquiries/{2}?page=7"},
			{who: "cat", method: "GET", path: "/inquiries/{2}"},
			{who: "cat", method: "GET", path: "/inquiries"},
			{who: "ben", method: "POST", path: "/me/inbox/read", body: `{"ids":["{5}"]}`},
			{who: "ada", method: "POST", path: "/me/inbox/read", body: `{"ids":["{5}"]}`},
			{who: "ada", method: "POST", path: "/me/inbox/read", body: `{"all":true,"until":"2026-11-22T09:30:00Z"}`},
			{who: "ada", method: "POST", path: "/me/inbox/read", body: `{}`},
			{who: "ada", method: "DELETE", path: "/me/inbox/{5}"},
			{who: "ben", method: "DELETE", path: "/me/inbox/{5}"},
			{who: "ben", method: "GET", path: "/me/inbox"},
			{who: "ben", method: "POST", path: "/inquiries/{2}/close"},
			{who: "ada", method: "POST", path: "/inquiries/{2}/messages", body: `{"text":"Still there?"}`},
			{who: "ben", method: "POST", path: "/profiles/cat-code/inquiries", body: question, wait: time.Minute},
			{who: "cat", method: "POST", path: "/inquiries/{7}/decline", body: `{"reason":"other"}`},
			{who: "cat", method: "POST", path: "/inquiries/{7}/decline", body: `{"reason":"on_break","pause_until":"2020-01-01T00:00:00Z"}`},
			{who: "cat", method: "POST", path: "/inquiries/{7}/decline", body: `{"reason":"on_break","comment":"In spring.","pause_until":"2027-03-01T00:00:00Z"}`},
			{who: "cat", method: "GET", path: "/me/profile"},
			{who: "ben", method: "POST", path: "/profiles/cat-code/inquiries", body: question},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: question, wait: time.Minute},
			{who: "ben", method: "POST", path: "/inquiries/{8}/withdraw"},
			{who: "ben", method: "POST", path: "/profiles/ada-lint/inquiries", body: question, wait: time.Minute},
			{who: "ben", method: "POST", path: "/inquiries/{9}/withdraw", wait: 49 * time.Hour},
			{who: "ben", method: "GET", path: "/me/inbox?limit=1"},
			{who: "ben", method: "GET", path: "/inquiries?role=learner"},
			{who: "ben", method: "GET", path: "/me/notices"},
			{who: "ben", method: "PUT", path: "/me/notices", body: `{"off":["message_new","message_new"],"feed":true}`},
			{who: "ben", method: "PUT", path: "/me/notices", body: `{"off":[]}`},
			{who: "ben", method: "POST", path: "/me/notices/feed/rotate"},
			{who: "ben", method: "PUT", path: "/me/notices", body: `{"off":[],"feed":false}`},
			{who: "ada", method: "DELETE", path: "/me"},
			{who: "ben", method: "GET", path: "/inquiries/{2}"},
		}
		golden(t, "talk.golden", w.walk(tokens, steps))
	})
}

// TestForeign asks for a thread as everybody who is no side of it: the answer
// is the same as for one that never was.
func TestForeign(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
		inquiry := w.did("POST", "/profiles/ada-lint/inquiries", ben, question)
		said := w.did("POST", "/inquiries/"+inquiry+"/messages", ada, `{"text":"Gladly."}`)
		tokens := map[string]string{"third": w.person("dan-disk", account.Member), "tutor": w.tutor("cat-code"),
			"moderator": w.person("mod-mask", account.Moderator), "operator": w.person("op-octet", account.Operator)}
		before, asked := w.rows(), 0
		for path, methods := range w.read().Paths {
			if !strings.HasPrefix(path, "/inquiries/{id}") {
				continue
			}
			for method, op := range methods {
				body := ""
				if op.RequestBody != nil {
					body = w.goodTalk(op.OperationID)
				}
				zero := strings.Repeat("0", 36)
				there := "/api/v1" + strings.NewReplacer("{id}", inquiry, "{message_id}", said).Replace(path)
				never := "/api/v1" + strings.NewReplacer("{id}", zero, "{message_id}", zero).Replace(path)
				for who, token := range tokens {
					got, want := w.ask(strings.ToUpper(method), there, token, body), w.ask(strings.ToUpper(method), never, token, body)
					if asked++; got.Code != http.StatusNotFound || got.Body.String() != want.Body.String() {
						t.Errorf("%s: %s %s: got %d %s, for none %s", who, method, path, got.Code, got.Body, want.Body)
					}
				}
				if rec := w.ask(strings.ToUpper(method), there, "", body); rec.Code != http.StatusUnauthorized {
					t.Errorf("nobody: %s %s: got %d", method, path, rec.Code)
				}
			}
		}
		if asked != 6*len(tokens) {
			t.Errorf("only %d calls", asked)
		}
		if diff := cmp.Diff(before, w.rows()); diff != "" {
			t.Error(diff)
		}
		for who, token := range tokens {
			for _, path := range []string{"/inquiries", "/me/inbox"} {
				if rec := w.ask("GET", "/api/v1"+path, token, ""); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"total":0`) {
					t.Errorf("%s: %s: got %d %s", who, path, rec.Code, rec.Body)
				}
			}
		}
	})
}

// TestWrittenOnce repeats a message with its key: one message, one notice, and
// no words in what is kept of the answer.
func TestWrittenOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
		inquiry := w.did("POST", "/profiles/ada-lint/inquiries", ben, question)
		path := "/inquiries/" + inquiry + "/messages"
		one := w.did("POST", path, ada, `{"text":"canary"}`, "Idempotency-Key: a")
		w.did("POST", path, ada, `{"text":"Another."}`)
		before := w.rows()
		rec := w.ask("POST", "/api/v1"+path, ada, `{"text":"canary"}`, "Idempotency-Key: a")
		if diff := cmp.Diff([]any{201, one, before}, []any{rec.Code, first(rec.Body.String()), w.rows()}); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(rec.Body.String(), "canary") {
			t.Errorf("the kept answer holds the words: %s", rec.Body)
		}
		if at := w.ask("GET", rec.Header().Get("Location"), ben, ""); at.Code != 200 || !strings.Contains(at.Body.String(), one) {
			t.Errorf("Location: got %d %s", at.Code, at.Body)
		}
		if p := problem(t, w.ask("POST", "/api/v1"+path, ada, `{"text":"canary, too"}`, "Idempotency-Key: a")); p.Code != "idempotency_key_reused" {
			t.Errorf("another body: got %s", p.Code)
		}
		if strings.Contains(w.logs.String(), "canary") {
			t.Error("words were logged")
		}
	})
}

// TestFloods holds the bounds against floods to their status and waiting time.
func TestFloods(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	ben := w.person("ben-byte", account.Member)
	for n := range message.MaxOpen + 1 {
		w.tutor(fmt.Sprintf("ada-%d", n))
		rec := w.ask("POST", fmt.Sprintf("/api/v1/profiles/ada-%d/inquiries", n), ben, question)
		if n < message.MaxOpen {
			if rec.Code != 201 {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			continue
		}
		if p := problem(t, rec); p.Status != 409 || p.Code != "inquiries_open_max" {
			t.Errorf("got %d %s", p.Status, p.Code)
		}
	}
	inquiry := w.did("GET", "/inquiries", ben, "")
	for n := range message.MaxInRowOpen + 1 {
		rec := w.ask("POST", "/api/v1/inquiries/"+inquiry+"/messages", ben, fmt.Sprintf(`{"text":"%d"}`, n))
		if n < message.MaxInRowOpen {
			if rec.Code != 201 {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			continue
		}
		if p := problem(t, rec); p.Status != 429 || p.Code != "messages_in_row_max" || rec.Header().Get("Retry-After") == "" {
			t.Errorf("got %d %s", p.Status, p.Code)
		}
	}
}

// TestPages reads a long thread: the last page by default, each message once.
func TestPages(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
	inquiry := w.did("POST", "/profiles/ada-lint/inquiries", ben, question)
	for n := range message.MessagesPage + 1 {
		token := []string{ada, ben}[n%2]
		w.did("POST", "/inquiries/"+inquiry+"/messages", token, fmt.Sprintf(`{"text":"%d"}`, n))
	}
	var got []string
	for _, query := range []string{"", "?page=1", "?page=2"} {
		var out api.Thread
		if err := json.Unmarshal(w.ask("GET", "/api/v1/inquiries/"+inquiry+query, ben, "").Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d of %d: %d messages from %d", out.Page, out.Pages, len(out.Messages), out.Messages[0].N))
	}
	if diff := cmp.Diff([]string{"2 of 2: 1 messages from 51", "1 of 2: 50 messages from 1", "2 of 2: 1 messages from 51"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestWords holds the document's choices to what the features know.
func TestWords(t *testing.T) {
	t.Parallel()
	d := open(t, dbtest.New(t), wide()).read()
	words := func(s *schema) (out []string) {
		for _, v := range s.Enum {
			if v != "" {
				out = append(out, v.(string))
			}
		}
		return out
	}
	text := func(n int, at func(int) string) (out []string) {
		for i := range n {
			out = append(out, at(i))
		}
		return out
	}
	kinds := text(len(notice.Kinds()), func(i int) string { return string(notice.Kinds()[i]) })
	states := text(len(message.States()), func(i int) string { return string(message.States()[i]) })
	reasons := text(len(message.Reasons()), func(i int) string { return string(message.Reasons()[i]) })
	of := func(shape, field string) *schema { return d.Components.Schemas[shape].Properties[field] }
	for name, tc := range map[string]struct{ want, got []string }{
		"Notice.kind":     {kinds, words(of("Notice", "kind"))},
		"NoticeChoice":    {kinds, words(of("NoticeChoice", "off").Items)},
		"Inquiry.state":   {states, words(of("Inquiry", "state"))},
		"InquirySent":     {states, words(of("InquirySent", "state"))},
		"Inquiry.reason":  {reasons, words(of("Inquiry", "reason"))},
		"InquiryDecline":  {reasons, words(of("InquiryDecline", "reason"))},
		"inbox's query":   {kinds, words(d.parameter("/me/inbox", "kind").Items)},
		"inquiries query": {states, words(d.parameter("/inquiries", "state").Items)},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func (d document) parameter(path, name string) *schema {
	list := d.Paths[path]["get"].Parameters
	for i := range list {
		if list[i].Name == name {
			return list[i].Schema
		}
	}
	return &schema{}
}

// TestForgotten erases one side: the other's kept answers hold no trace of it.
func TestForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
		inquiry := w.did("POST", "/profiles/ada-lint/inquiries", ben, question, "Idempotency-Key: a")
		w.did("POST", "/inquiries/"+inquiry+"/messages", ada, `{"text":"Gladly."}`)
		w.did("DELETE", "/me", ben, "")
		for _, path := range []string{"/inquiries/" + inquiry, "/me/inbox", "/inquiries"} {
			body := w.ask("GET", "/api/v1"+path, ada, "").Body.String()
			if strings.Contains(body, "ben-byte") || strings.Contains(body, "generics") {
				t.Errorf("%s still tells of the erased one: %s", path, body)
			}
		}
		if got := w.ask("GET", "/api/v1/inquiries/"+inquiry, ada, "").Body.String(); !strings.Contains(got, `"erased":true`) ||
			!strings.Contains(got, `"created_at":null`) || !strings.Contains(got, "Gladly.") {
			t.Errorf("got %s", got)
		}
	})
}
