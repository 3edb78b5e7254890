package site_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
)

// licensed lets who buy a licence of ada's work and ada confirm it, and gives
// the address of the licence's page.
func licensed(t *testing.T, w *apptest.World, seller, buyer *apptest.Person) string {
	t.Helper()
	path := orders(t, buyer, sells(t, w, seller, "CC-BY-NC-4.0", licence.OfferInput{}))
	return settled(t, seller, buyer, path)
}

func settled(t *testing.T, seller, buyer *apptest.Person, path string) string {
	t.Helper()
	seller.Get(path).Send("#details form", fill{"text": {"Перевод по номеру"}}).Is(http.StatusOK)
	buyer.Get(path).Send("#claim form", nil).Is(http.StatusOK)
	seller.Get(path).Send("#confirm form", fill{"amount": {"600"}}).Is(http.StatusOK)
	at := buyer.Get(path).Is(http.StatusOK).Attr(`.turnbox a[href^="/licences/L-"]`, "href")
	if at == "" {
		t.Fatal("no licence came of the order")
	}
	return at
}

// checked sends a file to the public check.
func checked(t *testing.T, w *apptest.World, content string) *apptest.Page {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreateFormFile("file", "licence.jwt")
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, w.URL+"/verify", &b)
	req.RequestURI = ""
	req.Header.Set("Content-Type", form.FormDataContentType())
	return w.Visitor().Do(req)
}

// TestALicenceIsShownAndChecked reads a licence as its buyer, its seller, a
// stranger and one with the secret address, and checks its file.
func TestALicenceIsShownAndChecked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben, eve := w.Person("ada"), w.Person("ben"), w.Person("eve")
		at := licensed(t, w, ada, ben)
		id := strings.TrimPrefix(at, "/licences/")

		own := ben.Get(at).Is(http.StatusOK).Says("Действует", "Это твоя лицензия", "Можно", "Нельзя", "Остаётся навсегда").Has("figure.qr svg", `a[href="`+at+`.jwt"]`, `a[href="`+at+`.pdf"]`)
		pseudonym := own.Text(".holder code")
		open := w.Visitor().Get("/v/"+id).Is(http.StatusOK).Says("Действует", "Подпись сошлась", "Имени покупателя здесь нет").Has("figure.qr svg", "#file form").Lacks(".holder", `a[href$=".jwt"]`)
		if text := open.Text("body"); strings.Contains(text, pseudonym) || strings.Contains(text, "ben") {
			t.Error("everybody reads who bought it")
		}
		ada.Get(at).Is(http.StatusOK).Has(`a[href="`+at+`/revoke"]`).Lacks(".holder", `a[href="`+at+`.jwt"]`)
		ada.Get(at + ".jwt").Is(http.StatusNotFound)
		eve.Get(at).Is(http.StatusNotFound)
		eve.Get(at + ".pdf").Is(http.StatusNotFound)
		w.Visitor().Get("/v/L-0000000000").Is(http.StatusNotFound)

		jwt := string(ben.Get(at + ".jwt").Is(http.StatusOK).Body)
		if pdf := ben.Get(at + ".pdf").Is(http.StatusOK).Body; !strings.HasPrefix(pdf, "%PDF-") || pdf != ben.Get(at+".pdf").Body {
			t.Error("the paper is no PDF, or another one each time")
		}
		checked(t, w, jwt+"\n").Is(http.StatusOK).Says("Файл настоящий, лицензия действует", id, pseudonym).Has(`a[href="/v/` + id + `"]`)
		checked(t, w, jwt[:len(jwt)-8]+"AAAAAAAA").Is(http.StatusOK).Says("Подделка или порча").Lacks("dl.facts")
		checked(t, w, "hello").Is(http.StatusOK).Says("Подделка или порча")
		checked(t, w, "").Is(http.StatusUnprocessableEntity).Says("Выбери файл")
		checked(t, w, strings.Repeat("x", 70_000)).Is(http.StatusUnprocessableEntity).Says("больше 64 КБ")

		link := own.Send(`form[action$="/link"]`, nil).Is(http.StatusOK).Text("#share")
		secret := strings.TrimPrefix(link, w.URL)
		w.Visitor().Get(secret).Is(http.StatusOK).Says(pseudonym).Has(`a[href*=".jwt?key="]`).Lacks(`form[action$="/link"]`)
		if got := w.Visitor().Get(strings.Replace(secret, "?", ".jwt?", 1)).Is(http.StatusOK).Body; string(got) != jwt {
			t.Error("the secret address gives another file")
		}
		ben.Get(at).Send(`form[action$="/link/end"]`, nil).Is(http.StatusOK)
		w.Visitor().Get(secret).Is(http.StatusNotFound)
	})
}

// TestOthersCheckWithoutUs reads what a program needs to check a licence.
func TestOthersCheckWithoutUs(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		licensed(t, w, w.Person("ada"), w.Person("ben"))
		var keys struct{ Keys []map[string]any }
		if err := json.Unmarshal([]byte(w.Visitor().Get("/.well-known/jwks.json").Is(http.StatusOK).Body), &keys); err != nil || len(keys.Keys) == 0 || keys.Keys[0]["d"] != nil {
			t.Errorf("the keys are %v, %v", keys, err)
		}
		for _, n := range []string{"1", "2"} {
			if body := w.Visitor().Get("/licences/status/" + n).Is(http.StatusOK).Body; strings.Count(body, ".") != 2 {
				t.Errorf("list %s is %.40s", n, body)
			}
		}
		w.Visitor().Get("/licences/status/99").Is(http.StatusNotFound)
		w.Visitor().Get("/licences/status/x").Is(http.StatusNotFound)
		if body := w.Visitor().Get("/schemas/licence.json").Is(http.StatusOK).Body; !json.Valid([]byte(body)) {
			t.Error("the schema is no JSON")
		}
		w.Visitor().Get("/terms/CL-1.0").Is(http.StatusOK).Says("неисключительная")
		w.Visitor().Get("/en/terms/CL-1.0").Is(http.StatusOK).Says("non-exclusive")
		w.Visitor().Get("/terms/CL-9.9").Is(http.StatusNotFound)
		w.Visitor().Get("/terms/CL-1.0.md").Is(http.StatusOK)
	})
}

// TestARevocationIsAnnouncedAndAppealed goes through the whole of it by forms.
func TestARevocationIsAnnouncedAndAppealed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		op := w.SetUp("olga", nil)
		mod := w.Moderator("mila", op)
		ada, ben, eve := w.Person("ada"), w.Person("ben"), w.Person("eve")
		at := licensed(t, w, ada, ben)
		ben.Get(at + "/revoke").Is(http.StatusNotFound)
		eve.Get(at + "/revoke").Is(http.StatusNotFound)

		form := ada.Get(at + "/revoke").Is(http.StatusOK)
		bad := form.Send(`form[action$="/revoke"]`, fill{"ground": {"out_of_scope"}, "reason": {"коротко"}}).Is(http.StatusUnprocessableEntity).Has("#f-reason-error")
		if got := bad.Text("#f-reason"); got != "коротко" {
			t.Errorf("what was typed became %q", got)
		}
		ada.Get(at+"/revoke").Send(`form[action$="/revoke"]`, fill{"ground": {"out_of_scope"}, "reason": {"Продаёт копии в третьей стране, хотя договорились иначе"}}).
			Is(http.StatusOK).Says("Лицензия будет отозвана", "Передумал")
		w.Visitor().Get(strings.Replace(at, "/licences/", "/v/", 1)).Is(http.StatusOK).Says("Действует", "Объявлен отзыв", "третьей стране")

		told := ben.Get(at).Is(http.StatusOK).Says("Лицензия будет отозвана").Send(`form[action$="/appeal"]`, fill{"appeal": {"нет"}}).Is(http.StatusUnprocessableEntity)
		if got := told.Text("#f-appeal"); got != "нет" {
			t.Errorf("the typed appeal became %q", got)
		}
		ben.Get(at).Send(`form[action$="/appeal"]`, fill{"appeal": {"Копии продавал не я, вот ссылка на чужой магазин"}}).Is(http.StatusOK).Says("обжаловал отзыв")
		eve.Get("/admin/appeals").Is(http.StatusForbidden)
		queue := mod.Get("/admin/appeals").Is(http.StatusOK).Says("Копии продавал не я", "третьей стране")
		queue.Send(`form[action*="/admin/appeals/"]`, fill{"reason": {"да"}}).Is(http.StatusUnprocessableEntity)
		judge := mod.Get("/admin/appeals")
		mod.Post(judge.Attr(`form[action*="/admin/appeals/"]`, "action"), map[string][]string{"csrf": {mod.CSRF()}, "decision": {"reversed"},
			"reason": {"Магазин чужой: это видно по его владельцу"}}).Is(http.StatusOK).Says("Возражений нет")
		w.Clock.Advance(30 * 24 * time.Hour)
		ben.Get(at).Is(http.StatusOK).Says("Модератор отменил отзыв", "Магазин чужой")
	})
}

// TestMineAndSold reads the lists of both sides, their feeds and files.
func TestMineAndSold(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ben.Get("/me/licences").Is(http.StatusOK).Says("Лицензий пока нет")
		ada.Get("/me/sales").Is(http.StatusOK).Says("Пока ничего не выдано")
		w.Visitor().Get("/me/licences").Is(http.StatusOK).Has(`form[action$="/login"]`)
		at := licensed(t, w, ada, ben)
		id := strings.TrimPrefix(at, "/licences/")

		list := ben.Get("/me/licences").Is(http.StatusOK).Says("Действует", id).Has(`a[href="` + at + `"]`)
		on := list.Send(`form[action$="/feed"]`, nil).Is(http.StatusOK)
		atom, ics := strings.TrimPrefix(on.Text("#feed-atom"), w.URL), strings.TrimPrefix(on.Text("#feed-ics"), w.URL)
		if body := string(w.Visitor().Get(atom).Is(http.StatusOK).Body); !strings.Contains(body, id) {
			t.Errorf("the feed is %.200s", body)
		}
		if body := string(w.Visitor().Get(ics).Is(http.StatusOK).Body); !strings.HasPrefix(body, "BEGIN:VCALENDAR\r\n") || !strings.Contains(body, "Кончается") {
			t.Errorf("the calendar is %.200s", body)
		}
		on.Send(`form[action$="/feed/end"]`, nil).Is(http.StatusOK)
		w.Visitor().Get(atom).Is(http.StatusNotFound)

		sales := ada.Get("/me/sales").Is(http.StatusOK).Says(id, "600")
		if strings.Contains(sales.Text("main"), "ben") {
			t.Error("the register names the buyer")
		}
		if csv := string(ada.Get("/me/sales.csv").Is(http.StatusOK).Body); !strings.Contains(csv, id) {
			t.Errorf("the register is %.200s", csv)
		}
		if body := ada.Get("/me/sales.json").Is(http.StatusOK).Body; !json.Valid([]byte(body)) || !strings.Contains(body, id) {
			t.Errorf("the register is %.200s", body)
		}
		if csv := string(ben.Get("/me/sales.csv").Is(http.StatusOK).Body); strings.Contains(csv, id) {
			t.Error("a buyer reads the seller's register")
		}
	})
}
