package site

import (
	"slices"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/web"
)

// setupOver hides the first run once it is done: the page does not exist then.
func (s *Site) setupOver(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.branch.Done() {
		return fault.Of(fault.NotFound, "not_found")
	}
	return nil
}

func (s *Site) setupForm(c *gin.Context) error {
	if err := s.setupOver(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	settings := v.branch
	settings.Name = ""
	if settings.Rules == "" {
		settings.Rules = s.Web.Texts(v.lang).T("setup.rules_text")
	}
	page, err := s.setupPage(c, settings, problems{}, "")
	if err != nil {
		return err
	}
	return s.show(c, 200, page)
}

func (s *Site) setupPage(c *gin.Context, settings branch.Settings, bad problems, rules string) (templ.Component, error) {
	f, _, err := s.stranger(c, "setup.title")
	if err != nil {
		return nil, err
	}
	code := value(c, "code")
	if code == "" {
		code = c.Query("code")
	}
	p := web.SetupPage{Troubles: bad.Summary, Branch: s.branchForm(f, settings, bad),
		Code: web.Field{Name: "code", Label: f.T("setup.code"), Hint: f.T("setup.code_hint"), Error: bad.of("code"), Value: code,
			Required: true, Max: 60},
		Handle: web.Field{Name: "handle", Label: f.T("setup.handle"), Hint: f.T("setup.handle_hint"), Error: bad.of("handle"),
			Value: value(c, "handle"), Required: true, Max: 30, Complete: "username"}}
	p.Branch.RulesHTML = rules
	return web.Setup(f, p), nil
}

// setup ends the first run: the operator's account and the branch's settings
// come to be together.
func (s *Site) setup(c *gin.Context) error {
	if err := s.setupOver(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	settings := typedBranch(c, v.branch)
	if value(c, "preview") != "" {
		page, err := s.setupPage(c, settings, problems{}, previewHTML(settings.Rules))
		if err != nil {
			return err
		}
		return s.show(c, 200, page)
	}
	a, code, err := s.Accounts.SetUp(c.Request.Context(), account.SetUp{Code: value(c, "code"), Handle: handle(c),
		Language: v.lang, Settings: settings})
	if fault.Is(err, fault.Gone) {
		return fault.Of(fault.NotFound, "not_found")
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.setupPage(c, settings, bad, "") })
	}
	s.say(c, "ok", "setup.done")
	return s.begin(c, a, code, "/admin")
}

// typedBranch reads the form's part that setup and administration share, on
// top of what the form does not hold.
func typedBranch(c *gin.Context, b branch.Settings) branch.Settings {
	b.Name, b.Rules, b.Currency = value(c, "name"), value(c, "rules"), value(c, "currency")
	b.Languages = mainFirst(values(c, "languages"), value(c, "main_language"))
	b.SignUp, b.Approval = branch.SignUp(value(c, "sign_up")), value(c, "approval") != ""
	b.Links = branch.Links{Discord: value(c, "discord"), GitHub: value(c, "github"), YouTube: value(c, "youtube"), Site: value(c, "site")}
	return b
}

// mainFirst puts the main language first. One that was not chosen beside it
// says nothing.
func mainFirst(list []string, lang string) []string {
	if i := slices.Index(list, lang); i > 0 {
		list = slices.Insert(slices.Delete(list, i, i+1), 0, lang)
	}
	return list
}

// branchForm is the form's part that setup and administration share. The
// board's own address is told there: it is a setting of the program.
func (s *Site) branchForm(f web.Frame, b branch.Settings, bad problems) web.BranchForm {
	text := func(name, value string, most int) web.Field {
		return web.Field{Name: name, Label: f.T("setup." + name), Value: value, Error: bad.of(name), Max: most}
	}
	p := web.BranchForm{Address: s.absolute(""), Main: text("main_language", "", 0), Name: text("name", b.Name, branch.MaxName), LangsBad: bad.of("languages"), SignUpBad: bad.of("sign_up"),
		Approval: text("approval", "", 0), Approve: b.Approval, Currency: text("currency", "", 0), Coins: coins(f, b.Currency)}
	p.Name.Hint, p.Name.Required = f.T("setup.name_hint"), true
	p.Currency.Hint, p.Approval.Hint = f.T("setup.currency_hint"), f.T("setup.approval_hint")
	p.Rules = web.Field{Name: "rules", Label: f.T("setup.rules_label"), Hint: f.T("setup.rules_hint"), Value: b.Rules,
		Error: bad.of("rules"), Max: branch.MaxRules, Rows: 14, Preview: f.Link("/me/preview")}
	p.Main.Hint = f.T("setup.main_language_hint")
	for _, lang := range s.Web.Languages() {
		one := web.Choice{Value: lang, Label: f.Texts.Language(lang), Selected: b.Speaks(lang)}
		if lang != f.Lang {
			one.Lang = lang
		}
		p.Languages = append(p.Languages, one)
		one.Selected = len(b.Languages) > 0 && b.Languages[0] == lang
		p.Mains = append(p.Mains, one)
	}
	for _, way := range []branch.SignUp{branch.Open, branch.Invitation, branch.Closed} {
		p.SignUps = append(p.SignUps, web.Choice{Value: string(way), Label: f.T("setup.sign_up_" + string(way)),
			Hint: f.T("setup.sign_up_" + string(way) + "_hint"), Selected: b.SignUp == way})
	}
	for _, l := range []struct{ name, value string }{{"discord", b.Links.Discord}, {"github", b.Links.GitHub},
		{"youtube", b.Links.YouTube}, {"site", b.Links.Site}} {
		field := text(l.name, l.value, branch.MaxLink)
		field.Type, field.Holder = "url", "https://"
		p.Links = append(p.Links, field)
	}
	return p
}

// coins are the currencies that prices come in.
func coins(f web.Frame, chosen string) []web.Choice {
	var out []web.Choice
	for _, code := range money.Currencies() {
		out = append(out, web.Choice{Value: code, Label: code + " · " + f.Texts.Currency(code), Selected: code == chosen})
	}
	return out
}
