package apptest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Client is a browser without JavaScript: it keeps cookies, follows redirects
// and sends forms as they stand in the page.
type Client struct {
	T    testing.TB
	w    *World
	http *http.Client
	Lang string // Accept-Language; empty: ru
}

// Visitor is somebody without an account.
func (w *World) Visitor() *Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.T.Fatal(err)
	}
	return &Client{T: w.T, w: w, http: &http.Client{Jar: jar}}
}

// Page is one answer, read as HTML.
type Page struct {
	Status int
	Path   string // after redirects, with the query
	Header http.Header
	Body   string
	c      *Client
	root   *html.Node
}

// Do sends a request as this client and reads the answer.
func (c *Client) Do(req *http.Request) *Page {
	c.T.Helper()
	lang := c.Lang
	if lang == "" {
		lang = "ru"
	}
	if req.Header.Get("Accept-Language") == "" {
		req.Header.Set("Accept-Language", lang)
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	p := &Page{Status: res.StatusCode, Path: res.Request.URL.RequestURI(), Header: res.Header, Body: string(body), c: c}
	if p.root, err = html.Parse(bytes.NewReader(body)); err != nil {
		c.T.Fatal(err)
	}
	return p
}

// Get opens an address of the board; public changes are in the index by then.
func (c *Client) Get(path string) *Page {
	c.T.Helper()
	c.w.Settle()
	req, err := http.NewRequest(http.MethodGet, c.w.URL+path, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	return c.Do(req)
}

// Packed is the body of an answer as it travels to a browser.
func (c *Client) Packed(path string) []byte {
	c.T.Helper()
	c.w.Settle()
	req, err := http.NewRequest(http.MethodGet, c.w.URL+path, nil)
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip") // set by hand: the transport leaves the body alone
	return []byte(c.Do(req).Body)
}

// Post sends a form's values, without looking at a page first.
func (c *Client) Post(path string, values url.Values) *Page {
	c.T.Helper()
	req, err := http.NewRequest(http.MethodPost, c.w.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.Do(req)
}

// Is fails the test unless the page has this status.
func (p *Page) Is(status int) *Page {
	p.c.T.Helper()
	if p.Status != status {
		p.c.T.Fatalf("%s: got status %d, want %d\n%s", p.Path, p.Status, status, p.brief())
	}
	return p
}

// brief is the beginning of what the page says, for messages.
func (p *Page) brief() string {
	text := []rune(p.Text("main"))
	return string(text[:min(len(text), 500)])
}

// Has fails the test unless something on the page matches each selector.
func (p *Page) Has(selectors ...string) *Page {
	p.c.T.Helper()
	for _, s := range selectors {
		if p.find(s) == nil {
			p.c.T.Errorf("%s: nothing matches %q", p.Path, s)
		}
	}
	return p
}

// Lacks fails the test if anything on the page matches one of the selectors.
func (p *Page) Lacks(selectors ...string) *Page {
	p.c.T.Helper()
	for _, s := range selectors {
		if p.find(s) != nil {
			p.c.T.Errorf("%s: %q must not be there", p.Path, s)
		}
	}
	return p
}

// Says fails the test unless the page's text holds each of the texts.
func (p *Page) Says(texts ...string) *Page {
	p.c.T.Helper()
	all := p.Text("body")
	for _, want := range texts {
		if !strings.Contains(all, want) {
			p.c.T.Errorf("%s does not say %q:\n%s", p.Path, want, all)
		}
	}
	return p
}

// Text is the text of the first match, blanks made one.
func (p *Page) Text(selector string) string {
	n := p.find(selector)
	if n == nil {
		return ""
	}
	var b strings.Builder
	text(&b, n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// Texts are the texts of all matches.
func (p *Page) Texts(selector string) []string {
	var out []string
	for _, n := range cascadia.QueryAll(p.root, cascadia.MustCompile(selector)) {
		var b strings.Builder
		text(&b, n)
		out = append(out, strings.Join(strings.Fields(b.String()), " "))
	}
	return out
}

// Attr is an attribute of the first match.
func (p *Page) Attr(selector, name string) string {
	if n := p.find(selector); n != nil {
		return attr(n, name)
	}
	return ""
}

// Attrs are the attributes of all matches: of each element the first of the
// named ones that it has.
func (p *Page) Attrs(selector string, names ...string) []string {
	var out []string
	for _, n := range cascadia.QueryAll(p.root, cascadia.MustCompile(selector)) {
		for _, name := range names {
			if v := attr(n, name); v != "" {
				out = append(out, v)
				break
			}
		}
	}
	return out
}

// Links are the addresses of all links that stay on the board, in page order,
// without what follows a "#".
func (p *Page) Links() []string {
	var out []string
	for _, n := range cascadia.QueryAll(p.root, cascadia.MustCompile("a[href], link[rel=alternate][href]")) {
		href, _, _ := strings.Cut(attr(n, "href"), "#")
		href = strings.TrimPrefix(href, p.c.w.URL)
		if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") {
			out = append(out, href)
		}
	}
	return out
}

// Follow opens the link that matches.
func (p *Page) Follow(selector string) *Page {
	p.c.T.Helper()
	href := p.Attr(selector, "href")
	if href == "" {
		p.c.T.Fatalf("%s: no link %q", p.Path, selector)
	}
	return p.c.Get(href)
}

// Fill is what a person types into a form: name → values. An empty list clears.
type Fill map[string][]string

// Send submits the form that matches, with everything that stands in it and
// what the person changed, as a browser without JavaScript would.
func (p *Page) Send(selector string, fill Fill) *Page {
	p.c.T.Helper()
	form := p.find(selector)
	if form == nil || form.Data != "form" {
		p.c.T.Fatalf("%s: no form %q in:\n%s", p.Path, selector, p.brief())
	}
	values := p.fields(form)
	for name, list := range fill {
		if _, ok := values[name]; !ok && !known(p.root, form, name) {
			p.c.T.Fatalf("%s: form %q has no field %q", p.Path, selector, name)
		}
		values[name] = list
	}
	action := attr(form, "action")
	if action == "" {
		action = p.Path
	}
	if !strings.EqualFold(attr(form, "method"), "post") {
		return p.c.Get(path(action) + "?" + values.Encode())
	}
	if attr(form, "enctype") == "multipart/form-data" {
		return p.c.multipart(action, values, nil)
	}
	return p.c.Post(action, values)
}

// Upload submits a form with a file.
func (p *Page) Upload(selector, field, name string, content []byte) *Page {
	p.c.T.Helper()
	form := p.find(selector)
	if form == nil {
		p.c.T.Fatalf("%s: no form %q", p.Path, selector)
	}
	return p.c.multipart(attr(form, "action"), p.fields(form), func(m *multipart.Writer) error {
		part, err := m.CreateFormFile(field, name)
		if err != nil {
			return err
		}
		_, err = part.Write(content)
		return err
	})
}

func (c *Client) multipart(path string, values url.Values, file func(*multipart.Writer) error) *Page {
	c.T.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, list := range values {
		for _, v := range list {
			if err := m.WriteField(name, v); err != nil {
				c.T.Fatal(err)
			}
		}
	}
	if file != nil {
		if err := file(m); err != nil {
			c.T.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		c.T.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, c.w.URL+path, &b)
	if err != nil {
		c.T.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	return c.Do(req)
}

func (p *Page) find(selector string) *html.Node {
	return cascadia.Query(p.root, cascadia.MustCompile(selector))
}

// fields are the values that a browser would send with the form as it stands.
func (p *Page) fields(form *html.Node) url.Values {
	out := url.Values{}
	for _, n := range controls(p.root, form) {
		name := attr(n, "name")
		if name == "" || has(n, "disabled") {
			continue
		}
		switch n.Data {
		case "textarea":
			var b strings.Builder
			text(&b, n)
			out.Add(name, strings.TrimPrefix(b.String(), "\n"))
		case "select":
			out[name] = append(out[name], chosen(n)...)
		case "input":
			switch attr(n, "type") {
			case "checkbox", "radio":
				if has(n, "checked") {
					out.Add(name, or(attr(n, "value"), "on"))
				}
			case "submit", "button", "file", "image":
			default:
				out.Add(name, attr(n, "value"))
			}
		}
	}
	return out
}

func controls(root, form *html.Node) []*html.Node {
	list := cascadia.QueryAll(form, cascadia.MustCompile("input, select, textarea, button"))
	if id := attr(form, "id"); id != "" {
		list = append(list, cascadia.QueryAll(root, cascadia.MustCompile(`[form="`+id+`"]`))...)
	}
	return list
}

func known(root, form *html.Node, name string) bool {
	for _, n := range controls(root, form) {
		if attr(n, "name") == name {
			return true
		}
	}
	return false
}

func chosen(n *html.Node) []string {
	options := cascadia.QueryAll(n, cascadia.MustCompile("option"))
	var out []string
	for _, o := range options {
		if has(o, "selected") {
			out = append(out, attr(o, "value"))
		}
	}
	if len(out) == 0 && len(options) > 0 && !has(n, "multiple") {
		out = []string{attr(options[0], "value")}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func text(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		b.WriteString(n.Data)
	}
	if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "svg") {
		return
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		text(b, k)
		if k.Type == html.ElementNode {
			b.WriteByte(' ')
		}
	}
}
