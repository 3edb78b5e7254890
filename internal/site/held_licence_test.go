package site_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
)

// TestATutorShowsLicences shows one on the profile, takes it off, and lets it
// end; a paid service that names a work is told so only while there is none.
func TestATutorShowsLicences(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ben.Profile(nil).Is(http.StatusOK)
		work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{})
		ben.Service(fill{"title": {"Разбор"}, "rules": {"Берём «120 задач по Python» и решаем"}}).Is(http.StatusOK)
		own := ben.Services()[0]
		hint := `#unlicensed a[href="/works/` + work.ID + `/licence"]`
		ben.Get(own).Is(http.StatusOK).Has(hint)
		public := strings.Replace(own, "/me", "", 1)
		ben.Get(public).Is(http.StatusOK).Has(hint)
		w.Visitor().Get(public).Is(http.StatusOK).Lacks("#unlicensed")
		ben.Get(own).Send(`form[action="`+own+`"]`, fill{"pricing": {"free"}}).Is(http.StatusOK)
		ben.Get(own).Is(http.StatusOK).Lacks("#unlicensed")
		ben.Get(own).Send(`form[action="`+own+`"]`, fill{"pricing": {"amount"}, "price": {"1000"}, "currency": {"RUB"}}).Is(http.StatusOK)
		ben.Get(own).Is(http.StatusOK).Has(hint)

		at := settled(t, ada, ben, orders(t, ben, work))
		ben.Get(own).Is(http.StatusOK).Lacks("#unlicensed")
		w.Visitor().Get("/tutors/ben").Is(http.StatusOK).Lacks("#held")
		ben.Get(at).Send(`form[action$="/show"]`, fill{"shown": {"1"}}).Is(http.StatusOK)
		page := w.Visitor().Get("/tutors/ben").Is(http.StatusOK).Says("Лицензии для занятий", "120 задач по Python").Has(`#held a[href="/works/` + work.ID + `"]`)
		if id := strings.TrimPrefix(at, "/licences/"); strings.Contains(page.Body, id) {
			t.Error("the profile names the certificate")
		}
		ben.Get(at).Send(`form[action$="/show"]`, fill{"shown": {""}}).Is(http.StatusOK)
		w.Visitor().Get("/tutors/ben").Is(http.StatusOK).Lacks("#held")
		ben.Get(at).Send(`form[action$="/show"]`, fill{"shown": {"1"}}).Is(http.StatusOK)
		w.Later(31 * 24 * time.Hour)
		w.Visitor().Get("/tutors/ben").Is(http.StatusOK).Lacks("#held")
		w.Visitor().Get(strings.Replace(at, "/licences/", "/v/", 1)).Says("Что ещё можно", "Начатую партию копий", "этого отозвать нельзя", "Было можно").Has("#afterwards .bad")
	})
}

// TestDecisionsAboutLicencesAreOpen reads what moderators decided, without
// names and without the words of an appeal.
func TestDecisionsAboutLicencesAreOpen(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		mod := w.Moderator("mila", w.SetUp("olga", nil))
		ada, ben, eve := w.Person("ada"), w.Person("ben"), w.Person("eve")
		w.Visitor().Get("/transparency").Is(http.StatusOK).Follow(`a[href="/transparency/licences"]`).Is(http.StatusOK).Says("пока не решены").Lacks("li.panel")
		work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{})
		at := settled(t, ada, ben, orders(t, ben, work))
		ada.Get(at+"/revoke").Send(`form[action$="/revoke"]`, fill{"ground": {"out_of_scope"}, "reason": {"Продаёт копии в третьей стране"}}).Is(http.StatusOK)
		ben.Get(at).Send(`form[action$="/appeal"]`, fill{"appeal": {"Копии продавал не я, вот чужой магазин"}}).Is(http.StatusOK)
		action := mod.Get("/admin/appeals").Attr(`form[action*="/admin/appeals/"]`, "action")
		mod.Post(action, map[string][]string{"csrf": {mod.CSRF()}, "decision": {"reversed"}, "reason": {"Магазин чужой: это видно по владельцу"}}).Is(http.StatusOK)
		if _, err := w.Licences.Claim(t.Context(), actor(t, w, eve), work.ID, "Половина задач взята из моей книги", "https://example.org/book"); err != nil {
			t.Fatal(err)
		}
		claims, err := w.Licences.OpenClaims(t.Context(), actor(t, w, mod))
		if err != nil || len(claims) != 1 {
			t.Fatal(claims, err)
		}
		w.Visitor().Get("/transparency/licences").Lacks(`[aria-labelledby=claims] li`)
		if _, err := w.Licences.DecideClaim(t.Context(), actor(t, w, mod), claims[0].ID, false, "Книга вышла позже задач, это видно по датам"); err != nil {
			t.Fatal(err)
		}
		page := w.Visitor().Get("/transparency/licences").Is(http.StatusOK).Says("третьей стране", "Магазин чужой", "Отзыв отменён", "Половина задач", "Книга вышла позже", "Возражение отклонено")
		page.Has(`a[href="/v/`+strings.TrimPrefix(at, "/licences/")+`"]`, `a[href="/works/`+work.ID+`"]`)
		for _, secret := range []string{"Копии продавал", "ben", "eve", "mila"} {
			if strings.Contains(page.Text("main"), secret) {
				t.Errorf("everybody reads %q", secret)
			}
		}
	})
}
