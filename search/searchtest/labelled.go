package searchtest

import (
	_ "embed" // the labelled sets
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/eval"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// The two halves of the labelled set. They are of two hands, neither of which
// had seen the taxonomy or an engine. An engine may be tuned on the open half;
// the held half is only measured.
var (
	//go:embed open.json
	openData []byte
	//go:embed held.json
	heldData []byte
)

// Open is the half of the labelled set that an engine may be tuned on, as n
// listings and the queries about them.
func Open(n int) Set { return generateSet("open", openData, n) }

// Held is the half of the labelled set that nothing is tuned on.
func Held(n int) Set { return generateSet("held", heldData, n) }

// Set is a catalogue written from topics, and graded queries over it.
type Set struct {
	Name    string
	Docs    []search.Document
	Queries []eval.Case // graded by document id: 3 is exactly what was wanted, 2 good, 1 somewhat related
}

type setFile struct {
	Topics []topic             `json:"topics"`
	Common map[string][]string `json:"common"`
	Names  []string            `json:"names"`
	Query  []eval.Case         `json:"queries"` // graded by topic
}

type topic struct {
	ID        string   `json:"id"`
	Lang      string   `json:"lang"`
	Kind      string   `json:"kind"`
	Skills    []string `json:"skills"`
	Titles    []string `json:"titles"`
	Sentences []string `json:"sentences"`
}

// generateSet writes n listings: each has a main topic, one in three a side
// topic, of which one sentence and one skill stand in it.
func generateSet(name string, data []byte, n int) Set {
	var f setFile
	if err := json.Unmarshal(data, &f); err != nil {
		panic("searchtest: labelled set " + name + ": " + err.Error())
	}
	d := dice(Seed)
	tax := taxonomy.New()
	s := Set{Name: name}
	main, side := map[string][]string{}, map[string][]string{}
	for i := range n {
		t := &f.Topics[i%len(f.Topics)]
		var also *topic
		if d.roll(3) == 0 {
			if also = &f.Topics[d.roll(len(f.Topics))]; also == t {
				also = nil
			}
		}
		doc := f.listing(&d, i, t, also)
		for k, skill := range doc.Skills {
			if id, ok := tax.Find(skill); ok {
				doc.Skills[k] = id
			}
		}
		doc.Skills = slices.Compact(doc.Skills)
		s.Docs = append(s.Docs, doc)
		main[t.ID] = append(main[t.ID], doc.ID)
		if also != nil {
			side[also.ID] = append(side[also.ID], doc.ID)
		}
	}
	for _, q := range f.Query {
		s.Queries = append(s.Queries, over(q, main, side))
	}
	return s
}

// over turns grades of topics into grades of listings. A side topic is worth
// one grade less.
func over(q eval.Case, main, side map[string][]string) eval.Case {
	out := eval.Case{Class: q.Class, Q: q.Q, Relevant: map[string]int{}}
	for topic, grade := range q.Relevant {
		for _, id := range main[topic] {
			out.Relevant[id] = max(out.Relevant[id], grade)
		}
		for _, id := range side[topic] {
			if grade > 1 {
				out.Relevant[id] = max(out.Relevant[id], grade-1)
			}
		}
	}
	return out
}

// listing writes one listing as a person would: a title, some of the topic's
// sentences and skills, and what anybody says.
func (f *setFile) listing(d *dice, i int, t, also *topic) search.Document {
	kind := t.Kind
	if kind == "any" {
		kind = [...]string{"tutor", "tutor", "service", "creator"}[d.roll(4)]
	}
	name := pick(d, f.Names)
	doc := search.Document{
		Ref: search.Ref{Kind: kind, ID: fmt.Sprintf("%s-%05d", kind, i)}, Owner: fmt.Sprintf("user%d", i), Author: name, Title: name,
		Skills: pickSome(d, t.Skills, 2+d.roll(3)), Levels: some(d, []string{"hobby", "zero", "junior", "work"}, 3), Langs: []string{t.Lang},
		Formats: some(d, []string{"call", "chat", "review", "group", "plan"}, 3), Free: d.roll(6) == 0, Weight: float64(d.roll(100)) / 100,
		Active: Now.AddDate(0, 0, -d.roll(200)).Truncate(24 * time.Hour), Created: Now.Add(-time.Duration(d.roll(500*24)) * time.Hour),
	}
	if title := pick(d, t.Titles); kind == "service" {
		doc.Title = title
	} else {
		doc.Lead = title
	}
	body := pickSome(d, t.Sentences, 2+d.roll(3))
	if also != nil {
		body = append(body, pick(d, also.Sentences))
		doc.Skills = append(doc.Skills, pick(d, also.Skills))
	}
	doc.Body = strings.Join(append(body, pickSome(d, f.Common[t.Lang], 1+d.roll(3))...), " ")
	if d.roll(8) == 0 {
		doc.NewTo = Now.AddDate(0, 0, d.roll(60)-20)
	}
	return doc
}

// pickSome picks n different values, or all there are.
func pickSome(d *dice, from []string, n int) []string {
	rest := slices.Clone(from)
	out := make([]string, 0, n)
	for len(out) < n && len(rest) > 0 {
		i := d.roll(len(rest))
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

// All is the listings as a stream.
func (s Set) All(yield func(search.Document, error) bool) {
	for i := range s.Docs {
		if !yield(s.Docs[i], nil) {
			return
		}
	}
}
