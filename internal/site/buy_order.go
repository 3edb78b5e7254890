package site

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// ask adds the three questions and, when all are answered, the answer.
func (b *buyView) ask(p *web.BuyPage) {
	p.Keep = b.x.without("paid", "public", "changed", "offer", "days", "currency")
	answers := map[string]string{"paid": b.x.paid, "public": b.x.public, "changed": b.x.changed}
	for _, name := range []string{"paid", "public", "changed"} {
		q := web.Question{Field: web.Field{Name: name, Label: b.T("buy.q_" + name), Hint: b.T("buy.q_" + name + "_hint")}}
		for _, word := range []string{"yes", "no"} {
			q.Choices = append(q.Choices, web.Choice{Value: word, Label: b.T("buy." + word), Selected: answers[name] == word})
		}
		p.Questions = append(p.Questions, q)
	}
	if b.x.paid != "" && b.x.public != "" && b.x.changed != "" {
		p.Answer = b.answer()
	}
}

// answer says whether a licence is needed. What counts is the use: nothing is
// asked about the person.
func (b *buyView) answer() *web.NeedAnswer {
	base := b.work.BaseLicence
	name, word := web.BaseName(base), "free"
	switch {
	case !licence.NonCommercial(base):
		word = "any"
	case b.x.paid == "yes":
		word = "need"
	}
	a := &web.NeedAnswer{Need: word == "need", Title: b.T("buy.a_" + word), Text: b.T("buy.a_"+word+"_text", "licence", name)}
	if !strings.HasPrefix(base, "CC0") {
		a.Rules = append(a.Rules, b.T("buy.rule_names"))
	}
	changed, public := b.x.changed == "yes", b.x.public == "yes"
	rule := func(when bool, key string) {
		if when {
			a.Rules = append(a.Rules, b.T("buy.rule_"+key))
		}
	}
	if a.Need {
		rule(public, "copies")
		rule(!public, "show")
		rule(changed && !licence.NoDerivatives(base), "derive")
		rule(changed && licence.NoDerivatives(base), "nd_paid")
		a.Examples = []string{b.T("buy.ex_paid_1"), b.T("buy.ex_paid_2"), b.T("buy.ex_paid_3")}
		return a
	}
	rule(changed && licence.NoDerivatives(base), "nd")
	rule(changed && !licence.NoDerivatives(base) && !strings.HasPrefix(base, "CC0"), "changed")
	rule(changed && public && strings.Contains(base, "-SA-"), "sa")
	if word == "free" {
		a.Examples = []string{b.T("buy.ex_free_1"), b.T("buy.ex_free_2"), b.T("buy.ex_free_3")}
	}
	return a
}

// checkout is everything that is agreed for one term of an offer.
func (b *buyView) checkout(o *licence.Offer, q licence.Price) *web.Checkout {
	price := q.Money()
	end := b.begin.Add(time.Duration(q.Days) * 24 * time.Hour)
	x := b.x
	x.offer, x.days, x.currency = o.ID, q.Days, q.Currency
	c := &web.Checkout{Action: x.url(), Total: priceWord(b.Frame, price), Approx: b.approx(price), Free: price.Minor == 0,
		From: b.Texts.Date(b.begin.In(b.loc)), Until: b.Texts.Date(end.In(b.loc)), Payee: o.Payee,
		Terms: web.Link{URL: o.TermsVersion}, Accepted: b.typed.accepted,
		Name: web.Field{Name: "name", Label: b.T("buy.name"), Hint: b.T("buy.name_hint"), Value: b.typed.name, Error: b.bad.of("name"), Max: 43}}
	row := func(key, text string) { c.Rows = append(c.Rows, web.FactRow{Label: b.T("buy." + key), Text: text}) }
	row("version", b.work.Current.Label)
	row("where", b.Texts.Channel(o.Channel))
	row("uses", useWords(b.Frame, o.Uses))
	row("territory", countryWords(b.Frame, o.Territory))
	row("learners", learnerFact(b.Frame, o.Learners))
	row("exclusive", b.T("buy.exclusive_text"))
	if !c.Free {
		row("refund_rule", refundWord(b.Frame, o.RefundDays))
	}
	row("grace_rule", b.N("buy.grace", o.GraceDays))
	c.After = []string{b.T("buy.after_published"), b.T("buy.after_copies"), b.T("buy.after_base", "licence", web.BaseName(b.work.BaseLicence)), b.T("buy.after_renew")}
	if !c.Free {
		c.After = append(c.After, b.T("buy.after_refund"))
	}
	b.ways(c, o, q.Currency)
	return c
}

// ways are how this price can be paid; the first that passes the filter is
// chosen unless another was.
func (b *buyView) ways(c *web.Checkout, o *licence.Offer, currency string) {
	if b.bad.move("method", "way"); b.bad.of("way") == "" {
		b.bad.move("country", "way")
	}
	c.Ways = web.Field{Name: "way", Label: b.T("buy.way"), Error: b.bad.of("way"), Required: true}
	first := -1
	for _, w := range o.Ways {
		if w.Currency != currency {
			continue
		}
		value := w.Country + "/" + string(w.Method)
		line := b.T("buy.way_line", "country", b.Texts.Country(w.Country), "method", b.Texts.Method(string(w.Method)))
		if b.payable(w) && first < 0 {
			first = len(c.WayList)
		}
		choice := web.Choice{Value: value, Label: line, Selected: value == b.typed.way}
		if w.Method == payment.Stripe {
			choice.Hint, c.Cards = b.T("stripe.way_hint"), true
		}
		c.WayList = append(c.WayList, choice)
	}
	if b.typed.way == "" && first >= 0 {
		c.WayList[first].Selected = true
	}
}

// terms adds the text that is accepted and its fingerprint.
func (b *buyView) terms(c *web.Checkout, version, sum string) {
	c.Terms = web.Link{Label: b.T("buy.terms_link", "version", version), URL: "/terms/" + url.PathEscape(version)}
	c.TermsSum, c.Hidden = sum, []web.Pair{{Name: "terms", Value: sum}}
	b.bad.move("terms", "accept")
	c.Accept = web.Field{Name: "accept", Label: b.T("buy.accept", "version", version), Required: true, Error: b.bad.of("accept")}
}

// termsSum is the fingerprint of a version of the terms.
func termsSum(version string) (string, error) {
	sum, ok := web.TermsHash(version)
	if !ok {
		return "", fmt.Errorf("site: the terms %s of an offer are not there", version)
	}
	return sum, nil
}

// buy orders what the address chooses. A stranger's choice waits while an
// account is made; nothing is ordered before the buyer has looked again.
func (s *Site) buy(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, x := c.Request.Context(), choiceOf(c)
	typed := typedBuying(func(name string) string { return value(c, name) })
	shown := func(bad problems) (templ.Component, error) { return s.buyPage(c, x, typed, bad) }
	if err := s.checkToken(c, c.Request.PostFormValue(web.CSRFField)); err != nil {
		return s.again(c, err, shown)
	}
	if !typed.accepted {
		return s.again(c, fault.Bad("terms", "terms_changed"), shown)
	}
	if v.actor.Anonymous() {
		return s.buyLater(c, x, shown)
	}
	if err := s.mayWrite(c); err != nil {
		return s.again(c, err, shown)
	}
	country, method, _ := strings.Cut(typed.way, "/")
	o, err := s.Licences.Buy(ctx, v.actor, licence.Purchase{OfferID: x.offer, Days: x.days, Currency: x.currency, Method: payment.Method(method), Country: country,
		Renews: x.renews, AcceptedTerms: value(c, "terms"), NameCommitment: typed.name})
	if err != nil {
		if all := fault.All(err); len(all) > 0 && all[0].Code == "terms_changed" {
			typed.accepted = false // it was another text
		}
		return s.again(c, err, shown)
	}
	if err := s.drop(ctx, buyPath(x.work)); err != nil {
		return err
	}
	word := "buy.ordered"
	switch {
	case o.Amount == 0:
		word = "buy.taken"
	case o.Existing:
		word = "buy.ordered_before"
	}
	s.say(c, "ok", word)
	return s.see(c, payment.Path(o.ID))
}

// buyLater keeps a stranger's choice and leads to a new account and back, or to
// the sign-in where nobody new is taken.
func (s *Site) buyLater(c *gin.Context, x choice, shown func(problems) (templ.Component, error)) error {
	if err := s.allow(c, classPreview); err != nil { // what waits is kept in a session of its own
		return s.again(c, err, shown)
	}
	ctx := c.Request.Context()
	if _, err := s.Licences.Work(ctx, account.Actor{}, x.work); err != nil { // no account is made in vain
		return err
	}
	words := url.Values{}
	for _, name := range buyWords {
		words.Set(name, value(c, name))
	}
	if err := s.hold(ctx, held{To: buyPath(x.work), Words: words}); err != nil {
		return err
	}
	way := "/signup"
	if localeOf(c.Request).branch.SignUp == branch.Closed {
		way = "/login" // whoever has an account already
	}
	return s.see(c, way+"?next="+queryEscape(x.url()))
}
