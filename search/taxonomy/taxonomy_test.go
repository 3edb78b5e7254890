package taxonomy_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search/taxonomy"
)

func TestEmbeddedDataIsWhole(t *testing.T) {
	t.Parallel()
	tax := taxonomy.New()
	if n := len(tax.All()); n < 650 {
		t.Errorf("%d skills, want at least 650", n)
	}
	id := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	cyrillic := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) })
	}
	used := map[string]int{}
	for _, s := range tax.All() {
		used[s.Group]++
		if !id.MatchString(s.ID) {
			t.Errorf("id %q", s.ID)
		}
		if s.Ru == "" || s.En == "" || cyrillic(s.En) {
			t.Errorf("%s: names %q, %q", s.ID, s.Ru, s.En)
		}
		for _, a := range append(s.Spellings(), s.Maybe...) {
			if strings.TrimSpace(a) != a || a == "" {
				t.Errorf("%s: alias %q", s.ID, a)
			}
		}
	}
	for _, g := range tax.Groups() {
		if used[g.ID] == 0 || g.Ru == "" || g.En == "" {
			t.Errorf("group %q holds %d skills, names %q, %q", g.ID, used[g.ID], g.Ru, g.En)
		}
	}
}

func TestNoAliasInTwoSkillsUnlessAmbiguous(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, s := range taxonomy.New().All() {
		for _, a := range s.Spellings() {
			key := taxonomy.Fold(a)
			if other, ok := owner[key]; ok && other != s.ID {
				t.Errorf("%q belongs to %s and %s", a, other, s.ID)
			}
			owner[key] = s.ID
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	tax := taxonomy.New()
	for text, want := range map[string]string{
		"Python": "python", "питон": "python", "  ПИТОН ": "python", "C#": "c-sharp", "си шарп": "c-sharp",
		"c++": "c-plus-plus", "джава": "java", "js": "javascript", "Ментор": "mentor", "наставник": "mentor",
		"1с": "one-c", "1C": "one-c", "вёрстка": "layout", "верстка": "layout", "go": "go", "си": "c", "R": "r-language",
		"машинное  обучение": "machine-learning", "game-design": "game-design",
	} {
		if id, ok := tax.Find(text); !ok || id != want {
			t.Errorf("Find(%q) = %q, %v; want %q", text, id, ok, want)
		}
	}
	for _, text := range []string{"", "разведение слонов", "javascript и java"} {
		if id, ok := tax.Find(text); ok {
			t.Errorf("Find(%q) = %q, want nothing", text, id)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	tax := taxonomy.New()
	got := []string{tax.Name("databases", "ru"), tax.Name("databases", "en"), tax.Name("databases", "kk"), tax.Name("Слоны", "ru")}
	want := []string{"Базы данных", "Databases", "Databases", "Слоны"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s, ok := tax.Skill("databases"); !ok || s.Group != "data" {
		t.Errorf("Skill = %+v, %v", s, ok)
	}
	if _, ok := tax.Skill("Слоны"); ok {
		t.Error("a free word is a skill")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const groups = `{"groups":[{"id":"g","ru":"г","en":"g"}],"skills":[`
	for name, file := range map[string]string{
		"broken form":   `{`,
		"empty id":      groups + `{"id":"","group":"g","ru":"а","en":"a"}]}`,
		"twice":         groups + `{"id":"a","group":"g","ru":"а","en":"a"},{"id":"a","group":"g","ru":"б","en":"b"}]}`,
		"unknown group": groups + `{"id":"a","group":"x","ru":"а","en":"a"}]}`,
		"unknown has":   groups + `{"id":"a","group":"g","ru":"а","en":"a","has":["z"]}]}`,
		"alias in two":  groups + `{"id":"a","group":"g","ru":"а","en":"a","alias":["q"]},{"id":"b","group":"g","ru":"б","en":"b","alias":["Q"]}]}`,
		"name is an id": groups + `{"id":"a","group":"g","ru":"а","en":"a"},{"id":"b","group":"g","ru":"б","en":"A"}]}`,
	} {
		if _, err := taxonomy.Parse([]byte(file)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	marked := groups + `{"id":"a","group":"g","ru":"а","en":"a","alias":["q"]},{"id":"b","group":"g","ru":"б","en":"b","maybe":["Q"]}]}`
	tax, err := taxonomy.Parse([]byte(marked))
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := tax.Find("q"); id != "a" {
		t.Errorf("the certain owner of an alias loses it to %q", id)
	}
}
