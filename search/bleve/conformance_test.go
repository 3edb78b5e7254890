package bleve_test

import (
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/bleve"
	"github.com/tmoeg/oduvan/search/searchtest"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

func open(t *testing.T, dir string) search.Engine {
	t.Helper()
	e, err := bleve.Open(dir, taxonomy.New())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformanceInMemory(t *testing.T) {
	t.Parallel()
	searchtest.Run(t, func(t *testing.T) search.Engine { return open(t, "") })
}

func TestConformanceOnDisk(t *testing.T) {
	t.Parallel()
	searchtest.Run(t, func(t *testing.T) search.Engine { return open(t, t.TempDir()) })
}

func TestReopen(t *testing.T) {
	t.Parallel()
	searchtest.Reopen(t, open)
}
