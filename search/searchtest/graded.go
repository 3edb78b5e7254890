package searchtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/eval"
)

// gradedSize is how many listings each half of the labelled set is asked over.
const gradedSize = 5200

// gradedFloors are the least success@5 by class, and nDCG@10 over all queries.
// They stand a little under what was measured, so that a change which makes
// the search worse is seen.
var gradedFloors = map[string]struct {
	success map[string]float64
	ndcg    float64
}{
	"open": {map[string]float64{"plain": 1, "inflected": 0.95, "typo": 0.95, "layout": 0.95, "translit": 0.95, "synonym": 0.92, "special": 1, "abbreviation": 0.95, "yo": 0.95}, 0.86},
	"held": {map[string]float64{"plain": 1, "inflected": 0.95, "typo": 0.95, "layout": 0.95, "translit": 0.94, "synonym": 0.9, "special": 0.93, "abbreviation": 0.85, "yo": 0.93}, 0.88},
	"lay":  {map[string]float64{"tuned": 0.92, "blind": 0.83}, 0.64},
}

// testGraded asks both halves of the labelled set and the lay wording, each over its own listings.
func testGraded(t *testing.T, e search.Engine) {
	for _, s := range []Set{Open(gradedSize), Held(gradedSize), Lay()} {
		if err := e.Reindex(context.Background(), s.All, 1); err != nil {
			t.Fatal(err)
		}
		report, err := eval.Measure(context.Background(), func(ctx context.Context, q string) ([]eval.Found, error) {
			r, err := e.Search(ctx, search.Query{Text: q, Limit: eval.Depth, Now: Now})
			found := make([]eval.Found, len(r.Hits))
			for i, h := range r.Hits {
				found[i].ID = h.ID
			}
			return found, err
		}, s.Queries)
		if err != nil {
			t.Fatal(err)
		}
		var table strings.Builder
		if err := report.Table(&table); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s set, %d listings\n%s", s.Name, len(s.Docs), table.String())
		floors := gradedFloors[s.Name]
		if report.All.NDCG10 < floors.ndcg {
			t.Errorf("%s: nDCG@10 %.3f, want at least %.2f", s.Name, report.All.NDCG10, floors.ndcg)
		}
		for _, class := range slices.Sorted(maps.Keys(floors.success)) {
			if got := report.Classes[class]; got.N < 10 || got.Success5 < floors.success[class] {
				t.Errorf("%s %s: success@5 %.3f of %d, want at least %.2f of 10", s.Name, class, got.Success5, got.N, floors.success[class])
			}
		}
	}
}
