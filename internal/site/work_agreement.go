package site

import (
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/web"
)

const (
	agreementsPath = "/agreements"
	agreementsDesk = "/admin/agreements"
)

// The bounds of the form's texts, in characters: both together, written as a
// form writes Russian letters, stay within formBytes.
const (
	formRussian = 8000
	formEnglish = 9000
)

// mountAgreements registers the contributor agreement's versions.
func (s *Site) mountAgreements(r gin.IRouter) {
	r.GET(agreementsPath, s.open(s.agreements))
	r.GET("/agreements/:n", s.page(s.agreement))
	r.POST("/agreements/:n/accept", s.act(s.acceptAgreement))
	r.GET(agreementsDesk, s.page(s.agreementDesk))
	r.POST(agreementsDesk, s.typed(s.draftAgreement))
	r.POST("/admin/agreements/:n/open", s.act(s.discussAgreement))
	r.POST("/admin/agreements/:n/adopt", s.act(s.adoptAgreement))
}

func (s *Site) agreements(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	list, err := s.Licences.Agreements(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	f.Title, f.Description = f.T("agreement.list"), f.T("agreement.lead")
	s.indexable(&f, agreementsPath)
	p := web.AgreementsPage{Admin: v.actor.Is(account.Operator)}
	for i := range list {
		p.List = append(p.List, agreementRow(f, &list[i]))
	}
	return web.Agreements(f, p), nil
}

func agreementRow(f web.Frame, a *licence.Agreement) web.AgreementRow {
	row := web.AgreementRow{Number: f.T("agreement.number", "n", a.N), URL: agreementsPath + "/" + strconv.Itoa(a.N), State: string(a.State),
		StateWord: f.T("agreement.state_" + string(a.State)), Meta: f.Texts.Date(a.CreatedOn)}
	switch a.State {
	case licence.AgreementDiscussion:
		row.Meta = talkTime(f, a)
	case licence.AgreementAdopted:
		row.Meta = f.Texts.Date(a.AdoptedAt)
	}
	return row
}

func talkTime(f web.Frame, a *licence.Agreement) string {
	return f.T("agreement.talk_when", "from", f.Texts.Date(a.From), "to", f.Texts.Moment(a.Until))
}

// agreementNumber is the version of the address.
func agreementNumber(c *gin.Context) (int, error) {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 {
		return 0, fault.Of(fault.NotFound, "agreement_unknown")
	}
	return n, nil
}

func (s *Site) agreement(c *gin.Context) error {
	page, err := s.agreementPage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) agreementPage(c *gin.Context, bad problems) (templ.Component, error) {
	n, err := agreementNumber(c)
	if err != nil {
		return nil, err
	}
	f, v, err := s.frameFor(c, "")
	if err != nil {
		return nil, err
	}
	a, err := s.Licences.Agreement(c.Request.Context(), v.actor, n)
	if err != nil {
		return nil, err
	}
	at := agreementsPath + "/" + strconv.Itoa(n)
	f.Title, f.NoIndex = f.T("agreement.number", "n", n)+" · "+f.T("agreement.list"), a.State == licence.AgreementDraft
	s.indexable(&f, at)
	text := a.Ru
	if f.Lang == web.English {
		text = a.En
	}
	p := web.AgreementPage{Number: f.T("agreement.number", "n", n), State: string(a.State), StateWord: f.T("agreement.state_" + string(a.State)),
		StateText: f.T("agreement.text_" + string(a.State)), BodyHTML: markup.Render(text), SHA256: a.SHA256, Talk: a.Discussion, Decision: a.Decision,
		Troubles: bad.Summary, Confirm: web.Field{Name: "sure", Label: f.T("agreement.accept_confirm"), Required: true, Error: bad.of("sure")}}
	if a.Discussion != "" {
		p.TalkWhen = talkTime(f, &a.Agreement)
	}
	if a.State == licence.AgreementAdopted {
		p.Adopted = f.Texts.Date(a.AdoptedAt)
		switch {
		case !a.Accepted.IsZero():
			p.Accepted = f.Texts.Date(a.Accepted)
		case v.actor.Anonymous():
			p.LoginURL = "/login?next=" + queryEscape(at)
		default:
			p.Accept = at + "/accept"
		}
	}
	return web.Agreement(f, p), nil
}

// acceptAgreement accepts the version that was read: the form says by its
// digest which text that was.
func (s *Site) acceptAgreement(c *gin.Context) error {
	n, err := agreementNumber(c)
	if err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	a, err := s.Licences.Agreement(c.Request.Context(), v.actor, n)
	switch {
	case err != nil:
	case value(c, "sha256") != a.SHA256:
		err = fault.Of(fault.Conflict, "changed_meanwhile")
	case value(c, "sure") == "" && !v.actor.Anonymous():
		err = fault.Bad("sure", "required")
	default:
		_, err = s.Licences.Accept(c.Request.Context(), v.actor, n)
	}
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.agreementPage(c, bad) })
	}
	s.say(c, "ok", "agreement.accept_done")
	return s.see(c, agreementsPath+"/"+strconv.Itoa(n))
}

func (s *Site) agreementDesk(c *gin.Context) error {
	page, err := s.agreementDeskPage(c, 0, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// agreementDeskPage is where an operator leads versions on. n is the version
// whose step was refused, 0 the form of a new one.
func (s *Site) agreementDeskPage(c *gin.Context, n int, bad problems) (templ.Component, error) {
	f, v, err := s.office(c, "agreement.admin", account.Operator)
	if err != nil {
		return nil, err
	}
	list, err := s.Licences.Agreements(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	p := web.AgreementsAdmin{Tabs: adminTabs(f, v, agreementsDesk), Action: agreementsDesk}
	fresh := bad
	if n > 0 {
		fresh = problems{}
	}
	p.Troubles = fresh.Summary
	p.Ru = web.Field{Name: "text_ru", Label: f.T("agreement.body_ru"), Hint: f.T("agreement.body_hint"), Value: value(c, "text_ru"),
		Error: fresh.of("text_ru"), Required: true, Max: formRussian, Rows: 14}
	p.En = web.Field{Name: "text_en", Label: f.T("agreement.body_en"), Value: value(c, "text_en"), Error: fresh.of("text_en"),
		Required: true, Max: formEnglish, Rows: 14}
	for i := range list {
		p.List = append(p.List, s.agreementAct(c, f, &list[i], of(strconv.Itoa(n), strconv.Itoa(list[i].N), bad)))
	}
	return web.AdminAgreements(f, p), nil
}

// agreementAct is a version with its next step. The fields of several versions
// stand on one page, so each has an id of its own.
func (s *Site) agreementAct(c *gin.Context, f web.Frame, a *licence.Agreement, bad problems) web.AgreementAct {
	n := strconv.Itoa(a.N)
	at := agreementsDesk + "/" + n
	field := func(name, key string) web.Field {
		d := web.Field{Name: name, ID: "f-" + name + "-" + n, Label: f.T(key), Error: bad.of(name), Required: true, Type: "url", Max: licence.MaxWorkURL}
		if len(bad.Summary) > 0 {
			d.Value = value(c, name)
		}
		for i := range bad.Summary {
			if bad.Summary[i].Field == "f-"+name {
				bad.Summary[i].Field = d.ID
			}
		}
		return d
	}
	out := web.AgreementAct{Row: agreementRow(f, a)}
	switch a.State {
	case licence.AgreementDraft:
		out.Open, out.Talk, out.Until = at+"/open", field("discussion", "agreement.talk_url"), field("until", "agreement.until")
		out.Talk.Hint, out.Until.Type, out.Until.Max = f.T("agreement.talk_url_hint"), "date", 0
		out.Until.Hint = f.N("agreement.until_hint", int(licence.MinDiscussion.Hours()/24))
	case licence.AgreementDiscussion:
		out.Adopt, out.Decide, out.Ends = at+"/adopt", field("decision", "agreement.decide"), f.T("agreement.ends", "date", f.Texts.Moment(a.Until))
		out.Decide.Hint = f.T("agreement.decide_hint")
	}
	out.Bad = bad.Summary
	return out
}

func (s *Site) draftAgreement(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.DraftAgreement(c.Request.Context(), v.actor, value(c, "text_ru"), value(c, "text_en"))
	}
	return s.deskDone(c, 0, err, "agreement.made")
}

func (s *Site) discussAgreement(c *gin.Context) error {
	n, err := agreementNumber(c)
	if err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	until, err := time.Parse(time.DateOnly, value(c, "until"))
	if err != nil {
		err = fault.Bad("until", "day_form")
	} else {
		_, err = s.Licences.Discuss(c.Request.Context(), v.actor, n, value(c, "discussion"), until)
	}
	return s.deskDone(c, n, err, "agreement.opened")
}

func (s *Site) adoptAgreement(c *gin.Context) error {
	n, err := agreementNumber(c)
	if err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	_, err = s.Licences.Adopt(c.Request.Context(), v.actor, n, value(c, "decision"))
	return s.deskDone(c, n, err, "agreement.adopted")
}

// deskDone answers an operator's act: the desk again, with what is wrong where
// it is.
func (s *Site) deskDone(c *gin.Context, n int, err error, said string) error {
	switch kind := fault.KindOf(err); {
	case err == nil:
		s.say(c, "ok", said)
		return s.see(c, agreementsDesk)
	case kind == fault.Invalid || kind == fault.Conflict || kind == fault.RateLimited:
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.agreementDeskPage(c, n, bad) })
	}
	return err
}
