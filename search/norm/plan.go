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
	// Near gives the best known stem within an edit distance of an unknown stem
	// or of the word as typed, and a word of it.
	Near(stem, typed string, distance int) (near, word string, ok bool)
	// Prefix gives up to limit known stems that begin so, most frequent first.
	Prefix(stem string, limit int) []string
}

// Plan is an understood query.
type Plan struct {
	Need      []Group // every one must match
	Like      []Group // order the hits, need not match
	Hunch     bool    // some of what is wider is a guess: what it finds does not hold every word
	Money     Money
	Cues      []Cue    // filters said in words, in their order; nothing that is only one stands in Need
	Text      string   // the query without price phrases, as typed or corrected
	Rest      string   // Text without what the cues stand for
	Corrected string   // set when words were repaired: what is searched instead
	Priced    []string // the price phrases as typed
	Freed     []string // the words for "free" as typed
	Lang      string   // ru or en: the language it is asked in; empty when names alone do not tell
	Plain     *Plan    // the same query with cues taken as words to look for; nil when there are none
}

// Group is one word or name of the query: any of its terms will do.
type Group struct {
	Terms []string
	Maybe []string // the plain word of an ambiguous name, and what the words surely speak of: it matches too, and is worth less
	Wider []string // terms of narrower skills, and what the words may speak of, for when little is found
	Or    *Cue     // what has this value of a facet matches too
}

// Empty tells that a query holds nothing to look for in texts.
func (p Plan) Empty() bool { return len(p.Need) == 0 && len(p.Like) == 0 }

// chunk is a piece of the query between spaces, with what it became.
type chunk struct {
	typed    string
	text     string
	tokens   []Token
	swapped  bool                // was typed in the other layout
	cyrillic bool                // was typed in Latin letters
	expand   map[string][]string // stem -> known stems that begin so
}

// Plan understands a query. exact switches repair off; nil words know nothing,
// so nothing is repaired either.
func (n *Normaliser) Plan(text string, words Words, exact bool) Plan {
	text = Clean(text, MaxRunes)
	plan := n.takeMoney(lower(text))
	chunks := make([]chunk, 0, MaxTerms)
	for _, c := range strings.Fields(plan.Text) {
		chunks = append(chunks, chunk{typed: c, text: c, tokens: n.Tokens(c)})
	}
	if !exact && words != nil && n.repair(chunks, words) {
		plan.Text = joinChunks(chunks)
		plan.Corrected = plan.Text
	}
	plan.Rest = plan.Text
	plan.Lang = n.language(chunks)
	plain := plan
	said := n.group(&plan, chunks, !exact)
	if len(plan.Cues) > 0 {
		n.guess(&plain, n.group(&plain, chunks, false))
		plan.Plain = &plain
	}
	if !exact {
		n.guess(&plan, said)
	}
	return plan
}

// group turns the words of a query into terms: names of skills first, then
// words; stop words are dropped, soft words need not match. With cues, what
// says a filter becomes one. It returns the words that say what is sought:
// neither a filter nor a role.
func (n *Normaliser) group(plan *Plan, chunks []chunk, cues bool) (said []Token) {
	tokens, at, expand := flatten(chunks)
	var dropped []Group
	seen, used := map[string]bool{}, map[int]int{}
	for i := 0; i < len(tokens) && len(plan.Need)+len(plan.Like) < MaxTerms; {
		if cues {
			if width := n.readCue(plan, tokens[i:], at[i:], chunks); width > 0 {
				for _, t := range at[i : i+width] {
					used[t.chunk]++
				}
				if plan.Cues[len(plan.Cues)-1].Loose {
					said = append(said, tokens[i:i+width]...)
				}
				i += width
				continue
			}
		}
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
		if !soft || !strings.HasPrefix(g.Terms[0], ConceptMark) {
			said = append(said, tokens[i:i+width]...)
		}
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
	plan.settle(dropped)
	if len(plan.Cues) > 0 {
		plan.Rest = leftOver(chunks, used)
	}
	return said
}

// flatten lists the tokens of all chunks, and what unfinished words may become.
func flatten(chunks []chunk) (tokens []Token, at []placed, expand map[string][]string) {
	expand = map[string][]string{}
	for i, c := range chunks {
		for _, t := range c.tokens {
			tokens, at = append(tokens, t), append(at, placed{t, i})
		}
		for k, v := range c.expand {
			expand[k] = v
		}
	}
	return tokens, at, expand
}

// needSoft asks for the soft words when there are no others: for names of roles
// if there are any, since "I want to become a programmer" asks for programming
// and not for wishes.
func (p *Plan) needSoft() {
	var words []Group
	for _, g := range p.Like {
		if strings.HasPrefix(g.Terms[0], ConceptMark) {
			p.Need = append(p.Need, g)
		} else {
			words = append(words, g)
		}
	}
	if p.Like = words; len(p.Need) == 0 {
		p.Need, p.Like = words, nil
	}
}

// settle decides what a query of only soft or only stop words asks for: these
// words, unless it said a filter.
func (p *Plan) settle(dropped []Group) {
	switch {
	case len(p.Need) > 0:
	case len(p.Cues) > 0:
		p.Like = nil
	case len(p.Like) > 0:
		p.needSoft()
	default:
		p.Need = dropped[:min(len(dropped), MaxTerms)]
	}
}

// leftOver joins the chunks of which something was not used up.
func leftOver(chunks []chunk, used map[int]int) string {
	var out []string
	for i, c := range chunks {
		if used[i] == 0 || used[i] < len(c.tokens) {
			out = append(out, c.text)
		}
	}
	return strings.Join(out, " ")
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

// language tells in which language a query is asked. Names of skills do not
// tell: "unreal engine" is written so in every language.
func (n *Normaliser) language(chunks []chunk) string {
	tokens, _, _ := flatten(chunks)
	english := false
	for i := 0; i < len(tokens); i++ {
		if scriptOf(tokens[i].Word) == cyrillicScript {
			return "ru"
		}
		if p, ok := n.match(tokens[i:]); ok && len(n.cues[tokens[i].Stem]) == 0 {
			i += len(p.stems) - 1
			continue
		}
		english = english || len(tokens[i].Word) > 1 && scriptOf(tokens[i].Word) == latinScript && !hasDigit(tokens[i].Word)
	}
	if english {
		return "en"
	}
	return ""
}
