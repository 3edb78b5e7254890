// Package parties is a trial of the wall: see TestNoCodeCanSayTheFund.
package parties

import "github.com/tmoeg/oduvan/internal/payment"

// Say tries to name parties of an entry.
func Say() []payment.Party {
	o := &payment.Order{BuyerParty: "a", SellerParty: "b"}
	return []payment.Party{payment.BuyerExternal(o), payment.SellerExternal(o)}
}
