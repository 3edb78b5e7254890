package site

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

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

type locale struct{ lang, base string }

// localised takes the language from a prefix of the path ("/en/search") and
// routes the rest; without one the cookie and Accept-Language decide.
func (s *Site) localised(next http.Handler) http.Handler {
	matcher := language.NewMatcher([]language.Tag{language.Russian, language.English})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var l locale
		for _, lang := range s.Web.Languages() {
			if rest, ok := strings.CutPrefix(r.URL.Path, "/"+lang); ok && (rest == "" || rest[0] == '/') {
				l = locale{lang: lang, base: "/" + lang}
				r = stripped(r, rest)
				break
			}
		}
		if l.lang == "" {
			l.lang = s.preferred(r, matcher)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), localeKey{}, l)))
	})
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

func (s *Site) preferred(r *http.Request, m language.Matcher) string {
	if c, err := r.Cookie(s.cookie("lang")); err == nil && (c.Value == web.Russian || c.Value == web.English) {
		return c.Value
	}
	header := r.Header.Get("Accept-Language")
	if header == "" || len(header) > 200 {
		return web.Russian
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return web.Russian
	}
	_, i, confidence := m.Match(tags...)
	if i == 1 && confidence > language.No {
		return web.English
	}
	if confidence == language.No {
		return foreign(tags)
	}
	return web.Russian
}

// foreign chooses for speakers of neither language: Russian where it is widely
// understood, English elsewhere.
func foreign(tags []language.Tag) string {
	base, _ := tags[0].Base()
	switch base.String() {
	case "kk", "be", "ky", "uz", "tg", "hy", "az", "ka", "tt", "ba", "uk", "mo", "tk":
		return web.Russian
	}
	return web.English
}

const visitKey = "visit"

// visit finds out who looks. A session that ended elsewhere is nobody.
func (s *Site) visit(c *gin.Context) (*visit, error) {
	if v, ok := c.Get(visitKey); ok {
		return v.(*visit), nil //nolint:forcetypeassert // only set below
	}
	ctx := c.Request.Context()
	l, _ := ctx.Value(localeKey{}).(locale)
	v := &visit{lang: l.lang, base: l.base}
	var err error
	if v.branch, err = s.Branch.Settings(ctx); err != nil {
		return nil, err
	}
	if v.actor, err = s.actor(ctx); err != nil {
		return nil, err
	}
	c.Set(visitKey, v)
	return v, nil
}

// public is the part of a page's frame that every viewer of a language shares.
func (s *Site) public(c *gin.Context, v *visit) web.Frame {
	f := s.Web.Frame(v.lang)
	f.Base, f.Theme = v.base, s.theme(c)
	if !v.branch.SetupAt.IsZero() {
		f.BranchName = v.branch.Name // before the first run the brand's own name stands there
	}
	f.Path = address(c.Request.URL)
	f.Footer = []web.Link{{Label: f.T("footer_link.join"), URL: "/join"}, {Label: f.T("footer_link.about"), URL: "/about"}, {Label: f.T("footer_link.privacy"), URL: "/privacy"},
		{Label: f.T("footer_link.rules"), URL: "/rules"}, {Label: f.T("footer_link.api"), URL: "/api/docs"}}
	if v.branch.SignUp != branch.Closed {
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
	full := func(lang string) string { return s.absolute("/" + lang + path) }
	f.Canonical = full(f.Lang)
	f.Alternates = []web.Alternate{{Lang: web.Russian, URL: full(web.Russian)}, {Lang: web.English, URL: full(web.English)},
		{Lang: "x-default", URL: s.absolute(path)}}
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
