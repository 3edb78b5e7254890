package bench

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// The engines, in the order in which they are told.
const (
	Embedded = "embedded"
	Plain    = "plain bleve"
	Memory   = "in memory"
)

// Engines lists what is compared.
func Engines() []string {
	return []string{Embedded, Plain, Memory}
}

// asked is an engine as it is measured.
type asked interface {
	build(ctx context.Context, c *corpus) error
	ask(ctx context.Context, q question) (found int, err error)
	bytes() int64 // on disk
	close() error
}

// openEngine makes an empty engine in a folder.
func openEngine(name, dir string, tax *taxonomy.Taxonomy) (asked, error) {
	switch name {
	case Embedded:
		e, err := bleve.Open(filepath.Join(dir, "index"), tax)
		if err != nil {
			return nil, err
		}
		return &embedded{e}, nil
	case Plain:
		return openPlain(filepath.Join(dir, "index"))
	case Memory:
		return newMemory(tax), nil
	}
	return nil, fmt.Errorf("no engine %q", name)
}

// embedded is the board's own engine.
type embedded struct{ *bleve.Engine }

func (e *embedded) build(ctx context.Context, c *corpus) error {
	if err := e.Reindex(ctx, c.all(), 1); err != nil {
		return err
	}
	e.Settle() // else the first class asked pays for it
	return nil
}

func (e *embedded) ask(ctx context.Context, q question) (int, error) {
	if q.class == classPrefix {
		out, err := e.Suggest(ctx, search.SuggestQuery{Text: q.text, Lang: "ru", Limit: suggestions})
		return len(out), err
	}
	ask := search.Query{Text: q.text, Facets: q.facets, Offset: q.offset, Limit: pageSize, Now: moment}
	for _, f := range []struct {
		to    *[]string
		value string
	}{{&ask.Kinds, q.kind}, {&ask.Langs, q.lang}, {&ask.Formats, q.format}} {
		if f.value != "" {
			*f.to = []string{f.value}
		}
	}
	r, err := e.Search(ctx, ask)
	return r.Total, err
}

func (e *embedded) bytes() int64 {
	s, err := e.Stats(context.Background())
	if err != nil {
		return 0
	}
	return s.Bytes
}

func (e *embedded) close() error { return e.Close() }
