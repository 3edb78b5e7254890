package catalogue

import (
	"math"

	"github.com/tmoeg/oduvan/internal/money"
)

// minorRatio is how many minor units of one currency stand for as many whole
// units as one minor unit of another: rates are told in whole units.
func minorRatio(from, to string) float64 {
	return math.Pow10(money.Decimals(to) - money.Decimals(from))
}
