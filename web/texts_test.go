package web_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
	"github.com/tmoeg/oduvan/web"
	"pgregory.net/rapid"
)

// the folders whose code shows texts.
var showing = []string{".", "../internal/site", "../internal/api"}

var (
	called  = regexp.MustCompile(`\b(?:T|N)\("([a-z0-9_.]+)"[,)]`)
	literal = regexp.MustCompile(`"([a-z0-9_]+(?:\.[A-Za-z0-9_]+)+)"`)
	prefix  = regexp.MustCompile(`"([a-z0-9_]+\.[a-z0-9_]*)"\s*\+`)
	faulted = regexp.MustCompile(`fault\.(?:Of\([^"()]*|Bad\([^()]*), "([a-z0-9_]+)"\)`)
	comment = regexp.MustCompile(`(?m)(?:^|\s)//.*$`)
	russian = regexp.MustCompile(`[А-Яа-яЁё]`)
)

// sources are the written files of a folder and those below it: no tests, no
// generated code; comments are left out.
func sources(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		written := strings.HasSuffix(name, ".templ") || strings.HasSuffix(name, ".go") &&
			!strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, "_templ.go")
		// Packages named …test are the cast of tests: people there speak Russian.
		if d.IsDir() || !written || strings.HasSuffix(filepath.Dir(path), "test") || strings.Contains(path, "testdata") {
			return nil
		}
		body, err := os.ReadFile(path)
		out[path] = comment.ReplaceAllString(string(body), "")
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// keys reads a language's keys by themselves, not through the package.
func keys(t *testing.T, lang string) map[string]string {
	t.Helper()
	names, err := filepath.Glob("locale/*." + lang + ".toml")
	if err != nil || len(names) == 0 {
		t.Fatal("no texts", err)
	}
	out := map[string]string{}
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := toml.Unmarshal(body, &tree); err != nil {
			t.Fatal(name, err)
		}
		flatten(tree, "", out)
	}
	return out
}

func flatten(tree map[string]any, path string, out map[string]string) {
	if other, ok := tree["other"].(string); ok {
		forms := slices.Sorted(maps.Keys(tree))
		out[strings.TrimSuffix(path, ".")] = "plural " + strings.Join(forms, ",") + " " + places(other)
		return
	}
	for k, v := range tree {
		switch v := v.(type) {
		case string:
			out[path+k] = places(v)
		case map[string]any:
			flatten(v, path+k+".", out)
		}
	}
}

var place = regexp.MustCompile(`\{\{[^}]*\}\}|\{n\}`)

// places are the parts of a text that are filled in.
func places(text string) string {
	found := place.FindAllString(text, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	ru, en := keys(t, "ru"), keys(t, "en")
	for _, m := range []map[string]string{ru, en} {
		for k, v := range m {
			v = strings.Replace(v, "plural few,many,one,other ", "plural ", 1)
			m[k] = strings.Replace(v, "plural one,other ", "plural ", 1)
		}
	}
	if diff := cmp.Diff(ru, en); diff != "" {
		t.Errorf("the languages differ (-ru +en):\n%s", diff)
	}
}

// TestPluralFormsAreWhole wants the forms that CLDR names for each language.
func TestPluralFormsAreWhole(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"ru": "plural few,many,one,other ", "en": "plural one,other "} {
		for k, v := range keys(t, lang) {
			if strings.HasPrefix(v, "plural") && !strings.HasPrefix(v, want) {
				t.Errorf("%s %s has %s", lang, k, v)
			}
		}
	}
}

func TestKeysAreUsedAndExist(t *testing.T) {
	t.Parallel()
	have := keys(t, "ru")
	used, prefixes := map[string]bool{}, map[string]bool{}
	for _, root := range showing {
		for path, body := range sources(t, root) {
			for _, m := range called.FindAllStringSubmatch(body, -1) {
				if _, ok := have[m[1]]; !ok {
					t.Errorf("%s: no text for %s", path, m[1])
				}
			}
			for _, m := range literal.FindAllStringSubmatch(body, -1) {
				used[m[1]] = true
			}
			for _, m := range prefix.FindAllStringSubmatch(body, -1) {
				prefixes[m[1]] = true
			}
		}
	}
	for key := range have {
		if !used[key] && !slices.ContainsFunc(slices.Collect(maps.Keys(prefixes)), func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("the text %s is not used", key)
		}
	}
}

// TestFaultsHaveTexts wants words for every code that a feature may answer.
func TestFaultsHaveTexts(t *testing.T) {
	t.Parallel()
	have := keys(t, "ru")
	for path, body := range sources(t, "../internal") {
		for _, m := range faulted.FindAllStringSubmatch(body, -1) {
			if _, ok := have["fault."+m[1]]; !ok {
				t.Errorf("%s: no text for the code %s", path, m[1])
			}
		}
	}
}

// TestFaultTextsNeedNoArguments shows every fault without its arguments: a
// place that nobody fills must not show.
func TestFaultTextsNeedNoArguments(t *testing.T) {
	t.Parallel()
	w := open(t)
	for key := range keys(t, "ru") {
		code, ok := strings.CutPrefix(key, "fault.")
		if !ok {
			continue
		}
		for _, lang := range w.Languages() {
			if got := w.Texts(lang).Fault("invalid", code, nil); strings.Contains(got, "<no value>") || strings.ContainsAny(got, "⟦{") {
				t.Errorf("%s %s: %s", lang, code, got)
			}
		}
	}
}

// TestTextsStandInLocaleOnly finds Russian words in code.
func TestTextsStandInLocaleOnly(t *testing.T) {
	t.Parallel()
	for _, root := range []string{".", "../internal", "../cmd", "../search"} {
		for path, body := range sources(t, root) {
			for i, line := range strings.Split(body, "\n") {
				if russian.MatchString(line) {
					t.Errorf("%s:%d holds a Russian text", path, i+1)
				}
			}
		}
	}
}

func TestPlurals(t *testing.T) {
	t.Parallel()
	w := open(t)
	var got []string
	for _, n := range []int{0, 1, 2, 5, 11, 21, 1500} {
		got = append(got, w.Texts("ru").N("search.found", n), w.Texts("en").N("search.found", n))
	}
	want := []string{"0 результатов", "0 results", "1 результат", "1 result", "2 результата", "2 results",
		"5 результатов", "5 results", "11 результатов", "11 results", "21 результат", "21 results",
		"1\u00a0500 результатов", "1,500 results"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	w := open(t)
	ru, en := w.Texts("ru"), w.Texts("en")
	seconds := map[string]any{"seconds": 3}
	for name, c := range map[string][2]string{
		"plain":            {ru.T("search.submit"), "Найти"},
		"with a place":     {en.T("search.price_chip", "price", "2,000 ₽"), "up to 2,000 ₽"},
		"unknown key":      {ru.T("no.such_key"), "⟦no.such_key⟧"},
		"unknown language": {w.Texts("fr").Lang, "ru"},
		"odd arguments":    {ru.T("search.submit", "alone"), "Найти"},
		"kind":             {ru.Kind("tutor"), "Наставник"},
		"kinds":            {en.Kinds("service"), "Services"},
		"level":            {ru.Level("zero"), "С нуля"},
		"format":           {ru.Format("chat"), "Переписка, без микрофона"},
		"newer format":     {ru.Format("stream"), "stream"},
		"language":         {en.Language("kk"), "Қазақша"},
		"currency":         {ru.Currency("KZT"), "тенге"},
		"sign":             {ru.CurrencySign("RUB"), "₽"},
		"strange currency": {ru.CurrencySign("XTS"), "XTS"},
		"fault of a kind":  {en.Fault("not_found", "", nil), "The address may be old or mistyped. Search will help."},
		"fault unknown":    {en.Fault("not_found", "brand_new", seconds), "The address may be old or mistyped. Search will help."},
		"fault no kind":    {en.Fault("novel", "brand_new", nil), "novel"},
		"below zero":       {en.Number(-1234567), "-1,234,567"},
		"three digits":     {en.Number(999), "999"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got %q, want %q", name, c[0], c[1])
		}
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	t.Parallel()
	w := open(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int().Draw(t, "n")
		got := strings.ReplaceAll(w.Texts("en").Number(n), ",", "")
		if want := strings.ReplaceAll(strings.ReplaceAll(w.Texts("ru").Number(n), "\u00a0", ""), " ", ""); got != want {
			t.Fatalf("%d: en %s, ru %s", n, got, want)
		}
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	w := open(t)
	ru, en := w.Texts("ru"), w.Texts("en")
	at := time.Date(2025, 12, 5, 19, 3, 0, 0, time.UTC)
	moscow, delhi, york := time.FixedZone("Europe/Moscow", 3*3600), time.FixedZone("Asia/Kolkata", 19800), time.FixedZone("America/New_York", -5*3600)
	for name, c := range map[string][2]string{
		"day":        {ru.Day(at), "5\u00a0декабря"},
		"date":       {en.Date(at), "5\u00a0December 2025"},
		"clock":      {en.Clock(at), "19:03"},
		"moment":     {ru.Moment(at.In(moscow)), "5\u00a0декабря 2025, 22:03\u00a0UTC+3"},
		"utc":        {en.Offset(at), "UTC"},
		"half hour":  {en.Offset(at.In(delhi)), "UTC+5:30"},
		"behind":     {en.Offset(at.In(york)), "UTC−5"},
		"known city": {ru.Zone(moscow, at), "Москва, UTC+3"},
		"other city": {ru.Zone(delhi, at), "Kolkata, UTC+5:30"},
		"two words":  {ru.Zone(york, at), "Нью-Йорк, UTC−5"},
		"utc zone":   {ru.Zone(time.UTC, at), "UTC"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got %q, want %q", name, c[0], c[1])
		}
	}
}

func TestErrorPage(t *testing.T) {
	t.Parallel()
	w := open(t)
	f := w.Frame(web.English)
	got := f.Error("unauthenticated", "", nil, "")
	if got.Title != "Sign in first" || len(got.Next) != 3 || got.Next[0].URL != "/login" {
		t.Errorf("sign in is not offered first: %+v", got)
	}
	if got := f.Error("novel", "", nil, "ab12"); got.Kind != "internal" || got.ID != "ab12" {
		t.Errorf("an unknown kind must look internal: %+v", got)
	}
}
