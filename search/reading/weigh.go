package reading

import (
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
)

// The weight of one occurrence by where it stands. They are added up into one
// frequency per term, so one number answers for a word (BM25F).
const (
	weightTitle  = 10
	weightSkill  = 8
	weightAuthor = 6
	weightLead   = 8
	weightBody   = 1
	// bodyCap bounds what repeating a word in prose can gain.
	bodyCap = 4
	// textCap bounds a text in bytes: whoever pastes a book is found by its beginning.
	textCap = 64 << 10
)

// Place is a part of a document, the most telling first.
type Place int

// The places.
const (
	Title Place = iota
	Skills
	Author
	Lead
	Body
	Places // how many there are
)

// Weigh gives the weighted frequency of every term of a document, and the
// written form of each that is a word (empty for a skill). hear, if not nil,
// is told each term where it stands.
func Weigh(n *norm.Normaliser, d *search.Document, hear func(Place, string)) (freq map[string]int, word map[string]string) {
	if hear == nil {
		hear = func(Place, string) {}
	}
	freq, word = map[string]int{}, map[string]string{}
	add := func(text string, at Place, of norm.Place, weight, most int) {
		if len(text) > textCap {
			text = text[:textCap]
		}
		here := map[string]int{}
		for _, t := range n.Terms(text, of) {
			hear(at, t.Text)
			if here[t.Text] < most {
				here[t.Text]++
				freq[t.Text] += weight
			}
			if _, ok := word[t.Text]; !ok {
				word[t.Text] = t.Word
			}
		}
	}
	add(d.Title, Title, norm.Heading, weightTitle, 1)
	for _, s := range d.Skills {
		if _, ok := n.Skill(s); ok {
			hear(Skills, norm.ConceptMark+s)
			freq[norm.ConceptMark+s] += weightSkill
			word[norm.ConceptMark+s] = ""
			continue
		}
		add(s, Skills, norm.SkillList, weightSkill, 1)
	}
	add(d.Author, Author, norm.Prose, weightAuthor, 1)
	add(d.Lead, Lead, norm.Heading, weightLead, 2)
	add(d.Body, Body, norm.Prose, weightBody, bodyCap)
	return freq, word
}
