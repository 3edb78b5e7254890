package site

import (
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/web"
)

// mountRights registers consents, claims of rights and those who decide them.
func (s *Site) mountRights(r gin.IRouter) {
	r.GET("/works/:id/claim", s.page(s.rightsForm))
	r.POST("/works/:id/claim", s.typed(s.claimRights))
	r.POST("/works/:id/claim/:claim/withdraw", s.act(s.withdrawClaim))
	r.GET("/works/:id/consent", s.page(s.consentForm))
	r.POST("/works/:id/consent", s.act(s.consent))
	r.GET("/admin/claims", s.page(s.rightsClaims))
	r.POST("/admin/claims/:id", s.typed(s.decideClaim))
	r.POST("/admin/claims/works/:id", s.typed(s.reinstateWork))
	s.mountAgreements(r)
}

func (s *Site) rightsForm(c *gin.Context) error {
	page, err := s.rightsPage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) rightsPage(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "claim_rights.title")
	if err != nil {
		return nil, err
	}
	w, err := s.Licences.Work(c.Request.Context(), v.actor, c.Param("id"))
	if err != nil {
		return nil, err
	}
	at := licence.WorkPath(w.ID)
	p := web.WorkClaimPage{Title: w.Title, URL: at, Action: at + "/claim", Troubles: bad.Summary,
		Text: web.Field{Name: "text", Label: f.T("claim_rights.text"), Hint: f.T("claim_rights.text_hint"), Value: value(c, "text"),
			Error: bad.of("text"), Required: true, Max: licence.MaxClaim},
		Evidence: web.Field{Name: "evidence", Label: f.T("claim_rights.evidence"), Hint: f.T("claim_rights.evidence_hint"),
			Value: value(c, "evidence"), Error: bad.of("evidence"), Type: "url", Max: licence.MaxWorkURL}}
	for _, x := range w.Claims {
		if x.Mine && x.State == licence.ClaimOpen {
			p.Withdraw = at + "/claim/" + x.ID + "/withdraw"
		}
	}
	return web.WorkClaim(f, p), nil
}

func (s *Site) claimRights(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Anonymous() {
		return fault.Of(fault.Unauthenticated, "signed_out")
	}
	id := c.Param("id")
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.Claim(c.Request.Context(), v.actor, id, value(c, "text"), value(c, "evidence"))
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.rightsPage(c, bad) })
	}
	s.say(c, "ok", "claim_rights.sent")
	return s.see(c, licence.WorkPath(id))
}

func (s *Site) withdrawClaim(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Licences.WithdrawClaim(c.Request.Context(), v.actor, c.Param("claim")); err != nil {
		return err
	}
	s.say(c, "ok", "claim_rights.withdrawn")
	return s.see(c, licence.WorkPath(c.Param("id")))
}

func (s *Site) consentForm(c *gin.Context) error {
	page, err := s.consentPage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// consentPage is what an author is asked for. Who has no part in the work has
// no such page.
func (s *Site) consentPage(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "consent.title")
	if err != nil {
		return nil, err
	}
	w, err := s.Licences.Work(c.Request.Context(), v.actor, c.Param("id"))
	if err != nil {
		return nil, err
	}
	if w.Asked == nil {
		return nil, fault.Of(fault.NotFound, "contribution_none")
	}
	at := licence.WorkPath(w.ID)
	p := web.ConsentPage{Title: w.Title, WorkURL: at, Action: at + "/consent", Troubles: bad.Summary, Asker: seller(f, &w).Name}
	one := web.ConsentAsked{Part: w.Asked.Part, Version: w.Current.Label, Payee: w.Paid, Uses: f.T("consent.uses_text"),
		Confirm: web.Field{Name: "sure", Label: f.T("consent.confirm"), Error: bad.of("sure"), Required: true}}
	if one.Part == "" {
		one.Part = f.T("consent.part")
	}
	one.State, one.CanGive, one.CanEnd = consentState(&w)
	one.StateTxt = f.T("consent.state_" + one.State)
	if one.State == "needless" {
		one.StateTxt, _ = groundWord(f, w.Asked)
	}
	p.List = []web.ConsentAsked{one}
	return web.Consent(f, p), nil
}

// consentState is how a consent stands and what its author can do now. One for
// another payee than the work names now has to be given anew.
func consentState(w *licence.WorkView) (state string, give, end bool) {
	given := w.Asked.Ground == licence.GroundConsent && w.Asked.HasGiven
	switch {
	case given && w.Asked.Payee == w.Paid:
		return "given", false, true
	case given:
		return "asked", w.State != licence.WorkWithdrawn, true
	case w.Asked.Ground == licence.GroundOpen || w.Asked.Ground == licence.GroundConsent:
		return "asked", w.State != licence.WorkWithdrawn && w.Paid != "", false
	}
	return "needless", false, false
}

func (s *Site) consent(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	id, said := c.Param("id"), "consent.given"
	switch act := value(c, "act"); {
	case act == "withdraw":
		said, err = "consent.ended", s.Licences.WithdrawConsent(c.Request.Context(), v.actor, id)
	case act == "give" && value(c, "sure") == "" && !v.actor.Anonymous():
		err = fault.Bad("sure", "required")
	case act == "give":
		_, err = s.Licences.Consent(c.Request.Context(), v.actor, id, value(c, "payee"))
	default:
		err = fault.Of(fault.Invalid, "form_malformed")
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.consentPage(c, bad) })
	}
	s.say(c, "ok", said)
	return s.see(c, licence.WorkPath(id)+"/consent")
}

func (s *Site) rightsClaims(c *gin.Context) error {
	page, err := s.rightsClaimsPage(c, "", problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) rightsClaimsPage(c *gin.Context, id string, bad problems) (templ.Component, error) {
	f, v, err := s.office(c, "claims.title", account.Moderator)
	if err != nil {
		return nil, err
	}
	list, err := s.Licences.OpenClaims(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	p := web.ClaimsPage{Tabs: adminTabs(f, v, "/admin/claims")}
	for _, x := range list {
		row := web.ClaimRow{ID: x.ID, Work: x.WorkTitle, WorkURL: licence.WorkPath(x.WorkID), Date: f.Texts.Date(x.MadeOn), Text: x.Text,
			Evidence: x.Evidence, Action: "/admin/claims/" + x.ID, Own: x.Own,
			Reason: web.Field{Name: "reason", ID: "f-reason-" + x.ID, Label: f.T("claims.reason"), Hint: f.T("claims.reason_hint"),
				Required: true, Max: licence.MaxReason}}
		if x.ID == id {
			row.Troubles = refusedReason(c, &row.Reason, bad)
		}
		p.List = append(p.List, row)
	}
	if p.Stopped, err = s.stoppedWorks(c, f, v, id, bad); err != nil {
		return nil, err
	}
	return web.Claims(f, p), nil
}

// refusedReason puts what was typed back into one of several forms of a page.
func refusedReason(c *gin.Context, field *web.Field, bad problems) []web.Trouble {
	field.Value, field.Error = value(c, "reason"), bad.of("reason")
	out := slices.Clone(bad.Summary)
	for i := range out {
		if out[i].Field == "f-reason" {
			out[i].Field = field.ID
		}
	}
	return out
}

// stoppedWorks are the suspended works, each with the form that brings it back.
func (s *Site) stoppedWorks(c *gin.Context, f web.Frame, v *visit, id string, bad problems) (out []web.StoppedRow, err error) {
	list, err := s.Licences.Suspended(c.Request.Context(), v.actor)
	for i := range list {
		w := &list[i]
		row := web.StoppedRow{ID: w.ID, Work: w.Title, WorkURL: licence.WorkPath(w.ID), Why: w.Reason, Action: "/admin/claims/works/" + w.ID, Own: w.Own,
			Reason: web.Field{Name: "reason", ID: "f-lift-" + w.ID, Label: f.T("claims.reinstate_reason"), Hint: f.T("claims.reason_hint"),
				Required: true, Max: licence.MaxReason}}
		if !w.Since.IsZero() {
			row.Since = f.T("claims.stopped_since", "date", f.Texts.Date(w.Since))
		}
		if w.ID == id {
			row.Troubles = refusedReason(c, &row.Reason, bad)
		}
		out = append(out, row)
	}
	return out, err
}

func (s *Site) reinstateWork(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.Reinstate(c.Request.Context(), v.actor, c.Param("id"), value(c, "reason"))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.RateLimited) {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.rightsClaimsPage(c, c.Param("id"), bad) })
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "claims.reinstated")
	return s.see(c, "/admin/claims")
}

func (s *Site) decideClaim(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	decision := value(c, "decision")
	if decision != "upheld" && decision != "rejected" {
		return fault.Of(fault.Invalid, "form_malformed")
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.DecideClaim(c.Request.Context(), v.actor, c.Param("id"), decision == "upheld", value(c, "reason"))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.RateLimited) {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.rightsClaimsPage(c, c.Param("id"), bad) })
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "claims.decided")
	return s.see(c, "/admin/claims")
}
