package site_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// orders buys the shortest term and gives the order's address.
func orders(t *testing.T, who *apptest.Person, work licence.Work) string {
	t.Helper()
	page := who.Get("/works/"+work.ID+"/licence").Is(http.StatusOK).Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK)
	if !strings.HasPrefix(page.Path, "/orders/") {
		t.Fatalf("buying led to %s: %s", page.Path, page.Text("main"))
	}
	return page.Path
}

// bank is an account that its bank's check digits fit.
var bank = fill{"name": {"Сова и граф"}, "account": {"40817810899910004312"}, "bank_name": {"Банк"}, "bic": {"044525225"}, "corresp": {"30101810400000000225"}}

// TestTwoSettleAnOrder goes from the seller's details to the licence and a
// refund: after each step both see whose turn it is.
func TestTwoSettleAnOrder(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben, eve := w.Person("ada"), w.Person("ben"), w.Person("eve")
		path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
		ben.Get(path).Is(http.StatusOK).Says("Ход продавца", "ещё не написал, куда платить", "Молчание — не оплата").Lacks("#confirm", "#details", "#deny")
		eve.Get(path).Is(http.StatusNotFound)
		w.Visitor().Get(path).Is(http.StatusOK).Has(`form[action$="/login"]`)
		if title := ben.Get(path).Text("title"); strings.Contains(title, "Python") || strings.Contains(title, "ada") {
			t.Errorf("the title tells %q", title)
		}

		form := ada.Get(path).Is(http.StatusOK).Says("Твой ход", "ben").Has("#details form")
		form.Send("#details form", nil).Is(http.StatusUnprocessableEntity).Has("#f-text-error")
		wrong := fill{"text": {"Перевод по номеру"}, "account": {"40817810999910004312"}}
		for name, list := range bank {
			if wrong[name] == nil {
				wrong[name] = list
			}
		}
		bad := form.Send("#details form", wrong).Is(http.StatusUnprocessableEntity).Has("#f-account-error", "#details details[open]")
		if got := bad.Text("#f-text") + bad.Attr("#f-account", "value"); got != "Перевод по номеру40817810999910004312" {
			t.Errorf("what was typed became %q", got)
		}
		bad.Send("#details form", fill{"account": bank["account"]}).Is(http.StatusOK).Says("Покупатель видит, куда платить", "Ход покупателя")
		pay := ben.Get(path).Is(http.StatusOK).Says("Твой ход", "ровно 600 ₽", "Перевод по номеру", "40817810899910004312", "Доска не видит").Has("#pay figure.qr svg", "#code", "#claim form")
		if code := pay.Text("#code"); len(code) != 9 || !strings.Contains(pay.Text("title"), code) {
			t.Errorf("the order's code is %q", code)
		}

		pay.Send("#claim form", nil).Is(http.StatusOK).Says("Ход продавца", "деньги отправлены", "Позвать модератора можно с").Lacks("#claim")
		got := ada.Get(path).Is(http.StatusOK).Says("Твой ход", "отправил 600 ₽").Has("#confirm form", "#deny form")
		for _, amount := range []string{"", "60", "600 $", "1e3", "много"} {
			page := got.Send("#confirm form", fill{"amount": {amount}}).Is(http.StatusUnprocessableEntity).Has("#f-came-error", `#troubles a[href="#f-came"]`)
			if typed := page.Attr("#f-came", "value"); typed != amount {
				t.Errorf("the typed %q became %q", amount, typed)
			}
		}
		ben.Post(path+"/confirm", url.Values{"csrf": {ben.CSRF()}, "amount": {"600"}}).Is(http.StatusForbidden)
		eve.Post(path+"/confirm", url.Values{"csrf": {eve.CSRF()}, "amount": {"600"}}).Is(http.StatusNotFound)
		got.Send("#confirm form", fill{"amount": {"600,00"}}).Is(http.StatusOK).Says("Деньги подтверждены", "Всё закончено").Lacks("#confirm")
		done := ben.Get(path).Is(http.StatusOK).Says("лицензия у тебя").Has(`.turnbox a[href^="/licences/L-"]`).Lacks("#pay", "#cancel")
		done.Follow(`.turnbox a[href^="/licences/"]`).Is(http.StatusOK)

		back := ada.Get(path).Is(http.StatusOK).Has("#back form").Send("#back form", fill{"amount": {"700"}}).Is(http.StatusUnprocessableEntity).Has("#f-back-error", "#back[open]")
		back.Send("#back form", fill{"amount": {"600"}}).Is(http.StatusOK).Says("Ход покупателя", "станет фактом")
		ben.Get(path).Is(http.StatusOK).Says("Твой ход").Send("#got form", fill{"amount": {"600"}}).Is(http.StatusOK).Says("деньги вернулись", "Вернулось 600 ₽")
		if log := w.Logs.String(); strings.Contains(log, "40817810899910004312") || strings.Contains(log, "Перевод") || strings.Contains(log, "ben") {
			t.Error("the log tells of the two")
		}
	})
}

// TestASecondTabIsTold sends forms of a page that is older than the order.
func TestASecondTabIsTold(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
		old := ada.Get(path).Is(http.StatusOK)
		tab := ben.Get(path).Is(http.StatusOK)
		tab.Send("#cancel form", nil).Is(http.StatusOK).Says("Заказ отменён", "никто никому не должен")
		tab.Send("#cancel form", nil).Is(http.StatusOK) // twice is once
		tab.Send("#claim form", nil).Is(http.StatusConflict).Says("Заказ уже изменился").Lacks("#claim")
		moved := old.Send("#details form", fill{"text": {"Перевод по номеру"}}).Is(http.StatusConflict).Says("Заказ уже изменился")
		// Money that came all the same is a fact.
		moved.Send("#confirm form", fill{"amount": {"600"}}).Is(http.StatusOK).Says("Деньги подтверждены")
		ben.Get(path).Is(http.StatusOK).Has(`.turnbox a[href^="/licences/L-"]`)
	})
}

// TestAnOrderOfAContestedWork warns before the ways to pay, and ends when the
// claim is upheld; an order that somebody says to have paid goes on.
func TestAnOrderOfAContestedWork(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		mia := w.Moderator("mia", w.SetUp("cho", nil))
		ada, ben, eve, dan := w.Person("ada"), w.Person("ben"), w.Person("eve"), w.Person("dan")
		work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{})
		path, sent := orders(t, ben, work), orders(t, dan, work)
		ada.Get(path).Send("#details form", fill{"text": {"Перевод по номеру"}}).Is(http.StatusOK)
		dan.Get(sent).Send("#claim form", nil).Is(http.StatusOK)
		ben.Get(path).Says("Твой ход", "Перевод по номеру").Lacks("#rights")
		at := "/works/" + work.ID
		claim := func(who *apptest.Person) {
			t.Helper()
			who.Get(at+"/claim").Send(`form[action$="/claim"]`, fill{"text": {"Главы с третьей по пятую написаны мной, вот черновик"}}).Is(http.StatusOK)
		}
		claim(eve)
		ben.Get(path).Says("Пока не плати", "продают без его права", "Ждём решения модератора", "Перевод по номеру").
			Has(`#rights a[href="`+at+`"]`, "#rights ~ .split #pay", ".turnbox .until", "#claim", "#cancel", ".turnbox.wait").Lacks(".turnbox.you")
		ada.Get(path).Says("мы просим покупателя не платить").Has("#rights", "#confirm")
		dan.Get(sent).Says("Ход продавца").Lacks("#rights")
		ben.Get("/en"+path).Says("Do not pay yet", "Waiting for a moderator")

		decide := func(as, why string) {
			t.Helper()
			mia.Get("/admin/claims").Send(`form[action^="/admin/claims/"]`, fill{"decision": {as}, "reason": {why}}).Is(http.StatusOK)
		}
		decide("rejected", "Черновик появился позже публикации этой работы.")
		ben.Get(path).Says("Твой ход").Lacks("#rights")
		claim(w.Person("kim"))
		decide("upheld", "Черновик старше этой работы на год.")
		ben.Get(path).Says("Заказ отменён", "Работа больше не продаётся").Has(`#rights a[href="`+at+`"]`).Lacks("#pay", "#claim")
		ada.Get(path).Says("Заказ отменён").Has("#rights", "#confirm")
		for _, who := range []*apptest.Person{ada, ben} {
			who.Get("/inbox").Says("Заказ отменён: модератор подтвердил заявление о правах")
		}
		if text := dan.Get("/inbox").Text("main"); strings.Contains(text, "отменён") {
			t.Error("who says to have paid is told of an end")
		}
		ada.Get(sent).Lacks("#rights").Send("#confirm form", fill{"amount": {"600"}}).Is(http.StatusOK).Says("Деньги подтверждены")
	})
}

// TestTwoDoNotAgree goes through a denial, both statements and a moderator's
// decision with its preview.
func TestTwoDoNotAgree(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		operator := w.SetUp("cho", nil)
		ada, ben, mia := w.Person("ada"), w.Person("ben"), w.Moderator("mia", operator)
		path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
		mia.Get(path).Is(http.StatusNotFound)
		mia.Get("/admin/orders").Is(http.StatusOK).Says("Споров нет")
		ben.Get(path).Send("#claim form", nil).Is(http.StatusOK).Lacks("#ask")
		deny := ada.Get(path).Send("#deny form", fill{"reason": {strings.Repeat("н", payment.MaxDenial+1)}}).Is(http.StatusUnprocessableEntity).Has("#f-reason-error", "#deny[open]")
		deny.Send("#deny form", fill{"reason": {"Перевода с этим кодом нет"}}).Is(http.StatusOK).Says("Ход покупателя")
		denied := ben.Get(path).Is(http.StatusOK).Says("Твой ход", "Перевода с этим кодом нет").Has("#ask form")
		denied.Send("#ask form", nil).Is(http.StatusUnprocessableEntity).Has("#f-statement-error")
		denied.Send("#ask form", fill{"statement": {"Отправлено 22 ноября, номер 4415"}}).Is(http.StatusOK).Says("Решает модератор", "номер 4415")
		ada.Get(path).Is(http.StatusOK).Says("Решает модератор").Lacks("#deny").Send("#ask form", fill{"statement": {"Смотрел дважды"}}).Is(http.StatusOK).Says("Смотрел дважды")
		if text := ada.Get(path).Text("main"); strings.Contains(text, "4415") {
			t.Error("the seller reads the buyer's statement")
		}

		for _, who := range []*apptest.Person{ada, ben} {
			who.Get("/admin/orders").Is(http.StatusForbidden)
		}
		desk := mia.Get("/admin/orders").Is(http.StatusOK).Follow(".order-row a").Is(http.StatusOK).Says("номер 4415", "Смотрел дважды", "Перевода с этим кодом нет")
		if got := mia.Get(path).Path; got != "/admin"+path {
			t.Errorf("a moderator reads the order at %s", got)
		}
		if text := desk.Text("main"); strings.Contains(text, "ben") || strings.Contains(text, "ada") {
			t.Error("the moderator reads handles")
		}
		desk.Send("form#decide", fill{"reason": {"Правило 1"}, "verdict": {"yes"}}).Is(http.StatusUnprocessableEntity).Has("#f-reason-error")
		desk.Send("form#decide", fill{"reason": {"Дата, сумма и номер сошлись"}}).Is(http.StatusUnprocessableEntity).Has("#f-verdict-error")
		seen := desk.Send("form#decide", fill{"reason": {"Дата, сумма и номер сошлись"}, "verdict": {"yes"}}).Is(http.StatusOK).Has(".public-line").Says("Деньги пришли, заказ выполнен")
		ben.Get(path).Is(http.StatusOK).Says("Решает модератор") // a preview decides nothing
		publish := seen.Forms()[formOf(seen, "verdict")]
		publish.Values.Set("publish", "1")
		publish.Send(publish.Values).Is(http.StatusOK).Says("Решение опубликовано", "Споров нет")
		publish.Send(publish.Values).Is(http.StatusConflict) // decided already
		ben.Get(path).Is(http.StatusOK).Says("Дата, сумма и номер сошлись", "лицензия у тебя")
		w.Visitor().Get("/transparency/decisions").Is(http.StatusOK).Says("Дата, сумма и номер сошлись", "Пришли ли деньги продавцу?").Lacks(`a[href*="/orders/"]`)
	})
}

// formOf is the place of the form that holds a field.
func formOf(p *apptest.Page, field string) int {
	for i, f := range p.Forms() {
		for _, name := range f.Names {
			if name == field {
				return i
			}
		}
	}
	return -1
}

// TestWordsOutliveASession types a denial into a page whose session has ended.
func TestWordsOutliveASession(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ada, ben := w.Person("ada"), w.Person("ben")
	path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
	ben.Get(path).Send("#claim form", nil).Is(http.StatusOK)
	page := ada.Get(path).Is(http.StatusOK)
	ada.Forget()
	login := page.Send("#deny form", fill{"reason": {"Ничего не пришло"}}).Is(http.StatusOK)
	if login.Path != "/login?next="+url.QueryEscape(path) {
		t.Fatalf("without a session the form leads to %s", login.Path)
	}
	login.Send(`form[action$="/login"]`, fill{"code": {ada.Code}}).Is(http.StatusOK).Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
	kept := ada.Get(path).Is(http.StatusOK).Says("Набранное сохранилось")
	if got := kept.Text("#f-reason"); got != "Ничего не пришло" {
		t.Errorf("the words became %q", got)
	}
	kept.Send("#deny form", nil).Is(http.StatusOK).Says("Ход покупателя")
	ada.Get(path).Is(http.StatusOK).Lacks("#f-reason")
}

// TestOrdersAreListed shows one's orders by side and state, and what to do
// where there are none.
func TestOrdersAreListed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ben.Get("/orders").Is(http.StatusOK).Says("Заказов пока нет").Has(`.empty a[href="/search?kind=work"]`)
		path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
		ben.Get("/orders").Is(http.StatusOK).Says("120 задач по Python", "ты покупаешь", "Ход продавца").Has(`.order-row a[href="` + path + `"]`).Lacks(".order-row.turn")
		ada.Get("/orders").Is(http.StatusOK).Says("у тебя покупают", "Твой ход").Has(".order-row.turn")
		ada.Get("/orders?side=buyer").Is(http.StatusOK).Lacks(".order-row")
		ben.Get("/orders?side=buyer&state=fulfilled").Is(http.StatusOK).Lacks(".order-row").Says("Таких заказов нет")
		ben.Get("/orders?side=buyer&state=awaiting_payment&page=7").Is(http.StatusOK).Has(".order-row")
		ben.Get("/orders?side=x&state=y&page=z").Is(http.StatusOK).Has(".order-row")
		// The inbox leads here, and reading the order reads the notice.
		ada.Get("/inbox").Is(http.StatusOK).Has(".news")
		ada.Get(path).Is(http.StatusOK)
		ada.Get("/inbox?unread=1").Is(http.StatusOK).Lacks(`.news a[href*="/inbox/"]`)
	})
}

// TestAnErasedSideLeavesAnOrder keeps what the other side needs.
func TestAnErasedSideLeavesAnOrder(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		path := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{}))
		ben.Get(path).Send("#claim form", nil).Is(http.StatusOK)
		erase := ben.Get("/me/erase").Is(http.StatusOK)
		if p := erase.Send(`form[action="/me/erase"]`, fill{"handle": {"ben"}}); p.Status != http.StatusConflict {
			t.Errorf("an account with an open order was erased: %d %s", p.Status, p.Text("main"))
		}
		ada.Get(path).Send("#confirm form", fill{"amount": {"600"}}).Is(http.StatusOK)
		ben.Get("/me/erase").Is(http.StatusOK).Send(`form[action="/me/erase"]`, fill{"handle": {"ben"}}).Is(http.StatusOK)
		ada.Get(path).Is(http.StatusOK).Says("аккаунт стёрт", "Всё закончено")
	})
}
