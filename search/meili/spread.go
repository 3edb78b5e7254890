package meili

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
)

// mixedLimit bounds how many listings with prices in several compared
// currencies are looked at for the histogram; they are few.
const mixedLimit = 1000

// cost is a lowest price in the query's currency, and how many have it.
type cost struct {
	worth float64
	count int
}

// spread asks for the lowest prices under all filters but the price, which say
// how wide the bars of the histogram are: what has one compared currency is
// counted by the server, what has several is compared here.
func (a *asking) spread(b *batch, set string, into *[]search.Bin) {
	codes, rates := compared(a.query, a.lexicon.money)
	under := under(a.clauses, search.FacetMoney, set)
	var costs []cost
	b.add(a.engine.countQuery(both(under, "free = true")), func(r meilisearch.SearchResponse) error {
		costs = append(costs, cost{0, int(r.TotalHits)})
		return nil
	})
	var pairs []string
	for i, c := range codes {
		has := "least." + c + " EXISTS"
		alone := []string{under, "free = false", has}
		for k, other := range codes {
			if k != i {
				alone = append(alone, not("least."+other+" EXISTS"))
			}
			if k > i {
				pairs = append(pairs, both(has, "least."+other+" EXISTS"))
			}
		}
		b.add(a.engine.countQuery(both(alone...), "least."+c), func(r meilisearch.SearchResponse) error {
			facets, err := readFacets(r)
			for v, n := range facets["least."+c] {
				if minor, bad := strconv.ParseFloat(v, 64); bad == nil {
					costs = append(costs, cost{minor * rates[i], n})
				}
			}
			return err
		})
	}
	if len(pairs) > 0 {
		mixed := a.sorted(both(under, "free = false", either(pairs...)), byRef[:], 0, mixedLimit)
		mixed.AttributesToRetrieve = []string{"least"}
		b.add(mixed, func(r meilisearch.SearchResponse) error {
			rows, err := readRows(r)
			for _, one := range rows {
				least := math.Inf(1)
				for i, c := range codes {
					if minor, ok := one.least[c]; ok {
						least = min(least, float64(minor)*rates[i])
					}
				}
				costs = append(costs, cost{least, 1})
			}
			return err
		})
	}
	b.done(func() { *into = bins(costs) })
}

// fill asks how many listings each bar holds: as many as choosing it gives.
func (a *asking) fill(b *batch, set string, bars []search.Bin) {
	q := *a.query
	for i := range bars {
		q.PriceMin, q.PriceMax = bars[i].From, bars[i].Most()
		says := priced(&q, a.lexicon.money)
		if q.PriceMin == 0 && q.PriceMax == 0 {
			says = a.compares()
		}
		b.count(a.engine, both(under(a.clauses, search.FacetMoney, set), says), &bars[i].Count)
	}
}

// compares says that a listing has a price that can be compared.
func (a *asking) compares() string {
	out := []string{"free = true"}
	codes, _ := compared(a.query, a.lexicon.money)
	for _, c := range codes {
		out = append(out, "least."+c+" EXISTS")
	}
	return either(out...)
}

// bins are the bars for some lowest prices, still empty: the last one takes the
// dearest twentieth, so that one dear offer does not press all others into the
// first.
func bins(costs []cost) []search.Bin {
	slices.SortFunc(costs, func(x, y cost) int { return cmp.Compare(x.worth, y.worth) })
	total := 0
	for _, c := range costs {
		total += c.count
	}
	if total == 0 {
		return nil
	}
	const dearest = 20
	at, most := total-1-total/dearest, 0.0
	for _, c := range costs {
		if most = c.worth; at < c.count {
			break
		}
		at -= c.count
	}
	step := search.BinStep(int64(math.Floor(most)))
	out := make([]search.Bin, int64(most)/step+1)
	for i := range out {
		out[i].From, out[i].To = int64(i)*step, int64(i+1)*step
	}
	out[len(out)-1].To = 0
	return out
}
