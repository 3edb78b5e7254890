package site_test

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/web"
)

// pictures names a folder to which the walks write what they see, for people to
// look at.
const pictures = "ODUVAN_TEST_PICTURES"

// cardTrade is one walk of a seller and a buyer who settle by card.
type cardTrade struct {
	trade

	s    *apptest.StripeWorld
	tell func()
}

// TestJourneyByCard goes the whole way in a browser, with the pages of a
// stand-in for Stripe: connecting, offering, a card that is declined, a paid
// licence with its certificate, and a refund that revokes it.
func TestJourneyByCard(t *testing.T) {
	t.Parallel()
	texts, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lang    string
		width   int64
		scripts bool
	}{"Russian on a phone": {"ru", 390, true}, "English on a desk": {"en", 1280, true}, "English without JavaScript": {"en", 390, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := apptest.Chromium(t)
			if b == nil {
				return
			}
			w, s := apptest.NewWithStripe(t)
			open := func() *apptest.Tab {
				tab := b.Tab(w).Size(c.width, 900)
				if !c.scripts {
					tab.NoScripts()
				}
				return tab
			}
			maker, ben := w.Person("maker"), w.Person("ben")
			maker.Profile(fill{"roles": {"creator"}}).Is(http.StatusOK)
			p := &cardTrade{s: s, tell: hears(t, w, s), trade: trade{way: way{t: t, w: w, say: voice{lang: c.lang}, width: c.width, scripts: c.scripts}, f: texts.Frame(c.lang),
				seller: open().Become(maker.Client), buyer: open().Become(ben.Client), stranger: open()}}
			p.registers()
			p.connects()
			p.offersByCard()
			order := p.ordersByCard()
			p.hesitates(order)
			id := p.paysByCard(order)
			p.isChecked(id)
			p.givesBack(order, id)
		})
	}
}

// away presses a button that leads to Stripe, or one of Stripe's own, and waits
// for the page there. Nothing but these two hosts may be asked.
func (p *cardTrade) away(tab *apptest.Tab, button, sees string) {
	p.t.Helper()
	tab.Go(button).Sees(sees)
	for _, problem := range tab.Problems() {
		if !strings.HasPrefix(problem, "request to another host: "+p.s.Base+"/") {
			p.t.Errorf("in the browser: %s", problem)
		}
	}
}

// shows writes pictures of a page, light and dark, narrow and wide.
func (p *cardTrade) shows(tab *apptest.Tab, name string) {
	p.t.Helper()
	dir := os.Getenv(pictures)
	if dir == "" || !p.scripts {
		return
	}
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			tab.Size(width, 900).Prefers(scheme).Screenshot(filepath.Join(dir, fmt.Sprintf("%s-%s-%d-%s.png", name, p.say.lang, width, scheme)))
		}
	}
	tab.Size(p.width, 900).Prefers("light")
}

// connects goes from the sales to Stripe and back.
func (p *cardTrade) connects() {
	p.t.Helper()
	tab := p.seller.Open(p.at("/me/sales"))
	tab.Go(`main a[href$="/me/stripe"]`)
	p.page(tab, p.f.T("stripe.is_none"), p.f.T("stripe.means_own"), p.f.T("stripe.data_both"))
	p.shows(tab, "stripe-none")
	p.away(tab, "#connect button", `button[value=leave]`)
	p.away(tab, `button[value=leave]`, "#connect")
	p.page(tab, p.f.T("stripe.is_pending"))
	p.shows(tab, "stripe-pending")
	p.away(tab, "#connect button", `button[value=finish]`)
	p.away(tab, `button[value=finish]`, ".turnbox.done")
	p.page(tab, p.f.T("stripe.is_ready"), p.f.T("stripe.text_ready"))
	p.shows(tab, "stripe-ready")
}

func (p *cardTrade) offersByCard() {
	p.t.Helper()
	tab := p.seller.Open(p.at("/me" + p.work)).Go(`main a[href$="/offers/new"]`)
	check(tab, `input[name=uses][value=reproduce]`)
	check(tab, `input[name=channel][value=teaching]`)
	check(tab, `input[name=not_fund]`)
	apptest.Eval[bool](tab, `(document.querySelectorAll("input[name=days]").forEach((e) => e.value = ""), true)`)
	set(tab, map[string]string{"input[name=days]": "45", "input[name=price]": "600", "select[name=price_currency]": "RUB",
		"select[name=way_country]": "WW", "select[name=way_method]": "stripe", "select[name=way_currency]": "RUB"})
	p.page(tab, p.f.T("stripe.offer_ready"))
	p.shows(tab, "offer")
	tab.Go(`form .bar-end button[type=submit]`).Sees(".notice.ok")
	p.page(tab)
}

// ordersByCard chooses the term and the way.
func (p *cardTrade) ordersByCard() (order string) {
	p.t.Helper()
	tab := p.buyer.Open(p.at(p.work + "/licence"))
	p.page(tab, p.f.T("stripe.way_hint"), p.f.T("stripe.honest"))
	p.shows(tab, "buy")
	check(tab, `form#accept input[name=accept]`)
	tab.Go(`form#accept button[type=submit]`).Sees("#card button.primary")
	p.page(tab, p.f.T("card.pay_text"), p.f.T("stripe.honest"))
	p.shows(tab, "order-pay")
	return apptest.Eval[string](tab, "location.pathname")
}

// hesitates has a card declined, leaves without paying, and looks whether a
// payment came all the same.
func (p *cardTrade) hesitates(order string) {
	p.t.Helper()
	tab := p.buyer
	p.away(tab, "#card button", `button[value=decline]`)
	p.away(tab, `button[value=decline]`, `[role=alert]`)
	p.away(tab, `button[value=leave]`, "#card button.primary")
	tab.At(order)
	p.page(tab, p.f.T("order.is_awaiting_payment"))
	tab.Open(order + "?session=again").Sees(".turnbox.wait")
	p.page(tab, p.f.T("card.wait"), p.f.T("card.wait_text"))
	p.shows(tab, "order-wait")
}

// paysByCard pays and gives the licence's number.
func (p *cardTrade) paysByCard(order string) (id string) {
	p.t.Helper()
	tab := p.buyer
	p.away(tab, "#card button", `button[value=pay]`)
	p.away(tab, `button[value=pay]`, `.turnbox.done a[href*="/licences/L-"]`)
	tab.At(order)
	p.page(tab, p.f.T("card.say_fulfilled_buyer"), p.f.T("card.step_paid"))
	p.shows(tab, "order-paid")
	p.tell()
	tab.Go(`.turnbox a[href*="/licences/L-"]`).Sees("figure.qr svg", `a[href$=".jwt"]`, `a[href$=".pdf"]`)
	p.page(tab, p.f.T("licence.is_valid"))
	return path.Base(apptest.Eval[string](tab, "location.pathname"))
}

// givesBack returns a part, then the rest: that revokes the licence.
func (p *cardTrade) givesBack(order, id string) {
	p.t.Helper()
	p.told(p.seller)
	tab := p.seller.Open(order)
	p.page(tab, p.f.T("card.say_fulfilled_seller"))
	for i, amount := range []string{"100", "500"} {
		if i == 0 {
			tab.Click("#back summary")
			p.shows(tab, "order-give")
		} else {
			tab.Click("#back summary")
		}
		tab.Type("#back input[name=amount]", amount).Go("#back form button[type=submit]").Sees("#returns")
		p.page(tab, p.f.T("card.done_back"), p.f.T("card.back_done_hint"))
	}
	p.shows(tab, "order-given")
	p.page(tab, p.f.T("card.say_refunded_seller"))
	p.tell()
	p.told(p.buyer)
	p.page(p.buyer, p.f.T("card.say_refunded_buyer"))
	p.shows(p.buyer, "order-refunded")
	p.stranger.Open(p.at("/v/" + id))
	p.page(p.stranger, p.f.T("licence.is_revoked"), p.f.T("licence.ground_refund"))
}
