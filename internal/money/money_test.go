package money_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

func code(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Code
	}
	if err != nil {
		return "not a fault: " + err.Error()
	}
	return ""
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64
		fault          string
	}{
		{"1500", "RUB", 150000, ""},
		{"1 500", "RUB", 150000, ""},
		{"1\u00a0500", "RUB", 150000, ""},
		{"1\u202f500\u202f000", "RUB", 150000000, ""},
		{"1500,50", "RUB", 150050, ""},
		{"1500.5", "RUB", 150050, ""},
		{" 1 500,50 ₽ ", "RUB", 150050, ""},
		{"1500 руб.", "RUB", 150000, ""},
		{"1500р", "RUB", 150000, ""},
		{"1500 Рублей", "RUB", 150000, ""},
		{"1500 RUB", "RUB", 150000, ""},
		{"5000 тг", "KZT", 500000, ""},
		{"100 000 so'm", "UZS", 10000000, ""},
		{"$15.50", "USD", 1550, ""},
		{"15,5 $", "USD", 1550, ""},
		{"€ 20", "EUR", 2000, ""},
		{"1,500", "USD", 150000, ""},
		{"1.500", "EUR", 150000, ""},
		{"1,500.50", "USD", 150050, ""},
		{"1.500,50", "EUR", 150050, ""},
		{"1.500.000", "EUR", 150000000, ""},
		{"1'500", "USD", 150000, ""},
		{"1’500.25", "USD", 150025, ""},
		{"0", "RUB", 0, ""},
		{"0,05", "RUB", 5, ""},
		{"007", "RUB", 700, ""},
		{"1500", "JPY", 1500, ""},
		{"1,500", "JPY", 1500, ""},
		{"1,5", "JPY", 0, "money_malformed"},
		{"1,500", "KWD", 1500, ""},
		{"1 500,250", "KWD", 1500250, ""},
		{"10000000000", "RUB", money.MaxMinor, ""},
		{"10000000000,01", "RUB", 0, "money_too_large"},
		{"99999999999999999999999999", "RUB", 0, "money_too_large"},
		{"-5", "RUB", 0, "money_negative"},
		{"−5 ₽", "RUB", 0, "money_negative"},
		{"₽ -5", "RUB", 0, "money_negative"},
		{"", "RUB", 0, "money_malformed"},
		{"-", "RUB", 0, "money_malformed"},
		{"₽", "RUB", 0, "money_malformed"},
		{"1500 $", "RUB", 0, "money_malformed"},
		{"15 00", "RUB", 0, "money_malformed"},
		{"1 5000", "RUB", 0, "money_malformed"},
		{"0,500", "RUB", 0, "money_malformed"},
		{"1 500'000", "RUB", 0, "money_malformed"},
		{"1500,505", "RUB", 0, "money_malformed"},
		{"1500,", "RUB", 0, "money_malformed"},
		{",50", "RUB", 0, "money_malformed"},
		{"1,5,0", "RUB", 0, "money_malformed"},
		{"1e3", "RUB", 0, "money_malformed"},
		{"0x10", "RUB", 0, "money_malformed"},
		{"от 1500", "RUB", 0, "money_malformed"},
		{"1000-2000", "RUB", 0, "money_malformed"},
		{"١٥", "RUB", 0, "money_malformed"},
		{"\xff", "RUB", 0, "money_malformed"},
		{strings.Repeat("1", 65), "RUB", 0, "money_malformed"},
		{"5", "XXX", 0, "currency_unknown"},
		{"5", "rub", 0, "currency_unknown"},
		{"5", "", 0, "currency_unknown"},
	} {
		got, err := money.Parse(c.text, c.currency)
		want := money.Amount{Minor: c.want, Currency: c.currency}
		if c.fault != "" {
			want = money.Amount{}
		}
		if diff := cmp.Diff(want, got); diff != "" || code(err) != c.fault {
			t.Errorf("Parse(%q, %s) = %v, fault %q, want fault %q", c.text, c.currency, got, code(err), c.fault)
		}
	}
}

func TestParseFieldNamesTheField(t *testing.T) {
	t.Parallel()
	_, err := money.ParseField("price", "x", "RUB")
	if diff := cmp.Diff([]*fault.Error{{Kind: fault.Invalid, Code: "money_malformed", Field: "price"}}, fault.All(err)); diff != "" {
		t.Error(diff)
	}
	if got, err := money.ParseField("price", "3", "RUB"); err != nil || got.Minor != 300 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor            int64
		currency, ru, en string
	}{
		{150000, "RUB", "1 500 ₽", "1,500 ₽"},
		{150050, "RUB", "1 500,50 ₽", "1,500.50 ₽"},
		{5, "RUB", "0,05 ₽", "0.05 ₽"},
		{0, "RUB", "0 ₽", "0 ₽"},
		{1550, "USD", "15,50 $", "$15.50"},
		{123456789, "EUR", "1 234 567,89 €", "€1,234,567.89"},
		{10000000, "UZS", "100 000 сум", "100,000 UZS"},
		{50000, "KGS", "500 сом", "500 KGS"},
		{3000, "BYN", "30 Br", "30 Br"},
		{500000, "KZT", "5 000 ₸", "5,000 ₸"},
		{1500, "JPY", "1 500 JPY", "1,500 JPY"},
		{1500000, "KWD", "1 500,000 KWD", "1,500.000 KWD"},
		{-1550, "USD", "−15,50 $", "−$15.50"},
		{math.MinInt64, "USD", "−92 233 720 368 547 758,08 $", "−$92,233,720,368,547,758.08"},
		{700, "", "7", "7"},
	} {
		a := money.Amount{Minor: c.minor, Currency: c.currency}
		want := strings.NewReplacer(" ", "\u00a0").Replace(c.ru) + "|" + strings.ReplaceAll(c.en, " ", "\u00a0")
		if diff := cmp.Diff(want, a.Format("ru")+"|"+a.Format("en")); diff != "" {
			t.Error(diff)
		}
		if a.Format("ru-RU") != a.Format("ru") || a.Format("") != a.Format("en") {
			t.Errorf("%v: languages differ", a)
		}
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	want := []string{"RUB", "KZT", "BYN", "UZS", "KGS", "AMD", "GEL", "USD", "EUR"}
	got := money.Currencies()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got[0] = "XXX"
	if money.Currencies()[0] != "RUB" {
		t.Error("a caller can change the list")
	}
	decimals := map[string]int{"RUB": 2, "UGX": 0, "KRW": 0, "OMR": 3, "MGA": 2, "nope": 2}
	for c, n := range decimals {
		if money.Decimals(c) != n {
			t.Errorf("Decimals(%s) = %d, want %d", c, money.Decimals(c), n)
		}
	}
	if money.Offered("JPY") || !money.Known("JPY") || !money.Offered("RUB") || money.Known("nope") {
		t.Error("offered and known are mixed up")
	}
	if money.Sign("RUB", "ru") != "₽" || money.Sign("nope", "ru") != "nope" {
		t.Error("wrong signs")
	}
}

// all holds every currency of the table, offered or not.
var all = strings.Fields("RUB KZT BYN UZS KGS AMD GEL USD EUR AZN MDL TJS UAH MGA " +
	"BIF CLP DJF GNF JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF BHD JOD KWD OMR TND")

func TestRoundTripPerCurrency(t *testing.T) {
	t.Parallel()
	for _, currency := range all {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				minor := rapid.Int64Range(0, money.MaxMinor).Draw(t, "minor")
				a, err := money.New(minor, currency)
				if err != nil {
					t.Fatal(err)
				}
				for _, lang := range []string{"ru", "en"} {
					for _, text := range []string{a.Format(lang), a.Number(lang)} {
						if got, err := money.Parse(text, currency); err != nil || got != a {
							t.Fatalf("%q reads as %v (%v), want %v", text, got, err, a)
						}
					}
				}
			})
		})
	}
}

func TestNewAndAdd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor           int64
		currency, fault string
	}{
		{1, "RUB", ""}, {0, "EUR", ""}, {-1, "RUB", "money_negative"},
		{money.MaxMinor + 1, "RUB", "money_too_large"}, {1, "BTC", "currency_unknown"},
	} {
		if _, err := money.New(c.minor, c.currency); code(err) != c.fault {
			t.Errorf("New(%d, %s): fault %q, want %q", c.minor, c.currency, code(err), c.fault)
		}
	}
	rub := func(n int64) money.Amount { return money.Amount{Minor: n, Currency: "RUB"} }
	if got, err := rub(3).Add(rub(-5)); err != nil || got != rub(-2) {
		t.Errorf("3 + -5 = %v, %v", got, err)
	}
	if got, err := rub(3).Add(rub(0)); err != nil || got != rub(3) {
		t.Errorf("3 + 0 = %v, %v", got, err)
	}
	if _, err := rub(3).Add(money.Amount{Minor: 1, Currency: "USD"}); code(err) != "money_currency_mismatch" {
		t.Errorf("fault %q", code(err))
	}
	for _, pair := range [][2]int64{{math.MaxInt64, 1}, {math.MinInt64, -1}} {
		if _, err := rub(pair[0]).Add(rub(pair[1])); code(err) != "money_too_large" {
			t.Errorf("%v: fault %q", pair, code(err))
		}
	}
}

func TestTooLargeTellsTheBound(t *testing.T) {
	t.Parallel()
	_, err := money.New(money.MaxMinor+1, "JPY")
	if got := fault.All(err)[0].Args["max"]; got != "1\u00a0000\u00a0000\u00a0000\u00a0000\u00a0JPY" {
		t.Errorf("max is %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1 500", "1500,50 руб.", "$1,500.50", "-3", "1.500.000", "so'm"} {
		f.Add(s, "RUB")
	}
	f.Add("100 so'm", "UZS")
	f.Fuzz(func(t *testing.T, text, currency string) {
		got, err := money.Parse(text, currency)
		if err != nil {
			if got != (money.Amount{}) || fault.KindOf(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %v, %v", text, got, err)
			}
			return
		}
		if got.Minor < 0 || got.Minor > money.MaxMinor || got.Currency != currency {
			t.Fatalf("Parse(%q) = %v", text, got)
		}
		if again, err := money.Parse(got.Format("en"), currency); err != nil || again != got {
			t.Fatalf("%q: %v then %v, %v", text, got, again, err)
		}
	})
}
