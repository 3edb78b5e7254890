package site

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// The rows that a form of an offer begins with.
const (
	spanRows = 4
	wayRows  = 3
)

// typedOffer is an offer as the form holds it: what was typed, good or bad.
type typedOffer struct {
	licence.OfferInput

	territory, learners, refund, grace string
	free                               bool
	days, amounts, currencies          []string
	countries, methods, pays           []string
}

// readOffer reads the form with what is wrong in its numbers; the feature says
// the rest.
func readOffer(c *gin.Context) (typedOffer, error) {
	o := typedOffer{territory: value(c, "territory"), learners: value(c, "learners"), refund: value(c, "refund_days"), grace: value(c, "grace_days"),
		free: value(c, "free") != "", days: c.Request.PostForm["days"], amounts: c.Request.PostForm["price"], currencies: c.Request.PostForm["price_currency"],
		countries: c.Request.PostForm["way_country"], methods: c.Request.PostForm["way_method"], pays: c.Request.PostForm["way_currency"]}
	o.OfferInput = licence.OfferInput{Channel: value(c, "channel"), Territory: listed(o.territory), Payee: value(c, "payee"), NotFund: value(c, "not_fund") != "",
		Link: value(c, "link"), Edit: number(c, "version")}
	for _, u := range values(c, "uses") {
		o.Uses = append(o.Uses, cert.Use(u))
	}
	var bad fault.Fields
	for _, n := range []struct {
		field, text string
		into        *int
	}{{"learners", o.learners, &o.Learners}, {"refund_days", o.refund, &o.RefundDays}, {"grace_days", o.grace, &o.GraceDays}} {
		if n.text == "" {
			continue
		}
		var err error
		if *n.into, err = strconv.Atoi(n.text); err != nil {
			bad.Add(fault.Bad(n.field, "number_form"))
		}
	}
	bad = append(bad, o.readPrices()...)
	for i := range o.methods {
		if o.methods[i] != "" {
			o.Ways = append(o.Ways, licence.Way{Country: place(o.countries, i), Method: payment.Method(o.methods[i]), Currency: place(o.pays, i)})
		}
	}
	return o, bad.Err()
}

// place is the n-th of a list that may be shorter.
func place(list []string, n int) string {
	if n < len(list) {
		return list[n]
	}
	return ""
}

// readPrices reads the rows of lengths and prices; empty rows do not count.
func (o *typedOffer) readPrices() (bad fault.Fields) {
	for i := range o.days {
		length, amount := strings.TrimSpace(o.days[i]), strings.TrimSpace(place(o.amounts, i))
		if length == "" && amount == "" {
			continue
		}
		p := licence.Price{Currency: place(o.currencies, i)}
		days, err := strconv.Atoi(length)
		if err != nil {
			bad.Add(fault.Bad("prices", "number_form"))
			continue
		}
		p.Days = days
		if !o.free {
			a, err := money.ParseField("prices", amount, p.Currency)
			if err != nil {
				bad = append(bad, fault.All(err)...)
				continue
			}
			p.Amount = a.Minor
		}
		o.Prices = append(o.Prices, p)
	}
	return bad
}

// savedOffer is what the form begins with.
func savedOffer(o *licence.Offer, lang string) typedOffer {
	t := typedOffer{learners: strconv.Itoa(o.Learners), refund: strconv.Itoa(o.RefundDays), grace: strconv.Itoa(o.GraceDays), free: len(o.Prices) > 0,
		OfferInput: licence.OfferInput{Uses: o.Uses, Channel: o.Channel, Payee: o.Payee, NotFund: o.NotFund, Link: o.Link, Edit: o.Edit}}
	for i, code := range o.Territory {
		if i > 0 {
			t.territory += ", "
		}
		t.territory += code
	}
	for _, p := range o.Prices {
		t.free = t.free && p.Amount == 0
		t.days, t.currencies = append(t.days, strconv.Itoa(p.Days)), append(t.currencies, p.Currency)
		t.amounts = append(t.amounts, p.Money().Number(lang))
	}
	for _, w := range o.Ways {
		t.countries, t.methods, t.pays = append(t.countries, w.Country), append(t.methods, string(w.Method)), append(t.pays, w.Currency)
	}
	return t
}

// ofOffer is the offer of the address with its work, when the viewer looks
// after it.
func (s *Site) ofOffer(c *gin.Context) (*licence.Offer, licence.WorkView, *visit, error) {
	w, v, err := s.ofWork(c)
	if err != nil {
		return nil, w, nil, err
	}
	for i := range w.Offers {
		if w.Offers[i].ID == c.Param("offer") {
			return &w.Offers[i], w, v, nil
		}
	}
	return nil, w, nil, fault.Of(fault.NotFound, "offer_unknown")
}

func (s *Site) newLicenceOffer(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	if len(w.Missing) > 0 {
		s.say(c, "info", "mywork.offer_blocked")
		return s.see(c, workshopPath(w.ID))
	}
	begin := typedOffer{OfferInput: licence.OfferInput{Uses: []cert.Use{cert.Reproduce, cert.Distribute, cert.Present}, Channel: cert.Teaching, Payee: w.Paid},
		territory: cert.Worldwide, learners: "0", refund: "14", grace: "30", days: []string{"30", "90", "365"},
		currencies: slices.Repeat([]string{v.branch.Currency}, spanRows),
		countries:  []string{cert.Worldwide}, methods: []string{string(payment.Direct)}, pays: []string{v.branch.Currency}}
	page, err := s.licenceOfferPage(c, w, "", begin, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) licenceOfferForm(c *gin.Context) error {
	o, w, v, err := s.ofOffer(c)
	if err != nil {
		return err
	}
	page, err := s.licenceOfferPage(c, w, o.ID, savedOffer(o, v.lang), problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) addLicenceOffer(c *gin.Context) error {
	w, v, err := s.ofWork(c)
	if err != nil {
		return err
	}
	return s.keepOffer(c, w, "", func(in licence.OfferInput) error {
		_, err := s.Licences.AddOffer(c.Request.Context(), v.actor, w.ID, in)
		return err
	})
}

func (s *Site) saveLicenceOffer(c *gin.Context) error {
	o, w, v, err := s.ofOffer(c)
	if err != nil {
		return err
	}
	id := o.ID
	return s.keepOffer(c, w, id, func(in licence.OfferInput) error {
		_, err := s.Licences.EditOffer(c.Request.Context(), v.actor, id, in)
		return err
	})
}

// keepOffer is what adding and changing share.
func (s *Site) keepOffer(c *gin.Context, w licence.WorkView, id string, keep func(licence.OfferInput) error) error {
	typed, err := readOffer(c)
	if err == nil {
		err = s.mayWrite(c)
	}
	if err == nil {
		err = keep(typed.OfferInput)
	}
	if err != nil {
		return s.again(c, err, func(bad problems) (templ.Component, error) { return s.licenceOfferPage(c, w, id, typed, bad) })
	}
	s.say(c, "ok", "offering.saved")
	return s.see(c, workshopPath(w.ID)+"#offers")
}

func (s *Site) moveOffer(c *gin.Context) error {
	o, w, v, err := s.ofOffer(c)
	if err != nil {
		return err
	}
	to := licence.OfferState(value(c, "state"))
	if !slices.Contains(licence.OfferStates(), to) {
		return fault.Bad("state", "state_unknown")
	}
	if _, err := s.Licences.MoveOffer(c.Request.Context(), v.actor, o.ID, to); err != nil {
		return s.workshopAgain(c, err, "")
	}
	s.say(c, "ok", "offering.did_"+string(to))
	return s.see(c, workshopPath(w.ID)+"#offers")
}

// licenceOfferPage is the form with what is typed. An edit that somebody else
// made meanwhile is told; sending again then takes what is typed here.
func (s *Site) licenceOfferPage(c *gin.Context, w licence.WorkView, id string, o typedOffer, bad problems) (templ.Component, error) {
	title := "offering.edit"
	if id == "" {
		title = "offering.new"
	}
	f, v, err := s.signed(c, title)
	if err != nil {
		return nil, err
	}
	cards, err := s.takesCards(c.Request.Context(), v.actor)
	if err != nil {
		return nil, err
	}
	at := workshopPath(w.ID)
	p := web.LicenceOfferPage{ID: id, Action: at + "/offers/new", BackURL: at, Work: w.Title, Troubles: bad.Summary}
	version := ""
	if id != "" {
		p.Action = at + "/offers/" + id
		for i := range w.Offers {
			if w.Offers[i].ID == id {
				o.Edit, version = w.Offers[i].Edit, w.Offers[i].TermsVersion
			}
		}
	}
	p.Version = strconv.FormatInt(o.Edit, 10)
	version = cmp.Or(version, web.CurrentTerms)
	p.Terms = web.Link{Label: f.T("offering.terms", "version", version), URL: "/terms/" + version}
	offerScope(f, &p, &w, o, bad)
	offerMoney(f, &p, o, bad)
	offerWays(f, &p, o, cards)
	return web.LicenceOffer(f, p), nil
}

func offerScope(f web.Frame, p *web.LicenceOfferPage, w *licence.WorkView, o typedOffer, bad problems) {
	for _, u := range cert.Uses() {
		p.Uses = append(p.Uses, web.Choice{Value: string(u), Label: f.Texts.Use(string(u)), Hint: f.T("use_hint." + string(u)),
			Selected: slices.Contains(o.Uses, u), Disabled: u == cert.Derive && licence.NoDerivatives(w.BaseLicence)})
	}
	for _, ch := range cert.Channels() {
		p.Channels = append(p.Channels, web.Choice{Value: ch, Label: f.Texts.Channel(ch), Hint: f.T("channel_hint." + ch), Selected: ch == o.Channel})
	}
	p.UsesBad, p.ChannelBad = bad.of("uses"), bad.of("channel")
	p.Territory = web.Field{Name: "territory", Label: f.T("offering.territory"), Hint: f.T("offering.territory_hint"), Value: o.territory, Error: bad.of("territory"), Max: 400}
	p.Learners = numberField(web.Field{Name: "learners", Label: f.T("offering.learners"), Hint: f.T("offering.learners_hint")}, o.learners, bad)
	p.Refund = numberField(web.Field{Name: "refund_days", Label: f.T("offering.refund"), Hint: f.T("offering.refund_hint")}, o.refund, bad)
	p.Grace = numberField(web.Field{Name: "grace_days", Label: f.T("offering.grace"), Hint: f.T("offering.grace_hint")}, o.grace, bad)
}

func numberField(d web.Field, value string, bad problems) web.Field {
	d.Value, d.Error, d.Mode, d.Max = value, bad.of(d.Name), "numeric", 6
	return d
}

func offerMoney(f web.Frame, p *web.LicenceOfferPage, o typedOffer, bad problems) {
	p.Free, p.IsFree = web.Field{Name: "free", Label: f.T("offering.free")}, o.free
	p.SpansBad, p.WaysBad = bad.of("prices"), bad.of("ways")
	for i := range min(max(spanRows, len(o.days)+1), licence.MaxPrices) {
		n := strconv.Itoa(i + 1)
		row := web.SpanField{Days: web.Field{Name: "days", ID: "f-days-" + n, Label: f.T("offering.days"), Value: place(o.days, i), Mode: "numeric", Max: 4},
			Price:    web.Field{Name: "price", ID: "f-price-" + n, Label: f.T("offering.price"), Value: place(o.amounts, i), Mode: "decimal", Max: 20},
			Currency: web.Field{Name: "price_currency", ID: "f-currency-" + n, Label: f.T("form.currency")}}
		row.Currencies = codes(place(o.currencies, i))
		p.Spans = append(p.Spans, row)
	}
	p.Payee = web.Field{Name: "payee", Label: f.T("offering.payee"), Hint: f.T("offering.payee_hint"), Value: o.Payee, Error: bad.of("payee"),
		Required: true, Max: licence.MaxPayee}
	p.NotFund, p.IsNotFund = web.Field{Name: "not_fund", Label: f.T("offering.not_fund"), Error: bad.of("not_fund"), Required: true}, o.NotFund
	p.Link = web.Field{Name: "link", Label: f.T("offering.link"), Hint: f.T("offering.link_hint"), Value: o.Link, Error: bad.of("link"), Type: "url", Max: licence.MaxOfferLink}
}

// offerWays are the ways to pay, and how far the seller is with cards where the
// branch takes any.
func offerWays(f web.Frame, p *web.LicenceOfferPage, o typedOffer, cards string) {
	for i := range min(max(wayRows, len(o.methods)+1), licence.MaxWays) {
		p.Ways = append(p.Ways, wayField(f, o, i, cards == stripeReady))
	}
	if cards == "" {
		return
	}
	p.CardsURL = stripePath
	switch {
	case cards == stripeReady:
		p.Cards = f.T("stripe.offer_ready")
	case slices.Contains(o.methods, string(payment.Stripe)):
		p.Cards = f.T("stripe.offer_gone")
	default:
		p.Cards = f.T("stripe.offer_not")
	}
}

func codes(chosen string) []web.Choice {
	return choices(money.Currencies(), []string{chosen}, func(code string) string { return code })
}

// wayField is one way to pay. Cards can be chosen by a seller who can take them;
// a way that is saved stays, so that saving the form loses nothing.
func wayField(f web.Frame, o typedOffer, i int, cards bool) web.WayField {
	n := strconv.Itoa(i + 1)
	w := web.WayField{Label: f.T("offering.way", "n", n), Country: web.Field{Name: "way_country", ID: "f-way-country-" + n, Label: f.T("offering.country")},
		Method:   web.Field{Name: "way_method", ID: "f-way-method-" + n, Label: f.T("offering.method")},
		Currency: web.Field{Name: "way_currency", ID: "f-way-currency-" + n, Label: f.T("form.currency")}, Currencies: codes(place(o.pays, i))}
	known := web.Countries()
	if chosen := place(o.countries, i); chosen != "" && !slices.Contains(known, chosen) {
		known = append(known, chosen)
	}
	w.Countries = choices(known, []string{cmp.Or(place(o.countries, i), cert.Worldwide)}, f.Texts.Country)
	w.Methods = []web.Choice{{Label: f.T("offering.no_way"), Selected: place(o.methods, i) == ""}}
	methods := []payment.Method{payment.Direct, payment.Link}
	if cards || place(o.methods, i) == string(payment.Stripe) {
		methods = append(methods, payment.Stripe)
	}
	for _, m := range methods {
		w.Methods = append(w.Methods, web.Choice{Value: string(m), Label: f.Texts.Method(string(m)), Selected: string(m) == place(o.methods, i)})
	}
	return w
}
