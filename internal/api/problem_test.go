package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/limit"
)

// TestFindings holds every sentence of huma that our schemas can bring about
// against the code it becomes: an upgrade that words one differently fails here.
func TestFindings(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	token := w.person("ada-lint", account.Member)
	long := strings.Repeat("x", 61)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		code               string
		errors             string // "field code", one a line
	}{
		"unknown field":                     {"PUT", "/me/profile", `{"nmae":"Ada"}`, 422, "field_unknown", "nmae field_unknown"},
		"field in capitals":                 {"PUT", "/me/profile", `{"NAME":"Ada"}`, 422, "field_unknown", "NAME field_unknown"},
		"both":                              {"PUT", "/me/profile", `{"name":"Ada","Name":"x"}`, 422, "field_unknown", "Name field_unknown"},
		"unknown in a list":                 {"PUT", "/me/profile", `{"links":[{"url":"https://a.example","x":1}]}`, 422, "field_unknown", "links[0].x field_unknown"},
		"missing":                           {"POST", "/me/services", `{"title":"x"}`, 422, "required", "format required"},
		"missing in a list":                 {"PUT", "/me/profile", `{"links":[{}]}`, 422, "required", "links[0].url required"},
		"several":                           {"PUT", "/me/profile", `{"name":"` + long + `","skills":"go"}`, 422, "invalid", "name too_long\nskills type_wrong"},
		"string":                            {"PUT", "/me/profile", `{"name":1}`, 422, "type_wrong", "name type_wrong"},
		"list":                              {"PUT", "/me/profile", `{"skills":{}}`, 422, "type_wrong", "skills type_wrong"},
		"object":                            {"POST", "/me/services", `{"title":"x","format":"call","price":5}`, 422, "type_wrong", "price type_wrong"},
		"boolean":                           {"POST", "/me/services", `{"title":"x","format":"call","free_trial":"yes"}`, 422, "type_wrong", "free_trial type_wrong"},
		"integer":                           {"POST", "/me/services", `{"title":"x","format":"call","minutes":1.5}`, 422, "type_wrong", "minutes type_wrong"},
		"choice":                            {"POST", "/me/services", `{"title":"x","format":"dance"}`, 422, "value_unknown", "format value_unknown"},
		"choice in a list":                  {"PUT", "/me/profile", `{"roles":["king"]}`, 422, "value_unknown", "roles[0] value_unknown"},
		"too short":                         {"POST", "/me/services", `{"title":"","format":"call"}`, 422, "required", "title required"},
		"too many":                          {"PUT", "/me/profile", `{"roles":["tutor","creator","tutor"]}`, 422, "too_many", "roles too_many"},
		"too small":                         {"POST", "/me/services", `{"title":"x","format":"call","minutes":-1}`, 422, "number_too_small", "minutes number_too_small"},
		"too large":                         {"POST", "/me/services", `{"title":"x","format":"call","minutes":100001}`, 422, "number_too_large", "minutes number_too_large"},
		"money":                             {"POST", "/me/services", `{"title":"x","format":"call","price":{"amount":-1,"currency":"rub"}}`, 422, "invalid", "price.amount number_too_small\nprice.currency form_wrong"},
		"time":                              {"PUT", "/me/profile", `{"paused_until":"tomorrow"}`, 422, "time_wrong", "paused_until time_wrong"},
		"address":                           {"PUT", "/me/profile", `{"links":[{"url":"https://a b%zz"}]}`, 422, "address_wrong", "links[0].url address_wrong"},
		"whole body":                        {"PUT", "/me/profile", `[]`, 422, "type_wrong", " type_wrong"},
		"null body":                         {"PUT", "/me/profile", `null`, 422, "type_wrong", " type_wrong"},
		"no body":                           {"PUT", "/me/profile", ``, 400, "body_missing", ""},
		"cut off":                           {"PUT", "/me/profile", `{"name":"A`, 400, "json_malformed", ""},
		"two values":                        {"PUT", "/me/profile", `{} {}`, 400, "json_malformed", ""},
		"no JSON":                           {"PUT", "/me/profile", `name=Ada`, 400, "json_malformed", ""},
		"number beyond number":              {"POST", "/me/services", `{"minutes":1e999}`, 400, "json_malformed", ""},
		"name twice":                        {"PUT", "/me/profile", `{"name":"A","name":"B"}`, 400, "json_name_twice", ""},
		"no UTF-8":                          {"PUT", "/me/profile", "{\"name\":\"\xff\"}", 400, "json_not_utf8", ""},
		"NUL":                               {"PUT", "/me/profile", `{"name":"a\u0000b"}`, 400, "text_control", ""},
		"deep":                              {"PUT", "/me/profile", strings.Repeat("[", 5000), 400, "json_too_deep", ""},
		"whole number written with a point": {"POST", "/me/services", `{"title":"x","format":"call","minutes":60.0}`, 422, "value_wrong", " value_wrong"},
		"unknown parameter":                 {"GET", "/search?kindd=tutor", ``, 422, "field_unknown", "kindd field_unknown"},
		"parameter's choice":                {"GET", "/search?kind=tutor&kind=cat", ``, 422, "value_unknown", "kind[1] value_unknown"},
		"parameter's type":                  {"GET", "/search?page=x&free=maybe", ``, 422, "invalid", "free type_wrong\npage type_wrong"},
		"parameter's bounds":                {"GET", "/search?limit=101&page=0", ``, 422, "invalid", "page number_too_small\nlimit number_too_large"},
		"parameter's length":                {"GET", "/search?q=" + strings.Repeat("x", 201), ``, 422, "too_long", "q too_long"},
		"parameter's form":                  {"GET", "/search?currency=rub", ``, 422, "form_wrong", "currency form_wrong"},
		"unknown currency":                  {"GET", "/search?currency=XYZ", ``, 422, "currency_unknown", "currency currency_unknown"},
		"page too far":                      {"GET", "/search?page=101&limit=100", ``, 422, "number_too_large", "page number_too_large"},
		"prices crossed":                    {"GET", "/search?price_min=2&price_max=1", ``, 422, "number_too_large", "price_min number_too_large"},
		"no words":                          {"POST", "/inquiries/x/messages", `{"text":""}`, 422, "required", "text required"},
		"goal missing":                      {"POST", "/profiles/ada-lint/inquiries", `{"background":"x"}`, 422, "required", "goal required"},
		"reason too short":                  {"POST", "/inquiries/x/messages/y/report", `{"reason":"bad"}`, 422, "too_short", "reason too_short"},
		"reason unknown":                    {"POST", "/inquiries/x/decline", `{"reason":"mood"}`, 422, "value_unknown", "reason value_unknown"},
		"own words needed":                  {"POST", "/inquiries/x/decline", `{"reason":"other"}`, 422, "required", "comment required"},
		"state unknown":                     {"GET", "/inquiries?state=gone", ``, 422, "value_unknown", "state[0] value_unknown"},
		"kind unknown":                      {"PUT", "/me/notices", `{"off":["x"],"feed":true}`, 422, "value_unknown", "off[0] value_unknown"},
		"nothing to mark":                   {"POST", "/me/inbox/read", `{"ids":[]}`, 422, "required", "ids required"},
		"no such thread":                    {"POST", "/inquiries/x/messages", `{"text":"x"}`, 404, "thread_unknown", ""},
		"no such notice":                    {"DELETE", "/me/inbox/x", ``, 404, "notice_unknown", ""},
		"query broken":                      {"GET", "/search?q=%zz", ``, 400, "query_malformed", ""},
		"query no UTF-8":                    {"GET", "/search?q=%ff", ``, 400, "query_malformed", ""},
		"query NUL":                         {"GET", "/search?q=%00", ``, 400, "query_malformed", ""},
		"address NUL":                       {"GET", "/profiles/a%00b", ``, 404, "route_unknown", ""},
		"no such address":                   {"GET", "/nothing", ``, 404, "route_unknown", ""},
		"no such method":                    {"PATCH", "/me/profile", `{}`, 405, "method_not_allowed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := problem(t, w.ask(tc.method, "/api/v1"+tc.path, token, tc.body))
			var lines []string
			for _, e := range p.Errors {
				lines = append(lines, e.Field+" "+e.Code)
				if e.Message == "" {
					t.Errorf("%s has no message", e.Field)
				}
			}
			got := []any{p.Status, p.Code, strings.Join(lines, "\n"), p.Title, p.Type}
			if diff := cmp.Diff([]any{tc.status, tc.code, tc.errors, http.StatusText(tc.status), "about:blank"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if diff := cmp.Diff("", w.logs.String()); diff != "" {
		t.Errorf("bad input was logged: %s", diff)
	}
}

func TestBodyBounds(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	token := w.person("ada-lint", account.Member)
	most := `{"name":"` + strings.Repeat(" ", 1<<20-len(`{"name":""}`)) + `"}`
	for name, tc := range map[string]struct {
		body    string
		headers []string
		status  int
		code    string
	}{
		"exactly 1 MiB is read":   {most, nil, 422, "too_long"},
		"one byte more":           {most + " ", nil, 413, "too_large"},
		"form":                    {"a=b", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, "media_type"},
		"text":                    {"{}", []string{"Content-Type: text/plain"}, 415, "media_type"},
		"nonsense type":           {"{}", []string{"Content-Type: ;;"}, 415, "media_type"},
		"packed":                  {"{}", []string{"Content-Encoding: gzip"}, 415, "media_type"},
		"JSON of another flavour": {`{"x":1}`, []string{"Content-Type: application/merge-patch+json; charset=utf-8"}, 422, "field_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := problem(t, w.ask("PUT", "/api/v1/me/profile", token, tc.body, tc.headers...))
			if diff := cmp.Diff([]any{tc.status, tc.code}, []any{p.Status, p.Code}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// broken is a body whose connection ends in the middle.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }

func TestBrokenBody(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	r := httptest.NewRequest("PUT", "/api/v1/me/profile", broken{})
	r.Header.Set("Authorization", "Bearer "+w.person("ada-lint", account.Member))
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if p := problem(t, rec); p.Status != 400 || p.Code != "body_broken" {
		t.Errorf("got %d %s", p.Status, p.Code)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	good := w.person("ada-lint", account.Member)
	for name, tc := range map[string]struct {
		path, header string
		status       int
		challenge    string
	}{
		"none, none needed":   {"/search", "", 200, ""},
		"good, none needed":   {"/search", "Bearer " + good, 200, ""},
		"scheme in any case":  {"/me", "bearer " + good, 200, ""},
		"none, one needed":    {"/me", "", 401, `Bearer realm="oduvan"`},
		"bad, none needed":    {"/search", "Bearer odt_x", 401, `Bearer realm="oduvan", error="invalid_token"`},
		"bad, one needed":     {"/me", "Bearer " + good + "x", 401, `Bearer realm="oduvan", error="invalid_token"`},
		"password":            {"/me", "Basic YTpi", 401, `Bearer realm="oduvan", error="invalid_token"`},
		"empty":               {"/me", "Bearer ", 401, `Bearer realm="oduvan", error="invalid_token"`},
		"endless":             {"/me", "Bearer " + strings.Repeat("x", 10_000), 401, `Bearer realm="oduvan", error="invalid_token"`},
		"token before a body": {"/me/export", "Bearer x", 401, `Bearer realm="oduvan", error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if tc.header != "" {
				headers = append(headers, "Authorization: "+tc.header)
			}
			rec := w.ask("GET", "/api/v1"+tc.path, "", "", headers...)
			if diff := cmp.Diff([]any{tc.status, tc.challenge}, []any{rec.Code, rec.Header().Get("WWW-Authenticate")}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), map[string]limit.Class{"api": {Every: 3e9, Burst: 2}})
	ada, ben := w.person("ada-lint", account.Member), w.person("ben-byte", account.Member)
	for _, token := range []string{ada, ada, "", ""} {
		if rec := w.ask("GET", "/api/v1/search", token, ""); rec.Code != 200 {
			t.Fatalf("got %d", rec.Code)
		}
	}
	for _, token := range []string{ada, "", "odt_bad"} { // a bad token is no way around
		rec := w.ask("GET", "/api/v1/search", token, "")
		if p := problem(t, rec); p.Status != 429 || p.Code != "rate_limited" || rec.Header().Get("Retry-After") != "4" {
			t.Errorf("got %d %s, Retry-After %q", p.Status, p.Code, rec.Header().Get("Retry-After"))
		}
	}
	if rec := w.ask("GET", "/api/v1/me", ben, ""); rec.Code != 200 || rec.Header().Get("RateLimit-Policy") == "" {
		t.Errorf("another account is limited, too: %d", rec.Code)
	}
	for _, path := range []string{"/api/docs", "/api/openapi.json", "/api/v1/nothing"} {
		if rec := w.ask("GET", path, "", ""); rec.Code != 429 {
			t.Errorf("%s: got %d", path, rec.Code)
		}
	}
	w.Clock.Advance(4e9)
	if rec := w.ask("GET", "/api/v1/search", ada, ""); rec.Code != 200 {
		t.Errorf("later: got %d", rec.Code)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	token := w.person("ada-lint", account.Member)
	for name, tc := range map[string]struct {
		path, token, origin, cache, policy string
	}{
		"public":            {"/api/v1/search", "", "*", "no-cache", "default-src 'none'; frame-ancestors 'none'"},
		"public by a token": {"/api/v1/search", token, "", "no-store", "default-src 'none'; frame-ancestors 'none'"},
		"own":               {"/api/v1/me", token, "", "no-store", "default-src 'none'; frame-ancestors 'none'"},
		"refused":           {"/api/v1/me", "", "", "no-store", "default-src 'none'; frame-ancestors 'none'"},
		"not there":         {"/api/v1/x", "", "", "no-store", "default-src 'none'; frame-ancestors 'none'"},
		"document":          {"/api/openapi.json", "", "*", "no-cache", "default-src 'none'; frame-ancestors 'none'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := w.ask("GET", tc.path, tc.token, "", "Origin: https://other.example").Header()
			got := []string{h.Get("Access-Control-Allow-Origin"), h.Get("Access-Control-Allow-Credentials"), h.Get("Cache-Control"),
				h.Get("Content-Security-Policy"), h.Get("X-Content-Type-Options"), h.Get("Set-Cookie")}
			if diff := cmp.Diff([]string{tc.origin, "", tc.cache, tc.policy, "nosniff", ""}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	detail := func(accept string) string {
		return problem(t, w.ask("GET", "/api/v1/me", "", "", "Accept-Language: "+accept)).Detail
	}
	ru, en := detail("ru-RU,ru;q=0.9,en;q=0.5"), detail("en-GB")
	if ru == en {
		t.Errorf("one text for both languages: %q", ru)
	}
	for _, accept := range []string{"", "fr", "x y z", strings.Repeat("ru,", 100)} {
		if got := detail(accept); got != en {
			t.Errorf("%q: got %q, want English", accept, got)
		}
	}
}

// TestInternal breaks the database under the API: the answer holds an id that
// the log has too, and nothing else of the error.
func TestInternal(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	token := w.person("ada-lint", account.Member)
	w.breakTables()
	rec := w.ask("GET", "/api/v1/me", token, "")
	text := rec.Body.String()
	p := problem(t, rec)
	if p.Status != 500 || p.Code != "internal" || len(p.ID) != 8 || strings.Contains(text, "api_token") {
		t.Errorf("got %s", text)
	}
	if !strings.Contains(w.logs.String(), "error_id="+p.ID) && !strings.Contains(w.logs.String(), p.ID) {
		t.Errorf("log lacks the id: %s", w.logs)
	}
}
