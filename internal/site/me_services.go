package site

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// The ways of paying as the form tells them apart.
const (
	byAmount    = "amount"
	byNothing   = "free"
	byAgreement = "agreement"
)

// offered is a service as the form holds it: what was typed, good or bad.
type offered struct {
	market.ServiceInput

	minutes  string
	pricing  string
	amount   string
	currency string
}

// typedService reads the form with what is wrong in its numbers; the feature
// says the rest.
func typedService(c *gin.Context) (offered, error) {
	o := offered{minutes: value(c, "minutes"), pricing: value(c, "pricing"), amount: value(c, "price"), currency: value(c, "currency")}
	o.ServiceInput = market.ServiceInput{Title: value(c, "title"), Summary: value(c, "summary"), Format: value(c, "format"),
		FreeTrial: value(c, "free_trial") != "", Rules: value(c, "rules"), State: market.State(value(c, "state")), Version: number(c, "version")}
	var bad fault.Fields
	if o.minutes != "" {
		n, err := strconv.Atoi(o.minutes)
		if err != nil {
			bad.Add(fault.Bad("minutes", "minutes_form"))
		}
		o.Minutes = n
	}
	switch o.pricing {
	case byAgreement:
		o.ByAgreement = true
	case byNothing:
		o.Price = &money.Amount{Currency: o.currency}
	default:
		a, err := money.ParseField("price", o.amount, o.currency)
		bad = append(bad, fault.All(err)...)
		o.Price = &a
	}
	return o, bad.Err()
}

// savedService is what the form begins with.
func savedService(l *market.Service, lang string) offered {
	o := offered{ServiceInput: market.ServiceInput{Title: l.Title, Summary: l.Summary, Format: l.Format, Minutes: l.Minutes,
		ByAgreement: l.ByAgreement, FreeTrial: l.FreeTrial, Rules: l.Rules, State: l.State, Version: l.Version, Price: l.Amount()}}
	if l.Minutes > 0 {
		o.minutes = strconv.Itoa(l.Minutes)
	}
	o.pricing = byAmount
	switch {
	case l.ByAgreement || o.Price == nil:
		o.pricing = byAgreement
	case o.Price.IsZero():
		o.pricing, o.currency = byNothing, o.Price.Currency
	default:
		o.amount, o.currency = o.Price.Number(lang), o.Price.Currency
	}
	return o
}

func (s *Site) ownServices(c *gin.Context) error {
	page, err := s.ownServicesPage(c, problems{})
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) ownServicesPage(c *gin.Context, bad problems) (templ.Component, error) {
	f, v, err := s.signed(c, "offer.list")
	if err != nil {
		return nil, err
	}
	f.Tab = "services"
	ctx := c.Request.Context()
	list, err := s.Market.Mine(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	own, err := s.ownProfile(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	p := web.OwnServicesPage{Full: len(list) >= market.MaxServices}
	if len(list) > 0 && (own == nil || !own.Visible()) {
		p.Note = f.T("offer.hidden")
	}
	for i := range list {
		row := s.ownService(f, v, &list[i])
		if own == nil {
			row.LookURL = "" // without a profile there is nobody to show beside it
		}
		p.List = append(p.List, row)
	}
	if own != nil && own.Tutor {
		p.Troubles = bad.Summary
		p.Capacity, p.Habit, err = s.capacityField(c, f, v, bad)
	}
	return web.OwnServices(f, p), err
}

// ownService is one line of the list, with the states it can be brought into.
func (s *Site) ownService(f web.Frame, v *visit, l *market.Service) web.OwnService {
	base, state := "/me/services/"+l.ID, string(l.State)
	o := web.OwnService{Title: l.Title, Format: l.Format, Meta: f.Texts.Format(l.Format), State: state,
		StateWord: f.T("offer.word_" + state), EditURL: base, LookURL: "/services/" + l.ID, StateURL: base + "/state",
		RemoveURL: base + "/delete", Version: strconv.FormatInt(l.Version, 10)}
	if l.Minutes > 0 {
		o.Meta += " · " + f.N("price.minutes", l.Minutes)
	}
	o.Price = s.servicePrice(f, v, l)
	for _, to := range map[market.State][]market.State{market.Draft: {market.Published},
		market.Published: {market.Paused, market.Draft}, market.Paused: {market.Published, market.Draft}}[l.State] {
		o.Can = append(o.Can, web.Choice{Value: string(to), Label: f.T("offer.do_" + string(to))})
	}
	return o
}

func (s *Site) servicePrice(f web.Frame, v *visit, l *market.Service) web.Price {
	switch a := l.Amount(); {
	case a == nil:
		return web.Price{Main: f.T("price.agreement")}
	case a.IsZero():
		return web.Price{Main: f.T("price.free")}
	default:
		p := s.amount(f, v.branch, *a, "")
		p.Unit = f.T("price.per_" + l.Format)
		return p
	}
}

func (s *Site) newService(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	own, err := s.ownProfile(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	if own == nil {
		s.say(c, "info", "offer.first")
		return s.see(c, "/me/profile")
	}
	begin := offered{ServiceInput: market.ServiceInput{Format: "call", State: market.Published}, minutes: "60",
		pricing: byAmount, currency: v.branch.Currency}
	page, err := s.offerPage(c, "", begin, problems{}, nil)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) serviceForm(c *gin.Context) error {
	l, v, err := s.mine(c)
	if err != nil {
		return err
	}
	page, err := s.offerPage(c, l.ID, savedService(l, v.lang), problems{}, nil)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

// mine is the service of the address, when it is the actor's own; another's is
// not found, seen or not.
func (s *Site) mine(c *gin.Context) (*market.Service, *visit, error) {
	v, err := s.visit(c)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.Market.Mine(c.Request.Context(), v.actor)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		if list[i].ID == c.Param("id") {
			return &list[i], v, nil
		}
	}
	return nil, nil, fault.Of(fault.NotFound, "service_unknown")
}

func (s *Site) addService(c *gin.Context) error {
	return s.keepService(c, "", func(v *visit, in market.ServiceInput) error {
		_, err := s.Market.AddService(c.Request.Context(), v.actor, in)
		return err
	})
}

func (s *Site) saveService(c *gin.Context) error {
	id := c.Param("id")
	if _, _, err := s.mine(c); err != nil {
		return err
	}
	return s.keepService(c, id, func(v *visit, in market.ServiceInput) error {
		_, err := s.Market.EditService(c.Request.Context(), v.actor, id, in)
		return err
	})
}

// keepService is what adding and changing share: preview, warning, the verb.
func (s *Site) keepService(c *gin.Context, id string, keep func(*visit, market.ServiceInput) error) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	typed, bad := typedService(c)
	shown := func(status int, change func(*web.OfferPage, web.Frame)) error {
		page, err := s.offerPage(c, id, typed, problems{}, change)
		if err != nil {
			return err
		}
		return s.show(c, status, page)
	}
	if value(c, "preview") != "" {
		return shown(http.StatusOK, func(p *web.OfferPage, _ web.Frame) { p.RulesHTML = previewHTML(typed.Rules) })
	}
	if found := serviceWarnings(typed); bad == nil && len(found) > 0 && value(c, "confirm") == "" && typed.State != market.Draft {
		return shown(http.StatusUnprocessableEntity, func(p *web.OfferPage, f web.Frame) { p.Warnings = warningWords(f, found) })
	}
	if bad == nil {
		bad = s.mayWrite(c)
	}
	if bad == nil {
		bad = keep(v, typed.ServiceInput)
	}
	if bad == nil {
		s.say(c, "ok", "offer.saved")
		return s.see(c, "/me/services")
	}
	return s.again(c, bad, func(words problems) (templ.Component, error) { return s.refusedOffer(c, id, typed, words) })
}

// serviceWarnings finds contacts in the texts of a service.
func serviceWarnings(o offered) []profile.Warning {
	var out []profile.Warning
	seen := map[profile.Warning]bool{}
	for _, x := range []struct{ field, text string }{{"title", o.Title}, {"summary", o.Summary}, {"rules", o.Rules}} {
		for _, found := range markup.Contacts(x.text) {
			if w := (profile.Warning{Field: x.field, Kind: found.Kind}); !seen[w] {
				seen[w], out = true, append(out, w)
			}
		}
	}
	return out
}

// refusedOffer shows what was typed, and beside it what another tab has saved.
func (s *Site) refusedOffer(c *gin.Context, id string, typed offered, bad problems) (templ.Component, error) {
	if id == "" {
		return s.offerPage(c, id, typed, bad, nil)
	}
	l, v, err := s.mine(c)
	if err != nil {
		return nil, err
	}
	return s.offerPage(c, id, typed, bad, func(p *web.OfferPage, f web.Frame) {
		if l.Version != typed.Version {
			p.Theirs, p.Version = s.compareService(f, v, typed, l), strconv.FormatInt(l.Version, 10)
		}
	})
}

func (s *Site) compareService(f web.Frame, v *visit, typed offered, l *market.Service) []web.Compare {
	saved := savedService(l, f.Lang)
	var out []web.Compare
	for _, x := range []struct{ key, mine, theirs, shown string }{
		{"offer.name", typed.Title, saved.Title, saved.Title}, {"offer.summary", typed.Summary, saved.Summary, saved.Summary},
		{"offer.format", typed.Format, saved.Format, f.Texts.Format(saved.Format)},
		{"offer.minutes", typed.minutes, saved.minutes, saved.minutes}, {"offer.rules", typed.Rules, saved.Rules, saved.Rules},
		{"offer.price", typed.pricing + typed.amount, saved.pricing + saved.amount, s.servicePrice(f, v, l).Main},
		{"offer.state_label", string(typed.State), string(saved.State), f.T("offer.word_" + string(saved.State))},
	} {
		if x.mine == x.theirs {
			continue
		}
		if x.shown == "" {
			x.shown = "—"
		}
		out = append(out, web.Compare{Label: f.T(x.key), Text: x.shown})
	}
	return out
}

// offerPage is the form with what is typed; change adds what only some answers have.
func (s *Site) offerPage(c *gin.Context, id string, o offered, bad problems, change func(*web.OfferPage, web.Frame)) (templ.Component, error) {
	title := "offer.edit"
	if id == "" {
		title = "offer.new"
	}
	f, v, err := s.signed(c, title)
	if err != nil {
		return nil, err
	}
	f.Tab = "services"
	p := web.OfferPage{ID: id, Action: "/me/services/new", Troubles: bad.Summary, Version: strconv.FormatInt(o.Version, 10),
		Confirm: web.Field{Name: "confirm", Label: f.T("editor.contacts_confirm")}}
	if id != "" {
		p.Action, p.LookURL, p.RemoveURL = "/me/services/"+id, "/services/"+id, "/me/services/"+id+"/delete"
	}
	if p.Unlicensed, err = s.unlicensed(c.Request.Context(), v.actor.ID, o.ServiceInput); err != nil {
		return nil, err
	}
	offerFields(f, &p, o, bad)
	if change != nil {
		change(&p, f)
	}
	return web.Offer(f, p), nil
}

func offerFields(f web.Frame, p *web.OfferPage, o offered, bad problems) {
	p.Name = web.Field{Name: "title", Label: f.T("offer.name"), Hint: f.T("offer.name_hint"), Value: o.Title, Error: bad.of("title"),
		Required: true, Max: market.MaxTitle}
	p.Summary = web.Field{Name: "summary", Label: f.T("offer.summary"), Hint: f.T("offer.summary_hint"), Value: o.Summary,
		Error: bad.of("summary"), Max: market.MaxSummary, Rows: 3}
	p.Minutes = web.Field{Name: "minutes", Label: f.T("offer.minutes"), Hint: f.T("offer.minutes_hint"), Value: o.minutes,
		Error: bad.of("minutes"), Max: 6, Mode: "numeric"}
	p.Rules = web.Field{Name: "rules", Label: f.T("offer.rules"), Hint: f.T("offer.rules_hint"), Value: o.Rules, Error: bad.of("rules"),
		Max: market.MaxRules, Rows: 5, Preview: f.Link("/me/preview")}
	p.Formats, p.FormatBad = choices(profile.Formats(), []string{o.Format}, f.Texts.Format), bad.of("format")
	for _, way := range []string{byAmount, byNothing, byAgreement} {
		p.Pricing = append(p.Pricing, web.Choice{Value: way, Label: f.T("offer.pricing_" + way), Selected: o.pricing == way})
	}
	p.Price = web.MoneyField{Label: f.T("offer.price"), Hint: f.T("offer.price_hint"), Error: bad.of("price"), Currency: "currency",
		Amount: web.Field{Name: "price", Value: o.amount, Max: 20, Mode: "decimal"}}
	for _, code := range money.Currencies() {
		p.Price.Currencies = append(p.Price.Currencies, web.Choice{Value: code, Label: code, Selected: code == o.currency})
	}
	p.Trial, p.HasTrial = web.Field{Name: "free_trial", Label: f.T("offer.trial"), Error: bad.of("free_trial")}, o.FreeTrial
	for _, st := range []market.State{market.Draft, market.Published, market.Paused} {
		p.States = append(p.States, web.Choice{Value: string(st), Label: f.T("offer.state_" + string(st)),
			Hint: f.T("offer.state_" + string(st) + "_hint"), Selected: o.State == st})
	}
	p.StateBad = bad.of("state")
}

// serviceState brings a service into another state with one click.
func (s *Site) serviceState(c *gin.Context) error {
	l, v, err := s.mine(c)
	if err != nil {
		return err
	}
	saved := savedService(l, v.lang)
	in := saved.ServiceInput
	in.State, in.Version = market.State(value(c, "state")), number(c, "version")
	if found := serviceWarnings(saved); in.State == market.Published && len(found) > 0 {
		saved.ServiceInput = in
		page, err := s.offerPage(c, l.ID, saved, problems{}, func(p *web.OfferPage, f web.Frame) { p.Warnings = warningWords(f, found) })
		if err != nil {
			return err
		}
		return s.show(c, http.StatusUnprocessableEntity, page)
	}
	if in.State == "" {
		return fault.Bad("state", "state_unknown")
	}
	if _, err := s.Market.EditService(c.Request.Context(), v.actor, l.ID, in); err != nil {
		return err
	}
	s.say(c, "ok", "offer.did_"+string(in.State))
	return s.see(c, "/me/services")
}

func (s *Site) askRemoval(c *gin.Context) error {
	l, _, err := s.mine(c)
	if err != nil {
		return err
	}
	f, _, err := s.signed(c, "offer.remove")
	if err != nil {
		return err
	}
	f.Tab = "services"
	return s.show(c, http.StatusOK, web.Confirm(f, web.ConfirmPage{Title: f.T("offer.remove_title", "title", l.Title),
		Text: f.T("offer.remove_text"), Action: "/me/services/" + l.ID + "/delete", Label: f.T("offer.remove"), Back: "/me/services"}))
}

func (s *Site) removeService(c *gin.Context) error {
	_, v, err := s.mine(c)
	if err != nil {
		return err
	}
	if err := s.Market.RemoveService(c.Request.Context(), v.actor, c.Param("id")); err != nil {
		return err
	}
	s.say(c, "ok", "offer.removed")
	return s.see(c, "/me/services")
}
