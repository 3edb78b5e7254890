package site

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) mountBuy(r gin.IRouter) {
	r.GET("/works/:id/licence", s.page(s.buyForm))
	r.POST("/works/:id/licence", s.page(s.buy))
}

// buyPath is where licences to a work are bought.
func buyPath(id string) string { return licence.WorkPath(id) + "/licence" }

// choice is what the address of the buying page says: answers, filter, term.
type choice struct {
	work     string
	paid     string // yes, no or empty
	public   string
	changed  string
	from     string // country to pay from
	by       string // method
	in       string // currency to pay in
	offer    string
	days     int
	currency string
	renews   string
}

func yesNo(s string) string {
	if s != "yes" && s != "no" {
		return ""
	}
	return s
}

func choiceOf(c *gin.Context) choice {
	q := func(name string) string { return clip(c.Query(name), maxValue) }
	return choice{work: c.Param("id"), paid: yesNo(q("paid")), public: yesNo(q("public")), changed: yesNo(q("changed")), from: q("from"), by: q("by"), in: q("in"),
		offer: q("offer"), days: wholeNumber(q("days")), currency: q("currency"), renews: q("renews")}
}

// values are the choice's parts as they stand in an address, in its order.
func (x choice) values() []web.Pair {
	days := ""
	if x.days > 0 {
		days = strconv.Itoa(x.days)
	}
	all := []web.Pair{{Name: "paid", Value: x.paid}, {Name: "public", Value: x.public}, {Name: "changed", Value: x.changed}, {Name: "from", Value: x.from}, {Name: "by", Value: x.by},
		{Name: "in", Value: x.in}, {Name: "offer", Value: x.offer}, {Name: "days", Value: days}, {Name: "currency", Value: x.currency}, {Name: "renews", Value: x.renews}}
	return slices.DeleteFunc(all, func(p web.Pair) bool { return p.Value == "" })
}

func (x choice) url() string {
	q := url.Values{}
	for _, p := range x.values() {
		q.Set(p.Name, p.Value)
	}
	if len(q) == 0 {
		return buyPath(x.work)
	}
	return buyPath(x.work) + "?" + q.Encode()
}

// without are the parts that a form carries along and does not ask for itself.
func (x choice) without(names ...string) []web.Pair {
	return slices.DeleteFunc(x.values(), func(p web.Pair) bool { return slices.Contains(names, p.Name) })
}

// typedBuy is the form that agrees, as it was sent or waited.
type typedBuy struct {
	way, name string
	accepted  bool
	kept      bool
}

// buyWords are the fields of the form that wait while an account is made.
var buyWords = [...]string{"way", "name", "accept"}

func typedBuying(word func(string) string) typedBuy {
	return typedBuy{way: word("way"), name: word("name"), accepted: word("accept") != ""}
}

func (s *Site) buyForm(c *gin.Context) error {
	x := choiceOf(c)
	words, kept := s.held(c.Request.Context(), buyPath(x.work))
	typed := typedBuying(words.Get)
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	typed.kept = kept && !v.actor.Anonymous()
	page, err := s.buyPage(c, x, typed, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// buyView is the buying page while it is put together.
type buyView struct {
	web.Frame

	work  licence.WorkView
	open  []licence.Offer // those that can be had now
	x     choice
	typed typedBuy
	bad   problems
	now   time.Time
	loc   *time.Location
	rates money.Rates
	begin time.Time // of the term: today, or the end of what is renewed
}

func (s *Site) buyPage(c *gin.Context, x choice, typed typedBuy, bad problems) (templ.Component, error) {
	f, v, err := s.stranger(c, "buy.title")
	if err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	b := buyView{Frame: f, x: x, typed: typed, bad: bad, now: s.Now(), rates: v.branch.Rates}
	if b.loc = time.UTC; !v.actor.Anonymous() {
		if b.loc, err = s.ownZone(ctx, v.actor); err != nil {
			return nil, err
		}
	}
	if b.work, err = s.Licences.Work(ctx, v.actor, x.work); err != nil {
		return nil, err
	}
	p := web.BuyPage{Title: b.work.Title, WorkURL: licence.WorkPath(x.work), URL: buyPath(x.work), Troubles: bad.Summary, Kept: typed.kept,
		Base: web.BaseLicence{Name: web.BaseName(b.work.BaseLicence), URL: web.BaseURL(b.work.BaseLicence), ForAll: !licence.NonCommercial(b.work.BaseLicence)}}
	b.open = s.sellable(&b.work)
	b.begin = b.now
	if x.renews != "" {
		g, err := s.Licences.Grant(ctx, v.actor, x.renews)
		if err == nil && (g.BuyerID != v.actor.ID || g.WorkID != b.work.ID) {
			err = fault.Of(fault.NotFound, "licence_unknown")
		}
		if err != nil {
			return nil, err
		}
		b.renew(&p, &g)
	}
	b.ask(&p)
	if p.Base.ForAll {
		return web.Buy(b.Frame, p), nil
	}
	b.offers(&p)
	if p.Chosen == nil {
		return web.Buy(b.Frame, p), nil
	}
	p.Chosen.Own = b.work.Mine
	p.Chosen.Stranger, p.Chosen.Closed = v.actor.Anonymous(), v.branch.SignUp == branch.Closed
	version := p.Chosen.Terms.URL
	sum, err := termsSum(version)
	if err != nil {
		return nil, err
	}
	b.terms(p.Chosen, version, sum)
	return web.Buy(b.Frame, p), nil
}

// sellable are the offers that can be had now.
func (s *Site) sellable(w *licence.WorkView) (out []licence.Offer) {
	if len(w.Missing) > 0 {
		return nil
	}
	for _, o := range w.Offers {
		if o.State == licence.OfferOpen && len(o.Prices) > 0 {
			o.Ways = s.payable(&o)
			out = append(out, o)
		}
	}
	return out
}

// renew says what is prolonged, and chooses the same again where nothing is
// chosen yet. What cannot be prolonged now says so before anybody accepts.
func (b *buyView) renew(p *web.BuyPage, g *licence.Grant) {
	if g.ValidUntil.After(b.begin) {
		b.begin = g.ValidUntil
	}
	b.Title = b.T("buy.renew")
	p.Renewal = &web.Renewing{ID: g.ID, URL: licence.GrantPath(g.ID), Ends: b.Texts.Date(g.ValidUntil.In(b.loc))}
	if b.x.offer == "" {
		b.x.offer, b.x.days = g.OfferID, g.Days
	}
	from, code := g.ValidUntil.Add(-licence.RenewFrom), ""
	switch {
	case g.State == licence.Revoked:
		code = "licence_revoked"
	case g.State == licence.Suspended:
		code = "licence_suspended"
	case b.now.Before(from):
		code = "renewal_early"
	}
	if code != "" && b.bad.Summary == nil {
		p.Troubles = []web.Trouble{{Text: b.Texts.Fault("conflict", code, map[string]any{"From": b.Texts.Date(from.In(b.loc))})}}
	}
}

// offers adds what can be had, what does not fit and why, and what is chosen:
// by the address, else the first that fits.
func (b *buyView) offers(p *web.BuyPage) {
	fit, chosen := 0, -1
	var price licence.Price
	for i := range b.open {
		o := &b.open[i]
		row := b.offer(o)
		if row.Unfit == "" {
			fit++
		}
		if wanted, ok := b.wanted(o); ok {
			chosen, price = i, wanted
		} else if chosen < 0 && row.Unfit == "" && b.x.offer == "" {
			chosen, price = i, o.Prices[0]
		}
		p.Offers = append(p.Offers, row)
	}
	if b.x.offer != "" && chosen < 0 && b.bad.Summary == nil {
		p.Troubles = append(p.Troubles, web.Trouble{Field: "terms", Text: b.T("buy.choice_gone")})
	}
	b.filter(p, fit)
	if len(b.open) == 0 {
		if p.Why = missingWords(b.Frame, b.work.Missing); len(p.Why) == 0 {
			p.Why = []string{b.T("work.none_offer")}
		}
	}
	if chosen < 0 {
		return
	}
	o := &b.open[chosen]
	for i, q := range o.Prices {
		p.Offers[chosen].Spans[i].Chosen = q.Days == price.Days && q.Currency == price.Currency
	}
	p.Chosen = b.checkout(o, price)
}

// wanted is the price that the address chooses of an offer; where it names no
// length, the first.
func (b *buyView) wanted(o *licence.Offer) (licence.Price, bool) {
	switch {
	case o.ID != b.x.offer:
		return licence.Price{}, false
	case b.x.days == 0:
		return o.Prices[0], true
	}
	return o.Price(b.x.days, b.x.currency)
}

func (b *buyView) offer(o *licence.Offer) web.BuyOffer {
	row := web.BuyOffer{ID: o.ID, Channel: b.Texts.Channel(o.Channel), Where: countryWords(b.Frame, o.Territory), Crowd: learnerWord(b.Frame, o.Learners)}
	for _, u := range o.Uses {
		row.Uses = append(row.Uses, b.Texts.Use(string(u)))
	}
	for _, q := range o.Prices {
		x := b.x
		x.offer, x.days, x.currency = o.ID, q.Days, q.Currency
		row.Spans = append(row.Spans, web.BuySpan{URL: x.url(), Days: b.N("work.days", q.Days), Price: priceWord(b.Frame, q.Money()), Approx: b.approx(q.Money())})
	}
	for _, w := range o.Ways {
		row.Ways = append(row.Ways, web.PayWay{Country: b.Texts.Country(w.Country), Method: b.Texts.Method(string(w.Method)), Currency: b.Texts.CurrencySign(w.Currency)})
	}
	row.Unfit = b.unfit(o)
	return row
}

// unfit is why an offer does not fit the answers or the way to pay.
func (b *buyView) unfit(o *licence.Offer) string {
	lacks := func(u cert.Use) bool { return !slices.Contains(o.Uses, u) }
	if b.x.paid == "yes" {
		for _, need := range []struct {
			asked bool
			use   cert.Use
		}{{b.x.changed == "yes", cert.Derive}, {b.x.public == "yes", cert.Distribute}} {
			if need.asked && lacks(need.use) {
				return b.T("buy.unfit_use", "use", b.Texts.Use(string(need.use)))
			}
		}
	}
	free := slices.ContainsFunc(o.Prices, func(p licence.Price) bool { return p.Amount == 0 })
	if !free && !slices.ContainsFunc(o.Ways, b.payable) {
		return b.T("buy.unfit_pay")
	}
	return ""
}

// payable tells whether a way passes the filter.
func (b *buyView) payable(w licence.Way) bool {
	return (b.x.from == "" || w.Country == b.x.from || w.Country == cert.Worldwide) && (b.x.by == "" || string(w.Method) == b.x.by) &&
		(b.x.in == "" || w.Currency == b.x.in)
}

// filter offers what the offers' ways know, so that no choice is senseless.
func (b *buyView) filter(p *web.BuyPage, fit int) {
	d := &p.Filter
	d.Set = b.x.from != "" || b.x.by != "" || b.x.in != ""
	d.Keep = b.x.without("from", "by", "in", "offer", "days", "currency")
	clear := b.x
	clear.from, clear.by, clear.in = "", "", ""
	d.ClearURL = clear.url()
	if d.Set {
		d.Note = b.T("buy.filtered", "fit", fit, "all", len(p.Offers))
	}
	d.Countries = []web.Choice{{Label: b.T("buy.any"), Selected: b.x.from == ""}}
	for _, code := range web.Countries() {
		if code != cert.Worldwide {
			d.Countries = append(d.Countries, web.Choice{Value: code, Label: b.Texts.Country(code), Selected: code == b.x.from})
		}
	}
	d.Methods, d.Currencies = []web.Choice{{Label: b.T("buy.any"), Selected: b.x.by == ""}}, []web.Choice{{Label: b.T("buy.any"), Selected: b.x.in == ""}}
	methods, coins := map[string]bool{}, map[string]bool{}
	for _, o := range b.open {
		for _, w := range o.Ways {
			methods[string(w.Method)], coins[w.Currency] = true, true
		}
	}
	for _, m := range payment.Methods() {
		if methods[string(m)] {
			d.Methods = append(d.Methods, web.Choice{Value: string(m), Label: b.Texts.Method(string(m)), Selected: string(m) == b.x.by})
		}
	}
	for _, code := range money.Currencies() {
		if coins[code] {
			d.Currencies = append(d.Currencies, web.Choice{Value: code, Label: b.Texts.Currency(code), Selected: code == b.x.in})
		}
	}
}

// approx is a price in the currency that was asked for, by the branch's rates.
func (b *buyView) approx(a money.Amount) string {
	if b.x.in == "" || b.x.in == a.Currency || a.Minor == 0 {
		return ""
	}
	other, ok := b.rates.Convert(a, b.x.in)
	if !ok {
		return ""
	}
	return "≈ " + other.Format(b.Lang)
}
