package apptest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// What Stripe tells about people in what it sends: the stand-in's own, and what
// this test adds in errors and in events that nobody asked for.
var stripeTells = map[string]string{
	"name": "Planted Buyer", "e-mail": "planted.buyer@example.com", "seller's e-mail": "seller-of-planted.buyer@example.com", "phone": "+15550102030", "phone, bare": "15550102030",
	"card": "plantedfingerprint", "last4": `"last4"`, "address of a computer": "203.0.113.77", "name in an error": "Zacharias Quimby", "card in an error": "5555341244441115",
	"e-mail in an event": "zacharias@quimby.example", "bank in an event": "DE75512108001245126199",
}

// TestWhatStripeTellsOfPeopleIsKeptNowhere sells, gives back, argues and fails by
// card while every answer and event of Stripe's carries names, addresses and
// cards, and looks for them in files, tables, logs, pages and exports.
func TestWhatStripeTellsOfPeopleIsKeptNowhere(t *testing.T) {
	t.Parallel()
	apptest.EachWithStripe(t, func(t *testing.T, w *apptest.World, s *apptest.StripeWorld) {
		p := newShop(t, w, s)
		rnd := seeded(t)
		p.lives(t, rnd, len(shopLives()), func() { s.Deliver() })
		p.Drain()
		quarrels(t, p)
		told := 0
		for _, e := range s.Events() {
			if strings.Contains(e.Payload, "planted.buyer@example.com") {
				told++
			}
		}
		if told < 20 {
			t.Errorf("only %d events tell of a person", told)
		}
		outputs := map[string][]byte{"log": []byte(w.Logs.String())}
		for i, who := range []soul{p.seller, p.buyers[0]} {
			for _, path := range []string{"/me/export", "/orders", "/orders/" + p.orders[0], "/me/stripe/account"} {
				status, body := apiCall(t, w.URL, who.token, http.MethodGet, path, "")
				outputs[fmt.Sprint("API ", path, " of ", i, ", ", status)] = body
			}
		}
		files := kept(t, w)
		must(t, w.Close())
		for name, data := range folder(t, w.Dir) {
			files[name+" (closed)"] = data
		}
		for name, data := range files {
			outputs[name] = data
		}
		eyes, found, size := newScan(stripeTells), 0, 0
		for name, data := range outputs {
			size += len(data)
			for _, leak := range eyes.in(data) {
				found++
				t.Errorf("%s holds %s", name, leak)
			}
		}
		if w.Config.DatabaseURL == "" && !bytes.Contains(files["oduvan.db"], []byte(p.orders[0])) && !bytes.Contains(files["oduvan.db-wal"], []byte(p.orders[0])) ||
			!bytes.Contains(files["table payment_inbox"], []byte(p.acct)) {
			t.Error("the search sees nothing of an order")
		}
		t.Logf("%d words in %d forms; %d events told of a person; %d places, %d kB; %d leaks", len(eyes.secrets), eyes.forms(), told, len(outputs), size>>10, found)
		control(t, eyes, files)
	})
}

// quarrels lets Stripe fail with words about people in its errors, and somebody
// with the secret send such words in events.
func quarrels(t *testing.T, p *shop) {
	t.Helper()
	const says = `{"error":{"type":%q,"code":%q,"message":"Zacharias Quimby, zacharias@quimby.example, card 5555341244441115 was refused","param":"DE75512108001245126199"}}`
	n := len(p.orders)
	p.order(t)
	for _, status := range []int{400, 402, 403, 404, 409, 429, 500, 200} {
		p.stripe.Instead(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(status)
			fmt.Fprintf(rw, says, "invalid_request_error", "Zacharias Quimby")
		}))
		_, _ = apiCall(t, p.URL, p.buyers[0].token, http.MethodPost, "/orders/"+p.orders[0]+"/checkout", "")
		_, _ = apiCall(t, p.URL, p.seller.token, http.MethodPost, "/me/stripe/account", "")
		_, _ = apiCall(t, p.URL, p.seller.token, http.MethodPost, "/orders/"+p.orders[0]+"/refund", `{"amount":100}`)
		_, _ = p.Stripe.Returned(t.Context(), p.orders[n])
		_ = p.Stripe.Doctor(t.Context())
	}
	p.stripe.Instead(nil)
	p.Clock.Advance(3e11) // five minutes: Stripe is asked again
	for i, change := range []func(e, about forged){
		func(_, about forged) { about["customer_details"] = "Zacharias Quimby zacharias@quimby.example" },
		func(e, _ forged) { e["type"] = "payout.paid"; e["destination"] = "DE75512108001245126199" },
		func(e, _ forged) { e["type"] = "Zacharias Quimby" },
		func(e, _ forged) { e["id"] = "zacharias@quimby.example" },
		func(_, about forged) { about["id"] = "DE75512108001245126199 Zacharias Quimby" },
		func(e, _ forged) { e["account"] = "zacharias@quimby.example" },
		func(e, _ forged) { e["livemode"] = "5555341244441115" },
	} {
		b := p.forged(n, func(e, about forged) { e["id"] = fmt.Sprintf("evt_1Quimby%016d", i); change(e, about) })
		p.post(t, b, sign(b, p.Clock.Now(), p.stripe.Secret))
		p.post(t, b, "t=1,v1=00")
		p.post(t, append([]byte("Zacharias Quimby "), b...), sign(b, p.Clock.Now(), p.stripe.Secret))
	}
	p.Drain()
}
