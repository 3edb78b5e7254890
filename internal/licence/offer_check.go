package licence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/profile"
)

// fillOffer takes everything from an input but the state, for the newest
// version of the work, and says all that is wrong.
func (l *Licences) fillOffer(ctx context.Context, tx *db.Tx, w *Work, o *Offer, in OfferInput) error {
	var bad fault.Fields
	o.Version, o.NotFund = w.Version, in.NotFund
	o.Uses = cleanUses(w, in.Uses, &bad)
	o.Channel = in.Channel
	bad.Add(oneOf("channel", in.Channel, cert.Channels()))
	o.Territory = cleanTerritory(in.Territory, &bad)
	o.Learners, o.RefundDays, o.GraceDays = in.Learners, in.RefundDays, in.GraceDays
	bad.Add(within("learners", in.Learners, MaxLearners))
	bad.Add(within("refund_days", in.RefundDays, MaxRefund))
	bad.Add(within("grace_days", in.GraceDays, MaxGrace))
	o.Prices = cleanPrices(in.Prices, &bad)
	if !in.NotFund {
		bad.Add(fault.Bad("not_fund", "not_fund_needed"))
	}
	had := o.Ways
	o.Ways = cleanWays(in.Ways, o.Prices, &bad)
	l.checkWays(had, o, &bad)
	o.Link = l.cleanLink(strings.TrimSpace(in.Link), o.Ways, &bad)
	o.TermsVersion = cmp.Or(in.Terms, l.current)
	if _, ok := l.terms(o.TermsVersion); !ok {
		bad.Add(fault.Bad("terms", "terms_unknown"))
	}
	if in.State != "" && in.State != OfferOpen && in.State != OfferPaused {
		bad.Add(fault.Bad("state", "state_unknown"))
	}
	if err := l.fillPayee(ctx, tx, w, o, in.Payee, &bad); err != nil {
		return err
	}
	return bad.Err()
}

// fillPayee takes who is paid, by default as the work says, and refuses the
// fund, in these words and in the link.
func (l *Licences) fillPayee(ctx context.Context, tx *db.Tx, w *Work, o *Offer, payee string, bad *fault.Fields) (err error) {
	if o.Payee = profile.Line(payee); o.Payee == "" {
		if o.Payee, err = l.paid(ctx, tx, w); err != nil {
			return err
		}
	}
	if o.Payee == "" {
		bad.Add(fault.Bad("payee", "required"))
	}
	bad.Add(profile.Bounded("payee", o.Payee, MaxPayee))
	if err := l.refuseFund(ctx, tx, bad, "payee", o.Payee); err != nil {
		return err
	}
	return l.refuseFund(ctx, tx, bad, "link", o.Link)
}

func within(field string, n, most int) *fault.Error {
	if n < 0 || n > most {
		return fault.Bad(field, "number_range").With("Max", most)
	}
	return nil
}

// cleanUses keeps known uses in their order. What forbids changed copies
// forbids to license them.
func cleanUses(w *Work, list []cert.Use, bad *fault.Fields) []cert.Use {
	out := []cert.Use{}
	for _, u := range cert.Uses() {
		if slices.Contains(list, u) {
			out = append(out, u)
		}
	}
	switch {
	case len(list) == 0:
		bad.Add(fault.Bad("uses", "required"))
	case slices.ContainsFunc(list, func(u cert.Use) bool { return !slices.Contains(cert.Uses(), u) }):
		bad.Add(fault.Bad("uses", "value_unknown"))
	case NoDerivatives(w.BaseLicence) && slices.Contains(out, cert.Derive):
		bad.Add(fault.Bad("uses", "use_no_derivatives"))
	}
	return out
}

// cleanTerritory keeps countries in order; none is everywhere.
func cleanTerritory(list []string, bad *fault.Fields) []string {
	out := []string{}
	for _, word := range list {
		if word = strings.ToUpper(strings.TrimSpace(word)); word == "" {
			continue
		}
		if word != cert.Worldwide && !country(word) {
			bad.Add(fault.Bad("territory", "territory_unknown").With("Value", clip(word, 10)))
			return []string{cert.Worldwide}
		}
		out = append(out, word)
	}
	slices.Sort(out)
	out = slices.Compact(out)
	switch {
	case len(out) == 0:
		return []string{cert.Worldwide}
	case len(out) > 1 && slices.Contains(out, cert.Worldwide):
		bad.Add(fault.Bad("territory", "territory_mixed"))
	case len(out) > MaxTerritories:
		bad.Add(fault.Bad("territory", "too_many").With("Max", MaxTerritories))
	}
	return out
}

// country tells whether a word is an ISO 3166-1 alpha-2 code.
func country(word string) bool {
	r, err := language.ParseRegion(word)
	return err == nil && len(word) == 2 && r.IsCountry() && r.Canonicalize().String() == word
}

// cleanPrices keeps prices in order, shortest first.
func cleanPrices(list []Price, bad *fault.Fields) []Price {
	out := make([]Price, 0, len(list))
	if len(list) == 0 {
		bad.Add(fault.Bad("prices", "required"))
	}
	if len(list) > MaxPrices {
		bad.Add(fault.Bad("prices", "too_many").With("Max", MaxPrices))
		return out
	}
	for i, p := range list {
		if p.Amount == 0 && p.Currency == "" {
			p.Currency = money.Currencies()[0] // free in whatever currency
		}
		if wrong := checkPrice(p); wrong != nil {
			bad.Add(wrong.With("N", i+1))
			continue
		}
		if slices.ContainsFunc(out, func(o Price) bool { return o.Days == p.Days && o.Currency == p.Currency }) {
			bad.Add(fault.Bad("prices", "price_twice").With("N", i+1))
			continue
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Price) int { return cmp.Or(cmp.Compare(a.Days, b.Days), cmp.Compare(a.Currency, b.Currency)) })
	return out
}

func checkPrice(p Price) *fault.Error {
	if p.Days < 1 || p.Days > cert.MaxDays {
		return fault.Bad("prices", "price_days").With("Max", cert.MaxDays)
	}
	_, err := money.New(p.Amount, p.Currency)
	var wrong *fault.Error
	switch {
	case errors.As(err, &wrong):
		named := *wrong
		named.Field = "prices"
		return &named
	case !money.Offered(p.Currency):
		return fault.Bad("prices", "currency_unknown")
	}
	return nil
}

// cleanWays keeps the ways of paying, each once. Without any, the payee is paid
// directly from everywhere. A price that nobody can pay is refused.
func cleanWays(list []Way, prices []Price, bad *fault.Fields) []Way {
	out := []Way{}
	if len(list) > MaxWays {
		bad.Add(fault.Bad("ways", "too_many").With("Max", MaxWays))
		return out
	}
	for i, w := range list {
		w.Country, w.Currency = strings.ToUpper(strings.TrimSpace(w.Country)), strings.ToUpper(strings.TrimSpace(w.Currency))
		w.Country = cmp.Or(w.Country, cert.Worldwide)
		switch {
		case w.Country != cert.Worldwide && !country(w.Country):
			bad.Add(fault.Bad("ways", "way_country").With("N", i+1))
		case !slices.Contains([]payment.Method{payment.Direct, payment.Link, payment.Stripe}, w.Method):
			bad.Add(fault.Bad("ways", "way_method").With("N", i+1))
		case !money.Offered(w.Currency):
			bad.Add(fault.Bad("ways", "currency_unknown").With("N", i+1))
		case !slices.Contains(out, w):
			out = append(out, w)
		}
	}
	for _, p := range prices {
		in := func(w Way) bool { return w.Currency == p.Currency }
		switch {
		case p.Amount == 0 || slices.ContainsFunc(out, in):
		case len(list) == 0:
			out = append(out, Way{Country: cert.Worldwide, Method: payment.Direct, Currency: p.Currency})
		case len(*bad) == 0:
			bad.Add(fault.Bad("ways", "way_missing").With("Currency", p.Currency))
		}
	}
	return out
}

// checkWays refuses a method that this branch does not offer, unless the offer
// has it from before, and a price that its method cannot take.
func (l *Licences) checkWays(had []Way, o *Offer, bad *fault.Fields) {
	if l.payments == nil {
		return
	}
	offered := l.payments.Offered()
	for i, w := range o.Ways {
		old := slices.ContainsFunc(had, func(h Way) bool { return h.Method == w.Method })
		if !old && !slices.Contains(offered, w.Method) {
			bad.Add(fault.Bad("ways", "way_off").With("N", i+1))
		}
		for _, p := range o.Prices {
			if p.Currency != w.Currency || p.Amount == 0 {
				continue
			}
			if l.payments.CheckPrice(w.Method, p.Money()) != nil {
				bad.Add(fault.Bad("ways", "way_price").With("N", i+1))
			}
		}
	}
}

// cleanLink takes the payee's payment address where a way needs it.
func (l *Licences) cleanLink(link string, ways []Way, bad *fault.Fields) string {
	needed := slices.ContainsFunc(ways, func(w Way) bool { return w.Method == payment.Link })
	switch {
	case !needed:
		return ""
	case link == "":
		bad.Add(fault.Bad("link", "required"))
		return link
	}
	if wrong := address("link", link, MaxOfferLink); wrong != nil || !strings.HasPrefix(link, "https://") {
		bad.Add(fault.Bad("link", "link_form"))
		return link
	}
	if l.payments == nil {
		return link
	}
	var wrong *fault.Error
	if errors.As(l.payments.CheckLink(link), &wrong) {
		bad.Add(wrong)
	}
	return link
}
