package norm

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// repair replaces unknown chunks in place; true if any was. The order is fixed:
// keyboard layout, transliteration, spelling; then an unfinished word is
// completed, which corrects nothing.
func (n *Normaliser) repair(chunks []chunk, words Words) bool {
	changed := false
	room := MaxTerms // unknown words yet: what is cut anyway is not worth a walk through the vocabulary
	for i := range chunks {
		c := &chunks[i]
		if len(c.tokens) > 0 && n.known(c.tokens, words) {
			continue
		}
		if room <= 0 {
			break
		}
		fixed, ok := n.relayout(c.text, words)
		if ok {
			c.text, c.tokens, c.swapped, changed = fixed, n.Tokens(fixed), true, true
		}
		if ok || len(c.tokens) == 0 {
			room--
			continue
		}
		if fixed, ok = n.respell(c, words, &room); ok {
			c.cyrillic = scriptOf(c.tokens[0].Word) == latinScript && strings.ContainsFunc(fixed, isCyrillic)
			c.text, c.tokens, changed = fixed, n.Tokens(fixed), true
		}
	}
	if changed {
		n.followSuit(chunks, words)
	}
	return changed
}

// followSuit reads the chunks beside a repaired one alike: whoever typed one
// word in the wrong layout or in Latin letters typed the little words so too,
// though they are known by chance ("c" of "fqnb c yekz").
func (n *Normaliser) followSuit(chunks []chunk, words Words) {
	swapped := slices.ContainsFunc(chunks, func(c chunk) bool { return c.swapped })
	latin := slices.ContainsFunc(chunks, func(c chunk) bool { return c.cyrillic })
	for i := range chunks {
		c := &chunks[i]
		if c.swapped || c.cyrillic || len(c.tokens) != 1 || scriptOf(c.tokens[0].Word) != latinScript {
			continue
		}
		if swapped {
			n.follow(c, n.OtherLayouts(c.text), n.isStop)
		}
		if latin && !n.isName(c.tokens) {
			n.follow(c, n.transliterations(c.tokens[0].Word), func(t Token) bool { return n.isStop(t) || len(t.Word) > 4 && n.knownToken(t, words) })
		}
	}
}

// follow replaces a chunk by the first reading of it that is one good word.
func (n *Normaliser) follow(c *chunk, readings []string, good func(Token) bool) {
	for _, r := range readings {
		if tokens := n.Tokens(r); len(tokens) == 1 && good(tokens[0]) {
			c.text, c.tokens = r, tokens
			return
		}
	}
}

func (n *Normaliser) isStop(t Token) bool { return n.lang.stop[t.Word] }

// isName tells whether tokens begin with a certain name of a skill.
func (n *Normaliser) isName(tokens []Token) bool {
	p, ok := n.match(tokens)
	return ok && !p.maybe
}

// relayout reads a chunk as typed in the other keyboard layout.
func (n *Normaliser) relayout(text string, words Words) (string, bool) {
	if utf8.RuneCountInString(text) < 2 {
		return "", false
	}
	for _, t := range []string{text, strings.TrimRight(text, ".,;:!?")} {
		for _, swapped := range n.OtherLayouts(t) {
			if tokens := n.Tokens(swapped); len(tokens) > 0 && n.known(tokens, words) {
				return swapped, true
			} else if word, ok := n.swappedTranslit(tokens, words); ok {
				return word, true
			}
		}
	}
	return "", false
}

// swappedTranslit reads a single long word that is a transliteration typed in
// the other layout.
func (n *Normaliser) swappedTranslit(tokens []Token, words Words) (string, bool) {
	const least = 5 // runes: shorter ones meet a word by chance
	if len(tokens) != 1 || utf8.RuneCountInString(tokens[0].Word) < least {
		return "", false
	}
	for _, w := range n.transliterations(tokens[0].Word) {
		if n.knownToken(Token{Word: w, Stem: n.Stem(w)}, words) {
			return w, true
		}
	}
	return "", false
}

// OtherLayouts are the readings of a text as typed with the keyboard in the
// other language, in lower case.
func (n *Normaliser) OtherLayouts(text string) []string {
	var out []string
	for _, table := range []map[rune]rune{n.lang.toRu, n.lang.toEn} {
		swapped := lower(strings.Map(func(r rune) rune {
			if to, ok := table[r]; ok {
				return to
			}
			return r
		}, text))
		if swapped != lower(text) && !strings.ContainsAny(swapped, "[]{}<>;'\"`~") {
			out = append(out, swapped)
		}
	}
	return out
}

// respell repairs the unknown words of a chunk one by one while there is room:
// a chunk may hold a hundred words with nothing but hyphens between.
func (n *Normaliser) respell(c *chunk, words Words, room *int) (string, bool) {
	var b strings.Builder
	at, changed := 0, false
	for _, t := range c.tokens {
		if n.knownToken(t, words) {
			continue
		}
		if *room--; *room < 0 {
			break
		}
		word, ok := n.respellWord(t, words)
		if !ok {
			if more := words.Prefix(t.Word, 12); utf8.RuneCountInString(t.Word) >= 3 && len(more) > 0 {
				if c.expand == nil {
					c.expand = map[string][]string{}
				}
				c.expand[t.Stem] = more
			}
			continue
		}
		b.WriteString(c.text[at:t.Start] + word)
		at, changed = t.End, true
	}
	b.WriteString(c.text[at:])
	return b.String(), changed
}

func (n *Normaliser) respellWord(t Token, words Words) (string, bool) {
	others := n.transliterations(t.Word)
	for _, w := range others {
		if n.knownToken(Token{Word: w, Stem: n.Stem(w)}, words) {
			return w, true
		}
	}
	for distance := 1; distance <= allowed(t.Word); distance++ {
		for _, w := range append([]string{t.Word}, others[:min(len(others), 1)]...) {
			if _, word, ok := words.Near(n.Stem(w), w, distance); ok && (utf8.RuneCountInString(w) > shortWord || beginAlike(w, word)) {
				return word, true
			}
		}
	}
	return "", false
}

// shortWord is the length in runes up to which a correction keeps the first
// letter: a short word is near to too many others.
const shortWord = 4

func beginAlike(a, b string) bool {
	x, _ := utf8.DecodeRuneInString(a)
	y, _ := utf8.DecodeRuneInString(b)
	return x == y
}

// allowed is how many mistakes a word of its length may hold.
func allowed(word string) int {
	switch l := utf8.RuneCountInString(word); {
	case l < 4:
		return 0
	case l < 7:
		return 1
	default:
		return 2
	}
}

// transliterations are the likely Cyrillic readings of a Latin word, best first.
func (n *Normaliser) transliterations(word string) []string {
	if scriptOf(word) != latinScript {
		return nil
	}
	base := n.cyrillic(word)
	out := []string{base}
	for _, v := range n.lang.variants {
		if w := strings.ReplaceAll(base, v[0], v[1]); w != base {
			out = append(out, w)
		}
	}
	return out
}

func (n *Normaliser) cyrillic(word string) string {
	var b strings.Builder
	for at := 0; at < len(word); {
		step := 1
		for _, pair := range n.lang.translit {
			if strings.HasPrefix(word[at:], pair[0]) {
				b.WriteString(pair[1])
				step = len(pair[0])
				break
			}
		}
		at += step
	}
	return b.String()
}
