package web

import (
	"bytes"
	"slices"
	"strings"
)

// CSRFField is the name of the hidden input that every POST form carries.
const CSRFField = "csrf"

// The themes a person may choose. ThemeAuto follows the system.
const (
	ThemeAuto  = "auto"
	ThemeLight = "light"
	ThemeDark  = "dark"
)

// Frame is what every page needs around its content. Make it with Web.Frame:
// a Frame of any other origin has no texts.
//
// Addresses in page structs are written without the language prefix
// ("/tutors/ada"); components put Base before them.
type Frame struct {
	Lang  string // ru or en
	Texts *Texts
	Langs []string // those the branch speaks, its first first: the switch shows the others

	Base string // "/en" when the address itself names the language, else empty
	Path string // path and query of this page without Base, for the language and theme switches

	Title       string // of the page; the branch's name is added
	Description string
	Canonical   string      // full address, empty: no link
	Alternates  []Alternate // the same page in each language, and x-default
	OG          OpenGraph
	JSONLD      []byte // structured data as JSON, empty: none
	Feeds       []Feed
	NoIndex     bool // private, filtered or unfinished pages

	BranchName string
	Viewer     *Viewer // nil: nobody is signed in
	Flash      []Flash
	CSRF       string // empty on pages that are cached for everybody
	Theme      string // ThemeAuto, ThemeLight or ThemeDark; empty is auto
	SignUpURL  string // the way to a new account; empty: sign-up is closed

	Query  string // text in the header's search field
	Tab    string // home, search, me: the current tab of the phone's bar
	Quiet  bool   // the page has a search field of its own: hide the header's on the phone
	Footer []Link // about, privacy, rules…

	scripts []string
	styles  []string
	web     *Web
}

// Alternate is the address of the same page in another language.
type Alternate struct {
	Lang string // ru, en or x-default
	URL  string // full
}

// OpenGraph is how the page looks when somebody shares its address.
type OpenGraph struct {
	Type  string // website, profile, article; empty: website
	Image string // full address, empty: none
}

// Feed is an Atom feed of this page's content.
type Feed struct {
	Title string
	URL   string
}

// Link is a text with an address, and a number beside it if it is over 0.
type Link struct {
	Label string
	URL   string
	Count int
	Icon  string // for the phone's bar: inbox, orders, services, admin; empty: not in the bar
}

// Viewer is the person who looks, as the header shows them.
type Viewer struct {
	Handle   string
	Name     string
	Portrait Portrait
	Links    []Link // in the header beside the portrait: inbox, administration…
}

// Portrait is the picture of an account: its dandelion, or an uploaded one.
type Portrait struct {
	Seed uint64 // of the dandelion
	URL  string // of the uploaded picture; empty: the dandelion
}

// Flash is a message shown once, on top of the page.
type Flash struct {
	Kind string // ok, info, warn, error
	Text string
}

// T is the text of a key in the page's language; see Texts.T.
func (f Frame) T(key string, args ...any) string { return f.Texts.T(key, args...) }

// N is the text of a key in the plural form of n; see Texts.N.
func (f Frame) N(key string, n int, args ...any) string { return f.Texts.N(key, n, args...) }

// Link puts the page's language prefix before an address of our own. Other
// addresses, and fragments, stay as they are.
func (f Frame) Link(url string) string {
	if f.Base == "" || !strings.HasPrefix(url, "/") || strings.HasPrefix(url, "//") {
		return url
	}
	if url == "/" {
		return f.Base + "/"
	}
	return f.Base + url
}

// Asset is the address of a static file by its plain name; see Web.Asset.
func (f Frame) Asset(name string) string { return f.web.Asset(name) }

// With adds modules of static/ to the page: With("passkey.js").
func (f Frame) With(scripts ...string) Frame {
	f.scripts = append(append([]string(nil), f.scripts...), scripts...)
	return f
}

// others are the languages that the switch leads to; none where the branch
// speaks only one.
func (f Frame) others() []string {
	return slices.DeleteFunc(slices.Clone(f.Langs), func(lang string) bool { return lang == f.Lang })
}

// in is the address of this page in another language.
func (f Frame) in(lang string) string {
	if f.Path == "" {
		return "/" + lang + "/"
	}
	return "/" + lang + f.Path
}

// here is the address of this page, for forms that come back to it.
func (f Frame) here() string {
	if f.Path == "" {
		return f.Link("/")
	}
	return f.Link(f.Path)
}

func (f Frame) branch() string {
	if f.BranchName != "" {
		return f.BranchName
	}
	return f.T("brand.name")
}

func (f Frame) title() string {
	if f.Title == "" {
		return f.branch()
	}
	return f.Title + " — " + f.branch()
}

// jsonLD is the structured data made harmless inside a script element: "<"
// cannot end it.
func (f Frame) jsonLD() string {
	return `<script type="application/ld+json">` +
		string(bytes.ReplaceAll(f.JSONLD, []byte("<"), []byte(`\u003c`))) + `</script>`
}

func (f Frame) ogType() string {
	if f.OG.Type == "" {
		return "website"
	}
	return f.OG.Type
}

// theme is the value of data-theme, empty when the system decides.
func (f Frame) theme() string {
	if f.Theme == ThemeLight || f.Theme == ThemeDark {
		return f.Theme
	}
	return ""
}
