package apptest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Form is one form of a page with the values that stand in it.
type Form struct {
	Method    string // GET or POST
	Action    string // with the path that it stands on when the form names none
	Multipart bool
	Values    url.Values
	Names     []string    // every field that a person can fill, in page order
	Buttons   [][2]string // name and value of buttons that send one
	page      *Page
}

// Forms are the forms of a page, in its order.
func (p *Page) Forms() []Form {
	var out []Form
	for _, n := range cascadia.QueryAll(p.root, cascadia.MustCompile("form")) {
		out = append(out, p.form(n))
	}
	return out
}

func (p *Page) form(n *html.Node) Form {
	f := Form{Method: http.MethodGet, Action: attr(n, "action"), Multipart: attr(n, "enctype") == "multipart/form-data", Values: p.fields(n), page: p}
	if strings.EqualFold(attr(n, "method"), "post") {
		f.Method = http.MethodPost
	}
	if f.Action == "" {
		f.Action = p.Path
	}
	seen := map[string]bool{}
	for _, field := range controls(p.root, n) {
		name := attr(field, "name")
		switch {
		case name == "" || seen[name]:
		case field.Data == "button":
			f.Buttons = append(f.Buttons, [2]string{name, attr(field, "value")})
		case name != "csrf":
			seen[name] = true
			f.Names = append(f.Names, name)
		}
	}
	return f
}

// Key tells forms apart: what they do, wherever they stand.
func (f Form) Key() string { return f.Method + " " + f.Action + " " + strings.Join(f.Names, ",") }

// Send submits the form with these values in place of its own, by the client
// that opened the page; nil sends it as it stands.
func (f Form) Send(values url.Values) *Page { return f.SendBy(f.page.c, values) }

// SendBy is Send by another client, such as one that stays at redirects.
func (f Form) SendBy(c *Client, values url.Values) *Page {
	c.T.Helper()
	if values == nil {
		values = f.Values
	}
	switch {
	case f.Method == http.MethodGet:
		return c.Get(path(f.Action) + "?" + values.Encode())
	case f.Multipart:
		return c.multipart(f.Action, values, nil)
	default:
		return c.Post(f.Action, values)
	}
}

// path is a form's address without a query, which a browser replaces, and
// without a place on the page, which it does not send.
func path(action string) string {
	action, _, _ = strings.Cut(action, "#")
	action, _, _ = strings.Cut(action, "?")
	return action
}
