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

// skillKey is one spelling of a skill.
type skillKey struct {
	key string // folded
	id  string
}

// skillKeys sorts every spelling that a picker may offer.
func skillKeys(tax *taxonomy.Taxonomy) []skillKey {
	var out []skillKey
	for _, s := range tax.All() {
		for _, a := range slices.Concat(s.Spellings(), s.Maybe) {
			if !s.Hidden {
				out = append(out, skillKey{taxonomy.Fold(a), s.ID})
			}
		}
	}
	slices.SortFunc(out, func(a, b skillKey) int { return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id)) })
	return out
}

// Suggest implements search.Engine: skills, people and services whose name
// begins as typed, in either keyboard layout; then the last word completed;
// then the query as it would be corrected.
func (e *Engine) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	s, err := e.acquire()
	if err != nil {
		return nil, err
	}
	defer s.release()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := defaultSuggestions
	if q.Limit > 0 {
		limit = min(q.Limit, maxLimit)
	}
	text := taxonomy.Fold(norm.Clean(q.Text, norm.MaxRunes))
	if text == "" {
		return nil, nil
	}
	for _, t := range append([]string{text}, e.norm.OtherLayouts(text)...) {
		if out := e.begins(s, t, q.Lang, limit); len(out) > 0 {
			return out, nil
		}
	}
	if out := e.completeLast(s, text, q.Lang, limit); len(out) > 0 {
		return out, nil
	}
	if plan := e.norm.Plan(text, s.gen.words, false); plan.Corrected != "" {
		return []search.Suggestion{{Type: "query", Text: plan.Corrected, Value: plan.Corrected}}, nil
	}
	return nil, nil
}

// begins lists what begins with the text: skills take at most half of the
// places while there are names for the rest.
func (e *Engine) begins(s *state, text, lang string, limit int) []search.Suggestion {
	var skills, docs []search.Suggestion
	for _, id := range e.skillsBeginning(s, text, limit) {
		skills = append(skills, search.Suggestion{Type: "skill", Text: e.tax.Name(id, lang), Value: id})
	}
	for _, d := range s.names.find(s.view, text, limit) {
		docs = append(docs, suggestion(d))
	}
	room := max(limit-len(docs), (limit+1)/2)
	out := slices.Concat(skills[:min(room, len(skills))], docs)
	return out[:min(limit, len(out))]
}

// skillsBeginning lists skills with a spelling that begins so: an exact name
// first, then those with the most documents.
func (e *Engine) skillsBeginning(s *state, text string, limit int) []string {
	at, _ := slices.BinarySearchFunc(e.skills, text, func(k skillKey, t string) int { return strings.Compare(k.key, t) })
	length := map[string]int{} // of the shortest spelling
	var ids []string
	for _, k := range e.skills[at:] {
		if !strings.HasPrefix(k.key, text) {
			break
		}
		if n, ok := length[k.id]; !ok || len(k.key) < n {
			if !ok {
				ids = append(ids, k.id)
			}
			length[k.id] = len(k.key)
		}
	}
	exact := func(id string) int {
		if length[id] == len(text) {
			return 0
		}
		return 1
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(exact(a), exact(b)), cmp.Compare(s.view.SkillCount(b), s.view.SkillCount(a)),
			cmp.Compare(length[a], length[b]), strings.Compare(a, b))
	})
	return ids[:min(limit, len(ids))]
}

// completeLast completes the last word of several to the name of a skill.
func (e *Engine) completeLast(s *state, text, lang string, limit int) []search.Suggestion {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 {
		return nil
	}
	var out []search.Suggestion
	for _, id := range e.skillsBeginning(s, text[at+1:], limit) {
		whole := text[:at+1] + taxonomy.Fold(e.tax.Name(id, lang))
		out = append(out, search.Suggestion{Type: "query", Text: whole, Value: whole})
	}
	return out
}

func suggestion(d *search.Document) search.Suggestion {
	if isPerson(d.Kind) {
		return search.Suggestion{Type: "person", Text: d.Title, Value: d.Owner}
	}
	return search.Suggestion{Type: "service", Text: d.Title, Value: d.ID}
}
