package site_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

const (
	workFormAction = `form[action="/me/works/new"]`
	someDigest     = "9c41a0b7d2e35f6688c19d04e7a2b5c3f0d1928374655aa1b2c3d4e5f607e07b"
)

// registers adds a work by the form and gives its id.
func registers(t *testing.T, p *apptest.Person, with fill) string {
	t.Helper()
	in := fill{"title": {"120 задач по Python"}, "kind": {"tasks"}, "summary": {"Задачи, которые **проверяют себя сами**"}, "url": {"https://tasks.example.org/python"},
		"base_licence": {"CC-BY-NC-4.0"}, "basis": {"owner"}, "label": {"2.1"}, "sha256": {someDigest}, "languages": {"ru"}, "skills": {"python, алгоритмы"}}
	for k, v := range with {
		in[k] = v
	}
	page := p.Get("/me/works/new").Is(http.StatusOK).Send(workFormAction, in).Is(http.StatusOK)
	if !strings.HasPrefix(page.Path, "/me/works/") || page.Path == "/me/works/new" {
		t.Fatalf("after registering: %s", page.Path)
	}
	return path.Base(page.Path)
}

// publishes brings a work to everybody's eyes.
func publishes(p *apptest.Person, id string) *apptest.Page {
	return p.Get("/me/works/"+id).Send(`form[action="/me/works/`+id+`/state"]:has(button[value=published])`, fill{"state": {"published"}}).Is(http.StatusOK)
}

// offers makes a licence offer by the form, with what is typed in place of the
// form's own words.
func offers(p *apptest.Person, id string, with fill) *apptest.Page {
	in := fill{"uses": {"reproduce", "present"}, "channel": {"teaching"}, "territory": {"WW"}, "learners": {"30"}, "days": {"30", "90", "", ""},
		"price": {"500", "1 200", "", ""}, "price_currency": {"RUB", "RUB", "RUB", "RUB"}, "refund_days": {"14"}, "grace_days": {"30"}, "not_fund": {"1"},
		"way_country": {"RU", "WW", "WW"}, "way_method": {"direct", "", ""}, "way_currency": {"RUB", "RUB", "RUB"}}
	for k, v := range with {
		in[k] = v
	}
	return p.Get("/me/works/"+id+"/offers/new").Is(http.StatusOK).Send(`form[action="/me/works/`+id+`/offers/new"]`, in)
}

func TestAWorkBecomesSellable(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
		ada.Get("/me/works").Is(http.StatusOK).Says("Здесь будут твои работы")
		id := registers(t, ada, nil)
		shop := ada.Get("/me/works/"+id).Says("черновик", "Чего не хватает").Has(".steps .todo", `#versions + ul code[title="`+someDigest+`"]`)
		shop.Lacks(`a[href="/me/works/` + id + `/offers/new"]`)
		w.Visitor().Get("/works/" + id).Is(http.StatusNotFound)
		ada.Get("/works/" + id).Is(http.StatusOK).Says("Пока её видишь только ты").Has(`a[rel=license][href="https://creativecommons.org/licenses/by-nc/4.0/"]`)
		publishes(ada, id).Says("опубликована", "Работа опубликована.")
		w.Visitor().Get("/works/"+id).Is(http.StatusOK).Says("Сейчас лицензию купить нельзя", "источник не подтверждён").Lacks(`a[rel="cc:morePermissions"]`)

		offers(ada, id, nil).Is(http.StatusOK).Says("Предложение сохранено", "Всё готово к продаже")
		page := w.Visitor().Get("/works/"+id).Is(http.StatusOK).Says("Занятия и группы", "от 500", "до 30 учеников", "Россия", "напрямую продавцу")
		page.Has(`a[rel="cc:morePermissions"][href="/works/`+id+`/licence"]`, `[property="cc:attributionName"]`, `strong:contains("проверяют себя сами")`)
		for _, want := range []string{`"acquireLicensePage"`, `"license":"https://creativecommons.org/licenses/by-nc/4.0/"`, `"creditText"`} {
			if !strings.Contains(page.Body, want) {
				t.Errorf("the structured data lacks %s", want)
			}
		}
		w.Settle()
		w.Visitor().Get("/search?kind=work&licence=CC-BY-NC-4.0&format=tasks&price_max=600&currency=RUB").Is(http.StatusOK).
			Has(`.card.work a[href="/works/`+id+`"]`, `input[name=licence][value="CC-BY-NC-4.0"][checked]`, `input[name=format][value=tasks][checked]`).Says("для бизнеса — от")
		w.Visitor().Get("/search?kind=work&licence=CC0-1.0").Lacks(".card.work")
		w.Visitor().Get("/").Has(`#h-works`, `.card.work a[href="/works/`+id+`"]`)
		w.Visitor().Get("/creators/ada").Has(`a[href="/works/` + id + `"]`)
		ada.Get("/me/works").Says("1 открытое предложение")
	})
}

// TestAnOfferThatIsRefusedKeepsItsWords and says what is wrong beside the field.
func TestAnOfferThatIsRefusedKeepsItsWords(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		id := registers(t, ada, nil)
		publishes(ada, id)
		bad := offers(ada, id, fill{"uses": {}, "days": {"сорок", "2000", "", ""}, "not_fund": {}, "territory": {"XX"}, "learners": {"много"}}).Is(http.StatusUnprocessableEntity)
		bad.Has("#f-learners-error", `#f-prices-error`)
		if got := bad.Attr("#f-days-1", "value"); got != "сорок" {
			t.Errorf("typed days became %q", got)
		}
		bad = offers(ada, id, fill{"uses": {}, "not_fund": {}, "territory": {"XX"}}).Is(http.StatusUnprocessableEntity)
		bad.Has("#f-uses-error", "#f-not_fund-error", "#f-territory-error", `#troubles a[href="#f-uses"]`)
		if got := bad.Attr("#f-territory", "value"); got != "XX" {
			t.Errorf("the typed territory became %q", got)
		}
		offers(ada, id, fill{"way_method": {"link", "", ""}}).Is(http.StatusUnprocessableEntity).Has("#f-link-error")
		offers(ada, id, fill{"free": {"1"}}).Is(http.StatusOK)
		w.Visitor().Get("/works/"+id).Says("Бесплатно", "30 дней — ")
		shop := ada.Get("/me/works/" + id)
		edit := shop.Attr(`#offers ~ ul a[href*="/offers/"]`, "href")
		ada.Get(edit).Has("#f-free[checked]", `input[value=reproduce][checked]`).Send(`form[action="`+edit+`"]`, fill{"free": {}, "price": {"700", "900", "", ""}}).Is(http.StatusOK)
		w.Visitor().Get("/works/" + id).Says("от 700")
		state := `form[action="` + edit + `/state"]`
		ada.Get("/me/works/"+id).Send(state+`:has(button[value=paused])`, fill{"state": {"paused"}}).Is(http.StatusOK).Says("на паузе")
		w.Visitor().Get("/works/" + id).Says("Автор пока не предложил условий")
	})
}

// TestAnAuthorsConsent: an author who is named is asked, sees who is paid, and
// can take the consent back; nothing is offered without it.
func TestAnAuthorsConsent(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		id := registers(t, ada, fill{"authors": {"ben"}, "payee": {"Ада и компания"}})
		publishes(ada, id)
		at := "/works/" + id + "/consent"
		ada.Get("/me/works/"+id).Says("ждём согласия автора", "Ход за автором").Lacks(`a[href="/me/works/` + id + `/offers/new"]`)
		ada.Get("/me/works/" + id + "/offers/new").Says("Сначала сделай то")
		w.Person("cyd").Get(at).Is(http.StatusNotFound)
		w.Visitor().Get(at).Is(http.StatusOK).Has(`form[action="/login"]`)

		ben.Get("/inbox").Says("ada называет тебя автором работы")
		ben.Get("/me/works").Says("ждёт твоего ответа").Has(`a.primary[href="` + at + `"]`)
		asked := ben.Get(at).Is(http.StatusOK).Says("Ада и компания", "Права остаются твоими")
		asked.Send(`form[action="`+at+`"]`, fill{"act": {"give"}, "sure": {}}).Is(http.StatusUnprocessableEntity).Has("#f-sure-error")
		ada.Get("/me/works/"+id+"/edit").Send(`form[action="/me/works/`+id+`/edit"]`, fill{"payee": {"Другие"}}).Is(http.StatusOK)
		asked.Send(`form[action="`+at+`"]`, fill{"act": {"give"}, "sure": {"1"}}).Is(http.StatusConflict).Says("Другие")
		ben.Get(at).Send(`form[action="`+at+`"]`, fill{"act": {"give"}, "sure": {"1"}}).Is(http.StatusOK).Says("согласие дано")
		offers(ada, id, nil).Is(http.StatusOK)
		w.Visitor().Get("/works/"+id).Says("автор дал согласие", "от 500")

		ben.Get(at).Send(`form[action="`+at+`"]`, fill{"act": {"withdraw"}}).Is(http.StatusOK).Says("Согласие отозвано")
		w.Visitor().Get("/works/" + id).Says("Сейчас лицензию купить нельзя")
	})
}

// TestPartsOfOthers: third parties are named with their licence, and one that
// forbids selling closes the gate.
func TestPartsOfOthers(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		id := registers(t, ada, nil)
		publishes(ada, id)
		at := "/me/works/" + id
		add := `form[action="` + at + `/authors"]`
		bad := ada.Get(at).Send(add, fill{"who": {"nobody-here"}, "ground": {"open"}, "part": {"картинки"}}).Is(http.StatusUnprocessableEntity)
		bad.Has("#f-who-error")
		if got := bad.Attr("#f-part", "value"); got != "картинки" {
			t.Errorf("the typed part became %q", got)
		}
		ada.Get(at).Send(add, fill{"who": {"Олег Иконкин"}, "ground": {"third"}, "licence": {""}}).Is(http.StatusUnprocessableEntity).Has("#f-licence-error")
		ada.Get(at).Send(add, fill{"who": {"Олег Иконкин"}, "ground": {"third"}, "licence": {"CC-BY-NC-4.0"}, "part": {"иконки"}}).Is(http.StatusOK).
			Says("Олег Иконкин", "продавать нельзя", "Нет чужих частей")
		page := ada.Get(at)
		ask := page.Follow(`#authors ~ .authors a[href$="/remove"]`).Is(http.StatusOK).Says("Убрать автора Олег Иконкин", "назвать его придётся заново", "Проданные лицензии")
		ada.Get(at).Says("Олег Иконкин")
		ask.Follow(`form a.line`).Says("Олег Иконкин")
		w.Person("eve").Get(ask.Path).Is(http.StatusNotFound)
		ask.Send(`form[action="`+ask.Path+`"]`, nil).Is(http.StatusOK).Says("Автор убран").Lacks(`a[href$="/remove"]`)
		ada.Get(ask.Path).Is(http.StatusNotFound)
		ada.Get(at).Send(add, fill{"who": {"Олег Иконкин"}, "ground": {"third"}, "licence": {"CC-BY-4.0"}}).Is(http.StatusOK).Says("чужое, по лицензии CC BY 4.0")
		w.Person("ben")
		ada.Get(at).Send(add, fill{"who": {"ben"}, "ground": {"open"}}).Is(http.StatusOK).Says("ждём согласия автора").
			Send(`form:has(button[value=patch])`, fill{"ground": {"patch"}}).Is(http.StatusOK).Says("правка в чужой проект")
		w.Visitor().Get("/works/"+id).Says("Олег Иконкин", "правка в чужой проект")
	})
}

// TestVersions: a digest is typed or made of a file that is forgotten.
func TestVersions(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		id := registers(t, ada, nil)
		at := "/me/works/" + id
		ada.Get(at).Send(`form[action="`+at+`/versions"]`, fill{"label": {"2.2"}, "sha256": {"не отпечаток"}}).Is(http.StatusUnprocessableEntity).Has("#f-sha256-error")
		ada.Get(at).Send(`form[action="`+at+`/versions"]`, fill{"label": {"2.2"}, "sha256": {""}}).Is(http.StatusOK).Says("Версия добавлена", "Отпечатка нет")
		up := ada.Get(at)
		up.Upload(`form[action="`+at+`/upload"]`, "file", "secret-name.txt", []byte("hello\n")).Is(http.StatusUnprocessableEntity).Has("#f-file-label-error, #f-label-error")
		ada.Get(at).Is(http.StatusOK).Lacks(`code[title^="5891b5b522d5df08"]`)
		w.Visitor().Get("/works/" + id).Is(http.StatusNotFound)
	})
}

// TestAClaimStopsSales until another than the parties decides with a reason.
func TestAClaimStopsSales(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		mia := w.Moderator("mia", cho)
		ada, ben := w.Person("ada"), w.Person("ben")
		id := registers(t, ada, nil)
		publishes(ada, id)
		offers(ada, id, nil).Is(http.StatusOK)
		at := "/works/" + id
		ada.Get(at).Lacks(`a[href="` + at + `/claim"]`)
		form := ben.Get(at).Follow(`a[href="` + at + `/claim"]`).Is(http.StatusOK)
		form.Send(`form[action="`+at+`/claim"]`, fill{"text": {"Моё"}}).Is(http.StatusUnprocessableEntity).Has("#f-text-error").Says("Моё")
		form.Send(`form[action="`+at+`/claim"]`, fill{"text": {"Главы с третьей по пятую написаны мной, вот черновик"}, "evidence": {"https://ben.example.org/draft"}}).
			Is(http.StatusOK).Says("Заявление принято", "Продажи приостановлены", "Главы с третьей")
		w.Visitor().Get(at).Says("Сейчас лицензию купить нельзя").Lacks("main :contains(ben)")
		ada.Get("/me/works/" + id).Says("Главы с третьей")

		ben.Get("/admin/claims").Is(http.StatusForbidden)
		desk := mia.Get("/admin/claims").Is(http.StatusOK).Says("120 задач по Python", "Главы с третьей")
		decide := `form[action^="/admin/claims/"]`
		desk.Send(decide, fill{"decision": {"rejected"}, "reason": {"нет"}}).Is(http.StatusUnprocessableEntity).Has(`[id^="f-reason-"][aria-invalid=true]`)
		desk.Send(decide, fill{"decision": {"rejected"}, "reason": {"Черновик появился позже публикации этой работы."}}).Is(http.StatusOK).Says("Заявлений нет")
		w.Visitor().Get(at).Says("от 500", "Черновик появился позже").Lacks(".notice.warn")
	})
}

// TestASuspensionIsLifted by a moderator without a part in the case, with a
// reason that everybody reads.
func TestASuspensionIsLifted(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		mia, noa := w.Moderator("mia", cho), w.Moderator("noa", cho)
		ada := w.Person("ada")
		id := registers(t, ada, nil)
		publishes(ada, id)
		offers(ada, id, nil).Is(http.StatusOK)
		mia.Get("/admin/claims").Is(http.StatusOK).Says("Приостановленных работ нет")
		noa.Get("/works/"+id+"/claim").Send(`form[action$="/claim"]`, fill{"text": {"Главы с третьей по пятую написаны мной, вот черновик"}}).Is(http.StatusOK)
		noa.Get("/admin/claims").Says("решит другой модератор").Lacks(`form[action^="/admin/claims/"]`)
		desk := mia.Get("/admin/claims").Send(`form[action^="/admin/claims/"]`, fill{"decision": {"upheld"}, "reason": {"Черновик старше этой работы на год."}}).
			Is(http.StatusOK).Says("Приостановленные работы", "120 задач по Python", "Черновик старше", "приостановлена с")
		lift := `form[action="/admin/claims/works/` + id + `"]`
		noa.Get("/admin/claims").Says("решит другой модератор").Lacks(lift)
		noa.Post("/admin/claims/works/"+id, url.Values{"csrf": {noa.CSRF()}, "reason": {"Верните мою работу в продажу."}}).Is(http.StatusForbidden)
		ada.Post("/admin/claims/works/"+id, url.Values{"csrf": {ada.CSRF()}, "reason": {"Верните мою работу в продажу."}}).Is(http.StatusForbidden)
		desk.Send(lift, fill{"reason": {"Исправлено"}}).Is(http.StatusUnprocessableEntity).Says("Исправлено").Has(`#f-lift-` + id + `[aria-invalid=true]`).
			Has(`.summary a[href="#f-lift-` + id + `"]`)
		w.Visitor().Get("/works/" + id).Says("Продажи приостановлены").Lacks(".lifted")
		desk.Send(lift, fill{"reason": {"Спорные главы написаны заново, авторы указаны."}}).Is(http.StatusOK).Says("Приостановка снята", "Приостановленных работ нет")
		w.Visitor().Get("/works/"+id).Says("от 500", "Приостановка снята: Спорные главы написаны заново").Lacks(".notice.warn")
		ada.Get("/inbox").Says("Модератор снял приостановку")
		desk.Send(lift, fill{"reason": {"Спорные главы написаны заново, авторы указаны."}}).Is(http.StatusConflict)
	})
}

// TestTheAgreementIsDiscussedInTheOpen before anybody can accept it.
func TestTheAgreementIsDiscussedInTheOpen(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		ada := w.Person("ada")
		w.Visitor().Get("/agreements").Is(http.StatusOK).Says("Соглашения пока нет")
		ada.Get("/admin/agreements").Is(http.StatusForbidden)
		cho.Get("/admin/agreements").Send(`form[action="/admin/agreements"]`, fill{"text_ru": {"Права **остаются** твоими."}, "text_en": {""}}).
			Is(http.StatusUnprocessableEntity).Has("#f-text_en-error").Says("остаются")
		desk := cho.Get("/admin/agreements").Send(`form[action="/admin/agreements"]`, fill{"text_ru": {"Права **остаются** твоими."}, "text_en": {"Rights stay yours."}}).Is(http.StatusOK)
		w.Visitor().Get("/agreements/1").Is(http.StatusNotFound)
		desk.Send(`form[action="/admin/agreements/1/open"]`, fill{"discussion": {"https://talk.example.org/1"}, "until": {"2000-01-01"}}).
			Is(http.StatusUnprocessableEntity).Has("#f-until-1-error")
		until := w.DB.Now().Add(9 * day).Format("2006-01-02")
		desk = cho.Get("/admin/agreements").Send(`form[action="/admin/agreements/1/open"]`, fill{"discussion": {"https://talk.example.org/1"}, "until": {until}}).Is(http.StatusOK)
		ada.Get("/agreements/1").Is(http.StatusOK).Says("обсуждается", "https://talk.example.org/1").Has(".prose strong").Lacks(`form[action="/agreements/1/accept"]`)
		desk.Send(`form[action="/admin/agreements/1/adopt"]`, fill{"decision": {"https://talk.example.org/2"}}).Is(http.StatusConflict).Has(".summary")
		w.Later(10 * day)
		cho.Get("/admin/agreements").Send(`form[action="/admin/agreements/1/adopt"]`, fill{"decision": {"https://talk.example.org/2"}}).Is(http.StatusOK).Says("Версия принята")
		page := ada.Get("/agreements/1").Says("принято")
		page.Send(`form[action="/agreements/1/accept"]`, fill{"sure": {}}).Is(http.StatusUnprocessableEntity)
		page.Send(`form[action="/agreements/1/accept"]`, fill{"sure": {"1"}, "sha256": {strings.Repeat("0", 64)}}).Is(http.StatusConflict)
		page.Send(`form[action="/agreements/1/accept"]`, fill{"sure": {"1"}}).Is(http.StatusOK).Says("Ты принял это соглашение")
		w.Visitor().Get("/agreements/1").Is(http.StatusOK).Has(`a[href^="/login?next="]`)
	})
}

// TestWorksOfOthersAreNotFound: whoever does not look after a work has none of
// its own pages.
func TestWorksOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		id := registers(t, ada, nil)
		publishes(ada, id)
		for _, p := range []string{"", "/edit", "/delete", "/offers/new", "/offers/x"} {
			ben.Get("/me/works/" + id + p).Is(http.StatusNotFound)
		}
		for _, p := range []string{"/edit", "/state", "/versions", "/authors", "/proof", "/offers/new"} {
			ben.Post("/me/works/"+id+p, url.Values{"csrf": {ben.CSRF()}, "state": {"withdrawn"}}).Is(http.StatusNotFound)
		}
		ada.Get("/me/works/"+id).Send(`form:has(button[value=withdrawn])`, fill{"state": {"withdrawn"}}).Is(http.StatusOK).Says("продажи закончены")
		w.Visitor().Get("/works/" + id).Is(http.StatusOK).Says("больше не продаёт")
	})
}
