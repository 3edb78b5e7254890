package site_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// chips are the labels of a page's chips with the texts that they search.
func chips(t *testing.T, p *apptest.Page) map[string]string {
	t.Helper()
	out := map[string]string{}
	labels := p.Texts(`ul.chips li a:not(.clear)`)
	for i, href := range p.Attrs(`ul.chips li a:not(.clear)`, "href") {
		u, err := url.Parse(href)
		if err != nil {
			t.Fatal(err)
		}
		label := strings.Join(strings.Fields(strings.TrimSuffix(labels[i], ", убрать")), " ")
		out[label] = u.Query().Get("q")
	}
	return out
}

func TestWhatWasReadOutOfTheTextCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada := w.Person("ada")
	ada.Profile(fill{"headline": {"Собеседования по Go"}}).Is(http.StatusOK)
	for text, want := range map[string]map[string]string{
		"Наставник Go":        {"Сначала: Наставники": "Go"},
		"yfcnfdybr":           {"Наставники": ""},
		"Go на русском":       {"Русский": "Go"},
		"Go от 500 до 2000 ₽": {"≥ 500 ₽, до 2 000 ₽": "Go"},
		"Go до 2000":          {"до 2 000 ₽": "Go"},
		"Go бесплатно":        {"Бесплатно": "Go"},
		"Go":                  {},
	} {
		page := w.Visitor().Get("/search?q=" + url.QueryEscape(text)).Is(http.StatusOK)
		if diff := cmp.Diff(want, chips(t, page)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	page := w.Visitor().Get("/search?q=" + url.QueryEscape("наставник") + "&newcomer=1").Is(http.StatusOK).Has(`a[href$="/tutors/ada"]`)
	if !slices.ContainsFunc(page.Links(), func(l string) bool { return strings.HasSuffix(l, "/search?newcomer=1") }) {
		t.Errorf("no link keeps the filter without the words: %v", page.Links())
	}
}
