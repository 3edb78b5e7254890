package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// TestSeveralValues repeats a query key: of a state or a kind any of the values
// will do, and of what has one value alone the second is refused.
func TestSeveralValues(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		s := w.shop()
		s.buys()
		s.orders(90)
		w.tutor("eve-tutor")
		w.tutor("fay-tutor")
		w.did("POST", "/profiles/eve-tutor/inquiries", s.ben, question)
		gone := w.did("POST", "/profiles/fay-tutor/inquiries", s.ben, question)
		w.did("POST", "/inquiries/"+gone+"/withdraw", s.ben, "")
		count := func(path string) int {
			rec := w.ask(http.MethodGet, "/api/v1"+path, s.ben, "")
			if rec.Code != http.StatusOK {
				t.Fatalf("%s: got %d %s", path, rec.Code, rec.Body)
			}
			switch {
			case strings.HasPrefix(path, "/orders"):
				return reads[api.Orders](t, rec).Total
			case strings.HasPrefix(path, "/inquiries"):
				return reads[api.Inquiries](t, rec).Total
			}
			return reads[api.Inbox](t, rec).Total
		}
		for path, want := range map[string]int{
			"/orders": 2, "/orders?state=fulfilled": 1, "/orders?state=fulfilled&state=awaiting_payment": 2, "/orders?state=awaiting_payment&state=fulfilled": 2,
			"/orders?state=refunded&state=fulfilled&role=buyer": 1, "/orders?state=refunded&state=cancelled": 0, "/orders?state=&state=fulfilled": 1,
			"/inquiries": 2, "/inquiries?state=open": 1, "/inquiries?state=withdrawn&state=open": 2, "/inquiries?state=declined&state=withdrawn&role=learner": 1,
		} {
			if got := count(path); got != want {
				t.Errorf("%s: got %d, want %d", path, got, want)
			}
		}
		issued, turn := count("/me/inbox?kind=licence_issued"), count("/me/inbox?kind=order_turn&kind=order_news")
		if both := count("/me/inbox?kind=order_turn&kind=licence_issued&kind=order_news"); both != issued+turn {
			t.Errorf("inbox: %d, %d and %d", issued, turn, both)
		}
		for path, want := range map[string]string{
			"/orders?state=fulfilled&state=rich": "state[1] value_unknown", "/inquiries?state=open&state=x": "state[1] value_unknown",
			"/me/inbox?kind=order_turn&kind=gossip": "kind[1] value_unknown", "/fund?kind=expense&kind=x": "kind[1] value_unknown",
			"/orders?role=buyer&role=seller": "role too_many", "/inquiries?role=tutor&role=tutor": "role too_many", "/fund?currency=RUB&currency=EUR": "currency too_many",
			"/orders?page=1&page=2": "page too_many", "/search?sort=new&sort=price": "sort too_many",
		} {
			p := problem(t, w.ask(http.MethodGet, "/api/v1"+path, s.ben, ""))
			if len(p.Errors) != 1 || p.Status != http.StatusUnprocessableEntity || p.Errors[0].Field+" "+p.Errors[0].Code != want {
				t.Errorf("%s: got %+v, want %s", path, p, want)
			}
		}
		if p := problem(t, w.ask(http.MethodGet, "/api/v1/orders?role=buyer&role=seller&page=1&page=2", s.ben, "")); p.Code != "invalid" || len(p.Errors) != 2 {
			t.Errorf("two given twice: %+v", p)
		}
		if rec := w.ask(http.MethodGet, "/api/v1/fund?kind=expense&kind=donation", "", ""); rec.Code != http.StatusOK {
			t.Errorf("the fund: got %d %s", rec.Code, rec.Body)
		}
	})
}
