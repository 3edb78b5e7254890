package apptest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// renewal opens the order that continues an order's licence, and its page.
func (p *shop) renewal(t *testing.T, n int) (at int) {
	t.Helper()
	var first struct {
		Licence string `json:"licence_id"`
		Offer   string `json:"offer_id"`
	}
	p.api(t, p.buyerOf(n), http.MethodGet, "/orders/"+p.orders[n], "", http.StatusOK, &first)
	var said struct{ ID string }
	p.api(t, p.buyerOf(n), http.MethodPost, "/orders", fmt.Sprintf(`{"offer_id":%q,"days":30,"currency":"RUB","method":"stripe","renews":%q}`, first.Offer, first.Licence),
		http.StatusCreated, &said)
	p.orders = append(p.orders, said.ID)
	p.checkout(t, len(p.orders)-1)
	return len(p.orders) - 1
}

// The seller gives the money for a licence back while its renewal is paid: both
// wait for the chain. Either the renewal was first, and has its licence, or it is
// called off; then money that comes all the same is known, gives no licence, and
// can go back.
func TestARefundAgainstARenewalAtTheDoor(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		const given = "order refunded 50000 RUB refunded 50000 extra 0 0 paid fulfilled · payment 50000 RUB · refund -50000 RUB · licence revoked"
		ends := map[string]int{}
		for round := range 5 {
			p.order(t) // the first combinations are of 30 days, each by another offer
			n := len(p.orders) - 1
			s.Do("pay", "id", p.page(n))
			s.Deliver()
			p.Drain()
			again := p.renewal(t, n)
			page := p.page(again)
			var all sync.WaitGroup
			all.Go(func() {
				if status, body := apiCall(t, p.URL, p.seller.token, http.MethodPost, "/orders/"+p.orders[n]+"/refund", ""); status != http.StatusOK {
					t.Errorf("refund: got %d %s", status, body)
				}
			})
			all.Go(func() {
				if _, err := s.Try("pay", "id", page); err == nil && round%2 == 0 {
					_, err = p.Stripe.Returned(t.Context(), p.orders[again])
					must(t, err)
				}
			})
			all.Wait()
			s.Deliver()
			p.Drain()
			lines := p.dump(t)
			if !strings.HasSuffix(lines[n], given) {
				t.Errorf("round %d: the first is %s", round, lines[n])
			}
			_, end, _ := strings.Cut(lines[again], " · ")
			ends[end]++
			p.clean(t)
			if strings.HasPrefix(end, "order paid") { // it can go back
				p.api(t, p.seller, http.MethodPost, "/orders/"+p.orders[again]+"/refund", "", http.StatusOK, nil)
			}
			p.orders = p.orders[:again] // so that the next has a combination of its own
		}
		for end := range ends {
			switch end {
			case "order fulfilled 50000 RUB refunded 0 extra 0 0 paid fulfilled · payment 50000 RUB · licence active",
				"order paid 50000 RUB refunded 0 extra 0 0 paid cancelled · payment 50000 RUB",
				"order cancelled 50000 RUB refunded 0 extra 0 0 cancelled":
			default:
				t.Errorf("a renewal ends as %s", end)
			}
		}
		p.clean(t)
		t.Logf("%v", ends)
	})
}
