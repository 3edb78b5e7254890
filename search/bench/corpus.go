package bench

import (
	_ "embed" // what words are made of
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

//go:embed syllables.txt
var syllables string

// moment is the day on which the made-up board is asked.
var moment = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// The size of the made-up board's language.
const (
	proseWords = 20_000
	nameWords  = 2_000
	seed       = 20260501
)

// dice is a small generator of our own: the same under every version of Go.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (d *dice) roll(n int) int { return int(d.next() % uint64(n)) }

// rank rolls a place of n, low ones far more often, as words occur in texts.
func (d *dice) rank(n int) int {
	const bits = 53
	u := float64(d.next()>>(64-bits)) / (1 << bits)
	return min(int(math.Pow(float64(n), u))-1, n-1)
}

func pick[T any](d *dice, from []T) T { return from[d.roll(len(from))] }

func some(d *dice, from []string, most int) []string {
	var out []string
	for range d.roll(most + 1) {
		if v := pick(d, from); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// corpus is a made-up board of any size. A document follows from its number
// alone, so nothing is kept.
type corpus struct {
	docs   int
	words  []string // most frequent first
	names  []string
	skills []taxonomy.Skill
}

func newCorpus(docs int, tax *taxonomy.Taxonomy) *corpus {
	c := &corpus{docs: docs, words: madeUp(seed, proseWords), names: madeUp(seed+1, nameWords)}
	for _, s := range tax.All() {
		if !s.Hidden && !s.Soft {
			c.skills = append(c.skills, s)
		}
	}
	return c
}

// madeUp makes n different words of two to four syllables.
func madeUp(from uint64, n int) []string {
	d, parts := dice(from), strings.Fields(syllables)
	seen := make(map[string]bool, n)
	out := make([]string, 0, n)
	for len(out) < n {
		var b strings.Builder
		for range 2 + d.roll(3) {
			b.WriteString(pick(&d, parts))
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// prose is n words as they occur.
func (c *corpus) prose(d *dice, n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = c.words[d.rank(len(c.words))]
	}
	return strings.Join(out, " ")
}

// document makes the document of a number.
func (c *corpus) document(i int) search.Document {
	d := dice(seed + uint64(i)*7919)
	kind := [...]string{"tutor", "tutor", "service", "creator"}[d.roll(4)]
	name := title(pick(&d, c.names)) + " " + title(pick(&d, c.names))
	doc := search.Document{
		Ref: search.Ref{Kind: kind, ID: fmt.Sprintf("%s-%07d", kind, i)}, Owner: fmt.Sprintf("user%d", i/2), Author: name, Title: name,
		Levels: some(&d, []string{"hobby", "zero", "junior", "work"}, 2), Langs: some(&d, []string{"ru", "en", "kk"}, 2),
		Formats: some(&d, []string{"call", "chat", "review", "group", "plan"}, 3), Free: d.roll(6) == 0, Weight: float64(d.roll(100)) / 100,
		Active: moment.AddDate(0, 0, -d.roll(200)).Truncate(24 * time.Hour), Created: moment.Add(-time.Duration(d.roll(500*24)) * time.Hour),
	}
	said := []string{}
	for range 1 + d.roll(4) {
		s := c.skills[d.rank(len(c.skills))]
		doc.Skills = append(doc.Skills, s.ID)
		said = append(said, pick(&d, []string{s.Ru, s.En}))
	}
	doc.Lead = said[0] + " " + c.prose(&d, 4+d.roll(5))
	if kind == "service" {
		doc.Title = said[0] + " " + c.prose(&d, 1+d.roll(3))
	}
	doc.Body = c.prose(&d, 20+d.roll(30)) + ". " + strings.Join(said, ", ") + ". " + c.prose(&d, 10+d.roll(20))
	if !doc.Free {
		for _, currency := range some(&d, []string{"RUB", "RUB", "USD", "KZT"}, 2) {
			doc.Prices = append(doc.Prices, search.Price{Minor: int64(1+d.roll(50)) * 10_000, Currency: currency})
		}
	}
	if d.roll(8) == 0 {
		doc.NewTo = moment.AddDate(0, 0, d.roll(60)-20)
	}
	return doc
}

func title(word string) string {
	first := []rune(word)[:1]
	return strings.ToUpper(string(first)) + word[len(string(first)):]
}

// all is every document.
func (c *corpus) all() iter.Seq2[search.Document, error] {
	return func(yield func(search.Document, error) bool) {
		for i := range c.docs {
			if !yield(c.document(i), nil) {
				return
			}
		}
	}
}

// The classes of queries, in the order in which they are told.
const (
	classOne     = "one term"
	classThree   = "three terms"
	classPrefix  = "as you type"
	classTypo    = "typo"
	classFilters = "text, filters, facets"
	classBrowse  = "browse, deep page"
)

func classes() []string {
	return []string{classOne, classThree, classPrefix, classTypo, classFilters, classBrowse}
}

// The bounds of the pages asked for.
const (
	pageSize    = 24
	suggestions = 8
)

// question is one query as every engine gets it.
type question struct {
	class  string
	text   string
	kind   string // filters; empty: none
	lang   string
	format string
	facets bool
	offset int
}

// question makes the query of a class and number, from words of some document,
// so that there is something to find.
func (c *corpus) question(class string, number int) question {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", class, number)
	d := dice(h.Sum64())
	doc := c.document(d.roll(c.docs))
	words := strings.Fields(strings.ReplaceAll(doc.Body, ".", ""))
	word := func() string { return words[d.roll(len(words))] }
	skill := func() string {
		at := slices.IndexFunc(c.skills, func(s taxonomy.Skill) bool { return s.ID == pick(&d, doc.Skills) || s.ID == doc.Skills[0] })
		return pick(&d, []string{c.skills[at].Ru, c.skills[at].En})
	}
	q := question{class: class}
	switch class {
	case classOne:
		if q.text = word(); d.roll(2) == 0 {
			q.text = skill()
		}
	case classThree:
		q.text = skill() + " " + word() + " " + word()
	case classPrefix:
		from := []rune(pick(&d, []string{doc.Title, skill()}))
		q.text = string(from[:min(len(from), 2+d.roll(4))])
	case classTypo:
		q.text = d.misspell(c.words[d.rank(len(c.words))])
	case classFilters:
		q.text, q.kind, q.facets = skill(), doc.Kind, true
		q.lang, q.format = pick(&d, []string{"ru", "en", ""}), pick(&d, []string{"call", "chat", ""})
	case classBrowse:
		const firstPage, pages, rarest = 40, 10, 8 // every kind has more than an eighth of the documents
		q.kind, q.facets = doc.Kind, true
		q.offset = pageSize * min(firstPage+d.roll(pages), c.docs/rarest/pageSize)
	}
	return q
}

// misspell makes one mistake: a letter doubled, left out, or swapped with the next.
func (d *dice) misspell(word string) string {
	r := []rune(word)
	if len(r) < 3 {
		return word + word
	}
	at := 1 + d.roll(len(r)-2)
	switch d.roll(3) {
	case 0:
		r = slices.Insert(r, at, r[at])
	case 1:
		r = slices.Delete(r, at, at+1)
	default:
		r[at], r[at+1] = r[at+1], r[at]
	}
	return string(r)
}
