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
