// Package money holds amounts as integer minor units with a currency, reads
// what people type and writes what people read. It promises that a written
// amount reads back as the same amount, and that no floating point touches an
// amount. It refuses negative and absurd prices, and it refuses to guess:
// text that could mean two numbers is a fault. Comparison between currencies
// exists only by the operator's dated Rates and is always approximate.
//
// It imports fault, since its errors are shown beside a form's field.
package money

import (
	"strconv"
	"strings"

	"github.com/tmoeg/oduvan/internal/fault"
)

// MaxMinor is the largest amount taken from anybody: ten thousand million
// units of a two-decimal currency. Sums of a hundred thousand such amounts
// still fit an int64.
const MaxMinor = 1_000_000_000_000

// nbsp keeps a number and its sign on one line.
const nbsp = "\u00a0"

// Amount is an amount of money. The zero value is nothing in no currency.
type Amount struct {
	Minor    int64  // in the smallest unit by ISO 4217: kopecks, cents, yen
	Currency string // ISO 4217 code, upper case
}

// New makes an amount from minor units, as the API sends them. Faults:
// currency_unknown, money_negative, money_too_large (argument max).
func New(minor int64, currency string) (Amount, error) {
	switch {
	case !Known(currency):
		return Amount{}, fault.Of(fault.Invalid, "currency_unknown")
	case minor < 0:
		return Amount{}, fault.Of(fault.Invalid, "money_negative")
	case minor > MaxMinor:
		return Amount{}, tooLarge(currency)
	}
	return Amount{Minor: minor, Currency: currency}, nil
}

func tooLarge(currency string) *fault.Error {
	most := grouped(strconv.FormatInt(MaxMinor/scale(currency), 10), nbsp)
	return fault.Of(fault.Invalid, "money_too_large").With("max", most+nbsp+currency)
}

// IsZero tells whether the amount is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Add sums two amounts of one currency. Faults: money_currency_mismatch,
// money_too_large.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.Of(fault.Invalid, "money_currency_mismatch")
	}
	sum := a.Minor + b.Minor
	if wrapped := (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0; wrapped {
		return Amount{}, tooLarge(a.Currency)
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Format writes the amount for people: thousands apart, sign in its place,
// decimals only when they are not zero.
//
//	ru: "1 500 ₽", "1 500,50 ₽", "15,50 $" with no-break spaces
//	en: "1,500 ₽", "1,500.50 ₽", "$15.50"
//
// Any language but "ru" is written as English.
func (a Amount) Format(lang string) string {
	number, s := a.Number(lang), signOf(a.Currency, lang)
	minus := ""
	if rest, ok := strings.CutPrefix(number, "\u2212"); ok {
		minus, number = "\u2212", rest
	}
	switch {
	case s.text == "":
		return minus + number
	case s.before:
		return minus + s.text + number
	default:
		return minus + number + nbsp + s.text
	}
}

// Number writes the amount as Format does, without the currency's sign: the
// value of a form's field.
func (a Amount) Number(lang string) string {
	group, point := ",", "."
	if russian(lang) {
		group, point = nbsp, ","
	}
	minus, minor := "", uint64(a.Minor)
	if a.Minor < 0 {
		minus, minor = "\u2212", -minor // two's complement: right for the smallest int64 too
	}
	unit := uint64(scale(a.Currency))
	whole, rest := minor/unit, minor%unit
	out := minus + grouped(strconv.FormatUint(whole, 10), group)
	// With three decimals "1,500" would read as one and a half: they are always written.
	if decimals := Decimals(a.Currency); rest != 0 || decimals > 2 {
		digits := strconv.FormatUint(rest, 10)
		out += point + strings.Repeat("0", decimals-len(digits)) + digits
	}
	return out
}

// grouped puts a separator before every third digit from the end.
func grouped(digits, separator string) string {
	first := (len(digits)-1)%3 + 1
	var b strings.Builder
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += 3 {
		b.WriteString(separator)
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}
