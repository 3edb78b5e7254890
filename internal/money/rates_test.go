package money_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/money"
)

func rates() money.Rates {
	return money.Rates{
		Base: "RUB",
		Date: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Per:  map[string]string{"USD": "92.5", "KZT": "0.18", "JPY": "0.6"},
	}
}

func TestConvert(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from money.Amount
		to   string
		want int64
		ok   bool
	}{
		{money.Amount{Minor: 1000, Currency: "USD"}, "RUB", 92500, true},
		{money.Amount{Minor: 100, Currency: "USD"}, "RUB", 9300, true}, // 92.5 rounds up
		{money.Amount{Minor: 92400, Currency: "RUB"}, "USD", 1000, true},
		{money.Amount{Minor: 100000, Currency: "KZT"}, "USD", 200, true},
		{money.Amount{Minor: 10000, Currency: "JPY"}, "RUB", 600000, true},
		{money.Amount{Minor: 600000, Currency: "RUB"}, "JPY", 10000, true},
		{money.Amount{Minor: 0, Currency: "RUB"}, "USD", 0, true},
		{money.Amount{Minor: 100, Currency: "GEL"}, "RUB", 0, false},
		{money.Amount{Minor: 100, Currency: "RUB"}, "GEL", 0, false},
		{money.Amount{Minor: -100, Currency: "RUB"}, "USD", 0, false},
		{money.Amount{}, "", 0, false},
	} {
		got, ok := rates().Convert(c.from, c.to)
		if ok != c.ok || got.Minor != c.want {
			t.Errorf("Convert(%v, %s) = %v, %v", c.from, c.to, got, ok)
		}
	}
	huge := money.Rates{Base: "RUB", Date: time.Now(), Per: map[string]string{"USD": "999999999999999999999999"}}
	if got, ok := huge.Convert(money.Amount{Minor: math.MaxInt64, Currency: "USD"}, "RUB"); ok {
		t.Errorf("an amount past int64 became %v", got)
	}
}

func TestFactors(t *testing.T) {
	t.Parallel()
	want := map[string]float64{"RUB": 1, "USD": 92.5, "KZT": 0.18, "JPY": 0.6}
	if diff := cmp.Diff(want, rates().Factors("RUB")); diff != "" {
		t.Error(diff)
	}
	if got := rates().Factors("USD")["RUB"]; math.Abs(got-1/92.5) > 1e-12 {
		t.Errorf("RUB in USD is %v", got)
	}
	if got := rates().Factors("GEL"); got != nil {
		t.Errorf("no rate, but %v", got)
	}
	if got := (money.Rates{}).Factors("RUB"); got != nil {
		t.Errorf("no rates, but %v", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	broken := func(change func(*money.Rates)) money.Rates { r := rates(); change(&r); return r }
	for name, c := range map[string]struct {
		rates money.Rates
		says  string
	}{
		"right":    {rates(), ""},
		"none":     {money.Rates{}, ""},
		"base":     {broken(func(r *money.Rates) { r.Base = "BTC" }), "BTC"},
		"date":     {broken(func(r *money.Rates) { r.Date = time.Time{} }), "date"},
		"code":     {broken(func(r *money.Rates) { r.Per["DOGE"] = "1" }), "DOGE"},
		"zero":     {broken(func(r *money.Rates) { r.Per["EUR"] = "0" }), "EUR"},
		"negative": {broken(func(r *money.Rates) { r.Per["EUR"] = "-1" }), "EUR"},
		"exponent": {broken(func(r *money.Rates) { r.Per["EUR"] = "1e999999999" }), "EUR"},
		"fraction": {broken(func(r *money.Rates) { r.Per["EUR"] = "1/3" }), "EUR"},
		"long":     {broken(func(r *money.Rates) { r.Per["EUR"] = strings.Repeat("1", 25) }), "EUR"},
		"itself":   {broken(func(r *money.Rates) { r.Per["RUB"] = "2" }), "RUB"},
	} {
		err := c.rates.Check()
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A conversion is off by at most half a unit of the target.
func TestConvertIsNearTheFactor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount{Minor: rapid.Int64Range(0, 1e9).Draw(t, "minor"), Currency: "USD"}
		got, ok := rates().Convert(a, "KZT")
		exact := float64(a.Minor) * rates().Factors("KZT")["USD"]
		if !ok || math.Abs(float64(got.Minor)-exact) > 50.001 || got.Minor%100 != 0 {
			t.Fatalf("%v became %v, exactly %v", a, got, exact)
		}
	})
}
