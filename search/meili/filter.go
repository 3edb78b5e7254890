package meili

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// never is true of no document.
const never = "(second = true AND second = false)"

// listed is true of every document that is a listing.
const listed = "kind EXISTS"

// attribute is what holds a facet.
func attribute(facet string) string {
	if facet == search.FacetLang {
		return "lang"
	}
	return facet
}

// in says that an attribute holds one of some values, which token or value wrote.
func in(attribute string, list []string) string {
	if len(list) == 0 {
		return never
	}
	quoted := make([]string, len(list))
	for i, v := range list {
		quoted[i] = `"` + v + `"`
	}
	return attribute + " IN [" + strings.Join(quoted, ", ") + "]"
}

// clause is one filter of a query, named by the facet that counts without it.
type clause struct {
	facet string
	says  string
}

// clauses are a query's filters.
func (e *Engine) clauses(q *search.Query, money map[string]int) []clause {
	out := []clause{{search.FacetKind, "second = false"}}
	if len(q.Kinds) > 0 {
		out[0].says = in("kind", values(q.Kinds))
	}
	skills := make([]string, len(q.Skills))
	for i, s := range q.Skills {
		skills[i] = e.norm.SkillKey(s)
	}
	for _, f := range []struct {
		facet string
		list  []string
	}{{search.FacetSkill, skills}, {search.FacetLevel, q.Levels}, {search.FacetLang, q.Langs}, {search.FacetFormat, q.Formats}, {search.FacetLicence, q.Licences}} {
		if len(f.list) > 0 {
			out = append(out, clause{f.facet, in(attribute(f.facet), values(f.list))})
		}
	}
	if q.Free {
		out = append(out, clause{search.FacetFree, "free = true"})
	}
	if q.Newcomer {
		out = append(out, clause{search.FacetNew, newer(q)})
	}
	if !q.OpenBy.IsZero() {
		out = append(out, clause{search.FacetOpen, opens(q, q.OpenBy)})
	}
	if q.PriceMin > 0 || q.PriceMax > 0 {
		out = append(out, clause{search.FacetMoney, priced(q, money)})
	}
	if q.Owner != "" {
		out = append(out, clause{"", in("owner", values([]string{q.Owner}))})
	}
	return out
}

func newer(q *search.Query) string { return fmt.Sprintf("newto > %d", q.Now.Unix()) }

// opens says that something can be booked from the query's moment to another.
func opens(q *search.Query, to time.Time) string {
	return fmt.Sprintf("opens %d TO %d", q.Now.Unix(), to.Unix())
}

// under joins all filters but those of one facet, and what else must hold.
func under(clauses []clause, without string, also ...string) string {
	out := []string{listed}
	for _, c := range clauses {
		if c.facet != without || c.facet == "" {
			out = append(out, c.says)
		}
	}
	return both(append(out, also...)...)
}

// both joins what must hold together; what is empty says nothing.
func both(says ...string) string { return join(says, " AND ") }

// either joins alternatives.
func either(says ...string) string { return join(says, " OR ") }

func join(says []string, by string) string {
	says = slices.DeleteFunc(slices.Clone(says), func(s string) bool { return s == "" })
	switch len(says) {
	case 0:
		return ""
	case 1:
		return says[0]
	}
	return "(" + strings.Join(says, by) + ")"
}

func not(says string) string { return "(NOT " + says + ")" }

// compared lists the currencies of the index that a query compares, in a
// fixed order, with what a minor unit of each is worth.
func compared(q *search.Query, money map[string]int) (codes []string, rates []float64) {
	for c := range money {
		if rate(q, c) > 0 {
			codes = append(codes, c)
		}
	}
	slices.Sort(codes)
	for _, c := range codes {
		rates = append(rates, rate(q, c))
	}
	return codes, rates
}

// rate is how many minor units of the query's currency one minor unit of
// another is worth; 0 if they are not compared.
func rate(q *search.Query, currency string) float64 {
	if currency == q.Currency {
		return 1
	}
	if r := q.Rates[currency]; r > 0 && !math.IsInf(r, 0) && !math.IsNaN(r) {
		return r
	}
	return 0
}

// priced says that a price lies within the bounds. Free is 0, so it does when
// there is no lower bound.
func priced(q *search.Query, money map[string]int) string {
	codes, rates := compared(q, money)
	out := make([]string, 0, len(codes)+1)
	for i, c := range codes {
		low, high := least(q.PriceMin, rates[i]), most(q.PriceMax, rates[i])
		switch {
		case q.PriceMax <= 0:
			out = append(out, fmt.Sprintf("price.%s >= %d", c, low))
		case low <= high: // TO holds of one price; two comparisons could hold of two
			out = append(out, fmt.Sprintf("price.%s %d TO %d", c, low, high))
		}
	}
	if q.PriceMin <= 0 {
		out = append(out, "free = true")
	}
	if len(out) == 0 {
		return never
	}
	return either(out...)
}

// priceLimit is more than any price: whole numbers of the server are exact below.
const priceLimit = 1 << 52

// least is the smallest price that is worth at least a bound.
func least(bound int64, rate float64) int64 {
	v := int64(min(math.Ceil(float64(bound)/rate), priceLimit))
	for v > 0 && float64(v-1)*rate >= float64(bound) {
		v--
	}
	for v < priceLimit && float64(v)*rate < float64(bound) {
		v++
	}
	return max(v, 0)
}

// most is the greatest price that is worth at most a bound.
func most(bound int64, rate float64) int64 {
	v := int64(min(math.Floor(float64(bound)/rate), priceLimit))
	for v < priceLimit && float64(v+1)*rate <= float64(bound) {
		v++
	}
	for v > 0 && float64(v)*rate > float64(bound) {
		v--
	}
	return v
}

// holds says that a document has one of a group's terms.
func holds(g norm.Group) string {
	out := in("t", tokens(slices.Concat(g.Terms, g.Maybe, g.Wider)))
	if g.Or != nil {
		out = either(out, in(attribute(g.Or.Facet), values([]string{g.Or.Value})))
	}
	return out
}

func tokens(terms []string) []string {
	out := make([]string, 0, len(terms))
	for _, t := range terms {
		if t = token(t); t != "" {
			out = append(out, t)
		}
	}
	return out
}
