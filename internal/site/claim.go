package site

import (
	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) claimForm(c *gin.Context) error {
	page, err := s.claimPage(c, problems{}, account.Actor{})
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// claimPage shows a typed code again only where another field was wrong, and
// the draft of the one who is about to take it over.
func (s *Site) claimPage(c *gin.Context, bad problems, claimant account.Actor) (templ.Component, error) {
	f, v, err := s.stranger(c, "claim.title")
	if err != nil {
		return nil, err
	}
	p := web.ClaimPage{Troubles: bad.Summary, Code: web.Field{Name: "code", Label: f.T("claim.code"), Hint: f.T("claim.code_hint"),
		Error: bad.of("code"), Required: true, Max: 60}}
	if (len(bad.Summary) > 0 || !claimant.Anonymous()) && bad.of("code") == "" {
		p.Code.Value = value(c, "code") // the code is not spent yet, and long to type
	}
	if p.Draft, err = s.claimDraft(c, f, claimant); err != nil {
		return nil, err
	}
	p.Picks, p.Handle = s.handleFields(c, f, v, bad)
	return web.Claim(f, p), nil
}

// claimDraft is what an unclaimed profile says: its words, and nothing by which
// its owner could be reached.
func (s *Site) claimDraft(c *gin.Context, f web.Frame, by account.Actor) (*web.ClaimDraft, error) {
	if by.Anonymous() {
		return nil, nil //nolint:nilnil // nothing was asked for
	}
	p, err := s.Profiles.Mine(c.Request.Context(), by)
	if err != nil {
		return nil, err
	}
	d := &web.ClaimDraft{Name: p.Shown(), Headline: p.Headline, Portrait: portrait(p.Seed, p.Picture), AboutHTML: markup.Render(p.About),
		Lang: foreignText(f.Lang, p.Languages)}
	for _, id := range p.Skills {
		d.Skills = append(d.Skills, s.Skills.Name(id, f.Lang))
	}
	list, err := s.Market.Services(c.Request.Context(), by, p.Handle)
	for i := range list {
		d.Services = append(d.Services, list[i].Title)
	}
	return d, err
}

// claimPreview shows the draft that a code opens. The code goes in the body and
// never in an address, which browsers and logs keep.
func (s *Site) claimPreview(c *gin.Context) error {
	by, err := s.Accounts.Claimant(c.Request.Context(), value(c, "code"))
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.claimPage(c, bad, by) })
	}
	page, err := s.claimPage(c, problems{}, by)
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// claim makes an imported profile the property of the person it is about: from
// now on it is an account like any other. One who is signed in leaves the old
// session by it.
func (s *Site) claim(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if value(c, "preview") != "" {
		return s.claimPreview(c)
	}
	a, code, err := s.Accounts.Claim(c.Request.Context(), account.Claim{Code: value(c, "code"), Handle: handle(c), Language: v.lang})
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.claimPage(c, bad, account.Actor{}) })
	}
	s.say(c, "ok", "claim.done")
	return s.begin(c, a, code, "/me/profile")
}
