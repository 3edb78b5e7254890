package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/google/go-cmp/cmp"
	"github.com/tmoeg/oduvan/web"
	"golang.org/x/net/html"
)

func render(t *testing.T, s pageSample, f web.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := s.page(s.frame(f)).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func find(doc *html.Node, selector string) []*html.Node {
	return cascadia.QueryAll(doc, cascadia.MustCompile(selector))
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// TestPages renders every page in both languages and holds it to the rules
// that every page keeps.
func TestPages(t *testing.T) {
	t.Parallel()
	w := open(t)
	for _, lang := range w.Languages() {
		for _, s := range samples() {
			t.Run(lang+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				page := render(t, s, w.Frame(lang))
				for _, problem := range problems(lang, page, parse(t, page)) {
					t.Error(problem)
				}
			})
		}
	}
}

func problems(lang string, page []byte, doc *html.Node) []string {
	var out []string
	if n := len(find(doc, "h1")); n != 1 {
		out = append(out, "the page needs one h1")
	}
	if got, _ := attr(find(doc, "html")[0], "lang"); got != lang {
		out = append(out, "html says lang="+got)
	}
	if text(find(doc, "title")[0]) == "" {
		out = append(out, "no title")
	}
	if len(find(doc, "main#main")) != 1 {
		out = append(out, "no main#main for the skip link")
	}
	for _, mark := range []string{"⟦", "<no value>", "/missing/", "%!"} {
		if bytes.Contains(page, []byte(mark)) {
			out = append(out, "the page holds "+mark)
		}
	}
	out = append(out, inline(doc)...)
	out = append(out, forms(doc)...)
	out = append(out, ids(doc)...)
	return append(out, names(doc)...)
}

// inline finds what the content security policy would block.
func inline(doc *html.Node) []string {
	var out []string
	for _, n := range find(doc, "style, [style]") {
		out = append(out, "inline style in "+n.Data)
	}
	for _, n := range find(doc, "script") {
		kind, _ := attr(n, "type")
		if src, ok := attr(n, "src"); kind != "application/ld+json" && (!ok || !strings.HasPrefix(src, "/static/")) {
			out = append(out, "inline or foreign script")
		}
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") {
				out = append(out, "handler "+a.Key)
			}
		}
	}
	for _, n := range find(doc, "link[rel=stylesheet], link[rel=icon], img") {
		for _, key := range []string{"href", "src"} {
			if v, ok := attr(n, key); ok && !strings.HasPrefix(v, "/") {
				out = append(out, "third party: "+v)
			}
		}
	}
	return out
}

func forms(doc *html.Node) []string {
	var out []string
	for _, n := range find(doc, "form") {
		method, ok := attr(n, "method")
		if !ok {
			out = append(out, "form without method")
		}
		if _, ok := attr(n, "action"); !ok {
			out = append(out, "form without action")
		}
		if method == "post" && len(find(n, "input[name=csrf]")) != 1 {
			out = append(out, "POST form without its token")
		}
		if method == "get" && len(find(n, "input[name=csrf]")) != 0 {
			out = append(out, "GET form puts the token into the address")
		}
	}
	return out
}

func ids(doc *html.Node) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range find(doc, "[id]") {
		id, _ := attr(n, "id")
		if seen[id] {
			out = append(out, "id twice: "+id)
		}
		seen[id] = true
	}
	for _, key := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "form", "data-for", "data-copy", "data-count"} {
		for _, n := range find(doc, "["+key+"]") {
			v, _ := attr(n, key)
			for id := range strings.FieldsSeq(v) {
				if !seen[id] {
					out = append(out, key+" points at no id: "+id)
				}
			}
		}
	}
	for _, n := range find(doc, "use[href], a[href]") {
		if v, _ := attr(n, "href"); strings.HasPrefix(v, "#") && !seen[v[1:]] {
			out = append(out, "href points at no id: "+v)
		}
	}
	return out
}

// names finds pictures, fields, links and buttons that a screen reader could
// not name.
func names(doc *html.Node) []string {
	var out []string
	for _, n := range find(doc, "img") {
		if _, ok := attr(n, "alt"); !ok {
			out = append(out, "img without alt")
		}
	}
	labels := map[string]bool{}
	for _, n := range find(doc, "label[for]") {
		id, _ := attr(n, "for")
		labels[id] = true
	}
	for _, n := range find(doc, "input:not([type=hidden]), select, textarea") {
		id, _ := attr(n, "id")
		_, named := attr(n, "aria-label")
		if !named && !labels[id] && !within(n, "label") {
			out = append(out, "field without label: "+n.Data)
		}
	}
	for _, n := range find(doc, "a, button, summary, legend, h1, h2, h3") {
		if _, named := attr(n, "aria-label"); !named && text(n) == "" {
			out = append(out, "nameless "+n.Data)
		}
	}
	for _, n := range find(doc, "a:not([href])") {
		out = append(out, "link without address: "+text(n))
	}
	return out
}

func within(n *html.Node, tag string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == tag {
			return true
		}
	}
	return false
}

func TestPageRulesCanFail(t *testing.T) {
	t.Parallel()
	bad := []byte(`<html lang="en"><title>x</title><h1>a</h1><main id="main"></main><p style="x">⟦a.b⟧</p>` +
		`<form method="post" action="/x"><input id="a"></form><script>1</script><p id="a"></p><a href="#b">x</a><img src="//x/y">`)
	got := problems("ru", bad, parse(t, bad))
	want := []string{"html says lang=en", "the page holds ⟦", "inline style in p", "inline or foreign script",
		"POST form without its token", "id twice: a", "href points at no id: #b", "img without alt", "field without label: input"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSearchPageIsLight counts what a stranger's first search page transfers.
func TestSearchPageIsLight(t *testing.T) {
	t.Parallel()
	w := open(t)
	page := render(t, sample(t, "search"), w.Frame(web.Russian))
	total, files := packed(t, page), 0
	for _, n := range find(parse(t, page), "link[rel=stylesheet], script[src]") {
		url, ok := attr(n, "src")
		if !ok {
			url, _ = attr(n, "href")
		}
		r := httptest.NewRequest("GET", url, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := httptest.NewRecorder()
		w.Assets().ServeHTTP(rec, r)
		total += rec.Body.Len()
		files++
	}
	if files < 5 || total > 30_000 {
		t.Errorf("a search page with %d files sends %d bytes, want at most 30000", files, total)
	}
	t.Logf("search page with 24 cards and %d files: %d bytes", files, total)
}

func sample(t testing.TB, name string) pageSample {
	t.Helper()
	for _, s := range samples() {
		if s.name == name {
			return s
		}
	}
	t.Fatal("no sample", name)
	return pageSample{}
}

func BenchmarkSearchPage(b *testing.B) {
	w, err := web.New()
	if err != nil {
		b.Fatal(err)
	}
	s := sample(b, "search")
	f := s.frame(w.Frame(web.Russian))
	p := sampleSearch(f)
	b.ReportAllocs()
	for b.Loop() {
		if err := web.Search(f, p).Render(b.Context(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func packed(t *testing.T, page []byte) int {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestHeadCannotBeEscaped(t *testing.T) {
	t.Parallel()
	w := open(t)
	doc := parse(t, render(t, sample(t, "profile"), w.Frame(web.English)))
	data := find(doc, `script[type="application/ld+json"]`)
	if len(data) != 1 || !strings.Contains(text(data[0]), `\u003c/script>`) {
		t.Errorf("structured data is not one closed element: %v", data)
	}
	if got, _ := attr(find(doc, `meta[property="og:type"]`)[0], "content"); got != "profile" {
		t.Errorf("og:type = %q", got)
	}
}

func TestLanguagePrefix(t *testing.T) {
	t.Parallel()
	w := open(t)
	s := sample(t, "home")
	doc := parse(t, render(t, pageSample{frame: func(f web.Frame) web.Frame {
		f.Base = "/en"
		return s.frame(f)
	}, page: s.page}, w.Frame(web.English)))
	for _, n := range find(doc, "a[href^='/']") {
		href, _ := attr(n, "href")
		if !strings.HasPrefix(href, "/en/") && href != "/ru/" {
			t.Errorf("link leaves the language: %s", href)
		}
	}
}

func TestHomeShowsNoEmptyShelf(t *testing.T) {
	t.Parallel()
	w := open(t)
	var b bytes.Buffer
	if err := web.Home(homeFrame(w.Frame(web.Russian)), web.HomePage{}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	doc := parse(t, b.Bytes())
	if got := len(find(doc, ".shelf, .doors, .quick, h2")); got != 0 {
		t.Errorf("%d empty parts are shown", got)
	}
}

func TestUnsafeAddressesAreRefused(t *testing.T) {
	t.Parallel()
	w := open(t)
	f := profileFrame(w.Frame(web.Russian))
	p := sampleProfile(f)
	p.Links = []web.Link{{Label: "x", URL: "javascript:alert(1)"}}
	var b bytes.Buffer
	if err := web.Profile(f, p).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b.Bytes(), []byte("javascript:")) {
		t.Error("a javascript: address got through")
	}
}
