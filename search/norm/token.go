package norm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"github.com/kljensen/snowball/russian"
)

// Token is one word of a text as the search sees it.
type Token struct {
	Word       string // folded: lower case, yo as ye, look-alike letters repaired
	Stem       string // what is indexed and compared
	Start, End int    // byte offsets in the text it was read from
}

// wordLimit bounds a word in bytes: longer ones are no words but keys, hashes
// and attacks, and bleve refuses terms over 32 kB.
const wordLimit = 64

// Tokens cuts a text into words. It keeps C++, C#, .NET, Node.js and 1C whole,
// drops control and direction marks, and joins a base letter with its accent.
func (n *Normaliser) Tokens(text string) []Token {
	out := make([]Token, 0, len(text)/6+1)
	var word strings.Builder
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !isWordRune(r) && !n.dotStart(text, at) {
			at += size
			continue
		}
		start := at
		word.Reset()
		if r == '.' {
			word.WriteByte('.')
			at++
		}
		at = n.readWord(text, at, &word)
		at = n.readMarks(text, at, &word)
		if w := n.unmix(word.String()); w != "" && len(w) <= wordLimit {
			out = append(out, Token{Word: w, Stem: n.Stem(w), Start: start, End: at})
		}
	}
	return out
}

// readWord appends letters and digits from at on and returns the place behind.
func (n *Normaliser) readWord(text string, at int, word *strings.Builder) int {
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case word.Len() > wordLimit && (isWordRune(r) || unicode.Is(unicode.Mn, r)): // too long to keep
		case isWordRune(r):
			word.WriteRune(foldRune(r))
		case unicode.Is(unicode.Mn, r):
			n.accent(r, word)
		case invisible(r):
		default:
			return at
		}
		at += size
	}
	return at
}

// accent joins a combining mark with the letter before it; only the breve of
// the short i makes another letter, every other accent is dropped.
func (n *Normaliser) accent(mark rune, word *strings.Builder) {
	const breve, i, shortI = '\u0306', "\u0438", "\u0439"
	if w := word.String(); mark == breve && strings.HasSuffix(w, i) {
		word.Reset()
		word.WriteString(strings.TrimSuffix(w, i) + shortI)
	}
}

// readMarks takes the tail that belongs to a name: "++", "#" after a short
// name, ".js" and ".net".
func (n *Normaliser) readMarks(text string, at int, word *strings.Builder) int {
	rest := text[at:]
	switch {
	case strings.HasPrefix(rest, "++"):
		word.WriteString("++")
		return at + 2
	case strings.HasPrefix(rest, "#") && utf8.RuneCountInString(word.String()) <= 2:
		word.WriteByte('#')
		return at + 1
	}
	for _, tail := range []string{".js", ".net", ".io"} {
		if len(rest) >= len(tail) && strings.EqualFold(rest[:len(tail)], tail) {
			next, _ := utf8.DecodeRuneInString(rest[len(tail):])
			if !isWordRune(next) && asciiWord(word.String()) {
				word.WriteString(tail)
				return at + len(tail)
			}
		}
	}
	return at
}

// dotStart tells whether ".net" begins here.
func (n *Normaliser) dotStart(text string, at int) bool {
	const name = ".net"
	if len(text)-at < len(name) || !strings.EqualFold(text[at:at+len(name)], name) {
		return false
	}
	next, _ := utf8.DecodeRuneInString(text[at+len(name):])
	return !isWordRune(next)
}

// unmix repairs a word of both scripts that differs from a Latin or Cyrillic
// word by look-alike letters only ("css" with a Cyrillic es).
func (n *Normaliser) unmix(word string) string {
	latin, cyrillic := false, false
	for _, r := range word {
		latin = latin || r >= 'a' && r <= 'z'
		cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
	}
	if !latin || !cyrillic {
		return word
	}
	for _, table := range []map[rune]rune{n.lang.toLatin, n.lang.toCyrillic} {
		if fixed, ok := mapAll(word, table); ok {
			return fixed
		}
	}
	return word
}

// mapAll replaces the runes a table knows; ok when the outcome is one script.
func mapAll(word string, table map[rune]rune) (string, bool) {
	latin, cyrillic := false, false
	fixed := strings.Map(func(r rune) rune {
		if to, ok := table[r]; ok {
			r = to
		}
		latin = latin || r >= 'a' && r <= 'z'
		cyrillic = cyrillic || unicode.Is(unicode.Cyrillic, r)
		return r
	}, word)
	return fixed, latin != cyrillic
}

// Stem cuts a folded word to its stem by its script. Words with digits or
// marks stay as they are.
func (n *Normaliser) Stem(word string) string {
	slot := &n.stems[hash(word)%stemSlots]
	if known := slot.Load(); known != nil && known.word == word {
		return known.stem
	}
	made := &stemmed{strings.Clone(word), ""}
	made.stem = stem(made.word)
	slot.Store(made)
	return made.stem
}

// stemSlots bounds the memory of stems already made: words of texts repeat.
const stemSlots = 1 << 13

type stemmed struct{ word, stem string }

// hash is FNV-1a.
func hash(word string) (h uint32) {
	h = 2166136261
	for i := range len(word) {
		h = (h ^ uint32(word[i])) * 16777619
	}
	return h
}

func stem(word string) string {
	switch scriptOf(word) {
	case cyrillicScript:
		return russian.Stem(word, true)
	case latinScript:
		return english.Stem(word, true)
	default:
		return word
	}
}

type script int

const (
	otherScript script = iota
	latinScript
	cyrillicScript
)

// scriptOf is the one script of all runes, else otherScript.
func scriptOf(word string) script {
	var out script
	for _, r := range word {
		var s script
		switch {
		case r >= 'a' && r <= 'z':
			s = latinScript
		case unicode.Is(unicode.Cyrillic, r):
			s = cyrillicScript
		default:
			return otherScript
		}
		if out != otherScript && s != out {
			return otherScript
		}
		out = s
	}
	return out
}

func isWordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func asciiWord(word string) bool {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return false
		}
	}
	return word != ""
}

func foldRune(r rune) rune {
	r = unicode.ToLower(r)
	if r == '\u0451' {
		return '\u0435'
	}
	return r
}

// invisible tells of runes nobody sees: direction marks, joiners, soft hyphens.
func invisible(r rune) bool { return unicode.Is(unicode.Cf, r) }

func isCyrillic(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }
