// Package taxonomy holds the skills and roles the board knows by name: their
// ids, names in Russian and English, the words people use for them and the
// group they stand in. It promises that an unmarked alias belongs to one skill
// only. It refuses to guess: a word it does not know is a free word and comes
// back as typed.
package taxonomy

import (
	"crypto/sha256"
	_ "embed" // the data file
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// Skill is one concept: a skill, a field or a role.
type Skill struct {
	ID      string   `json:"id"`     // lower-case ASCII, stable for ever
	Group   string   `json:"group"`  // id of its Group
	Ru      string   `json:"ru"`     // name in Russian
	En      string   `json:"en"`     // name in English
	Aliases []string `json:"alias"`  // other spellings, in any language
	Maybe   []string `json:"maybe"`  // spellings that mean something else in prose; they count in queries and skill lists only
	Lay     []string `json:"lay"`    // what an outsider says of it: never a name, only a hint where little is found
	Has     []string `json:"has"`    // ids of narrower skills, for an umbrella such as "frontend"
	Soft    bool     `json:"soft"`   // a word like "tutor": it orders hits but no hit must have it
	Hidden  bool     `json:"hidden"` // never offered in a picker: only for understanding words

	certain []string // see Spellings
}

// Group is a shelf of skills in a picker.
type Group struct {
	ID string `json:"id"`
	Ru string `json:"ru"`
	En string `json:"en"`
}

// Taxonomy is the immutable set of skills. It is safe for concurrent use.
type Taxonomy struct {
	groups []Group
	skills []Skill
	byID   map[string]int
	alias  map[string]string
	print  string
}

//go:embed taxonomy.json
var data []byte

// New reads the embedded data file. It panics when the file is broken, which a
// test rules out.
func New() *Taxonomy {
	t, err := Parse(data)
	if err != nil {
		panic("taxonomy: embedded data: " + err.Error())
	}
	return t
}

// Parse reads a data file of another origin. It fails on a broken form, a
// repeated id, an unknown group or narrower skill, and on an alias that two
// skills claim without marking it ambiguous.
func Parse(file []byte) (*Taxonomy, error) {
	var in struct {
		Groups []Group `json:"groups"`
		Skills []Skill `json:"skills"`
	}
	if err := json.Unmarshal(file, &in); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file)
	t := &Taxonomy{groups: in.Groups, skills: in.Skills, byID: map[string]int{},
		alias: map[string]string{}, print: hex.EncodeToString(sum[:8])}
	for i, s := range t.skills {
		if _, twice := t.byID[s.ID]; twice || s.ID == "" {
			return nil, fmt.Errorf("id %q is empty or stands twice", s.ID)
		}
		t.byID[s.ID] = i
		t.skills[i].certain = s.spellings()
	}
	known := map[string]bool{}
	for _, g := range t.groups {
		known[g.ID] = true
	}
	for _, s := range t.skills {
		if !known[s.Group] {
			return nil, fmt.Errorf("skill %q: unknown group %q", s.ID, s.Group)
		}
		if err := t.check(s); err != nil {
			return nil, err
		}
	}
	t.addMaybe()
	return t, nil
}

func (t *Taxonomy) check(s Skill) error {
	for _, id := range s.Has {
		if _, ok := t.byID[id]; !ok {
			return fmt.Errorf("skill %q: unknown narrower skill %q", s.ID, id)
		}
	}
	for _, a := range s.Spellings() {
		key := Fold(a)
		if other, taken := t.alias[key]; taken && other != s.ID {
			return fmt.Errorf("alias %q belongs to %q and %q", a, other, s.ID)
		}
		t.alias[key] = s.ID
	}
	return nil
}

// addMaybe lets an ambiguous spelling find its skill where nothing else claims it.
func (t *Taxonomy) addMaybe() {
	for _, s := range t.skills {
		for _, a := range s.Maybe {
			if _, taken := t.alias[Fold(a)]; !taken {
				t.alias[Fold(a)] = s.ID
			}
		}
	}
}

// Spellings are the unambiguous spellings of a skill: id, names and aliases,
// without those that Maybe names. The caller may not change them.
func (s Skill) Spellings() []string { return s.certain }

func (s Skill) spellings() []string {
	seen := map[string]bool{}
	for _, a := range s.Maybe {
		seen[Fold(a)] = true
	}
	var out []string
	for _, a := range append([]string{s.ID, s.Ru, s.En}, s.Aliases...) {
		if key := Fold(a); !seen[key] {
			seen[key] = true
			out = append(out, a)
		}
	}
	return out
}

// Skill gives the skill of an id; false for free words.
func (t *Taxonomy) Skill(id string) (Skill, bool) {
	i, ok := t.byID[id]
	if !ok {
		return Skill{}, false
	}
	return t.skills[i], true
}

// Name is a skill's name in a language ("ru", anything else is English). A
// free word comes back as it is.
func (t *Taxonomy) Name(id, lang string) string {
	s, ok := t.Skill(id)
	switch {
	case !ok:
		return id
	case lang == "ru":
		return s.Ru
	default:
		return s.En
	}
}

// Find gives the id of the skill that a text names exactly: by id, name or
// alias, in any case, with yo as ye.
func (t *Taxonomy) Find(text string) (id string, ok bool) {
	id, ok = t.alias[Fold(text)]
	return id, ok
}

// All lists every skill in the file's order. The caller may not change it.
func (t *Taxonomy) All() []Skill { return t.skills }

// Groups lists the shelves in the order to show them.
func (t *Taxonomy) Groups() []Group { return t.groups }

// Fingerprint changes whenever the data changes: an index built under another
// one must be rebuilt.
func (t *Taxonomy) Fingerprint() string { return t.print }

// Fold is the spelling under which names are compared: lower case, yo as ye,
// single spaces.
func Fold(text string) string {
	folded := strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		if r == '\u0451' {
			return '\u0435'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(folded), " ")
}
