package saved_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/search"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestAddress(t *testing.T) {
	t.Parallel()
	for want, q := range map[string]search.Query{
		"": {}, "q=go+dev": {Text: "  go \t dev "}, "exact=1&q=go": {Text: "go", Exact: true}, "free=1": {Free: true, Exact: true},
		"kind=service&kind=tutor&skill=go": {Kinds: []string{"tutor", "service", "tutor"}, Skills: []string{"go"}},
		"currency=RUB&price_max=2000":      {PriceMax: 200_000, Currency: "RUB"},
		"currency=RUB&price_min=1500.50":   {PriceMin: 150_050, Currency: "RUB"},
		"newcomer=1&open=week":             {Newcomer: true, OpenBy: noon, Sort: search.SortPrice, Offset: 24, Limit: 24, Facets: true},
	} {
		same(t, "address", want, saved.Address(q))
	}
}

// TestAddressKeepsTheSearch writes and reads any search: it comes back as it
// was, in one spelling, whatever order its filters had.
func TestAddressKeepsTheSearch(t *testing.T) {
	t.Parallel()
	word := rapid.StringN(1, 20, -1).Filter(func(s string) bool { return strings.ToValidUTF8(s, "") == s })
	words := rapid.SliceOfN(word, 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		q := search.Query{Text: strings.Join(strings.Fields(rapid.String().Draw(t, "text")), " "), Free: rapid.Bool().Draw(t, "free"),
			Newcomer: rapid.Bool().Draw(t, "new"), Kinds: words.Draw(t, "kinds"), Skills: words.Draw(t, "skills"), Levels: words.Draw(t, "levels"),
			Langs: words.Draw(t, "langs"), Formats: words.Draw(t, "formats")}
		q.Exact = q.Text != "" && rapid.Bool().Draw(t, "exact")
		q.PriceMin, q.PriceMax = rapid.Int64Range(0, money.MaxMinor).Draw(t, "min"), rapid.Int64Range(0, money.MaxMinor).Draw(t, "max")
		if q.PriceMin+q.PriceMax > 0 {
			q.Currency = rapid.SampledFrom(money.Currencies()).Draw(t, "currency")
		}
		text := saved.Address(q)
		got, err := saved.Query(text, time.Time{})
		if len(text) > saved.MaxQuery {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if again := saved.Address(got); again != text {
			t.Fatalf("%q became %q", text, again)
		}
		sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
		for _, list := range []*[]string{&q.Kinds, &q.Skills, &q.Levels, &q.Langs, &q.Formats} {
			*list = slices.Compact(slices.Sorted(slices.Values(*list)))
		}
		if diff := cmp.Diff(q, got, sorted, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", text, diff)
		}
	})
}

func TestThisWeekIsTheWeekOfTheSearch(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{noon, noon.AddDate(0, 1, 0)} {
		q, err := saved.Query("open=week", now)
		must(t, err)
		same(t, "until", now.Add(search.OpenWithin), q.OpenBy)
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"q=go", "price_max=1&currency=RUB", "price_max=x&currency=RUB", "currency=RUB", "%zz", "a;b", "kind=&kind=", strings.Repeat("q=%D1%8B&", 400)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := saved.Query(text, noon)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v", err)
			}
			return
		}
		address := saved.Address(q)
		if _, err := url.ParseQuery(address); err != nil {
			t.Error(err)
		}
		if len(address) > saved.MaxQuery {
			return
		}
		again, err := saved.Query(address, noon)
		if err != nil || saved.Address(again) != address {
			t.Errorf("%q is read as %q, %v", address, saved.Address(again), err)
		}
	})
}
