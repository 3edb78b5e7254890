package sheet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/sheet"
)

func russian() sheet.Certificate {
	return sheet.Certificate{
		Lang: "ru", Dated: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC),
		Brand: "Одуванчик · board.example", Heading: "Коммерческая лицензия", ID: "L-7K2QM0XV9R",
		Summary:   "Можно копировать и показывать на платных занятиях до 30 мая 2026 года.",
		WorkLabel: "Работа", Work: "Алгоритмы и структуры данных: курс для тех, кто начинает", WorkNote: "Версия 3 · ada · обычная лицензия CC BY-NC 4.0",
		FromLabel: "Действует с", From: "1 марта 2026, 09:30 UTC", UntilLabel: "Действует до", Until: "30 мая 2026, 09:30 UTC",
		TermNote: "Начатое можно закончить до 29 июня 2026. Опубликованное остаётся, с именем автора.",
		Rows: []sheet.Row{
			{"Даёт", "ada-sells"}, {"Получает", "тихий-клён-42 (псевдоним только для этой лицензии)"},
			{"Можно", "копировать, показывать"}, {"Где", "обучение: занятия и группы · Казахстан, Россия · до 12 учеников"},
			{"Цена", "1 500 ₽ · заказ 0192F-77"}, {"Условия", "CL-1.0 · sha256 0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c"},
		},
		AttributionLabel: "Строка, которая стоит рядом с каждой копией",
		Attribution:      "«Алгоритмы и структуры данных», ada, CC BY-NC 4.0, https://ada.example/course",
		VerifyLabel:      "Как проверить", Verify: []string{
			"Наведи камеру на код: страница скажет, действует ли лицензия сейчас.",
			"Сравни номер и работу со страницей.",
			"Без сети: oduvan licence verify файл.jwt",
		},
		Link: "https://board.example/v/L-7K2QM0XV9R", QR: "https://board.example/v/L-7K2QM0XV9R#ungWv48Bz-pBQUDeXa4iI7",
		Notes: []string{
			"CC BY-NC 4.0 остаётся у всех: эта лицензия ничего из неё не отнимает. Это не передача прав, лицензия неисключительная, её нельзя передать или перепродать.",
			"Бумага — копия. Силу имеют подписанный сертификат и то, что отвечает страница проверки.",
		},
	}
}

func english() sheet.Certificate {
	c := russian()
	c.Lang, c.Brand, c.Heading = "en", "Oduvan · board.example", "Commercial licence"
	c.Summary = "To copy and show it in paid lessons until 30 May 2026."
	c.WorkLabel, c.Work, c.WorkNote = "Work", "Algorithms and data structures: a course for those who begin", "Version 3 · ada · base licence CC BY-NC 4.0"
	c.FromLabel, c.From, c.UntilLabel, c.Until = "Valid from", "1 March 2026, 09:30 UTC", "Valid until", "30 May 2026, 09:30 UTC"
	c.TermNote = "What was begun may be finished until 29 June 2026. What is published stays, with the author's name."
	c.Rows = []sheet.Row{{"Licensor", "ada-sells"}, {"Licensee", "quiet-maple-42 (a pseudonym made for this licence only)"}, {"Uses", "reproduce, present"},
		{"Scope", "teaching: lessons and groups · Kazakhstan, Russia · up to 12 learners"}, {"Price", "1,500 ₽ · order 0192F-77"}, {"Terms", "CL-1.0"}}
	c.AttributionLabel, c.Attribution = "The line that stays beside every copy", "“Algorithms and data structures”, ada, CC BY-NC 4.0, https://ada.example/course"
	c.VerifyLabel = "How to check"
	c.Verify = []string{"Point a camera at the code: the page says whether the licence holds now.", "Compare the number and the work with the page.", "Without a network: oduvan licence verify FILE.jwt"}
	c.Notes = []string{"CC BY-NC 4.0 stays with everybody: this licence takes nothing from it. It is not a transfer of rights; it is non-exclusive and cannot be handed on or resold."}
	return c
}

// long has every text as long as a certificate may say it.
func long() sheet.Certificate {
	c := russian()
	c.Heading, c.Summary = strings.Repeat("Очень длинная лицензия ", 8), strings.Repeat("Много слов о том, что можно. ", 20)
	c.Work, c.Attribution = strings.Repeat("Название ", 55), strings.Repeat("https://ada.example/"+strings.Repeat("W", 178)+" ", 5)
	for range 30 {
		c.Rows = append(c.Rows, sheet.Row{"Ещё одна длинная строка списка", strings.Repeat("много слов ", 40)})
	}
	return c
}

func pdf(t testing.TB, c sheet.Certificate) []byte {
	t.Helper()
	out, err := sheet.PDF(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPDFHasTheSameBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]sheet.Certificate{"ru": russian(), "en": english()} {
		first := pdf(t, c)
		if !bytes.HasPrefix(first, []byte("%PDF-1.")) || !bytes.Contains(first, []byte("D:20260301093000")) {
			t.Errorf("%s: %.60q", name, first)
		}
		for range 4 {
			if !bytes.Equal(pdf(t, c), first) {
				t.Fatalf("%s: other bytes", name)
			}
		}
		if pages(first) != 1 {
			t.Errorf("%s: %d pages", name, pages(first))
		}
		if len(first) > 200<<10 {
			t.Errorf("%s: %d bytes", name, len(first))
		}
		if dir := os.Getenv("SHEET_TEST_DIR"); dir != "" { // to be looked at
			_ = os.WriteFile(filepath.Join(dir, name+".pdf"), first, 0o600)
			_ = os.WriteFile(filepath.Join(dir, "long.pdf"), pdf(t, long()), 0o600)
		}
	}
}

func pages(pdf []byte) int { return len(regexp.MustCompile(`/Type /Page\b[^s]`).FindAll(pdf, -1)) }

func TestLongTextsGoOnToTheNextPage(t *testing.T) {
	t.Parallel()
	if n := pages(pdf(t, long())); n < 2 {
		t.Errorf("%d pages", n)
	}
}

func TestPDFRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(c *sheet.Certificate){
		"no heading": func(c *sheet.Certificate) { c.Heading = "" }, "no id": func(c *sheet.Certificate) { c.ID = "" },
		"no work": func(c *sheet.Certificate) { c.Work = "" }, "no end": func(c *sheet.Certificate) { c.Until = "" },
		"no code": func(c *sheet.Certificate) { c.QR = "" }, "no date": func(c *sheet.Certificate) { c.Dated = time.Time{} },
		"huge code": func(c *sheet.Certificate) { c.QR = strings.Repeat("x", 4000) },
		"huge text": func(c *sheet.Certificate) { c.Attribution = strings.Repeat("x", 5000) },
		"huge list": func(c *sheet.Certificate) { c.Rows = make([]sheet.Row, 101) },
	} {
		c := russian()
		spoil(&c)
		if out, err := sheet.PDF(c); err == nil || out != nil {
			t.Errorf("%s: %d bytes", name, len(out))
		}
	}
}

// FuzzPDF: titles and lines are typed by strangers.
func FuzzPDF(f *testing.F) {
	f.Add("Курс 😀", "a\u202eb\ufe0f")
	f.Add("\xff\x00(\\)", "https://"+strings.Repeat("я", 300))
	f.Fuzz(func(t *testing.T, work, line string) {
		c := russian()
		c.Work, c.Attribution, c.Rows = work, line, []sheet.Row{{line, work}}
		out, err := sheet.PDF(c)
		if (err != nil) != (work == "" || utf8.RuneCountInString(work) > 1000 || utf8.RuneCountInString(line) > 1000) {
			t.Fatalf("%q, %q: %v", work, line, err)
		}
		if err == nil && pages(out) < 1 {
			t.Fatal("no page")
		}
	})
}

// TestAnyTitleCanBePrinted: whatever strangers type, every character the font
// lacks included.
func TestAnyTitleCanBePrinted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := russian()
		c.Work = "x" + rapid.StringN(0, 300, -1).Draw(t, "work")
		c.Attribution = rapid.SampledFrom([]string{"", " ", "\x00", strings.Repeat("\u2003", 50), rapid.StringN(0, 900, -1).Draw(t, "line")}).Draw(t, "one")
		if out, err := sheet.PDF(c); err != nil || pages(out) < 1 {
			t.Fatalf("%v", err)
		}
	})
}

func BenchmarkPDF(b *testing.B) {
	c := russian()
	for b.Loop() {
		pdf(b, c)
	}
}
