package norm

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/search/taxonomy"
)

// Who does not know what a thing is called says what it is for: "the language
// with the snake", "so that buttons work". The taxonomy knows thousands of such
// sayings; a query nobody wrote down is near to some of them. A hunch is what
// the nearest sayings speak of: nearest neighbours by the cosine of their words,
// each of which weighs by how few sayings hold it.
const (
	hunchLeast = 0.5  // likeness of a query and the sayings of a skill, under which nothing is meant
	hunchSure  = 0.99 // likeness from which on the skill is as good as named
	hunchShare = 0.85 // of the best skill's likeness, that others must have
	hunchMost  = 3    // skills
	hunchMore  = 0.25 // worth of a skill's second saying beside its first, and of the third beside the second
	hunchWhole = 0.8  // likeness of one saying from which on names of several skills say another one together
	hunchRoot  = 0.5  // weight of a word that only begins alike
	rootRunes  = 4    // that much must begin alike
	rootLeast  = 5    // runes; stems shorter than this have no root
)

// sayings finds the ways to say a skill by their words.
type sayings struct {
	skills []string // every skill
	of     []int32  // by saying, in skills
	scale  []float32
	stem   map[string]posting
	root   map[string]posting
	tally  sync.Pool
}

// posting is the sayings that hold a word.
type posting struct {
	ids    []int32 // ascending
	weight float32 // squared
}

// tally is reused memory of one hunch.
type tally struct {
	like    []float32    // by saying
	held    []uint8      // by saying, how many of the words it holds
	touched []int32      // sayings
	best    [][3]float32 // by skill, the likeness of its nearest sayings
	holds   []uint8      // by skill, how many of the words the nearest one holds
	skills  []int32      // that have any
}

// guess is a skill that is probably meant.
type guess struct {
	skill int32
	worth float32
	first float32 // likeness of the nearest saying
	sure  bool    // as good as named
}

// newSayings reads every way to say a skill that the taxonomy knows.
func (n *Normaliser) newSayings(tax *taxonomy.Taxonomy) *sayings {
	s := &sayings{stem: map[string]posting{}, root: map[string]posting{}}
	var stems [][]string
	for _, skill := range tax.All() {
		if skill.Soft || skill.Hidden {
			continue
		}
		s.skills = append(s.skills, skill.ID)
		for _, text := range slices.Concat(skill.Spellings(), skill.Maybe, skill.Lay) {
			if words := n.telling(n.Tokens(text)); len(words) > 0 {
				s.add(words)
				stems = append(stems, words)
			}
		}
	}
	s.settle(stems)
	s.tally.New = func() any {
		return &tally{like: make([]float32, len(s.of)), held: make([]uint8, len(s.of)),
			best: make([][3]float32, len(s.skills)), holds: make([]uint8, len(s.skills))}
	}
	return s
}

// telling gives the stems of words that are not stop words, each once.
func (n *Normaliser) telling(tokens []Token) []string {
	out := make([]string, 0, len(tokens))
	for _, t := range tokens {
		if !n.lang.stop[t.Word] && !slices.Contains(out, t.Stem) {
			out = append(out, t.Stem)
		}
	}
	return out
}

// add notes a saying of the last skill.
func (s *sayings) add(stems []string) {
	id := int32(len(s.of))
	s.of = append(s.of, int32(len(s.skills)-1))
	put := func(into map[string]posting, key string) {
		if p := into[key]; len(p.ids) == 0 || p.ids[len(p.ids)-1] != id {
			p.ids = append(p.ids, id)
			into[key] = p
		}
	}
	for _, t := range stems {
		put(s.stem, t)
		if r := root(t); r != "" {
			put(s.root, r)
		}
	}
}

// settle weighs words and sayings once all are known.
func (s *sayings) settle(stems [][]string) {
	for _, into := range []map[string]posting{s.stem, s.root} {
		for key, p := range into {
			p.weight = s.weight(len(p.ids))
			into[key] = p
		}
	}
	s.scale = make([]float32, len(stems))
	for id, words := range stems {
		mass := float32(0)
		for _, w := range words {
			mass += s.stem[w].weight
		}
		s.scale[id] = 1 / sqrt(mass)
	}
}

// weight is the square of how rare a word is that so many sayings hold.
func (s *sayings) weight(holding int) float32 {
	rarity := math.Log(1 + float64(len(s.of))/float64(1+holding))
	return float32(rarity * rarity)
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// root is what words of one family share; empty for a short word.
func root(stem string) string {
	if utf8.RuneCountInString(stem) < rootLeast {
		return ""
	}
	end := 0
	for range rootRunes {
		_, size := utf8.DecodeRuneInString(stem[end:])
		end += size
	}
	return stem[:end]
}

// hunch gives the skills that words most likely speak of, best first.
func (s *sayings) hunch(stems []string) []guess {
	t, _ := s.tally.Get().(*tally)
	defer s.tally.Put(t)
	defer t.clear()
	whole := float32(0)
	for _, stem := range stems {
		exact, ok := s.stem[stem]
		if !ok {
			exact.weight = s.weight(0)
		}
		whole += exact.weight
		t.count(exact, nil, 1)
		if r := root(stem); r != "" {
			t.count(s.root[r], exact.ids, hunchRoot*hunchRoot)
		}
	}
	if len(t.touched) == 0 {
		return nil
	}
	t.rank(s, 1/sqrt(whole))
	return t.lead(min(len(stems), 2))
}

// count adds what a word is worth to every saying that holds it, without those
// that hold more of it.
func (t *tally) count(p posting, but []int32, part float32) {
	for _, id := range p.ids {
		for len(but) > 0 && but[0] < id {
			but = but[1:]
		}
		if len(but) > 0 && but[0] == id {
			continue
		}
		if t.like[id] == 0 {
			t.touched = append(t.touched, id)
		}
		t.like[id] += part * p.weight
		t.held[id]++
	}
}

// rank notes each skill's nearest sayings.
func (t *tally) rank(s *sayings, scale float32) {
	for _, id := range t.touched {
		like, skill := t.like[id]*s.scale[id]*scale, s.of[id]
		b := &t.best[skill]
		if b[0] == 0 {
			t.skills = append(t.skills, skill)
		}
		switch {
		case like > b[0]:
			*b = [3]float32{like, b[0], b[1]}
			t.holds[skill] = t.held[id]
		case like > b[1]:
			b[1], b[2] = like, b[1]
		case like > b[2]:
			b[2] = like
		}
	}
}

// lead gives the skills in front, best first. None is sure that rests on fewer
// words than least.
func (t *tally) lead(least int) (out []guess) {
	top := float32(0)
	worth := func(b [3]float32) float32 { return b[0] + hunchMore*(b[1]+hunchMore*b[2]) }
	for _, skill := range t.skills {
		top = max(top, worth(t.best[skill]))
	}
	for _, skill := range t.skills {
		if w := worth(t.best[skill]); w >= hunchLeast && w >= hunchShare*top {
			out = append(out, guess{skill, w, t.best[skill][0], w >= hunchSure && int(t.holds[skill]) >= least})
		}
	}
	slices.SortFunc(out, func(a, b guess) int { return cmp.Or(cmp.Compare(b.worth, a.worth), cmp.Compare(a.skill, b.skill)) })
	return out[:min(len(out), hunchMost)]
}

// clear makes the tally ready for the next hunch.
func (t *tally) clear() {
	for _, id := range t.touched {
		t.like[id], t.held[id] = 0, 0
	}
	for _, skill := range t.skills {
		t.best[skill], t.holds[skill] = [3]float32{}, 0
	}
	t.touched, t.skills = t.touched[:0], t.skills[:0]
}

// guess lets the skills that words most likely speak of stand for what is
// asked: beside the words when that is sure, else where the words find little.
func (n *Normaliser) guess(plan *Plan, said []Token) {
	words := slices.ContainsFunc(plan.Need, isWord)
	if !words && len(plan.Need) < 2 {
		return
	}
	first := true
	for _, h := range n.said.hunch(n.telling(said)) {
		term := ConceptMark + n.said.skills[h.skill]
		named := slices.ContainsFunc(plan.Need, func(g Group) bool { return g.Terms[0] == term })
		if !words && (named || h.first < hunchWhole) {
			continue // names mean themselves, unless together they are another's
		}
		for i := range plan.Need {
			switch g := &plan.Need[i]; {
			case g.Terms[0] == term, named && !isWord(*g):
			case h.sure && first && isWord(*g) && strings.HasPrefix(g.Terms[0], ConceptMark):
				g.Maybe, g.Terms = slices.Concat(g.Terms, g.Maybe), []string{term} // a saying outweighs an ambiguous name in it
			case h.sure:
				g.Maybe = append(g.Maybe, term)
			case !slices.Contains(g.Wider, term):
				g.Wider, plan.Hunch = append(g.Wider, term), true
			}
		}
		if first { // the likeliest stands higher among what is found
			plan.Like = append(plan.Like, Group{Terms: []string{term}})
			first = false
		}
	}
}

// isWord tells a word, or an ambiguous name that may be one, from a certain name.
func isWord(g Group) bool { return !strings.HasPrefix(g.Terms[0], ConceptMark) || len(g.Maybe) > 0 }
