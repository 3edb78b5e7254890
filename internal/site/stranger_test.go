package site_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/site"
)

func TestLookingAtAFormStoresNothing(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		token := ""
		for _, path := range []string{"/login", "/signup", "/claim", "/login"} {
			p := c.Get(path).Is(http.StatusOK)
			if next := p.Attr(`input[name="csrf"]`, "value"); token != "" && next != token {
				t.Errorf("%s has another token", path)
			} else {
				token = next
			}
		}
		for _, ck := range c.Cookies() {
			if strings.Contains(ck.Name, "session") {
				t.Errorf("a stranger got %s", ck.Name)
			}
		}
		c.Post("/login", url.Values{"csrf": {token}, "code": {"x"}}).Is(http.StatusUnprocessableEntity)
		c.Post("/login", url.Values{"csrf": {token + "x"}, "code": {"x"}}).Is(http.StatusForbidden)
		other := w.Visitor()
		other.Post("/login", url.Values{"csrf": {token}, "code": {"x"}}).Is(http.StatusForbidden)
		other.Get("/login")
		other.Post("/login", url.Values{"csrf": {token}, "code": {"x"}}).Is(http.StatusForbidden)
		other.Post("/login", url.Values{"csrf": {""}, "code": {"x"}}).Is(http.StatusForbidden)
	})
}

// A form that was opened before signing in is refused after it, although the
// browser still has the cookie to which its token was bound: else who planted
// that cookie could send forms in the name of the one who signed in.
func TestAFormFromBeforeSigningInIsStale(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		c := w.Visitor()
		stale := c.Get("/login").Is(http.StatusOK).Attr(`input[name="csrf"]`, "value")
		bound := func() (value string) {
			for _, ck := range c.Cookies() {
				if strings.HasSuffix(ck.Name, "form") {
					value = ck.Value
				}
			}
			return value
		}
		before := bound()
		ada := c.SignUp("ada")
		if after := bound(); before == "" || after != before {
			t.Fatalf("the stranger's cookie was %q and is %q: nothing is tried", before, after)
		}
		ada.Profile(nil).Is(http.StatusOK)
		others := w.Visitor().Get("/login").Attr(`input[name="csrf"]`, "value")
		for token, want := range map[string]int{stale: http.StatusForbidden, others: http.StatusForbidden, "": http.StatusForbidden, ada.CSRF(): http.StatusOK} {
			if got := ada.Post("/me/here", url.Values{"csrf": {token}}).Status; got != want {
				t.Errorf("with %q of %q, %q: %d, want %d", token, stale, others, got, want)
			}
		}
	})
}

func TestAReaderWhoWentAwayIsNoError(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, path := range []string{"/search", "/tutors/ada", "/feed.atom", "/me", "/api/v1/profiles/ada"} {
			out := httptest.NewRecorder()
			w.Handler().ServeHTTP(out, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
			if out.Code == http.StatusInternalServerError || out.Code == http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, out.Code)
			}
		}
		if logged := w.Logs.String(); strings.Contains(logged, "level=ERROR") {
			t.Errorf("logged %s", logged)
		}
	})
}

func TestScriptsAreReadStrictly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Visitor()
	token := c.CSRF()
	for body, want := range map[string]int{
		`{"csrf":"` + token + `"}`:              http.StatusOK,
		`{"csrf":"` + token + `"} `:             http.StatusOK,
		`{"csrf":"` + token + `"}{}`:            http.StatusBadRequest,
		`{"csrf":"` + token + `","more":1}`:     http.StatusBadRequest,
		`{`:                                     http.StatusBadRequest,
		`{"csrf":"wrong"}`:                      http.StatusForbidden,
		`"` + strings.Repeat("x", 70<<10) + `"`: http.StatusRequestEntityTooLarge,
	} {
		req, err := http.NewRequest(http.MethodPost, w.URL+"/login/passkey/begin", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if p := c.Do(req); p.Status != want || !strings.HasPrefix(p.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%.60s: %d %s, want %d", body, p.Status, p.Header.Get("Content-Type"), want)
		}
	}
}

func TestJunkOfAnAddressIsOnNobodysPage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	h := pagesOf(w, func(*site.Config) {})
	if body := asked(h, "/search?q=go&canary%zz&;canary=1").Body.String(); strings.Contains(body, "canary") {
		t.Error("junk is printed")
	}
}

func TestPackedOnlyForWhoTakesIt(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	h := pagesOf(w, func(*site.Config) {})
	for header, want := range map[string]string{"gzip": "gzip", "gzip;q=0": "", "br, gzip;q=0.5": "gzip", "x-gzip-not": ""} {
		if got := asked(h, "/search", "Accept-Encoding", header).Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q got %q", header, got)
		}
	}
}

func TestTheOtherRolesAddressIsNotForEver(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.Person("ada").Profile(nil).Is(http.StatusOK)
		p := w.Visitor().Stay().Get("/creators/ada").Is(http.StatusFound)
		if got := p.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("Cache-Control %q", got)
		}
	})
}

func TestPricesOfTwoCurrenciesAreNotCompared(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		for _, x := range [][2]string{{"20", "USD"}, {"900", "RUB"}, {"1500", "RUB"}} {
			ada.Service(fill{"title": {x[1] + x[0]}, "price": {x[0]}, "currency": {x[1]}}).Is(http.StatusOK)
		}
		h := pagesOf(w, func(*site.Config) {})
		body := asked(h, "/tutors/ada").Body.String()
		order := []int{strings.Index(body, "RUB900"), strings.Index(body, "RUB1500"), strings.Index(body, "USD20")}
		if !slices.IsSorted(order) || order[0] < 0 {
			t.Errorf("shown at %v", order)
		}
	})
}

func TestOneClickPublishesNoContactUnasked(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada := w.Person("ada")
		ada.Profile(nil).Is(http.StatusOK)
		ada.Service(fill{"summary": {"Пиши на ada@example.org"}, "state": {"draft"}}).Is(http.StatusOK)
		list := ada.Get("/me/services")
		asked := list.Send(`form[action$="/state"]`, fill{"state": {"published"}}).Is(http.StatusUnprocessableEntity).Has("#f-confirm")
		asked.Send(`form[action^="/me/services/"]`, fill{"confirm": {"1"}}).Is(http.StatusOK)
		w.Visitor().Get("/tutors/ada").Has(`a[href^="/services/"]`)
	})
}
