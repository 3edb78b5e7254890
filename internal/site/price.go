package site

import (
	"net/url"
	"strings"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) moneyFilter(f web.Frame, v *visit, a asked, bins []search.Bin) web.MoneyFilter {
	m := web.MoneyFilter{Min: a.Get("price_min"), Max: a.Get("price_max"), Bars: bars(f, a, bins)}
	for _, code := range money.Currencies() {
		m.Currencies = append(m.Currencies, web.Choice{Value: code, Label: f.Texts.CurrencySign(code),
			Hint: f.Texts.Currency(code), Selected: code == a.query.Currency})
	}
	if len(v.branch.Rates.Per) > 0 {
		m.Note = f.T("search.rates", "date", f.Texts.Date(v.branch.Rates.Date))
	}
	m.MinError, m.Error = faultText(f, a.minErr), faultText(f, a.maxErr)
	return m
}

func faultText(f web.Frame, e *fault.Error) string {
	if e == nil {
		return ""
	}
	return f.Texts.Fault(e.Kind.String(), e.Code, e.Args)
}

// bars draws the histogram of prices. A single bar says nothing and is not drawn.
func bars(f web.Frame, a asked, bins []search.Bin) []web.Bar {
	if len(bins) < 2 {
		return nil
	}
	most := 0
	for _, b := range bins {
		most = max(most, b.Count)
	}
	const full = 10
	out := make([]web.Bar, len(bins))
	for i, b := range bins {
		out[i] = web.Bar{Count: b.Count, Height: (b.Count*full + most - 1) / most,
			Label:    f.N("search.price_bar", b.Count, "range", priceRange(f, b.From, b.To, a.query.Currency)),
			Selected: (a.query.PriceMin > 0 || a.query.PriceMax > 0) && a.query.PriceMin == b.From && a.query.PriceMax == b.Most(),
			URL:      a.to(func(v url.Values) { chooseRange(v, b, a.query.Currency) })}
	}
	return out
}

func chooseRange(v url.Values, b search.Bin, currency string) {
	for key, minor := range map[string]int64{"price_min": b.From, "price_max": b.Most()} {
		v.Del(key)
		if minor > 0 {
			v.Set(key, plainAmount(minor, currency))
		}
	}
	v.Set("currency", currency)
}

// plainAmount writes an amount as an address shows it best.
func plainAmount(minor int64, currency string) string {
	return strings.ReplaceAll(money.Amount{Minor: minor, Currency: currency}.Number("en"), ",", "")
}

// priceRange says a range of prices; 0 is no bound.
func priceRange(f web.Frame, from, to int64, currency string) string {
	show := func(minor int64) string { return money.Amount{Minor: minor, Currency: currency}.Format(f.Lang) }
	switch {
	case from > 0 && to > 0:
		return f.T("search.price_between", "from", show(from), "to", show(to))
	case from > 0:
		return f.T("search.price_over", "price", show(from))
	}
	return f.T("search.price_chip", "price", show(to))
}
