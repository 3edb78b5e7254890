package web

// SearchPage is the catalogue: filters, chips, cards, pages. Every address in
// it is a full search, so the page works without scripts.
type SearchPage struct {
	Query     string // as typed
	Corrected string // what was searched instead; empty if taken as typed
	ExactURL  string // the same search taken as typed
	Total     int
	Page      int // from 1
	PerPage   int
	PrevURL   string // empty on the first page
	NextURL   string // empty on the last page
	Last      int    // the last page that can be opened, from 1
	Pages     []PageLink
	Reach     int // how many things can be opened where there are more; 0: all

	Facets   []Facet // kind, skill, level, language, format, licence, in this order
	Money    MoneyFilter
	Free     Toggle // key free
	Newcomer Toggle // key newcomer
	Keep     []Hidden
	ResetURL string // no filters, the same text

	WordlessURL string // the same filters without the text; empty: it would be the whole catalogue

	Chips   []Chip // chosen filters; the address removes the filter
	Sorts   []Choice
	Cards   []Card
	FeedURL string // Atom feed of this search
	Behind  bool   // the index is away and plain SQL answered
	Partial bool   // few or none hold every word: what holds the telling ones follows
	Nothing Nothing
	Save    SaveBox
}

// PageLink is one number of the pages; 0 is a gap.
type PageLink struct {
	Number int
	URL    string
}

// Facet is one group of check boxes: its key in the address and its values.
type Facet struct {
	Key    string // kind, skill, level, language, format, licence
	Values []FacetValue
}

// FacetValue is one value of a facet with the number of things it would give.
type FacetValue struct {
	Value    string
	Label    string
	Lang     string // language of the label if it is not the page's
	Count    int
	Selected bool
}

// MoneyFilter is a range of prices, within one currency.
type MoneyFilter struct {
	Min, Max   string   // as typed
	Bars       []Bar    // how prices are spread; empty: there is nothing to choose from
	Currencies []Choice // value: ISO 4217; label: the sign; hint: the word
	Note       string   // about rates and their date; empty: other currencies are not compared
	MinError   string
	Error      string // of the highest price
}

// Bar is one price range of the histogram; its address chooses the range.
type Bar struct {
	Label    string // the range in words
	Count    int
	Height   int // in tenths of the highest bar, 0 only where nothing is
	Selected bool
	URL      string
}

// Toggle is one yes-or-no filter.
type Toggle struct {
	Count    int
	Selected bool
}

// Hidden is a part of the address that the filter form carries on.
type Hidden struct {
	Name  string
	Value string
}

// Nothing is what helps when nothing was found: free help first, then wider
// searches.
type Nothing struct {
	JoinURL string // three questions for one who does not know where to begin
	FreeURL string // search for free things; empty: none there
	Help    []Link // free help outside the catalogue
	Similar []Link // searches for words like those typed, with counts
	Wider   []Link // the same search with one filter less, with counts
}

// Suggestion is one line of the combobox, as GET /search/suggest?q= answers
// with a JSON array.
type Suggestion struct {
	Type  string `json:"type"`  // skill, person, service, work, query
	Text  string `json:"text"`  // what is shown
	Value string `json:"value"` // what goes into the field
	URL   string `json:"url"`   // where choosing leads; empty: search for the value
}

// facetFirst is how many values of a facet are shown before "more".
const facetFirst = 6

// head are the values shown at once: the first few and every chosen one.
func (x Facet) head() []FacetValue {
	var out []FacetValue
	for i, v := range x.Values {
		if i < facetFirst || v.Selected {
			out = append(out, v)
		}
	}
	return out
}

// rest are the values behind "more".
func (x Facet) rest() []FacetValue {
	var out []FacetValue
	for i, v := range x.Values {
		if i >= facetFirst && !v.Selected {
			out = append(out, v)
		}
	}
	return out
}

// last is the place of the page's last card in the whole result.
func (p SearchPage) last() int {
	return p.first() + len(p.Cards) - 1
}

func (p SearchPage) first() int {
	return max(p.Page-1, 0)*p.PerPage + 1
}
