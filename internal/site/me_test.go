package site_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer"
)

func TestProfileEditor(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Get("/me").Has(`.banner a[href="/me/profile"]`)
		saved := ada.Profile(fill{"name": {"Ада"}, "skill": {"python", "Жонглирование факелами"}, "link_title": {"Сайт", "", "", "", "", ""},
			"link_url": {"https://ada.example.org/", "", "", "", "", ""}}).Is(http.StatusOK)
		if saved.Path != "/me/profile" {
			t.Errorf("after saving: %s", saved.Path)
		}
		saved.Has(`input[name=skill][value=Python]`, `input[name=skill][value="Жонглирование факелами"]`, `input[name=link_url][value="https://ada.example.org/"]`,
			`input[name=formats][value=chat][checked]`, `option[value="Europe/Moscow"][selected]`, `input[name=state][value=open][checked]`)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK).Says("Ада", "Жонглирование факелами")

		bad := saved.Send(`form[action="/me/profile"]`, fill{"headline": {strings.Repeat("я", 161)}, "link_url": {"http://ada.example.org/", "", "", "", "", ""}}).
			Is(http.StatusUnprocessableEntity).Has("#f-headline-error", "#f-links-error", "#troubles a[href='#f-headline']")
		if got := bad.Attr("input[name=link_url]", "value"); got != "http://ada.example.org/" {
			t.Errorf("the typed link became %q", got)
		}
		preview := saved.Send(`form[action="/me/profile"]`, fill{"about": {"Совсем **новое**"}, "preview": {"1"}}).Is(http.StatusOK)
		preview.Has(".shown strong")
		w.Visitor().Get("/tutors/ada").Lacks("main .prose strong:contains(новое)")
		ada.Get("/me/profile").Lacks(".shown")
	})
}

func TestASecondTabLosesNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		one, two := ada.Get("/me/profile"), ada.Get("/me/profile")
		one.Send(`form[action="/me/profile"]`, fill{"about": {"Из первой вкладки"}, "headline": {"Первая"}}).Is(http.StatusOK)
		refused := two.Send(`form[action="/me/profile"]`, fill{"about": {"Из второй вкладки"}, "headline": {"Первая"}}).Is(http.StatusConflict)
		if got := refused.Text("#f-about"); got != "Из второй вкладки" {
			t.Errorf("the form holds %q", got)
		}
		if got := refused.Texts(".saved dd"); len(got) == 0 || got[0] != "Из первой вкладки" {
			t.Errorf("the other text is shown as %q", got)
		}
		refused.Send(`form[action="/me/profile"]`, nil).Is(http.StatusOK)
		if got := ada.Get("/me/profile").Text("#f-about"); got != "Из второй вкладки" {
			t.Errorf("saved again, the text is %q", got)
		}
		stale := one.Send(`form[action="/me/profile"]`, nil)
		stale.Is(http.StatusConflict)
	})
}

func TestContactsAreWarnedAbout(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		warned := ada.Profile(fill{"about": {"Звони +7 912 345-67-89"}}).Is(http.StatusUnprocessableEntity).Has("#f-confirm")
		warned.Says("телефон")
		w.Visitor().Get("/tutors/ada").Is(http.StatusNotFound)
		warned.Send(`form[action="/me/profile"]`, fill{"confirm": {"1"}}).Is(http.StatusOK)
		w.Visitor().Get("/tutors/ada").Is(http.StatusOK)

		ada.Service(fill{"summary": {"Пиши на ada@example.org"}}).Is(http.StatusUnprocessableEntity).Has("#f-confirm").
			Send(`form[action="/me/services/new"]`, fill{"confirm": {"1"}}).Is(http.StatusOK)
		ada.Profile(fill{"about": {"+7 912 345-67-89"}, "state": {"draft"}}).Is(http.StatusOK) // nobody else sees a draft
	})
}

func TestPauseAndReturn(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		until := w.Clock.Now().AddDate(0, 0, 10).Format(time.DateOnly)
		ada.Get("/me/profile").Send(`form[action="/me/profile"]`, fill{"state": {"paused"}, "paused_until": {until}}).Is(http.StatusOK)
		if got := ada.Get("/me/profile").Attr("#f-paused_until", "value"); got != until {
			t.Errorf("paused until %s, shown %s", until, got)
		}
		ada.Get("/me/profile").Send(`form[action="/me/profile"]`, fill{"paused_until": {"2001-01-01"}}).
			Is(http.StatusUnprocessableEntity).Has("#f-paused_until-error")
		ada.Get("/me").Send(`.banner form[action="/me/open"]`, nil).Is(http.StatusOK).Lacks(`form[action="/me/open"]`)
		w.Visitor().Get("/search?q=go").Has(`a[href="/tutors/ada"]`)
	})
}

func TestAProfileThatFellAsleepWakesWithOneClick(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		const day = 24 * time.Hour
		w.Later(61 * day)
		w.Later(15 * day)
		w.Visitor().Get("/search?q=go").Lacks(`a[href="/tutors/ada"]`)
		w.Clock.Advance(-76 * day) // the session's library has a clock of its own
		ada.SignIn()
		ada.Get("/me").Says("Профиль спит").Send(`.banner form[action="/me/open"]`, nil).Is(http.StatusOK).Lacks(`form[action="/me/open"]`)
		w.Visitor().Get("/search?q=go").Has(`a[href="/tutors/ada"]`)
	})
}

func TestOwnServices(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		if p := ada.Get("/me/services/new").Is(http.StatusOK); p.Path != "/me/profile" {
			t.Errorf("without a profile a service begins at %s", p.Path)
		}
		ada.Profile(nil)
		ben.Profile(nil)
		refused := ada.Service(fill{"title": {""}, "price": {"много"}, "minutes": {"час"}}).Is(http.StatusUnprocessableEntity)
		refused.Has("#f-price-error", "#f-minutes-error")
		if got := refused.Attr("#f-price", "value"); got != "много" {
			t.Errorf("the typed price became %q", got)
		}
		ada.Service(fill{"pricing": {"agreement"}, "price": {""}, "title": {"По договорённости"}}).Is(http.StatusOK)
		ada.Service(fill{"pricing": {"free"}, "price": {""}, "title": {"Даром"}}).Is(http.StatusOK)
		list := ada.Service(fill{"price": {"1500,50"}, "title": {"За деньги"}}).Is(http.StatusOK).Says("1 500,50 ₽", "Бесплатно", "По договорённости")
		if list.Path != "/me/services" {
			t.Errorf("after saving: %s", list.Path)
		}
		paid := ""
		for _, address := range ada.Services() {
			p := ada.Get(address).Is(http.StatusOK)
			if p.Attr("#f-title", "value") == "За деньги" {
				paid = address
				p.Has(`input[name=pricing][value=amount][checked]`, `option[value=RUB][selected]`)
			}
			ben.Get(address).Is(http.StatusNotFound)
			ben.Post(address+"/delete", url.Values{"csrf": {ben.CSRF()}}).Is(http.StatusNotFound)
		}
		public := strings.TrimPrefix(paid, "/me")
		w.Visitor().Get(public).Is(http.StatusOK).Says("За деньги")
		ada.Get("/me/services").Send(`form[action="`+paid+`/state"]`, fill{"state": {"draft"}}).Is(http.StatusOK)
		w.Visitor().Get(public).Is(http.StatusNotFound)

		one, two := ada.Get(paid), ada.Get(paid)
		one.Send(`form[action="`+paid+`"]`, fill{"rules": {"Первые"}}).Is(http.StatusOK)
		two.Send(`form[action="`+paid+`"]`, fill{"rules": {"Вторые"}}).Is(http.StatusConflict).Says("Первые", "Вторые")

		ada.Get(paid+"/delete").Is(http.StatusOK).Says("За деньги").Send(`form[action="`+paid+`/delete"]`, nil).Is(http.StatusOK)
		ada.Get(paid).Is(http.StatusNotFound)
	})
}

func TestPicture(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		if p := ada.Get("/me/profile/picture").Is(http.StatusOK); p.Path != "/me/profile" {
			t.Errorf("without a profile a picture begins at %s", p.Path)
		}
		ada.Profile(nil)
		page := ada.Get("/me/profile/picture").Is(http.StatusOK).Lacks("main img.face")
		const form = `form[enctype="multipart/form-data"]`
		page.Upload(form, "picture", "Ivan_Petrov_passport.svg", []byte(`<svg onload="alert(1)"/>`)).Is(http.StatusUnprocessableEntity).Has("#f-picture-error")
		page.Send(form, nil).Is(http.StatusUnprocessableEntity).Has("#f-picture-error")

		var b bytes.Buffer
		drawing := image.NewRGBA(image.Rect(0, 0, 300, 200))
		drawing.Set(9, 9, color.White)
		if err := png.Encode(&b, drawing); err != nil {
			t.Fatal(err)
		}
		shown := page.Upload(form, "picture", "Ivan_Petrov_passport.png", b.Bytes()).Is(http.StatusOK).Has("main img.face")
		ada.Get(shown.Attr("main img.face", "src")).Is(http.StatusOK)
		w.Visitor().Get("/tutors/ada").Has("img.face")
		if strings.Contains(w.Logs.String(), "Petrov") {
			t.Error("the file's name is in the log")
		}
		shown.Send(`form[action="/me/profile/picture/remove"]`, nil).Is(http.StatusOK).Lacks("main img.face")
		page.Upload(form, "picture", "big.png", make([]byte, 9<<20)).Is(http.StatusRequestEntityTooLarge)
	})
}

func TestPreviewIsAPieceOfThePage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.SetUp("cho", nil)
	ada := w.Person("ada")
	p := ada.Post("/me/preview", url.Values{"csrf": {ada.CSRF()}, "text": {"**a** <img src=x> [x](javascript:alert(1))"}}).Is(http.StatusOK)
	if !strings.HasPrefix(p.Body, "<p><strong>a</strong>") || strings.Contains(p.Body, "<img") || strings.Contains(p.Body, `"javascript`) {
		t.Errorf("the preview is %s", p.Body)
	}
	ada.Post("/me/preview", url.Values{"text": {"a"}}).Is(http.StatusForbidden)
	v := w.Visitor()
	v.Post("/me/preview", url.Values{"csrf": {v.CSRF()}, "text": {"a"}}).Is(http.StatusUnauthorized)
}

var claimCode = regexp.MustCompile(`([0-9A-Z]{5}-){4}[0-9A-Z]{6}`)

func TestClaim(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ben")
		var claims bytes.Buffer
		list := `[{"id":7,"name":"Тест Тестов","title":"Go","about":"Учу горутинам","description":"","experience":"2-5","price":"Бесплатно","tags":"Go"}]`
		if _, err := w.Transfer.Import(t.Context(), transfer.Input{Format: transfer.GetMentor, Reader: strings.NewReader(list), Claims: &claims}); err != nil {
			t.Fatal(err)
		}
		code := claimCode.FindString(claims.String())
		c := w.Visitor()
		form := c.Get("/claim").Is(http.StatusOK)
		form.Send(`form[action="/claim"]`, fill{"code": {"AAAAA"}}).Is(http.StatusUnprocessableEntity).Has("#f-code-error")
		taken := form.Send(`form[action="/claim"]`, fill{"code": {code}, "handle": {"ben"}}).Is(http.StatusConflict).Has("#f-handle-error")
		if got := taken.Attr("#f-code", "value"); got != code {
			t.Errorf("the code was lost: %q", got)
		}
		taken.Send(`form[action="/claim"]`, fill{"handle": {"testov"}}).Is(http.StatusOK).Has("#recovery-code").
			Send(`form[action="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK).Has(`main a[href="/me/profile"]`)
		c.Get("/me/profile").Is(http.StatusOK).Says("Учу горутинам").Has(`input[name=state][value=draft][checked]`)
		w.Visitor().Get("/tutors/testov").Is(http.StatusNotFound)
		w.Visitor().Get("/claim").Send(`form[action="/claim"]`, fill{"code": {code}, "handle": {"other"}}).Is(http.StatusUnprocessableEntity)
	})
}
