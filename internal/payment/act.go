package payment

import (
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
)

// Act is what somebody may do with an order.
type Act string

// The acts, each with who may do it.
const (
	ActDetails        Act = "details"         // seller: say where to pay
	ActClaim          Act = "claim"           // buyer: it is sent
	ActConfirm        Act = "confirm"         // seller: it is here
	ActDeny           Act = "deny"            // seller: it is not
	ActCancel         Act = "cancel"          // both, while nothing is paid
	ActArbitrate      Act = "arbitrate"       // both: ask a moderator, or add to it
	ActRefundSent     Act = "refund_sent"     // seller
	ActRefundReceived Act = "refund_received" // buyer
	ActExtra          Act = "extra"           // seller: it was paid twice
	ActDecide         Act = "decide"          // moderator
)

// Acts lists the acts in the order in which a page shows them.
func Acts() []Act {
	return []Act{ActDetails, ActClaim, ActConfirm, ActDeny, ActCancel, ActArbitrate, ActRefundSent, ActRefundReceived, ActExtra, ActDecide}
}

// Acts are what the Viewer may do now and would change something by.
func (o *Order) Acts(now time.Time) (out []Act) {
	for _, a := range Acts() {
		done, err := o.may(a, now)
		if err == nil && !done && !(a == ActConfirm && o.Paid) {
			out = append(out, a)
		}
	}
	return out
}

// Stated tells that nothing but the parties' own words says what was paid.
func (m Method) Stated() bool { return m == Direct || m == Link }

var (
	errMethod = fault.Of(fault.Conflict, "order_method")
	errEarly  = fault.Of(fault.Conflict, "arbitration_early")
)

// sideOf tells where somebody stands; empty for a stranger.
func (o *Order) sideOf(by account.Actor) Side {
	switch {
	case by.Anonymous():
		return ""
	case by.ID == o.BuyerID:
		return Buyer
	case by.ID == o.SellerID:
		return Seller
	case by.Is(account.Moderator) && o.Question != NoQuestion:
		return Moderator
	}
	return ""
}

// who may do an act; empty: both parties.
func (a Act) who() Side {
	switch a {
	case ActDetails, ActConfirm, ActDeny, ActRefundSent, ActExtra:
		return Seller
	case ActClaim, ActRefundReceived:
		return Buyer
	case ActDecide:
		return Moderator
	}
	return ""
}

// may tells whether the viewer may do something now; done tells that it is
// just so already, as after a second click.
func (o *Order) may(a Act, now time.Time) (done bool, err error) {
	if who := a.who(); who != "" && who != o.Viewer || who == "" && o.Viewer == Moderator {
		return false, errRefused
	}
	if a != ActCancel && a != ActDecide && !o.Method.Stated() {
		return false, errMethod
	}
	ok := false
	switch a {
	case ActDetails:
		ok = o.State == AwaitingPayment
	case ActClaim:
		done = o.waits() && o.Settlement == Claimed
		ok = (o.State == AwaitingPayment || o.State == Expired) && o.says(Buyer, "claim")
	case ActConfirm:
		ok = o.State != Refunded && (o.Paid || o.says(Seller, "confirm"))
	case ActDeny:
		ok = o.waits() && o.says(Seller, "deny")
	case ActCancel:
		done = o.State == Cancelled
		ok = o.waits() && (o.Viewer == Buyer || o.Settlement == NoSettlement)
	case ActArbitrate:
		return false, o.mayArbitrate(now)
	case ActRefundSent:
		ok = o.Paid && o.Question == NoQuestion && o.Returnable() > 0
	case ActRefundReceived:
		ok = o.RefundSent > 0
	case ActExtra:
		ok = o.Paid && o.Question == NoQuestion && o.Extra == o.ExtraReturned && o.RefundSent == 0
	case ActDecide:
		ok = o.Question != NoQuestion
	}
	if done || ok {
		return done, nil
	}
	return false, errState
}

func (o *Order) says(by Side, act string) bool {
	_, ok := o.Settlement.say(by, act)
	return ok
}

// waits tells that an order is neither paid nor over.
func (o *Order) waits() bool {
	switch o.State {
	case AwaitingPayment:
		return true
	case Expired: // claimed after its time: somebody says that money is on its way
		return !o.DeadlineAt.IsZero() || o.Question == AboutPaying
	}
	return false
}

// Returnable is how much may still go back to the buyer, in minor units.
func (o *Order) Returnable() int64 {
	rest := o.Extra - o.ExtraReturned
	if o.Paid && !o.Lost() {
		rest += o.Amount - o.Refunded
	}
	return rest
}

// ArbiterFrom is from when on the viewer may ask a moderator; zero: there is
// nothing to ask.
func (o *Order) ArbiterFrom() time.Time {
	switch {
	case o.Question != NoQuestion:
		return o.CreatedAt // both may add their words
	case o.RefundSent > 0 && o.Viewer == Buyer:
		return o.RefundSentAt
	case o.RefundSent > 0 && o.Viewer == Seller:
		return o.RefundSentAt.Add(ArbiterAfter)
	case o.Viewer == Buyer && o.waits() && o.Settlement == Denied:
		return o.ClaimedAt
	case o.Viewer == Buyer && o.waits() && o.Settlement == Claimed:
		return o.ClaimedAt.Add(ArbiterAfter)
	}
	return time.Time{}
}

func (o *Order) mayArbitrate(now time.Time) error {
	switch from := o.ArbiterFrom(); {
	case from.IsZero():
		return errState
	case now.Before(from):
		return errEarly.With("At", from)
	}
	return nil
}

// Turn is who has to act next.
func (o *Order) Turn() Turn {
	switch {
	case o.Question != NoQuestion:
		return ModeratorTurn
	case o.RefundSent > 0:
		return BuyersTurn
	case o.Extra > o.ExtraReturned, o.State == Paid:
		return SellersTurn
	case !o.waits():
		return NobodysTurn
	case o.Settlement == Claimed, o.Method == Direct && o.Settlement == NoSettlement && !o.HasDetails:
		return SellersTurn // who has not said yet where to pay
	}
	return BuyersTurn
}

// Open tells that something stands between the two: the order cannot be
// forgotten and neither may erase the account.
func (o *Order) Open() bool {
	return o.State == Draft || o.waits() || o.State == Paid || o.State == Disputed ||
		o.RefundSent > 0 || o.Question != NoQuestion || o.Extra > o.ExtraReturned
}
