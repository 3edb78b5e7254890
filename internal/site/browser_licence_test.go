package site_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/money"
)

// deeds are the addresses of licences: those that ada bought, in each state,
// and those that she granted.
type deeds struct {
	bought, over, revoked  string
	link                   string // secret address of the one that ada bought
	sold, appealed, titles string
	jwt                    string
	draft, agreement       string // a work of ada's that nobody sees, and an agreement with contributors
}

// tomorrow is how far deeding moves the clock on.
const tomorrow = 25 * time.Hour

// deeding fills the board with licences in every state, with appeals and with a
// fund.
func deeding(t *testing.T, w *apptest.World, cho, ada *apptest.Person) (out deeds) {
	t.Helper()
	maker, buyer := w.Person("maker"), w.Person("buyer-four")
	work := sells(t, w, maker, "CC-BY-NC-4.0", licence.OfferInput{Prices: []licence.Price{{Days: 1, Currency: "RUB"}, {Days: 60, Amount: 60_000, Currency: "RUB"}}})
	got := orders(t, ada, work)
	out.over = ada.Get(got).Is(http.StatusOK).Attr(`a[href^="/licences/L-"]`, "href")
	w.Later(tomorrow)
	longer := func(who *apptest.Person, work licence.Work, seller *apptest.Person) (order, at string) {
		page := who.Get("/works/"+work.ID+"/licence").Follow(`.choose li:last-child a`).Send("form#accept", fill{"accept": {"1"}}).Is(http.StatusOK)
		return page.Path, settled(t, seller, who, page.Path)
	}
	order, at := longer(ada, work, maker)
	out.revoked = at
	maker.Get(order).Send("#back form", fill{"amount": {"600"}}).Is(http.StatusOK)
	ada.Get(order).Send("#got form", fill{"amount": {"600"}}).Is(http.StatusOK)
	_, out.bought = longer(ada, work, maker)
	shown := ada.Get(out.bought).Is(http.StatusOK).Send(`form[action$="/link"]`, nil).Is(http.StatusOK)
	out.link = strings.TrimPrefix(shown.Text("#share"), w.URL)
	shown.Send(`form[action$="/show"]`, fill{"shown": {"1"}}).Is(http.StatusOK)
	out.jwt = ada.Get(out.bought + ".jwt").Is(http.StatusOK).Body
	ada.Get("/me/licences").Send(`form[action$="/feed"]`, nil).Is(http.StatusOK)

	mine := sells(t, w, ada, "CC-BY-NC-4.0", licence.OfferInput{Prices: []licence.Price{{Days: 60, Amount: 60_000, Currency: "RUB"}}})
	for i, to := range []*string{&out.sold, &out.appealed, &out.titles} {
		*to = settled(t, ada, buyer, orders(t, buyer, mine))
		if i == 0 {
			continue
		}
		ada.Get(*to+"/revoke").Send(`form[action$="/revoke"]`, fill{"ground": {"out_of_scope"}, "reason": {"Продаёт копии в третьей стране"}}).Is(http.StatusOK)
		buyer.Get(*to).Send(`form[action$="/appeal"]`, fill{"appeal": {"Копии продавал не я, вот чужой магазин"}}).Is(http.StatusOK)
		if i == 2 {
			cho.Post("/admin/appeals/"+strings.TrimPrefix(*to, "/licences/"), map[string][]string{"csrf": {cho.CSRF()}, "decision": {"upheld"}, "reason": {"По ссылке продают именно эти копии"}}).Is(http.StatusOK)
		}
	}
	out.draft = workshopAt + registers(t, ada, fill{"title": {"Черновик работы"}})
	agreement, err := w.Licences.DraftAgreement(context.Background(), actor(t, w, cho), strings.Repeat("Соавтор разрешает лицензии на свою часть. ", 5), strings.Repeat("The contributor allows licences. ", 5))
	if err != nil {
		t.Fatal(err)
	}
	out.agreement = fmt.Sprintf("/agreements/%d", agreement.N)
	gives(t, w)
	return out
}

// gives writes into the fund's books what a year may bring.
func gives(t *testing.T, w *apptest.World) {
	t.Helper()
	ctx, by := context.Background(), account.Console()
	rub := func(n int64) money.Amount { return money.Amount{Minor: n * 100, Currency: "RUB"} }
	if _, err := w.Fund.OpenGoal(ctx, by, fund.GoalInput{ID: "server-2027", Title: "Сервер на год", About: "Одна машина и резервные копии", Amount: rub(12_000)}); err != nil {
		t.Fatal(err)
	}
	for i, in := range []fund.Input{{Kind: "donation", Amount: rub(61_000), Channel: "bank"}, {Kind: "crowdfunding", Amount: rub(9_000), Channel: "platform", Goal: "server-2027"},
		{Kind: "subsidy", Amount: rub(40_000), Channel: "bank", Giver: "Фонд открытых программ"},
		{Kind: "expense", Amount: rub(18_700), Channel: "card", Category: "hosting", Purpose: "Сервер, три месяца"}, {Kind: "donation", Amount: money.Amount{Minor: 2_000, Currency: "EUR"}, Channel: "card"}} {
		in.Day = w.Clock.Now().AddDate(0, -i, 0)
		if _, err := w.Fund.Record(ctx, by, in); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := w.Fund.Publish(ctx, by, fund.DestinationInput{Label: "Карта", Text: "2200 0000 0000 0004"}); err != nil {
		t.Fatal(err)
	}
}

// upload puts a file into the field of a page and sends it.
func upload(content string) func(*apptest.Tab) {
	return func(tab *apptest.Tab) {
		apptest.Eval[bool](tab, fmt.Sprintf(`(() => {
	const list = new DataTransfer();
	list.items.add(new File([%q], "licence.jwt"));
	document.querySelector("#up").files = list.files;
	return true;
})()`, content))
		tab.Go(`#file form button[type=submit]`)
	}
}

// licenceScenes are the pages of licences that were issued, of the fund and of
// what is open.
func licenceScenes(d deeds) []scene {
	check := func(at string) string { return strings.Replace(at, "/licences/", "/v/", 1) }
	return []scene{{path: check(d.bought)}, {path: check(d.over)}, {path: check(d.revoked)}, {path: check(d.appealed)}, {path: check(d.titles)},
		{path: d.bought, who: "ada"}, {path: d.over, who: "ada"}, {path: d.revoked, who: "ada"}, {path: d.sold, who: "ada"}, {path: d.appealed, who: "ada"}, {path: d.link},
		{path: "/verify"}, {path: "/verify", act: upload(d.jwt)}, {path: "/verify", act: upload("x" + d.jwt)}, {path: "/verify", act: novalidate(`#file form button[type=submit]`)},
		{path: "/terms/CL-1.0"}, {path: "/me/licences", who: "ada"}, {path: "/me/licences", who: "new"}, {path: "/me/sales", who: "ada"}, {path: "/me/sales", who: "new"},
		{path: d.sold + "/revoke", who: "ada"}, {path: d.sold + "/revoke", who: "ada", act: novalidate(`form[action$="/revoke"] button.primary`)}, {path: d.appealed + "/revoke", who: "ada"},
		{path: "/admin/appeals", who: "cho"}, {path: "/admin/appeals", who: "cho", act: novalidate(`form[action*="/admin/appeals/"] button[type=submit]`)},
		{path: "/fund"}, {path: "/fund", who: "cho"}, {path: "/admin/fund", who: "cho"}, {path: "/admin/fund", who: "cho", act: novalidate(`form[action$="/admin/fund"] button[type=submit]`)},
		{path: "/transparency"}, {path: "/transparency/licences"}, {path: "/tutors/ada"}, {path: d.agreement}, {path: d.agreement, who: "cho"},
		{path: d.agreement, who: "ada"}, {path: d.draft, who: "ada"}, {path: d.draft + "/delete", who: "ada"}}
}
