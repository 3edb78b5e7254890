package site

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/internal/secret"
	"github.com/tmoeg/oduvan/web"
)

// show writes a page of one viewer: never stored anywhere on the way.
func (s *Site) show(c *gin.Context, status int, page templ.Component) error {
	secureHeaders(c.Writer.Header())
	if c.GetBool(leadsOut) {
		c.Header("Content-Security-Policy", web.PolicyTo(s.StripeHosts...))
	}
	c.Header("Content-Type", "text/html; charset=utf-8")
	c.Header("Cache-Control", "no-store")
	c.Status(status)
	return page.Render(c.Request.Context(), c.Writer)
}

func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", web.Policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
}

// see answers a form that was taken: the browser fetches the next page, and a
// reload repeats nothing.
func (s *Site) see(c *gin.Context, path string) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	c.Redirect(http.StatusSeeOther, v.to(path))
	return nil
}

func tooMany(c *gin.Context, after time.Duration) error {
	seconds := int(after.Seconds()) + 1
	c.Header("Retry-After", strconv.Itoa(seconds))
	return fault.Of(fault.RateLimited, "too_many").With("seconds", seconds)
}

// fail shows an error's page. Strangers who need an account are sent to sign
// in and come back; an internal error shows only an id.
func (s *Site) fail(c *gin.Context, err error) {
	status, kind := answer.Of(err, c.Request.Context().Err())
	if status == answer.Gone {
		c.Status(status)
		return
	}
	if c.Writer.Written() {
		s.Log.Error("page broke off", "route", c.FullPath(), "error", err)
		return
	}
	if kind == fault.Unauthenticated && c.Request.Method == http.MethodGet {
		if v, verr := s.visit(c); verr == nil {
			c.Redirect(http.StatusSeeOther, v.to("/login?next="+templ.EscapeString(queryEscape(c.Request.URL.RequestURI()))))
			return
		}
	}
	id := ""
	if kind == fault.Internal {
		id = secret.NewCode()[:11]
		s.Log.Error("request failed", "route", c.FullPath(), "error_id", id, "error", err)
	}
	if kind == fault.Unavailable && c.Writer.Header().Get("Retry-After") == "" {
		c.Header("Retry-After", "2")
	}
	s.showFault(c, err, id)
}

func (s *Site) showFault(c *gin.Context, err error, id string) {
	status, kind := answer.Of(err, c.Request.Context().Err())
	v, verr := s.visit(c)
	if verr != nil {
		v = &visit{lang: web.Russian}
	}
	f := s.public(c, v)
	if verr == nil && !v.actor.Anonymous() {
		if full, ferr := s.frame(c, v); ferr == nil {
			f = full
		}
	}
	code, args := "", map[string]any(nil)
	if all := fault.All(err); len(all) > 0 && kind != fault.Internal {
		code, args = all[0].Code, all[0].Args
	}
	f.NoIndex = true
	page := f.Error(kind.String(), code, args, id)
	if form := formPage(c); code == "form_expired" && form != "" {
		page.Next = append([]web.Link{{Label: f.T("error.to_form"), URL: form}}, page.Next...)
	}
	f.Title = page.Title
	if err := s.show(c, status, web.Fault(f, page)); err != nil {
		s.Log.Warn("error page", "error", err)
	}
}

// showsForm tells whether a route shows a form to be sent.
func showsForm(route string) bool {
	switch route {
	case "/signup", "/code", "/login", "/claim", "/setup", "/me", "/me/profile", "/me/profile/picture", "/me/services", "/me/services/new",
		"/me/services/:id", "/me/searches", "/me/searches/:id", "/me/searches/:id/delete", "/me/services/:id/delete", "/me/settings", "/me/erase", "/admin", "/admin/invitations", "/orders/:id", "/admin/orders/:id", "/works/:id/licence", "/admin/claims", agreementsDesk,
		ownWorksPath, newWorkPath, "/me/works/:id", "/me/works/:id/edit", "/me/works/:id/delete", "/me/works/:id/authors/:part/remove", "/me/works/:id/offers/new", "/me/works/:id/offers/:offer",
		"/works/:id/claim", "/works/:id/consent", "/agreements/:n", stripePath:
		return true
	}
	return false
}

// formPage is the page whose form was sent here: the address itself or the
// nearest one above it that shows a form; empty where there is none.
func formPage(c *gin.Context) string {
	route, path := c.FullPath(), c.Request.URL.Path
	for route != "" && !showsForm(route) {
		route, path = route[:strings.LastIndexByte(route, '/')], path[:strings.LastIndexByte(path, '/')]
	}
	if route == "" {
		return ""
	}
	return path
}
