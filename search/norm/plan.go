package norm

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a query. What is longer is cut.
const (
	MaxRunes = 200
	MaxTerms = 8
)

// Words is the vocabulary of an index: what can be found at all.
type Words interface {
	// Known tells whether a stem or concept term occurs.
	Known(term string) bool
	// Near gives the best known stem within an edit distance, and a word of it.
	Near(stem string, distance int) (near, word string, ok bool)
	// Prefix gives up to limit known stems that begin so, most frequent first.
	Prefix(stem string, limit int) []string
}

// Plan is an understood query.
type Plan struct {
	Need      []Group // every one must match
	Like      []Group // order the hits, need not match
	Money     Money
	Text      string // the query without price phrases, as typed or corrected
	Corrected string // set when words were repaired: what is searched instead
}

// Group is one word or name of the query: any of its terms will do.
type Group struct {
	Terms []string
	Maybe []string // the plain word of an ambiguous name: it matches too, and is worth less
	Wider []string // terms of narrower skills, for when little is found
}

// Empty tells that a query holds nothing to look for in texts.
func (p Plan) Empty() bool { return len(p.Need) == 0 && len(p.Like) == 0 }

// chunk is a piece of the query between spaces, with what it became.
type chunk struct {
	text   string
	tokens []Token
	expand map[string][]string // stem -> known stems that begin so
}

// Plan understands a query. exact switches repair off; nil words know nothing,
// so nothing is repaired either.
func (n *Normaliser) Plan(text string, words Words, exact bool) Plan {
	text = Clean(text, MaxRunes)
	rest, money := n.takeMoney(lower(text))
	plan := Plan{Money: money, Text: rest}
	chunks := make([]chunk, 0, MaxTerms)
	for _, c := range strings.Fields(rest) {
		chunks = append(chunks, chunk{text: c, tokens: n.Tokens(c)})
	}
	if !exact && words != nil && n.repair(chunks, words) {
		plan.Text = joinChunks(chunks)
		plan.Corrected = plan.Text
	}
	n.group(&plan, chunks)
	return plan
}

// group turns the words of a query into terms: names of skills first, then
// words; stop words are dropped, soft words need not match.
func (n *Normaliser) group(plan *Plan, chunks []chunk) {
	var tokens []Token
	expand := map[string][]string{}
	for _, c := range chunks {
		tokens = append(tokens, c.tokens...)
		for k, v := range c.expand {
			expand[k] = v
		}
	}
	var dropped []Group
	seen := map[string]bool{}
	for i := 0; i < len(tokens) && len(plan.Need)+len(plan.Like) < MaxTerms; {
		t := tokens[i]
		g, width, soft := Group{Terms: []string{t.Stem}}, 1, n.lang.soft[t.Word]
		if p, ok := n.match(tokens[i:]); ok {
			g, width, soft = n.concept(p, t), len(p.stems), n.isSoft(p.skill)
		} else if n.lang.stop[t.Word] {
			dropped = append(dropped, g)
			i++
			continue
		}
		g.Terms = append(g.Terms, expand[t.Stem]...)
		i += width
		switch key := g.Terms[0]; {
		case seen[key]:
		case soft:
			plan.Like = append(plan.Like, g)
			seen[key] = true
		default:
			plan.Need = append(plan.Need, g)
			seen[key] = true
		}
	}
	if len(plan.Need) == 0 { // only soft or only stop words: then they are what is asked for
		plan.Need, plan.Like = plan.Like, nil
		if len(plan.Need) == 0 {
			plan.Need = dropped[:min(len(dropped), MaxTerms)]
		}
	}
}

func (n *Normaliser) isSoft(skill string) bool {
	s, _ := n.tax.Skill(skill)
	return s.Soft
}

// concept is the group of a named skill. An ambiguous name is searched as a word too.
func (n *Normaliser) concept(p phrase, t Token) Group {
	g := Group{Terms: []string{ConceptMark + p.skill}}
	if p.maybe && len(p.stems) == 1 {
		g.Maybe = append(g.Maybe, t.Stem)
	}
	s, _ := n.tax.Skill(p.skill)
	for _, id := range s.Has {
		g.Wider = append(g.Wider, ConceptMark+id)
	}
	return g
}

func joinChunks(chunks []chunk) string {
	out := make([]string, len(chunks))
	for i, c := range chunks {
		out[i] = c.text
	}
	return strings.Join(out, " ")
}

// Clean cuts a text to a number of runes, makes every space one blank and
// drops control, direction and broken runes.
func Clean(text string, limit int) string {
	var b strings.Builder
	space, runes := false, 0
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = runes > 0
			continue
		case r == utf8.RuneError || unicode.IsControl(r) || invisible(r) || !unicode.IsGraphic(r):
			continue
		}
		if space && runes < limit-1 {
			b.WriteByte(' ')
			runes++
		}
		space = false
		if runes >= limit {
			break
		}
		b.WriteRune(r)
		runes++
	}
	return b.String()
}

func lower(text string) string { return strings.Map(unicode.ToLower, text) }

// known tells whether every word of a chunk can be found or needs no finding.
func (n *Normaliser) known(tokens []Token, words Words) bool {
	return !slices.ContainsFunc(tokens, func(t Token) bool { return !n.knownToken(t, words) })
}

func (n *Normaliser) knownToken(t Token, words Words) bool {
	if n.lang.stop[t.Word] || n.lang.soft[t.Word] || n.lang.freeWord[t.Word] || hasDigit(t.Word) || words.Known(t.Stem) {
		return true
	}
	return n.inPhrase(t.Stem)
}

// inPhrase tells whether a stem is a part of some skill's name.
func (n *Normaliser) inPhrase(stem string) bool { return n.parts[stem] }

func hasDigit(word string) bool { return strings.ContainsFunc(word, unicode.IsDigit) }
