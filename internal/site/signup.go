package site

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/web"
)

// picks is how many made-up handles are offered.
const picks = 4

func (s *Site) signUpForm(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if !v.actor.Anonymous() {
		return s.see(c, local(c.Query("next"), "/me"))
	}
	page, err := s.signUpPage(c, problems{}, c.Query("next"))
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

// signUpPage is the form as it stands: with what was posted, and fresh picks
// beside the one that was chosen.
func (s *Site) signUpPage(c *gin.Context, bad problems, next string) (templ.Component, error) {
	f, v, err := s.stranger(c, "signup.title")
	if err != nil {
		return nil, err
	}
	p := web.SignUpPage{Closed: v.branch.SignUp == branch.Closed, Troubles: bad.Summary, Next: local(next, ""), RulesURL: "/rules"}
	if p.Closed {
		return web.SignUp(f, p), nil
	}
	p.Picks, p.Own = s.handleFields(c, f, v, bad)
	p.Invited = v.branch.SignUp == branch.Invitation
	p.Invitation = web.Field{Name: "invitation", Label: f.T("signup.invitation"), Hint: f.T("signup.invitation_hint"),
		Error: bad.of("invitation"), Value: value(c, "invitation"), Required: true, Max: 60}
	return web.SignUp(f, p), nil
}

// handleFields are the made-up handles, the chosen one first, and the field
// for a handle of one's own.
func (s *Site) handleFields(c *gin.Context, f web.Frame, v *visit, bad problems) ([]web.Choice, web.Field) {
	own := web.Field{Name: "handle", Label: f.T("signup.own"), Hint: f.T("signup.own_hint"), Error: bad.of("handle"),
		Value: value(c, "handle"), Max: 30, Complete: "username", Pattern: "[A-Za-z][A-Za-z0-9_\\-]{2,29}"}
	var list []string
	chosen := value(c, "pick")
	if chosen != "" && own.Value == "" && bad.of("handle") == "" {
		list = append(list, chosen)
	}
	list = append(list, s.Accounts.SuggestHandles(c.Request.Context(), v.lang, picks-len(list))...)
	var out []web.Choice
	for i, handle := range list {
		out = append(out, web.Choice{Value: handle, Label: handle, Selected: i == 0 && own.Value == ""})
	}
	return out, own
}

// handle is the one that was typed, in small letters, else the one that was
// picked.
func handle(c *gin.Context) string {
	if own := value(c, "handle"); own != "" {
		return strings.ToLower(own)
	}
	return value(c, "pick")
}

func (s *Site) signUp(c *gin.Context) error {
	next := value(c, "next")
	shown := func(bad problems) (templ.Component, error) { return s.signUpPage(c, bad, next) }
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if !v.actor.Anonymous() { // the form was open in a second tab
		return s.see(c, local(next, "/me"))
	}
	if value(c, "more") != "" {
		c.Request.PostForm.Del("pick")
		page, err := shown(problems{})
		if err != nil {
			return err
		}
		return s.show(c, 200, page)
	}
	if err := s.allow(c, classSignUp); err != nil { // making up handles costs nothing and is not counted
		return s.again(c, err, shown)
	}
	a, code, err := s.Accounts.SignUp(c.Request.Context(), account.SignUp{Handle: handle(c), Language: v.lang, Invitation: value(c, "invitation")})
	if err != nil {
		return s.again(c, err, shown)
	}
	return s.begin(c, a, code, next)
}

// begin signs a new account in and shows its code.
func (s *Site) begin(c *gin.Context, a account.Account, code, next string) error {
	if err := s.signIn(c, a); err != nil {
		return err
	}
	ctx := c.Request.Context()
	s.keepCode(ctx, a.ID, code)
	s.sessions.Put(ctx, keyFresh, true)
	s.sessions.Put(ctx, keyNext, local(next, "/me"))
	return s.see(c, "/code")
}

// keyFresh marks a code as the first one of its account.
const keyFresh = "fresh"

func (s *Site) codePage(c *gin.Context) error {
	page, err := s.codeView(c, problems{})
	if err != nil {
		return err
	}
	if page == nil {
		return s.see(c, "/me")
	}
	return s.show(c, 200, page)
}

// codeView shows the code that waits; without one there is no page.
func (s *Site) codeView(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "code.title")
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	code := s.keptCode(ctx, v.actor.ID)
	if code == "" {
		return nil, nil //nolint:nilnil // nothing waits, and that is no fault
	}
	return web.Code(f, web.CodePage{Code: code, Handle: v.actor.Handle, Fresh: s.sessions.GetBool(ctx, keyFresh), Troubles: bad.Summary,
		Saved: web.Field{Name: "saved", Label: f.T("code.saved"), Error: bad.of("saved"), Required: true}}), nil
}

// codeSaved makes the shown code the only one and forgets it.
func (s *Site) codeSaved(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	shown := func(bad problems) (templ.Component, error) {
		page, err := s.codeView(c, bad)
		if page == nil && err == nil {
			err = fault.Of(fault.Conflict, "code_not_pending")
		}
		return page, err
	}
	if value(c, "saved") == "" {
		return s.again(c, fault.Bad("saved", "code_not_saved"), shown)
	}
	ctx := c.Request.Context()
	// Of the code that this page showed: a second tab may have made another.
	if err := s.Accounts.ConfirmShown(ctx, v.actor, value(c, "shown")); err != nil {
		return s.again(c, err, shown)
	}
	fresh := s.sessions.GetBool(ctx, keyFresh)
	s.sessions.Remove(ctx, keyCode)
	s.sessions.Remove(ctx, keyFresh)
	if fresh {
		return s.see(c, "/welcome")
	}
	return s.see(c, local(s.sessions.PopString(ctx, keyNext), "/me"))
}

// welcome offers a passkey after the code of a new account.
func (s *Site) welcome(c *gin.Context) error {
	f, _, err := s.signed(c, "welcome.title")
	if err != nil {
		return err
	}
	next := local(s.sessions.GetString(c.Request.Context(), keyNext), "/me")
	f = f.With("passkey.js")
	return s.show(c, 200, web.Welcome(f, web.WelcomePage{Next: next, Passkey: web.Ceremony{Kind: "create",
		Begin: "/me/passkeys/begin", End: "/me/passkeys/finish", Next: next}}))
}
