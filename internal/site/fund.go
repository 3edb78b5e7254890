package site

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/web"
)

const fundOffice = "/admin/fund"

// mountFund registers the fund's books and the page that proves that no trade
// touches them.
func (s *Site) mountFund(r gin.IRouter) {
	r.GET("/fund", s.limited("search", s.page(s.fund)))
	r.GET("/fund.csv", s.limited("search", s.page(s.fundFile)))
	r.GET("/fund.json", s.limited("search", s.page(s.fundFile)))
	r.GET("/transparency", s.limited("search", s.page(s.transparency)))
	r.GET("/transparency.json", s.limited("search", s.page(s.transparencyFile)))
	r.GET(fundOffice, s.page(s.fundOffice))
	r.POST(fundOffice, s.typed(s.recordFund))
	r.POST(fundOffice+"/entries/:seq/reverse", s.act(s.reverseFund))
	r.POST(fundOffice+"/destinations", s.typed(s.publishDestination))
	r.POST(fundOffice+"/destinations/:id/end", s.act(s.endDestination))
	r.POST(fundOffice+"/goals", s.typed(s.openFundGoal))
	r.POST(fundOffice+"/goals/:id/close", s.act(s.closeFundGoal))
}

// fundEntries is how many entries one page shows.
const fundEntries = 50

func amount(f web.Frame, minor int64, currency string) string {
	if minor < 0 {
		return "−" + money.Amount{Minor: -minor, Currency: currency}.Format(f.Lang)
	}
	return money.Amount{Minor: minor, Currency: currency}.Format(f.Lang)
}

// fund is the central fund's books for everybody.
func (s *Site) fund(c *gin.Context) error {
	f, v, err := s.frameFor(c, "fund.title")
	if err != nil {
		return err
	}
	s.indexable(&f, "/fund")
	ctx := c.Request.Context()
	balances, err := s.Fund.Balances(ctx)
	if err != nil {
		return err
	}
	own := func(b fund.Balance) bool { return b.Currency == v.branch.Currency }
	if i := slices.IndexFunc(balances, own); i > 0 { // the branch's own currency comes first
		balances[0], balances[i] = balances[i], balances[0]
	}
	head, err := s.Fund.Head(ctx)
	if err != nil {
		return err
	}
	p := web.FundPage{Empty: len(balances) == 0, Files: []web.Link{{Label: "CSV", URL: "/fund.csv"}, {Label: "JSON", URL: "/fund.json"}},
		Rules: []string{f.T("fund.rule_income"), f.T("fund.rule_conditions"), f.T("fund.rule_advertising"), f.T("fund.rule_trade"), f.T("fund.rule_mistakes")}}
	if head.Seq > 0 {
		p.Head = head.Hash
	}
	for _, b := range balances {
		p.Balances = append(p.Balances, web.Amounts{Currency: b.Currency, Balance: amount(f, b.Balance, b.Currency), In: amount(f, b.Income, b.Currency), Out: amount(f, b.Expenses, b.Currency)})
	}
	if v.actor.Is(account.Operator) {
		p.RecordURL = fundOffice
	}
	if err := s.fundChart(c, f, &p, balances); err != nil {
		return err
	}
	if err := s.fundGoals(c, f, &p); err != nil {
		return err
	}
	if err := s.fundList(c, f, &p); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Fund(f, p))
}

// fundChart draws the months of one currency, the first one where none is asked for.
func (s *Site) fundChart(c *gin.Context, f web.Frame, p *web.FundPage, balances []fund.Balance) error {
	if len(balances) == 0 {
		return nil
	}
	p.Currency = balances[0].Currency
	for _, b := range balances {
		if b.Currency == c.Query("currency") {
			p.Currency = b.Currency
		}
	}
	for _, b := range balances {
		p.Switch = append(p.Switch, web.TabLink{Label: b.Currency, URL: "/fund?currency=" + url.QueryEscape(b.Currency), Current: b.Currency == p.Currency})
	}
	months, err := s.Fund.Months(c.Request.Context(), p.Currency)
	if err != nil {
		return err
	}
	months = months[max(0, len(months)-24):]
	most := int64(1)
	for _, m := range months {
		most = max(most, m.Income, m.Expenses)
	}
	for _, m := range months {
		p.Chart = append(p.Chart, web.MonthBars{Label: m.Month[5:] + "." + m.Month[2:4], In: amount(f, m.Income, p.Currency), Out: amount(f, m.Expenses, p.Currency),
			InHeight: int(m.Income * 100 / most), OutHeight: int(m.Expenses * 100 / most)})
	}
	web.PlaceBars(p.Chart)
	return nil
}

// fundGoals fills what is collected for, and where one can give.
func (s *Site) fundGoals(c *gin.Context, f web.Frame, p *web.FundPage) error {
	ctx := c.Request.Context()
	goals, err := s.Fund.Goals(ctx)
	if err != nil {
		return err
	}
	for _, g := range goals {
		row := web.GoalRow{Title: g.Title, Text: g.About, Got: amount(f, g.Raised, g.Currency), Target: amount(f, g.Amount, g.Currency),
			Left: amount(f, max(0, g.Amount-g.Raised), g.Currency), Percent: g.Percent(), Reached: g.Raised >= g.Amount, Over: g.State != fund.Open}
		if at := g.EndsOn; !g.ClosedOn.IsZero() {
			row.Until = f.Texts.Date(g.ClosedOn)
		} else if !at.IsZero() {
			row.Until = f.Texts.Date(at)
		}
		p.Goals = append(p.Goals, row)
	}
	places, err := s.Fund.Destinations(ctx)
	for _, d := range places {
		if d.State == fund.Published {
			p.Givers = append(p.Givers, d.Text)
		}
	}
	return err
}

// fundList fills the table of entries, the newest first.
func (s *Site) fundList(c *gin.Context, f web.Frame, p *web.FundPage) error {
	before, _ := strconv.ParseInt(c.Query("before"), 10, 64)
	list, err := s.Fund.Entries(c.Request.Context(), fund.Filter{Before: max(0, before), Limit: fundEntries + 1})
	if err != nil {
		return err
	}
	p.Entries = web.Grid{Caption: f.T("fund.entries"), Cards: true, Heads: []string{f.T("fund.number"), f.T("fund.day"), f.T("fund.what"), f.T("fund.amount")}}
	more := len(list) > fundEntries
	for _, e := range list[:min(len(list), fundEntries)] {
		p.Entries.Rows = append(p.Entries.Rows, []string{strconv.FormatInt(e.Seq, 10), f.Texts.Date(e.Day), fundWords(f, e), amount(f, e.Amount, e.Currency)})
	}
	if before > 0 {
		p.Later = web.Link{Label: f.T("fund.newest"), URL: "/fund#entries"}
	}
	if more {
		p.Earlier = web.Link{Label: f.T("fund.earlier"), URL: "/fund?before=" + strconv.FormatInt(list[fundEntries-1].Seq, 10) + "#entries"}
	}
	return nil
}

// fundWords says what an entry is.
func fundWords(f web.Frame, e fund.Entry) string {
	parts := []string{f.T("fund.kind_" + string(e.Kind))}
	if e.Reverses > 0 {
		parts = []string{f.T("fund.reverses", "seq", e.Reverses), e.Reason}
	}
	if e.Category != "" {
		parts = append(parts, f.T("fund.category_"+e.Category))
	}
	for _, word := range []string{e.Giver, e.Purpose} {
		if word != "" && e.Reverses == 0 {
			parts = append(parts, word)
		}
	}
	if e.GiverIsPayee {
		parts = append(parts, f.T("fund.giver_is_payee"))
	}
	if e.ReversedBy > 0 {
		parts = append(parts, f.T("fund.reversed_by", "seq", e.ReversedBy))
	}
	return strings.Join(parts, ": ")
}

// fundFile is the whole of the books.
func (s *Site) fundFile(c *gin.Context) error {
	if strings.HasSuffix(c.Request.URL.Path, ".csv") {
		content, err := s.Fund.CSV(c.Request.Context())
		if err != nil {
			return err
		}
		return s.file(c, "fund.csv", "text/csv; charset=utf-8", content, time.Minute)
	}
	content, err := s.Fund.JSON(c.Request.Context())
	if err != nil {
		return err
	}
	return s.file(c, "fund.json", "application/json", content, time.Minute)
}

func (s *Site) fundOffice(c *gin.Context) error { return s.fundOfficePage(c, problems{}) }

// fundAct does one thing to the books: a refusal comes back with what was typed.
func (s *Site) fundAct(c *gin.Context, word string, do func(account.Actor) error) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		err = do(v.actor)
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.RateLimited:
		if err != nil {
			return s.fundOfficePage(c, s.problems(s.public(c, v), err))
		}
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", word)
	return s.see(c, fundOffice)
}

func (s *Site) recordFund(c *gin.Context) error {
	return s.fundAct(c, "fund.recorded", func(by account.Actor) error {
		sum, err := money.ParseField("amount", value(c, "amount"), value(c, "currency"))
		if err != nil {
			return err
		}
		day, err := dayField(c, "day")
		if err != nil {
			return err
		}
		_, err = s.Fund.Record(c.Request.Context(), by, fund.Input{Kind: fund.Kind(value(c, "kind")), Amount: sum, Day: day, Channel: value(c, "channel"), Goal: value(c, "goal"),
			Giver: value(c, "giver"), Conditions: value(c, "conditions"), Category: value(c, "category"), Purpose: value(c, "purpose"), GiverIsPayee: value(c, "payee") != "", Head: value(c, "head")})
		return err
	})
}

// dayField is a day of a form; zero when it is empty.
func dayField(c *gin.Context, name string) (time.Time, error) {
	text := value(c, name)
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(dateForm, text)
	if err != nil {
		return time.Time{}, fault.Bad(name, "date_form")
	}
	return day, nil
}

func (s *Site) reverseFund(c *gin.Context) error {
	return s.fundAct(c, "fund.reversed", func(by account.Actor) error {
		seq, err := strconv.ParseInt(c.Param("seq"), 10, 64)
		if err != nil {
			return fault.Of(fault.NotFound, "fund_entry_unknown")
		}
		_, err = s.Fund.Reverse(c.Request.Context(), by, seq, value(c, "reason"))
		return err
	})
}

func (s *Site) publishDestination(c *gin.Context) error {
	return s.fundAct(c, "fund.place_added", func(by account.Actor) error {
		_, err := s.Fund.Publish(c.Request.Context(), by, fund.DestinationInput{Text: value(c, "text"), Label: value(c, "label")})
		return err
	})
}

func (s *Site) endDestination(c *gin.Context) error {
	return s.fundAct(c, "fund.place_ended", func(by account.Actor) error { return s.Fund.Withdraw(c.Request.Context(), by, c.Param("id"), false) })
}

func (s *Site) openFundGoal(c *gin.Context) error {
	return s.fundAct(c, "fund.goal_opened", func(by account.Actor) error {
		sum, err := money.ParseField("goal_amount", value(c, "goal_amount"), value(c, "goal_currency"))
		if err != nil {
			return err
		}
		ends, err := dayField(c, "ends_on")
		if err != nil {
			return err
		}
		_, err = s.Fund.OpenGoal(c.Request.Context(), by, fund.GoalInput{ID: value(c, "id"), Title: value(c, "title"), About: value(c, "about"), Amount: sum, EndsOn: ends})
		return err
	})
}

func (s *Site) closeFundGoal(c *gin.Context) error {
	return s.fundAct(c, "fund.goal_closed", func(by account.Actor) error { return s.Fund.CloseGoal(c.Request.Context(), by, c.Param("id")) })
}
