package site_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

// crowd is a board with the demo's people.
func crowd(t *testing.T) *apptest.World {
	t.Helper()
	w := apptest.New(t)
	w.SetUp("cho", nil)
	if _, err := demo.Load(t.Context(), w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	return w
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := crowd(t)
	c := w.Visitor()
	c.Lang = "en"
	first := c.Get("/search").Is(http.StatusOK)
	numbers := first.Attrs("nav.pages ol a", "href")
	if len(numbers) < 3 {
		t.Fatalf("the demo has only the pages %v", numbers)
	}
	last := numbers[len(numbers)-1]
	n := strings.TrimPrefix(last, "/search?page=")
	first.Says("Page 1 of "+n).Has(`nav.pages a[rel=next][href="/search?page=2"]`, `nav.pages a[aria-current=page][href="/search"]`).
		Lacks("nav.pages a[rel=prev]")
	end := c.Get(last).Is(http.StatusOK).Says("Page "+n+" of "+n).Has("nav.pages a[rel=prev]", `nav.pages ol a[href="/search"]`).Lacks("nav.pages a[rel=next]")
	if got := end.Text(`nav.pages [aria-current=page]`); got != "Page "+n {
		t.Errorf("the last page calls itself %q", got)
	}
	// Every number leads to its page, and its cards are others.
	seen := map[string]bool{}
	pages, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pages {
		p := c.Get(fmt.Sprintf("/search?page=%d", i+1)).Is(http.StatusOK)
		for _, href := range p.Attrs("ul.grid h3 a", "href") {
			if seen[href] {
				t.Errorf("%s stands on two pages", href)
			}
			seen[href] = true
		}
	}
	// A page behind the last one is the last one, in the language and with the filters of the address.
	for _, far := range []string{"99", "400", "4000", "999999999999999999"} {
		if p := c.Get("/search?page=" + far); p.Path != last {
			t.Errorf("page %s leads to %s, want %s", far, p.Path, last)
		}
	}
	if p := c.Get("/en/search?kind=tutor&page=99").Is(http.StatusOK); !strings.HasPrefix(p.Path, "/en/search?kind=tutor&page=") {
		t.Errorf("the filters or the language were lost: %s", p.Path)
	}
	c.Get("/search?q=zzqxw&page=5").Is(http.StatusOK).Has(".nothing").Lacks("nav.pages")
	c.Get("/search?q=godot&kind=tutor").Is(http.StatusOK).Lacks("nav.pages ol", "nav.pages a")
	for _, odd := range []string{"0", "-1", "1.5", "x", ""} {
		if got := c.Get("/search?page=" + odd).Is(http.StatusOK).Text("nav.pages [aria-current=page]"); got != "Page 1" {
			t.Errorf("page %q is %q", odd, got)
		}
	}
}

func TestPartialAnswerIsTold(t *testing.T) {
	t.Parallel()
	w := crowd(t)
	c := w.Visitor()
	c.Get("/search?q=python+qwzxqwzx").Is(http.StatusOK).Has("ul.grid li").Says("Всех слов сразу почти нигде нет")
	for _, whole := range []string{"/search?q=python", "/search", "/search?q=qwzxqwzx"} {
		if p := c.Get(whole).Is(http.StatusOK); strings.Contains(p.Body, "Всех слов сразу") {
			t.Errorf("%s is told to be partial", whole)
		}
	}
	c.Get("/en/search?q=python+qwzxqwzx").Says("most of them")
}

// TestNothingFoundHelpsOn holds the order of the offers, that each of them finds
// as many things as it says, and that words like those typed are among them.
func TestNothingFoundHelpsOn(t *testing.T) {
	t.Parallel()
	w := crowd(t)
	c := w.Visitor()
	p := c.Get("/search?q=godotx&format=plan&level=work&language=kk&price_max=1&currency=RUB").Is(http.StatusOK).Has(".nothing")
	if d := cmp.Diff([]string{"Сначала — бесплатное", "Сообщить, когда появится", "Похожие слова", "Искать шире"}, p.Texts(".nothing h3")); d != "" {
		t.Errorf("offers (-want +got):\n%s", d)
	}
	p.Has(`.nothing a[href="/search?q=godot"]`, `.nothing a[href="/search"]`)
	checked := 0
	for _, path := range []string{p.Path, "/search?q=zzqxw&kind=tutor", "/search?kind=tutor&price_max=1&currency=AMD&language=en", "/search?q=zzqxw",
		"/search?skill=python&language=kk&format=plan"} {
		p := c.Get(path)
		links, labels := p.Attrs(".nothing .helps a:has(.cnt)", "href"), p.Texts(".nothing .helps a .cnt")
		if len(links) != len(labels) {
			t.Fatalf("%s: %d offers with %d numbers", path, len(links), len(labels))
		}
		for i, href := range links {
			found := c.Get(href).Is(http.StatusOK).Text("h1")
			if n, _, _ := strings.Cut(found, " "); n != labels[i] {
				t.Errorf("%s offers %s with %s things, it has %s", path, href, labels[i], found)
			}
			checked++
		}
		if n := len(p.Attrs(".nothing .helps a", "href")); n > 4+6+8 {
			t.Errorf("%s: %d offers", path, n)
		}
	}
	if checked < 5 {
		t.Errorf("only %d offers with a number", checked)
	}
	t.Logf("%d offers", checked)
}
