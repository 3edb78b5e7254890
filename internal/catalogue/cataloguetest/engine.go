// Package cataloguetest is a small real search engine in memory, for tests of
// whoever feeds or asks a catalogue. It promises the order of batches, whole
// swaps and the cursor as the embedded engine keeps them, and filters that
// hold. It refuses to be clever: text is found word by word as typed.
package cataloguetest

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tmoeg/oduvan/search"
)

// Engine is an index in memory. The zero value is empty and ready. It is safe
// for concurrent use.
type Engine struct {
	mu     sync.RWMutex
	docs   map[search.Ref]search.Document
	cursor int64
	broken error
	before func(string) error
	builds int
}

// Break makes every call fail with err until Break(nil).
func (e *Engine) Break(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = err
}

// Before calls fn with the name of each method before it acts; an error of it
// becomes the method's.
func (e *Engine) Before(fn func(method string) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.before = fn
}

func (e *Engine) check(ctx context.Context, method string) error {
	e.mu.RLock()
	broken, before := e.broken, e.before
	e.mu.RUnlock()
	if broken != nil {
		return broken
	}
	if before != nil {
		if err := before(method); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Apply makes a batch visible.
func (e *Engine) Apply(ctx context.Context, batch search.Batch) error {
	if err := e.check(ctx, "apply"); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.docs == nil {
		e.docs = map[search.Ref]search.Document{}
	}
	for _, op := range batch.Ops {
		if op.Doc == nil {
			delete(e.docs, op.Ref)
			continue
		}
		e.docs[op.Ref] = *op.Doc
	}
	e.cursor = batch.Cursor
	return nil
}

// Reindex swaps in all documents at once, or nothing when one is an error.
func (e *Engine) Reindex(ctx context.Context, docs iter.Seq2[search.Document, error], cursor int64) error {
	if err := e.check(ctx, "reindex"); err != nil {
		return err
	}
	aside := map[search.Ref]search.Document{}
	for d, err := range docs {
		if err != nil {
			return err
		}
		if _, twice := aside[d.Ref]; twice {
			return errors.New("cataloguetest: a document came twice")
		}
		aside[d.Ref] = d
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.docs, e.cursor = aside, cursor
	e.builds++
	return nil
}

// Builds is how often Reindex swapped.
func (e *Engine) Builds() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.builds
}

// Documents is a copy of all that is in the index.
func (e *Engine) Documents() map[search.Ref]search.Document {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return maps.Clone(e.docs)
}

// Refs lists what is in the index, sorted.
func (e *Engine) Refs() []search.Ref {
	return slices.SortedFunc(maps.Keys(e.Documents()), compare)
}

// Search finds documents in which every word occurs, in the query's order.
func (e *Engine) Search(ctx context.Context, q search.Query) (search.Result, error) {
	if err := e.check(ctx, "search"); err != nil {
		return search.Result{}, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	var found []search.Document
	kinds := map[string]int{}
	for _, d := range e.docs {
		if !holds(d, q) {
			continue
		}
		kinds[d.Kind]++
		if len(q.Kinds) == 0 && !d.Second || slices.Contains(q.Kinds, d.Kind) {
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b search.Document) int {
		if q.Sort == search.SortNew && !a.Created.Equal(b.Created) {
			return b.Created.Compare(a.Created)
		}
		return compare(a.Ref, b.Ref)
	})
	out := search.Result{Total: len(found), Cursor: e.cursor}
	limit := q.Limit
	if limit == 0 {
		limit = 24
	}
	from := min(q.Offset, len(found))
	for _, d := range found[from:min(from+limit, len(found))] {
		out.Hits = append(out.Hits, search.Hit{Ref: d.Ref})
	}
	if q.Facets {
		out.Facets = map[string][]search.Count{}
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			out.Facets[search.FacetKind] = append(out.Facets[search.FacetKind], search.Count{Value: k, Count: kinds[k]})
		}
	}
	return out, nil
}

// holds applies every filter but the kind.
func holds(d search.Document, q search.Query) bool {
	some := func(want, have []string) bool {
		return len(want) == 0 || slices.ContainsFunc(want, func(v string) bool { return slices.Contains(have, v) })
	}
	text := text(d)
	for _, word := range strings.Fields(strings.ToLower(q.Text)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return some(q.Skills, d.Skills) && some(q.Levels, d.Levels) && some(q.Langs, d.Langs) && some(q.Formats, d.Formats) && some(q.Licences, d.Licences) &&
		(q.Owner == "" || q.Owner == d.Owner) && (!q.Free || d.Free) && (!q.Newcomer || d.NewTo.After(q.Now))
}

func text(d search.Document) string {
	return strings.ToLower(strings.Join(append([]string{d.Title, d.Author, d.Lead, d.Body}, d.Skills...), " "))
}

// Suggest offers documents whose title begins with the text: people by handle,
// things by id.
func (e *Engine) Suggest(ctx context.Context, q search.SuggestQuery) ([]search.Suggestion, error) {
	if err := e.check(ctx, "suggest"); err != nil {
		return nil, err
	}
	var out []search.Suggestion
	for _, ref := range e.Refs() {
		d := e.Documents()[ref]
		if !strings.HasPrefix(strings.ToLower(d.Title), strings.ToLower(q.Text)) {
			continue
		}
		s := search.Suggestion{Type: d.Kind, Text: d.Title, Value: d.ID}
		if d.Kind == "tutor" || d.Kind == "creator" {
			s.Type, s.Value = search.TypePerson, d.Owner
		}
		if !slices.Contains(q.Without, s) {
			out = append(out, s)
		}
	}
	const usual = 8
	if q.Limit == 0 {
		q.Limit = usual
	}
	return out[:min(len(out), q.Limit)], nil
}

// Stats tells size and position.
func (e *Engine) Stats(ctx context.Context) (search.Stats, error) {
	if err := e.check(ctx, "stats"); err != nil {
		return search.Stats{}, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return search.Stats{Documents: len(e.docs), Cursor: e.cursor}, nil
}

// Close does nothing.
func (e *Engine) Close() error { return nil }

func compare(a, b search.Ref) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
}
