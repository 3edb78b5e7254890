package norm_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/search/vocab"
)

var shared = norm.New(taxonomy.New())

func words(text string) []string {
	var out []string
	for _, t := range shared.Tokens(text) {
		out = append(out, t.Word)
	}
	return out
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"C++, C# и .NET; Node.js":       {"c++", "c#", "и", ".net", "node.js"},
		"ASP.NET":                       {"asp.net"},
		"1С 8.3":                        {"1с", "8", "3"},
		"1C":                            {"1c"},
		"Ёлка":                          {"елка"},
		"Е\u0308лка":                    {"елка"},
		"и\u0306од":                     {"йод"},
		"\u0421ss":                      {"css"},
		"привет.Как дела":               {"привет", "как", "дела"},
		"front-end":                     {"front", "end"},
		"py\u200dthon":                  {"python"},
		"\u202ephp":                     {"php"},
		"100% 😀 k8s":                    {"100", "k8s"},
		"":                              nil,
		"\xff\xfe":                      nil,
		strings.Repeat("ы", 200) + " a": {"a"},
	} {
		if diff := cmp.Diff(want, words(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestTokenOffsetsPointAtTheText(t *testing.T) {
	t.Parallel()
	const text = "Учу Ёлки на C++ и \u202eNode.js!"
	var got []string
	for _, tok := range shared.Tokens(text) {
		got = append(got, text[tok.Start:tok.End])
	}
	if diff := cmp.Diff([]string{"Учу", "Ёлки", "на", "C++", "и", "Node.js"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestEverySpellingMeansItsSkill(t *testing.T) {
	t.Parallel()
	for _, s := range taxonomy.New().All() {
		for _, a := range s.Spellings() {
			terms := shared.Terms(a, norm.SkillList)
			if len(terms) == 0 || terms[0].Text != norm.ConceptMark+s.ID {
				if id, _ := taxonomy.New().Find(a); id == s.ID && a == "it" {
					continue
				}
				t.Errorf("%q of %s becomes %+v", a, s.ID, terms)
			}
		}
	}
}

func texts(terms []norm.Term) []string {
	var out []string
	for _, t := range terms {
		out = append(out, t.Text)
	}
	return out
}

func TestTerms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		place norm.Place
		want  []string
	}{
		{"Питон и джаваскрипт", norm.Prose, []string{"=python", "=javascript"}},
		{"машинное обучение", norm.Prose, []string{"=machine-learning", "машин", "обучен"}},
		{"Let's go", norm.Prose, []string{"let", "s", "go"}},
		{"Go", norm.Heading, []string{"=go", "go"}},
		{"на питоне", norm.Prose, []string{"=python"}},
		{"си шарп", norm.Prose, []string{"=c-sharp", "си", "шарп"}},
		{"для и на", norm.Prose, nil},
	} {
		if diff := cmp.Diff(c.want, texts(shared.Terms(c.text, c.place))); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

// library is a vocabulary as an index of a few texts would have.
func library(texts ...string) *vocab.Vocab {
	v := vocab.New()
	shared.Spellings(func(stem, word string) { v.Add(stem, word, 0) })
	for _, text := range texts {
		for _, term := range shared.Terms(text, norm.Prose) {
			v.Add(term.Text, term.Word, 1)
		}
	}
	return v
}

var book = library("программирование математика репетитор уроки художник собеседование ведение занятий для начинающих кулинария хочу пончик аналитик")

func TestPlanRepairs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ghjuhfvvbhjdfybt":          "программирование",
		"Ghjuhfvvbhjdfybt,":         "программирование",
		"vfntvfnbrf python":         "математика python",
		"[elj;ybr":                  "художник",
		"программрование":           "программирование",
		"porgramming":               "programming",
		"repetitor":                 "репетитор",
		"dzhava":                    "джава",
		"sobesedovanie go":          "собеседование go",
		"зщкеащдшщ":                 "portfolio",
		"пайтн":                     "пайтон",
		"ghjuhfvvbhjdfybt c python": "программирование с python",
		"programmirovanie s python": "программирование с python",
		"c python":                  "",
		"java":                      "",
		"javascript":                "",
		"python для":                "",
		"c++ c#":                    "",
		"2024":                      "",
		"фывапролджэ":               "",
		"":                          "",
	} {
		if got := shared.Plan(text, book, false).Corrected; got != want {
			t.Errorf("Plan(%q) searches %q, want %q", text, got, want)
		}
		if got := shared.Plan(text, book, true).Corrected; got != "" {
			t.Errorf("exact Plan(%q) searches %q", text, got)
		}
	}
}

func TestPlanLanguage(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"python": "", "unreal engine": "", "c++ 17": "", "": "", "питон": "ru", "репетитор python": "ru",
		"python tutor": "en", "gbnjy": "ru", "programmirovanie": "ru", "ghjuhfvvbhjdfybt": "ru",
	} {
		if got := shared.Plan(text, book, false).Lang; got != want {
			t.Errorf("%q is asked in %q, want %q", text, got, want)
		}
	}
}

func needs(p norm.Plan) [][]string {
	var out [][]string
	for _, g := range p.Need {
		terms := slices.Clone(g.Terms)
		for _, m := range g.Maybe {
			terms = append(terms, "?"+m)
		}
		out = append(out, terms)
	}
	return out
}

func TestPlanTerms(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][][]string{
		"го собеседование":        {{"=go", "?го"}, {"=interview"}},
		"репетитор по python":     {{"=python"}},
		"репетитор":               nil,
		"хочу научиться рисовать": {{"=drawing"}},
		"машинное обучение":       {{"=machine-learning"}},
		"vfibyyjt j,extybt":       {{"=machine-learning"}},
		"питон python пайтон":     {{"=python"}},
		"си шарп с нуля":          {{"=c-sharp"}},
		"разбор кода на го":       {{"=code-review"}, {"=go", "?го"}},
		"карьерная консультация":  {{"=career"}},
		"java developer":          {{"=java"}},
		"для":                     {{"для"}},
		"!!! ((( )))":             nil,
		"кулин":                   {{"кулин", "кулинар"}},
	} {
		if diff := cmp.Diff(want, needs(shared.Plan(text, book, false))); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestPlanCues(t *testing.T) {
	t.Parallel()
	tutor := norm.Cue{Facet: "kind", Value: "tutor"}
	call := norm.Cue{Facet: "format", Value: "call"}
	for text, want := range map[string][]norm.Cue{
		"наставник": {tutor}, "наставника": {tutor}, "ментор": {tutor}, "mentor": {tutor}, "менторство": {tutor}, "репетиторы": {tutor},
		"tutor": {tutor}, "учителя": {tutor}, "teachers": {tutor}, "yfcnfdybr": {tutor}, "кузуешещк": {tutor}, "repetitor": {tutor}, "репититор": {tutor}, "наствник": {tutor},
		"услуга": {{Facet: "kind", Value: "service"}}, "занятие": {{Facet: "kind", Value: "service"}}, "автора": {{Facet: "kind", Value: "creator"}},
		"созвон": {call}, "звонок": {call}, "call": {call}, "pdjyjr": {call},
		"переписка": {{Facet: "format", Value: "chat"}}, "no mic": {{Facet: "format", Value: "chat"}}, "code review": {{Facet: "format", Value: "review", Loose: true}},
		"план учёбы": {{Facet: "format", Value: "plan", Loose: true}}, "группа": {{Facet: "format", Value: "group"}},
		"на русском": {{Facet: "language", Value: "ru"}}, "по-русски": {{Facet: "language", Value: "ru"}}, "in english": {{Facet: "language", Value: "en"}},
		"новичок": {{Facet: "level", Value: "zero"}}, "from scratch": {{Facet: "level", Value: "zero"}}, "школа": {{Facet: "level", Value: "hobby", Loose: true}},
		"русский": nil, "русский язык": nil, "перевод на русский": nil, "теория групп": nil, "чат бот": nil, "авторское право": nil, "права автора": nil,
		"компьютер с нуля": nil, "scratch": nil, "английский": nil, "карьерная консультация": nil, "дом": nil, "": nil,
	} {
		got := shared.Plan(text, book, false)
		for i := range got.Cues {
			got.Cues[i].Typed = ""
		}
		if diff := cmp.Diff(want, got.Cues); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		if (got.Plain != nil) != (len(want) > 0) || len(shared.Plan(text, book, true).Cues) > 0 {
			t.Errorf("%q: plain %+v, or cues in an exact query", text, got.Plain)
		}
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, want string
		phrases    []string
	}{
		{"Go С Нуля до 2000", "Go до 2000", []string{"с нуля"}},
		{"до 2000 Go  от 500", "Go", []string{"до 2000", "от 500"}},
		{"наставник/Go", "/go", []string{"наставник"}},
		{"Go", "Go", []string{"нет", "", " "}},
		{"", "", []string{"x"}},
	} {
		if got := norm.Without(c.text, c.phrases...); got != c.want {
			t.Errorf("Without(%q, %q) = %q, want %q", c.text, c.phrases, got, c.want)
		}
	}
}

func TestPlanMoney(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, rest string
		want       norm.Money
	}{
		{"го собеседование до 2000", "го собеседование", norm.Money{Max: 2000}},
		{"python до 2 000 руб", "python", norm.Money{Max: 2000, Currency: "RUB"}},
		{"python до 2к", "python", norm.Money{Max: 2000}},
		{"python до 5 тыс", "python", norm.Money{Max: 5000}},
		{"от 500 до 1500 рублей математика", "математика", norm.Money{Min: 500, Max: 1500, Currency: "RUB"}},
		{"math under $20", "math", norm.Money{Max: 20, Currency: "USD"}},
		{"английский до 50$", "английский", norm.Money{Max: 50, Currency: "USD"}},
		{"не дороже 3000 тенге", "", norm.Money{Max: 3000, Currency: "KZT"}},
		{"физика 1000₽", "физика", norm.Money{Max: 1000, Currency: "RUB"}},
		{"бесплатно python", "python", norm.Money{Free: true}},
		{"бесплатный ментор", "ментор", norm.Money{Free: true}},
		{"до 11 класса", "до 11 класса", norm.Money{}},
		{"от 100 часов", "от 100 часов", norm.Money{}},
		{"егэ 2026", "егэ 2026", norm.Money{}},
		{"до 99999999999999999999", "до 99999999999999999999", norm.Money{}},
		{"freelance", "freelance", norm.Money{}},
		{"до", "до", norm.Money{}},
	} {
		p := shared.Plan(c.text, nil, false)
		if diff := cmp.Diff(c.want, p.Money); diff != "" || p.Text != c.rest {
			t.Errorf("%q: rest %q, want %q; %s", c.text, p.Text, c.rest, diff)
		}
	}
}

func TestPlanIsBounded(t *testing.T) {
	t.Parallel()
	p := shared.Plan(strings.Repeat("слово разное питон ", 1000)+strings.Repeat("x", 10000), book, false)
	if n := utf8.RuneCountInString(p.Text); n > norm.MaxRunes {
		t.Errorf("%d runes", n)
	}
	var many []string
	for r := 'а'; r <= 'я'; r++ {
		many = append(many, strings.Repeat(string(r), 3))
	}
	if p = shared.Plan(strings.Join(many, " "), nil, false); len(p.Need) != norm.MaxTerms {
		t.Errorf("%d terms, want %d", len(p.Need), norm.MaxTerms)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  a \t\n b  ":          "a b",
		"a\u202eb\x00c\u200bd":  "abcd",
		"\xffa":                 "a",
		"123456789012":          "1234567890",
		strings.Repeat(" ", 50): "",
	} {
		if got := norm.Clean(in, 10); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, text string
		want        []string
	}{
		{"питон", "Учу Python и питону с нуля", []string{"Python", "питону"}},
		{"машинное обучение", "Курс: Машинное Обучение!", []string{"Машинное Обучение"}},
		{"го собеседования", "Go: готовлю к собеседованию", []string{"Go", "собеседованию"}},
		{"ёлка", "Новогодняя Елка", []string{"Елка"}},
		{"слоны", "нет таких", nil},
		{"", "пусто", nil},
	} {
		var got []string
		for _, s := range shared.Spans(c.text, shared.Plan(c.query, nil, false)) {
			got = append(got, c.text[s.Start:s.End])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q in %q: %s", c.query, c.text, diff)
		}
	}
}

func TestSkillKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Питон": "python", "python": "python", "  Слоны и Ёжики": "слоны и ежики"} {
		if got := shared.SkillKey(in); got != want {
			t.Errorf("SkillKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPlan(f *testing.F) {
	for _, s := range []string{"го собеседование до 2000", "[elj;ybr", "C++ c# .net", "\u202e\xff", "до до до 5 5 5", "' OR 1=1 --", "a.*(b|c)+$"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, exact bool) {
		p := shared.Plan(text, book, exact)
		if n := utf8.RuneCountInString(p.Text); n > 3*norm.MaxRunes {
			t.Errorf("text grew to %d runes", n)
		}
		if len(p.Need)+len(p.Like) > norm.MaxTerms || !utf8.ValidString(p.Text) {
			t.Errorf("%d+%d terms, text %q", len(p.Need), len(p.Like), p.Text)
		}
		for _, c := range p.Cues {
			if rest := norm.Without(text, c.Typed); c.Typed == "" || len(rest) > 3*len(text)+1 || !utf8.ValidString(rest) {
				t.Errorf("%+v leaves %q", c, rest)
			}
		}
		if exact && p.Corrected != "" || p.Money.Min < 0 || p.Money.Max < 0 {
			t.Errorf("%+v", p)
		}
	})
}

func FuzzTerms(f *testing.F) {
	f.Add("Учу C++ и ёлки на \u202eNode.js")
	f.Add("и\u0306\u0308\u0421ss..net.net++##")
	f.Fuzz(func(t *testing.T, text string) {
		last := 0
		for _, tok := range shared.Tokens(text) {
			if tok.Start < last || tok.End <= tok.Start || tok.End > len(text) || tok.Word == "" || strings.Contains(tok.Word, " ") {
				t.Fatalf("%+v in %q", tok, text)
			}
			last = tok.End
		}
		for _, place := range []norm.Place{norm.Prose, norm.Heading, norm.SkillList} {
			if slices.ContainsFunc(shared.Terms(text, place), func(x norm.Term) bool { return x.Text == "" || strings.ContainsAny(x.Text, " \x00") }) {
				t.Fatalf("broken term in %q", text)
			}
		}
	})
}
