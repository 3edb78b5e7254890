package apptest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// Licences that nobody has.
const (
	neverSold    = "L-0000000000"
	neverSoldToo = "L-ZZZZZZZZZZ"
)

// TestForeignOrderIsAsIfItNeverWas asks for another's order and licence in every
// way that the program has, as everybody who is no side of them: the whole
// answer equals that for ids that never were. What anybody may see of a licence,
// at /v/, is left out.
func TestForeignOrderIsAsIfItNeverWas(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		operator := w.SetUp("cho", nil)
		ada, kid, dan := w.Person("ada"), w.Person("kid"), w.Person("dan")
		s := &stage{World: w, owner: ada}
		work := s.work()
		s.offer(work)
		people := []aside{{name: "nobody", c: w.Visitor()}}
		for name, p := range map[string]*apptest.Person{"another buyer": w.Person("cyd"), "another seller": dan,
			"a moderator": w.Moderator("mia", operator), "the operator": operator} {
			people = append(people, aside{name, p.Client, p.Token()})
		}
		for _, p := range people {
			p.c.CSRF() // a form's cookie is set once
		}
		before := unsold(w, people)
		at := kid.Get("/works/"+work+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK).Path
		order := strings.TrimPrefix(at, "/orders/")
		ada.Get(at).Send("#details form", apptest.Fill{"text": {"Карта 2200 0000 0000 0004"}}).Is(http.StatusOK)
		kid.Get(at).Send("#claim form", nil).Is(http.StatusOK)
		if d := cmp.Diff(before, unsold(w, people)); d != "" {
			t.Errorf("others see that there is an order (-before +after):\n%s", d)
		}
		asked := 0
		questions := func(pattern, there, never, neverToo string, sides func() string) {
			t.Helper()
			sides() // reading takes the badge off the inbox
			was := sides()
			for _, r := range w.Routes() {
				if !strings.Contains(r.Path, pattern) {
					continue
				}
				for _, p := range people {
					if strings.HasSuffix(r.Path, "/judge") && (p.name == "a moderator" || p.name == "the operator") {
						continue // who judges appeals may know which there are
					}
					for _, body := range acts(r.Method, r.Path) {
						want := p.ask(w, r.Method, strings.Replace(r.Path, ":id", never, 1), body)
						if d := cmp.Diff(want, p.ask(w, r.Method, strings.Replace(r.Path, ":id", neverToo, 1), body)); d != "" {
							t.Fatalf("%s: %s %s differs for two that never were:\n%s", p.name, r.Method, r.Path, d)
						}
						if d := cmp.Diff(want, p.ask(w, r.Method, strings.Replace(r.Path, ":id", there, 1), body)); d != "" {
							t.Errorf("%s: %s %s %q tells one from none (-none +there):\n%s", p.name, r.Method, r.Path, body, d)
						}
						asked++
					}
				}
			}
			if d := cmp.Diff(was, sides()); d != "" {
				t.Errorf("something happened by %s:\n%s", pattern, d)
			}
		}
		orderSides := func() string { return kid.Get(at).Is(http.StatusOK).Body + ada.Get(at).Is(http.StatusOK).Body }
		questions("/orders/:id", order, neverWas, neverWasToo, orderSides)
		sold := ada.Get(at).Send("#confirm form", apptest.Fill{"amount": {"500"}}).Is(http.StatusOK)
		id := strings.TrimPrefix(kid.Get(at).Attr(`.turnbox a[href^="/licences/L-"]`, "href"), "/licences/")
		if len(id) != len(neverSold) {
			t.Fatalf("no licence: %s", sold.Text("main"))
		}
		questions("/orders/:id", order, neverWas, neverWasToo, orderSides)
		questions("/licences/:id", id, neverSold, neverSoldToo, func() string {
			return kid.Get("/licences/"+id).Is(http.StatusOK).Body + ada.Get("/licences/"+id).Is(http.StatusOK).Body
		})
		if asked < 300 {
			t.Errorf("only %d questions", asked)
		}
		t.Logf("%d questions by %d people who are no side", asked, len(people))
	})
}

// unsold is all that others see where an order might show.
func unsold(w *apptest.World, people []aside) map[string]string {
	out := map[string]string{}
	for _, p := range people {
		for _, path := range []string{"/", "/search", "/search?kind=work", "/feed.atom", "/sitemap.xml", "/orders", "/inbox", "/me", "/me/export", "/me/licences", "/me/sales",
			"/admin", "/admin/orders", "/transparency/licences", "/api/v1/orders", "/api/v1/licences", "/api/v1/me/inbox", "/api/v1/arbitrations", "/api/v1/search"} {
			w.Settle()
			out[p.name+" "+path] = p.ask(w, http.MethodGet, path, "")
		}
	}
	return out
}

// acts are what may be sent to a route of an order or a licence: what it would
// take of a side, and nothing.
func acts(method, path string) []string {
	if method == http.MethodGet || method == http.MethodDelete {
		return []string{""}
	}
	form, said := url.Values{}, "{}"
	switch {
	case strings.HasSuffix(path, "/details"):
		form, said = url.Values{"text": {"Карта"}}, `{"text":"Card"}`
	case strings.HasSuffix(path, "/confirm"), strings.HasSuffix(path, "/refund-sent"), strings.HasSuffix(path, "/refund-received"),
		strings.HasSuffix(path, "/extra"), strings.HasSuffix(path, "/extra-received"):
		form, said = url.Values{"amount": {"500"}}, sum(stormPrice)
	case strings.HasSuffix(path, "/deny"):
		form, said = url.Values{"reason": {"Ничего"}}, `{"reason":"Nothing"}`
	case strings.HasSuffix(path, "/arbitration"):
		form, said = url.Values{"statement": {"Отправлено"}}, `{"statement":"Sent"}`
	case strings.HasSuffix(path, "/decide"), strings.HasPrefix(path, "/admin/orders/"):
		form = url.Values{"reason": {"Дата, сумма и номер сошлись"}, "verdict": {"yes"}, "publish": {"1"}}
		said = `{"paid":true,"reason":"Both reports name the same transfer."}`
	case strings.HasSuffix(path, "/revoke"):
		form = url.Values{"ground": {"out_of_scope"}, "reason": {"Продаёт копии дальше, чем договорились"}, "days": {"14"}}
		said = `{"ground":"out_of_scope","reason":"Sells copies beyond what was agreed."}`
	case strings.HasSuffix(path, "/appeal"):
		form, said = url.Values{"text": {"Это не так, смотрите договор"}}, `{"text":"It is not so, see the contract."}`
	case strings.HasSuffix(path, "/judge"):
		said = `{"reverse":true,"reason":"The contract allows what was done."}`
	}
	if strings.HasPrefix(path, "/api/") {
		return []string{said, "{}", ""}
	}
	return []string{form.Encode(), ""}
}
