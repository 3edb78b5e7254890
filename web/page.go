package web

import (
	"encoding/json"
	"fmt"
)

// ErrorPage says what went wrong in a person's words and what to do next. Make
// it with Frame.Error.
type ErrorPage struct {
	Kind  string // word of the fault's kind: not_found, conflict, internal…
	Title string
	Text  string
	ID    string // of an internal error, to tell the operator
	Next  []Link
}

// Error is the page of a fault: its kind's word, its code with the text's
// arguments, and the id under which an internal one was logged.
func (f Frame) Error(kind, code string, args map[string]any, id string) ErrorPage {
	title := "error." + kind
	if !f.Texts.Has(title) {
		kind, title = "internal", "error.internal"
	}
	p := ErrorPage{Kind: kind, Title: f.Texts.T(title), Text: f.Texts.Fault(kind, code, args), ID: id}
	p.Next = []Link{{Label: f.T("error.to_search"), URL: "/search"}, {Label: f.T("error.to_home"), URL: "/"}}
	if kind == "unauthenticated" {
		p.Next = append([]Link{{Label: f.T("layout.login"), URL: "/login"}}, p.Next...)
	}
	return p
}

// LegalPage is a page of the branch's own words: about, privacy, rules.
type LegalPage struct {
	Title    string
	BodyHTML string   // sanitised already
	Updated  string   // date, formatted; empty: not shown
	Columns  []Column // on the privacy page: everything that is kept
}

// Column is one column of the database in the privacy table.
type Column struct {
	Table     string
	Name      string
	Class     string // public, pseudonymous, secret…
	Purpose   string // in the frame's language, as the retention
	Retention string
}

// grid makes the privacy table.
func (p LegalPage) grid(f Frame) Grid {
	g := Grid{Cards: true, Caption: f.T("legal.columns"), Heads: []string{f.T("legal.column"), f.T("legal.class"),
		f.T("legal.purpose"), f.T("legal.retention")}}
	for _, c := range p.Columns {
		g.Rows = append(g.Rows, []string{c.Table + "." + c.Name, f.T("legal.class_" + c.Class), c.Purpose, c.Retention})
	}
	return g
}

// Manifest is the web app manifest of the branch in the frame's language, to
// be served as /manifest.webmanifest with type application/manifest+json.
func (f Frame) Manifest() []byte {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitempty"`
	}
	body, err := json.Marshal(map[string]any{
		"id": "/", "name": f.branch(), "short_name": f.branch(), "description": f.T("brand.about"),
		"lang": f.Lang, "start_url": f.Link("/"), "scope": "/", "display": "standalone",
		"background_color": "#f4fcfd", "theme_color": "#b8e7fa",
		"icons": []icon{
			{Src: f.Asset("icon.svg"), Sizes: "any", Type: "image/svg+xml"},
			{Src: f.Asset("icon-192.png"), Sizes: "192x192", Type: "image/png"},
			{Src: f.Asset("icon-512.png"), Sizes: "512x512", Type: "image/png", Purpose: "any maskable"},
		},
	})
	if err != nil {
		return []byte("{}") // strings always marshal; a manifest is no reason to fail a page
	}
	return body
}

// Worker is the service worker's script, to be served as /sw.js with
// Cache-Control: no-cache. It keeps the offline page and the static files it
// needs, and nothing a person has seen.
func (w *Web) Worker() []byte {
	body := w.byName["worker.js"].body
	return fmt.Appendf(nil, "self.oduvan = {version: %q, keep: [\"/offline\", %q, %q]};\n%s",
		w.byName["base.css"].etag+w.byName["worker.js"].etag, w.Asset("base.css"), w.Asset("icon.svg"), body)
}
