package site

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) mountOrders(r gin.IRouter) {
	r.GET("/orders", s.page(s.orders))
	r.GET("/orders/:id", s.page(s.order))
	for _, x := range s.orderForms() {
		r.POST("/orders/:id/"+x.path, s.page(s.orderAct(x)))
	}
	r.GET("/admin/orders", s.page(s.disputes))
	r.GET("/admin/orders/:id", s.page(s.dispute))
	r.POST("/admin/orders/:id", s.typed(s.decideOrder))
	r.GET("/transparency/decisions", s.page(s.decisions))
}

// orders lists what the viewer buys and sells.
func (s *Site) orders(c *gin.Context) error {
	f, v, err := s.signed(c, "orders.title")
	if err != nil {
		return err
	}
	f.Tab = "orders"
	filter := payment.Filter{Page: pageOf(c)}
	if side := payment.Side(c.Query("side")); side == payment.Buyer || side == payment.Seller {
		filter.Side = side
	}
	state := payment.State(c.Query("state"))
	if slices.Contains(payment.States(), state) {
		filter.States = []payment.State{state}
	} else {
		state = ""
	}
	list, err := s.Payments.Orders(c.Request.Context(), v.actor, filter)
	if err != nil {
		return err
	}
	loc, err := s.ownZone(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.OrdersPage{Side: string(filter.Side), States: orderStates(f, state), Empty: noOrders(f, filter)}
	for _, side := range []payment.Side{"", payment.Buyer, payment.Seller} {
		tab := web.TabLink{Label: f.T("orders.tab_all"), URL: "/orders", Current: side == filter.Side}
		if side != "" {
			tab.Label, tab.URL = f.T("orders.tab_"+string(side)), "/orders?side="+string(side)
		}
		p.Tabs = append(p.Tabs, tab)
	}
	for i := range list.Items {
		p.Rows = append(p.Rows, orderRow(f, &list.Items[i], loc))
	}
	p.PrevURL, p.NextURL, p.Where = orderPages(f, c, list.Page, list.Pages)
	return s.show(c, http.StatusOK, web.Orders(f, p))
}

// orderPages are the addresses around one page of a list.
func orderPages(f web.Frame, c *gin.Context, page, pages int) (prev, next, where string) {
	q := c.Request.URL.Query()
	if page > 1 {
		prev = paged(c.Request.URL.Path, q, page-1)
	}
	if page < pages {
		next = paged(c.Request.URL.Path, q, page+1)
	}
	if pages > 1 {
		where = f.T("decision.page", "page", page, "pages", pages)
	}
	return prev, next, where
}

func orderStates(f web.Frame, chosen payment.State) []web.Choice {
	out := []web.Choice{{Label: f.T("orders.state_all"), Selected: chosen == ""}}
	for _, state := range payment.States() {
		if state != payment.Draft && state != payment.Disputed {
			out = append(out, web.Choice{Value: string(state), Label: f.T("order.is_" + string(state)), Selected: state == chosen})
		}
	}
	return out
}

// noOrders says the next step where a list is empty.
func noOrders(f web.Frame, filter payment.Filter) web.Empty {
	e := web.Empty{Title: f.T("orders.none"), Text: f.T("orders.none_text"), Action: web.Link{Label: f.T("orders.find"), URL: "/search?kind=work"}}
	switch {
	case len(filter.States) > 0:
		e = web.Empty{Title: f.T("orders.none_state"), Text: f.T("orders.none_state_text"), Action: web.Link{Label: f.T("orders.all"), URL: "/orders"}}
	case filter.Side == payment.Buyer:
		e.Text = f.T("orders.none_buyer_text")
	case filter.Side == payment.Seller:
		e.Text, e.Action = f.T("orders.none_seller_text"), web.Link{Label: f.T("orders.offer"), URL: "/me/works"}
	}
	return e
}

func orderRow(f web.Frame, o *payment.Order, loc *time.Location) web.OrderRow {
	state := orderState(o)
	return web.OrderRow{URL: payment.Path(o.ID), Title: o.Title, Side: f.T("orders.side_" + string(o.Viewer)), Code: o.Code,
		When: f.Texts.Day(o.CreatedAt.In(loc)), Price: priceWord(f, o.Price()), State: state, Word: f.T("order.is_" + state),
		Turn: orderTurnWord(f, o), Mine: string(o.Turn()) == string(o.Viewer)}
}

// orderState is the state for a mark: a moderator's turn shows before all.
func orderState(o *payment.Order) string {
	if o.Question != payment.NoQuestion {
		return string(payment.Arbitration)
	}
	return string(o.State)
}

func priceWord(f web.Frame, a money.Amount) string {
	if a.Minor == 0 {
		return f.T("buy.free")
	}
	return a.Format(f.Lang)
}

func orderTurnWord(f web.Frame, o *payment.Order) string {
	if string(o.Turn()) == string(o.Viewer) {
		return f.T("order.turn_you")
	}
	return f.T("order.turn_" + string(o.Turn()))
}

// typedOrder is one form of an order as it was sent or waited.
type typedOrder struct {
	act   payment.Act // empty: none
	word  func(string) string
	kept  bool // it waited for a sign-in
	moved bool // the order had changed meanwhile
	came  bool // the buyer came back from Stripe, which has not said yet that it is paid
}

// of is a field's text, where this act's form was typed into.
func (t typedOrder) of(act payment.Act, name string) string {
	if t.act != act || t.word == nil {
		return ""
	}
	return t.word(name)
}

// order shows an order to one of the two. Whoever reads it has read the
// notices about it too. A moderator reads it where it is decided.
func (s *Site) order(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil || s.homeward(c, v) {
		return err
	}
	ctx := c.Request.Context()
	o, err := s.Payments.Order(ctx, v.actor, c.Param("id"))
	if err != nil {
		return err
	}
	if o.Viewer == payment.Moderator {
		return s.see(c, disputePath(o.ID))
	}
	if err := s.Notices.MarkPathRead(ctx, v.actor, payment.Path(o.ID)); err != nil {
		return err
	}
	typed := s.keptOrder(ctx, o.ID)
	if s.Stripe != nil && o.Method == payment.Stripe && o.Viewer == payment.Buyer && c.Query("session") != "" {
		done, err := s.returned(c, v, &o)
		if err != nil || done {
			return err
		}
		typed.came = true
	}
	page, err := s.orderPage(c, &o, typed, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// keptOrder is a form of this order that waits to be sent again.
func (s *Site) keptOrder(ctx context.Context, id string) typedOrder {
	for _, x := range s.orderForms() {
		if words, ok := s.held(ctx, payment.Path(id)+"/"+x.path); ok && len(x.words) > 0 {
			return typedOrder{act: x.act, word: words.Get, kept: true}
		}
	}
	return typedOrder{}
}

// orderAgain is the page of an order with a form that was refused. The order is
// read anew: it may have changed in another tab.
func (s *Site) orderAgain(c *gin.Context, typed typedOrder, why error) func(problems) (templ.Component, error) {
	return func(bad problems) (templ.Component, error) {
		v, err := s.visit(c)
		if err != nil {
			return nil, err
		}
		o, err := s.Payments.Order(c.Request.Context(), v.actor, c.Param("id"))
		if err != nil {
			return nil, err
		}
		if all := fault.All(why); len(all) > 0 && all[0].Code == "order_state" {
			typed.moved = true
		}
		return s.orderPage(c, &o, typed, bad)
	}
}

// sold is what an order of a licence has frozen.
type sold struct {
	Facts cert.Facts `json:"facts"`
	Days  int        `json:"days"`
}

// soldBy reads what was agreed; an order of other goods has none of it.
func soldBy(o *payment.Order) sold {
	var out sold
	if o.Kind != licence.Goods || json.Unmarshal(o.Terms, &out) != nil {
		return sold{}
	}
	return out
}

func (s *Site) orderPage(c *gin.Context, o *payment.Order, typed typedOrder, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "orders.title")
	if err != nil {
		return nil, err
	}
	f.Title, f.Tab = f.T("order.title", "code", o.Code), "orders"
	ctx := c.Request.Context()
	loc, err := s.ownZone(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	w := orderView{Frame: f, o: o, loc: loc, now: s.Now(), sold: soldBy(o), typed: typed, bad: bad}
	if err := s.atStripe(ctx, &w); err != nil {
		return nil, err
	}
	if w.doubt, err = s.doubt(ctx, o, w.sold.Facts.WorkID); err != nil {
		return nil, err
	}
	p := w.page()
	p.Rights = w.rights()
	said, err := s.Payments.Statements(ctx, v.actor, o.ID)
	if err != nil {
		return nil, err
	}
	p.Denial, p.Own = said.Denial, said.Buyer
	if p.Seller {
		p.Own = said.Seller
	}
	ruled, err := s.Payments.RulingOf(ctx, v.actor, o.ID)
	if err != nil {
		return nil, err
	}
	if ruled.ID != "" {
		r := rulingView(f, ruled)
		p.Ruling = &r
	}
	if p.OtherURL, err = s.sellerURL(ctx, v, o); err != nil {
		return nil, err
	}
	if err := s.paying(ctx, v, &w, &p); err != nil {
		return nil, err
	}
	w.acts(&p)
	w.cardParts(c, &p)
	return web.Order(f, p), nil
}

// sellerURL is where the buyer of an order finds its seller; empty where the
// seller has no page that the buyer may read.
func (s *Site) sellerURL(ctx context.Context, v *visit, o *payment.Order) (string, error) {
	if o.Viewer != payment.Buyer || o.SellerHandle == "" {
		return "", nil
	}
	p, err := s.Profiles.Profile(ctx, v.actor, o.SellerHandle)
	switch {
	case fault.Is(err, fault.NotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return profile.Path(profile.CreatorKind, p.Handle), nil
}

// orderView is an order for one pair of eyes.
type orderView struct {
	web.Frame

	o     *payment.Order
	loc   *time.Location
	now   time.Time
	sold  sold
	typed typedOrder
	bad   problems
	at    StripeOrder // of an order by card
	takes bool        // the branch takes cards

	doubt licence.Doubt // of the work, while it matters to the order
}

func (w *orderView) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: w.o.Currency}.Format(w.Lang)
}

func (w *orderView) moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return w.Texts.Moment(at.In(w.loc))
}

func (w *orderView) day(at time.Time) string { return w.Texts.Day(at.In(w.loc)) }

// page is everything but words that have to be unsealed and forms.
func (w *orderView) page() web.OrderPage {
	o, state := w.o, orderState(w.o)
	p := web.OrderPage{URL: payment.Path(o.ID), Title: o.Title, Code: o.Code, State: state, Word: w.T("order.is_" + state), Side: w.T("order.with_" + string(o.Viewer)),
		When: w.moment(o.CreatedAt), Price: priceWord(w.Frame, o.Price()), Seller: o.Viewer == payment.Seller,
		Troubles: w.bad.Summary, Moved: w.typed.moved, Kept: w.typed.kept, Turn: w.turn(), Silence: w.silence(), Wish: w.wish(), Steps: w.steps(), Agreed: w.agreed()}
	p.Other = o.SellerHandle
	if p.Seller {
		p.Other = o.BuyerHandle
	}
	p.Other = cmp.Or(p.Other, w.T("order.gone"))
	if w.sold.Facts.WorkID != "" {
		p.GoodsURL = licence.WorkPath(w.sold.Facts.WorkID)
	}
	if facts := w.sold.Facts; facts.ID != "" {
		p.Terms = web.Link{Label: w.T("order.to_terms", "version", facts.TermsVersion), URL: "/terms/" + url.PathEscape(facts.TermsVersion)}
		if o.Fulfilled {
			p.Licence = web.Link{Label: w.T("order.to_licence"), URL: licence.GrantPath(facts.ID)}
			if p.Seller {
				p.Licence.URL = licence.CheckPath(facts.ID)
			}
		}
	}
	return p
}

// agreed are the frozen facts in words.
func (w *orderView) agreed() []web.FactRow {
	o, facts := w.o, w.sold.Facts
	rows := []web.FactRow{{Label: w.T("order.f_price"), Text: priceWord(w.Frame, o.Price())}}
	add := func(key, text string) {
		if text != "" {
			rows = append(rows, web.FactRow{Label: w.T("order.f_" + key), Text: text})
		}
	}
	fee := "order.fee_none"
	if w.card() {
		fee = "card.fee_none"
	}
	add("fee", w.T(fee))
	add("method", w.Texts.Method(string(o.Method)))
	if o.Country != "" {
		add("country", w.Texts.Country(o.Country))
	}
	add("payee", o.Payee)
	if facts.ID != "" {
		add("version", facts.WorkVersion)
		add("days", w.N("work.days", w.sold.Days))
		add("channel", w.Texts.Channel(facts.Channel))
		add("uses", useWords(w.Frame, facts.Uses))
		add("territory", countryWords(w.Frame, facts.Territory))
		add("learners", learnerFact(w.Frame, facts.Learners))
		if o.Amount > 0 {
			add("refund", refundWord(w.Frame, o.RefundDays))
		}
		add("grace", w.N("buy.grace", facts.GraceDays))
	}
	rows = append(rows, web.FactRow{Label: w.T("order.f_code"), Text: o.Code, Code: true})
	return append(rows, web.FactRow{Label: w.T("order.f_made"), Text: w.moment(o.CreatedAt)})
}

func rulingView(f web.Frame, r payment.Ruling) web.RulingView {
	result := "no"
	if r.Paid {
		result = "yes"
	}
	return web.RulingView{Date: f.Texts.Date(r.DecidedOn), About: f.T("order.about_" + string(r.Question)),
		Result: f.T("order.ruled_" + string(r.Question) + "_" + result), Reason: r.Reason}
}

// decisions lists for everybody what moderators decided about orders.
func (s *Site) decisions(c *gin.Context) error {
	f, _, err := s.frameFor(c, "")
	if err != nil {
		return err
	}
	f.Title, f.NoIndex = f.T("decision.title"), c.Query("page") != ""
	if !f.NoIndex {
		s.indexable(&f, "/transparency/decisions")
	}
	page := max(pageOf(c), 1)
	list, total, err := s.Payments.Decisions(c.Request.Context(), page)
	if err != nil {
		return err
	}
	pages := max(1, (total+payment.PageSize-1)/payment.PageSize)
	p := web.DecisionsPage{}
	for _, r := range list {
		p.List = append(p.List, rulingView(f, r))
	}
	p.PrevURL, p.NextURL, p.Where = orderPages(f, c, min(page, pages), pages)
	return s.show(c, http.StatusOK, web.Decisions(f, p))
}

// wholeNumber is a whole number of a form or an address, 0 for anything else.
func wholeNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
