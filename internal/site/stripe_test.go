package site_test

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// byCard are the ways of an offer that takes cards only.
func byCard() licence.OfferInput {
	return licence.OfferInput{Ways: []licence.Way{{Country: "WW", Method: payment.Stripe, Currency: "RUB"}}}
}

// presses sends the form of a page of the stand-in as a browser would, and gives
// where it leads.
func presses(t *testing.T, s *apptest.StripeWorld, at, do string) string {
	t.Helper()
	there := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := there.PostForm(s.Base+at, url.Values{"do": {do}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s at %s: status %d", do, at, res.StatusCode)
	}
	return res.Header.Get("Location")
}

// connects makes somebody's account ready by the pages.
func connects(t *testing.T, s *apptest.StripeWorld, who *apptest.Person) {
	t.Helper()
	there := who.Get("/me/stripe").Is(http.StatusOK).Send("form#connect", nil).Is(http.StatusOK)
	if !strings.HasPrefix(there.Path, "/connect/") {
		t.Fatalf("connecting led to %s", there.Path)
	}
	presses(t, s, there.Path, "finish")
	who.Get("/me/stripe").Is(http.StatusOK).Has(".turnbox.done")
}

// pays goes from an order's page to Stripe, pays there and gives the address to
// which the buyer is sent back.
func pays(t *testing.T, w *apptest.World, s *apptest.StripeWorld, who *apptest.Person, order string) (back string) {
	t.Helper()
	there := who.Get(order).Is(http.StatusOK).Send("#card form", nil).Is(http.StatusOK)
	if !strings.HasPrefix(there.Path, "/pay/") {
		t.Fatalf("paying led to %s: %s", there.Path, there.Text("main"))
	}
	return strings.TrimPrefix(presses(t, s, there.Path, "pay"), w.URL)
}

// hears gives what lets the board hear all that Stripe has to tell, and do what
// follows.
func hears(t testing.TB, w *apptest.World, s *apptest.StripeWorld) func() {
	return func() {
		t.Helper()
		s.Deliver()
		w.Drain()
	}
}

// TestASellerConnects walks through every state of an account, in words.
func TestASellerConnects(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada := w.Person("ada")
		ada.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
		w.Visitor().Get("/me/stripe").Is(http.StatusOK).Has(`form[action$="/login"]`)
		ada.Get("/me/sales").Is(http.StatusOK).Follow(`a[href="/me/stripe"]`).Is(http.StatusOK)
		none := ada.Get("/me/stripe").Says("Не подключён", "обычный аккаунт (Standard)", "её комиссия — 0", "доска этого не видит", "Анонимно здесь остаться нельзя").Lacks(`a[href="/me/stripe/disconnect"]`)
		if policy := none.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' https://checkout.stripe.com https://connect.stripe.com "+s.Base+";") {
			t.Errorf("the policy is %s", policy)
		}
		if policy := ada.Get("/me/sales").Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self';") {
			t.Errorf("the policy of another page is %s", policy)
		}

		there := none.Send("form#connect", nil).Is(http.StatusOK)
		if back := presses(t, s, there.Path, "leave"); back != w.URL+"/me/stripe" {
			t.Errorf("Stripe leads back to %s", back)
		}
		ada.Get("/me/stripe").Says("Осталось заполнить данные", "acct_").Has("form#connect button.primary", `a[href="/me/stripe/disconnect"]`)
		id := ada.Get("/me/stripe").Text("#state code")
		used := ada.Get("/me/stripe/again").Is(http.StatusOK).Says("Ссылка уже не действует")
		presses(t, s, used.Send("form#connect", nil).Is(http.StatusOK).Path, "review")
		ada.Get("/me/stripe").Says("Stripe проверяет").Has("form#connect button.line")
		s.Do("enable", "id", id)
		ada.Get("/me/stripe").Says("Готово: карты принимаются", id).Has(".turnbox.done").Lacks("form#connect")
		ada.Get("/me/stripe/again").Is(http.StatusOK).Lacks(".notice.warn")

		sure := ada.Get("/me/stripe").Follow(`a[href="/me/stripe/disconnect"]`).Is(http.StatusOK).Says("Отключи доску и у Stripe", "Оплаченные остаются")
		sure.Send(`form[action="/me/stripe/disconnect"]`, nil).Is(http.StatusOK).Says("Отключён", "Теперь отключи доску и в кабинете Stripe").Has("form#connect").Lacks(`a[href="/me/stripe/disconnect"]`)
		ada.Get("/me/stripe").Is(http.StatusOK).Says("Отключён", "Подключить снова")
		ada.Get("/en/me/stripe").Is(http.StatusOK).Says("Disconnected", "Connect again", "Standard")
	})
}

// TestConnectingIsRefused looks at what stands in the way: no token, no Stripe.
func TestConnectingIsRefused(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	ada := w.Person("ada")
	ada.Post("/me/stripe", nil).Is(http.StatusForbidden).Says("Не подключён")
	ada.Post("/me/stripe/disconnect", nil).Is(http.StatusForbidden)
	if at := w.Visitor().Post("/me/stripe", nil).Is(http.StatusOK).Path; at != "/login?next=%2Fme%2Fstripe" {
		t.Errorf("a stranger is led to %s", at)
	}
	if n := len(s.Heard()); n != 0 {
		t.Errorf("Stripe heard %d calls", n)
	}
	page := ada.Get("/me/stripe")
	s.Instead(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusInternalServerError) }))
	away := page.Send("form#connect", nil).Is(http.StatusServiceUnavailable).Says("Stripe сейчас не отвечает", "Подключение начато").Has("form#connect")
	if away.Header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
	s.Instead(nil)
	w.Clock.Advance(time.Minute)
	if there := away.Send("form#connect", nil).Is(http.StatusOK); !strings.HasPrefix(there.Path, "/connect/") {
		t.Errorf("trying again led to %s", there.Path)
	}
}

// TestCardsAreOfferedByWhoCanTakeThem looks at the form of an offer and at the
// page of buying.
func TestCardsAreOfferedByWhoCanTakeThem(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ada.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
		id := registers(t, ada, nil)
		publishes(ada, id)
		form := "/me/works/" + id + "/offers/new"
		ada.Get(form).Is(http.StatusOK).Says("сначала подключи Stripe").Has(`#cards a[href="/me/stripe"]`).Lacks(`option[value=stripe]`)
		connects(t, s, ada)
		ada.Get(form).Is(http.StatusOK).Says("среди способов есть карта").Has(`#f-way-method-1 option[value=stripe]`)
		offers(ada, id, fill{"way_method": {"stripe", "direct", ""}}).Is(http.StatusOK)
		buy := ben.Get("/works/"+id+"/licence").Is(http.StatusOK).Says("картой через Stripe", "Карту вводишь на странице Stripe", "Доска не видит, не держит, не гарантирует", "показывают вас с продавцом")
		buy.Has(`input[name=way][value="RU/stripe"]`)

		ada.Get("/me/stripe/disconnect").Send(`form[action="/me/stripe/disconnect"]`, nil).Is(http.StatusOK)
		shop := ada.Get("/me/works/" + id).Is(http.StatusOK)
		ada.Get(shop.Attr(`a[href*="/offers/"]:not([href$="/new"])`, "href")).Is(http.StatusOK).Says("Stripe сейчас не готов").Has(`#f-way-method-1 option[value=stripe][selected]`)
		buy.Send("form#accept", fill{"accept": {"1"}, "way": {"RU/stripe"}}).Is(http.StatusConflict).Says("не закончил подключение к Stripe")
		buy.Send("form#accept", fill{"accept": {"1"}, "way": {"RU/direct"}}).Is(http.StatusOK).Says("Ход продавца").Lacks("#card")
	})
}

// TestABuyerPaysByCard goes from the order to the licence: before Stripe's word
// nothing is paid, and whoever tells it first is enough.
func TestABuyerPaysByCard(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben, eve := w.Person("ada"), w.Person("ben"), w.Person("eve")
		connects(t, s, ada)
		work := sells(t, w, ada, "CC-BY-NC-4.0", byCard())
		order := orders(t, ben, work)
		page := ben.Get(order).Says("Твой ход", "Заплати 600 ₽ картой", "Карту вводишь на странице Stripe", "Деньги идут прямо продавцу", "доска карту не видит", "Потом страница оплаты закроется").
			Lacks("#pay", "#claim", "#details", "#returns", "#alert")
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "https://checkout.stripe.com") {
			t.Errorf("the policy is %s", policy)
		}
		ada.Get(order).Is(http.StatusOK).Says("Ход покупателя", "От тебя ничего не нужно").Lacks("#card", "#details", "#confirm", "#back")
		eve.Post(order+"/checkout", url.Values{"csrf": {eve.CSRF()}}).Is(http.StatusNotFound)
		ada.Post(order+"/checkout", url.Values{"csrf": {ada.CSRF()}}).Is(http.StatusForbidden)
		ben.Post(order+"/checkout", nil).Is(http.StatusForbidden).Has("#card form")

		first, second := page.Send("#card form", nil).Is(http.StatusOK), page.Send("#card form", nil).Is(http.StatusOK)
		if first.Path != second.Path {
			t.Errorf("two tabs got %s and %s", first.Path, second.Path)
		}
		// Somebody who types the address has paid nothing.
		wait := ben.Get(order+"?session=cs_made_up").Is(http.StatusOK).Says("Ждём слова Stripe", "ещё не оплата", "второй раз не плати").Has(".turnbox.wait a.primary", "#card button.line").Lacks(`a[href^="/licences/"]`)
		wait.Follow(".turnbox a.primary").Is(http.StatusOK).Says("Ждём слова Stripe")
		eve.Get(order + "?session=cs_made_up").Is(http.StatusNotFound)
		ada.Get(order + "?session=cs_made_up").Is(http.StatusOK).Lacks("#card")

		done := ben.Get(pays(t, w, s, ben, order)).Is(http.StatusOK).Says("Stripe подтвердил оплату", "лицензия у тебя").Has(`.turnbox.done a[href^="/licences/L-"]`).Lacks("#card", "#cancel", "#alert")
		if done.Path != order {
			t.Errorf("the session stays in the address: %s", done.Path)
		}
		hears(t, w, s)()
		ben.Get(order).Is(http.StatusOK).Has(`.turnbox.done a[href^="/licences/L-"]`)
		ada.Get(order).Is(http.StatusOK).Says("Деньги на твоём аккаунте Stripe").Has("#back form")
		ada.Get("/inbox").Is(http.StatusOK).Says("покупает у тебя картой", "Stripe подтвердил оплату")
		if text := w.Logs.String(); strings.Contains(text, "cs_") || strings.Contains(text, "ben") {
			t.Error("the log tells of the payment")
		}
		// An old page of this order pays nothing more.
		if again := page.Send("#card form", nil).Is(http.StatusOK).Path; again != order {
			t.Errorf("an old button led to %s", again)
		}
	})
}

// TestACardOfAContestedWork: the page of payment that was open is closed when a
// claim is upheld, as when one of the two cancels.
func TestACardOfAContestedWork(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		mia := w.Moderator("mia", w.SetUp("cho", nil))
		ada, ben := w.Person("ada"), w.Person("ben")
		connects(t, s, ada)
		work := sells(t, w, ada, "CC-BY-NC-4.0", byCard())
		order := orders(t, ben, work)
		ben.Get(order).Send("#card form", nil).Is(http.StatusOK)
		w.Person("eve").Get("/works/"+work.ID+"/claim").Send(`form[action$="/claim"]`, fill{"text": {"Главы с третьей по пятую написаны мной, вот черновик"}}).Is(http.StatusOK)
		ben.Get(order).Says("Пока не плати", "Ждём решения модератора").Has("#rights", "#rights ~ .split #card")
		mia.Get("/admin/claims").Send(`form[action^="/admin/claims/"]`, fill{"decision": {"upheld"}, "reason": {"Черновик старше этой работы на год."}}).Is(http.StatusOK)
		hears(t, w, s)()
		if got := s.Session(strings.TrimPrefix(order, "/orders/")).Status; got != "expired" {
			t.Errorf("the page of payment is %s", got)
		}
		ben.Get(order).Says("Заказ отменён", "Работа больше не продаётся").Has("#rights").Lacks("#card")
	})
}

// TestTheWordComesByEvent has the event come before the buyer, who then needs
// nobody's answer.
func TestTheWordComesByEvent(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	ada, ben := w.Person("ada"), w.Person("ben")
	connects(t, s, ada)
	order := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", byCard()))
	back := pays(t, w, s, ben, order)
	hears(t, w, s)()
	s.Instead(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }))
	ben.Get(back).Is(http.StatusOK).Says("лицензия у тебя")
	other := orders(t, w.Person("cid"), sells(t, w, w.Person("dan"), "CC-BY-NC-4.0", licence.OfferInput{}))
	ben.Get(other + "?session=x").Is(http.StatusNotFound)
}

// TestStripeIsAway keeps the order's page while nobody answers there.
func TestStripeIsAway(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	ada, ben := w.Person("ada"), w.Person("ben")
	connects(t, s, ada)
	order := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", byCard()))
	s.Instead(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadGateway) }))
	page := ben.Get(order).Is(http.StatusOK).Send("#card form", nil).Is(http.StatusServiceUnavailable).Says("Stripe сейчас не отвечает").Has("#card form")
	ben.Get(order + "?session=again").Is(http.StatusOK).Says("Ждём слова Stripe")
	s.Instead(nil)
	w.Clock.Advance(time.Minute)
	if there := page.Send("#card form", nil).Is(http.StatusOK); !strings.HasPrefix(there.Path, "/pay/") {
		t.Errorf("trying again led to %s", there.Path)
	}
}

// TestMoneyGoesBackThroughStripe returns a part, refuses to return it twice, is
// refused by Stripe, and returns the rest.
func TestMoneyGoesBackThroughStripe(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben := w.Person("ada"), w.Person("ben")
		connects(t, s, ada)
		order := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", byCard()))
		back := ben.Get(pays(t, w, s, ben, order)).Is(http.StatusOK).Says("Возвращает сам продавец через Stripe")
		grant := back.Attr(`.turnbox a[href^="/licences/L-"]`, "href")
		ben.Post(order+"/stripe-refund", url.Values{"csrf": {ben.CSRF()}, "amount": {"1"}, "given": {"0"}}).Is(http.StatusForbidden)
		form := ada.Get(order).Says("с твоего аккаунта", "до 600 ₽")
		for _, amount := range []string{"", "0", "601", "много"} {
			form.Send("#back form", fill{"amount": {amount}}).Is(http.StatusUnprocessableEntity).Has("#f-back-error", "#back[open]")
		}
		form.Send("#back form", fill{"amount": {"100"}}).Is(http.StatusOK).Says("Возврат передан Stripe", "Stripe принял", "Вернулось 100 ₽").Has("#returns .mark-back-done", "#back form")
		form.Send("#back form", fill{"amount": {"100"}}).Is(http.StatusConflict).Says("Заказ уже изменился", "Вернулось 100 ₽")
		ben.Get(order).Is(http.StatusOK).Says("Stripe принял", "за 5–10 дней", "лицензия у тебя").Has("#returns").Lacks("#back", "#got")
		ben.Get("/inbox").Says("Деньги возвращаются на твою карту")

		s.Do("fault", "method", "POST", "path", "/v1/refunds", "status", "400", "times", "1")
		refused := ada.Get(order).Send("#back form", fill{"amount": {"200"}}).Is(http.StatusConflict).Says("Stripe отказал", "Причину видно в кабинете Stripe").Has("#returns .mark-back-failed", "#back form")
		refused.Lacks("#alert")
		ben.Get(order).Is(http.StatusOK).Says("Stripe отказал", "Продавец видит это")
		s.Do("fault", "method", "POST", "path", "/v1/refunds", "status", "500", "times", "1")
		w.Clock.Advance(time.Second)
		ada.Get(order).Send("#back form", fill{"amount": {"300"}}).Is(http.StatusOK).Says("в пути", "второй раз не нажимай", "до 200 ₽").Has("#returns .mark-back-pending")
		hears(t, w, s)()
		ada.Get(order).Is(http.StatusOK).Says("Вернулось 400 ₽").Lacks("#returns .mark-back-pending")
		ada.Get(order).Send("#back form", fill{"amount": {"200"}}).Is(http.StatusOK).Says("деньги вернулись", "Все деньги отправлены обратно покупателю").Lacks("#back")
		ben.Get(order).Is(http.StatusOK).Says("Все деньги отправлены обратно на твою карту", "Лицензия отозвана")
		w.Visitor().Get("/v/" + path.Base(grant)).Is(http.StatusOK).Says("Отозвана")
	})
}

// TestADisputeIsMirrored suspends the licence while a bank asks, and gives it
// back or takes it as the bank decides.
func TestADisputeIsMirrored(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben := w.Person("ada"), w.Person("ben")
		connects(t, s, ada)
		work, tell := sells(t, w, ada, "CC-BY-NC-4.0", byCard()), hears(t, w, s)
		for status, want := range map[string][2]string{"won": {"Банк решил спор в пользу продавца", "лицензия у тебя"}, "lost": {"Банк решил спор в пользу покупателя", "Банк решил спор в твою пользу и вернул деньги"}} {
			order := orders(t, ben, work)
			grant := ben.Get(pays(t, w, s, ben, order)).Is(http.StatusOK).Attr(`.turnbox a[href^="/licences/L-"]`, "href")
			dispute := s.Do("dispute", "id", s.Session(path.Base(order)).Payment)
			tell()
			ben.Get(order).Is(http.StatusOK).Says("спор", "Решает банк", "Платёж оспорен в банке", "лицензия приостановлена: новых копий не делай")
			ada.Get(order).Is(http.StatusOK).Says("Ответь на спор в кабинете Stripe", "Выиграешь — она снова действует", "Банк покупателя оспорил платёж").Lacks("#back")
			w.Visitor().Get("/v/" + path.Base(grant)).Is(http.StatusOK).Says("Приостановлена")
			w.Clock.Advance(time.Second)
			s.Do("move", "id", dispute, "status", status)
			tell()
			ada.Get(order).Is(http.StatusOK).Says(want[0])
			ben.Get(order).Is(http.StatusOK).Says(want[0], want[1])
		}
		ben.Get("/inbox").Says("Платёж оспорен в банке", "Банк решил спор в пользу продавца", "Банк решил спор в пользу покупателя")
	})
}

// TestOddEnds are the ends of an order by card beside the usual ones.
func TestOddEnds(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben := w.Person("ada"), w.Person("ben")
		connects(t, s, ada)
		work := sells(t, w, ada, "CC-BY-NC-4.0", byCard())
		open := func() string { // with its page at Stripe
			order := orders(t, ben, work)
			ben.Get(order).Send("#card form", nil).Is(http.StatusOK)
			return order
		}
		tell := hears(t, w, s)

		expired := open()
		s.Do("expire", "id", s.Session(path.Base(expired)).ID)
		tell()
		again := ben.Get(expired).Is(http.StatusOK).Says("срок вышел", "Страница оплаты закрылась").Has(".turnbox.over", `.turnbox a[href="/works/`+work.ID+`/licence"]`).Lacks("#card", "#cancel")
		again.Follow(`.turnbox a[href$="/licence"]`).Is(http.StatusOK)
		ada.Get(expired).Is(http.StatusOK).Says("Покупатель не заплатил вовремя").Lacks("#confirm", "#card")

		cancelled := open()
		ben.Get(cancelled).Says("страница оплаты закроется").Send("#cancel form", nil).Is(http.StatusOK).Says("Заказ отменён", "страница оплаты закрыта").Lacks("#card")
		tell()
		ben.Get(cancelled).Is(http.StatusOK).Says("отменён")

		lied := open()
		s.Do("tamper", "id", s.Session(path.Base(lied)).ID, "amount", "100")
		s.Do("pay", "id", s.Session(path.Base(lied)).ID)
		tell()
		ben.Get(lied).Is(http.StatusOK).Says("Этот заказ смотрит оператор", "второй раз не плати").Has(".turnbox.wait").Lacks("#card", `a[href^="/licences/"]`)
		ada.Get(lied).Is(http.StatusOK).Says("верни их там").Lacks("#back")
		ben.Get(lied).Send("#cancel form", nil).Is(http.StatusOK).Says("второй раз не плати").Has("#alert")

		left := open()
		s.Do("deauthorise", "id", s.Session(path.Base(left)).Account)
		tell()
		ben.Get(left).Is(http.StatusOK).Says("Этот заказ смотрит оператор", "заказ можно отменить").Has("#cancel form").Lacks("#card")
		ada.Get("/me/stripe").Is(http.StatusOK).Says("Отключён")
		ben.Get(left).Send("#cancel form", nil).Is(http.StatusOK).Says("отменён")
	})
}

// TestPaidTwice has a second page be paid, because Stripe's answer about the
// first was lost: the licence is one, and the rest goes back first.
func TestPaidTwice(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		ada, ben := w.Person("ada"), w.Person("ben")
		connects(t, s, ada)
		tell := hears(t, w, s)
		s.Do("fault", "method", "POST", "path", "/v1/checkout/sessions", "status", "400", "after", "true", "times", "1")
		order := orders(t, ben, sells(t, w, ada, "CC-BY-NC-4.0", byCard()))
		tell() // the page is made, and we hear that it is not
		ben.Get(order).Is(http.StatusOK).Send("#card form", nil).Is(http.StatusOK)
		s.Do("pay-twice", "order", path.Base(order))
		tell()
		ben.Get(order).Is(http.StatusOK).Says("Оплата прошла дважды, лицензия — одна", "Продавец должен вернуть 600 ₽", "Ход продавца").Has(`.turnbox a[href^="/licences/L-"]`)
		page := ada.Get(order).Is(http.StatusOK).Says("Твой ход", "Верни 600 ₽ покупателю", "до 1 200 ₽").Has("#back.main-act")
		s.Do("fault", "method", "POST", "path", "/v1/refunds", "status", "500", "times", "1")
		page.Send("#back form", fill{"amount": {"600"}}).Is(http.StatusOK)
		tell()
		ada.Get(order).Is(http.StatusOK).Says("Деньги на твоём аккаунте Stripe", "Вернулось 600 ₽").Lacks("#alert")
		ben.Get(order).Is(http.StatusOK).Says("лицензия у тебя").Lacks("#alert")
		ben.Get("/inbox").Says("Оплата картой прошла дважды")
	})
}

// TestNoWordOfStripe walks through a board without keys: every page there is,
// as everybody, in both languages, says nothing of card payments.
func TestNoWordOfStripe(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	people := cast(t, w)
	looked := 0
	for _, r := range w.Routes() {
		if strings.Contains(strings.ToLower(r.Path), "stripe") && r.Path != "/webhooks/stripe" && !strings.HasPrefix(r.Path, "/api/") || strings.HasSuffix(r.Path, "/checkout") && !strings.HasPrefix(r.Path, "/api/") {
			t.Errorf("there is %s %s", r.Method, r.Path)
		}
	}
	for _, x := range scenes(people) {
		if strings.HasPrefix(x.path, "/api/") || x.who == first {
			continue
		}
		who := people.clients[x.who]
		if who == nil {
			who = w.Visitor()
		}
		for _, lang := range []string{"ru", "en"} {
			address, _, _ := strings.Cut(x.path, "#")
			page := who.Get("/" + lang + address)
			if at := strings.Index(strings.ToLower(page.Body), "stripe"); at >= 0 {
				t.Errorf("%s says %q", page.Path, page.Body[max(0, at-60):min(len(page.Body), at+60)])
			}
			looked++
		}
	}
	w.Visitor().Get("/me/stripe").Is(http.StatusNotFound)
	if looked < 200 {
		t.Errorf("only %d pages were looked at", looked)
	}
}

// TestPrivacyTellsOfStripe says on the page of privacy what goes there, with the
// columns that are kept of it.
func TestPrivacyTellsOfStripe(t *testing.T) {
	t.Parallel()
	w, _ := apptest.NewWithStripe(t)
	for lang, says := range map[string]string{"ru": "ни ника, ни почты, ни названия работы", "en": "no handle, no e-mail, no title of a work"} {
		w.Visitor().Get("/"+lang+"/privacy").Is(http.StatusOK).Says(says, "stripe_account.stripe_id", "payment_inbox.event_id")
	}
	plain := apptest.New(t).Visitor().Get("/ru/privacy").Is(http.StatusOK).Says("Таблицы способов оплаты, которых на этой доске нет, не показаны")
	if strings.Contains(plain.Body, "stripe_account") {
		t.Error("columns of card payments stand there without any")
	}

	left := apptest.New(t) // had a key once
	if err := left.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO payment_inbox (id, event_id, seller, type, object_id, received_at, outcome) VALUES ('x', 'evt_1', '', 'a', 'b', ?, '')", tx.Now).Exec(t.Context())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	left.Visitor().Get("/en/privacy").Is(http.StatusOK).Says("no handle, no e-mail, no title of a work", "payment_inbox.event_id")
}
