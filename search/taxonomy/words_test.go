package taxonomy_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// meant reads which skills may hide which on purpose.
func meant(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile("testdata/meant.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(file)) {
		if skill, inner, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && !strings.HasPrefix(line, "#") {
			out[skill] = inner
		}
	}
	return out
}

func TestNoSpellingHidesAnotherSkill(t *testing.T) {
	t.Parallel()
	for _, fault := range swallowed(taxonomy.New(), meant(t)) {
		t.Errorf("%s: a query with it no longer asks for both", fault)
	}
}

func TestMeantListIsNotStale(t *testing.T) {
	t.Parallel()
	tax := taxonomy.New()
	used := map[string]bool{}
	for _, fault := range swallowed(tax, nil) {
		skill, rest, _ := strings.Cut(fault, ": ")
		_, inner, _ := strings.Cut(rest, " hides ")
		used[skill+" "+inner] = true
	}
	for skill, inner := range meant(t) {
		for _, id := range strings.Fields(inner) {
			if !used[skill+" "+id] {
				t.Errorf("%s hides no %s", skill, id)
			}
		}
	}
}

func TestSwallowedSeesWhatIsHidden(t *testing.T) {
	t.Parallel()
	tax, err := taxonomy.Parse([]byte(`{"groups":[{"id":"g","ru":"г","en":"g"}],"skills":[
{"id":"ege","group":"g","ru":"ЕГЭ","en":"EGE","alias":["егэ по информатике"]},
{"id":"informatics","group":"g","ru":"Информатика","en":"Informatics"},
{"id":"design","group":"g","ru":"Дизайн","en":"Design","has":["web-design"]},
{"id":"web-design","group":"g","ru":"Веб-дизайн","en":"Webdesign"},
{"id":"tutor","group":"g","ru":"Репетитор","en":"Tutor","soft":true},
{"id":"music","group":"g","ru":"Музыка","en":"Music","alias":["репетитор музыки","игра на струнах"]},
{"id":"games","group":"g","ru":"Геймдев","en":"Games","maybe":["игра"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ege: егэ по информатике hides informatics"}, swallowed(tax, nil)); diff != "" {
		t.Error(diff)
	}
	if got := swallowed(tax, map[string]string{"ege": "informatics"}); len(got) > 0 {
		t.Errorf("what is meant is a fault: %q", got)
	}
}

// A name of one word that shares its stem with a little word or a wish would
// turn every such word into the skill: "become" into articles, "out of" into art.
func TestNoNameIsALittleWord(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../norm/lang.json")
	if err != nil {
		t.Fatal(err)
	}
	var words struct{ Soft, Stop string }
	if err := json.Unmarshal(file, &words); err != nil {
		t.Fatal(err)
	}
	tax := taxonomy.New()
	n := norm.New(tax)
	little := map[string]string{}
	for _, w := range strings.Fields(words.Soft + " " + words.Stop) {
		little[n.Stem(w)] = w
	}
	known := []string{"it", "посоветоваться"} // a pronoun that names a field in lists only, and a soft role
	for _, name := range spellings(n, tax, true) {
		if w, ok := little[name.stems[0]]; ok && len(name.stems) == 1 && !slices.Contains(known, name.text) {
			t.Errorf("%s: %q is read wherever %q stands", name.skill, name.text, w)
		}
	}
}

// Two names of one stem: inflected, they cannot be told apart.
func TestNamesOfOneStemAreFew(t *testing.T) {
	t.Parallel()
	known := []string{"illustr", "anim", "solid", "рев", "softwar engin", "softwar develop"}
	tax := taxonomy.New()
	owner := map[string]named{}
	for _, name := range spellings(norm.New(tax), tax, false) {
		key := strings.Join(name.stems, " ")
		if other, ok := owner[key]; ok && other.skill != name.skill && !slices.Contains(known, key) {
			t.Errorf("%s %q and %s %q have the stem %q", other.skill, other.text, name.skill, name.text, key)
		}
		owner[key] = name
	}
}
