package apptest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// bargain is a seller and a buyer who said about two orders whatever can be
// said, each piece in words that stand nowhere else. The first is before a
// moderator; the second is paid.
type bargain struct {
	*apptest.World
	operator, mia, ada, kid, cyd *apptest.Person
	first, second                string            // addresses of orders
	hers, his, both              map[string]string // what only she reads besides a moderator, what only he, what both
	never                        map[string]string // what was typed and never kept
	feeds                        []string
}

func newBargain(t *testing.T, w *apptest.World) *bargain {
	t.Helper()
	k := &bargain{World: w, hers: map[string]string{}, his: map[string]string{}, both: map[string]string{}, never: map[string]string{}}
	piece := func(into map[string]string, side, letter string, names ...string) {
		for i, name := range names {
			into[name] = wrote(side, strings.Repeat(letter, i+1))
		}
	}
	piece(k.hers, "её", "ю", "her statement", "her second statement", "her scripted statement")
	piece(k.his, "его", "э", "his statement", "his scripted statement", "his statement by keys")
	piece(k.both, "их", "я", "details", "her name", "her bank", "scripted details", "replaced details", "denial", "second denial")
	k.both["IBAN"], k.both["account"] = "GB33BUKB20201555555555", "40817810899910004312"
	piece(k.never, "ничьё", "ы", "details of a wrong account", "denial too long", "details of a buyer", "details without a session", "denial without a session", "statement of a stranger")

	k.operator = w.SetUp("cho", nil)
	k.mia = w.Moderator("mia", k.operator)
	k.ada, k.kid, k.cyd = w.Person("ada"), w.Person("kid"), w.Person("cyd")
	k.ada.Profile(apptest.Fill{"headline": {public}}).Is(http.StatusOK)
	for _, p := range []*apptest.Person{k.operator, k.mia, k.ada, k.kid, k.cyd} {
		page := p.Get("/me/notices").Is(http.StatusOK)
		page = page.Send(`form[action="/me/notices"]`, apptest.Fill{"on": page.Attrs("input[name=on]", "value"), "feed": {"1"}})
		k.feeds = append(k.feeds, strings.TrimPrefix(page.Text("#feed-url"), w.URL))
	}
	s := &stage{World: w, owner: k.ada}
	work := s.work()
	s.offer(work)
	order := func() string {
		at := k.kid.Get("/works/"+work+"/licence").Is(http.StatusOK).Send("form#accept", apptest.Fill{"accept": {"1"}}).Is(http.StatusOK).Path
		if !strings.HasPrefix(at, "/orders/") {
			t.Fatalf("buying led to %s", at)
		}
		return at
	}
	k.first = order()
	k.dispute()
	k.Clock.Advance(time.Hour)
	other := s.work() // an order of the same would be the first one
	s.offer(other)
	work = other
	k.second = order()
	k.settle()
	return k
}

// dispute says everything about the first order, by forms and by the API, kept
// and refused.
func (k *bargain) dispute() {
	k.T.Helper()
	bank := apptest.Fill{"text": {k.both["details"]}, "iban": {k.both["IBAN"]}, "name": {k.both["her name"]}, "account": {"40817810999910004312"},
		"bank_name": {k.both["her bank"]}, "bic": {"044525225"}, "corresp": {"30101810400000000225"}}
	with := func(name, value string) apptest.Fill {
		out := apptest.Fill{name: {value}}
		for n, list := range bank {
			if n != name {
				out[n] = list
			}
		}
		return out
	}
	k.ada.Get(k.first).Send("#details form", with("text", k.never["details of a wrong account"])).Is(http.StatusUnprocessableEntity)
	k.kid.Post(k.first+"/details", url.Values{"csrf": {k.kid.CSRF()}, "text": {k.never["details of a buyer"]}}).Is(http.StatusForbidden)
	bank["account"] = []string{k.both["account"]}
	k.ada.Get(k.first).Send("#details form", apptest.Fill{"text": {k.both["replaced details"]}}).Is(http.StatusOK)
	k.ada.Get(k.first).Send("#details form", bank).Is(http.StatusOK)
	k.Visitor().Post(k.first+"/details", url.Values{"text": {k.never["details without a session"]}})
	k.kid.Get(k.first).Is(http.StatusOK).Says(k.both["details"], k.both["her name"]).Send("#claim form", nil).Is(http.StatusOK)

	k.ada.Get(k.first).Send("#deny form", apptest.Fill{"reason": {strings.Repeat(k.never["denial too long"]+" ", 50)}}).Is(http.StatusUnprocessableEntity)
	k.Visitor().Post(k.first+"/deny", url.Values{"reason": {k.never["denial without a session"]}})
	k.ada.Get(k.first).Send("#deny form", apptest.Fill{"reason": {k.both["denial"]}}).Is(http.StatusOK)
	k.kid.Get(k.first).Is(http.StatusOK).Says(k.both["denial"]).Send("#ask form", apptest.Fill{"statement": {k.his["his statement"]}}).Is(http.StatusOK)
	k.ada.Get(k.first).Send("#ask form", apptest.Fill{"statement": {k.hers["her statement"]}}).Is(http.StatusOK)
	k.script(k.kid, "POST", k.first+"/arbitration", `{"statement":"`+k.his["his scripted statement"]+`"}`, http.StatusOK)
	k.script(k.ada, "POST", k.first+"/arbitration", `{"statement":"`+k.hers["her scripted statement"]+`"}`, http.StatusOK)
	k.script(k.cyd, "POST", k.first+"/arbitration", `{"statement":"`+k.never["statement of a stranger"]+`"}`, http.StatusNotFound)
	k.kid.Get(k.first).Send("#ask form", apptest.Fill{"statement": {k.his["his statement by keys"]}}).Is(http.StatusOK)
	k.ada.Get(k.first).Send("#ask form", apptest.Fill{"statement": {k.hers["her second statement"]}}).Is(http.StatusOK)
	k.mia.Get("/admin"+k.first).Is(http.StatusOK).Says(k.his["his statement by keys"], k.hers["her second statement"], k.both["denial"])
}

// settle pays the second order.
func (k *bargain) settle() {
	k.T.Helper()
	k.script(k.ada, "PUT", k.second+"/details", `{"text":"`+k.both["scripted details"]+`"}`, http.StatusOK)
	k.kid.Get(k.second).Is(http.StatusOK).Says(k.both["scripted details"]).Send("#claim form", nil).Is(http.StatusOK)
	k.script(k.ada, "POST", k.second+"/deny", `{"reason":"`+k.both["second denial"]+`"}`, http.StatusOK)
	k.ada.Get(k.second).Is(http.StatusOK).Says(k.both["second denial"]).Send("#confirm form", apptest.Fill{"amount": {"500"}}).Is(http.StatusOK)
}

// script makes a call with a key, whose answer is kept for a day.
func (k *bargain) script(p *apptest.Person, method, path, body string, want int) {
	k.T.Helper()
	req, err := http.NewRequest(method, k.URL+"/api/v1"+path, strings.NewReader(body))
	must(k.T, err)
	req.Header.Set("Authorization", "Bearer "+p.Token())
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprint(p.Handle, path))
	p.Do(req).Is(want)
}

// shown is all that somebody might see the words in: pages, exports, feeds, the
// API, logs and figures.
func (k *bargain) shown(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	show := func(c *apptest.Client, who string, paths ...string) {
		for _, path := range paths {
			out[who+" GET "+path] = []byte(c.Get(path).Is(http.StatusOK).Body)
		}
	}
	for _, path := range k.feeds {
		show(k.Visitor(), "feed", path)
	}
	show(k.Visitor(), "nobody", "/", "/search", "/search?kind=work", "/feed.atom", "/sitemap.xml", "/robots.txt", "/tutors/ada", "/transparency", "/transparency.json",
		"/transparency/decisions", "/fund", "/fund.json", "/api/v1/search", "/api/v1/transparency")
	for _, p := range []*apptest.Person{k.cyd, k.operator, k.mia} {
		show(p.Client, p.Handle, "/orders", "/inbox", "/me", "/me/export", "/me/licences")
	}
	show(k.operator.Client, "operator", "/admin", "/admin/orders", "/admin/accounts?handle=kid")
	for _, p := range []*apptest.Person{k.ada, k.kid} {
		show(p.Client, p.Handle, "/orders", "/inbox", "/me", "/me/notices", "/me/licences", "/me/sales")
	}
	out["metrics"], out["log"] = metrics(t, k.World), []byte(k.Logs.String())
	return out
}

// sealed reads every sealed value as it lies in the database: nobody can read it
// without the key outside.
func sealed(t *testing.T, w *apptest.World) (out map[string]string) {
	t.Helper()
	ctx := context.Background()
	var rows []struct {
		What string
		Text []byte
	}
	must(t, w.DB.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		return tx.NewRaw(`SELECT 'key ' || order_id AS what, sealed_key AS text FROM order_secret
			UNION ALL SELECT 'details ' || order_id, details FROM order_secret WHERE details IS NOT NULL
			UNION ALL SELECT kind || ' ' || order_id, sealed FROM order_statement`).Scan(ctx, &rows)
	}))
	out = map[string]string{}
	for _, r := range rows {
		out[r.What] = string(r.Text)
	}
	return out
}

// TestWordsOfAnOrderAreSealed looks for everything that two people said about
// their orders in all that the program keeps, logs, measures and shows to
// others: it is nowhere in any form, not even in its tables, and what one side
// told a moderator is not in the other's export. Fourteen days after an order
// is closed even what was sealed is gone.
func TestWordsOfAnOrderAreSealed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		k := newBargain(t, w)
		every := eyesFor(k.hers, k.his, k.both, k.never)
		shown := k.shown(t)
		every.none(t, "in all that is shown to others", shown)
		every.none(t, "in the data folder", folder(t, w.Dir))
		every.none(t, "in the database", tables(t, w))
		eyesFor(k.hers).none(t, "to the buyer", map[string][]byte{"export": []byte(k.kid.Get("/me/export").Body), "page": []byte(k.kid.Get(k.first).Body)})
		eyesFor(k.his).none(t, "to the seller", map[string][]byte{"export": []byte(k.ada.Get("/me/export").Body), "page": []byte(k.ada.Get(k.first).Body)})
		if terms := indexed(t, folder(t, w.Dir)); !strings.Contains(terms, strings.ToLower(public)) || strings.Contains(terms, private) {
			t.Error("the search index holds a private word, or not even the public one")
		}
		control(t, every.whole, folder(t, w.Dir))
		kept := sealed(t, w)
		if len(kept) != 8 { // of the first order the key, details, denial and two statements, of the second the first three
			t.Errorf("%d sealed values, want 8", len(kept))
		}
		if w.DB.Engine() == db.SQLite {
			holds(t, "at first", w, kept, true)
		}
		t.Logf("%d pieces in %d forms; %d pages and logs; %d sealed values", len(every.whole.secrets), every.whole.forms()+every.folded.forms(), len(shown), len(kept))

		w = w.Restart()
		for _, p := range []*apptest.Person{k.mia, k.ada, k.kid} {
			p.Client = p.At(w)
		}
		// The second order is closed by now, the first is when a moderator has decided.
		w.Later(payment.ShredAfter + time.Hour)
		if left := len(sealed(t, w)); left != 5 {
			t.Errorf("%d sealed values two weeks after one of two orders was closed, want the 5 of the other", left)
		}
		k.kid.Get(k.second).Is(http.StatusOK)
		decide(t, w, k)
		w.Later(payment.ShredAfter - time.Hour)
		if left := len(sealed(t, w)); left != 5 {
			t.Errorf("%d sealed values within two weeks, want 5", left)
		}
		w.Later(2 * time.Hour)
		if left := sealed(t, w); len(left) != 0 {
			t.Errorf("%d sealed values two weeks after all is closed", len(left))
		}
		mine := []byte(k.ada.Get("/me/export").Is(http.StatusOK).Body + k.ada.Get(k.first).Body + k.kid.Get(k.first).Body + k.kid.Get("/me/export").Body)
		every.none(t, "in the end", map[string][]byte{"own export and pages": mine})
		w.Settle()
		w.Drain()
		again := w.Restart()
		holds(t, "in the end", w, kept, false)
		every.none(t, "in the end", folder(t, w.Dir))
		every.none(t, "in the end", tables(t, again))
	})
}

// holds tells whether each of the values lies in a file of the data folder.
func holds(t *testing.T, when string, w *apptest.World, values map[string]string, want bool) {
	t.Helper()
	files := folder(t, w.Dir)
	for name, value := range values {
		found := false
		for place, data := range files {
			if strings.Contains(string(data), value) {
				found = true
				if !want {
					t.Errorf("%s %s holds the sealed %s", when, place, name)
				}
			}
		}
		if want && !found {
			t.Errorf("%s no file holds the sealed %s: the search for it later shows nothing", when, name)
		}
	}
}

// decide closes the first order for the seller.
func decide(t *testing.T, w *apptest.World, k *bargain) {
	t.Helper()
	ctx := context.Background()
	mia, err := w.Accounts.ActorByToken(ctx, k.mia.Token())
	must(t, err)
	_, err = w.Payments.Decide(ctx, account.Actor{ID: mia.ID, Handle: mia.Handle, Role: mia.Role}, strings.TrimPrefix(k.first, "/orders/"),
		payment.Decision{Reason: "Ни один перевод не подтвердился"})
	must(t, err)
}
