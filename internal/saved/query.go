package saved

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

// MaxQuery is the longest search that is kept, in bytes of its address.
const MaxQuery = 2000

// The words of an address that are no facet's.
const (
	keyText     = "q"
	keyExact    = "exact"
	keyFree     = "free"
	keyNewcomer = "newcomer"
	keyOpen     = "open"
	keyLeast    = "price_min"
	keyMost     = "price_max"
	keyCurrency = "currency"

	on       = "1"
	openWeek = "week"
)

// Address writes what a query looks for in one spelling: the query part of the
// search page's address. Order, page and facets are no part of it. It is empty
// where everything is looked for.
func Address(q search.Query) string {
	v := url.Values{}
	set := func(key, value string, is bool) {
		if is {
			v.Set(key, value)
		}
	}
	text := strings.Join(strings.Fields(q.Text), " ")
	set(keyText, text, text != "")
	set(keyExact, on, q.Exact && text != "")
	set(keyFree, on, q.Free)
	set(keyNewcomer, on, q.Newcomer)
	set(keyOpen, openWeek, !q.OpenBy.IsZero())
	for key, list := range lists(&q) {
		if len(*list) > 0 {
			v[key] = slices.Compact(slices.Sorted(slices.Values(*list)))
		}
	}
	for key, minor := range map[string]int64{keyLeast: q.PriceMin, keyMost: q.PriceMax} {
		if minor > 0 {
			v.Set(key, plain(money.Amount{Minor: minor, Currency: q.Currency}))
			v.Set(keyCurrency, q.Currency)
		}
	}
	return v.Encode()
}

// lists are the filters of several values by their words in the address.
func lists(q *search.Query) map[string]*[]string {
	return map[string]*[]string{search.FacetKind: &q.Kinds, search.FacetSkill: &q.Skills, search.FacetLevel: &q.Levels,
		search.FacetLang: &q.Langs, search.FacetFormat: &q.Formats, search.FacetLicence: &q.Licences}
}

// plain is an amount without anything between its thousands.
func plain(a money.Amount) string { return strings.ReplaceAll(a.Number("en"), ",", "") }

// Query reads what Address wrote. now decides what "this week" is. Without a
// price the currency is empty. Fault: Invalid search_form.
func Query(address string, now time.Time) (search.Query, error) {
	bad := fault.Bad("search", "search_form")
	if len(address) > MaxQuery {
		return search.Query{}, bad
	}
	v, err := url.ParseQuery(address)
	if err != nil {
		return search.Query{}, bad.Wrap(err)
	}
	q := search.Query{Text: v.Get(keyText), Exact: v.Get(keyExact) == on, Free: v.Get(keyFree) == on, Newcomer: v.Get(keyNewcomer) == on, Now: now}
	if v.Get(keyOpen) == openWeek {
		q.OpenBy = now.Add(search.OpenWithin)
	}
	for key, list := range lists(&q) {
		*list = v[key]
	}
	for key, minor := range map[string]*int64{keyLeast: &q.PriceMin, keyMost: &q.PriceMax} {
		if text := v.Get(key); text != "" {
			amount, err := money.Parse(text, v.Get(keyCurrency))
			if err != nil {
				return search.Query{}, bad.Wrap(err)
			}
			*minor, q.Currency = amount.Minor, amount.Currency
		}
	}
	return q, nil
}
