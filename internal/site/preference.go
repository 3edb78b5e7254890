package site

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/web"
)

const preferenceLife = 365 * 24 * 3600 // seconds

func (s *Site) mountPreferences(r gin.IRouter) {
	r.GET("/theme", s.page(s.setTheme))
	r.GET("/language", s.page(s.setLanguage))
}

// theme is the look this browser asked for: a cookie with one of three words.
func (s *Site) theme(c *gin.Context) string {
	if ck, err := c.Request.Cookie(s.cookie("theme")); err == nil {
		switch ck.Value {
		case web.ThemeLight, web.ThemeDark:
			return ck.Value
		}
	}
	return web.ThemeAuto
}

// setTheme keeps a preference in the browser itself; nothing is stored here.
func (s *Site) setTheme(c *gin.Context) error {
	switch set := c.Query("set"); set {
	case web.ThemeLight, web.ThemeDark, web.ThemeAuto:
		s.prefer(c, "theme", set)
	}
	c.Redirect(http.StatusSeeOther, local(c.Query("next"), "/"))
	return nil
}

// setLanguage keeps the choice of a language that the branch speaks: in the
// browser, and for whoever is signed in also in the account, since feeds and
// pushes have no browser to ask. A link on somebody else's page may change what
// this browser shows, but not the account.
func (s *Site) setLanguage(c *gin.Context) error {
	if set := c.Query("set"); localeOf(c.Request).branch.Speaks(set) {
		s.prefer(c, "lang", set)
		v, err := s.visit(c)
		if err != nil {
			return err
		}
		if !v.actor.Anonymous() && !foreign(c.Request) {
			if err := s.Accounts.SetLanguage(c.Request.Context(), v.actor, set); err != nil {
				return err
			}
		}
	}
	c.Redirect(http.StatusSeeOther, local(c.Query("next"), "/"))
	return nil
}

// foreign tells that the browser came here by a link on another site.
func foreign(r *http.Request) bool {
	from := r.Header.Get("Sec-Fetch-Site")
	return from != "" && from != "same-origin" && from != "none"
}

// prefer sets a cookie that the theme's script may also set.
func (s *Site) prefer(c *gin.Context, name, value string) {
	http.SetCookie(c.Writer, &http.Cookie{Name: s.cookie(name), Value: value, Path: "/", MaxAge: preferenceLife,
		Secure: s.secure(), SameSite: http.SameSiteLaxMode})
}
