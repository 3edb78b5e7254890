package meili_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/meili"
	"github.com/tmoeg/oduvan/search/meili/meilitest"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

func fixed(key string) func() (meili.Keys, error) {
	return func() (meili.Keys, error) { return meili.Keys{Search: key, Admin: key}, nil }
}

func open(t *testing.T, s *meilitest.Server, change ...func(*meili.Config)) *meili.Engine {
	t.Helper()
	cfg := meili.Config{URL: s.URL, Keys: fixed(meilitest.MasterKey), Taxonomy: taxonomy.New(), Now: time.Now, Poll: time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	e := meili.Open(cfg)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestConformanceOfFake runs the suite against the fake: it shows that the
// engine means what the documented API says, not that a server does it.
func TestConformanceOfFake(t *testing.T) {
	t.Parallel()
	searchtest.Run(t, func(t *testing.T) search.Engine { return open(t, meilitest.New(t)) })
}

// TestConformance runs the suite against the server at MEILI_URL (with
// MEILI_KEY), which it fills with indexes of its own and leaves them there.
func TestConformance(t *testing.T) {
	t.Parallel()
	url := os.Getenv("MEILI_URL")
	if url == "" {
		t.Log("MEILI_URL is not set: only the fake was asked")
		return
	}
	tax := taxonomy.New()
	searchtest.Run(t, func(t *testing.T) search.Engine {
		name := strings.NewReplacer("/", "_", "#", "_").Replace(t.Name())
		return meili.Open(meili.Config{URL: url, Keys: fixed(os.Getenv("MEILI_KEY")), Taxonomy: tax, Now: time.Now, Prefix: name + time.Now().Format("_150405")})
	})
}
