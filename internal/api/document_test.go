package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/andybalholm/cascadia"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

func TestDocument(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	rec := w.ask("GET", "/api/openapi.json", "", "")
	if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/openapi+json") {
		t.Fatalf("got %d %s", rec.Code, rec.Header().Get("Content-Type"))
	}
	golden(t, "openapi.json", rec.Body.String())
	if got := open(t, dbtest.New(t), wide()).api.Document(); string(got) != rec.Body.String() {
		t.Error("a second API has another document")
	}
}

// schema is what these tests read of the document.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 any                `json:"type"`
	Description          string             `json:"description"`
	Examples             []any              `json:"examples"`
	Enum                 []any              `json:"enum"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	Required             []string           `json:"required"`
	MaxLength            *int               `json:"maxLength"`
	MaxItems             *int               `json:"maxItems"`
	Maximum              *float64           `json:"maximum"`
	Minimum              *float64           `json:"minimum"`
	Pattern              string             `json:"pattern"`
	Format               string             `json:"format"`
}

type operation struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Tags        []string              `json:"tags"`
	Security    []map[string][]string `json:"security"`
	Parameters  []struct {
		Name, In, Description string
		Schema                *schema
	} `json:"parameters"`
	RequestBody *struct {
		Content  map[string]struct{ Schema *schema } `json:"content"`
		Required bool
	} `json:"requestBody"`
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema *schema }
	} `json:"responses"`
}

type document struct {
	Paths      map[string]map[string]*operation
	Components struct{ Schemas map[string]*schema }
}

func (w *world) read() document {
	w.t.Helper()
	var d document
	if err := json.Unmarshal(w.api.Document(), &d); err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (d document) at(s *schema) *schema {
	if s == nil || s.Ref == "" {
		return s
	}
	return d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
}

// is tells whether a schema takes a JSON type.
func (s *schema) is(name string) bool {
	list, many := s.Type.([]any)
	return s.Type == name || many && slices.Contains(list, any(name))
}

// TestDocumented holds every field to what makes the document useful: words,
// an example, a bound, and nothing unknown taken.
func TestDocumented(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	d := w.read()
	if n := len(d.Components.Schemas); n < 10 {
		t.Fatalf("only %d schemas", n)
	}
	inputs := map[*schema]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if op.Summary == "" || op.OperationID == "" {
				t.Errorf("%s %s has no summary or id", method, path)
			}
			for _, p := range op.Parameters {
				if p.Description == "" || len(p.Schema.Examples) == 0 {
					t.Errorf("%s %s %s has no words or example", method, path, p.Name)
				}
				if s := p.Schema; p.In != "path" && s.is("string") && s.MaxLength == nil && s.Enum == nil && s.Pattern == "" {
					t.Errorf("%s %s %s has no bound", method, path, p.Name)
				}
			}
			if op.RequestBody != nil {
				inputs[d.at(op.RequestBody.Content["application/json"].Schema)] = true
			}
		}
	}
	for name, s := range d.Components.Schemas {
		if s.AdditionalProperties != false {
			t.Errorf("%s takes unknown fields", name)
		}
		for field, p := range s.Properties {
			if p.Ref == "" && p.Description == "" {
				t.Errorf("%s.%s has no words", name, field)
			}
			inner := p
			if p.is("array") {
				inner = p.Items
			}
			if d.at(inner).Properties == nil && inner.AdditionalProperties == nil && len(p.Examples) == 0 && p.Type != "object" {
				t.Errorf("%s.%s has no example", name, field)
			}
			if !inputs[s] {
				continue
			}
			if inner.is("string") && inner.MaxLength == nil && inner.Enum == nil && inner.Format != "date-time" {
				t.Errorf("%s.%s: a text without a bound", name, field)
			}
			if p.is("array") && p.MaxItems == nil || p.is("integer") && (p.Maximum == nil || p.Minimum == nil) {
				t.Errorf("%s.%s: no bound", name, field)
			}
		}
	}
}

func TestReadablePage(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	for path, lang := range map[string]string{"/api/docs": "ru", "/ru/api/docs": "ru", "/en/api/docs": "en"} {
		inner := "/api/docs"
		rec := w.ask("GET", inner, "", "")
		if path != inner { // as the site's prefix handling passes it on
			rec = w.stripped(path, inner)
		}
		if rec.Code != 200 || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "style-src 'self'") {
			t.Fatalf("%s: got %d", path, rec.Code)
		}
		body := rec.Body.String()
		root, err := html.Parse(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := attribute(cascadia.Query(root, cascadia.MustCompile("html")), "lang"); got != lang {
			t.Errorf("%s: got language %q, want %q", path, got, lang)
		}
		for _, never := range []string{"script", "style", "[style]", "[onclick]", "iframe"} {
			if cascadia.Query(root, cascadia.MustCompile(never)) != nil {
				t.Errorf("%s holds %s", path, never)
			}
		}
		for _, link := range cascadia.QueryAll(root, cascadia.MustCompile("a[href^='#']")) {
			target := attribute(link, "href")
			if cascadia.Query(root, cascadia.MustCompile(fmt.Sprintf("[id=%q]", target[1:]))) == nil {
				t.Errorf("%s: %s leads nowhere", path, target)
			}
		}
		for _, op := range []string{"GET /api/v1/search", "PUT /api/v1/me/profile", "DELETE /api/v1/me/services/{id}",
			"POST /api/v1/inquiries/{id}/messages/{message_id}/report", "POST /api/v1/me/notices/feed/rotate"} {
			if !strings.Contains(body, op) {
				t.Errorf("%s lacks %s", path, op)
			}
		}
		if strings.Contains(body, "<no value>") || strings.Contains(body, "ZgotmplZ") {
			t.Errorf("%s has a hole", path)
		}
	}
}

// TestReadablePageInRussian holds that the page in Russian says everything in
// Russian but code and the words beside fields, which it calls English.
func TestReadablePageInRussian(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	russian, english := w.stripped("/ru/api/docs", "/api/docs").Body.String(), w.stripped("/en/api/docs", "/api/docs").Body.String()
	sentence := regexp.MustCompile(`[A-Za-z]{2,}[ ,;:]+[a-z]{2,}`)
	said := 0
	for _, page := range []struct{ name, body string }{{"ru", russian}, {"en", english}} {
		root, err := html.Parse(strings.NewReader(page.body))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type != html.TextNode || set(n, "code", "pre", "title", "[lang]") {
				continue
			}
			switch text := strings.TrimSpace(n.Data); {
			case page.name == "en" && strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }):
				t.Errorf("the English page says %q", text)
			case page.name == "ru" && sentence.MatchString(text) && !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }):
				t.Errorf("the Russian page says %q", text)
			case page.name == "ru" && text != "":
				said++
			}
		}
	}
	if said < 300 || !strings.Contains(russian, "Описания полей на этой странице на английском") {
		t.Errorf("%d texts, or nothing is said of the English ones", said)
	}
}

// set tells whether a text stands inside one of these elements; "[lang]" is one
// below the page's own that names a language.
func set(n *html.Node, where ...string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if slices.Contains(where, p.Data) || slices.Contains(where, "[lang]") && p.Data != "html" && attribute(p, "lang") != "" {
			return true
		}
	}
	return false
}

// TestReadablePageOfABranch holds the language of the page to the branch's: in
// its order, by the choice made on the board, and never one it does not speak.
func TestReadablePageOfABranch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		for _, tt := range []struct {
			langs          []string
			accept, cookie string
			want           string
		}{
			{[]string{"ru", "en"}, "", "", "ru"}, {[]string{"en", "ru"}, "", "", "en"}, {[]string{"en", "ru"}, "ru", "", "ru"},
			{[]string{"en", "ru"}, "ru", "en", "en"}, {[]string{"ru", "en"}, "", "xx", "ru"},
			{[]string{"en"}, "ru", "ru", "en"}, {[]string{"ru"}, "en", "en", "ru"},
		} {
			s := branch.Defaults()
			s.Languages = tt.langs
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return branch.Save(t.Context(), tx, s) }); err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(http.MethodGet, "/api/docs", nil)
			r.Header.Set("Accept-Language", tt.accept)
			r.AddCookie(&http.Cookie{Name: "oduvan-lang", Value: tt.cookie})
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			root, err := html.Parse(rec.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := attribute(cascadia.Query(root, cascadia.MustCompile("html")), "lang"); got != tt.want {
				t.Errorf("%+v: got %q", tt, got)
			}
			if n := len(cascadia.QueryAll(root, cascadia.MustCompile("header a[hreflang]"))); n != len(tt.langs)-1 {
				t.Errorf("%+v: %d ways to other languages", tt, n)
			}
		}
	})
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestRoutes compares the router with the document: neither has what the other lacks.
func TestRoutes(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	var want, got []string
	for path, methods := range w.read().Paths {
		if strings.HasSuffix(path, "}.jwt") {
			continue // one handler splits the suffix
		}
		for method := range methods {
			want = append(want, strings.ToUpper(method)+" /api/v1"+strings.NewReplacer("{", ":", "}", "").Replace(path))
		}
	}
	for _, r := range w.routes() {
		if strings.HasPrefix(r, "GET /api/docs") || strings.HasPrefix(r, "GET /api/openapi") {
			continue
		}
		got = append(got, r)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
