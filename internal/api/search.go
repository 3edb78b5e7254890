package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

type searchInput struct {
	Text     string   `query:"q" maxLength:"200" doc:"What to look for, in Russian or English. Wrong layout, transliteration and slips are mended. Words such as 'free' or 'under 2000' are read as filters." example:"python interview"`
	Exact    bool     `query:"exact" doc:"Take q as it is typed, mend nothing" example:"false"`
	Kinds    []string `query:"kind,explode" nullable:"false" maxItems:"5" enum:"tutor,creator,service,work,request" doc:"Kinds of things; repeat the key for several. There are no requests yet: that kind finds nothing" example:"tutor"`
	Skills   []string `query:"skill,explode" nullable:"false" maxItems:"20" maxLength:"60" doc:"Skills by their id in the facet, or free words" example:"python"`
	Levels   []string `query:"level,explode" nullable:"false" maxItems:"4" enum:"hobby,zero,junior,work" doc:"Levels, from school and hobby to work" example:"zero"`
	Langs    []string `query:"language,explode" nullable:"false" maxItems:"10" maxLength:"8" doc:"Languages of teaching (BCP 47)" example:"ru"`
	Formats  []string `query:"format,explode" nullable:"false" maxItems:"5" enum:"call,chat,review,group,plan" doc:"Formats; chat, review and plan need no microphone" example:"chat"`
	Works    []string `query:"work_kind,explode" nullable:"false" maxItems:"11" enum:"course,tasks,article,video,book,slides,code,game,picture,music,other" doc:"What a work is; an alternative to the values of format" example:"course"`
	Licences []string `query:"licence,explode" nullable:"false" maxItems:"6" enum:"CC-BY-NC-4.0,CC-BY-NC-SA-4.0,CC-BY-NC-ND-4.0,CC-BY-4.0,CC-BY-SA-4.0,CC0-1.0" doc:"A work's licence for everybody (SPDX)" example:"CC-BY-NC-4.0"`
	PriceMin int64    `query:"price_min" minimum:"0" maximum:"1000000000000" doc:"Least price in minor units of currency; 0: no bound" example:"0"`
	PriceMax bound    `query:"price_max" minimum:"0" maximum:"1000000000000" doc:"Greatest price in minor units of currency; 0: only what has something free of charge, as free=true; absent: no bound" example:"200000"`
	Currency string   `query:"currency" pattern:"^[A-Z]{3}$" doc:"ISO 4217 code; the branch's own when absent. Prices in other currencies are compared only by the operator's dated rates" example:"RUB"`
	Free     bool     `query:"free" doc:"Only what has something free of charge" example:"true"`
	Newcomer bool     `query:"newcomer" doc:"Only who is new here" example:"false"`
	Sort     string   `query:"sort" enum:"best,price,new" default:"best" doc:"best: by meaning and quality; price: cheapest first; new: newest first" example:"best"`
	Page     int      `query:"page" minimum:"1" maximum:"10000" default:"1" doc:"Page, from 1; page × limit goes up to 10 000 things" example:"1"`
	Limit    int      `query:"limit" minimum:"1" maximum:"100" default:"24" doc:"Things on a page" example:"24"`
}

// bound is a number that says something also when it is 0: absent is another thing.
type bound struct {
	value int64
	given bool
}

// Schema is that of the number.
func (bound) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
}

// Receiver is where the number is read into.
func (b *bound) Receiver() reflect.Value { return reflect.ValueOf(&b.value).Elem() }

// OnParamSet hears that the address has the number.
func (b *bound) OnParamSet(given bool, _ any) { b.given = given }

type searchOutput struct{ Body Found }

// Found is a page of an answer.
type Found struct {
	Items  []Item             `json:"items" nullable:"false" doc:"What was found, in order"`
	Total  int                `json:"total" doc:"How many there are on all pages" example:"42"`
	Facets map[string][]Value `json:"facets" doc:"Values of the filters kind, skill, level, language, format (of works: what they are), licence, free, newcomer and currency with the number of things each would give; empty in a fallback"`
	Query  Asked              `json:"query" doc:"How the text was understood"`
	// Fallback is set when the answer is less than usual.
	Fallback bool `json:"fallback" doc:"The index is away: the newest that fit, in no order of meaning and without facets" example:"false"`
}

// Asked is the text and what was searched instead.
type Asked struct {
	Original  string `json:"original" doc:"The text as sent" example:"pyhton interview"`
	Corrected string `json:"corrected" doc:"What was searched instead; empty when it was taken as typed. exact=true asks for the original" example:"python interview"`
}

// Value is one value of a filter.
type Value struct {
	Value string `json:"value" doc:"For the query" example:"python"`
	Name  string `json:"name" doc:"For people, in the language asked for" example:"Python"`
	Count int    `json:"count" doc:"How many things it would give" example:"12"`
}

// Item is one public thing.
type Item struct {
	Kind        string   `json:"kind" enum:"tutor,creator,service,work,request" doc:"What it is" example:"tutor"`
	ID          string   `json:"id" doc:"Stable within its kind" example:"1c7e3f0e-6f0a-4c7e-9a53-0d3b2f1c9e11"`
	Handle      string   `json:"handle" doc:"Of the account behind it" example:"ada-lint"`
	Name        string   `json:"name" doc:"Display name of that account" example:"Ada"`
	Title       string   `json:"title" doc:"Of a service or a work its title; of a person the name" example:"Code review with comments"`
	Lead        string   `json:"lead" doc:"Headline or summary, plain text" example:"Python from school to work"`
	URL         string   `json:"url" doc:"Its page" example:"https://example.org/tutors/ada-lint"`
	Skills      []string `json:"skills" nullable:"false" doc:"Ids or free words" example:"python,sql"`
	Levels      []string `json:"levels" nullable:"false" doc:"hobby, zero, junior, work" example:"zero,junior"`
	Languages   []string `json:"languages" nullable:"false" doc:"BCP 47" example:"ru,en"`
	Formats     []string `json:"formats" nullable:"false" doc:"call, chat, review, group, plan; of a work what it is, such as course" example:"call,chat"`
	Licences    []string `json:"licences" nullable:"false" doc:"Of a work: its licence for everybody (SPDX)" example:"CC-BY-NC-4.0"`
	Price       *Money   `json:"price" doc:"The lowest price, of a work that of a commercial licence; null where none is named"`
	PriceFrom   bool     `json:"price_from" doc:"There are dearer ones too" example:"true"`
	Free        bool     `json:"free" doc:"Something here costs nothing" example:"false"`
	ByAgreement bool     `json:"by_agreement" doc:"The price is agreed on" example:"false"`
	Minutes     int      `json:"minutes" doc:"Length of a service; 0: not by the clock" example:"60"`
	Newcomer    bool     `json:"newcomer" doc:"New here" example:"false"`
	Since       string   `json:"since" doc:"Day of the first publication (UTC), empty if unknown" example:"2026-11-22"`
}

type suggestInput struct {
	Text  string `query:"q" maxLength:"200" doc:"What is typed so far" example:"pyt"`
	Limit int    `query:"limit" minimum:"1" maximum:"20" default:"8" doc:"How many at most" example:"8"`
}

type suggestOutput struct {
	Body struct {
		Items []Suggestion `json:"items" nullable:"false" doc:"Completions, the likeliest first"`
	}
}

// Suggestion is one completion.
type Suggestion struct {
	Type  string `json:"type" enum:"skill,person,service,work,query" doc:"What it is" example:"skill"`
	Text  string `json:"text" doc:"For people" example:"Python"`
	Value string `json:"value" doc:"Skill id, handle, id of the service or work, or the text to search" example:"python"`
}

func (a *API) addSearch() {
	add(a, operation{id: "search", method: http.MethodGet, path: "/search", tag: tagSearch, summary: "Search tutors, creators, services and works",
		text: "Filters of one key are alternatives; several keys must all hold. A facet is counted under all other filters."}, a.search)
	add(a, operation{id: "suggest", method: http.MethodGet, path: "/search/suggest", tag: tagSearch,
		summary: "Complete what is being typed"}, a.suggest)
}

func (a *API) search(ctx context.Context, r *request, in *searchInput) (*searchOutput, error) {
	query, err := a.query(ctx, in)
	if err != nil {
		return nil, err
	}
	page, err := a.Catalogue.Search(ctx, query)
	if err != nil {
		return nil, err
	}
	out := Found{Items: []Item{}, Total: page.Total, Facets: map[string][]Value{}, Fallback: page.Fallback,
		Query: Asked{Original: in.Text, Corrected: page.Corrected}}
	for _, l := range page.Listings {
		out.Items = append(out.Items, a.item(l))
	}
	for facet, counts := range page.Facets {
		out.Facets[facet] = a.values(facet, counts, r.lang)
	}
	return &searchOutput{Body: out}, nil
}

// query is the question as the catalogue knows it.
func (a *API) query(ctx context.Context, in *searchInput) (search.Query, error) {
	settings, err := a.Branch.Settings(ctx)
	if err != nil {
		return search.Query{}, err
	}
	currency := in.Currency
	if currency == "" {
		currency = settings.Currency
	}
	offset := (in.Page - 1) * in.Limit
	var bad fault.Fields
	if !money.Known(currency) {
		bad.Add(fault.Bad("currency", "currency_unknown"))
	}
	if offset+in.Limit > catalogue.MaxOffset {
		bad.Add(fault.Bad("page", "number_too_large").With("Max", catalogue.MaxOffset/in.Limit))
	}
	if in.PriceMax.given && in.PriceMin > in.PriceMax.value {
		bad.Add(fault.Bad("price_min", "number_too_large").With("Max", in.PriceMax.value))
	}
	order := search.Sort(in.Sort)
	if in.Sort == "best" {
		order = search.SortBest
	}
	return search.Query{Text: strings.TrimSpace(in.Text), Exact: in.Exact, Kinds: in.Kinds, Skills: in.Skills, Levels: in.Levels,
		Langs: in.Langs, Formats: append(in.Formats, in.Works...), Licences: in.Licences, PriceMin: in.PriceMin, PriceMax: in.PriceMax.value, Currency: currency,
		Rates: settings.Rates.Factors(currency), Free: in.Free || in.PriceMax.given && in.PriceMax.value == 0, Newcomer: in.Newcomer, Sort: order,
		Offset: offset, Limit: in.Limit, Facets: true, Now: a.Now()}, bad.Err()
}

func (a *API) item(l catalogue.Listing) Item {
	name := l.Name
	if name == "" {
		name = l.OwnerName
	}
	formats := l.Formats
	if len(formats) == 0 && l.Format != "" {
		formats = []string{l.Format}
	}
	return Item{Kind: l.Kind, ID: l.ID, Handle: l.Handle, Name: name, Title: l.Title, Lead: l.Lead, URL: a.URL + l.URL,
		Skills: list(l.Skills), Levels: list(l.Levels), Languages: list(l.Langs), Formats: list(formats), Licences: list(l.Licences),
		Price: moneyOf(l.Price), PriceFrom: l.PriceFrom, Free: l.Free, ByAgreement: l.ByAgreement, Minutes: l.Minutes,
		Newcomer: l.Newcomer, Since: db.Date(l.Since)}
}

func (a *API) values(facet string, counts []search.Count, lang string) []Value {
	out := make([]Value, len(counts))
	for i, c := range counts {
		name := a.Words(facet, c.Value, lang)
		if facet == search.FacetSkill {
			name = a.Skills(c.Value, lang)
		}
		out[i] = Value{Value: c.Value, Name: name, Count: c.Count}
	}
	return out
}

func (a *API) suggest(ctx context.Context, r *request, in *suggestInput) (*suggestOutput, error) {
	found, err := a.Catalogue.Suggest(ctx, search.SuggestQuery{Text: in.Text, Lang: r.lang, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &suggestOutput{}
	out.Body.Items = make([]Suggestion, len(found))
	for i, s := range found {
		out.Body.Items[i] = Suggestion{Type: s.Type, Text: s.Text, Value: s.Value}
	}
	return out, nil
}
