package site_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// TestClaimPreview reads a draft by its code before anything is decided: its
// words, no name and no contact, and nothing is spent by it.
func TestClaimPreview(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		var claims bytes.Buffer
		list := `[{"id":7,"name":"Тест Тестов","title":"Разработчик","workplace":"ООО Тайна","about":"Учу горутинам. Пиши @testov_tg",` +
			`"description":"<script>x</script>","experience":"2-5","price":"3000 руб","tags":"Go","link":"https://source.example/7"}]`
		if _, err := w.Transfer.Import(t.Context(), transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(list), Claims: &claims}); err != nil {
			t.Fatal(err)
		}
		code := claimCode.FindString(claims.String())
		c := w.Visitor()
		form := c.Get("/claim").Is(http.StatusOK).Lacks("#draft")
		form.Send(`form[action="/claim"]`, fill{"code": {"AAAAA"}, "preview": {"1"}}).Is(http.StatusUnprocessableEntity).Has("#f-code-error").Lacks("#draft")
		shown := form.Send(`form[action="/claim"]`, fill{"code": {strings.ToLower(code)}, "preview": {"1"}}).Is(http.StatusOK).Has("#draft").Says("Учу горутинам", "Go")
		for _, never := range []string{"Тест Тестов", "ООО Тайна", "testov_tg", "source.example"} {
			if strings.Contains(shown.Text("#draft"), never) {
				t.Errorf("the draft shows %q", never)
			}
		}
		shown.Lacks("#draft a", "#draft script")
		if got := shown.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("the draft may be kept: %q", got)
		}
		if shown.Path != "/claim" {
			t.Errorf("the code stands in the address: %s", shown.Path)
		}
		if p := c.Get("/me"); p.Path == "/me" {
			t.Error("looking signed somebody in")
		}
		shown.Send(`form[action="/claim"]`, fill{"handle": {"testov"}}).Is(http.StatusOK).Has("#recovery-code")
		// That answer may be lost on its way: the code is good until one was seen.
		again := w.Visitor()
		preview := again.Get("/claim").Send(`form[action="/claim"]`, fill{"code": {code}, "preview": {"1"}}).Is(http.StatusOK).Has("#draft")
		preview.Send(`form[action="/claim"]`, fill{"handle": {"testov"}}).Is(http.StatusOK).Has("#recovery-code").
			Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		again.Get("/me").Is(http.StatusOK).Says("testov")
		w.Visitor().Get("/claim").Send(`form[action="/claim"]`, fill{"code": {code}, "preview": {"1"}}).Is(http.StatusUnprocessableEntity).Lacks("#draft")
	})
}
