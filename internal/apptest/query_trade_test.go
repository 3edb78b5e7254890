package apptest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/money"
)

// TestQueriesPerPageOfTrade holds every page of works, orders, licences and the
// fund to a number of statements that does not grow with what stands on it.
func TestQueriesPerPageOfTrade(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		operator := w.SetUp("cho", nil)
		ada, kid := w.Person("ada"), w.Person("kid")
		ada.Profile(apptest.Fill{"roles": {"tutor", "creator"}}).Is(http.StatusOK)
		s := &stage{World: w, owner: ada}
		work, seller, buyer := s.work(), keeper{customer: known(w, ada)}, known(w, kid)
		s.offer(work)
		v, err := w.Licences.Work(context.Background(), seller.actor(), work)
		must(t, err)
		seller.paid = v.Offers[0].ID
		waiting := kid.Get("/works/"+work+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK).Path
		ada.Get(waiting).Send("#details form", apptest.Fill{"text": {"Карта"}}).Is(http.StatusOK)
		other := known(w, w.Person("ben"))
		_, id := buys(t, w.App, other, seller, "")
		argued := argue(t, s)
		gift(t, w, 0)

		visit := func(c *apptest.Client, most int64, paths ...string) (out []visited) {
			for _, path := range paths {
				out = append(out, visited{path, c, most})
			}
			return out
		}
		pages := append(visit(nil, 30, "/works/"+work, "/works/"+work+"/licence", "/v/"+id, "/verify", "/terms/CL-1.0", "/agreements", "/fund", "/fund.csv", "/fund.json",
			"/transparency/licences", "/transparency/decisions", "/search?kind=work", "/tutors/ada"),
			visit(kid.Client, 45, "/works/"+work, "/works/"+work+"/licence", "/works/"+work+"/claim", "/orders", waiting, "/me/licences")...)
		pages = append(pages, visit(nil, 40, "/transparency", "/transparency.json")...) // a report of every feature that knows money, each read by itself
		pages = append(pages, visit(ada.Client, 45, "/me/works", "/me/works/new", "/me/works/"+work, "/me/works/"+work+"/edit", "/me/works/"+work+"/offers/new", "/orders",
			waiting, "/me/sales", "/me/sales.csv", "/me/sales.json", "/licences/"+id, "/licences/"+id+"/revoke")...)
		pages = append(pages, visit(operator.Client, 45, "/admin/orders", "/admin/orders/"+strings.TrimPrefix(argued, "/orders/"), "/admin/claims", "/admin/appeals", "/admin/fund", "/admin/agreements")...)
		few := make([]int64, len(pages))
		for i, page := range pages {
			statements(t, w, page.c, page.path) // what is kept between requests is kept
			few[i] = statements(t, w, page.c, page.path)
		}
		for i := range 5 {
			more := s.work()
			s.offer(more)
			kid.Get("/works/"+more+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK)
			s.part(work)
			_, _ = s.claim(more)
			_, last := buys(t, w.App, known(w, w.Person(fmt.Sprintf("more%d", i))), seller, "")
			_, _ = buys(t, w.App, buyer, seller, "")
			_, err := w.Licences.Revoke(context.Background(), seller.actor(), last, licence.Revoking{Ground: licence.OutOfScope, Reason: "Sells copies beyond what was agreed.", Days: 14})
			must(t, err)
			argue(t, s)
			gift(t, w, i+1)
		}
		for i, page := range pages {
			statements(t, w, page.c, page.path)
			many := statements(t, w, page.c, page.path)
			t.Logf("%-70s %d statements, %d when there is more", page.path, few[i], many)
			if many > page.most {
				t.Errorf("%s: %d statements, want at most %d", page.path, many, page.most)
			}
			if many > few[i]+1 {
				t.Errorf("%s: %d statements with little on it, %d with more", page.path, few[i], many)
			}
		}
	})
}

// visited is a page and who opens it.
type visited struct {
	path string
	c    *apptest.Client
	most int64
}

// known is a person of the pages as features know them.
func known(w *apptest.World, p *apptest.Person) customer {
	w.T.Helper()
	a, err := w.Accounts.ActorByToken(context.Background(), p.Token())
	must(w.T, err)
	return customer{soul: soul{id: a.ID, handle: a.Handle}}
}

// argue is an order between a new buyer and the owner about which a moderator
// has to decide.
func argue(t *testing.T, s *stage) (at string) {
	t.Helper()
	buyer, id := s.order()
	s.disagree(buyer, id)
	return "/orders/" + id
}

// gift is one entry of the fund.
func gift(t *testing.T, w *apptest.World, n int) {
	t.Helper()
	_, err := w.Fund.Record(context.Background(), account.Console(), fund.Input{Kind: fund.Donation, Amount: money.Amount{Minor: 1000 + int64(n), Currency: "RUB"}, Channel: "bank"})
	must(t, err)
}
