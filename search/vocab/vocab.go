// Package vocab keeps the words an index knows, with how many documents hold
// each, and finds the nearest one to a word that is unknown. It promises
// answers in about a millisecond over 100,000 words. It refuses to count
// exactly: a word may outlive its last document until the index is opened anew.
package vocab

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Vocab is a set of stems. It is safe for concurrent use.
type Vocab struct {
	mu      sync.RWMutex
	entries map[string]*entry
	byLen   [maxRunes + 1][]*entry // by the length of the stem
	byWord  [maxRunes + 1][]*entry // by the length of the written form, where it is another
}

// entry is one stem.
type entry struct {
	stem  string
	runes []rune
	sign  uint64 // one bit per letter class: two words at distance d differ in at most 2d bits
	word  string // a word people wrote with this stem
	wrote []rune // the word's
	signW uint64 // the written word's signature
	seen  int    // how many witnesses the word has
	docs  int
}

// maxRunes is the longest word that is offered as a correction.
const maxRunes = 40

// New makes an empty vocabulary.
func New() *Vocab { return &Vocab{entries: map[string]*entry{}} }

// Add counts docs more documents for a stem. The word is shown in corrections;
// the first one stays.
func (v *Vocab) Add(stem, word string, docs int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entries[stem]
	if e == nil {
		e = &entry{stem: stem, runes: []rune(stem)}
		e.sign = signature(e.runes)
		v.entries[stem] = e
		if n := len(e.runes); n <= maxRunes {
			v.byLen[n] = append(v.byLen[n], e)
		}
	}
	if e.word == "" && word != "" {
		e.word, e.wrote = word, []rune(word)
		e.signW = signature(e.wrote)
		if n := len(e.wrote); n <= maxRunes && word != stem {
			v.byWord[n] = append(v.byWord[n], e)
		}
	}
	e.docs += docs
}

// Witness tells whether a document should carry the written form of a stem, so
// that it is known after a restart: the first few of each stem do.
func (v *Vocab) Witness(stem string) bool {
	const enough = 3
	v.mu.Lock()
	defer v.mu.Unlock()
	e := v.entries[stem]
	if e == nil || e.seen >= enough {
		return false
	}
	e.seen++
	return true
}

// Known tells whether a term occurs.
func (v *Vocab) Known(term string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.entries[term] != nil
}

// Size is the number of stems.
func (v *Vocab) Size() int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.entries)
}

// Near gives the known stem nearest to an unknown one within an edit distance
// (a swap of neighbours counts once), and a word of it. The word as typed is
// compared with written words too, since a mistake near the end may have
// misled the stemming. Among equals in stem and word together the one with the
// same first letter and more documents wins. Only stems with a written form
// are offered, and a short one only if its word is as near.
func (v *Vocab) Near(stem, typed string, distance int) (near, word string, ok bool) {
	s := seeker{stem: []rune(stem), typed: []rune(typed), limit: distance}
	if len(s.stem) == 0 || len(s.stem) > maxRunes || len(s.typed) > maxRunes {
		return "", "", false
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	sign := signature(s.stem)
	for n := max(1, len(s.stem)-distance); n <= min(maxRunes, len(s.stem)+distance); n++ {
		for _, e := range v.byLen[n] {
			if e.word != "" && bits.OnesCount64(e.sign^sign) <= 2*distance {
				s.try(e, e.runes, s.stem)
			}
		}
	}
	sign = signature(s.typed)
	for n := max(1, len(s.typed)-distance); n <= min(maxRunes, len(s.typed)+distance); n++ {
		for _, e := range v.byWord[n] {
			if bits.OnesCount64(e.signW^sign) <= 2*distance {
				s.try(e, e.wrote, s.typed)
			}
		}
	}
	if s.best == nil {
		return "", "", false
	}
	return s.best.stem, s.best.word, true
}

// seeker is one search for the nearest word.
type seeker struct {
	stem, typed []rune
	limit       int
	best        *entry
	value       int
	rows        editRows
}

// shortStem is the length in runes under which a stem is near to too many words.
const shortStem = 4

// try compares an entry by one of its forms, and if that is near keeps it when
// stem and word together are nearer than the best one's.
func (s *seeker) try(e *entry, form, want []rune) {
	if e == s.best || s.rows.distance(want, form, s.limit) > s.limit {
		return
	}
	const far = 3 // an ending tells no more than this
	words := s.rows.distance(s.typed, e.wrote, far)
	if len(e.runes) < shortStem && words > s.limit+1 {
		return
	}
	value := s.rows.distance(s.stem, e.runes, far) + words
	if s.best == nil || value < s.value || value == s.value && better(e, s.best, s.stem[0]) {
		s.best, s.value = e, value
	}
}

func better(a, b *entry, first rune) bool {
	if same := a.runes[0] == first; same != (b.runes[0] == first) {
		return same
	}
	if c := cmp.Compare(a.docs, b.docs); c != 0 {
		return c > 0
	}
	return a.stem < b.stem
}

// Prefix gives up to limit stems that begin so, those of most documents first.
func (v *Vocab) Prefix(prefix string, limit int) []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found []*entry
	for n := utf8.RuneCountInString(prefix) + 1; n <= maxRunes; n++ {
		for _, e := range v.byLen[n] {
			if strings.HasPrefix(e.stem, prefix) {
				found = append(found, e)
			}
		}
	}
	slices.SortFunc(found, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.docs, a.docs), cmp.Compare(a.stem, b.stem))
	})
	out := make([]string, 0, min(limit, len(found)))
	for _, e := range found[:min(limit, len(found))] {
		out = append(out, e.stem)
	}
	return out
}

func signature(runes []rune) uint64 {
	var s uint64
	for _, r := range runes {
		s |= 1 << (uint32(r) % 64)
	}
	return s
}

// editRows is the scratch memory of the edit distance.
type editRows struct{ a, b, c [maxRunes + 1]int }

// distance is the edit distance with swaps of neighbours; anything over limit
// is told as limit+1.
func (w *editRows) distance(s, t []rune, limit int) int {
	before, last, next := &w.a, &w.b, &w.c
	for j := range len(t) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(s); i++ {
		next[0] = i
		low := i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d := min(last[j]+1, next[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, before[j-2]+1)
			}
			next[j] = d
			low = min(low, d)
		}
		if low > limit {
			return limit + 1
		}
		before, last, next = last, next, before
	}
	return last[len(t)]
}

// Docs is how many documents were counted for a term.
func (v *Vocab) Docs(term string) int {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if e := v.entries[term]; e != nil {
		return e.docs
	}
	return 0
}
