package money

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Rates are the operator's dated exchange rates, for comparing prices only:
// nothing is ever charged by them, and what they yield is shown with the sign
// for "about" and the date.
type Rates struct {
	Base string            // the currency the rates are told in
	Date time.Time         // the day they are of
	Per  map[string]string // currency -> how many units of Base one unit of it is worth, a decimal such as "0.1834"
}

// Check says what is wrong with rates typed by an operator: an unknown
// currency, a rate that is no positive decimal, a missing date. The zero
// Rates are right and compare nothing.
func (r Rates) Check() error {
	if r.Base == "" && len(r.Per) == 0 {
		return nil
	}
	if !Known(r.Base) {
		return fmt.Errorf("rates: unknown base currency %q", r.Base)
	}
	if r.Date.IsZero() {
		return fmt.Errorf("rates: the date is missing")
	}
	for code, text := range r.Per {
		if !Known(code) {
			return fmt.Errorf("rates: unknown currency %q", code)
		}
		rate, ok := decimal(text)
		if !ok {
			return fmt.Errorf("rates: the rate of %s is not a positive decimal", code)
		}
		if code == r.Base && rate.Cmp(big.NewRat(1, 1)) != 0 {
			return fmt.Errorf("rates: the rate of the base currency %s must be 1", code)
		}
	}
	return nil
}

// Convert gives the amount in another currency, rounded half up to whole
// units, and false where no rate is known. The result is approximate: show it
// as such.
func (r Rates) Convert(a Amount, to string) (Amount, bool) {
	factor, ok := r.factor(a.Currency, to)
	if !ok || a.Minor < 0 {
		return Amount{}, false
	}
	units := new(big.Rat).SetFrac64(a.Minor, scale(a.Currency))
	units.Mul(units, factor).Add(units, big.NewRat(1, 2))
	whole := new(big.Int).Quo(units.Num(), units.Denom())
	whole.Mul(whole, big.NewInt(scale(to)))
	if !whole.IsInt64() {
		return Amount{}, false
	}
	return Amount{Minor: whole.Int64(), Currency: to}, true
}

// Factors gives, for every currency with a rate, how many units (not minor
// units) of to one unit of it is worth; to itself is 1. It is nil where to has
// no rate. The floats are for ordering search results, never for amounts.
func (r Rates) Factors(to string) map[string]float64 {
	if _, ok := r.factor(to, to); !ok {
		return nil
	}
	out := map[string]float64{to: 1}
	for code := range r.Per {
		if factor, ok := r.factor(code, to); ok {
			out[code], _ = factor.Float64()
		}
	}
	if factor, ok := r.factor(r.Base, to); ok {
		out[r.Base], _ = factor.Float64()
	}
	return out
}

// factor is how many units of to one unit of from is worth.
func (r Rates) factor(from, to string) (*big.Rat, bool) {
	a, ok := r.inBase(from)
	if !ok {
		return nil, false
	}
	b, ok := r.inBase(to)
	if !ok {
		return nil, false
	}
	return new(big.Rat).Quo(a, b), true
}

func (r Rates) inBase(code string) (*big.Rat, bool) {
	if code == r.Base && Known(code) {
		return big.NewRat(1, 1), true
	}
	text, ok := r.Per[code]
	if !ok || !Known(code) {
		return nil, false
	}
	return decimal(text)
}

// decimal reads a positive plain decimal of at most 24 characters. Fractions
// and exponents, which big.Rat reads too, are refused: an exponent makes a
// number of any size.
func decimal(text string) (*big.Rat, bool) {
	if text == "" || len(text) > 24 || strings.Trim(text, "0123456789.") != "" {
		return nil, false
	}
	rate, ok := new(big.Rat).SetString(text)
	if !ok || rate.Sign() <= 0 {
		return nil, false
	}
	return rate, true
}
