package site_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/tmoeg/oduvan/internal/apptest"
)

// speak gives a visitor whose browser asks for a language.
func speak(w *apptest.World, accept string) *apptest.Client {
	c := w.Visitor()
	c.Lang = accept
	return c
}

// TestBranchDecidesTheLanguage holds what an operator's choice of languages
// means for a visitor: the default, the switch, the twins of a page, the
// answering prefixes; in both orders and alone.
func TestBranchDecidesTheLanguage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fill   fill
		langs  []string
		absent string // language whose prefix leads elsewhere
	}{
		{"ru first", fill{"languages": {"ru", "en"}, "main_language": {"ru"}}, []string{"ru", "en"}, ""},
		{"en first", fill{"languages": {"ru", "en"}, "main_language": {"en"}}, []string{"en", "ru"}, ""},
		{"ru alone", fill{"languages": {"ru"}, "main_language": {"en"}}, []string{"ru"}, "en"},
		{"en alone", fill{"languages": {"en"}, "main_language": {"ru"}}, []string{"en"}, "ru"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			apptest.Each(t, func(t *testing.T, w *apptest.World) {
				w.SetUp("cho", tt.fill)
				w.Person("ada").Profile(nil).Is(http.StatusOK)
				first := tt.langs[0]
				for _, accept := range []string{"*", "!"} {
					if got := speak(w, accept).Get("/").Is(http.StatusOK).Attr("html", "lang"); got != first {
						t.Errorf("who asks for %q sees %q, want %q", accept, got, first)
					}
				}
				for _, lang := range []string{"ru", "en"} {
					want := lang
					if lang == tt.absent {
						want = first
					}
					c := speak(w, lang)
					for _, path := range []string{"/", "/search", "/tutors/ada", "/no-such-page"} {
						p := c.Get(path)
						if got := p.Attr("html", "lang"); got != want {
							t.Errorf("%s asked in %q is in %q, want %q", path, lang, got, want)
						}
					}
					c.Get("/language?set=" + lang + "&next=/")
					c.Lang = "*"
					if got := c.Get("/about").Attr("html", "lang"); got != want {
						t.Errorf("chosen %q: got %q, want %q", lang, got, want)
					}
				}
				twins(t, w, tt.langs)
				if tt.absent != "" {
					unspoken(t, w, tt.absent, first)
				}
			})
		})
	}
}

// twins holds what a page, its switch and the site's map say of languages.
func twins(t *testing.T, w *apptest.World, langs []string) {
	t.Helper()
	first := langs[0]
	page := speak(w, first).Get("/" + first + "/tutors/ada").Is(http.StatusOK)
	var want, loc []string
	for _, lang := range langs {
		loc = append(loc, w.URL+"/"+lang+"/tutors/ada")
	}
	if len(langs) > 1 {
		want = append(append(want, loc...), w.URL+"/tutors/ada")
	}
	if d := cmp.Diff(want, page.Attrs("link[rel=alternate][hreflang]", "href")); d != "" {
		t.Errorf("twins (-want +got):\n%s", d)
	}
	if got := page.Attr("link[rel=canonical]", "href"); got != loc[0] {
		t.Errorf("canonical %q, want %q", got, loc[0])
	}
	var others []string
	for _, lang := range langs[1:] {
		others = append(others, "/"+lang+"/tutors/ada")
	}
	if d := cmp.Diff(others, page.Attrs("header a[hreflang]", "href")); d != "" {
		t.Errorf("the switch (-want +got):\n%s", d)
	}
	// As the parser of HTML reads the map's XML.
	part := w.Visitor().Get("/sitemaps/tutor/1.xml").Is(http.StatusOK)
	if d := cmp.Diff(loc, part.Texts("loc")); d != "" {
		t.Errorf("addresses in the map (-want +got):\n%s", d)
	}
	var each []string
	for range langs {
		each = append(each, want...)
	}
	if d := cmp.Diff(each, part.Attrs(`xhtml\:link`, "href")); d != "" {
		t.Errorf("twins in the map (-want +got):\n%s", d)
	}
}

// unspoken holds that a language which the branch does not speak leads to the
// same page in one that it does, for now and never for good.
func unspoken(t *testing.T, w *apptest.World, absent, first string) {
	t.Helper()
	c := w.Visitor().Stay()
	for _, tail := range []string{"/", "/search?q=go&kind=tutor", "/tutors/ada", "/api/docs", "/a%20b%3Fc"} {
		p := c.Get("/" + absent + tail).Is(http.StatusTemporaryRedirect)
		if got := p.Header.Get("Location"); got != "/"+first+tail {
			t.Errorf("/%s%s leads to %q", absent, tail, got)
		}
		if got := p.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("browsers may keep the way: %q", got)
		}
	}
	if got := c.Get("/" + absent + "//example.org/x").Header.Get("Location"); got != "/"+first+"/example.org/x" {
		t.Errorf("a made-up address leads to %q", got)
	}
	if got := c.Get("/" + absent).Header.Get("Location"); got != "/"+first {
		t.Errorf("/%s leads to %q", absent, got)
	}
	if p := c.Post("/"+absent+"/login", url.Values{"code": {"x"}}); p.Status != http.StatusTemporaryRedirect {
		t.Errorf("a form is lost: %d", p.Status)
	}
	c.Get("/" + absent + "x/").Is(http.StatusNotFound) // not the prefix
}

// TestChangedLanguages holds that the settings act at once, on cached pages too,
// and that whoever was on a page of a language that went finds the way.
func TestChangedLanguages(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		cho := w.SetUp("cho", nil)
		c := w.Visitor()
		form := cho.Get("/ru/admin").Is(http.StatusOK)
		c.Get("/").Is(http.StatusOK).Has(`header a[hreflang=en]`)
		p := form.Send(`form[action$="/admin"]`, fill{"languages": {"en"}}).Is(http.StatusOK)
		if p.Path != "/en/admin" || p.Attr("html", "lang") != "en" {
			t.Errorf("after the change: %s in %q", p.Path, p.Attr("html", "lang"))
		}
		p.Has(`input[name=languages][value=en][checked]`).Lacks(`input[name=languages][value=ru][checked]`)
		if got := c.Get("/").Attr("html", "lang"); got != "en" {
			t.Errorf("a cached page is still in %q", got)
		}
		c.Get("/").Lacks(`header a[hreflang]`)
		p.Send(`form[action$="/admin"]`, fill{"languages": {"ru", "en"}, "main_language": {"en"}}).Is(http.StatusOK).
			Has(`select[name=main_language] option[value=en][selected]`)
		c.Lang = "*"
		if got := c.Get("/").Attr("html", "lang"); got != "en" {
			t.Errorf("the main language is %q", got)
		}
		c.Get("/ru/").Is(http.StatusOK).Has(`header a[hreflang=en]`)
		p.Send(`form[action$="/admin"]`, fill{"languages": {}}).Is(http.StatusUnprocessableEntity).Has("#f-languages-error")
		p.Send(`form[action$="/admin"]`, fill{"languages": {"en", "xx"}}).Is(http.StatusUnprocessableEntity)
	})
}

// TestNoRussianOnAnEnglishBranch walks an English board as somebody whose
// browser asks for Russian: no word of the board's own is in Russian.
func TestNoRussianOnAnEnglishBranch(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	cho := w.SetUp("cho", fill{"name": {"Board"}, "languages": {"en"}, "rules": {"Be kind."}})
	ada := w.Person("ada")
	ada.Profile(fill{"headline": {"Go from zero"}, "about": {"Step by step."}, "languages": {"en"}}).Is(http.StatusOK)
	ada.Service(fill{"title": {"Review"}, "summary": {"Together."}, "rules": {"A day before."}}).Is(http.StatusOK)
	w.Settle()
	walked := 0
	for _, x := range []struct {
		who   *apptest.Client
		paths string
	}{
		{speak(w, "ru"), "/ /search /search?q=zzzz /search?page=9 /tutors/ada /about /privacy /rules /join /offline /signup /login /claim /no-such-page " +
			"/tutors/nobody /api/docs /manifest.webmanifest /feed.atom /feed.atom?q=go /ru/tutors/ada/ask /sitemap.xml"},
		{ada.Client, "/me /me/profile /me/services /me/services/new /me/settings /me/erase /inbox /inquiries /me/notices /welcome /admin"},
		{cho.Client, "/admin /admin/waiting /admin/invitations /admin/accounts"},
	} {
		x.who.Lang = "ru"
		for path := range strings.FieldsSeq(x.paths) {
			p := x.who.Get(path)
			if found := russian(t, p.Body); len(found) > 0 {
				t.Errorf("%s says in Russian: %q", path, found)
			}
			walked++
		}
	}
	p := speak(w, "ru").Post("/login", url.Values{"code": {"x"}})
	if found := russian(t, p.Body); len(found) > 0 || p.Status < 400 {
		t.Errorf("a refused form (%d) says in Russian: %q", p.Status, found)
	}
	t.Logf("%d pages", walked)
}

// russian are the texts and attributes of a page with Russian letters that are
// not marked as such.
func russian(t *testing.T, body string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	cyrillic := func(s string) bool {
		s = strings.ReplaceAll(s, "Одуванчик", "") // the program's name, which the page on it explains
		return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x400 && r < 0x500 })
	}
	var out []string
	for _, n := range cascadia.QueryAll(root, cascadia.MustCompile("*")) {
		foreign := false
		for p := n; p != nil; p = p.Parent {
			for _, a := range p.Attr {
				foreign = foreign || a.Key == "lang" && a.Val != "en" // a language's own name
			}
		}
		if foreign {
			continue
		}
		for _, a := range n.Attr {
			if cyrillic(a.Val) {
				out = append(out, n.Data+" "+a.Key+"="+a.Val)
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			if k.Type == html.TextNode && cyrillic(k.Data) {
				out = append(out, strings.TrimSpace(k.Data))
			}
		}
	}
	return out
}

// TestSetupTellsTheAddress holds that the board's own address is shown where it
// is asked for the rest, as a text, with the way to change it.
func TestSetupTellsTheAddress(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Visitor()
	first := c.Get("/setup").Is(http.StatusOK).Lacks("input[name=address]", "input[name=url]").Says("ODUVAN_URL")
	if got := first.Text("#board-address"); got != w.URL {
		t.Errorf("got %q, want %q", got, w.URL)
	}
	cho := w.SetUp("cho", nil)
	if got := cho.Get("/admin").Says("ODUVAN_URL").Text("#board-address"); got != w.URL {
		t.Errorf("the administration says %q", got)
	}
}
