package bench

import (
	"fmt"

	"github.com/tmoeg/oduvan/search/taxonomy"
)

// Questions shows the queries of a run in words.
func Questions(docs, each int) (out []string) {
	c := newCorpus(docs, taxonomy.New())
	for _, class := range classes() {
		for i := range each {
			out = append(out, fmt.Sprintf("%+v", c.question(class, i)))
		}
	}
	return out
}
