package payment

import (
	"maps"
	"slices"
)

// Rank is how far a dispute with a provider is. A greater one replaces a lesser.
type Rank int

// The ranks.
const (
	DisputeOpen Rank = 1 // money is held back
	DisputeWon  Rank = 2 // the seller keeps it
	DisputeLost Rank = 3 // the buyer has it again
)

// Facts are what is known of an order's money. They only grow: merging them is
// commutative, associative and idempotent, so repeats and disorder of what
// arrives cannot matter. The state is derived from them.
type Facts struct {
	Checkout  bool            `bun:"checkout"`
	Cancelled bool            `bun:"cancelled"`
	Expired   bool            `bun:"expired"`
	Paid      bool            `bun:"paid"`
	Fulfilled bool            `bun:"fulfilled"`
	Refunded  int64           `bun:"refunded"` // in minor units, all refunds together
	Disputes  map[string]Rank `bun:"disputes,type:jsonb"`
}

// Merge joins two sets of facts: each field takes the greater. What implies
// something else brings it along: money that went back was paid, what was paid
// was ordered.
func (f Facts) Merge(o Facts) Facts {
	out := Facts{Checkout: f.Checkout || o.Checkout, Cancelled: f.Cancelled || o.Cancelled, Expired: f.Expired || o.Expired,
		Paid: f.Paid || o.Paid, Fulfilled: f.Fulfilled || o.Fulfilled, Refunded: max(f.Refunded, o.Refunded), Disputes: map[string]Rank{}}
	maps.Copy(out.Disputes, f.Disputes)
	for id, rank := range o.Disputes {
		out.Disputes[id] = max(out.Disputes[id], rank)
	}
	return out.implied()
}

func (f Facts) implied() Facts {
	f.Paid = f.Paid || f.Refunded > 0 || len(f.Disputes) > 0 || f.Fulfilled
	f.Checkout = f.Checkout || f.Paid
	return f
}

// Lost tells that a dispute was lost: the buyer has all the money again.
func (f Facts) Lost() bool {
	return slices.Contains(slices.Collect(maps.Values(f.Disputes)), DisputeLost)
}

// State is what an order of this amount (in minor units) has come to. An order
// of nothing cannot be refunded.
func (f Facts) State(amount int64) State {
	f = f.implied()
	switch {
	case f.Paid && (amount > 0 && f.Refunded >= amount || f.Lost()):
		return Refunded
	case slices.Contains(slices.Collect(maps.Values(f.Disputes)), DisputeOpen):
		return Disputed
	case f.Fulfilled:
		return Fulfilled
	case f.Paid:
		return Paid
	case f.Cancelled:
		return Cancelled
	case f.Expired:
		return Expired
	case f.Checkout:
		return AwaitingPayment
	}
	return Draft
}
