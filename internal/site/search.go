package site

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

const (
	perPage     = 24
	maxQuery    = 200 // characters
	maxChosen   = 20  // values of one filter
	maxValue    = 60  // characters of one value
	suggestions = 8
)

func (s *Site) mountSearch(r gin.IRouter) {
	r.GET("/search", s.limited("search", s.open(s.search)))
	r.GET("/search/suggest", s.limited("suggest", s.page(s.suggest)))
}

// asked is a search as its address says it.
type asked struct {
	url.Values
	query  search.Query
	page   int
	minErr *fault.Error
	maxErr *fault.Error
}

// the filters of the address that may stand several times, in the order shown.
var facetKeys = [...]string{search.FacetKind, search.FacetSkill, search.FacetLevel, search.FacetLang, search.FacetFormat, search.FacetLicence}

// ask reads a search's address. What makes no sense is left out rather than
// refused: addresses are typed and shared by people.
func (s *Site) ask(c *gin.Context, v *visit) asked { return s.read(c.Request.URL.Query(), v) }

func (s *Site) read(in url.Values, v *visit) asked {
	a := asked{Values: url.Values{}, page: 1}
	one := func(key string, max int) string {
		text := clip(in.Get(key), max)
		if text != "" {
			a.Set(key, text)
		}
		return text
	}
	many := func(key string) []string {
		var out []string
		for _, text := range in[key] {
			if text = clip(text, maxValue); text != "" && len(out) < maxChosen {
				out = append(out, text)
				a.Add(key, text)
			}
		}
		return out
	}
	a.query = search.Query{Text: one("q", maxQuery), Exact: one("exact", 1) != "", Free: one("free", 1) != "", Newcomer: one("newcomer", 1) != "",
		Kinds: many(search.FacetKind), Skills: many(search.FacetSkill), Levels: many(search.FacetLevel),
		Langs: many(search.FacetLang), Formats: many(search.FacetFormat), Licences: many(search.FacetLicence), Facets: true, Limit: perPage, Now: s.Now()}
	switch sort := search.Sort(one("sort", 10)); sort {
	case search.SortPrice, search.SortNew:
		a.query.Sort = sort
	default:
		a.Del("sort")
	}
	a.readCurrency(one("currency", 3), v)
	a.query.PriceMin, a.minErr = a.readPrice("price_min", one("price_min", 14))
	a.query.PriceMax, a.maxErr = a.readPrice("price_max", one("price_max", 14))
	if a.Has("price_max") && a.query.PriceMax == 0 {
		a.Del("price_max")
		if a.query.PriceMin == 0 { // at most nothing is what is free; below the least it makes no sense
			a.Set("free", "1")
			a.query.Free = true
		}
	}
	if n, err := strconv.Atoi(in.Get("page")); err == nil && n > 1 {
		a.page = min(n, maxPage)
	}
	a.query.Offset = (a.page - 1) * perPage
	return a
}

func (a *asked) readCurrency(currency string, v *visit) {
	if !money.Offered(currency) {
		a.Del("currency")
		currency = v.branch.Currency
	}
	a.query.Currency, a.query.Rates = currency, v.branch.Rates.Factors(currency)
}

// readPrice reads one bound of the price, in minor units of the currency.
func (a *asked) readPrice(key, text string) (int64, *fault.Error) {
	if text == "" {
		return 0, nil
	}
	amount, err := money.ParseField(key, text, a.query.Currency)
	if err != nil {
		a.Del(key)
		return 0, fault.All(err)[0]
	}
	return amount.Minor, nil
}

func clip(text string, max int) string {
	if r := []rune(text); len(r) > max {
		return string(r[:max])
	}
	return text
}

// to is the address of this search with one thing changed.
func (a asked) to(change func(url.Values)) string {
	next := url.Values{}
	for k, list := range a.Values {
		next[k] = append([]string(nil), list...)
	}
	if change != nil {
		change(next)
	}
	if len(next) == 0 {
		return "/search"
	}
	return "/search?" + next.Encode()
}

func (a asked) paged(n int) string {
	return a.to(func(v url.Values) {
		if n > 1 {
			v.Set("page", strconv.Itoa(n))
		}
	})
}

func without(key, value string) func(url.Values) {
	return func(v url.Values) {
		kept := v[key][:0:0]
		for _, x := range v[key] {
			if x != value {
				kept = append(kept, x)
			}
		}
		if v[key] = kept; len(kept) == 0 {
			v.Del(key)
		}
	}
}

func (s *Site) search(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	a := s.ask(c, v)
	found, err := s.Catalogue.Search(c.Request.Context(), a.query)
	if err != nil {
		return nil, err
	}
	if last := lastPage(found.Total); a.page > last && found.Total > 0 { // somebody found less than was there before
		c.Header("Cache-Control", "no-cache")
		c.Redirect(http.StatusFound, v.to(a.paged(last)))
		return nil, nil //nolint:nilnil // the redirect is the answer
	}
	s.searchFrame(&f, a)
	p := web.SearchPage{Query: a.query.Text, Corrected: found.Corrected, Total: found.Total, Page: a.page, PerPage: perPage,
		Facets: s.facets(f, a, found.Facets), Money: s.moneyFilter(f, v, a, found.Prices), Behind: found.Fallback, Partial: found.Partial,
		Free:     web.Toggle{Count: first(found.Facets[search.FacetFree]), Selected: a.query.Free},
		Newcomer: web.Toggle{Count: first(found.Facets[search.FacetNew]), Selected: a.query.Newcomer},
		Chips:    s.chips(f, a), Sorts: sorts(f, a), FeedURL: "/feed.atom" + suffix(a.Values)}
	for i := range found.Listings {
		asksFirst(found.Listings[i].Skills, a.query.Skills)
	}
	p.Cards = s.cards(f, v, found.Listings, a.query.Currency)
	if found.Corrected != "" {
		p.ExactURL = a.to(func(v url.Values) { v.Set("exact", "1") })
	}
	if a.query.Exact {
		p.Keep = []web.Hidden{{Name: "exact", Value: "1"}}
	}
	if len(p.Chips) > 0 {
		p.ResetURL = asked{Values: url.Values{}}.to(func(v url.Values) {
			if a.query.Text != "" {
				v.Set("q", a.query.Text)
			}
		})
	}
	if a.query.Text != "" && len(a.Values) > 1 {
		p.WordlessURL = a.to(func(v url.Values) { v.Del("q"); v.Del("exact") })
	}
	p.Chips = append(p.Chips, s.understood(f, a, found.Said)...)
	if p.Save, err = s.saveBox(c.Request.Context(), v, f, a); err != nil {
		return nil, err
	}
	paging(&p, a)
	if len(p.Cards) == 0 {
		p.Nothing, err = s.nothing(c.Request.Context(), v, f, p)
	}
	return web.Search(f, p), err
}

// asksFirst moves the skills that were asked for to the front, where a card
// shows them.
func asksFirst(skills, asked []string) {
	slices.SortStableFunc(skills, func(a, b string) int {
		switch x, y := slices.Contains(asked, a), slices.Contains(asked, b); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
}

func suffix(v url.Values) string {
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

func first(list []search.Count) int {
	if len(list) == 0 {
		return 0
	}
	return list[0].Count
}

func (s *Site) searchFrame(f *web.Frame, a asked) {
	f.Query, f.Tab, f.Description = a.query.Text, "search", f.T("search.about")
	f.Title = f.T("search.title")
	feed := f.T("search.feed_all")
	if a.query.Text != "" {
		f.Title = f.T("search.title_query", "query", a.query.Text)
		feed = f.T("search.feed_title", "query", a.query.Text)
	}
	f.Feeds = []web.Feed{{Title: feed, URL: "/feed.atom" + suffix(a.Values)}}
	s.indexable(f, a.paged(a.page))
	// Each single filter may be indexed; combinations and texts are endless.
	f.NoIndex = a.query.Text != "" || len(a.Values) > 1 || a.page > 1
}

func (s *Site) facets(f web.Frame, a asked, counted map[string][]search.Count) []web.Facet {
	out := make([]web.Facet, 0, len(facetKeys))
	for _, key := range facetKeys {
		chosen := map[string]bool{}
		for _, v := range a.Values[key] {
			chosen[v] = true
		}
		x := web.Facet{Key: key}
		for _, n := range counted[key] {
			x.Values = append(x.Values, s.facetValue(f, key, n.Value, n.Count, chosen[n.Value]))
			delete(chosen, n.Value)
		}
		for _, v := range a.Values[key] { // chosen, and nothing has it
			if chosen[v] {
				x.Values = append(x.Values, s.facetValue(f, key, v, 0, true))
			}
		}
		out = append(out, x)
	}
	return out
}

func (s *Site) facetValue(f web.Frame, key, value string, count int, selected bool) web.FacetValue {
	v := web.FacetValue{Value: value, Count: count, Selected: selected, Label: s.facetLabel(f, key, value)}
	if key == search.FacetLang && value != f.Lang {
		v.Lang = value
	}
	return v
}

func (s *Site) facetLabel(f web.Frame, key, value string) string {
	switch key {
	case search.FacetKind:
		return f.Texts.Kinds(value)
	case search.FacetLevel:
		return f.Texts.Level(value)
	case search.FacetLang:
		return f.Texts.Language(value)
	case search.FacetFormat:
		return f.Texts.Format(value)
	case search.FacetLicence:
		return web.BaseName(value)
	}
	return s.Skills.Name(value, f.Lang)
}

// chips are the chosen filters; each address takes one away.
func (s *Site) chips(f web.Frame, a asked) []web.Chip {
	var out []web.Chip
	for _, key := range facetKeys {
		for _, value := range a.Values[key] {
			out = append(out, web.Chip{Label: s.facetLabel(f, key, value), URL: a.to(without(key, value))})
		}
	}
	if a.query.PriceMin > 0 || a.query.PriceMax > 0 {
		out = append(out, web.Chip{Label: priceRange(f, a.query.PriceMin, a.query.PriceMax, a.query.Currency), URL: a.to(func(v url.Values) {
			v.Del("price_min")
			v.Del("price_max")
			v.Del("currency")
		})})
	}
	if a.query.Free {
		out = append(out, web.Chip{Label: f.T("search.free"), URL: a.to(func(v url.Values) { v.Del("free") })})
	}
	if a.query.Newcomer {
		out = append(out, web.Chip{Label: f.T("search.newcomer"), URL: a.to(func(v url.Values) { v.Del("newcomer") })})
	}
	return out
}

func sorts(f web.Frame, a asked) []web.Choice {
	out := []web.Choice{{Value: "", Label: f.T("search.sort_best")}, {Value: string(search.SortNew), Label: f.T("search.sort_new")},
		{Value: string(search.SortPrice), Label: f.T("search.sort_price")}}
	for i := range out {
		out[i].Selected = out[i].Value == string(a.query.Sort)
	}
	return out
}

// suggest completes what is being typed, for the search field's list.
func (s *Site) suggest(c *gin.Context) error {
	l := localeOf(c.Request)
	list, err := s.Catalogue.Suggest(c.Request.Context(), search.SuggestQuery{
		Text: clip(c.Query("q"), maxQuery), Lang: l.lang, Limit: suggestions})
	if err != nil {
		return err
	}
	out := make([]web.Suggestion, 0, len(list))
	for _, x := range list {
		out = append(out, web.Suggestion{Type: x.Type, Text: x.Text, Value: suggestValue(x), URL: suggestURL(l.base, x)})
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.JSON(http.StatusOK, out)
	return nil
}

func suggestValue(x search.Suggestion) string {
	if x.Type == search.TypeQuery {
		return x.Value
	}
	return x.Text
}

func suggestURL(base string, x search.Suggestion) string {
	switch x.Type {
	case search.TypeSkill:
		return base + "/search?skill=" + url.QueryEscape(x.Value)
	case search.TypePerson:
		return base + profile.Path(profile.TutorKind, x.Value)
	case market.ServiceKind:
		return base + "/services/" + url.PathEscape(x.Value)
	case licence.WorkKind:
		return base + licence.WorkPath(url.PathEscape(x.Value))
	}
	return ""
}
