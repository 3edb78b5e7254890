package columns_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
)

// One dear offer does not press all others into one bar, what is free stands
// in the first, and a chosen range hides no other bar.
func TestPricesAreSpread(t *testing.T) {
	t.Parallel()
	costs := func(minor int64) func(*search.Document) {
		return func(d *search.Document) {
			d.Prices = []search.Price{{Minor: minor, Currency: "RUB"}, {Minor: 9 * minor, Currency: "RUB"}}
		}
	}
	ops := []search.Op{op("free", func(d *search.Document) { d.Free = true }), op("silent", func(*search.Document) {}), op("dear", costs(90_000_000))}
	for i := range 22 {
		ops = append(ops, op(string(rune('a'+i)), costs(int64(1+i)*10_000)))
	}
	v := columns.New(nil).Apply(ops)
	// Every offer names a second price of nine times as much, which counts where it falls.
	want := []search.Bin{{To: 20_000, Count: 2}}
	for from := int64(20_000); from < 200_000; from += 20_000 {
		want = append(want, search.Bin{From: from, To: from + 20_000, Count: 2})
	}
	want[4].Count, want[9].Count = 3, 3
	want = append(want, search.Bin{From: 200_000, To: 220_000, Count: 2}, search.Bin{From: 220_000, Count: 21})
	for _, q := range []search.Query{{}, {PriceMin: 30_000, PriceMax: 50_000}} {
		q.Facets, q.Currency, q.Now = true, "RUB", now
		if diff := cmp.Diff(want, v.Select(&q, nil).Prices); diff != "" {
			t.Errorf("%+v: %s", q, diff)
		}
	}
	q := search.Query{Facets: true, Currency: "USD", Now: now}
	if got := v.Select(&q, nil).Prices; len(got) != 1 || got[0].Count != 1 {
		t.Errorf("in another currency: %v, want what is free alone", got)
	}
}

func FuzzBinStep(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(119_999))
	f.Fuzz(func(t *testing.T, most int64) {
		most = max(most, 0) >> 8
		step := search.BinStep(most)
		if bars := most/step + 1; step <= 0 || bars > search.Bins {
			t.Errorf("prices to %d take %d bars of %d", most, bars, step)
		}
	})
}

// Rates are typed by operators: an absurd one must not break the page.
func TestAbsurdRatesAreSpread(t *testing.T) {
	t.Parallel()
	v := columns.New(nil).Apply([]search.Op{op("a", func(d *search.Document) {
		d.Prices = []search.Price{{Minor: 90_000_000, Currency: "RUB"}, {Minor: 1, Currency: "RUB"}}
	})})
	for _, rate := range []float64{1e-300, 1e12, 1e300} {
		q := search.Query{Facets: true, Currency: "USD", Rates: map[string]float64{"RUB": rate}, Now: now}
		sum := 0
		for _, b := range v.Select(&q, nil).Prices {
			sum += b.Count
		}
		if sum == 0 || sum > 2 {
			t.Errorf("rate %v: %d offers in the bars", rate, sum)
		}
	}
}
