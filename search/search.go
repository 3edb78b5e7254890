// Package search finds public things: tutors, creators, services and, later,
// works and requests. It promises one interface that every engine keeps and
// that searchtest proves. It refuses to know of rows, accounts or HTTP: what
// goes in is a Document, what comes out is kind and id, and rows are read from
// the database by whoever asked.
package search

import (
	"context"
	"iter"
	"time"
)

// Engine is a search index. Every method is safe for concurrent use.
type Engine interface {
	// Apply makes one ordered batch of upserts and deletes visible together and
	// keeps the batch's cursor beside the index. Applying a batch twice is harmless.
	Apply(ctx context.Context, batch Batch) error
	// Search answers a query. Text that cannot be understood is no error: it finds nothing.
	Search(ctx context.Context, q Query) (Result, error)
	// Suggest completes what is being typed.
	Suggest(ctx context.Context, q SuggestQuery) ([]Suggestion, error)
	// Reindex builds aside from all documents and swaps; readers never see half
	// an index. The cursor becomes the new index's cursor.
	Reindex(ctx context.Context, docs iter.Seq2[Document, error], cursor int64) error
	// Stats tells size and position.
	Stats(ctx context.Context) (Stats, error)
	// Close releases files. No call may follow.
	Close() error
}

// Ref names a document: its kind's word and its id.
type Ref struct {
	Kind string
	ID   string
}

// Batch is what one step of the change log did. A nil document deletes.
type Batch struct {
	Ops    []Op
	Cursor int64 // sequence number of the last change in the batch
}

// Op is one upsert (Doc set) or delete (Doc nil).
type Op struct {
	Ref
	Doc *Document
}

// Document is the public text and the filterable facts of one thing. Only what
// is public at this moment may stand in it.
type Document struct {
	Ref
	Owner    string    // handle of the account behind it
	Author   string    // display name and handle, searchable
	Title    string    // name of a tutor, title of a service
	Lead     string    // headline
	Body     string    // plain text, already without markup
	Skills   []string  // taxonomy ids ("python") or free words as typed
	Levels   []string  // hobby, zero, junior, work
	Langs    []string  // BCP 47 base languages: ru, en, kk
	Formats  []string  // call, chat, review, group, plan; of a work its kind: course, tasks, article…
	Licences []string  // of a work: the licence for everybody by its SPDX id
	Prices   []Price   // what can be had for money; empty if none is named
	Free     bool      // something here costs nothing
	NewTo    time.Time // counts as a newcomer until then; zero: never
	Active   time.Time // last public act, rounded to the day
	Created  time.Time
	Opens    time.Time // first moment that can be booked; zero: none is known
	Weight   float64   // quality by acts, 0..1, a small part of the order
	Second   bool      // the same thing stands in another kind: found only when its own kind is asked for
}

// Price is a price in minor units of a currency (ISO 4217).
type Price struct {
	Minor    int64
	Currency string
}

// Sort is the order of hits. Ties are broken by kind and id, so pages are stable.
type Sort string

// The orders. The zero value is SortBest.
const (
	SortBest  Sort = ""      // text relevance and quality; without text quality and freshness
	SortPrice Sort = "price" // cheapest first within the query's currency; free is 0; unpriced last
	SortNew   Sort = "new"   // newest first
)

// Query is one search. Zero values mean "any". Several values of one filter
// are alternatives, several filters must all hold.
type Query struct {
	Text     string
	Exact    bool // take the text as typed: no repair of layout, transliteration or spelling
	Kinds    []string
	Owner    string
	Skills   []string
	Levels   []string
	Langs    []string
	Formats  []string
	Licences []string
	PriceMin int64 // minor units of Currency; 0: no bound
	PriceMax int64 // minor units of Currency; 0: no bound
	Currency string
	Rates    map[string]float64 // how many units of Currency one unit of the key is worth; absent currencies are not compared
	Free     bool
	Newcomer bool
	OpenBy   time.Time // something can be booked from Now until then; zero: any
	Sort     Sort
	Offset   int
	Limit    int // 1..100, 0 means 24
	Facets   bool
	Now      time.Time // decides who is a newcomer
}

// Hit is one found document.
type Hit struct {
	Ref
	Score float64
}

// Count is one value of a facet with the number of hits it would give.
type Count struct {
	Value string
	Count int
}

// The facet names in Result.Facets.
const (
	FacetKind    = "kind"
	FacetSkill   = "skill"
	FacetLevel   = "level"
	FacetLang    = "language"
	FacetFormat  = "format"
	FacetLicence = "licence"
	FacetFree    = "free"     // one value, "true"
	FacetNew     = "newcomer" // one value, "true"
	FacetMoney   = "currency" // currencies that occur in prices
	FacetOpen    = "open"     // one value, "week": bookable within seven days of Query.Now
)

// Bin is one bar of the histogram of prices: how many hits the query would have
// with PriceMin From and PriceMax Most.
type Bin struct {
	From, To int64 // minor units, without To itself; To is 0 in the last bin, which has no end
	Count    int
}

// Most is the highest price within a bin in minor units, 0 if it has no end.
func (b Bin) Most() int64 { return max(b.To-1, 0) }

// Holds tells whether a price in the query's currency is in the bin.
func (b Bin) Holds(worth float64) bool {
	return worth >= float64(b.From) && (b.To == 0 || worth <= float64(b.Most()))
}

// OpenWithin is how soon "free this week" is.
const OpenWithin = 7 * 24 * time.Hour

// Bins is the most bars a histogram has.
const Bins = 12

// BinStep gives the width of a histogram's bars for prices up to most: the
// least of 1, 2 or 5 times a power of ten that needs no more than Bins bars.
func BinStep(most int64) int64 {
	for step := int64(100); ; step *= 10 {
		for _, times := range []int64{1, 2, 5} {
			if w := step * times; most/w < Bins {
				return w
			}
		}
	}
}

// Result is a page of hits. A selected facet does not hide its siblings: each
// facet is counted under all other filters; so are prices.
type Result struct {
	Hits      []Hit
	Total     int
	Facets    map[string][]Count // most frequent first, ties by value
	Prices    []Bin              // how prices are spread in the query's currency; asked for with Facets
	Corrected string             // what was searched instead of the text; empty if taken as typed
	Cursor    int64              // change number the answer reflects

	Understood Understood // filters that were read out of the text
	Partial    bool       // few or none hold every word: what holds the telling ones, or shares a skill with the best, follows
}

// Understood is what a text said beside words to look for: "go under 2000"
// asks for "go" with a price. It was applied as filters, unless the query had its own.
type Understood struct {
	Text     string // the text without these phrases, corrected if anything was
	PriceMin int64  // minor units of Currency; 0: not said
	PriceMax int64  // minor units of Currency; 0: not said
	Currency string // in which the bounds are compared; empty if none was said
	Free     bool
	Kinds    []string // alone a filter; beside words to look for these kinds only stand first
	Levels   []string
	Langs    []string
	Formats  []string
	Readings []Reading // one for each of the above
}

// ReadingPrice is the facet of a reading of both price bounds.
const ReadingPrice = "price"

// Reading is one filter read out of a text.
type Reading struct {
	Facet string // a facet's name, or ReadingPrice
	Value string // empty for a price
	Rest  string // the text as typed without the words that said it
}

// SuggestQuery asks for completions of what is typed.
type SuggestQuery struct {
	Text  string
	Lang  string // ru or en: the language of skill names in the answer
	Limit int    // 0 means 8

	Without []Suggestion // people and things whose places go to others: whoever asks knows that they are gone
}

// The types of suggestions that are no thing. A thing's type is its kind's word.
const (
	TypeSkill  = "skill"
	TypePerson = "person"
	TypeQuery  = "query"
)

// Suggestion is one completion.
type Suggestion struct {
	Type  string // skill, person, query or, of a thing, its kind: service, work
	Text  string // what to show
	Value string // skill id, handle, document id, or the query text
}

// Stats tells an index's size and position.
type Stats struct {
	Documents int
	Cursor    int64
	Bytes     int64 // on disk, 0 if unknown
}
