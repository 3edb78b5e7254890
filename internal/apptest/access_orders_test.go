package apptest_test

import (
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// ordersRoute tells whether a route's parameters name an order.
func ordersRoute(pattern string) bool { return strings.Contains(pattern, "/orders/:id") }

// fillOrders puts an order into a route's pattern: the owner of the matrix is
// its seller, its buyer is nobody of the cast. Where a moderator decides, the
// two do not agree.
func (s *stage) fillOrders(pattern string) string {
	buyer, id := s.order()
	if strings.HasPrefix(pattern, "/admin/") {
		s.disagree(buyer, id)
	}
	return strings.Replace(pattern, ":id", id, 1)
}

// order is one of a licence to a work of the owner.
func (s *stage) order() (buyer *apptest.Person, id string) {
	s.T.Helper()
	work := s.work()
	s.offer(work)
	s.asked++
	buyer = s.Person(fmt.Sprintf("kid%d", s.asked))
	page := buyer.Get("/works/"+work+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK)
	if !strings.HasPrefix(page.Path, "/orders/") {
		s.T.Fatalf("buying led to %s", page.Path)
	}
	return buyer, path.Base(page.Path)
}

// disagree brings an order before a moderator.
func (s *stage) disagree(buyer *apptest.Person, id string) {
	s.T.Helper()
	at := "/orders/" + id
	buyer.Get(at).Send("#claim form", nil).Is(http.StatusOK)
	s.owner.Get(at).Send("#deny form", apptest.Fill{"reason": {"Ничего не пришло"}}).Is(http.StatusOK)
	buyer.Get(at).Send("#ask form", apptest.Fill{"statement": {"Отправлено вчера"}}).Is(http.StatusOK)
}
