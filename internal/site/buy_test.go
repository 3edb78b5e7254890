package site_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
)

// actor is a person as the features know them.
func actor(t *testing.T, w *apptest.World, who *apptest.Person) account.Actor {
	t.Helper()
	by, err := w.Accounts.ActorByToken(context.Background(), who.Token())
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// sells publishes a work of somebody's with one offer: what is not said is 90
// days for 1 500 ₽ and 30 days for 600 ₽, paid directly.
func sells(t *testing.T, w *apptest.World, who *apptest.Person, base string, in licence.OfferInput) licence.Work {
	t.Helper()
	ctx, by := context.Background(), actor(t, w, who)
	work, err := w.Licences.AddWork(ctx, by, licence.WorkInput{Title: "120 задач по Python", Kind: "tasks", Summary: "Задачи с проверкой", URL: "https://example.org/tasks", Label: "2.1",
		SHA256: strings.Repeat("ab", 32), BaseLicence: base, Basis: licence.Owner, Skills: []string{"Python"}, Languages: []string{"ru"}, Payee: "Сова и граф", State: licence.WorkPublished})
	if err != nil {
		t.Fatal(err)
	}
	if in.Uses == nil {
		in.Uses = []cert.Use{cert.Reproduce, cert.Present}
	}
	if in.Channel == "" {
		in.Channel = "teaching"
	}
	if in.Prices == nil {
		in.Prices = []licence.Price{{Days: 30, Amount: 60_000, Currency: "RUB"}, {Days: 90, Amount: 150_000, Currency: "RUB"}}
	}
	in.NotFund, in.Learners, in.RefundDays, in.GraceDays, in.Payee = true, 30, 14, 30, "Сова и граф"
	if !licence.NonCommercial(base) {
		return work
	}
	if _, err := w.Licences.AddOffer(ctx, by, work.ID, in); err != nil {
		t.Fatal(err)
	}
	return work
}

// TestAStrangerFindsOutAndBuys goes from the question to the order: all terms
// and the total stand there before any account, and the choice waits for it.
func TestAStrangerFindsOutAndBuys(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{Ways: []licence.Way{{Country: "RU", Method: payment.Direct, Currency: "RUB"}, {Country: "KZ", Method: payment.Direct, Currency: "RUB"}}})
		kid := w.Visitor()
		kid.Get("/works/"+work.ID).Is(http.StatusOK).Follow(".sale-one h3 a").Is(http.StatusOK).Has("#total", ".choose li:nth-child(1) a[aria-current]").Lacks("#troubles")
		page := kid.Get("/works/"+work.ID+"/licence").Is(http.StatusOK).Lacks(".verdict").Says("Нужна ли тебе лицензия", "Ты платишь человеку напрямую", "Итого", "600 ₽", "Комиссия доски — 0",
			"до 30 учеников", "14 дней после оплаты", "остаётся навсегда", "Сова и граф", "CL-1.0")
		free := page.Send("form.need", fill{"paid": {"no"}, "public": {"yes"}, "changed": {"no"}}).Is(http.StatusOK).Says("Нет, лицензия не нужна")
		needed := free.Send("form.need", fill{"paid": {"yes"}, "changed": {"yes"}}).Is(http.StatusOK).Says("Да, лицензия нужна", "Не подходит под твой ответ")
		needed = needed.Send("form.need", fill{"paid": {"yes"}, "public": {"no"}, "changed": {"no"}}).Is(http.StatusOK).Lacks(".unfit")
		away := needed.Send(".pay-filter form", fill{"from": {"GE"}}).Is(http.StatusOK).Has(".unfit").Says("Так отсюда заплатить нельзя", "Подходит условий: 0 из 1")
		here := away.Send(".pay-filter form", fill{"from": {"KZ"}}).Is(http.StatusOK).Lacks(".unfit").Has(`input[value="KZ/direct"][checked]`)

		longer := here.Follow(`.choose li:nth-child(2) a`).Is(http.StatusOK).Has(`.choose li:nth-child(2) a[aria-current]`).Says("1 500 ₽")
		longer.Send("form#accept", nil).Is(http.StatusUnprocessableEntity).Has("#f-accept-error")
		longer.Send("form#accept", fill{"accept": {"1"}, "terms": {strings.Repeat("0", 64)}, "name": {"Иванова"}}).Is(http.StatusOK) // a stranger: it waits
		signup := longer.Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK)
		if !strings.HasPrefix(signup.Path, "/signup?next=") {
			t.Fatalf("a stranger is sent to %s", signup.Path)
		}
		code := signup.Send(`form[action$="/signup"]`, fill{"handle": {"beginner"}}).Is(http.StatusOK)
		welcome := code.Send(`form[action$="/code"]`, fill{"saved": {"1"}}).Is(http.StatusOK)
		back := welcome.Follow(`main a[href*="/licence?"]`).Is(http.StatusOK).Says("Твой выбор сохранился", "1 500 ₽").Has("input[name=accept][checked]", `input[value="KZ/direct"][checked]`,
			`.choose li:nth-child(2) a[aria-current]`)
		order := back.Send("form#accept", nil).Is(http.StatusOK).Says("Заказано", "Ход продавца", "90 дней", "Казахстан", "до 30 учеников")
		if !strings.HasPrefix(order.Path, "/orders/") {
			t.Fatalf("an order leads to %s", order.Path)
		}
		if again := back.Send("form#accept", nil).Is(http.StatusOK).Says("уже ждёт оплаты"); again.Path != order.Path {
			t.Errorf("a second click made %s beside %s", again.Path, order.Path)
		}
		kid.Get("/works/" + work.ID + "/licence").Is(http.StatusOK).Lacks("input[name=accept][checked]")
		if strings.Contains(w.Logs.String(), "beginner") {
			t.Error("the log names the buyer")
		}
	})
}

// TestBuyingRefusesInWords sends what was changed meanwhile or by hand.
func TestBuyingRefusesInWords(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		work := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{})
		path := "/works/" + work.ID + "/licence"
		page := ben.Get(path).Is(http.StatusOK)
		for name, x := range map[string]struct {
			fill fill
			has  string
		}{"not accepted": {nil, "#f-accept-error"}, "other terms": {fill{"accept": {"1"}, "terms": {"ab"}}, "#f-accept-error"},
			"a name": {fill{"accept": {"1"}, "name": {"Иванова"}}, "#f-name-error"}, "another way": {fill{"accept": {"1"}, "way": {"RU/link"}}, "#f-way-error"}} {
			t.Run(name, func(t *testing.T) {
				got := page.Send("form#accept", x.fill).Is(http.StatusUnprocessableEntity).Has(x.has, "#troubles")
				if list := x.fill["name"]; len(list) > 0 && got.Attr("#f-name", "value") != list[0] {
					t.Errorf("the typed name became %q", got.Attr("#f-name", "value"))
				}
			})
		}
		ben.Get(path + "?offer=gone&days=90").Is(http.StatusOK).Has("#troubles").Lacks("#total")
		gone := url.Values{"csrf": {ben.CSRF()}, "accept": {"1"}, "terms": {page.Attr("input[name=terms]", "value")}, "way": {"WW/direct"}}
		ben.Post(path+"?offer=11111111-1111-4111-8111-111111111111&days=90", gone).Is(http.StatusNotFound)
		ada.Get(path).Is(http.StatusOK).Says("Это твоя работа").Lacks("form#accept")
		ben.Get("/works/11111111-1111-4111-8111-111111111111/licence").Is(http.StatusNotFound)
		ben.Get(path + "?renews=L-0000000000").Is(http.StatusNotFound)
		w.Visitor().Get(path + "?renews=L-0000000000").Is(http.StatusOK).Has(`form[action$="/login"]`)

		open := sells(t, w, w.Person("eve"), "CC-BY-4.0", licence.OfferInput{})
		ben.Get("/works/"+open.ID+"/licence?paid=yes&public=yes&changed=yes").Is(http.StatusOK).Says("Нет, лицензия не нужна", "разрешает и платное").Lacks("#total")
	})
}

// TestAFreeLicenceNeedsNoPayment takes one and renews it in time, not before.
func TestAFreeLicenceNeedsNoPayment(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		work := sells(t, w, ada, "CC-BY-NC-SA-4.0", licence.OfferInput{Prices: []licence.Price{{Days: 31, Amount: 0, Currency: "RUB"}}})
		page := ben.Get("/works/"+work.ID+"/licence").Is(http.StatusOK).Says("бесплатно").Lacks("input[name=way]", ".honest")
		order := page.Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK).Says("лицензия твоя", "Всё закончено", "платить ничего не нужно").Lacks("#claim", "#cancel", "#back")
		id := strings.TrimPrefix(order.Attr(`.turnbox a[href^="/licences/"]`, "href"), "/licences/")
		if !strings.HasPrefix(id, "L-") {
			t.Fatalf("the licence is %q", id)
		}
		renew := "/works/" + work.ID + "/licence?renews=" + id
		early := ben.Get(renew).Is(http.StatusOK).Says("Продлить лицензию", id).Has("#troubles")
		early.Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusConflict).Has("#troubles")
		ada.Get(renew).Is(http.StatusNotFound)
		w.Clock.Advance(36 * time.Hour)
		again := ben.Get(renew).Is(http.StatusOK).Lacks("#troubles").Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK).Says("лицензия твоя")
		if again.Path == order.Path {
			t.Error("a renewal is the order before it")
		}
		if twice := ben.Get(renew).Is(http.StatusOK).Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK); twice.Path != again.Path {
			t.Errorf("a second click made %s beside %s", twice.Path, again.Path)
		}
	})
}
