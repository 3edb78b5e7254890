package site_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer"
)

// TestNobodyIsLedToOneWhoNeverCame opens a profile that was carried over and
// shown before its owner came: no way to write, no word of a life here.
func TestNobodyIsLedToOneWhoNeverCame(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		list := `[{"id":7,"name":"Ada L","title":"Go","about":"Учу горутинам","description":"","experience":"2-5","price":"3000 руб","tags":"Go"}]`
		if _, err := w.Transfer.Import(t.Context(), transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(list), Publish: true}); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		tutors, err := w.Catalogue.Newest(t.Context(), "tutor", 1)
		if err != nil || len(tutors) != 1 {
			t.Fatalf("%d tutors: %v", len(tutors), err)
		}
		w.Person("ben").Profile(nil).Is(http.StatusOK)
		w.Settle()
		kid, path := w.Visitor(), tutors[0].URL
		page := kid.Get(path).Is(http.StatusOK).Has("#unclaimed", `#unclaimed a[href^="/search?kind=tutor"]`, `.grid a[href="/tutors/ben"]`).
			Says("Профиль перенесён", "Написать ему пока нельзя").Lacks(".asks", `a[href*="/ask"]`, ".when .live")
		services, err := w.Catalogue.Newest(t.Context(), "service", 1)
		if err != nil || len(services) != 1 {
			t.Fatalf("%d services: %v", len(services), err)
		}
		service := kid.Get(services[0].URL).Is(http.StatusOK).Has("#unclaimed a").Lacks(".asks", `a[href*="/ask"]`)
		for _, p := range []*apptest.Page{page, service} {
			for _, never := range []string{"новых учеников", "на этой неделе"} {
				if strings.Contains(p.Body, never) {
					t.Errorf("%s says %q", p.Path, never)
				}
			}
		}
		kid.Get(path+"/ask").Is(http.StatusOK).Has("#refused a", `.grid a[href="/tutors/ben"]`).Says("Написать ему пока нельзя").Lacks("form#ask", "#troubles", "#unsent")
		kid.Get("/tutors/ben").Is(http.StatusOK).Has(".asks", ".when .live").Lacks("#unclaimed")
	})
}

// TestWordsWaitForATutorWhoLeft: what waited over the sign-in is given back
// when the tutor went on pause meanwhile, by the tutor's own calendar.
func TestWordsWaitForATutorWhoLeft(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(fill{"timezone": {"Europe/Moscow"}}).Is(http.StatusOK)
		ada.Service(nil).Is(http.StatusOK)
		service := strings.Replace(ada.Services()[0], "/me", "", 1)
		kid := w.Visitor()
		signup := kid.Get("/tutors/ada/ask").Send("form#ask", fill{"goal": {wish}, "expectation": {"По вечерам"}}).Is(http.StatusOK)
		at := w.Clock.Now().Add(27 * 24 * time.Hour)
		until := at.Format("2006-01-02")
		ada.Profile(fill{"timezone": {"Europe/Moscow"}, "state": {"paused"}, "paused_until": {until}}).Is(http.StatusOK)

		code := signup.Send(`form[action$="/signup"]`, fill{"handle": {"beginner"}}).Is(http.StatusOK)
		welcome := code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		back := welcome.Follow(`main a[href*="/ask"]`).Is(http.StatusOK).Has("#refused").Lacks("form#ask", "#troubles")
		if got := back.Text("#unsent"); !strings.Contains(got, wish) || !strings.Contains(got, "По вечерам") {
			t.Errorf("given back: %q", got)
		}
		months := strings.Fields("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")
		day := strconv.Itoa(at.Day()) + "\u00a0" + months[at.Month()-1]
		for _, p := range []*apptest.Page{ada.Get("/me"), back, kid.Get("/tutors/ada"), kid.Get(service)} {
			if !strings.Contains(p.Is(http.StatusOK).Body, "до "+day) {
				t.Errorf("%s does not name %s: %s", p.Path, day, p.Text(".notice"))
			}
		}
	})
}
