package apptest_test

import (
	"context"
	"strings"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// tradeRoute tells whether a route of the API names a work, a part of it, an
// offer, a claim, a licence or the contributor agreement.
func tradeRoute(pattern string) bool {
	rest, api := strings.CutPrefix(pattern, "/api/v1")
	if !api {
		return false
	}
	for _, prefix := range []string{"/works/:id", "/contributions/:id", "/offers/:id", "/claims/:id", "/licences/:id", "/agreements/:n"} {
		if strings.HasPrefix(rest, prefix) {
			return true
		}
	}
	return false
}

// fillTrade puts the owner's own thing into such a route's pattern; of a
// licence the owner is the seller.
func (s *stage) fillTrade(pattern string) string {
	id := ""
	switch {
	case strings.Contains(pattern, "/agreements/"):
		id = s.agreement()
	case strings.Contains(pattern, "/contributions/"):
		id = s.part(s.work())
	case strings.Contains(pattern, "/claims/"):
		_, id = s.claim(s.work())
	case strings.Contains(pattern, "/licences/"):
		id = s.sold()
	case strings.HasPrefix(pattern, "/api/v1/offers/"):
		id = s.offer(s.work())
	default:
		id = s.work()
	}
	return strings.NewReplacer(":id", id, ":n", id).Replace(pattern)
}

// sold is a licence that the owner has sold.
func (s *stage) sold() string {
	s.T.Helper()
	ctx, seller := context.Background(), account.Actor{ID: s.ownerID(), Handle: s.owner.Handle, Role: account.Member}
	_, id := s.order()
	o, err := s.Payments.Order(ctx, seller, id)
	if err == nil {
		_, err = s.Payments.Confirm(ctx, seller, id, money.Amount{Minor: o.Amount, Currency: o.Currency})
	}
	var got map[string]string
	if err == nil {
		got, err = s.Licences.OfOrders(ctx, seller, []string{id})
	}
	if err != nil || got[id] == "" || o.Viewer != payment.Seller {
		s.T.Fatalf("no licence of order %s: %v", id, err)
	}
	return got[id]
}
