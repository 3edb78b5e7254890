package site_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

// Every bar of the histogram says how many offers choosing it gives, in both
// languages, whatever else is chosen.
func TestBarsTellWhatTheyGive(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	c := w.Visitor()
	for _, path := range []string{"/ru/search", "/en/search?kind=service", "/ru/search?q=python", "/en/search?price_min=500&price_max=1500&currency=RUB", "/ru/search?currency=USD&sort=price"} {
		p := c.Get(path).Is(http.StatusOK)
		bars := p.Attrs(".bars a", "href")
		labels := p.Attrs(".bars a", "title")
		if len(bars) < 2 {
			t.Errorf("%s: %d bars", path, len(bars))
		}
		for i, address := range bars {
			count := strings.TrimSpace(strings.Fields(labels[i][strings.LastIndex(labels[i], ":")+1:])[0])
			if total := c.Get(address).Is(http.StatusOK).Text("h1"); !strings.HasPrefix(strings.TrimSpace(total), count+" ") {
				t.Errorf("%s: bar says %s, %s gives %q", path, labels[i], address, total)
			}

		}
	}
}

func TestBadPricesAreTold(t *testing.T) {
	t.Parallel()
	c := apptest.New(t).Visitor()
	for _, field := range []string{"price_min", "price_max"} {
		c.Get("/en/search?"+url.Values{field: {"abc"}}.Encode()).Is(http.StatusOK).
			Has("#"+field+"-error", "#"+field+"[aria-invalid]")
	}
}

// TestAtMostNothingIsFree: who writes 0 as the greatest price wants what is
// free, and sees that filter instead.
func TestAtMostNothingIsFree(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	c := w.Visitor()
	total := func(path string) string { return c.Get(path).Is(http.StatusOK).Text("h1") }
	all, free := total("/en/search"), total("/en/search?free=1")
	if all == free {
		t.Fatalf("everything is free: %q", all)
	}
	for path, want := range map[string]string{
		"/en/search?price_max=0": free, "/en/search?price_min=0&price_max=0,00": free, "/en/search?price_max=": all, "/en/search?price_min=0": all,
		"/en/search?price_min=500&price_max=0&currency=RUB": total("/en/search?price_min=500&currency=RUB"),
	} {
		if got := total(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	c.Get("/en/search?price_max=0").Has("input[name=free][checked]", `ul.chips a[href="/en/search"]`, `#price_max[value=""]`)
	c.Get("/en/search?kind=request").Is(http.StatusOK).Has("input[name=kind][value=request][checked]")
}
