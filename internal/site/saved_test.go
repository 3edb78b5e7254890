package site_test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/saved"
)

const saveForm = `form[action$="/me/searches"]`

// saves keeps the search at an address by the button on its page.
func saves(c *apptest.Client, address string) *apptest.Page {
	return c.Get(address).Is(http.StatusOK).Has(".rtools "+saveForm).Send(".rtools "+saveForm, nil).Is(http.StatusOK)
}

func TestSavedSearchFromTheButtonToTheNotice(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		w.SetUp("cho", nil)
		w.Person("ada").Profile(apptest.Fill{"headline": {"Godot для школьников"}}).Is(http.StatusOK)
		w.Settle()
		kid := w.Person("kid")
		kid.Lang = "ru"
		page := saves(kid.Client, "/search?q=godot&kind=tutor&price_max=2000&currency=RUB&sort=new&page=1")
		page.Says("Поиск сохранён", "С последнего раза ничего нового").Has(`a[href="/search?currency=RUB&kind=tutor&price_max=2000&q=godot"]`).Lacks("p.lede")
		if got, want := page.Text("h1"), "godot, Наставники, до 2 000 ₽"; strings.ReplaceAll(got, "\u00a0", " ") != want {
			t.Errorf("the search is called %q, want %q", got, want)
		}
		kid.Get("/search?price_max=2000&currency=RUB&q=godot&kind=tutor").Is(http.StatusOK).Has(`.rtools a[href="` + page.Path + `"]`).Lacks(saveForm)
		kid.Get("/search").Is(http.StatusOK).Lacks(saveForm)
		page.Send(`form[action$="`+page.Path+`"]`, apptest.Fill{"name": {"Игры"}}).Is(http.StatusOK).Says("Игры", "godot, Наставники")
		kid.Get(page.Path).Send(`form[action$="`+page.Path+`"]`, apptest.Fill{"name": {" \u200b "}}).Is(http.StatusUnprocessableEntity).Has("#f-name[aria-invalid]")

		ben := w.Person("ben")
		ben.Profile(apptest.Fill{"name": {"Бен"}, "headline": {"Первая игра на Godot"}}).Is(http.StatusOK)
		ben.Service(nil).Is(http.StatusOK)
		w.Person("dan").Profile(apptest.Fill{"headline": {"Вышивка"}, "skill": {"Вышивка"}}).Is(http.StatusOK)
		w.Settle()
		w.Later(saved.Every)
		w.Drain()
		kid.Get("/inbox").Is(http.StatusOK).Says("По твоему сохранённому поиску нашлось новое")
		kid.Get("/me").Is(http.StatusOK).Has(`.tile a[href="/me/searches"]`)
		list := kid.Get("/me/searches").Is(http.StatusOK)
		list.Says("Игры", "1 новая находка")
		open := kid.Get("/inbox").Attr(".news h2 a", "href")
		look := kid.Get(open).Is(http.StatusOK).Has(`.finds a[href$="/tutors/ben"]`).Lacks(`.finds a[href$="/tutors/dan"]`, `.finds a[href$="/tutors/ada"]`)
		if look.Path != page.Path {
			t.Errorf("the notice leads to %s", look.Path)
		}
		kid.Get(page.Path).Is(http.StatusOK).Says("С последнего раза ничего нового", "Найдено раньше")
		if n := len(kid.Get("/inbox?unread=1").Attrs(".news h2 a", "href")); n != 0 {
			t.Errorf("%d notices are unread after the look", n)
		}
	})
}

func TestPausedAndRemovedSearch(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	kid, ben := w.Person("kid"), w.Person("ben")
	kid.Lang = "en"
	at := saves(kid.Client, "/search?q=go").Path
	state := `form[action$="/state"]`
	kid.Get("/me/searches").Send(state, apptest.Fill{"state": {"paused"}}).Is(http.StatusOK).Says("Paused")
	kid.Get(at).Is(http.StatusOK).Says("The search is paused").Send(state, apptest.Fill{"state": {"watching"}}).Is(http.StatusOK).Says("Nothing new yet")
	kid.Get(at).Send(state, apptest.Fill{"state": {"x"}}).Is(http.StatusUnprocessableEntity)
	for _, path := range []string{at, at + "/delete"} {
		ben.Get(path).Is(http.StatusNotFound)
		w.Visitor().Get(path).Is(http.StatusOK).Has(`form[action$="/login"]`)
	}
	again := saves(ben.Client, "/search?q=go")
	if again.Path == at {
		t.Error("two people have one search")
	}
	kid.Get(at+"/delete").Is(http.StatusOK).Send(`form[action$="/delete"]`, nil).Is(http.StatusOK).Says("No saved searches yet")
	kid.Get(at).Is(http.StatusNotFound)
	ben.Get(again.Path).Is(http.StatusOK)
}

// TestStrangersAreOfferedTheFeed shows one without an account the plain feed,
// and the way to an account and back to this search.
func TestStrangersAreOfferedTheFeed(t *testing.T) {
	t.Parallel()
	w := crowd(t)
	c := w.Visitor()
	c.Lang = "ru"
	for address, box := range map[string]string{"/search?q=python": "p.follow", "/search?q=xyzzyxyzzy&free=1": ".nothing"} {
		page := c.Get(address).Is(http.StatusOK).Lacks(saveForm)
		feed := page.Attr(box+` a[type="application/atom+xml"]`, "href")
		if want := "/feed.atom" + strings.TrimPrefix(address, "/search"); parse(t, feed).Query().Encode() != parse(t, want).Query().Encode() {
			t.Errorf("the feed of %s is %s", address, feed)
		}
		c.Get(feed).Is(http.StatusOK)
		join := page.Attr(box+` a[href^="/signup?next="]`, "href")
		next := parse(t, parse(t, join).Query().Get("next"))
		if next.Path != "/search" || next.Query().Encode() != parse(t, address).Query().Encode() {
			t.Errorf("an account leads from %s to %s", address, next)
		}
	}
	c.Get("/search").Is(http.StatusOK).Lacks("p.follow")
	kid := w.Person("kid")
	page := kid.Get("/search?q=xyzzyxyzzy").Is(http.StatusOK).Has(".nothing "+saveForm).Send(".nothing "+saveForm, nil).Is(http.StatusOK)
	if !strings.HasPrefix(page.Path, "/me/searches/") {
		t.Errorf("saving led to %s", page.Path)
	}
	kid.Get("/search?q=xyzzyxyzzy").Is(http.StatusOK).Has(`.nothing a[href="` + page.Path + `"]`)
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestSavedFeed(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		kid := w.Person("kid")
		kid.Lang = "ru"
		page := saves(kid.Client, "/search?q=godot")
		address := strings.TrimPrefix(page.Text("#feed-url"), w.URL)
		w.Person("ben").Profile(apptest.Fill{"name": {"Бен <b>"}, "headline": {"Первая игра на Godot"}}).Is(http.StatusOK)
		w.Settle()
		c := w.Visitor()
		c.Lang = "en" // the saver's language counts
		got := c.Get(address).Is(http.StatusOK)
		var feed struct {
			ID      string    `xml:"id"`
			Title   string    `xml:"title"`
			Updated time.Time `xml:"updated"`
			Entries []struct {
				Title string `xml:"title"`
				ID    string `xml:"id"`
			} `xml:"entry"`
		}
		if err := xml.Unmarshal([]byte(got.Body), &feed); err != nil {
			t.Fatal(err)
		}
		if feed.Title != "Новое по поиску «godot»" || len(feed.Entries) != 1 || !strings.Contains(feed.Entries[0].Title, "Бен <b>") || !strings.HasPrefix(feed.ID, "urn:uuid:") {
			t.Errorf("got %+v", feed)
		}
		for name, want := range map[string]string{"Cache-Control": "private, no-cache", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer", "Set-Cookie": ""} {
			if h := got.Header.Get(name); h != want {
				t.Errorf("%s: %q, want %q", name, h, want)
			}
		}
		if strings.Contains(got.Body, "kid") {
			t.Error("the feed tells whose it is")
		}
		tag := got.Header.Get("ETag")
		req, err := http.NewRequest(http.MethodGet, w.URL+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		if again := c.Do(req); tag == "" || again.Status != http.StatusNotModified || again.Body != "" {
			t.Errorf("unchanged: status %d, %d bytes", again.Status, len(again.Body))
		}
		kid.Get(page.Path).Send(`form[action$="/feed"]`, nil).Is(http.StatusOK)
		c.Get(address).Is(http.StatusNotFound)
		c.Get(strings.TrimPrefix(kid.Get(page.Path).Text("#feed-url"), w.URL)).Is(http.StatusOK).Says("Бен")
		c.Get(strings.TrimSuffix(address, ".atom")).Is(http.StatusNotFound)
	})
}
