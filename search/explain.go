package search

import (
	"context"
	"fmt"
	"strings"
)

// Explainer is what an engine may offer beside Engine: why a document stands
// where it stands among the hits of a query.
type Explainer interface {
	// Explain tells the place of a document under SortBest, whatever page the
	// query asks for. A document that is not among the hits is no error: the
	// parts then tell what keeps it out.
	Explain(ctx context.Context, q Query, ref Ref) (Explanation, error)
}

// Explanation is why one document stands where it stands.
type Explanation struct {
	Found      bool    // it is among the hits
	Place      int     // in the whole order, from 1; 0 if not found
	Total      int     // hits of the query
	Understood string  // what the query was taken for, in words
	Parts      []Part  // what the score is made of, in the order in which it is computed; if not found, the reasons
	Score      float64 // that decides the order before newcomers get their share
}

// Part is one contribution to a score, or one reason.
type Part struct {
	Name  string
	Value float64 // points; a factor if Times is set
	Note  string
	Times bool // the value multiplies what stands above it
}

// Describe says in words what a text was taken for: what was searched instead
// of it and which filters were read out of it.
func Describe(text string, r Result) string {
	u := r.Understood
	words := fmt.Sprintf("%q", u.Text)
	if strings.TrimSpace(u.Text) == "" {
		words = "everything"
	}
	var out []string
	if r.Corrected != "" {
		words += fmt.Sprintf(" instead of %q", text)
	}
	for _, f := range []struct {
		facet  string
		values []string
	}{{FacetKind, u.Kinds}, {FacetLevel, u.Levels}, {FacetLang, u.Langs}, {FacetFormat, u.Formats}} {
		if len(f.values) > 0 {
			out = append(out, f.facet+" "+strings.Join(f.values, " or "))
		}
	}
	if u.Free {
		out = append(out, "free")
	}
	if u.PriceMin > 0 {
		out = append(out, fmt.Sprintf("from %s", describePrice(u.PriceMin, u.Currency)))
	}
	if u.PriceMax > 0 {
		out = append(out, fmt.Sprintf("up to %s", describePrice(u.PriceMax, u.Currency)))
	}
	if len(out) > 0 {
		words += ", " + strings.Join(out, ", ")
	}
	if r.Partial {
		words += "; nothing holds every word"
	}
	return words
}

// describePrice shows minor units of a currency of two decimals.
func describePrice(minor int64, currency string) string {
	const units = 100
	return strings.TrimSpace(fmt.Sprintf("%g %s", float64(minor)/units, currency))
}
