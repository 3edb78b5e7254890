// Package reading is what every engine does with a text beside looking words
// up: it turns what the text says into filters, widens a question that leaves
// nothing, and completes what is being typed. It promises that two engines
// read one text alike. It refuses to know how words are found.
package reading

import (
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// The bounds of a page.
const (
	DefaultLimit = 24
	MaxLimit     = 100
)

// Limit moves a page's size into its bounds.
func Limit(limit int) int {
	if limit <= 0 {
		return DefaultLimit
	}
	return min(limit, MaxLimit)
}

// Asker answers one understood query: the plan's words under the query's filters.
type Asker func(search.Query, norm.Plan) (search.Result, error)

// Answer asks for a plan, and when what was read out of its text leaves
// nothing, looks for the words as they are and then for the kinds the text
// asks for. An error of ask ends it.
func Answer(q search.Query, plan norm.Plan, ask Asker) (search.Result, error) {
	res, err := ask(q, plan)
	if err != nil || res.Total > 0 || plan.Plain == nil {
		return res, err
	}
	plain, err := ask(q, *plan.Plain)
	if err != nil || plain.Total > 0 || len(res.Understood.Kinds) == 0 {
		return plain, err
	}
	q.Text, q.Kinds = "", res.Understood.Kinds
	wide, err := ask(q, norm.Plan{})
	if err != nil || wide.Total == 0 {
		return res, err
	}
	wide.Partial, wide.Corrected = true, res.Corrected
	only := search.Understood{Text: plan.Rest, Kinds: q.Kinds}
	for _, r := range res.Understood.Readings {
		if r.Facet == search.FacetKind {
			only.Readings = append(only.Readings, r)
		}
	}
	wide.Understood = only
	return wide, nil
}

// Senseless tells that a text was typed and says nothing at all: it finds
// nothing, rather than everything.
func Senseless(q search.Query, plan norm.Plan) bool {
	return plan.Empty() && strings.TrimSpace(q.Text) != "" && !plan.Money.Any() && len(plan.Cues) == 0
}
