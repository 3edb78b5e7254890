package catalogue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/search"
)

// guarded runs a call of the index under a deadline, also when the index does
// not obey it, and turns its panic into an error.
func guarded[T any](ctx context.Context, limit time.Duration, call func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if v := recover(); v != nil {
				a.err = fmt.Errorf("search index panicked: %v", v)
			}
			done <- a
		}()
		a.value, a.err = call(ctx)
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, errors.Join(errors.New("search index is late"), ctx.Err())
	}
}

// fallbackDepth bounds how many things, of all kinds asked for, are looked at
// without an index.
const fallbackDepth = 300

// fallback answers from the newest things by SQL. Filters hold as they do in
// the index and every typed word must occur; nothing is corrected, counted by
// facet or ordered by relevance.
func (c *Catalogue) fallback(ctx context.Context, q search.Query) (Page, error) {
	kinds := c.kinds
	if len(q.Kinds) > 0 {
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return !slices.Contains(q.Kinds, k.Name) })
	}
	generation, err := c.db.Generation(ctx)
	if err != nil {
		return Page{}, err
	}
	list, err := c.newest(ctx, kinds, fallbackDepth)
	if err != nil {
		return Page{}, err
	}
	list = slices.DeleteFunc(list, func(l Listing) bool { return len(q.Kinds) == 0 && l.Second || !fits(l, q) })
	if !q.OpenBy.IsZero() {
		if list, err = c.open(ctx, kinds, list, q); err != nil {
			return Page{}, err
		}
	}
	if q.Sort == search.SortPrice {
		slices.SortStableFunc(list, func(a, b Listing) int { return comparePrices(a, b, q) })
	}
	page := Page{Total: len(list), Fallback: true, Cursor: generation}
	from := min(q.Offset, len(list))
	page.Listings = list[from:min(from+q.Limit, len(list))]
	return page, nil
}

// open keeps what can be booked in time, which no card tells.
func (c *Catalogue) open(ctx context.Context, kinds []Kind, list []Listing, q search.Query) ([]Listing, error) {
	ids := map[string][]string{}
	for _, l := range list {
		ids[l.Kind] = append(ids[l.Kind], l.ID)
	}
	opens := map[search.Ref]time.Time{}
	err := c.db.Read(ctx, func(tx *db.Tx) error {
		for _, k := range kinds {
			if len(ids[k.Name]) == 0 {
				continue
			}
			docs, err := k.Documents(ctx, tx, ids[k.Name])
			if err != nil {
				return err
			}
			for _, d := range docs {
				opens[search.Ref{Kind: k.Name, ID: d.ID}] = d.Opens
			}
		}
		return nil
	})
	return slices.DeleteFunc(list, func(l Listing) bool {
		at := opens[search.Ref{Kind: l.Kind, ID: l.ID}]
		return at.IsZero() || at.Before(q.Now) || at.After(q.OpenBy)
	}), err
}

// fits tells whether a card holds under the query's filters and words.
func fits(l Listing, q search.Query) bool {
	if q.Owner != "" && l.Handle != q.Owner || q.Free && !l.Free || q.Newcomer && !l.Newcomer {
		return false
	}
	for _, f := range [][2][]string{{q.Skills, l.Skills}, {q.Levels, l.Levels}, {q.Langs, l.Langs}, {q.Formats, l.Formats}, {q.Licences, l.Licences}} {
		if len(f[0]) > 0 && !slices.ContainsFunc(f[0], func(v string) bool { return slices.Contains(f[1], v) }) {
			return false
		}
	}
	return fitsPrice(l, q) && fitsText(l, q.Text)
}

func fitsPrice(l Listing, q search.Query) bool {
	if q.PriceMin == 0 && q.PriceMax == 0 {
		return true
	}
	price, known := priceIn(l, q)
	return known && price >= float64(q.PriceMin) && (q.PriceMax == 0 || price <= float64(q.PriceMax))
}

// priceIn is the card's price in minor units of the query's currency, for
// comparing only.
func priceIn(l Listing, q search.Query) (float64, bool) {
	switch {
	case l.Free:
		return 0, true
	case l.Price == nil:
		return 0, false
	case l.Price.Currency == q.Currency:
		return float64(l.Price.Minor), true
	}
	rate, ok := q.Rates[l.Price.Currency]
	return float64(l.Price.Minor) * rate * minorRatio(l.Price.Currency, q.Currency), ok
}

// minorRatio is how many minor units of one currency stand for as many whole
// units as one minor unit of another: rates are told in whole units.
func minorRatio(from, to string) float64 {
	return math.Pow10(money.Decimals(to) - money.Decimals(from))
}

// comparePrices orders the cheapest first and those without a comparable price last.
func comparePrices(a, b Listing, q search.Query) int {
	x, known := priceIn(a, q)
	y, other := priceIn(b, q)
	switch {
	case known != other && known:
		return -1
	case known != other:
		return 1
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// fitsText tells whether every word of the text occurs on the card.
func fitsText(l Listing, text string) bool {
	hay := fold(strings.Join(append([]string{l.Title, l.Name, l.OwnerName, l.Handle, l.Lead}, l.Skills...), " "))
	for _, word := range strings.Fields(fold(text)) {
		if !strings.Contains(hay, word) {
			return false
		}
	}
	return true
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "\u0451", "\u0435") }
