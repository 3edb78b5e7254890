package site

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/web"
)

// office is signed for those who have the role; the features check it again.
func (s *Site) office(c *gin.Context, title string, role account.Role) (web.Frame, *visit, error) {
	f, v, err := s.signed(c, title)
	if err != nil {
		return f, nil, err
	}
	if !v.actor.Is(role) {
		return f, nil, fault.Of(fault.Forbidden, "not_allowed")
	}
	f.Tab = "admin"
	return f, v, nil
}

// adminTabs are the parts of the administration that the role opens.
func adminTabs(f web.Frame, v *visit, current string) []web.TabLink {
	tab := func(path, key string) web.TabLink {
		return web.TabLink{Label: f.T(key), URL: path, Current: path == current}
	}
	out := []web.TabLink{tab("/admin/waiting", "admin.tab_waiting"), tab("/admin/invitations", "admin.tab_invitations"), tab(disputesPath, "arbiter.tab"), tab(appealsPath, "admin.tab_appeals"), tab("/admin/claims", "claims.tab")}
	if v.actor.Is(account.Operator) {
		out = append([]web.TabLink{tab("/admin", "admin.tab_branch")}, append(out, tab("/admin/accounts", "admin.tab_accounts"), tab(fundOffice, "admin.tab_fund"), tab(agreementsDesk, "agreement.tab"))...)
	}
	return out
}

// admin is the branch's settings; a moderator finds the queue there.
func (s *Site) admin(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Is(account.Moderator) && !v.actor.Is(account.Operator) {
		return s.see(c, "/admin/waiting")
	}
	page, err := s.adminPage(c, v.branch, typedRates{}, problems{}, "")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// typedRates are the rates as the form held them; the zero value shows the saved ones.
type typedRates struct {
	posted bool
	date   string
	base   string
	per    map[string]string
}

func (s *Site) adminPage(c *gin.Context, b branch.Settings, r typedRates, bad problems, rules string) (templ.Component, error) {
	f, v, err := s.office(c, "admin.title", account.Operator)
	if err != nil {
		return nil, err
	}
	if !r.posted {
		r.base, r.per = b.Rates.Base, b.Rates.Per
		if !b.Rates.Date.IsZero() {
			r.date = b.Rates.Date.Format(dateForm)
		}
	}
	p := web.AdminPage{Tabs: adminTabs(f, v, "/admin"), Troubles: bad.Summary, Branch: s.branchForm(f, b, bad), RatesBad: bad.of("rates"),
		RateDate: web.Field{Name: "rate_date", Label: f.T("admin.rates_date"), Type: "date", Value: r.date},
		RateBase: web.Field{Name: "rate_base", Label: f.T("admin.rates_base")},
		Bases:    append([]web.Choice{{Label: f.T("admin.rates_base_none"), Selected: r.base == ""}}, coins(f, r.base)...)}
	p.Branch.RulesHTML = rules
	for _, code := range money.Currencies() {
		p.Rates = append(p.Rates, web.Field{Name: "rate_" + code, Label: f.T("admin.rate", "currency", code), Value: r.per[code], Max: 20, Mode: "decimal"})
	}
	return web.Admin(f, p), nil
}

// saveBranch stores the settings. Rates without a base are no rates.
func (s *Site) saveBranch(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	b := typedBranch(c, v.branch)
	rates := typedRates{posted: true, date: value(c, "rate_date"), base: value(c, "rate_base"), per: map[string]string{}}
	for _, code := range money.Currencies() {
		if text := value(c, "rate_"+code); text != "" {
			rates.per[code] = text
		}
	}
	if value(c, "preview") != "" {
		page, err := s.adminPage(c, b, rates, problems{}, previewHTML(b.Rules))
		if err != nil {
			return err
		}
		return s.show(c, http.StatusOK, page)
	}
	b.Rates = money.Rates{}
	if rates.base != "" {
		at, err := time.Parse(dateForm, rates.date)
		if err != nil {
			at = time.Time{} // refused as a missing date
		}
		b.Rates = money.Rates{Base: rates.base, Date: at, Per: rates.per}
	}
	if err = s.mayWrite(c); err == nil {
		err = s.Accounts.SaveSettings(c.Request.Context(), v.actor, b)
	}
	if err != nil {
		if fault.Is(err, fault.Forbidden) {
			return err
		}
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.adminPage(c, b, rates, bad, "") })
	}
	s.say(c, "ok", "admin.saved")
	return s.see(c, "/admin")
}

// waiting lists the profiles that a moderator has to read.
func (s *Site) waiting(c *gin.Context) error {
	f, v, err := s.office(c, "admin.waiting", account.Moderator)
	if err != nil {
		return err
	}
	list, err := s.Profiles.Waiting(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.WaitingPage{Tabs: adminTabs(f, v, "/admin/waiting")}
	for _, w := range list {
		row := web.WaitingRow{Name: w.Shown(), Handle: w.Handle, URL: w.Path(), Portrait: portrait(w.Seed, w.Picture),
			Headline: w.Headline, AboutHTML: markup.Render(w.About), Action: "/admin/waiting/" + w.AccountID, Version: strconv.FormatInt(w.Version, 10)}
		for _, l := range w.Links {
			row.Links = append(row.Links, web.Link{Label: l.Title, URL: l.URL})
		}
		p.List = append(p.List, row)
	}
	return s.show(c, http.StatusOK, web.Waiting(f, p))
}

func (s *Site) approve(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	version, err := strconv.ParseInt(value(c, "version"), 10, 64)
	if err != nil {
		version = 0 // no profile has it: the page is to be read again
	}
	if err := s.Profiles.Approve(c.Request.Context(), v.actor, c.Param("id"), version); err != nil {
		return err
	}
	s.say(c, "ok", "admin.approved")
	return s.see(c, "/admin/waiting")
}

func (s *Site) invitations(c *gin.Context) error { return s.invitationsPage(c, http.StatusOK, "") }

// invitationsPage shows a code just made, once.
func (s *Site) invitationsPage(c *gin.Context, status int, code string) error {
	f, v, err := s.office(c, "admin.invitations", account.Moderator)
	if err != nil {
		return err
	}
	return s.show(c, status, web.Invitations(f, web.InvitationsPage{Tabs: adminTabs(f, v, "/admin/invitations"), Code: code,
		Needed: v.branch.SignUp == branch.Invitation, Days: int(account.InvitationFor.Hours() / 24)}))
}

// invite answers with the page itself: a code is kept nowhere on the way.
func (s *Site) invite(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	code, err := s.Accounts.Invite(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	return s.invitationsPage(c, http.StatusCreated, code)
}

// accountsPage is how many accounts one page lists.
const accountsPage = 50

func (s *Site) accounts(c *gin.Context) error {
	page, err := s.accountsView(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) accountsView(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.office(c, "admin.accounts", account.Operator)
	if err != nil {
		return nil, err
	}
	prefix := c.Query("handle")
	list, err := s.Accounts.List(c.Request.Context(), v.actor, account.Filter{Prefix: prefix, After: c.Query("after"), Limit: accountsPage + 1})
	if err != nil {
		return nil, err
	}
	p := web.AccountsPage{Tabs: adminTabs(f, v, "/admin/accounts"), Troubles: bad.Summary,
		Prefix: web.Field{Name: "handle", ID: "f-prefix", Label: f.T("admin.prefix"), Value: prefix, Max: 30}}
	if len(list) > accountsPage {
		list = list[:accountsPage]
		p.NextURL = "/admin/accounts?" + url.Values{"handle": {prefix}, "after": {list[accountsPage-1].Handle}}.Encode()
	}
	for _, a := range list {
		row := web.AccountRow{Handle: a.Handle, Since: f.Texts.Date(a.JoinedOn), Portrait: portrait(a.AvatarSeed, ""),
			Claimed: a.State == account.Active, Action: "/admin/accounts/" + a.Handle}
		for _, r := range []account.Role{account.Member, account.Moderator, account.Operator} {
			row.Roles = append(row.Roles, web.Choice{Value: string(r), Label: f.T("admin.role_" + string(r)), Selected: a.Role == r})
		}
		p.Rows = append(p.Rows, row)
	}
	return web.Accounts(f, p), nil
}

func (s *Site) grantRole(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	handle := c.Param("handle")
	err = s.Accounts.GrantRole(c.Request.Context(), v.actor, handle, account.Role(value(c, "role")))
	if slices.Contains([]fault.Kind{fault.Conflict, fault.Invalid}, fault.KindOf(err)) {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.accountsView(c, bad) })
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "admin.role_done", "handle", handle)
	return s.see(c, "/admin/accounts")
}
