package bleve

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

const defaultSuggestions = 8

// Suggest implements search.Engine.
func (e *Engine) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	s, err := e.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultSuggestions
	}
	limit = min(limit, maxLimit)
	text := taxonomy.Fold(norm.Clean(q.Text, norm.MaxRunes))
	if text == "" {
		return nil, nil
	}
	out := e.skillSuggestions(text, q.Lang, limit)
	out = append(out, s.nameSuggestions(text, limit)...)
	return out[:min(limit, len(out))], nil
}

func (e *Engine) skillSuggestions(text, lang string, limit int) []search.Suggestion {
	type found struct {
		s search.Suggestion
		n int
	}
	var all []found
	for _, sk := range e.tax.All() {
		if sk.Hidden {
			continue
		}
		best := -1
		for _, a := range slices.Concat(sk.Spellings(), sk.Maybe) {
			if a := taxonomy.Fold(a); strings.HasPrefix(a, text) && (best < 0 || len(a) < best) {
				best = len(a)
			}
		}
		if best >= 0 {
			all = append(all, found{search.Suggestion{Type: "skill", Text: e.tax.Name(sk.ID, lang), Value: sk.ID}, best})
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.n, b.n) })
	var out []search.Suggestion
	for _, f := range all[:min(limit, len(all))] {
		out = append(out, f.s)
	}
	return out
}

func (s *state) nameSuggestions(text string, limit int) []search.Suggestion {
	var out []search.Suggestion
	for i := range s.view.Rows() {
		row := s.view.Row(uint32(i))
		if row == nil || len(out) >= limit {
			continue
		}
		if d := row.Doc; hasWordPrefix(taxonomy.Fold(d.Title), text) || strings.HasPrefix(d.Owner, text) {
			out = append(out, suggestion(d))
		}
	}
	return out
}

func suggestion(d *search.Document) search.Suggestion {
	if d.Kind == "service" || d.Kind == "work" {
		return search.Suggestion{Type: "service", Text: d.Title, Value: d.ID}
	}
	return search.Suggestion{Type: "person", Text: d.Title, Value: d.Owner}
}

func hasWordPrefix(name, text string) bool {
	return strings.HasPrefix(name, text) || strings.Contains(name, " "+text)
}
