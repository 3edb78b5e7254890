package norm

import (
	"maps"
	"slices"
	"strings"
)

// Cue is a filter that a query says in words: "mentor" asks for people who
// teach, "by chat" for a format.
type Cue struct {
	Facet string // name of a facet as package search has it
	Value string
	Typed string // the words as they were typed
	Loose bool   // the words name a skill too: things with that skill are meant as well
}

// cuePhrase is one way to say a cue.
type cuePhrase struct {
	facet, value string
	tokens       []Token
	exact        bool // only in this form, not inflected
}

// exactMark begins a phrase of the data file that is understood in this form only.
const exactMark = "="

// addCues reads the phrases of the data file: facet, colon, value.
func (n *Normaliser) addCues(table map[string]string) {
	n.cues = map[string][]cuePhrase{}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		facet, value, ok := strings.Cut(key, ":")
		if !ok {
			panic("norm: embedded language data: cue " + key)
		}
		for _, text := range strings.Split(table[key], ",") {
			text, exact := strings.CutPrefix(strings.TrimSpace(text), exactMark)
			c := cuePhrase{facet, value, n.Tokens(text), exact}
			for _, t := range c.tokens {
				n.parts[t.Stem] = true
			}
			n.cues[c.tokens[0].Stem] = append(n.cues[c.tokens[0].Stem], c)
		}
	}
}

// cue finds the longest cue at the start of tokens.
func (n *Normaliser) cue(tokens []Token) (best cuePhrase, ok bool) {
	for _, c := range n.cues[tokens[0].Stem] {
		if len(c.tokens) > len(best.tokens) && c.begins(tokens) {
			best, ok = c, true
		}
	}
	return best, ok
}

func (c cuePhrase) begins(tokens []Token) bool {
	if len(c.tokens) > len(tokens) {
		return false
	}
	for i, t := range c.tokens {
		if tokens[i].Stem != t.Stem || c.exact && tokens[i].Word != t.Word {
			return false
		}
	}
	return true
}

// placed is a token with the chunk it stands in.
type placed struct {
	Token
	chunk int
}

// readCue takes the cue at the start of tokens into the plan. It returns how
// many tokens it took, 0 for none: a longer name of a skill goes before.
func (n *Normaliser) readCue(plan *Plan, tokens []Token, at []placed, chunks []chunk) int {
	c, ok := n.cue(tokens)
	if !ok {
		return 0
	}
	p, skill := n.match(tokens)
	width := len(c.tokens)
	if skill && len(p.stems) > width {
		return 0
	}
	said := Cue{Facet: c.facet, Value: c.value, Typed: typed(at[:width], chunks), Loose: skill && !n.isSoft(p.skill)}
	plan.Cues = append(plan.Cues, said)
	switch room := len(plan.Need)+len(plan.Like) < MaxTerms; {
	case !skill || !room:
	case said.Loose:
		g := n.concept(p, tokens[0])
		g.Or = &said
		plan.Need = append(plan.Need, g)
	case c.facet == kindFacet: // who says the very word stands higher
		plan.Like = append(plan.Like, n.concept(p, tokens[0]))
	}
	return width
}

// kindFacet is the facet of kinds: its cues prefer, they do not exclude.
const kindFacet = "kind"

// typed is what was typed for some tokens: whole chunks, or the words alone
// where a chunk holds more.
func typed(tokens []placed, chunks []chunk) string {
	var out []string
	for i, t := range tokens {
		c := chunks[t.chunk]
		switch {
		case i > 0 && tokens[i-1].chunk == t.chunk && len(out) > 0 && out[len(out)-1] == c.typed:
		case len(c.tokens) == 1 || holds(tokens, t.chunk) == len(c.tokens):
			out = append(out, c.typed)
		default:
			out = append(out, t.Word)
		}
	}
	return strings.Join(out, " ")
}

// holds counts the tokens of one chunk.
func holds(tokens []placed, chunk int) (count int) {
	for _, t := range tokens {
		if t.chunk == chunk {
			count++
		}
	}
	return count
}

// Without takes phrases out of a text: whole words where they stand so, in any
// case, else the first place that reads so.
func Without(text string, phrases ...string) string {
	words := strings.Fields(Clean(text, MaxRunes))
	for _, phrase := range phrases {
		out := strings.Fields(lower(Clean(phrase, MaxRunes)))
		if len(out) == 0 {
			continue
		}
		at := slices.IndexFunc(windows(words, len(out)), func(w []string) bool {
			return slices.EqualFunc(w, out, func(a, b string) bool { return lower(a) == b })
		})
		if at >= 0 {
			words = slices.Delete(words, at, at+len(out))
			continue
		}
		if before, after, ok := strings.Cut(lower(strings.Join(words, " ")), strings.Join(out, " ")); ok {
			words = strings.Fields(before + " " + after)
		}
	}
	return strings.Join(words, " ")
}

// windows are all runs of n neighbours.
func windows(words []string, n int) (out [][]string) {
	for i := 0; i+n <= len(words); i++ {
		out = append(out, words[i:i+n])
	}
	return out
}
