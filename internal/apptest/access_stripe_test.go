package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// newCardStage is a board that takes cards, with all of the cast.
func newCardStage(t *testing.T, role string) *stage {
	w, cards := apptest.NewWithStripe(t)
	return (&stage{World: w, cards: cards, tokens: map[string]string{}}).cast(role)
}

// cardRows are the routes that stand only where cards are taken or answer
// otherwise there. The owner's order is one that the owner sells, and once more
// one that the owner buys.
func cardRows(w *apptest.World) (out []row) {
	for _, r := range w.Routes() {
		if !strings.Contains(r.Path, "stripe") && !strings.HasSuffix(r.Path, "/orders/:id/checkout") && !strings.HasSuffix(r.Path, "/orders/:id/refund") {
			continue
		}
		variant := "card"
		method, pattern := r.Method, r.Path
		if !strings.Contains(pattern, ":id") {
			out = append(out, row{method, pattern, variant, func(*stage) string { return pattern }})
			continue
		}
		paid := !strings.HasSuffix(pattern, "/checkout")
		out = append(out, row{method, pattern, variant, func(s *stage) string {
			return strings.Replace(pattern, ":id", s.cardOrder(s.owner, s.stranger(), paid), 1)
		}}, row{method, pattern, variant + ", the owner buys", func(s *stage) string {
			return strings.Replace(pattern, ":id", s.cardOrder(s.stranger(), s.owner, paid), 1)
		}})
	}
	slices.SortStableFunc(out, func(a, b row) int { return leaves(a) - leaves(b) })
	return out
}

// leaves tells whether an act takes the owner's account at Stripe away.
func leaves(r row) int {
	if r.method+" "+r.pattern == "POST /me/stripe/disconnect" {
		return 1
	}
	return 0
}

// stranger is somebody who is not of the cast and may sell.
func (s *stage) stranger() *apptest.Person {
	s.T.Helper()
	s.asked++
	who := s.Person(fmt.Sprintf("kid%d", s.asked))
	who.Profile(apptest.Fill{"roles": {"creator"}}).Is(http.StatusOK)
	return who
}

// call asks the API as somebody and reads what it answers.
func (s *stage) call(who *apptest.Person, method, at, body string) (out map[string]any, location string) {
	s.T.Helper()
	req, err := http.NewRequest(method, s.URL+"/api/v1"+at, strings.NewReader(body))
	if err != nil {
		s.T.Fatal(err)
	}
	if s.tokens[who.Handle] == "" { // nobody has many
		s.tokens[who.Handle] = who.Token()
	}
	req.Header.Set("Authorization", "Bearer "+s.tokens[who.Handle])
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
		s.T.Fatalf("%s %s: %d %v %v", method, at, res.StatusCode, out, err)
	}
	return out, path.Base(res.Header.Get("Location"))
}

// cardOrder is an order that is paid by card on its seller's own account.
func (s *stage) cardOrder(seller, buyer *apptest.Person, paid bool) string {
	s.T.Helper()
	link, _ := s.call(seller, "POST", "/me/stripe/account", "")
	s.cards.Connected(link["account"].(string))
	s.call(seller, "GET", "/me/stripe/account", "")
	_, work := s.call(seller, "POST", "/works", `{"title":"Tasks","kind":"tasks","url":"https://tasks.example.org/","base_licence":"CC-BY-NC-4.0","basis":"owner"}`)
	_, offer := s.call(seller, "POST", "/works/"+work+"/offers", `{"uses":["present"],"prices":[{"days":90,"amount":1200,"currency":"EUR"}],
		"ways":[{"country":"WW","method":"stripe","currency":"EUR"}]}`)
	_, id := s.call(buyer, "POST", "/orders", fmt.Sprintf(`{"offer_id":%q,"days":90,"method":"stripe"}`, offer))
	if paid {
		s.call(buyer, "POST", "/orders/"+id+"/checkout", "")
		s.cards.Do("pay", "id", s.cards.Session(id).ID)
		if _, err := s.Stripe.Returned(context.Background(), id); err != nil {
			s.T.Fatal(err)
		}
	}
	return id
}
