package site_test

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// deals are a board that takes cards, who trades there, and their orders in the
// states that look differently.
type deals struct {
	w       *apptest.World
	clients map[string]*apptest.Client

	work, offer                                      string
	waits, given, disputed, lost, extra, over, liked string
	odd                                              string
}

// dealing fills a board with orders by card.
func dealing(t *testing.T) deals {
	t.Helper()
	w, s := apptest.NewWithStripe(t)
	seller, payer, lone := w.Person("card-seller"), w.Person("card-payer"), w.Person("card-lone")
	connects(t, s, seller)
	presses(t, s, lone.Get("/me/stripe").Send("form#connect", nil).Is(http.StatusOK).Path, "leave")
	work := sells(t, w, seller, "CC-BY-NC-4.0", byCard())
	tell := hears(t, w, s)
	out := deals{w: w, clients: map[string]*apptest.Client{"card-seller": seller.Client, "card-payer": payer.Client, "card-lone": lone.Client},
		work: "/works/" + work.ID, offer: workshopAt + work.ID + "/offers/new"}
	s.Do("fault", "method", "POST", "path", "/v1/checkout/sessions", "status", "400", "after", "true", "times", "1")
	out.extra = orders(t, payer, work)
	tell()
	payer.Get(out.extra).Send("#card form", nil).Is(http.StatusOK)
	s.Do("pay-twice", "order", path.Base(out.extra))
	tell()
	for _, at := range []*string{&out.given, &out.disputed, &out.lost, &out.liked} {
		*at = orders(t, payer, work)
		payer.Get(pays(t, w, s, payer, *at)).Is(http.StatusOK)
		w.Clock.Advance(time.Minute)
	}
	seller.Get(out.given).Send("#back form", fill{"amount": {"100"}}).Is(http.StatusOK)
	s.Do("fault", "method", "POST", "path", "/v1/refunds", "status", "400", "times", "1")
	seller.Get(out.given).Send("#back form", fill{"amount": {"200"}}).Is(http.StatusConflict)
	s.Do("dispute", "id", s.Session(path.Base(out.disputed)).Payment)
	s.Do("move", "id", s.Do("dispute", "id", s.Session(path.Base(out.lost)).Payment), "status", "lost")
	for _, at := range []*string{&out.over, &out.odd, &out.waits} {
		*at = orders(t, payer, work)
		payer.Get(*at).Send("#card form", nil).Is(http.StatusOK)
		page := s.Session(path.Base(*at)).ID
		switch at {
		case &out.over:
			s.Do("expire", "id", page)
		case &out.odd:
			s.Do("tamper", "id", page, "amount", "100")
			s.Do("pay", "id", page)
		}
		tell()
		if at == &out.odd {
			payer.Get(*at).Is(http.StatusOK).Has(".turnbox.wait")
			work = sells(t, w, seller, "CC-BY-NC-4.0", byCard()) // another order of the same would be this one
		}
	}
	return out
}

// cardScenes are the pages of a board that takes cards.
func cardScenes(d deals) []scene {
	seller, payer, lone := "card-seller", "card-payer", "card-lone"
	return []scene{{path: "/me/stripe", who: payer}, {path: "/me/stripe", who: lone}, {path: "/me/stripe", who: seller}, {path: "/me/stripe/again", who: lone}, {path: "/me/stripe/disconnect", who: seller},
		{path: "/me/sales", who: seller}, {path: d.offer, who: seller}, {path: d.work + "/licence", who: payer}, {path: d.work, who: payer}, {path: "/privacy", who: payer}, {path: "/orders", who: payer},
		{path: d.waits, who: payer}, {path: d.waits + "?session=again", who: payer}, {path: d.waits, who: seller}, {path: d.given, who: payer}, {path: d.given, who: seller},
		{path: d.given, who: seller, act: func(tab *apptest.Tab) {
			tab.Click("#back summary")
			novalidate(`#back form button[type=submit]`)(tab)
		}}, {path: d.disputed, who: payer}, {path: d.disputed, who: seller}, {path: d.lost, who: payer},
		{path: d.extra, who: seller}, {path: d.extra, who: payer}, {path: d.over, who: payer}, {path: d.odd, who: payer}, {path: d.odd, who: seller}, {path: d.liked, who: payer}, {path: "/transparency", who: payer}}
}

// TestPagesOfCardsAreAccessible holds the pages of a board that takes cards to
// the same as every page, in the same variants.
func TestPagesOfCardsAreAccessible(t *testing.T) {
	t.Parallel()
	program := axe(t)
	b := apptest.Chromium(t)
	if b == nil || program == "" {
		return
	}
	d := dealing(t)
	all := cardScenes(d)
	for _, r := range d.w.Routes() {
		if r.Method == http.MethodGet && strings.HasPrefix(r.Path, "/me/stripe") && !slices.ContainsFunc(all, func(s scene) bool { return s.path == r.Path }) {
			t.Errorf("no scene shows %s", r.Path)
		}
	}
	var languages sync.WaitGroup
	for _, lang := range []string{"ru", "en"} {
		languages.Go(func() {
			for who, client := range d.clients {
				tab := b.Tab(d.w).Loads(program).Become(client)
				for i, s := range all {
					if s.who == who {
						look(t, tab, lang, s, variants(lang, i))
					}
				}
			}
		})
	}
	languages.Wait()
}
