package reading

import (
	"slices"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// Understand turns what the text says beside words to look for into filters,
// unless the query has filters of its own.
func Understand(q *search.Query, plan norm.Plan) search.Understood {
	text := q.Text
	u := search.Understood{Text: plan.Rest}
	if plan.Money.Free {
		q.Free, u.Free = true, true
		u.Readings = append(u.Readings, search.Reading{Facet: search.FacetFree, Value: "true", Rest: norm.Without(text, plan.Freed...)})
	}
	understandPrice(q, plan, &u)
	own := map[string]bool{search.FacetKind: len(q.Kinds) > 0, search.FacetLevel: len(q.Levels) > 0,
		search.FacetLang: len(q.Langs) > 0, search.FacetFormat: len(q.Formats) > 0, search.FacetFree: q.Free}
	for _, c := range plan.Cues {
		if own[c.Facet] {
			continue
		}
		if i := slices.IndexFunc(u.Readings, func(r search.Reading) bool { return r.Facet == c.Facet && r.Value == c.Value }); i >= 0 {
			u.Readings[i].Rest = norm.Without(u.Readings[i].Rest, c.Typed)
			continue
		}
		understandCue(q, c, plan, &u)
		u.Readings = append(u.Readings, search.Reading{Facet: c.Facet, Value: c.Value, Rest: norm.Without(text, c.Typed)})
	}
	return u
}

func understandPrice(q *search.Query, plan norm.Plan, u *search.Understood) {
	m := plan.Money
	if m.Min == 0 && m.Max == 0 || q.PriceMin > 0 || q.PriceMax > 0 {
		return
	}
	if m.Currency != "" {
		convert(q, m.Currency)
	}
	const minor = 100 // every currency of the board has two decimals
	q.PriceMin, q.PriceMax = m.Min*minor, m.Max*minor
	u.PriceMin, u.PriceMax, u.Currency = q.PriceMin, q.PriceMax, q.Currency
	u.Readings = append(u.Readings, search.Reading{Facet: search.ReadingPrice, Rest: norm.Without(q.Text, plan.Priced...)})
}

// understandCue notes one filter. A kind beside words to look for is a
// preference and no filter; a loose cue stands among the words.
func understandCue(q *search.Query, c norm.Cue, plan norm.Plan, u *search.Understood) {
	add := func(said, filter *[]string, filters bool) {
		if *said = append(*said, c.Value); filters {
			*filter = append(*filter, c.Value)
		}
	}
	switch c.Facet {
	case search.FacetKind:
		add(&u.Kinds, &q.Kinds, plan.Empty())
	case search.FacetLevel:
		add(&u.Levels, &q.Levels, !c.Loose)
	case search.FacetLang:
		add(&u.Langs, &q.Langs, !c.Loose)
	case search.FacetFormat:
		add(&u.Formats, &q.Formats, !c.Loose)
	case search.FacetFree:
		q.Free, u.Free = true, true
	}
}

// convert makes the query compare in the currency that the text names.
func convert(q *search.Query, currency string) {
	if currency == q.Currency {
		return
	}
	if own := q.Rates[currency]; own > 0 {
		rates := map[string]float64{q.Currency: 1 / own}
		for c, r := range q.Rates {
			rates[c] = r / own
		}
		q.Rates = rates
	} else {
		q.Rates = nil
	}
	q.Currency = currency
}
