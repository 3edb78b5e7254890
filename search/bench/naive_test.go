package bench_test

import (
	"context"
	"strings"
	"testing"

	"github.com/blevesearch/bleve/v2"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/eval"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// naiveSize is how many listings of each half bleve out of the box is asked over.
const naiveSize = 5200

// TestNaiveEngine prints what bleve out of the box finds on the labelled set,
// exact and with its own fuzzy words, beside which the figures of searchtest
// are to be read. It fails if that were good enough: then ours were not needed.
func TestNaiveEngine(t *testing.T) {
	t.Parallel()
	tax := taxonomy.New()
	for _, set := range []searchtest.Set{searchtest.Open(naiveSize), searchtest.Held(naiveSize)} {
		index, err := bleve.NewMemOnly(bleve.NewIndexMapping())
		if err != nil {
			t.Fatal(err)
		}
		batch := index.NewBatch()
		for i := range set.Docs {
			if err := batch.Index(set.Docs[i].ID, readable(tax, &set.Docs[i])); err != nil {
				t.Fatal(err)
			}
		}
		if err := index.Batch(batch); err != nil {
			t.Fatal(err)
		}
		for _, fuzziness := range []int{0, 1} {
			report, err := eval.Measure(context.Background(), func(ctx context.Context, q string) ([]eval.Found, error) {
				match := bleve.NewMatchQuery(q)
				match.SetFuzziness(fuzziness)
				answer, err := index.SearchInContext(ctx, bleve.NewSearchRequestOptions(match, eval.Depth, 0, false))
				if err != nil {
					return nil, err
				}
				out := make([]eval.Found, len(answer.Hits))
				for i, h := range answer.Hits {
					out[i].ID = h.ID
				}
				return out, nil
			}, set.Queries)
			if err != nil {
				t.Fatal(err)
			}
			var table strings.Builder
			if err := report.Table(&table); err != nil {
				t.Fatal(err)
			}
			t.Logf("bleve out of the box, fuzziness %d, %s half, %d listings\n%s", fuzziness, set.Name, len(set.Docs), table.String())
			if report.All.N < 150 || report.All.NDCG10 <= 0.05 || report.All.NDCG10 > 0.7 {
				t.Errorf("%s half, fuzziness %d: nDCG@10 %.3f of %d queries is not what a naive engine gives", set.Name, fuzziness, report.All.NDCG10, report.All.N)
			}
		}
		if err := index.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// readable is a listing as its page shows it: skills by their names.
func readable(tax *taxonomy.Taxonomy, d *search.Document) map[string]any {
	names := make([]string, len(d.Skills))
	for i, s := range d.Skills {
		if names[i] = s; tax.Name(s, "ru") != "" {
			names[i] = tax.Name(s, "ru") + " " + tax.Name(s, "en")
		}
	}
	return map[string]any{"author": d.Author, "title": d.Title, "lead": d.Lead, "body": d.Body, "skills": names}
}
