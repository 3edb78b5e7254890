package site

import (
	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) claimForm(c *gin.Context) error {
	page, err := s.claimPage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// claimPage shows a typed code again only where another field was wrong.
func (s *Site) claimPage(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.stranger(c, "claim.title")
	if err != nil {
		return nil, err
	}
	p := web.ClaimPage{Troubles: bad.Summary, Code: web.Field{Name: "code", Label: f.T("claim.code"), Hint: f.T("claim.code_hint"),
		Error: bad.of("code"), Required: true, Max: 60}}
	if len(bad.Summary) > 0 && bad.of("code") == "" {
		p.Code.Value = value(c, "code") // the code is not spent yet, and long to type
	}
	p.Picks, p.Handle = s.handleFields(c, f, v, bad)
	return web.Claim(f, p), nil
}

// claim makes an imported profile the property of the person it is about: from
// now on it is an account like any other. One who is signed in leaves the old
// session by it.
func (s *Site) claim(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	a, code, err := s.Accounts.Claim(c.Request.Context(), account.Claim{Code: value(c, "code"), Handle: handle(c), Language: v.lang})
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.claimPage(c, bad) })
	}
	s.say(c, "ok", "claim.done")
	return s.begin(c, a, code, "/me/profile")
}
