package meili

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
)

// Suggest implements search.Engine. Faults: ErrAway, ErrRefused.
func (e *Engine) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	l, err := e.lexiconFor(ctx)
	if err != nil {
		return nil, err
	}
	return e.complete.Suggest(ctx, q, typed{e, l})
}

// typed answers what completing asks.
type typed struct {
	engine  *Engine
	lexicon *lexicon
}

// Words implements reading.Index.
func (t typed) Words() norm.Words { return t.lexicon.words }

// SkillCount implements reading.Index.
func (t typed) SkillCount(id string) int { return t.lexicon.skill[id] }

// nameScan bounds how many names of one beginning are weighed: under a single
// letter stands half the catalogue.
const nameScan = 100

// Names implements reading.Index. The server finds names with words that begin
// so; which of them begin there as typed is looked at here.
func (t typed) Names(ctx context.Context, text string, limit int) ([]search.Suggestion, error) {
	// Marks would be read as operators: a quote begins a phrase, a dash excludes.
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return nil, nil
	}
	answers, err := t.engine.client.ask(ctx, []*meilisearch.SearchRequest{{IndexUID: t.engine.live(), Query: strings.Join(words, " "), Filter: listed, Limit: nameScan,
		AttributesToSearchOn: []string{surface}, MatchingStrategy: meilisearch.All, Sort: []string{"weight:desc", "ref:asc"},
		AttributesToRetrieve: []string{"kind", "key", "owner", "title", "weight"}}})
	if err != nil {
		return nil, err
	}
	type named struct {
		doc    search.Document
		begins bool
	}
	var found []named
	for _, h := range answers[0].Hits {
		var n named
		d := &n.doc
		if err := errors.Join(part(h, "kind", &d.Kind), part(h, "key", &d.ID), part(h, "owner", &d.Owner), part(h, "title", &d.Title), part(h, "weight", &d.Weight)); err != nil {
			return nil, err
		}
		ok := false
		reading.NameKeys(d.Kind, d.Title, d.Owner, func(key string, whole bool) {
			if strings.HasPrefix(key, text) {
				ok, n.begins = true, n.begins || whole
			}
		})
		if ok {
			found = append(found, n)
		}
	}
	slices.SortStableFunc(found, func(x, y named) int {
		if x.begins != y.begins {
			if x.begins {
				return -1
			}
			return 1
		}
		return cmp.Compare(y.doc.Weight, x.doc.Weight)
	})
	var out []search.Suggestion
	for _, n := range found {
		if s := reading.Suggestion(&n.doc); len(out) < limit && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}
