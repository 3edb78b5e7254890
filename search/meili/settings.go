package meili

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/meilisearch/meilisearch-go"
)

// The names of what is searched, in the order of their worth. surface is not
// asked for but when a name is completed.
var (
	searched = [...]string{"n_title", "n_skills", "n_author", "n_lead", "n_body"}
	shown    = [...]string{"id", "kind", "key", "owner", "title", "weight", "active", "newto", "least", "level", "lang", "format", "free", "f", "t", "w", "seq", "cursor", "build", "print"}
)

const surface = "n_surf"

// The bounds that the server is told. Totals are cut at maxTotal, and the
// vocabulary is read as one facet of at most maxValues values.
const (
	maxTotal  = 10_000_000
	maxValues = 200_000
)

// settings are the index's settings but for what is filtered by: that has
// another form, which the library sends by a call of its own.
func settings() *meilisearch.Settings {
	return &meilisearch.Settings{
		RankingRules:         []string{"sort", "words", "attribute", "proximity", "exactness", "best:desc", "created:desc", "ref:asc"},
		SearchableAttributes: append(append([]string{}, searched[:]...), surface),
		DisplayedAttributes:  shown[:],
		SortableAttributes:   []string{"ref", "created", "best", "weight", "least", "seq"},
		StopWords:            []string{},
		ProximityPrecision:   meilisearch.ByAttribute,
		// Words are corrected before they are sent. The literal sends every field.
		TypoTolerance: &meilisearch.TypoTolerance{Enabled: false, MinWordSizeForTypos: meilisearch.MinWordSizeForTypos{OneTypo: 5, TwoTypos: 9},
			DisableOnWords: []string{}, DisableOnAttributes: []string{}},
		Pagination: &meilisearch.Pagination{MaxTotalHits: maxTotal},
		Faceting: &meilisearch.Faceting{MaxValuesPerFacet: maxValues,
			SortFacetValuesBy: map[string]meilisearch.SortFacetType{"*": meilisearch.SortFacetTypeCount}},
	}
}

// filterable says what is filtered by and how.
func filterable() *[]any {
	rule := func(comparison bool, names ...string) meilisearch.AttributeRule {
		return meilisearch.AttributeRule{AttributePatterns: names,
			Features: meilisearch.AttributeFeatures{Filter: meilisearch.FilterFeatures{Equality: true, Comparison: comparison}}}
	}
	return &[]any{
		rule(false, "id", "kind", "owner", "second", "skill", "level", "lang", "format", "licence", "free", "currency", "t", "w", "meta", "gone"),
		rule(true, "price", "price.*", "least", "least.*", "newto", "opens", "seq"),
	}
}

// setUp makes an index with its settings.
func (e *Engine) setUp(ctx context.Context, uid string) error {
	err := e.client.write(ctx, "create index", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.CreateIndexWithContext(ctx, &meilisearch.IndexConfig{Uid: uid, PrimaryKey: "id"})
	})
	if f := (*Fault)(nil); err != nil && !(errors.As(err, &f) && f.Code == "index_already_exists") {
		return err
	}
	err = e.client.write(ctx, "settings", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.Index(uid).UpdateSettingsWithContext(ctx, settings())
	})
	if err != nil {
		return err
	}
	return e.client.write(ctx, "filterable attributes", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.Index(uid).UpdateFilterableAttributesWithContext(ctx, filterable())
	})
}

// prepare makes sure that the live index is there. An index of another format
// is left as it is: whoever feeds reindexes it, since it has no cursor for us.
func (e *Engine) prepare(ctx context.Context) error {
	if e.prepared {
		return nil
	}
	_, err := e.facts(ctx)
	if errors.Is(err, errMissing) {
		if err = e.setUp(ctx, e.live()); err == nil {
			err = e.put(ctx, e.live(), []any{meta{ID: metaID, Meta: true, Print: e.print}})
		}
	}
	e.prepared = err == nil
	return err
}

// put writes documents by one task and waits for it.
func (e *Engine) put(ctx context.Context, uid string, docs []any) error {
	lines, err := ndjson(docs)
	if err != nil {
		return err
	}
	return e.client.write(ctx, "documents", func(ctx context.Context, m meilisearch.ServiceManager) (*meilisearch.TaskInfo, error) {
		return m.Index(uid).AddDocumentsNdjsonWithContext(ctx, lines, nil)
	})
}

// ndjson writes documents one a line.
func ndjson(docs []any) ([]byte, error) {
	var out []byte
	for _, d := range docs {
		line, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		out = append(append(out, line...), '\n')
	}
	return out, nil
}
