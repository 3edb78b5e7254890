package searchtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tmoeg/oduvan/search"
)

// board is a small catalogue that calls nothing by the words of the board.
func board() []search.Op {
	doc := func(kind, id string, change func(*search.Document)) search.Op {
		d := search.Document{Ref: search.Ref{Kind: kind, ID: id}, Title: id, Owner: id, Active: Now, Created: Now}
		change(&d)
		return put(d)
	}
	facts := func(skill string, levels, langs, formats []string) func(*search.Document) {
		return func(d *search.Document) {
			d.Skills, d.Levels, d.Langs, d.Formats = []string{skill}, levels, langs, formats
		}
	}
	zero, hobby, ru, en, kk := []string{"zero"}, []string{"hobby"}, []string{"ru"}, []string{"en"}, []string{"kk"}
	return []search.Op{
		doc("tutor", "ada", facts("python", zero, ru, []string{"call", "review"})),
		doc("tutor", "ben", facts("go", hobby, en, []string{"chat"})),
		doc("tutor", "cyd", facts("code-review", nil, kk, []string{"group", "plan"})),
		doc("service", "lesson", func(d *search.Document) {
			facts("python", zero, ru, []string{"call"})(d)
			d.Lead, d.Body, d.Weight = "Python python", "python python python", 1
		}),
		doc("service", "english", facts("english", hobby, ru, []string{"chat"})),
		doc("creator", "dan", func(d *search.Document) {
			facts("python", nil, ru, nil)(d)
			d.Free = true
		}),
	}
}

func testCues(t *testing.T, e search.Engine) {
	apply(t, e, 1, board()...)
	for text, want := range map[string]struct {
		ids  string // sorted
		said search.Understood
	}{
		"наставник":                {"ada ben cyd", search.Understood{Kinds: []string{"tutor"}}},
		"ищу репетитора":           {"ada ben cyd", search.Understood{Text: "ищу", Kinds: []string{"tutor"}}},
		"услуги":                   {"english lesson", search.Understood{Kinds: []string{"service"}}},
		"creators":                 {"dan", search.Understood{Kinds: []string{"creator"}}},
		"репетитор python":         {"ada dan lesson", search.Understood{Text: "python", Kinds: []string{"tutor"}}},
		"python созвон":            {"ada lesson", search.Understood{Text: "python", Formats: []string{"call"}}},
		"без микрофона":            {"ben english", search.Understood{Formats: []string{"chat"}}},
		"no mic go":                {"ben", search.Understood{Text: "go", Formats: []string{"chat"}}},
		"в группе":                 {"cyd", search.Understood{Formats: []string{"group"}}},
		"разбор кода":              {"ada cyd", search.Understood{Formats: []string{"review"}}},
		"code review":              {"ada cyd", search.Understood{Formats: []string{"review"}}},
		"план учёбы":               {"cyd", search.Understood{Formats: []string{"plan"}}},
		"python на русском":        {"ada dan lesson", search.Understood{Text: "python", Langs: []string{"ru"}}},
		"go на английском":         {"ben", search.Understood{Text: "go", Langs: []string{"en"}}},
		"in english":               {"ben", search.Understood{Langs: []string{"en"}}},
		"на казахском языке":       {"cyd", search.Understood{Langs: []string{"kk"}}},
		"английский":               {"english", search.Understood{Text: "английский"}},
		"python с нуля":            {"ada lesson", search.Understood{Text: "python", Levels: []string{"zero"}}},
		"python для начинающих":    {"ada lesson", search.Understood{Text: "python", Levels: []string{"zero"}}},
		"go школьник":              {"ben", search.Understood{Text: "go", Levels: []string{"hobby"}}},
		"кузуешещк":                {"ada ben cyd", search.Understood{Kinds: []string{"tutor"}}},
		"yfcnfdybr":                {"ada ben cyd", search.Understood{Kinds: []string{"tutor"}}},
		"gj-heccrb gbnjy":          {"ada dan lesson", search.Understood{Text: "питон", Langs: []string{"ru"}}},
		",tcgkfnyj":                {"dan", search.Understood{Free: true}},
		"учитель python бесплатно": {"dan", search.Understood{Text: "python", Kinds: []string{"tutor"}, Free: true}},
		"go на казахском":          {"ben", search.Understood{Text: "go на казахском"}},                            // nobody: the words are looked for
		"репетитор qwzxqwzx":       {"ada ben cyd", search.Understood{Text: "qwzxqwzx", Kinds: []string{"tutor"}}}, // nothing: whoever teaches
	} {
		r := ask(t, e, search.Query{Text: text})
		if diff := cmp.Diff(want.said, r.Understood, cmpopts.IgnoreFields(search.Understood{}, "Readings")); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
		got := ids(r)
		slices.Sort(got)
		if diff := cmp.Diff(want.ids, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q finds %s", text, diff)
		}
	}
	if got := ids(ask(t, e, search.Query{Text: "репетитор python"})); got[0] != "ada" {
		t.Errorf("people who teach do not stand first: %v", got)
	}
	if got := ids(ask(t, e, search.Query{Text: "занятие python"})); got[0] != "lesson" {
		t.Errorf("services do not stand first: %v", got)
	}
}

func ids(r search.Result) (out []string) {
	for _, h := range r.Hits {
		out = append(out, h.ID)
	}
	return out
}

// testCueWords demands that what was read out can be taken out, and gives way
// to the query's own filters.
func testCueWords(t *testing.T, e search.Engine) {
	apply(t, e, 1, board()...)
	r := ask(t, e, search.Query{Text: "Репетитор Python на русском до 2000 бесплатно", Currency: "RUB"})
	want := []search.Reading{
		{Facet: search.FacetFree, Value: "true", Rest: "Репетитор Python на русском до 2000"},
		{Facet: search.ReadingPrice, Rest: "Репетитор Python на русском бесплатно"},
		{Facet: search.FacetKind, Value: "tutor", Rest: "Python на русском до 2000 бесплатно"},
		{Facet: search.FacetLang, Value: "ru", Rest: "Репетитор Python до 2000 бесплатно"},
	}
	if diff := cmp.Diff(want, r.Understood.Readings); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"yfcnfdybr Python", "Python, наставник", "наставник/Python"} {
		r := ask(t, e, search.Query{Text: text})
		if len(r.Understood.Readings) != 1 || !strings.EqualFold(strings.Trim(r.Understood.Readings[0].Rest, ",/ "), "python") {
			t.Errorf("%q: %+v", text, r.Understood.Readings)
		}
	}
	own := ask(t, e, search.Query{Text: "python с нуля на русском", Levels: []string{"hobby", "zero"}, Langs: []string{"ru"}})
	if len(own.Understood.Readings) != 0 || own.Total != 2 {
		t.Errorf("own filters: %d, %+v", own.Total, own.Understood)
	}
	exact := ask(t, e, search.Query{Text: "наставник", Exact: true})
	if exact.Total != 0 || len(exact.Understood.Kinds) != 0 {
		t.Errorf("exact: %d, %+v", exact.Total, exact.Understood)
	}
}
