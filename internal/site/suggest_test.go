package site_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// TestAWorkIsSuggested as its title is typed, to people and programs, and no
// more once it is withdrawn: even while the index still knows it.
func TestAWorkIsSuggested(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
		id := registers(t, ada, fill{"title": {"Мармеладные указатели"}})
		const typed = "?q=%D0%BC%D0%B0%D1%80%D0%BC%D0%B5%D0%BB" // мармел
		asks := func(base, path string) string {
			return strings.TrimSpace(w.Visitor().Get(base + path + typed).Is(http.StatusOK).Body)
		}
		expect := func(page, program string) {
			t.Helper()
			if got := asks("", "/search/suggest"); got != page {
				t.Errorf("the page is told %s, want %s", got, page)
			}
			if got := asks("/api/v1", "/search/suggest"); got != program {
				t.Errorf("a program is told %s, want %s", got, program)
			}
		}
		w.Settle()
		expect("[]", `{"items":[]}`)
		publishes(ada, id)
		w.Settle()
		expect(`[{"type":"work","text":"Мармеладные указатели","value":"Мармеладные указатели","url":"/works/`+id+`"}]`,
			`{"items":[{"type":"work","text":"Мармеладные указатели","value":"`+id+`"}]}`)
		w.Visitor().Get("/").Has(`form.search[data-work="работа"]`)
		w.Visitor().Get("/en/").Has(`form.search[data-work="work"]`)
		ada.Get("/me/works/"+id).Send(`form[action="/me/works/`+id+`/state"]:has(button[value=withdrawn])`, fill{"state": {"withdrawn"}}).Is(http.StatusOK)
		expect("[]", `{"items":[]}`)
		w.Settle()
		expect("[]", `{"items":[]}`)
	})
}
