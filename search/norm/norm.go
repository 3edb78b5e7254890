// Package norm turns texts and queries into the same terms, so that what is
// typed meets what was written: inflection, yo, script, layout, spelling and
// synonyms are levelled here and nowhere else. Documents, queries and
// highlights share it. It promises to answer any input within its bounds and
// to say what it changed. It refuses to touch a word that is known.
package norm

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/tmoeg/oduvan/search/taxonomy"
)

// Version changes whenever equal input gives other terms than before: an index
// built under another version must be rebuilt.
const Version = "4"

// ConceptMark begins every term that stands for a skill of the taxonomy; no
// word of a text can begin with it.
const ConceptMark = "="

// Normaliser gives equal answers for ever and is safe for concurrent use.
type Normaliser struct {
	tax     *taxonomy.Taxonomy
	lang    *language
	phrases map[string][]phrase    // by the first stem
	parts   map[string]bool        // every stem of every phrase and cue
	cues    map[string][]cuePhrase // by the first stem
	said    *sayings
	stems   [stemSlots]atomic.Pointer[stemmed]
}

// phrase is one spelling of a skill as stems.
type phrase struct {
	stems []string
	words []string
	skill string
	maybe bool
}

// New prepares a normaliser for a taxonomy.
func New(tax *taxonomy.Taxonomy) *Normaliser {
	n := &Normaliser{tax: tax, lang: loadLanguage(), phrases: map[string][]phrase{}, parts: map[string]bool{}}
	for _, s := range tax.All() {
		for _, a := range s.Spellings() {
			n.addPhrase(a, s.ID, false)
		}
		for _, a := range s.Maybe {
			n.addPhrase(a, s.ID, true)
		}
	}
	n.addCues(n.lang.cues)
	n.said = n.newSayings(tax)
	for stem := range n.said.stem {
		n.parts[stem] = true
	}
	return n
}

func (n *Normaliser) addPhrase(text, skill string, maybe bool) {
	tokens := n.Tokens(text)
	if len(tokens) == 0 || len(tokens) == 1 && n.lang.stop[tokens[0].Word] {
		return // "it" names a skill in a picker only: in texts it is a pronoun
	}
	stems := stemsOf(tokens)
	for _, s := range stems {
		n.parts[s] = true
	}
	n.phrases[stems[0]] = append(n.phrases[stems[0]], phrase{stems, wordsOf(tokens), skill, maybe})
}

// match finds the longest spelling of a skill at the start of tokens. Among
// equals one written exactly so wins over one that only shares its stems, and a
// certain one over an ambiguous one.
func (n *Normaliser) match(tokens []Token) (best phrase, ok bool) {
	score := 0
	for _, p := range n.phrases[tokens[0].Stem] {
		if len(p.stems) > len(tokens) {
			continue
		}
		same, exact := compare(p, tokens)
		if !same {
			continue
		}
		value := 4 * len(p.stems)
		if exact {
			value += 2
		}
		if !p.maybe {
			value++
		}
		if value > score {
			best, ok, score = p, true, value
		}
	}
	return best, ok
}

func compare(p phrase, tokens []Token) (same, exact bool) {
	exact = true
	for i, s := range p.stems {
		if tokens[i].Stem != s {
			return false, false
		}
		exact = exact && tokens[i].Word == p.words[i]
	}
	return true, exact
}

func wordsOf(tokens []Token) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.Word
	}
	return out
}

func stemsOf(tokens []Token) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = t.Stem
	}
	return out
}

// Place tells where in a document a text stands: an ambiguous name of a skill
// counts as the skill in headings and skill lists, not in prose.
type Place int

// The places.
const (
	Prose Place = iota
	Heading
	SkillList
)

// Term is one indexed term with the text it stands for.
type Term struct {
	Text       string // stem, or ConceptMark and skill id
	Word       string // the folded word of a stem, empty for a concept
	Start, End int    // byte offsets in the text
}

// Terms gives what to index for a text. A single unambiguous name of a skill
// becomes its concept alone; longer and ambiguous names keep their words beside it.
func (n *Normaliser) Terms(text string, place Place) []Term {
	tokens := n.Tokens(text)
	out := make([]Term, 0, len(tokens))
	covered := 0 // tokens before this index already belong to a concept
	for i, t := range tokens {
		p, ok := phrase{}, false
		if i >= covered {
			p, ok = n.match(tokens[i:])
		}
		if ok && p.maybe && place == Prose {
			ok = false
		}
		if ok {
			covered = i + len(p.stems)
			out = append(out, Term{Text: ConceptMark + p.skill, Start: t.Start, End: tokens[covered-1].End})
			if len(p.stems) == 1 && !p.maybe {
				continue
			}
		}
		if !n.lang.stop[t.Word] {
			out = append(out, Term{Text: t.Stem, Word: t.Word, Start: t.Start, End: t.End})
		}
	}
	return out
}

// Skill gives the taxonomy's skill of an id; false for free words.
func (n *Normaliser) Skill(id string) (taxonomy.Skill, bool) { return n.tax.Skill(id) }

// SkillKey is the key under which skills are compared: the id of a named
// skill, else the folded free word.
func (n *Normaliser) SkillKey(text string) string {
	if id, ok := n.tax.Find(text); ok {
		return id
	}
	return taxonomy.Fold(text)
}

// Spellings visits every word that is a name of a skill or says a filter by
// itself, as stem and written form: a vocabulary holds them so that a typo of a
// synonym is recognised too. Names of one word come first: a correction shows
// the first form of a stem, and within a longer name a word is often inflected.
func (n *Normaliser) Spellings(visit func(stem, word string)) {
	var longer []Token
	for _, s := range n.tax.All() {
		for _, a := range slices.Concat(s.Spellings(), s.Maybe) {
			tokens := n.Tokens(a)
			if len(tokens) > 1 {
				longer = append(longer, tokens...)
				continue
			}
			n.visit(tokens, visit)
		}
	}
	n.visit(longer, visit)
	for _, stem := range slices.Sorted(maps.Keys(n.cues)) {
		for _, c := range n.cues[stem] {
			if t := c.tokens[0]; len(c.tokens) == 1 {
				visit(t.Stem, t.Word)
			}
		}
	}
}

// visit shows the words of some tokens that are not stop words.
func (n *Normaliser) visit(tokens []Token, show func(stem, word string)) {
	for _, t := range tokens {
		if !n.lang.stop[t.Word] {
			show(t.Stem, t.Word)
		}
	}
}
