package site

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

const disputesPath = "/admin/orders"

func disputePath(id string) string { return disputesPath + "/" + id }

// disputes lists the orders that wait for a moderator's decision.
func (s *Site) disputes(c *gin.Context) error {
	f, v, err := s.office(c, "arbiter.title", account.Moderator)
	if err != nil {
		return err
	}
	list, err := s.Payments.Arbitrations(c.Request.Context(), v.actor, payment.Filter{Page: pageOf(c)})
	if err != nil {
		return err
	}
	loc, err := s.ownZone(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.AdminOrdersPage{Tabs: adminTabs(f, v, disputesPath)}
	for i := range list.Items {
		row := orderRow(f, &list.Items[i], loc)
		row.URL = disputePath(list.Items[i].ID)
		p.Rows = append(p.Rows, row)
	}
	p.PrevURL, p.NextURL, _ = orderPages(f, c, list.Page, list.Pages)
	return s.show(c, http.StatusOK, web.AdminOrders(f, p))
}

func (s *Site) dispute(c *gin.Context) error {
	page, err := s.disputePage(c, payment.Decision{}, "", false, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// disputePage shows an arbitration without the two's handles: a moderator
// decides about words and dates. With preview it shows the public line.
func (s *Site) disputePage(c *gin.Context, in payment.Decision, verdict string, preview bool, bad problems) (templ.Component, error) {
	f, v, err := s.office(c, "arbiter.title", account.Moderator)
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	o, err := s.Payments.Order(ctx, v.actor, c.Param("id"))
	if err != nil {
		return nil, err
	}
	if o.Viewer != payment.Moderator { // their own order: another moderator's to decide
		return nil, fault.Of(fault.Forbidden, "not_allowed")
	}
	said, err := s.Payments.Statements(ctx, v.actor, o.ID)
	if err != nil {
		return nil, err
	}
	loc, err := s.ownZone(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	w := orderView{Frame: f, o: &o, loc: loc, now: s.Now(), sold: soldBy(&o)}
	question := string(o.Question)
	p := web.AdminOrderPage{Tabs: adminTabs(f, v, disputesPath), Action: disputePath(o.ID), Title: o.Title, Code: o.Code, Question: f.T("order.about_" + question),
		Facts: w.disputed(), Steps: w.steps(), Denial: said.Denial, Buyer: said.Buyer, Seller: said.Seller, Troubles: bad.Summary,
		Verdict: web.Field{Name: "verdict", Label: f.T("arbiter.verdict"), Error: bad.of("verdict"), Required: true},
		Reason: web.Field{Name: "reason", Label: f.T("arbiter.reason"), Hint: f.T("arbiter.reason_hint"), Value: in.Reason, Error: bad.of("reason"),
			Max: payment.MaxReason, Required: true}}
	for _, word := range []string{"yes", "no"} {
		key := "arbiter.verdict_" + question + "_" + word
		p.Verdicts = append(p.Verdicts, web.Choice{Value: word, Label: f.T(key), Hint: f.T(key + "_hint"), Selected: verdict == word})
	}
	if preview {
		r := rulingView(f, payment.Ruling{Question: o.Question, Paid: in.Paid, Reason: in.Reason, DecidedOn: s.Now().UTC()})
		p.Preview = &r
	}
	return web.AdminOrder(f, p), nil
}

// disputed are the facts that a decision rests on.
func (w *orderView) disputed() []web.FactRow {
	o := w.o
	rows := []web.FactRow{{Label: w.T("order.f_price"), Text: w.amount(o.Amount)}, {Label: w.T("order.f_code"), Text: o.Code, Code: true},
		{Label: w.T("order.f_method"), Text: w.Texts.Method(string(o.Method))}, {Label: w.T("order.f_made"), Text: w.moment(o.CreatedAt)}}
	if !o.ClaimedAt.IsZero() {
		rows = append(rows, web.FactRow{Label: w.T("arbiter.f_sent"), Text: w.moment(o.ClaimedAt)})
	}
	if o.RefundSent > 0 {
		rows = append(rows, web.FactRow{Label: w.T("arbiter.f_back"), Text: w.amount(o.RefundSent) + " · " + w.moment(o.RefundSentAt)})
	}
	return rows
}

// decideOrder shows first how everybody will read a decision, and publishes it
// when that was seen.
func (s *Site) decideOrder(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	verdict := value(c, "verdict")
	in := payment.Decision{Paid: verdict == "yes", Reason: value(c, "reason")}
	shown := func(bad problems) (templ.Component, error) { return s.disputePage(c, in, verdict, false, bad) }
	if err := checkDecision(in, verdict); err != nil {
		return s.again(c, err, shown)
	}
	if value(c, "publish") == "" {
		page, err := s.disputePage(c, in, verdict, true, problems{})
		if err != nil {
			return err
		}
		return s.show(c, http.StatusOK, page)
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Payments.Decide(c.Request.Context(), v.actor, c.Param("id"), in)
	}
	if fault.Is(err, fault.Conflict) {
		return err // decided by another moderator: there is nothing to show again
	}
	if err != nil {
		return s.again(c, err, shown)
	}
	s.say(c, "ok", "arbiter.done")
	return s.see(c, disputesPath)
}

// checkDecision says before the preview what deciding would refuse after it.
func checkDecision(in payment.Decision, verdict string) error {
	var bad fault.Fields
	if verdict != "yes" && verdict != "no" {
		bad.Add(fault.Bad("verdict", "required"))
	}
	switch n := utf8.RuneCountInString(strings.TrimSpace(in.Reason)); {
	case n == 0:
		bad.Add(fault.Bad("reason", "required"))
	case n < payment.MinReason:
		bad.Add(fault.Bad("reason", "too_short").With("Min", payment.MinReason))
	case n > payment.MaxReason:
		bad.Add(fault.Bad("reason", "too_long").With("Max", payment.MaxReason))
	}
	return bad.Err()
}
