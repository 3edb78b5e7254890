package site_test

import (
	"net/http"
	"path"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/licence"
)

// bargains are the addresses of what ada sells: a work, an order that waits for
// her details, one that waits for her answer, and one that two do not agree on.
type bargains struct{ buy, waits, sent, disputed string }

func bargaining(t *testing.T, w *apptest.World, seller *apptest.Person) bargains {
	t.Helper()
	work := sells(t, w, seller, "CC-BY-NC-4.0", licence.OfferInput{})
	out := bargains{buy: "/works/" + work.ID + "/licence"}
	for i, at := range []*string{&out.waits, &out.sent, &out.disputed} {
		buyer := w.Person([]string{"buyer-one", "buyer-two", "buyer-three"}[i])
		*at = orders(t, buyer, work)
		if i == 0 {
			continue
		}
		filled := fill{"text": {"Перевод по номеру договора"}}
		for name, list := range bank {
			filled[name] = list
		}
		seller.Get(*at).Send("#details form", filled).Is(http.StatusOK)
		buyer.Get(*at).Send("#claim form", nil).Is(http.StatusOK)
		if i == 2 {
			seller.Get(*at).Send("#deny form", fill{"reason": {"Ничего не пришло"}}).Is(http.StatusOK)
			buyer.Get(*at).Send("#ask form", fill{"statement": {"Отправлено вчера"}}).Is(http.StatusOK)
		}
	}
	return out
}

// orderScenes are the pages of buying and of orders.
func orderScenes(b bargains) []scene {
	desk := "/admin/orders/" + path.Base(b.disputed)
	return []scene{{path: b.buy}, {path: b.buy + "?paid=yes&public=yes&changed=yes&from=GE"}, {path: b.buy + "?paid=no&public=yes&changed=no"}, {path: b.buy, who: "new"},
		{path: b.buy, who: "new", act: novalidate(`form#accept button[type=submit]`)}, {path: b.buy, who: "ada"},
		{path: "/orders", who: "ada"}, {path: "/orders?side=buyer", who: "ada"}, {path: "/orders", who: "new"},
		{path: b.waits, who: "ada"}, {path: b.waits, who: "ada", act: novalidate(`#details form button[type=submit]`)}, {path: b.sent, who: "ada"},
		{path: b.sent, who: "ada", act: novalidate(`#confirm form button[type=submit]`)}, {path: b.disputed, who: "ada"},
		{path: "/admin/orders", who: "cho"}, {path: desk, who: "cho"}, {path: desk, who: "cho", act: novalidate(`form#decide button[type=submit]`)},
		{path: desk, who: "cho", act: func(tab *apptest.Tab) {
			apptest.Eval[bool](tab, `(document.querySelector("input[name=verdict]").checked = true)`)
			tab.Type("#f-reason", "The date, the amount and the reference agree.")
			send(`form#decide button[type=submit]`)(tab)
		}}, {path: "/transparency/decisions"}}
}
