package apptest_test

import (
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// TestBoardFromTheFirstRunToASearch is the main way through the board without
// JavaScript, on both engines: first run, sign-up, profile, services, search,
// sign-in by code.
func TestBoardFromTheFirstRunToASearch(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		cho.Get("/admin").Is(http.StatusOK).Has(`form[action$="/admin"]`)
		cho.Get("/setup").Is(http.StatusNotFound)

		ada := w.Person("ada")
		ada.Profile(apptest.Fill{"name": {"Ада"}, "headline": {"Собеседования по Go"}}).Is(http.StatusOK)
		ada.Service(nil).Is(http.StatusOK)
		ada.Service(apptest.Fill{"title": {"Учебный план"}, "format": {"plan"}, "pricing": {"free"}}).Is(http.StatusOK)
		if got := len(ada.Services()); got != 2 {
			t.Fatalf("ada has %d services, want 2", got)
		}

		visitor := w.Visitor()
		visitor.Get("/search?q=собеседования").Is(http.StatusOK).Says("Ада").Has(`a[href$="/tutors/ada"]`)
		visitor.Get("/search?q=учебный+план&kind=service").Is(http.StatusOK).Says("Учебный план")
		visitor.Get("/tutors/ada").Is(http.StatusOK).Says("Ада", "Разбор кода", "Учебный план")

		first := ada.Code
		ada.SignIn()
		if ada.Code == first {
			t.Error("a used recovery code came back as the next one")
		}
		ada.Get("/me").Is(http.StatusOK)
		w.Visitor().Get("/login").Send(`form[action$="/login"]`, apptest.Fill{"code": {first}}).Is(http.StatusUnprocessableEntity)
	})
}
