package transfer_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// one reads a list of one mentor with the fields given.
func one(t testing.TB, fields map[string]any) transfer.Entry {
	t.Helper()
	entries, err := transfer.Read(transfer.GetMentor, list(t, fields))
	if err != nil {
		t.Fatal(err)
	}
	return entries[0]
}

func list(t testing.TB, people ...map[string]any) *strings.Reader {
	t.Helper()
	for i, fields := range people {
		if fields["id"] == nil {
			fields["id"] = i + 1
		}
		if fields["name"] == nil {
			fields["name"] = "Некто"
		}
	}
	text, err := json.Marshal(people)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReader(string(text))
}

func TestPrices(t *testing.T) {
	t.Parallel()
	const noted = "Цена в исходном списке: "
	for text, want := range map[string]string{
		"Бесплатно":              "0  60",
		"бесплатно.":             "0  60",
		"0":                      "0  60",
		"По договоренности":      "agreement",
		"По договорённости":      "agreement",
		"":                       "agreement",
		"3000 руб":               "300000 RUB",
		"3000 руб.":              "300000 RUB",
		"2 000 ₽ / час":          "200000 RUB",
		"2\u00a0000\u00a0₽":      "200000 RUB",
		"1500 руб за час":        "150000 RUB",
		"1500 рублей в час":      "150000 RUB",
		"50$":                    "5000 USD",
		"$50 per hour":           "5000 USD",
		"40 € an hour":           "4000 EUR",
		"15000 тенге":            "1500000 KZT",
		"30 byn":                 "3000 BYN",
		"от 2000 руб":            "200000 RUB " + noted + "от 2000 руб",
		"От 2000 руб/час":        "200000 RUB " + noted + "От 2000 руб/час",
		"3000 руб / 30 мин":      "300000 RUB " + noted + "3000 руб / 30 мин",
		"3000 руб за встречу":    "300000 RUB " + noted + "3000 руб за встречу",
		"1000-1500 руб":          "agreement " + noted + "1000-1500 руб",
		"3000":                   "agreement " + noted + "3000",
		"100 грн":                "agreement " + noted + "100 грн",
		"спроси":                 "agreement " + noted + "спроси",
		"-5 руб":                 "agreement " + noted + "-5 руб",
		"99999999999999999 руб":  "agreement " + noted + "99999999999999999 руб",
		"за спасибо и 1000 руб":  "agreement " + noted + "за спасибо и 1000 руб",
		strings.Repeat("1", 300): "agreement " + noted + strings.Repeat("1", 300),
	} {
		s := one(t, map[string]any{"price": text}).Services[0]
		got := "agreement"
		if s.Price != nil {
			got = fmt.Sprintf("%d %s", s.Price.Minor, s.Price.Currency)
			if s.Price.IsZero() {
				got += " 60"
			}
		}
		if s.Rules != "" {
			got += " " + s.Rules
		}
		if got != want || s.Minutes != 60 || s.Format != "call" {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestMarkupBecomesMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"a < b && c > d", "a < b && c > d"},
		{"x<y>z", "x<y>z"},
		{"<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"},
		{"<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>after", "- a\n- b\n  - c\n\nafter"},
		{"<ol><li>a<li>b</ol>", "1. a\n2. b"},
		{"<b>bold</b> and <em>soft</em> and <code>x</code>", "**bold** and *soft* and `x`"},
		{"<h2>Title</h2>text", "### Title\n\ntext"},
		{`<a href="https://example.org/x">here</a>`, "here (https://example.org/x)"},
		{`<a href="javascript:alert(1)">here</a>`, "here"},
		{"<script>alert(1)</script><p>ok</p><style>p{}</style>", "ok"},
		{"<p>&lt;b&gt; &amp; &nbsp;x</p>", "<b> & x"},
		{"<pre>a\n  b</pre>", "```\na\n  b\n```"},
		{"<div><b>open", "**open**"},
		{"</b></ul></a></p>text", "text"},
		{"one\r\n\r\n\r\n\r\ntwo  \r\nthree", "one\n\ntwo\nthree"},
	} {
		if diff := cmp.Diff(c.want, one(t, map[string]any{"about": c.in}).About); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
}

func TestTagsAndLanguages(t *testing.T) {
	t.Parallel()
	e := one(t, map[string]any{"tags": " Go, go ,, Python,\tSQL "})
	if diff := cmp.Diff([]string{"Go", "Python", "SQL"}, e.Skills); diff != "" {
		t.Error(diff)
	}
	entries, err := transfer.Read(transfer.CodingCoach, list(t, map[string]any{"id": "x@example.org", "spokenLanguages": []string{"EN", "pt-BR", "en", "xx-yy", ""}}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{[]string{"en", "pt"}, 2}, []any{entries[0].Languages, entries[0].Dropped["spokenLanguages"]}); diff != "" {
		t.Error(diff)
	}
}

// TestDraftsVeilFreeText: what leads to a person goes, the rest stays.
func TestDraftsVeilFreeText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t), here)
	report, _ := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: list(t, map[string]any{
		"name":  "Аглая Небылова",
		"title": "Аглая учит Go, www.aglaya.example.org",
		"about": "Меня зовут Аглая Небылова, для друзей Аглая. Небыловат не меняем.\nПочта aglaya@example.org, сайт HTTPS://Aglaya.example.org/me?x=1. Звони +7 999 123-45-67!",
		"price": "пиши на aglaya@example.org",
	})})
	if diff := cmp.Diff(map[string]int{"contacts": 3, "links": 2, "name": 1}, report.Dropped); diff != "" {
		t.Error(diff)
	}
	var row profile.Profile
	if err := w.Read(t.Context(), func(tx *db.Tx) error { return tx.NewSelect().Model(&row).Scan(t.Context()) }); err != nil {
		t.Fatal(err)
	}
	want := []string{
		row.Name + " учит Go, …",
		"Меня зовут " + row.Name + ", для друзей " + row.Name + ". Небыловат не меняем.\nПочта …, сайт … Звони …!",
	}
	if diff := cmp.Diff(want, []string{row.Headline, row.About}); diff != "" {
		t.Error(diff)
	}
	if text := w.text(t); strings.Contains(text, "Аглая") || strings.Contains(strings.ToLower(text), "aglaya") {
		t.Errorf("the person shows through: %s", text)
	}
}

// TestHandles: every name becomes a handle that an account may bear, and equal
// names different ones.
func TestHandles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t), here)
	names := []string{"Анна Щукина", "Анна Щукина", "Анна Щукина", "李小龍", "Admin", "api", "O'Neil Jr.", "42", "Я", "Қайрат Әуезов",
		strings.Repeat("Длинноеимя", 5), "-_-", "🌼"}
	var people []map[string]any
	for _, name := range names {
		people = append(people, map[string]any{"name": name, "title": "x", "price": ""})
	}
	_, rows := w.imports(t, transfer.Input{Format: transfer.GetMentor, Reader: list(t, people...), Publish: true})
	got := map[string]bool{}
	for i, row := range rows {
		if err := account.CheckHandle(row[0], account.Member); err != nil || got[row[0]] {
			t.Errorf("%s: handle %q: %v", names[i], row[0], err)
		}
		got[row[0]] = true
	}
	for _, want := range []string{"anna-shchukina", "anna-shchukina-2", "anna-shchukina-3", "o-neil-jr", "qayrat-auezov"} {
		if !got[want] {
			t.Errorf("no %s among %v", want, got)
		}
	}
}

// TestAnyTextIsKeptOrReported: for whatever texts, nothing is shortened without
// a line in the report, and what is kept is inside its bound.
func TestAnyTextIsKeptOrReported(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.StringMatching(`[а-яa-z]{1,90}`)
		text := func(label string, most int) string {
			return strings.Join(rapid.SliceOfN(word, 1, most).Draw(rt, label), " ")
		}
		title, about := text("title", 12), text("about", 400)
		entries, err := transfer.Read(transfer.GetMentor, list(t, map[string]any{"title": title, "about": about}))
		if err != nil {
			rt.Fatal(err)
		}
		e := entries[0]
		checkBounds(t, e)
		for field, pair := range map[string][2]string{"title": {title, e.Headline}, "about": {about, e.About}} {
			reported := false
			for _, s := range e.Shortened {
				reported = reported || s.Field == field && s.From == len([]rune(pair[0])) && s.To == len([]rune(pair[1]))
			}
			kept := strings.TrimSuffix(pair[1], "…")
			if reported == (pair[0] == pair[1]) || !strings.HasPrefix(pair[0], kept) {
				rt.Fatalf("%s: %d characters became %d, reported: %v", field, len([]rune(pair[0])), len([]rune(pair[1])), reported)
			}
		}
	})
}
