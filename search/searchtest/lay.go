package searchtest

import (
	_ "embed" // the labelled lines
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/eval"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// layData holds how beginners say what they seek without its name: class, what
// is typed, and the skills that answer it, the first the best. The lines were
// written by a hand that had not seen the taxonomy. Those of the class "tuned"
// were looked at while its sayings were written; "blind" ones are only measured.
//
//go:embed lay.tsv
var layData string

// layEach is how many listings of every skill there are.
const layEach = 4

// Lay is a catalogue in which every skill is offered under its name alone, and
// what beginners type who do not know the name.
func Lay() Set {
	var f corpusFile
	if err := json.Unmarshal(corpusData, &f); err != nil {
		panic("searchtest: embedded corpus: " + err.Error())
	}
	d := dice(Seed)
	s := Set{Name: "lay"}
	of := map[string][]string{}
	for _, skill := range taxonomy.New().All() {
		for range layEach {
			doc := f.plain(&d, len(s.Docs), skill)
			s.Docs = append(s.Docs, doc)
			of[skill.ID] = append(of[skill.ID], doc.ID)
		}
	}
	for line := range strings.Lines(layData) {
		part := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		q := eval.Case{Class: part[0], Q: part[1], Relevant: map[string]int{}}
		for i, skill := range strings.Fields(part[2]) {
			for _, id := range of[skill] {
				q.Relevant[id] = max(eval.Good, eval.Good+1-i)
			}
		}
		s.Queries = append(s.Queries, q)
	}
	return s
}

// plain writes a listing that names its skill and says nothing else of it.
func (f *corpusFile) plain(d *dice, i int, of taxonomy.Skill) search.Document {
	kind, name, lang := [...]string{"tutor", "tutor", "service", "creator"}[d.roll(4)], of.Ru, "ru"
	if i%layEach == 0 {
		name, lang = of.En, "en"
	}
	doc := search.Document{Ref: search.Ref{Kind: kind, ID: fmt.Sprintf("%s-%05d", kind, i)}, Owner: fmt.Sprintf("user%d", i),
		Author: pick(d, f.Names), Skills: []string{of.ID}, Langs: []string{lang}, Weight: float64(d.roll(100)) / 100,
		Active: Now.AddDate(0, 0, -d.roll(200)).Truncate(24 * time.Hour), Created: Now.Add(-time.Duration(d.roll(500*24)) * time.Hour)}
	if doc.Title, doc.Lead = doc.Author, name; kind == "service" {
		doc.Title, doc.Lead = name, ""
	}
	for range 2 {
		doc.Body += pick(d, f.Filler) + " "
	}
	return doc
}
