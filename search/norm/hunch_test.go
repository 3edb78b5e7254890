package norm_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// small knows three skills and a role, in few words.
func small(t *testing.T) *norm.Normaliser {
	t.Helper()
	tax, err := taxonomy.Parse([]byte(`{"groups":[{"id":"g","ru":"Г","en":"G"}],"skills":[
{"id":"python","group":"g","ru":"Питон","en":"Python","lay":["язык со змеёй","автоматизировать рутину скриптом","first easy language"]},
{"id":"javascript","group":"g","ru":"Джаваскрипт","en":"JavaScript","lay":["кнопки на сайте","оживить страницу","всплывающее окно"]},
{"id":"cooking","group":"g","ru":"Кулинария","en":"Cooking","alias":["готовка"],"lay":["печь торты","вкусно готовить"]},
{"id":"games","group":"g","ru":"Игры","en":"Games","maybe":["игра"]},
{"id":"mobile","group":"g","ru":"Телефоны","en":"Phones","alias":["телефон"]},
{"id":"phone-games","group":"g","ru":"Тапалки","en":"Tapping","lay":["игры телефон","рисуем телефон игры"]},
{"id":"zoo","group":"g","ru":"Зоопарк","en":"Zoo","hidden":true,"lay":["язык обезьян"]},
{"id":"tutor","group":"g","ru":"Репетитор","en":"Tutor","soft":true,"lay":["язык учителя"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return norm.New(tax)
}

// meant lists what stands for each group beside its own terms: sure skills
// with a question mark.
func meant(p norm.Plan) (out []string) {
	for _, g := range p.Need {
		said := g.Terms[0] + ":"
		for _, m := range g.Maybe {
			if strings.HasPrefix(m, norm.ConceptMark) {
				said += " ?" + m
			}
		}
		out = append(out, said+" "+strings.Join(g.Wider, " "))
	}
	return out
}

func TestWordsNobodyWroteDownGiveAHunch(t *testing.T) {
	t.Parallel()
	n := small(t)
	for text, want := range map[string][]string{
		"скриптов рутинных":          {"скрипт: =python", "рутин: =python"}, // other forms, other order
		"язык со змеёй":              {"язык: ?=python ", "зме: ?=python "}, // a saying itself is sure
		"оживить страничку":          {"ожив: =javascript", "страничк: =javascript"},
		"репетитор оживить страницу": {"ожив: ?=javascript ", "страниц: ?=javascript "}, // a role is no part of it
		"разведение слонов":          {"разведен: ", "слон: "},
		"торты печь маме":            {"торт: =cooking", "печ: =cooking", "мам: =cooking"},
		"обезьяны":                   {"обезья: "},                                          // what is hidden is never guessed
		"питон готовка":              {"=python: ", "=cooking: "},                           // names mean themselves
		"игры телефон":               {"=games: ?=phone-games ", "=mobile: ?=phone-games "}, // unless together they are another's
		"питон":                      {"=python: "},
	} {
		if diff := cmp.Diff(want, meant(n.Plan(text, nil, false))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestTheLikeliestStandsHigher(t *testing.T) {
	t.Parallel()
	n := small(t)
	like := func(text string, exact bool) (out []string) {
		for _, g := range n.Plan(text, nil, exact).Like {
			out = append(out, g.Terms...)
		}
		return out
	}
	if diff := cmp.Diff([]string{"=python"}, like("рутину скриптом", false)); diff != "" {
		t.Error(diff)
	}
	if got := like("рутину скриптом", true); got != nil {
		t.Errorf("a text taken as typed likes %q", got)
	}
	if got := meant(n.Plan("рутину скриптом", nil, true)); !slices.Equal(got, []string{"рутин: ", "скрипт: "}) {
		t.Errorf("a text taken as typed means %q", got)
	}
}

func TestAHunchTakesNothingAway(t *testing.T) {
	t.Parallel()
	pool := strings.Fields("язык змея python кнопки сайт телефон игра готовить торты для хочу репетитор слон 2000 go c++ оживить страница")
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pool), 1, 10).Draw(t, "words"), " ")
		with, without := shared.Plan(text, nil, false), shared.Plan(text, nil, true)
		if len(with.Cues) == 0 {
			for i, g := range without.Need {
				for _, term := range g.Terms {
					if got := with.Need[i]; !slices.Contains(slices.Concat(got.Terms, got.Maybe), term) {
						t.Fatalf("%q: %q is asked no more: %+v", text, term, got)
					}
				}
			}
		}
		for _, g := range slices.Concat(with.Need, with.Like) {
			all := slices.Concat(g.Terms, g.Maybe)
			if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != len(all) {
				t.Fatalf("%q: twice in a group: %q", text, all)
			}
		}
	})
}

func TestHunchesDoNotMixUp(t *testing.T) {
	t.Parallel()
	n := small(t)
	asked := []string{"рутинный скрипт", "оживить страничку", "разведение слонов", "вкусно печь", "first language", "кнопки"}
	want := make([][]string, len(asked))
	for i, q := range asked {
		want[i] = meant(n.Plan(q, nil, false))
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 200 {
				k := i % len(asked)
				if diff := cmp.Diff(want[k], meant(n.Plan(asked[k], nil, false))); diff != "" {
					t.Errorf("%q: %s", asked[k], diff)
				}
			}
		})
	}
	group.Wait()
}
