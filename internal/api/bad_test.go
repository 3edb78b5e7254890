package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/limit"
)

// odd are JSON values that no field of ours takes all of.
func odd() []string {
	out := []string{`null`, `true`, `0`, `-1`, `1.5`, `60.0`, `1e15`, `9223372036854775807`, `99999999999999999999`, `1e999`, `""`, `" "`, `"x"`,
		`"\u0000"`, `"\u202e\u200b\u0007"`, `"\ud800"`, "\"\xff\xfe\"", `"` + strings.Repeat("я", 9000) + `"`, `"` + strings.Repeat("x", 200_000) + `"`,
		`"'; DROP TABLE account; --"`, `"<script>alert(1)</script>"`, `"https://user:pw@127.0.0.1/"`, `"javascript:alert(1)"`, `"9999-12-31T23:59:59Z"`,
		`"0001-01-01T00:00:00Z"`, `"RUB"`, `[]`, `[null]`, `[[1],[1]]`, `[{},{}]`, `["x",["y"]]`, `{}`, `{"a":{"b":[]}}`,
		strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40), strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40),
		`[` + strings.Repeat(`"x",`, 3000) + `"x"]`}
	return out
}

// oddTexts are the same for an address.
func oddTexts() []string {
	return []string{"", " ", "-1", "0", "1.5", "9223372036854775808", "1e999", "x", "true", "null", "[]", "\x00", "\xff", "%", "..", "a/b", "'--", "ру́с",
		"\u202e", strings.Repeat("x", 5000), strings.Repeat("99", 40)}
}

// bodies makes broken bodies out of a good one: each field in turn swapped,
// missing, doubled; then what is wrong as a whole.
func (d document) bodies(s *schema) []string {
	good := d.good(s)
	raw := func(m map[string]any) string {
		b, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		return string(b)
	}
	whole := raw(good)
	out := append(odd(), whole[:len(whole)/2], whole+"x", whole+whole, `{"":1,`+whole[1:], `{"x":1,`+whole[1:], `{"__proto__":{},`+whole[1:],
		strings.Repeat(" ", 1<<20+1), "\xef\xbb\xbf"+whole)
	many := strings.Builder{}
	for i := range 20_000 {
		fmt.Fprintf(&many, `"k%d":1,`, i)
	}
	out = append(out, `{`+many.String()+whole[1:])
	for name := range d.at(s).Properties {
		broken := map[string]any{}
		for k, v := range good {
			if k != name {
				broken[k] = v
			}
		}
		without := raw(broken)
		out = append(out, without, fmt.Sprintf(`{%q:1,%s`, name, whole[1:]), fmt.Sprintf(`{%q:1,%s`, strings.ToUpper(name), whole[1:]))
		for _, value := range d.values(d.at(s).Properties[name]) {
			out = append(out, fmt.Sprintf(`{%q:%s,%s`, name, value, without[1:]))
		}
	}
	return out
}

// values are odd values for one field, and such inside it.
func (d document) values(s *schema) []string {
	out := odd()
	if s.is("array") {
		for _, v := range odd() {
			out = append(out, "["+v+"]")
		}
		s = s.Items
	}
	inner := d.at(s)
	for name := range inner.Properties {
		for _, v := range odd() {
			object := fmt.Sprintf(`{%q:%s}`, name, v)
			out = append(out, object, "["+object+"]")
		}
	}
	return out
}

// good is a body made of the document's examples.
func (d document) good(s *schema) map[string]any {
	out := map[string]any{}
	for name, p := range d.at(s).Properties {
		switch {
		case name == "version" || name == "paused_until" || name == "by_agreement":
		case len(p.Examples) > 0:
			out[name] = p.Examples[0]
		case p.is("array"):
			out[name] = []any{}
		}
	}
	return out
}

// probe is one bad request.
type probe struct{ method, path, body, key string }

func (d document) probes(path, method string, op *operation, fill func(path string) string) []probe {
	method = strings.ToUpper(method)
	at := fill("/api/v1" + path)
	out := []probe{{method: method, path: at + "?surprise=1"}, {method: method, path: at + "?%zz"}, {method: method, path: at + "?a;b"}}
	for _, p := range op.Parameters {
		for _, v := range oddTexts() {
			switch p.In {
			case "query":
				many := strings.Repeat(p.Name+"="+url.QueryEscape(v)+"&", 50)
				out = append(out, probe{method: method, path: at + "?" + p.Name + "=" + url.QueryEscape(v)}, probe{method: method, path: at + "?" + many})
			case "path":
				if v != "" && method != http.MethodGet {
					v += "?surprise=1" // never the good thing
				}
				broken := strings.NewReplacer("{"+p.Name+"}", url.PathEscape(v)).Replace("/api/v1" + path)
				broken = fill(broken)
				out = append(out, probe{method: method, path: broken, body: "{}"})
			case "header":
				out = append(out, probe{method: method, path: at, body: `{"title":"x","format":"dance"}`, key: v})
			}
		}
	}
	if op.RequestBody != nil {
		for _, body := range d.bodies(op.RequestBody.Content["application/json"].Schema) {
			out = append(out, probe{method: method, path: at, body: body})
		}
	}
	return out
}

// TestBadInput sends everything that the document makes possible to get wrong.
// Nothing brings an error of ours, an answer the document does not name, a row
// on a refusal, or a wait.
func TestBadInput(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, db *dbtest.World) {
		w := open(t, db, wide())
		token := w.person("ada-lint", account.Member)
		w.ask("PUT", "/api/v1/me/profile", token, adasProfile)
		at := w.ask("POST", "/api/v1/me/services", token, adasService).Header().Get("Location")
		fill := w.talk(token, at[strings.LastIndexByte(at, '/')+1:])
		fill = w.shopOf(token, "-2").filling(fill)
		d := w.read()
		sent, refused := 0, 0
		for path, methods := range d.Paths {
			for method, op := range methods {
				for _, p := range d.probes(path, method, op, fill) {
					sent++
					if w.tryBad(op, p, token) {
						refused++
					}
					if t.Failed() {
						return
					}
				}
			}
		}
		if sent < 2000 || refused < sent/2 {
			t.Errorf("only %d requests, %d of them refused", sent, refused)
		}
		if strings.Contains(w.logs.String(), "error_id") {
			t.Errorf("an error of ours was logged: %s", w.logs)
		}
	})
}

func (w *world) tryBad(op *operation, p probe, token string) (refused bool) {
	w.t.Helper()
	before, start := w.counted, time.Now() // nobody else writes
	w.counted = ""
	if before == "" {
		before, start = w.rows(), time.Now()
	}
	var headers []string
	if p.key != "" {
		headers = append(headers, "Idempotency-Key: "+p.key)
	}
	rec := w.ask(p.method, p.path, token, p.body, headers...)
	shown := fmt.Sprintf("%s %.200s key %.50q body %.200q", p.method, p.path, p.key, p.body)
	if took := time.Since(start); took > patience {
		start = time.Now() // once more: a busy machine is no fault of ours
		w.ask(p.method, p.path, token, p.body, headers...)
		if again := time.Since(start); again > patience {
			w.t.Errorf("%s took %v, then %v", shown, took, again)
		}
	}
	if _, known := op.Responses[strconv.Itoa(rec.Code)]; !known && rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed {
		w.t.Errorf("%s: status %d is not documented", shown, rec.Code)
	}
	if rec.Code >= 500 {
		w.t.Errorf("%s: status %d\n%s\n%s", shown, rec.Code, rec.Body, w.logs)
	}
	if rec.Code < 400 {
		return false
	}
	if w.counted = w.rows(); w.counted != before {
		w.t.Errorf("%s: status %d, and yet\n%s", shown, rec.Code, cmp.Diff(before, w.counted))
	}
	if rec.Body.Len() > 32<<10 {
		w.t.Errorf("%s: an answer of %d bytes", shown, rec.Body.Len())
	}
	problem(w.t, rec)
	return true
}

// TestEveryStatus brings about every status that the document names, on every
// operation.
func TestEveryStatus(t *testing.T) {
	t.Parallel()
	w, busy, broken := open(t, dbtest.New(t), wide()), open(t, dbtest.New(t), map[string]limit.Class{"api": {Every: time.Hour, Burst: 1}}), open(t, dbtest.New(t), wide())
	w.takesCards()
	brokenToken := broken.person("ada-lint", account.Member)
	broken.breakTables()
	busyToken := busy.person("ada-lint", account.Member)
	busy.ask("GET", "/api/v1/me", busyToken, "")
	d := w.read()
	for path, methods := range d.Paths {
		for method, op := range methods {
			method = strings.ToUpper(method)
			var want []string
			for status := range op.Responses {
				want = append(want, status)
			}
			reach := w.reach
			if talking(path) {
				reach = w.reachTalk
			}
			if trading(op) {
				reach = w.reachTrade
			}
			got := reach(method, path, op)
			got = append(got, busy.ask(method, "/api/v1"+path, busyToken, "{}").Code, broken.ask(method, "/api/v1"+path, brokenToken, "{}").Code)
			have := map[string]bool{}
			for _, code := range got {
				have[strconv.Itoa(code)] = true
			}
			for _, status := range want {
				if !have[status] {
					t.Errorf("%s %s: %s is documented and was not reached; got %v", method, path, status, got)
				}
			}
		}
	}
}

// reach sends what brings about each of an operation's statuses on a sound board.
func (w *world) reach(method, path string, op *operation) []int {
	w.t.Helper()
	handle := "ada-" + strings.NewReplacer("{", "", "}", "", "/", "-", "handle", "h", "services", "s").Replace(strings.ToLower(method+path))
	handle = strings.Trim(handle[:min(len(handle), 30)], "-")
	role := account.Member
	if path == "/me" && method == http.MethodDelete {
		role = account.Operator // the last one may not go
	}
	token := w.person(handle, role)
	at := "/api/v1" + strings.ReplaceAll(path, "{handle}", handle)
	var got []int
	ask := func(token, path, body string, headers ...string) *httptest.ResponseRecorder {
		rec := w.ask(method, path, token, body, headers...)
		got = append(got, rec.Code)
		return rec
	}
	canceled := func() {
		ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0)) // the database has no time left
		defer cancel()
		r := httptest.NewRequest(method, strings.ReplaceAll(at, "{id}", "x"), strings.NewReader("{}")).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		got = append(got, rec.Code)
	}
	canceled()
	ask("odt_bad", at, "")
	ask(token, at+"?surprise=1", "{}")
	ask(token, at+"?q=%ff", "{}")
	ask(token, at, adasService, "Content-Type: text/plain")
	ask(token, at, strings.Repeat(" ", 1<<20+1))
	ask(token, strings.ReplaceAll(at, "{id}", strings.Repeat("0", 36)), adasService)
	w.ask("PUT", "/api/v1/me/profile", token, strings.Replace(adasProfile, `"name":"Ada"`, `"name":"`+handle+`"`, 1))
	made := w.ask("POST", "/api/v1/me/services", token, adasService).Header().Get("Location")
	id := made[strings.LastIndexByte(made, '/')+1:]
	body := adasService
	if op.RequestBody != nil && path == "/me/profile" {
		body = adasProfile
	}
	at = strings.ReplaceAll(at, "{id}", id)
	if op.RequestBody != nil {
		if method == http.MethodPost {
			for range 21 {
				ask(token, at, body)
			}
		}
		ask(token, at, strings.Replace(body, "{", `{"version":77,`, 1))
	}
	ask(token, at, body)
	if role == account.Operator {
		ask(w.person("ben-byte", account.Member), at, "")
	}
	slices.Sort(got)
	return slices.Compact(got)
}
