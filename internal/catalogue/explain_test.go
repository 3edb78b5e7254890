package catalogue_test

import (
	"context"
	"testing"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/search"
)

// mute is an engine that searches nothing and explains nothing.
type mute struct{ search.Engine }

func TestNothingExplainsWithoutAnIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]*catalogue.Catalogue{
		"no engine": catalogue.New(catalogue.Config{}), "an engine that explains nothing": catalogue.New(catalogue.Config{Engine: mute{}}),
	} {
		if _, err := c.Explain(ctx, search.Query{Text: "go"}, search.Ref{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: Explain gives %v", name, err)
		}
	}
	if _, err := catalogue.New(catalogue.Config{}).Stats(ctx); !fault.Is(err, fault.Unavailable) {
		t.Errorf("Stats gives %v", err)
	}
}
