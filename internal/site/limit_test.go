package site_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/limit"
	"github.com/tmoeg/oduvan/internal/site"
)

// straight is the way of a browser to a handler in this process.
type straight struct{ to http.Handler }

func (s straight) RoundTrip(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	in.RequestURI, in.RemoteAddr = req.URL.RequestURI(), "192.0.2.1:1"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := httptest.NewRecorder()
	s.to.ServeHTTP(out, in)
	res := out.Result()
	res.Request = req
	return res, nil
}

// bounded are a board's pages with the limits that it has in the world.
func bounded(t *testing.T, w *apptest.World) http.Handler {
	t.Helper()
	limits, err := limit.New(limit.Config{Classes: site.Classes(), Random: rand.Reader}, w.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return pagesOf(w, func(cfg *site.Config) { cfg.Limits = limits })
}

func TestAStrangersLogoutStoresNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		if to := c.Stay().Post("/logout", url.Values{"csrf": {c.CSRF()}}).Is(http.StatusSeeOther).Header.Get("Location"); to != "/" {
			t.Errorf("led to %q", to)
		}
		if n := sessionRows(t, w, false); n != 0 {
			t.Errorf("%d sessions of strangers", n)
		}
		ada := w.Person("ada")
		ada.Post("/logout", url.Values{"csrf": {ada.CSRF()}}).Is(http.StatusOK).Has(`[role="status"]`)
		if n := sessionRows(t, w, true); n != 0 {
			t.Errorf("%d sessions after signing out", n)
		}
	})
}

// TestAnAccountChangesThingsAsFastAsAPerson floods one account's forms: the
// words of the refused one are on its page, others write on, and so does the
// account a little later.
func TestAnAccountChangesThingsAsFastAsAPerson(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		h := bounded(t, w)
		ada, ben := w.Person("ada"), w.Person("ben")
		ada.Profile(nil).Is(http.StatusOK)
		ben.Profile(nil).Is(http.StatusOK)
		ada.By(straight{h})
		ben.By(straight{h})
		here := url.Values{"csrf": {ada.CSRF()}}
		for n := range 60 {
			if got := ada.Stay().Post("/me/here", here).Status; got != http.StatusSeeOther {
				t.Fatalf("after %d changes: %d", n, got)
			}
		}
		refused := ada.Post("/me/here", here).Is(http.StatusTooManyRequests)
		if refused.Header.Get("Retry-After") == "" {
			t.Error("not told when to come again")
		}
		kept := ada.Profile(fill{"about": {"Слова, которые дороги"}}).Is(http.StatusTooManyRequests)
		if got := kept.Text("textarea[name=about]"); got != "Слова, которые дороги" {
			t.Errorf("the words became %q", got)
		}
		ada.Service(fill{"title": {"Занятие мечты"}}).Is(http.StatusTooManyRequests).Has(`input[name=title][value="Занятие мечты"]`)
		asked := ada.Get("/tutors/ben/ask").Send(`form[action*="/ask"]`, fill{"goal": {"Хочу научиться"}}).Is(http.StatusTooManyRequests)
		if got := asked.Text("textarea[name=goal]"); got != "Хочу научиться" {
			t.Errorf("the inquiry became %q", got)
		}
		ben.Profile(fill{"about": {"Другой"}}).Is(http.StatusOK)
		w.Clock.Advance(time.Second)
		kept.Send(`form[action$="/me/profile"]`, nil).Is(http.StatusOK)
		ada.Stay().Post("/logout", url.Values{"csrf": {ada.CSRF()}}).Is(http.StatusSeeOther) // going is never refused
	})
}

func TestAnAccountIsExportedNowAndThen(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	h := bounded(t, w)
	ada, ben := w.Person("ada"), w.Person("ben")
	ada.By(straight{h})
	for range 10 {
		ada.Get("/me/export").Is(http.StatusOK)
	}
	ada.Get("/me/export").Is(http.StatusTooManyRequests)
	ben.By(straight{h}).Get("/me/export").Is(http.StatusOK)
	w.Clock.Advance(6 * time.Minute)
	ada.Get("/me/export").Is(http.StatusOK)
}

// TestTheMapIsWalkedOnce: a part is kept while nothing changes, is new after a
// change, and cannot be asked for without end.
func TestTheMapIsWalkedOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Person("ada").Profile(nil).Is(http.StatusOK)
	w.Settle()
	queries := func(path string, status int) int64 {
		before := w.DB.Queries()
		w.Visitor().Get(path).Is(status)
		return w.DB.Queries() - before
	}
	const part = "/sitemaps/tutor/1.xml"
	first, second := queries(part, http.StatusOK), queries(part+"?x=1", http.StatusOK)
	if second >= first {
		t.Errorf("%d queries and then %d", first, second)
	}
	for _, path := range []string{"/sitemaps/tutor/2.xml", "/sitemaps/tutor/9223372036854775807.xml", "/sitemaps/tutor/0", "/sitemaps/nothing/1.xml"} {
		w.Visitor().Get(path).Is(http.StatusNotFound)
	}
	w.Person("ben").Profile(nil).Is(http.StatusOK)
	w.Settle()
	p := w.Visitor().Get(part).Is(http.StatusOK)
	if !strings.Contains(p.Body, "/tutors/ben<") || !strings.HasPrefix(p.Header.Get("Content-Type"), "application/xml") {
		t.Errorf("%s %s", p.Header.Get("Content-Type"), p.Body)
	}
	h := bounded(t, w)
	for range site.Classes()["search"].Burst {
		asked(h, part)
	}
	for _, path := range []string{part, "/sitemap.xml"} {
		if got := asked(h, path).Code; got != http.StatusTooManyRequests {
			t.Errorf("%s is walked without end: %d", path, got)
		}
	}
}
