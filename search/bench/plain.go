package bench

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/search/query"
)

// plain is bleve as it comes out of the box: default mapping, its own facets,
// its own fuzzy query, any word of several.
type plain struct {
	index bleve.Index
	dir   string
}

func openPlain(dir string) (asked, error) {
	index, err := bleve.New(dir, bleve.NewIndexMapping())
	if err != nil {
		return nil, err
	}
	return &plain{index, dir}, nil
}

// plainBatch is how many documents are written at once.
const plainBatch = 1000

func (p *plain) build(ctx context.Context, c *corpus) error {
	batch := p.index.NewBatch()
	for i := range c.docs {
		doc := c.document(i)
		err := batch.Index(doc.ID, map[string]any{
			"kind": doc.Kind, "title": doc.Title, "author": doc.Author, "lead": doc.Lead, "body": doc.Body, "skills": doc.Skills,
			"levels": doc.Levels, "langs": doc.Langs, "formats": doc.Formats, "free": doc.Free, "created": doc.Created,
		})
		if err != nil {
			return err
		}
		if batch.Size() < plainBatch && i+1 < c.docs {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.index.Batch(batch); err != nil {
			return err
		}
		batch.Reset()
	}
	return nil
}

func (p *plain) ask(ctx context.Context, q question) (int, error) {
	req := bleve.NewSearchRequestOptions(p.query(q), pageSize, q.offset, false)
	switch {
	case q.class == classPrefix:
		req.Size, req.Fields = suggestions, []string{"title"}
	case q.class == classBrowse:
		req.SortBy([]string{"-created", "_id"})
	}
	if q.facets {
		const most = 400 // as many as the board's own lists
		for _, field := range []string{"kind", "skills", "levels", "langs", "formats", "free"} {
			req.AddFacet(field, bleve.NewFacetRequest(field, most))
		}
	}
	res, err := p.index.SearchInContext(ctx, req)
	if err != nil {
		return 0, err
	}
	return int(res.Total), nil
}

func (p *plain) query(q question) query.Query {
	switch q.class {
	case classPrefix:
		return bleve.NewPrefixQuery(strings.ToLower(q.text))
	case classTypo:
		const distance = 2
		fuzzy := bleve.NewFuzzyQuery(q.text)
		fuzzy.SetFuzziness(distance)
		return fuzzy
	}
	var all []query.Query
	if q.text != "" {
		all = append(all, bleve.NewMatchQuery(q.text)) // of several words any will do
	}
	for field, value := range map[string]string{"kind": q.kind, "langs": q.lang, "formats": q.format} {
		if value != "" {
			term := bleve.NewTermQuery(value)
			term.SetField(field)
			all = append(all, term)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return bleve.NewConjunctionQuery(all...)
}

func (p *plain) bytes() (sum int64) {
	_ = filepath.WalkDir(p.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

func (p *plain) close() error { return p.index.Close() }
