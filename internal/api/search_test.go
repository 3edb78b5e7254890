package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// shop is a board where ada teaches for money and ben for nothing.
func shop(t *testing.T, d *dbtest.World) *world {
	t.Helper()
	w := open(t, d, wide())
	for handle, price := range map[string]string{"ada-lint": `{"amount":150000,"currency":"RUB"}`, "ben-byte": `{"amount":0,"currency":""}`} {
		token := w.person(handle, account.Member)
		profile := w.ask("PUT", "/api/v1/me/profile", token, `{"roles":["tutor"],"name":"`+handle+`","headline":"Python","skills":["python"],"state":"open"}`)
		service := w.ask("POST", "/api/v1/me/services", token, `{"title":"Review of `+handle+`","format":"review","price":`+price+`,"state":"published"}`)
		if profile.Code != http.StatusOK || service.Code != http.StatusCreated {
			t.Fatalf("%s: %d %s, %d %s", handle, profile.Code, profile.Body, service.Code, service.Body)
		}
	}
	w.settle()
	return w
}

// finds asks for a page of an answer.
func (w *world) finds(query string) api.Found {
	w.t.Helper()
	rec := w.ask("GET", "/api/v1/search?"+query, "", "")
	var out api.Found
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil || rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s, %v", query, rec.Code, rec.Body, err)
	}
	return out
}

// of are the kinds and owners of what was found.
func of(f api.Found) []string {
	out := []string{}
	for _, i := range f.Items {
		out = append(out, i.Kind+" "+i.Handle)
	}
	slices.Sort(out)
	return out
}

// TestAPriceOfNothing: at most 0 is what costs nothing, which is not the same
// as no word on the price.
func TestAPriceOfNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := shop(t, d)
		all := []string{"service ada-lint", "service ben-byte", "tutor ada-lint", "tutor ben-byte"}
		free := []string{"service ben-byte", "tutor ben-byte"}
		for query, want := range map[string][]string{
			"": all, "price_max=": all, "price_min=0": all, "free=false": all, "price_max=150000&currency=RUB": all,
			"price_max=0": free, "price_max=0&price_min=0": free, "price_max=0&free=false": free, "free=true": free, "price_max=1": free,
			"price_max=0&q=python": free, "price_max=0&currency=USD": free,
		} {
			got := w.finds(query)
			if diff := cmp.Diff(want, of(got)); diff != "" || got.Total != len(want) {
				t.Errorf("%q: total %d, %s", query, got.Total, diff)
			}
		}
		for query, want := range map[string]string{
			"price_max=0&price_min=1": "price_min number_too_large", "price_max=-1": "price_max number_too_small",
			"price_max=x": "price_max type_wrong", "price_max=1000000000001": "price_max number_too_large",
		} {
			p := problem(t, w.ask("GET", "/api/v1/search?"+query, "", ""))
			if len(p.Errors) != 1 || p.Status != http.StatusUnprocessableEntity || p.Errors[0].Field+" "+p.Errors[0].Code != want {
				t.Errorf("%q: %+v, want %s", query, p, want)
			}
		}
	})
}

// TestRequestsAreAKind that is known and of which there is nothing yet: what is
// asked for beside it is found, and the facets stay whole.
func TestRequestsAreAKind(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := shop(t, d)
		kinds := map[string]int{"service": 2, "tutor": 2}
		every := slices.Sorted(maps.Keys(w.finds("").Facets))
		for query, want := range map[string]int{
			"kind=request": 0, "kind=request&q=python": 0, "kind=request&sort=price&price_max=0": 0, "kind=request&page=2&limit=1": 0,
			"kind=request&kind=tutor": 2, "kind=tutor&kind=creator&kind=service&kind=work&kind=request": 4,
		} {
			got := w.finds(query)
			if got.Total != want || len(got.Items) != want || got.Items == nil || got.Fallback {
				t.Errorf("%q: %d of %d", query, len(got.Items), got.Total)
			}
			if diff := cmp.Diff(every, slices.Sorted(maps.Keys(got.Facets))); diff != "" {
				t.Errorf("%q: facets %s", query, diff)
			}
			if strings.Contains(query, "price") {
				continue
			}
			counts := map[string]int{}
			for _, v := range got.Facets["kind"] {
				counts[v.Value] = v.Count
			}
			if diff := cmp.Diff(kinds, counts); diff != "" {
				t.Errorf("%q: kinds %s", query, diff)
			}
		}
		six := strings.Repeat("kind=request&", 6)
		if p := problem(t, w.ask("GET", "/api/v1/search?"+six, "", "")); p.Status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Field+" "+p.Code != "kind too_many" {
			t.Errorf("six kinds: %+v", p)
		}
	})
}
