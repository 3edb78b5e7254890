package site

import (
	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) loginForm(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if !v.actor.Anonymous() {
		return s.see(c, local(c.Query("next"), "/me"))
	}
	page, err := s.loginPage(c, problems{}, c.Query("next"))
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// loginPage never shows a typed code again: what was wrong in it is not the
// page's to keep.
func (s *Site) loginPage(c *gin.Context, bad problems, next string) (templ.Component, error) {
	f, _, err := s.stranger(c, "login.title")
	if err != nil {
		return nil, err
	}
	f = f.With("passkey.js")
	next = local(next, "")
	return web.Login(f, web.LoginPage{Troubles: bad.Summary, Next: next,
		Code: web.Field{Name: "code", Label: f.T("login.code_label"), Hint: f.T("login.code_hint"), Error: bad.of("code"),
			Required: true, Max: 60},
		Passkey: web.Ceremony{Kind: "get", Begin: "/login/passkey/begin", End: "/login/passkey/finish", Next: next}}), nil
}

// login takes a recovery code and shows the next one; the old one works until
// that is confirmed.
func (s *Site) login(c *gin.Context) error {
	ctx, next := c.Request.Context(), value(c, "next")
	a, code, err := s.Accounts.SignInByCode(ctx, value(c, "code"))
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.loginPage(c, bad, next) })
	}
	if err := s.enter(c, a); err != nil {
		return err
	}
	s.sessions.Remove(ctx, keyFresh)
	s.keepCode(ctx, a.ID, code)
	s.sessions.Put(ctx, keyNext, local(next, "/me"))
	s.say(c, "ok", "login.welcome", "handle", a.Handle)
	return s.see(c, "/code")
}

// enter starts the session of one who was here before, and lets the profile
// know that its owner is there.
func (s *Site) enter(c *gin.Context, a account.Account) error {
	if err := s.signIn(c, a); err != nil {
		return err
	}
	return s.Profiles.Seen(c.Request.Context(), a.Actor())
}

// logout tells a stranger nothing, since a word would need a session.
func (s *Site) logout(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Anonymous() {
		return s.see(c, "/")
	}
	return s.goodbye(c, "login.out")
}
