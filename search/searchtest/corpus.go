package searchtest

import (
	_ "embed" // the corpus data
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
)

//go:embed corpus.json
var corpusData []byte

// Now is the moment all suites ask at.
var Now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// Corpus is a generated catalogue with the truth about it.
type Corpus struct {
	Docs    []search.Document
	Queries []Labelled
	truth   map[search.Ref][]string // skills a document is about, said or not
}

// Labelled is a query with what its hits must be about.
type Labelled struct {
	Class  string   `json:"class"`
	Text   string   `json:"text"`
	Want   []string `json:"want"`
	Author string   `json:"author"`
}

type corpusFile struct {
	Names    []string `json:"names"`
	Filler   []string `json:"filler"`
	Subjects []struct {
		Skill string   `json:"skill"`
		Say   []string `json:"say"`
	} `json:"subjects"`
	Queries []Labelled `json:"queries"`
}

// dice is a small generator of our own, so that a seed gives the same corpus
// under every version of Go.
type dice uint64

func (d *dice) roll(n int) int {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return int((z ^ (z >> 31)) % uint64(n))
}

func pick[T any](d *dice, from []T) T { return from[d.roll(len(from))] }

// some picks up to most different values.
func some(d *dice, from []string, most int) []string {
	var out []string
	for range d.roll(most + 1) {
		if v := pick(d, from); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Generate makes n documents from a seed.
func Generate(seed uint64, n int) Corpus {
	var f corpusFile
	if err := json.Unmarshal(corpusData, &f); err != nil {
		panic("searchtest: embedded corpus: " + err.Error())
	}
	d := dice(seed)
	c := Corpus{Queries: f.Queries, truth: map[search.Ref][]string{}}
	for i := range n {
		doc, about := f.document(&d, i)
		c.Docs = append(c.Docs, doc)
		c.truth[doc.Ref] = about
	}
	return c
}

// document writes one listing. Half of them name no skill in their list: then
// only the words tell what they are about.
func (f *corpusFile) document(d *dice, i int) (doc search.Document, about []string) {
	kind := [...]string{"tutor", "tutor", "service", "creator"}[d.roll(4)]
	name := f.Names[i%len(f.Names)]
	doc = search.Document{
		Ref: search.Ref{Kind: kind, ID: fmt.Sprintf("%s-%05d", kind, i)}, Owner: fmt.Sprintf("user%d", i/2),
		Author: name, Title: name,
		Levels: some(d, []string{"hobby", "zero", "junior", "work"}, 2), Langs: some(d, []string{"ru", "en", "kk"}, 2),
		Formats: some(d, []string{"call", "chat", "review", "group", "plan"}, 3),
		Free:    d.roll(6) == 0, Weight: float64(d.roll(100)) / 100,
		Active: Now.AddDate(0, 0, -d.roll(200)).Truncate(24 * time.Hour), Created: Now.Add(-time.Duration(d.roll(500*24)) * time.Hour),
	}
	if i%3 == 0 {
		doc.Licences = []string{[...]string{"CC-BY-NC-4.0", "CC0-1.0"}[i%2]}
	}
	for k := range 1 + d.roll(2) {
		s := f.Subjects[(i+k*7)%len(f.Subjects)]
		about = append(about, s.Skill)
		if say := pick(d, s.Say); k == 0 && kind == "service" {
			doc.Title = say
		} else {
			doc.Lead = strings.TrimPrefix(doc.Lead+". "+say, ". ")
		}
	}
	if d.roll(2) == 0 {
		doc.Skills = slices.Clone(about)
	}
	for range 2 + d.roll(3) {
		doc.Body += pick(d, f.Filler) + " "
	}
	if !doc.Free {
		for _, c := range some(d, []string{"RUB", "RUB", "USD", "KZT"}, 2) {
			doc.Prices = append(doc.Prices, search.Price{Minor: int64(1+d.roll(50)) * 10000, Currency: c})
		}
	}
	if d.roll(8) == 0 {
		doc.NewTo = Now.AddDate(0, 0, d.roll(60)-20)
	}
	if d.roll(5) == 0 {
		doc.Opens = Now.Add(time.Duration(d.roll(20*24)-5*24) * time.Hour)
	}
	return doc, about
}

// Relevant tells whether a document answers a labelled query.
func (c Corpus) Relevant(q Labelled, ref search.Ref) bool {
	if q.Author != "" {
		return slices.ContainsFunc(c.Docs, func(d search.Document) bool { return d.Ref == ref && d.Author == q.Author })
	}
	for _, w := range q.Want {
		if !slices.Contains(c.truth[ref], w) {
			return false
		}
	}
	return true
}

// All is the corpus as a stream.
func (c Corpus) All(yield func(search.Document, error) bool) {
	for _, d := range c.Docs {
		if !yield(d, nil) {
			return
		}
	}
}

// Ops are the upserts of the whole corpus.
func (c Corpus) Ops() []search.Op {
	out := make([]search.Op, len(c.Docs))
	for i := range c.Docs {
		out[i] = search.Op{Ref: c.Docs[i].Ref, Doc: &c.Docs[i]}
	}
	return out
}
