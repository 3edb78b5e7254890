package site

import (
	"net/url"
	"strings"

	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

// understood are the filters that were read out of the text; each address
// takes its words out of the text.
func (s *Site) understood(f web.Frame, a asked, u search.Understood) []web.Chip {
	out := make([]web.Chip, 0, len(u.Readings))
	for _, r := range u.Readings {
		out = append(out, web.Chip{Label: s.readingLabel(f, u, r), URL: a.to(unsay(a.query.Text, r))})
	}
	return out
}

// unsay puts the rest of the text in its place. Where the words cannot be told
// apart from the others, the text is taken as typed.
func unsay(text string, r search.Reading) func(url.Values) {
	text = strings.Join(strings.Fields(text), " ")
	return func(v url.Values) {
		switch r.Rest {
		case text:
			v.Set("exact", "1")
		case "":
			v.Del("q")
		default:
			v.Set("q", r.Rest)
		}
	}
}

func (s *Site) readingLabel(f web.Frame, u search.Understood, r search.Reading) string {
	switch r.Facet {
	case search.FacetFree:
		return f.T("search.free")
	case search.ReadingPrice:
		return priceLabel(f, u)
	}
	label := s.facetLabel(f, r.Facet, r.Value)
	if r.Facet == search.FacetKind && u.Text != "" { // beside words to look for, a kind only stands first
		return f.T("search.kind_first", "kind", label)
	}
	return label
}

// priceLabel names the bounds in the currency that they were compared in.
func priceLabel(f web.Frame, u search.Understood) string {
	price := func(minor int64) string { return money.Amount{Minor: minor, Currency: u.Currency}.Format(f.Lang) }
	most := f.T("search.price_chip", "price", price(u.PriceMax))
	switch least := "≥ " + price(u.PriceMin); {
	case u.PriceMin == 0:
		return most
	case u.PriceMax == 0:
		return least
	default:
		return least + ", " + most
	}
}
