package site

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/web"
)

// fundOfficePage is where an operator keeps the books. The three forms on it
// show again what was typed into the one that was refused.
func (s *Site) fundOfficePage(c *gin.Context, bad problems) error {
	f, v, err := s.office(c, "admin.fund", account.Operator)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	head, err := s.Fund.Head(ctx)
	if err != nil {
		return err
	}
	p := web.FundOfficePage{Tabs: adminTabs(f, v, fundOffice), Troubles: bad.Summary, Head: head.Hash}
	s.fundForm(c, f, v, &p, bad)
	goals, err := s.Fund.Goals(ctx)
	if err != nil {
		return err
	}
	p.Goals = []web.Choice{{Label: f.T("fund.no_goal")}}
	for _, g := range goals {
		if g.State == fund.Open {
			p.Goals = append(p.Goals, web.Choice{Value: g.ID, Label: g.Title, Selected: value(c, "goal") == g.ID})
			p.OpenGoals = append(p.OpenGoals, web.FundGoalRow{Title: g.Title, Got: f.T("fund.goal_got", "got", amount(f, g.Raised, g.Currency), "target", amount(f, g.Amount, g.Currency)),
				CloseTo: fundOffice + "/goals/" + g.ID + "/close"})
		}
	}
	places, err := s.Fund.Destinations(ctx)
	if err != nil {
		return err
	}
	for _, d := range places {
		if d.State == fund.Published {
			p.Destinations = append(p.Destinations, web.FundDestinationRow{Text: d.Text, Label: d.Label, EndTo: fundOffice + "/destinations/" + d.ID + "/end"})
		}
	}
	list, err := s.Fund.Entries(ctx, fund.Filter{Limit: 10})
	if err != nil {
		return err
	}
	for _, e := range list {
		row := web.FundEntryRow{Seq: strconv.FormatInt(e.Seq, 10), Day: f.Texts.Date(e.Day), Text: strings.Join([]string{amount(f, e.Amount, e.Currency), fundWords(f, e)}, ", ")}
		if e.Reverses == 0 && e.ReversedBy == 0 {
			row.ReverseTo = fundOffice + "/entries/" + row.Seq + "/reverse"
		}
		p.Entries = append(p.Entries, row)
	}
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.show(c, status, web.FundOffice(f, p))
}

// fundForm fills the fields with what was typed last, or empty.
func (s *Site) fundForm(c *gin.Context, f web.Frame, v *visit, p *web.FundOfficePage, bad problems) {
	field := func(name, label string, most int) web.Field {
		return web.Field{Name: name, Label: f.T("fund.f_" + label), Value: value(c, name), Error: bad.of(name), Max: most}
	}
	money := func(name, currency, label string) web.MoneyField {
		chosen := value(c, currency)
		if chosen == "" {
			chosen = v.branch.Currency
		}
		return web.MoneyField{Label: f.T("fund.f_" + label), Error: bad.of(name), Amount: web.Field{Name: name, Value: value(c, name), Max: 30, Mode: "decimal"},
			Currency: currency, Currencies: coins(f, chosen)}
	}
	words := func(list []string, key, name string) []web.Choice {
		out := make([]web.Choice, 0, len(list))
		for _, word := range list {
			out = append(out, web.Choice{Value: word, Label: f.T("fund." + key + "_" + word), Selected: value(c, name) == word})
		}
		return out
	}
	kinds := make([]string, 0, len(fund.Kinds()))
	for _, k := range fund.Kinds() {
		kinds = append(kinds, string(k))
	}
	p.Kind, p.Kinds = field("kind", "kind", 0), words(kinds, "kind", "kind")
	p.Amount = money("amount", "currency", "amount")
	p.Day = field("day", "day", 0)
	p.Day.Type = "date"
	if p.Day.Value == "" {
		p.Day.Value = s.Now().Format(dateForm)
	}
	p.Channel, p.Channels = field("channel", "channel", 0), words(fund.Channels(), "channel", "channel")
	p.Goal, p.Giver, p.Conditions = field("goal", "goal", 0), field("giver", "giver", fund.MaxGiver), field("conditions", "conditions", fund.MaxPurpose)
	p.Giver.Hint, p.Conditions.Hint = f.T("fund.f_giver_hint"), f.T("fund.f_conditions_hint")
	p.Category, p.Purpose = field("category", "category", 0), field("purpose", "purpose", fund.MaxPurpose)
	p.Categories = append([]web.Choice{{Label: f.T("fund.no_category")}}, words(fund.Categories(), "category", "category")...)
	p.Payee, p.IsPayee = field("payee", "payee", 0), value(c, "payee") != ""
	p.Place, p.PlaceLabel = field("text", "place", fund.MaxDestination), field("label", "place_label", fund.MaxLabel)
	p.GoalID, p.GoalTitle = field("id", "goal_id", 40), field("title", "goal_title", fund.MaxTitle)
	p.GoalID.Hint = f.T("fund.f_goal_id_hint")
	p.GoalAbout, p.GoalEnds = field("about", "goal_about", fund.MaxAbout), field("ends_on", "goal_ends", 0)
	p.GoalAbout.Rows, p.GoalEnds.Type = 3, "date"
	p.GoalAmount = money("goal_amount", "goal_currency", "goal_amount")
}
