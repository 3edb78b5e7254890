package markup_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/tmoeg/oduvan/internal/markup"
)

const rel = ` rel="nofollow ugc noopener"`

func TestRender(t *testing.T) {
	t.Parallel()
	for md, want := range map[string]string{
		"":              "",
		" \n\n":         "",
		"Привет, *мир*": "<p>Привет, <em>мир</em></p>",
		"a\nb":          "<p>a<br>\nb</p>",
		"a\r\n\r\nb":    "<p>a</p>\n<p>b</p>",
		"# A\n\n## B\n\n### C\n\n#### D\n\n###### E": "<h3>A</h3>\n<h4>B</h4>\n<h5>C</h5>\n<h6>D</h6>\n<h6>E</h6>",
		"### A\n\n###### B\n\n### C":                 "<h3>A</h3>\n<h4>B</h4>\n<h3>C</h3>",
		"## A\n\n# B\n\n## C":                        "<h3>A</h3>\n<h3>B</h3>\n<h4>C</h4>",
		"A\n===":                                     "<h3>A</h3>",
		"- a\n- b":                                   "<ul>\n<li>a</li>\n<li>b</li>\n</ul>",
		"3. a":                                       `<ol start="3">` + "\n<li>a</li>\n</ol>",
		"> a":                                        "<blockquote>\n<p>a</p>\n</blockquote>",
		"~~a~~ **b**":                                "<p><del>a</del> <strong>b</strong></p>",
		"```go\na < b\n```":                          "<pre><code>a &lt; b\n</code></pre>",
		"    code":                                   "<pre><code>code\n</code></pre>",
		"`a<b`":                                      "<p><code>a&lt;b</code></p>",
		"[a](https://b.c/?x=1&y=2)":                  `<p><a href="https://b.c/?x=1&amp;y=2"` + rel + `>a</a></p>`,
		"[a](https://b.c \"title\")":                 `<p><a href="https://b.c"` + rel + `>a</a></p>`,
		"[a]\n\n[a]: http://b.c":                     `<p><a href="http://b.c"` + rel + `>a</a></p>`,
		"https://b.c/я":                              `<p><a href="https://b.c/%D1%8F"` + rel + `>https://b.c/я</a></p>`,
		"<https://b.c>":                              `<p><a href="https://b.c"` + rel + `>https://b.c</a></p>`,
		"ada@b.ru <mailto:ada@b.ru>":                 "<p>ada@b.ru mailto:ada@b.ru</p>",
		"[a](javascript:alert(1))":                   "<p>a</p>",
		"[a](JaVaScRiPt&#58;alert(1))":               "<p>a</p>",
		"<javascript:alert(1)>":                      "<p>javascript:alert(1)</p>",
		"[a](data:text/html,x)":                      "<p>a</p>",
		"[a](/local) [b](//c.d)":                     "<p>a b</p>",
		"[a](https://bank.ru@evil.org)":              "<p>a</p>",
		"[**a** b](ftp://c)":                         "<p><strong>a</strong> b</p>",
		"![cat](https://b.c/cat.png)":                `<p><a href="https://b.c/cat.png"` + rel + `>cat</a></p>`,
		"![](https://b.c/1.png)":                     `<p><a href="https://b.c/1.png"` + rel + `>https://b.c/1.png</a></p>`,
		"[![cat](https://b.c/1)](https://d.e)":       `<p><a href="https://d.e"` + rel + `>cat</a></p>`,
		"![cat](javascript:x)":                       "<p>cat</p>",
		"<script>alert(1)</script>":                  "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
		"a <b onclick=x>b</b>":                       "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>",
		"vector<int> & co":                           "<p>vector&lt;int&gt; &amp; co</p>",
		"a\u202eb\x00c\u2066d\xffe":                  "<p>abcde</p>",
		"# A {onclick=alert(1) #id}":                 "<h3>A {onclick=alert(1) #id}</h3>",
	} {
		if diff := cmp.Diff(want, markup.Render(md)); diff != "" {
			t.Errorf("%q: %s", md, diff)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for md, want := range map[string]string{
		"": "",
		"# Go\n\n- *один*\n- два\n\n> три": "Go один два три",
		"a**b**c, `x < y` &amp; \\*z\\*":   "abc, x < y & *z*",
		"[сайт](https://b.c) ~~нет~~":      "сайт нет",
		"a\nb  \nc":                        "a b c",
		"<script>alert(1)</script>":        "<script>alert(1)</script>",
		"```\nfmt.Println(1)\n```\nпосле":  "fmt.Println(1) после",
		"![кот](https://b.c/1.png)":        "кот",
	} {
		if diff := cmp.Diff(want, markup.Plain(md)); diff != "" {
			t.Errorf("%q: %s", md, diff)
		}
	}
}

// Hostile texts that make a Markdown parser slow or deep stay whole and flat.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	stairs := strings.Builder{}
	for i := range 100 {
		stairs.WriteString(strings.Repeat("  ", i) + "- word\n")
	}
	texts := []string{stairs.String()}
	for _, s := range []string{">", "> - ", "- ", "1. ", "[", "![", "[](", "*a_ ", "`", "~~", "<", "#", "\\", "&#x", "[a](http://b) ", "http://a.b "} {
		texts = append(texts, strings.Repeat(s, 100_000/len(s)))
	}
	for _, md := range texts {
		out := markup.Render(md)
		if problem := judge(out); problem != "" {
			t.Errorf("%.20q…: %s", md, problem)
		}
		if deep := depth(out); deep > 40 {
			t.Errorf("%.20q…: %d elements deep", md, deep)
		}
	}
	if words := strings.Count(markup.Plain(stairs.String()), "word"); words != 100 {
		t.Errorf("%d of 100 words are left", words)
	}
}

func TestTooLongIsCutAtACharacter(t *testing.T) {
	t.Parallel()
	out := markup.Render("a" + strings.Repeat("я", markup.MaxText))
	if !utf8.ValidString(out) || len(out) > markup.MaxText+len("<p></p>") || strings.Contains(out, "\ufffd") {
		t.Errorf("%d bytes, ends with %q", len(out), out[len(out)-12:])
	}
}

var allowed = map[string][]string{
	"p": nil, "br": nil, "hr": nil, "strong": nil, "em": nil, "del": nil, "code": nil, "pre": nil, "blockquote": nil,
	"ul": nil, "ol": {"start"}, "li": nil, "h3": nil, "h4": nil, "h5": nil, "h6": nil, "a": {"href", "rel"},
}

// judge reads HTML as a browser does and says what must not be there.
func judge(out string) string {
	tokens := html.NewTokenizer(strings.NewReader(out))
	inLink := false
	for {
		kind := tokens.Next()
		token := tokens.Token()
		switch kind {
		case html.ErrorToken:
			return ""
		case html.CommentToken, html.DoctypeToken:
			return "a comment or doctype"
		case html.EndTagToken:
			inLink = inLink && token.Data != "a"
		case html.StartTagToken, html.SelfClosingTagToken:
			attrs, ok := allowed[token.Data]
			if !ok {
				return "element " + token.Data
			}
			if token.Data == "a" && inLink {
				return "a link inside a link"
			}
			inLink = inLink || token.Data == "a"
			for _, a := range token.Attr {
				if !slices.Contains(attrs, a.Key) {
					return "attribute " + a.Key + " of " + token.Data
				}
			}
			if problem := judgeLink(token); problem != "" {
				return problem
			}
		}
	}
}

func judgeLink(token html.Token) string {
	if token.Data != "a" {
		return ""
	}
	attr := map[string]string{}
	for _, a := range token.Attr {
		attr[a.Key] = a.Val
	}
	u, err := url.Parse(attr["href"])
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return "address " + attr["href"]
	}
	if attr["rel"] != "nofollow ugc noopener" {
		return "rel " + attr["rel"]
	}
	return ""
}

func depth(out string) (most int) {
	tokens := html.NewTokenizer(strings.NewReader(out))
	now := 0
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return most
		case html.StartTagToken:
			if name, _ := tokens.TagName(); string(name) != "br" && string(name) != "hr" {
				now++
				most = max(most, now)
			}
		case html.EndTagToken:
			now--
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, md := range []string{
		"# A\n- [x](https://a.b) ![y](http://c.d)\n> `z`", "<script>alert(1)</script>", "[a](javascript:alert(1))",
		"<a href=x onclick=y>", "[![a](https://b)](https://c)", "[a](<https://b \">c>)", "&lt;script&gt;", "https://a.b/<script>",
		"<https://a.b/\"onmouseover=x>", "[a]: https://b '\"><img src=x onerror=y>'\n\n[a]", "```\"><script>\nx\n```", "<!-- x -->",
		"[https://a.b](https://c.d) [<https://a.b>](https://c.d)", "http://a@b.c www.a.b", "![[a](https://b.c)](https://d.e)", "    code\n\n> > - x", "~~a\n~~", "1. a\n\n   1. b",
	} {
		f.Add(md)
	}
	f.Fuzz(func(t *testing.T, md string) {
		out := markup.Render(md)
		if problem := judge(out); problem != "" {
			t.Fatalf("%q becomes %q: %s", md, out, problem)
		}
		if !utf8.ValidString(out) {
			t.Fatalf("%q becomes invalid text", md)
		}
		if plain := markup.Plain(md); strings.ContainsAny(plain, "\n\t") || plain != strings.TrimSpace(plain) {
			t.Fatalf("%q is not one plain line: %q", md, plain)
		}
	})
}
