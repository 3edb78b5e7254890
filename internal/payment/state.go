package payment

// State is what an order has come to, derived from its Facts.
type State string

// The states.
const (
	Draft           State = "draft"
	AwaitingPayment State = "awaiting_payment"
	Cancelled       State = "cancelled"
	Expired         State = "expired"
	Paid            State = "paid"      // the money is there, what was bought is not yet
	Fulfilled       State = "fulfilled" // both are there
	Disputed        State = "disputed"  // a provider holds the money back
	Refunded        State = "refunded"  // all of it went back
)

// States lists the states in their order.
func States() []State {
	return []State{Draft, AwaitingPayment, Cancelled, Expired, Paid, Fulfilled, Disputed, Refunded}
}

// IsPaid tells that money has moved: an order in such a state has a payment
// entry in the journal, unless it was free.
func (s State) IsPaid() bool { return s == Paid || s == Fulfilled || s == Disputed || s == Refunded }

// Step is one single way from a state to another.
type Step struct{ From, To State }

// Steps is the whole machine; table order_step holds the same, and the database
// refuses every other change.
func Steps() []Step {
	return []Step{
		{Draft, AwaitingPayment}, {Draft, Cancelled},
		{AwaitingPayment, Cancelled}, {AwaitingPayment, Expired}, {AwaitingPayment, Paid},
		{Expired, Cancelled}, {Expired, Paid}, {Cancelled, Paid},
		{Paid, Fulfilled}, {Paid, Disputed}, {Paid, Refunded},
		{Fulfilled, Disputed}, {Fulfilled, Refunded},
		{Disputed, Paid}, {Disputed, Fulfilled}, {Disputed, Refunded},
	}
}

// Route is the shortest chain of single steps from one state to another, without
// the first; empty when they are equal. It is false where none leads there.
func Route(from, to State) ([]State, bool) {
	came := map[State]State{from: from}
	for queue := []State{from}; len(queue) > 0; queue = queue[1:] {
		for _, s := range Steps() {
			if _, seen := came[s.To]; s.From == queue[0] && !seen {
				came[s.To] = s.From
				queue = append(queue, s.To)
			}
		}
	}
	if _, ok := came[to]; !ok {
		return nil, false
	}
	var out []State
	for at := to; at != from; at = came[at] {
		out = append([]State{at}, out...)
	}
	return out, true
}

// Settlement is how far parties who pay each other directly have come.
type Settlement string

// The settlements.
const (
	NoSettlement Settlement = "none"
	Claimed      Settlement = "claimed_by_buyer"    // "I have sent it"
	Confirmed    Settlement = "confirmed_by_seller" // "I have it"
	Denied       Settlement = "denied_by_seller"    // "nothing came"
	Arbitration  Settlement = "arbitration"         // a moderator decides, or has decided
)

// Settlements lists them in their order.
func Settlements() []Settlement {
	return []Settlement{NoSettlement, Claimed, Confirmed, Denied, Arbitration}
}

// Said is one way of the sub-machine of direct settlement.
type Said struct {
	From Settlement
	By   Side
	Act  string
	To   Settlement
}

// Sayings is the whole sub-machine: what is not in it is refused.
func Sayings() []Said {
	return []Said{
		{NoSettlement, Buyer, "claim", Claimed},
		{NoSettlement, Seller, "confirm", Confirmed},
		{Claimed, Seller, "confirm", Confirmed},
		{Claimed, Seller, "deny", Denied},
		{Claimed, Buyer, "arbitrate", Arbitration}, // after ArbiterAfter of silence
		{Denied, Buyer, "arbitrate", Arbitration},
		{Denied, Seller, "confirm", Confirmed},
		{Arbitration, Seller, "confirm", Confirmed},
	}
}

// say goes one way of the sub-machine, and tells whether there is one.
func (s Settlement) say(by Side, act string) (Settlement, bool) {
	for _, w := range Sayings() {
		if w.From == s && w.By == by && w.Act == act {
			return w.To, true
		}
	}
	return s, false
}

// Turn is who has to act next.
type Turn string

// The turns.
const (
	BuyersTurn    Turn = "buyer"
	SellersTurn   Turn = "seller"
	ModeratorTurn Turn = "moderator"
	NobodysTurn   Turn = "nobody"
)
