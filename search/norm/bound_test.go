package norm_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search/norm"
)

// walker counts the walks through a vocabulary that knows nothing.
type walker struct{ near, prefix int }

func (*walker) Known(string) bool { return false }

func (w *walker) Near(string, string, int) (near, word string, ok bool) {
	w.near++
	return "", "", false
}

func (w *walker) Prefix(string, int) []string {
	w.prefix++
	return nil
}

// TestUnknownWordsAreBounded: the work on a query is bounded by its words,
// however they are glued together.
func TestUnknownWordsAreBounded(t *testing.T) {
	t.Parallel()
	for _, glue := range []string{" ", "-", "/", ",", "-,- "} {
		w := &walker{}
		shared.Plan(strings.Repeat("qwzxqwz"+glue, 60), w, false)
		if most := norm.MaxTerms * 4; w.near == 0 || w.near > most || w.prefix > norm.MaxTerms {
			t.Errorf("glued by %q: %d walks for what is near, %d for what begins so", glue, w.near, w.prefix)
		}
	}
}
