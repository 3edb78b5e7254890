package site_test

import (
	"context"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/web"
)

// trade is one walk of a seller and a buyer, in a language and a width.
type trade struct {
	way

	f             web.Frame
	seller, buyer *apptest.Tab
	stranger      *apptest.Tab
	work          string // the work's address
}

// TestJourneyTrade goes the whole way of a seller and of a buyer in a browser:
// from registering a work to the certificate, its check, its renewal without a
// gap, and a refund that revokes.
func TestJourneyTrade(t *testing.T) {
	t.Parallel()
	texts, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lang    string
		width   int64
		scripts bool
	}{"Russian on a phone": {"ru", 390, true}, "English on a desk": {"en", 1280, true}, "Russian without JavaScript": {"ru", 390, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Chromium(t)
			if b == nil {
				return
			}
			w := apptest.New(t)
			open := func() *apptest.Tab {
				tab := b.Tab(w).Size(c.width, 900)
				if !c.scripts {
					tab.NoScripts()
				}
				return tab
			}
			maker := w.Person("maker")
			maker.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
			p := &trade{way: way{t: t, w: w, say: voice{lang: c.lang}, width: c.width, scripts: c.scripts}, f: texts.Frame(c.lang),
				seller: open().Become(maker.Client), buyer: open(), stranger: open()}
			p.registers()
			p.offers()
			first := p.buysAsAStranger()
			licence := p.settles(first)
			p.isChecked(licence)
			p.isRevoked(p.settles(p.orders()))
			p.renews(licence)
		})
	}
}

// set chooses in lists and fills fields that a person would.
func set(tab *apptest.Tab, values map[string]string) {
	for selector, value := range values {
		apptest.Eval[bool](tab, `(document.querySelector(`+"`"+selector+"`"+`).value = "`+value+`", true)`)
	}
}

// registers a work and publishes it.
func (p *trade) registers() {
	p.t.Helper()
	tab := p.seller.Open(p.at("/me/works"))
	p.page(tab)
	tab.Go(`main a[href$="/me/works/new"]`).Type("#f-title", "120 задач по Python").Type("#f-summary", "Задачи с проверкой").Type("#f-url", "https://tasks.example.org/python")
	set(tab, map[string]string{"select[name=kind]": "tasks"})
	tab.Click(`input[name=base_licence][value="CC-BY-NC-4.0"]`).Click(`input[name=basis][value=owner]`).Type("#f-label", "2.1").Type("#f-sha256", someDigest).Type("#f-payee", "Сова и граф")
	p.page(tab)
	tab.Go(`form .bar-end button[type=submit]`).Sees(".steps .todo")
	p.page(tab, p.f.T("mywork.state_draft"))
	tab.Go(`form[action$="/state"] button[value=published]`)
	p.page(tab, p.f.T("mywork.state_published"))
	p.work = strings.Replace(path.Clean("/"+strings.TrimPrefix(apptest.Eval[string](tab, "location.pathname"), "/"+p.say.lang)), "/me", "", 1)
}

// offers makes an offer of 45 days.
func (p *trade) offers() {
	p.t.Helper()
	tab := p.seller.Go(`main a[href$="/offers/new"]`)
	for _, use := range []string{"reproduce", "present"} {
		check(tab, `input[name=uses][value=`+use+`]`)
	}
	check(tab, `input[name=channel][value=teaching]`)
	check(tab, `input[name=not_fund]`)
	apptest.Eval[bool](tab, `(document.querySelectorAll("input[name=days]").forEach((e) => e.value = ""), true)`)
	set(tab, map[string]string{"input[name=days]": "45", "input[name=price]": "600", "select[name=price_currency]": "RUB",
		"select[name=way_country]": "RU", "select[name=way_method]": "direct", "select[name=way_currency]": "RUB"})
	p.page(tab)
	tab.Go(`form .bar-end button[type=submit]`).Sees(".notice.ok")
	p.page(tab)
}

// check makes sure that a box is ticked.
func check(tab *apptest.Tab, selector string) {
	if !apptest.Eval[bool](tab, `document.querySelector(`+"`"+selector+"`"+`).checked`) {
		tab.Click(selector)
	}
}

// buysAsAStranger searches, asks the helper, reads the terms, and orders: the
// account is made on the way.
func (p *trade) buysAsAStranger() (order string) {
	p.t.Helper()
	tab := p.buyer.Open(p.at("/search?q=Python&kind=work"))
	p.page(tab)
	tab.Go(`.card.work a[href$="` + p.work + `"]`)
	p.page(tab, "Python")
	tab.Go(`main a[href$="` + p.work + `/licence"]`)
	p.page(tab)
	check(tab, `form.need input[name=paid][value=yes]`)
	check(tab, `form.need input[name=public][value=no]`)
	check(tab, `form.need input[name=changed][value=no]`)
	tab.Go(`form.need button[type=submit]`).Sees(".verdict.yes", "#total")
	p.page(tab, "Сова и граф", "CL-1.0")
	here := apptest.Eval[string](tab, "location.pathname + location.search")
	tab.Open(p.at("/terms/CL-1.0"))
	p.page(tab, "CL-1.0")
	tab.Open(here)
	check(tab, `form#accept input[name=accept]`)
	tab.Go(`form#accept button[type=submit]`).Sees("#f-handle")
	p.page(tab)
	tab.Type("#f-handle", "beginner").Go(`form[action$="/signup"] button.primary`).Sees("#recovery-code")
	tab.Click("#f-saved").Go(`form[action$="/code"] button[type=submit]`)
	p.page(tab)
	tab.Go(`main a[href*="/licence?"]`).Sees(`form#accept input[name=accept]`)
	p.page(tab)
	check(tab, `form#accept input[name=accept]`)
	tab.Go(`form#accept button[type=submit]`).Sees(".turnbox")
	p.page(tab)
	return apptest.Eval[string](tab, "location.pathname")
}

// orders once more, as one who has an account.
func (p *trade) orders() (order string) {
	p.t.Helper()
	p.w.Later(time.Minute) // news of this order are newer than of the last
	tab := p.buyer.Open(p.at(p.work + "/licence"))
	check(tab, `form#accept input[name=accept]`)
	tab.Go(`form#accept button[type=submit]`).Sees(".turnbox")
	p.page(tab)
	return apptest.Eval[string](tab, "location.pathname")
}

// settles goes through an order: where to pay, sent, received. Each is told by
// the inbox that it is their turn.
func (p *trade) settles(order string) (licence string) {
	p.t.Helper()
	p.told(p.seller)
	p.page(p.seller)
	p.seller.Type("#f-text", "Перевод по номеру договора").Go("#details form button[type=submit]").Sees(".notice.ok")
	p.page(p.seller)
	p.told(p.buyer)
	p.buyer.At(order).Sees("#pay", "#code")
	p.page(p.buyer, "Перевод по номеру договора")
	p.buyer.Go("#claim form button[type=submit]")
	p.page(p.buyer)
	p.told(p.seller)
	p.seller.Type("#f-came", "600").Go("#confirm form button[type=submit]").Sees(".notice.ok")
	p.page(p.seller)
	p.buyer.Open(order).Go(`.turnbox a[href*="/licences/L-"]`).Sees("figure.qr svg", `a[href$=".jwt"]`, `a[href$=".pdf"]`)
	p.page(p.buyer)
	return path.Base(apptest.Eval[string](p.buyer, "location.pathname"))
}

// isChecked takes the file by the secret address and has a stranger check it.
func (p *trade) isChecked(id string) {
	p.t.Helper()
	p.buyer.Open(p.at("/licences/" + id))
	p.page(p.buyer, p.f.T("licence.is_valid"), p.f.T("licence.yours"))
	p.buyer.Go(`form[action$="/link"] button`).Sees("#share")
	secret := strings.TrimPrefix(p.buyer.Text("#share"), p.w.URL)
	jwt := p.w.Visitor().Get(strings.Replace(secret, "?", ".jwt?", 1)).Is(http.StatusOK).Body
	p.stranger.Open(p.at("/verify"))
	p.page(p.stranger)
	upload(strings.TrimSpace(jwt))(p.stranger)
	p.page(p.stranger, p.f.T("licence.says_valid"), id)
	p.stranger.Go(`.doit a[href$="/v/` + id + `"]`)
	p.page(p.stranger, p.f.T("licence.is_valid"), p.f.T("licence.nameless"))
	p.stranger.Open(p.at("/verify"))
	upload(strings.TrimSpace(jwt[:len(jwt)-10]) + "AAAAAAAAAA")(p.stranger)
	p.page(p.stranger, p.f.T("licence.is_bad_signature"))
}

// isRevoked gives the money of the newest order back: both say so, and the
// licence ends for everybody.
func (p *trade) isRevoked(id string) {
	p.t.Helper()
	if p.scripts {
		p.seller.Open(p.at("/me/sales"))
		p.page(p.seller, id)
	}
	p.buyer.Go(`.holder a[href*="/orders/"]`)
	order := apptest.Eval[string](p.buyer, "location.pathname")
	p.seller.Open(order).Click("#back summary").Type("#back input[name=amount]", "600").Go("#back form button[type=submit]")
	p.page(p.seller)
	p.told(p.buyer)
	p.buyer.Type("#got input[name=amount]", "600").Go("#got form button[type=submit]")
	p.page(p.buyer)
	p.stranger.Open(p.at("/v/" + id))
	p.page(p.stranger, p.f.T("licence.is_revoked"), p.f.T("licence.ground_refund"), p.f.T("after.title"))
}

// renews waits until thirty days before the end, is told, orders the next term
// and lets the first one end.
func (p *trade) renews(id string) {
	p.t.Helper()
	p.w.Later(16 * 24 * time.Hour)
	p.told(p.buyer)
	p.buyer.Open(p.at("/me/licences"))
	p.page(p.buyer, id)
	p.buyer.Go(`a[href*="renews=` + id + `"]`)
	p.page(p.buyer)
	check(p.buyer, `form#accept input[name=accept]`)
	p.buyer.Go(`form#accept button[type=submit]`).Sees(".turnbox")
	next := p.settles(apptest.Eval[string](p.buyer, "location.pathname"))
	p.page(p.buyer, p.f.T("licence.is_not_yet"))
	was, err := p.w.Licences.Public(context.Background(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	then, err := p.w.Licences.Public(context.Background(), next)
	if err != nil {
		p.t.Fatal(err)
	}
	if !then.Facts.ValidFrom.Equal(was.Facts.ValidUntil) || was.RenewedBy != next || then.Facts.Previous != id {
		p.t.Errorf("%s ends at %v, and %s begins at %v", id, was.Facts.ValidUntil, next, then.Facts.ValidFrom)
	}
	p.w.Later(was.Facts.ValidUntil.Sub(p.w.Clock.Now()))
	p.stranger.Open(p.at("/v/" + id))
	p.page(p.stranger, p.f.T("licence.is_grace"), p.f.T("after.title"))
	p.stranger.Go(`.doit a[href$="/v/` + next + `"]`)
	p.page(p.stranger, p.f.T("licence.is_valid"))
}
