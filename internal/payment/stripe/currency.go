package stripe

import (
	"strings"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// maxCharge is the largest charge in Stripe's minor units.
const maxCharge = 99_999_999

// exponents tells how many decimals Stripe counts by in each currency that an
// order may have. It is a table of its own and does not follow from ISO 4217:
// the Malagasy ariary has two decimals on paper and none at Stripe. What is not
// here cannot be charged; so is the Ugandan shilling, of which Stripe's page says
// both that it has none and that it is written with two: a price a hundred times
// too high is worse than none.
func exponents() map[string]int {
	out := map[string]int{}
	for exponent, codes := range map[int]string{
		0: "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF",
		2: "RUB KZT BYN UZS KGS AMD GEL USD EUR AZN MDL TJS UAH",
		3: "BHD JOD KWD OMR TND",
	} {
		for code := range strings.FieldsSeq(codes) {
			out[code] = exponent
		}
	}
	return out
}

// Currencies lists the codes that can be charged through Stripe, as money lists them.
func Currencies() (out []string) {
	known := exponents()
	for _, code := range money.Currencies() {
		if _, ok := known[code]; ok {
			out = append(out, code)
		}
	}
	return out
}

// Charge is an amount as Stripe counts it.
type Charge struct {
	Minor    int64
	Currency string // ISO 4217, lower case
}

// ToStripe writes an amount as Stripe counts it. Faults: Invalid
// stripe_currency, stripe_amount (more than Stripe takes, nothing, or a fraction
// that Stripe cannot charge in that currency).
func ToStripe(a money.Amount) (Charge, error) {
	theirs, ok := exponents()[a.Currency]
	if !ok || !money.Known(a.Currency) {
		return Charge{}, fault.Bad("currency", "stripe_currency")
	}
	if a.Minor <= 0 || a.Minor > money.MaxMinor {
		return Charge{}, fault.Bad("amount", "stripe_amount")
	}
	minor := a.Minor
	for ours := money.Decimals(a.Currency); ours < theirs; ours++ {
		minor *= 10
	}
	for ours := money.Decimals(a.Currency); ours > theirs; ours-- {
		if minor%10 != 0 {
			return Charge{}, fault.Bad("amount", "stripe_amount")
		}
		minor /= 10
	}
	if minor > maxCharge || theirs == 3 && minor%10 != 0 {
		return Charge{}, fault.Bad("amount", "stripe_amount")
	}
	return Charge{Minor: minor, Currency: strings.ToLower(a.Currency)}, nil
}

// CheckPrice refuses what cannot be charged. It implements payment.Charging.
func (s *Stripe) CheckPrice(price money.Amount) error {
	_, err := ToStripe(price)
	return err
}

// FromStripe reads an amount that Stripe told; false where it cannot be one of ours.
func FromStripe(minor int64, currency string) (money.Amount, bool) {
	code := strings.ToUpper(currency)
	theirs, ok := exponents()[code]
	if !ok || !money.Known(code) || minor < 0 || minor > money.MaxMinor {
		return money.Amount{}, false
	}
	for ours := money.Decimals(code); ours > theirs; ours-- {
		minor *= 10
	}
	for ours := money.Decimals(code); ours < theirs; ours++ {
		if minor%10 != 0 {
			return money.Amount{}, false
		}
		minor /= 10
	}
	return money.Amount{Minor: minor, Currency: code}, minor <= money.MaxMinor
}
