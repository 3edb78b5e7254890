package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/web"
)

// visit is what is known of one request: who looks, in which language, and the
// branch they look at. It is made once a request.
type visit struct {
	lang   string
	base   string // "/en" when the address names the language
	actor  account.Actor
	branch branch.Settings
}

type localeKey struct{}

// locale is what the address and the browser say about the language, and the
// branch that decides which languages there are.
type locale struct {
	lang, base string
	branch     branch.Settings
	generation int64 // the change counter that branch belongs to
	err        error // the branch could not be read: its settings are the last known
}

// localeOf is the locale of a request; outside Wrap there is none.
func localeOf(r *http.Request) locale {
	l, _ := r.Context().Value(localeKey{}).(locale)
	return l
}

// localised takes the language from a prefix of the path ("/en/search") and
// routes the rest; without one the cookie and Accept-Language decide. Static
// files have no language, and nothing is asked of the database for them.
func (s *Site) localised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/static/") {
			next.ServeHTTP(w, r)
			return
		}
		var l locale
		l.branch, l.generation, l.err = s.Branch.At(r.Context())
		lang, rest := s.named(r.URL.Path)
		switch {
		case lang == "":
			l.lang = s.preferred(r, l.branch)
		case !l.branch.Speaks(lang) && l.err == nil:
			elsewhere(w, r, "/"+l.branch.Spoken(lang)+rest)
			return
		default:
			l.lang, l.base = l.branch.Spoken(lang), "/"+lang
			r = stripped(r, rest)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), localeKey{}, l)))
	})
}

// named is the language that a path begins with and the path behind it; empty
// where it begins with none that the program knows.
func (s *Site) named(path string) (lang, rest string) {
	for _, lang := range s.Web.Languages() {
		if rest, ok := strings.CutPrefix(path, "/"+lang); ok && (rest == "" || rest[0] == '/') {
			return lang, rest
		}
	}
	return "", path
}

// elsewhere sends from a language that the branch does not speak to the same
// page in one that it does. An operator may allow the language again, so no
// browser may keep the answer; a form goes along.
func elsewhere(w http.ResponseWriter, r *http.Request, path string) {
	to := url.URL{Path: path, RawQuery: r.URL.RawQuery}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to.String(), http.StatusTemporaryRedirect)
}

func stripped(r *http.Request, rest string) *http.Request {
	if rest == "" {
		rest = "/"
	}
	out := new(http.Request)
	*out = *r
	u := *r.URL
	u.Path, u.RawPath = rest, ""
	out.URL = &u
	return out
}

// preferred is the language for an address that names none: what was chosen
// here before, what the browser asks for, else the branch's first.
func (s *Site) preferred(r *http.Request, b branch.Settings) string {
	if c, err := r.Cookie(s.cookie("lang")); err == nil && b.Speaks(c.Value) {
		return c.Value
	}
	return b.Prefers(r.Header.Get("Accept-Language"))
}

const visitKey = "visit"

// visit finds out who looks. A session that ended elsewhere is nobody.
func (s *Site) visit(c *gin.Context) (*visit, error) {
	if v, ok := c.Get(visitKey); ok {
		return v.(*visit), nil //nolint:forcetypeassert // only set below
	}
	ctx := c.Request.Context()
	l := localeOf(c.Request)
	if l.err != nil {
		return nil, l.err
	}
	v := &visit{lang: l.lang, base: l.base, branch: l.branch}
	var err error
	if v.actor, err = s.actor(ctx); err != nil {
		return nil, err
	}
	c.Set(visitKey, v)
	return v, nil
}

// public is the part of a page's frame that every viewer of a language shares.
// The branch is the locale's: a page that tells of a fault has no visit.
func (s *Site) public(c *gin.Context, v *visit) web.Frame {
	l := localeOf(c.Request)
	f := s.Web.Frame(l.lang)
	f.Langs, f.Base, f.Theme = l.branch.Languages, l.base, s.theme(c)
	if l.branch.Done() {
		f.BranchName = l.branch.Name // before the first run the brand's own name stands there
	}
	f.Path = address(c.Request.URL)
	f.Footer = []web.Link{{Label: f.T("footer_link.join"), URL: "/join"}, {Label: f.T("footer_link.about"), URL: "/about"}, {Label: f.T("footer_link.privacy"), URL: "/privacy"},
		{Label: f.T("footer_link.rules"), URL: "/rules"},
		{Label: f.T("open.title"), URL: "/transparency"}, {Label: f.T("fund.title"), URL: "/fund"}, {Label: f.T("licence.check_title"), URL: "/verify"},
		{Label: f.T("footer_link.api"), URL: "/api/docs"}}
	if l.branch.SignUp != branch.Closed {
		f.SignUpURL = "/signup"
	}
	return f
}

// address is a path with its query in one spelling. The page cache knows a
// page by the same words, so nothing that one stranger wrote into the address
// and the cache passed over stands on the page of another.
func address(u *url.URL) string {
	return (&url.URL{Path: u.Path, RawQuery: u.Query().Encode()}).RequestURI()
}

// frame is the whole frame for this viewer, with messages and the form's token.
func (s *Site) frame(c *gin.Context, v *visit) (web.Frame, error) {
	f := s.public(c, v)
	if !v.actor.Anonymous() {
		viewer, err := s.viewer(c.Request.Context(), f, v)
		if err != nil {
			return f, err
		}
		f.Viewer = viewer
		f.CSRF = s.token(c)
	}
	f.Flash = s.takeFlash(c)
	return f, nil
}

// frameFor is frame with a title, for pages that nobody should index.
func (s *Site) frameFor(c *gin.Context, title string) (web.Frame, *visit, error) {
	v, err := s.visit(c)
	if err != nil {
		return web.Frame{}, nil, err
	}
	f, err := s.frame(c, v)
	f.Title, f.NoIndex = title, true
	return f, v, err
}

// indexable adds what search engines and other sites need: the canonical
// address, which always names the language, and its twins.
func (s *Site) indexable(f *web.Frame, path string) {
	f.Canonical, f.Alternates = s.absolute("/"+f.Lang+path), s.alternates(f.Langs, path)
}

// alternates are a page's addresses in the branch's languages and the one that
// chooses by the reader; none where there is nothing to choose.
func (s *Site) alternates(langs []string, path string) []web.Alternate {
	if len(langs) < 2 {
		return nil
	}
	var out []web.Alternate
	for _, lang := range langs {
		out = append(out, web.Alternate{Lang: lang, URL: s.absolute("/" + lang + path)})
	}
	return append(out, web.Alternate{Lang: "x-default", URL: s.absolute(path)})
}

// absolute is the full address of a path of ours.
func (s *Site) absolute(path string) string {
	u := url.URL{Scheme: s.URL.Scheme, Host: s.URL.Host}
	return u.String() + path
}

// home is the address to go to after an act, in the language of the address.
func (v *visit) to(path string) string { return v.base + path }

// moderates tells whether the viewer has something to do in the administration.
func (v *visit) moderates() bool { return v.actor.Is(account.Moderator) }
