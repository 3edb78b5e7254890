package profile

import "github.com/tmoeg/oduvan/internal/money"

// Lowest is the price that a card names first: the least in the currency that
// most prices are in, and whether there are others; nil without prices.
func Lowest(prices []money.Amount) (least *money.Amount, others bool) { return lowest(prices) }
