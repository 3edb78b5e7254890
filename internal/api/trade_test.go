package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

const adasWork = `{"title":"Graphs for beginners","kind":"course","summary":"Trees and *paths*.","url":"https://ada.example/graphs","version":"2.1",
	"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","base_licence":"CC-BY-NC-4.0","authors":["cat-code"],"basis":"owner","payee":"Ada L."}`

const adasOffer = `{"uses":["reproduce","present"],"territory":["WW"],"learners":30,
	"prices":[{"days":90,"amount":120000,"currency":"RUB"},{"days":7,"amount":0,"currency":"RUB"}]}`

// shopping is a board on which ada sells licences to a course by her and cat,
// and ben buys them.
type shopping struct {
	*world
	ada, ben, cat, mod string
	work, offer        string
}

func (w *world) shop() *shopping {
	w.t.Helper()
	return w.shopOf(w.person("ada-lint", account.Member), "")
}

// shopOf is the same for a seller who is there already, with other people.
func (w *world) shopOf(ada, suffix string) *shopping {
	w.t.Helper()
	s := &shopping{world: w, ada: ada, ben: w.person("ben-byte"+suffix, account.Member),
		cat: w.person("cat-code"+suffix, account.Member), mod: w.person("mod-rust"+suffix, account.Moderator)}
	s.work = w.did("POST", "/works", s.ada, strings.Replace(adasWork, "cat-code", "cat-code"+suffix, 1))
	w.did("POST", "/works/"+s.work+"/consents", s.cat, `{}`)
	s.offer = w.did("POST", "/works/"+s.work+"/offers", s.ada, adasOffer)
	return s
}

// orders is what ben does first.
func (s *shopping) orders(days int, more ...string) string {
	s.t.Helper()
	return s.did("POST", "/orders", s.ben, fmt.Sprintf(`{"offer_id":%q,"days":%d%s}`, s.offer, days, strings.Join(more, "")))
}

// says is one act upon an order.
func (s *shopping) says(token, order, act, body string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.ask("POST", "/api/v1/orders/"+order+"/"+act, token, body)
}

// is reads an order for the buyer.
func (s *shopping) is(order string) api.Order {
	s.t.Helper()
	return reads[api.Order](s.t, s.ask("GET", "/api/v1/orders/"+order, s.ben, ""))
}

// buys orders, pays and gives the licence's id.
func (s *shopping) buys() (order, licence string) {
	s.t.Helper()
	order = s.orders(90)
	s.says(s.ada, order, "confirm", `{"amount":120000,"currency":"RUB"}`)
	id := s.is(order).LicenceID
	if id == nil {
		s.t.Fatal("no licence")
	}
	return order, *id
}

// sound asks every invariant.
func (s *shopping) sound() {
	s.t.Helper()
	run, err := s.audit.Run(s.t.Context())
	if err == nil {
		err = s.audit.Keep(s.t.Context(), run)
	}
	if err != nil || len(run.Names()) > 0 {
		s.t.Errorf("%v %v", run, err)
	}
}

func reads[T any](t testing.TB, rec *httptest.ResponseRecorder) (out T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(rec.Body.String()))
	d.DisallowUnknownFields()
	if err := d.Decode(&out); err != nil || rec.Code >= 300 {
		t.Fatalf("%v: %d %s", err, rec.Code, rec.Body)
	}
	return out
}

// masks hide what is drawn at random, so that golden files hold on every engine.
var masks = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`L-[0-9A-Z]{10}`), "<licence>"},
	{regexp.MustCompile(`("(?:head|journal_head|hash|key_id|certificate_sha256|terms_sha256|licensee|token)": )"[^"]+"`), `$1"<drawn>"`},
	{regexp.MustCompile(`("code": )"[0-9A-HJKMNP-TV-Z]{9}"`), `$1"<order>"`},
	{regexp.MustCompile(`key=[A-Za-z0-9_-]{43}`), "key=<secret>"},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+`), "<certificate>"},
}

// TestTrade writes down every answer of the way from a work to a licence, its
// renewal and its refund: the same on both engines.
func TestTrade(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := open(t, d, wide())
		tokens := map[string]string{"nobody": "", "ada": w.person("ada-lint", account.Member), "ben": w.person("ben-byte", account.Member),
			"cat": w.person("cat-code", account.Member), "mod": w.person("mod-rust", account.Moderator)}
		once := []string{"Idempotency-Key: k-1"}
		out := w.walk(tokens, []step{
			{who: "ada", method: "POST", path: "/works", body: adasWork, headers: once}, // {1}
			{who: "ada", method: "POST", path: "/works", body: adasWork, headers: once}, // {2}, the same
			{who: "ada", method: "POST", path: "/works/{1}/offers", body: adasOffer},
			{who: "cat", method: "GET", path: "/me/consents"},
			{who: "cat", method: "POST", path: "/works/{1}/consents", body: `{"payee":"Somebody else"}`},
			{who: "cat", method: "POST", path: "/works/{1}/consents", body: `{}`},    // {3}
			{who: "ada", method: "POST", path: "/works/{1}/offers", body: adasOffer}, // {4}
			{who: "nobody", method: "GET", path: "/works/{1}"},
			{who: "nobody", method: "GET", path: "/works/{1}/offers"},
			{who: "nobody", method: "GET", path: "/search?kind=work&work_kind=course&licence=CC-BY-NC-4.0"},
			{who: "ben", method: "POST", path: "/orders", body: `{"offer_id":"{4}","days":30}`},
			{who: "ada", method: "POST", path: "/orders", body: `{"offer_id":"{4}","days":90}`},
			{who: "ben", method: "POST", path: "/orders", body: `{"offer_id":"{4}","days":90}`, headers: once}, // {5}
			{who: "ada", method: "PUT", path: "/orders/{5}/details", body: `{"text":"Card 2200 0000 0000 0004"}`},
			{who: "ben", method: "GET", path: "/orders/{5}/details"},
			{who: "cat", method: "GET", path: "/orders/{5}"},
			{who: "ben", method: "POST", path: "/orders/{5}/claim"},
			{who: "ben", method: "POST", path: "/orders/{5}/confirm", body: `{"amount":120000,"currency":"RUB"}`},
			{who: "ada", method: "POST", path: "/orders/{5}/confirm", body: `{"amount":120000,"currency":"USD"}`},
			{who: "ada", method: "POST", path: "/orders/{5}/deny", body: `{"reason":"Nothing came."}`},
			{who: "ben", method: "POST", path: "/orders/{5}/arbitration", body: `{"statement":"Sent on 22 November."}`},
			{who: "mod", method: "GET", path: "/arbitrations"},
			{who: "mod", method: "GET", path: "/orders/{5}/statements"},
			{who: "mod", method: "POST", path: "/orders/{5}/decide", body: `{"paid":true,"reason":"Both reports name the same transfer."}`, headers: once},
			{who: "mod", method: "POST", path: "/orders/{5}/decide", body: `{"paid":true,"reason":"Both reports name the same transfer."}`, headers: once},
			{who: "ben", method: "GET", path: "/orders/{5}"},
			{who: "ben", method: "GET", path: "/licences"},
			{who: "ada", method: "GET", path: "/me/register"},
			{who: "ada", method: "POST", path: "/orders/{5}/refund-sent", body: `{}`},
			{who: "ben", method: "DELETE", path: "/me"},
			{who: "ben", method: "POST", path: "/orders/{5}/refund-received", body: `{"amount":1,"currency":"RUB"}`},
			{who: "ben", method: "POST", path: "/orders/{5}/refund-received", body: `{"amount":120000,"currency":"RUB"}`},
			{who: "ben", method: "GET", path: "/licences?open=true&limit=1"},
			{who: "nobody", method: "GET", path: "/transparency"},
			{who: "nobody", method: "GET", path: "/fund"},
			{who: "ben", method: "DELETE", path: "/me"},
			{who: "ada", method: "GET", path: "/orders/{5}"},
		})
		for _, m := range masks {
			out = m.form.ReplaceAllString(out, m.with)
		}
		golden(t, "trade.golden", out)
	})
}

// TestCertificate follows one certificate: the same bytes for the buyer and the
// holder's link, for nobody else, and the words that it is worth.
func TestCertificate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		order, id := s.buys()
		at := "/api/v1/licences/" + id
		rec := s.ask("GET", at+".jwt", s.ben, "")
		jwt := rec.Body.String()
		if rec.Code != 200 || rec.Header().Get("Content-Type") != "application/vc+jwt" || strings.Count(jwt, ".") != 2 {
			t.Fatalf("got %d %v %s", rec.Code, rec.Header(), rec.Body)
		}
		link := reads[api.LicenceLink](t, s.ask("POST", at+"/link", s.ben, "", "Idempotency-Key: a")).URL
		key := link[strings.LastIndexByte(link, '=')+1:]
		if again := reads[api.LicenceLink](t, s.ask("POST", at+"/link", s.ben, "", "Idempotency-Key: a")).URL; again != link {
			t.Errorf("a repeat made another address")
		}
		held := s.ask("GET", at+".jwt?key="+key, "", "")
		if held.Body.String() != jwt || held.Header().Get("Access-Control-Allow-Origin") != "" || held.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("by the link: %d %v %s", held.Code, held.Header(), held.Body)
		}
		for name, c := range map[string]struct {
			token, path string
			want        int
		}{
			"nobody": {"", at + ".jwt", 401}, "seller": {s.ada, at + ".jwt", 404}, "stranger": {s.cat, at + ".jwt", 404}, "moderator": {s.mod, at + ".jwt", 404},
			"wrong key": {"", at + ".jwt?key=" + strings.Repeat("A", 43), 404}, "another licence": {"", "/api/v1/licences/L-0000000000.jwt?key=" + key, 404},
			"twice": {s.ben, at + ".jwt.jwt", 404}, "licence of nobody": {"", at, 401}, "licence of a stranger": {s.cat, at, 404}, "seller reads": {s.ada, at, 200},
		} {
			if got := s.ask("GET", c.path, c.token, "").Code; got != c.want {
				t.Errorf("%s: got %d, want %d", name, got, c.want)
			}
		}
		if got := s.ask("DELETE", at+"/link", s.ben, "").Code; got != 204 {
			t.Errorf("end of the link: %d", got)
		}
		if got := s.ask("GET", at+".jwt?key="+key, "", "").Code; got != 404 {
			t.Errorf("an ended link: got %d", got)
		}
		word := func(jwt string) string {
			body, _ := json.Marshal(map[string]string{"jwt": jwt})
			return reads[api.LicenceVerdict](t, s.ask("POST", "/api/v1/licences/verify", "", string(body))).Result
		}
		body := []byte(jwt)
		body[len(body)/2] ^= 1
		got := []string{word(jwt), word(string(body)), word(""), word("x.y.z"), word(strings.Repeat("я", 100_000))}
		s.says(s.ada, order, "refund-sent", "")
		s.says(s.ben, order, "refund-received", `{"amount":120000,"currency":"RUB"}`)
		got = append(got, word(jwt))
		if diff := cmp.Diff([]string{"valid", "bad_signature", "bad_signature", "bad_signature", "bad_signature", "revoked"}, got); diff != "" {
			t.Error(diff)
		}
		l := reads[api.Licence](t, s.ask("GET", at, s.ben, ""))
		if l.State != "revoked" || l.Word != "revoked" || l.Ground != "refund" || l.OrderID != order {
			t.Errorf("got %+v", l)
		}
		s.sound()
	})
}

// TestRenewal continues a licence without a gap.
func TestRenewal(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		_, id := s.buys()
		body := fmt.Sprintf(`{"offer_id":%q,"days":90,"renews":%q}`, s.offer, id)
		if p := problem(t, s.ask("POST", "/api/v1/orders", s.ben, body)); p.Status != 409 || p.Code != "renewal_early" {
			t.Errorf("early: %+v", p)
		}
		if p := problem(t, s.ask("POST", "/api/v1/orders", s.cat, body)); p.Status != 404 {
			t.Errorf("another's: %+v", p)
		}
		s.pass(70 * 24 * time.Hour)
		order := s.did("POST", "/orders", s.ben, body)
		s.says(s.ada, order, "confirm", `{"amount":120000,"currency":"RUB"}`)
		list := reads[api.LicenceList](t, s.ask("GET", "/api/v1/licences", s.ben, "")).Items
		if len(list) != 2 || !list[0].ValidFrom.Equal(list[1].ValidUntil) || list[0].Previous != id || list[1].RenewedBy != list[0].ID {
			t.Errorf("got %+v", list)
		}
		s.sound()
	})
}

// TestWrongOrders asks for what must not be: wrong amounts, currencies, states,
// sides and foreign orders, each with a clear answer and no row.
func TestWrongOrders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		waits, free := s.orders(90), s.orders(7)
		paid := s.orders(90)
		if paid != waits {
			t.Fatalf("a second order: %s", paid)
		}
		if o := s.is(free); o.State != "fulfilled" || o.LicenceID == nil || o.Method != "free" {
			t.Fatalf("free: %+v", o)
		}
		rub := `{"amount":120000,"currency":"RUB"}`
		nowhere := strings.Repeat("0", 36)
		for _, c := range []struct {
			token, order, act, body string
			status                  int
			code                    string
		}{
			{s.ada, waits, "confirm", `{"amount":119999,"currency":"RUB"}`, 422, "amount_mismatch"},
			{s.ada, waits, "confirm", `{"amount":120000,"currency":"USD"}`, 422, "amount_mismatch"},
			{s.ada, waits, "confirm", `{"amount":120000.5,"currency":"RUB"}`, 422, "type_wrong"},
			{s.ada, waits, "confirm", `{"amount":-1,"currency":"RUB"}`, 422, "number_too_small"},
			{s.ada, waits, "confirm", `{"amount":"120000","currency":"RUB"}`, 422, "type_wrong"},
			{s.ada, waits, "confirm", `{"amount":120000,"currency":"rub"}`, 422, "form_wrong"},
			{s.ada, waits, "confirm", `{"amount":120000}`, 422, "required"},
			{s.ben, waits, "confirm", rub, 403, ""},
			{s.ada, waits, "claim", "", 403, ""},
			{s.cat, waits, "confirm", rub, 404, "order_unknown"},
			{s.cat, waits, "cancel", "", 404, "order_unknown"},
			{s.mod, waits, "decide", `{"paid":true,"reason":"It is clear from what both say."}`, 404, "order_unknown"},
			{s.ben, nowhere, "claim", "", 404, "order_unknown"},
			{s.ben, waits, "arbitration", `{"statement":"Sent."}`, 409, "order_state"},
			{s.ben, waits, "refund-received", rub, 409, "order_state"},
			{s.ada, waits, "refund-sent", `{}`, 409, "order_state"},
			{s.ada, waits, "refund-sent", `{"amount":1}`, 422, "required"},
			{s.ada, waits, "refund-sent", `{"currency":"RUB"}`, 422, "required"},
			{s.ada, waits, "extra-received", rub, 409, "order_state"},
			{s.ada, free, "confirm", `{"amount":0,"currency":"RUB"}`, 409, "order_method"},
			{s.ben, free, "cancel", "", 409, "order_state"},
		} {
			before := s.rows()
			p := problem(t, s.says(c.token, c.order, c.act, c.body))
			if p.Status != c.status || c.code != "" && p.Code != c.code {
				t.Errorf("%s %s: got %d %s, want %d %s", c.act, c.body, p.Status, p.Code, c.status, c.code)
			}
			if diff := cmp.Diff(before, s.rows()); diff != "" {
				t.Errorf("%s %s: %s", c.act, c.body, diff)
			}
		}
		for body, want := range map[string]int{
			`{"offer_id":"` + s.offer + `","days":30}`: 422, `{"offer_id":"` + nowhere + `","days":90}`: 404, `{"offer_id":"` + s.offer + `","days":90,"currency":"USD"}`: 422,
			`{"offer_id":"` + s.offer + `","days":90,"method":"link"}`: 422, `{"offer_id":"` + s.offer + `","days":90,"terms_sha256":"00"}`: 422,
			`{"offer_id":"` + s.offer + `","days":90,"renews":"L-0000000000"}`: 404, `{"offer_id":"` + s.offer + `","days":90,"name_commitment":"x"}`: 422,
			`{"offer_id":"` + s.offer + `","days":90,"amount":1}`: 422, `{"offer_id":"` + s.offer + `","days":0}`: 422,
		} {
			if p := problem(t, s.ask("POST", "/api/v1/orders", s.ben, body)); p.Status != want {
				t.Errorf("%s: got %d %s, want %d", body, p.Status, p.Code, want)
			}
		}
		if p := problem(t, s.ask("PUT", "/api/v1/orders/"+waits+"/details", s.ada, `{"bank":{"name":"A","account":"1","bank_name":"B","bic":"1","corresp":"0"}}`)); p.Status != 422 ||
			!slices.ContainsFunc(p.Errors, func(e api.FieldError) bool { return e.Field == "bank.bic" }) {
			t.Errorf("details: %+v", p)
		}
		s.sound()
	})
}

// TestOrdersStandAgainstErasure lists what has to be ended first.
func TestOrdersStandAgainstErasure(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		order := s.orders(90)
		for _, token := range []string{s.ada, s.ben} {
			p := problem(t, s.ask("DELETE", "/api/v1/me", token, ""))
			if diff := cmp.Diff([]any{409, "open_orders", []string{order}}, []any{p.Status, p.Code, p.Orders}); diff != "" {
				t.Error(diff)
			}
		}
		s.says(s.ben, order, "cancel", "")
		if got := s.ask("DELETE", "/api/v1/me", s.ben, "").Code; got != 204 {
			t.Errorf("got %d", got)
		}
		s.sound()
	})
}

// TestFiftyAtOnce sends equal calls at the same moment: one effect.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		storm := func(path, token, body string, headers ...string) map[int]int {
			var mu sync.Mutex
			var wg sync.WaitGroup
			codes := map[int]int{}
			for range 50 {
				wg.Go(func() {
					rec := s.ask("POST", "/api/v1"+path, token, body, headers...)
					mu.Lock()
					defer mu.Unlock()
					codes[rec.Code]++
				})
			}
			wg.Wait()
			return codes
		}
		buy := fmt.Sprintf(`{"offer_id":%q,"days":90}`, s.offer)
		with, without := storm("/orders", s.ben, buy, "Idempotency-Key: k"), storm("/orders", s.ben, buy)
		if with[201] == 0 || with[201]+with[409] != 50 || without[201] != 50 {
			t.Errorf("ordering: %v %v", with, without)
		}
		order := s.orders(90)
		paid := storm("/orders/"+order+"/confirm", s.ada, `{"amount":120000,"currency":"RUB"}`)
		sent := storm("/orders/"+order+"/refund-sent", s.ada, `{"amount":20000,"currency":"RUB"}`)
		back := storm("/orders/"+order+"/refund-received", s.ben, `{"amount":20000,"currency":"RUB"}`, "Idempotency-Key: k")
		if paid[200] != 50 || sent[200] != 50 || back[200] == 0 || back[200]+back[409] != 50 {
			t.Errorf("acts: %v %v %v", paid, sent, back)
		}
		all := reads[api.Orders](t, s.ask("GET", "/api/v1/orders", s.ben, ""))
		if o := s.is(order); all.Total != 1 || o.State != "fulfilled" || o.Refunded != 20000 || o.LicenceID == nil {
			t.Errorf("%d orders, %+v", all.Total, o)
		}
		if list := reads[api.LicenceList](t, s.ask("GET", "/api/v1/licences", s.ben, "")); list.Total != 1 {
			t.Errorf("%d licences", list.Total)
		}
		s.sound()
	})
}

// TestRightsClaim stops sales until a moderator decides.
func TestRightsClaim(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		s.did("POST", "/works/"+s.work+"/claims", s.ben, `{"text":"Chapter 2 is a copy of my article."}`)
		order := func() int {
			return s.ask("POST", "/api/v1/orders", s.cat, fmt.Sprintf(`{"offer_id":%q,"days":90}`, s.offer)).Code
		}
		claims := reads[api.Claims](t, s.ask("GET", "/api/v1/claims", s.mod, ""))
		if got := []int{order(), s.ask("GET", "/api/v1/claims", s.ben, "").Code, len(claims.Items)}; !slices.Equal(got, []int{409, 403, 1}) {
			t.Fatalf("got %v", got)
		}
		decide := func(key string, uphold bool) int {
			return s.ask("POST", "/api/v1/claims/"+claims.Items[0].ID+"/decide", s.mod, fmt.Sprintf(`{"uphold":%t,"reason":"The article is older, and the same."}`, uphold),
				"Idempotency-Key: "+key).Code
		}
		if got := []int{decide("a", true), decide("a", true), decide("b", true), order()}; !slices.Equal(got, []int{200, 200, 409, 409}) {
			t.Errorf("got %v", got)
		}
		if work := reads[api.Work](t, s.ask("GET", "/api/v1/works/"+s.work, "", "")); work.State != "suspended" || work.Reason == "" {
			t.Errorf("got %+v", work)
		}
		if rec := s.ask("POST", "/api/v1/works/"+s.work+"/reinstate", s.mod, `{"reason":"The chapter was taken out of it."}`); rec.Code != 200 || order() != 201 {
			t.Errorf("got %d %s", rec.Code, rec.Body)
		}
	})
}

// TestRevocation announces, appeals and judges.
func TestRevocation(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		s := open(t, d, wide()).shop()
		_, id := s.buys()
		at := "/api/v1/licences/" + id
		words := `"The line was taken off every page."`
		ask := func(method, path, token, body string) int { return s.ask(method, at+path, token, body).Code }
		got := []int{
			ask("POST", "/revoke", s.ben, `{"ground":"no_attribution","reason":`+words+`}`), ask("POST", "/revoke", s.ada, `{"ground":"refund","reason":`+words+`}`),
			ask("POST", "/revoke", s.ada, `{"ground":"no_attribution","reason":`+words+`,"days":3}`), ask("POST", "/revoke", s.ada, `{"ground":"no_attribution","reason":`+words+`}`),
			ask("POST", "/revoke", s.ada, `{"ground":"no_attribution","reason":`+words+`}`), ask("POST", "/appeal", s.ada, `{"text":`+words+`}`),
			ask("POST", "/appeal", s.ben, `{"text":`+words+`}`), ask("POST", "/appeal", s.ben, `{"text":`+words+`}`), ask("POST", "/judge", s.ada, `{"reverse":true,"reason":`+words+`}`),
		}
		if diff := cmp.Diff([]int{404, 422, 422, 200, 409, 404, 200, 409, 403}, got); diff != "" {
			t.Error(diff)
		}
		if list := reads[api.Appeals](t, s.ask("GET", "/api/v1/appeals", s.mod, "")); len(list.Items) != 1 || list.Items[0].Appeal == "" {
			t.Errorf("got %+v", list)
		}
		if got := []int{ask("POST", "/judge", s.mod, `{"reverse":true,"reason":`+words+`}`), ask("DELETE", "/revoke", s.ada, "")}; !slices.Equal(got, []int{200, 404}) {
			t.Errorf("got %v", got)
		}
		if l := reads[api.Licence](t, s.ask("GET", at, s.ben, "")); l.State != "active" {
			t.Errorf("got %+v", l)
		}
	})
}

// TestTransparencySaysItsDocument holds the figures to what the document says
// of them, member by member.
func TestTransparencySaysItsDocument(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.New(t), wide()).shop()
	s.buys()
	s.sound() // an audit has run
	var got any
	if err := json.Unmarshal(s.ask(http.MethodGet, "/api/v1/transparency", "", "").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	doc := s.read()
	var same func(at string, v any, sc *schema)
	same = func(at string, v any, sc *schema) {
		sc = doc.at(sc)
		switch v := v.(type) {
		case map[string]any:
			if sc.Properties == nil { // one of several
				return
			}
			for name, inner := range v {
				if sc.Properties[name] == nil {
					t.Errorf("%s.%s is not in the document", at, name)
					continue
				}
				same(at+"."+name, inner, sc.Properties[name])
			}
			for name := range sc.Properties {
				if _, ok := v[name]; !ok {
					t.Errorf("%s.%s is not in the answer", at, name)
				}
			}
		case []any:
			for _, inner := range v {
				same(at+"[]", inner, sc.Items)
			}
		}
	}
	same("", got, &schema{Ref: "#/components/schemas/Transparency"})
	figures := got.(map[string]any)
	if figures["fund_balance_from_marketplace"] != 0.0 || figures["platform_fee_percent"] != 0.0 || figures["last_audit"].(map[string]any)["ok"] != true {
		t.Errorf("got %v", figures)
	}
}
