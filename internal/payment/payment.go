// Package payment keeps orders: one purchase between one buyer and one seller,
// and the journal of what the two and providers state about its money. It
// promises that an order's state is derived from facts that only grow, that an
// agreed amount never changes, that every statement of money is one balanced,
// hash-chained entry written in the same transaction as what follows from it,
// that silence is never money, and that payment details are sealed, seen by one
// buyer and shredded. It refuses to be a party: it holds no money, its entries
// can name a buyer and a seller of one order and nobody else, and the fund
// cannot be said in any of its types nor written to any of its tables.
package payment

import (
	"context"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Method is how an order is settled.
type Method string

// The methods.
const (
	Direct Method = "direct" // by the seller's own details
	Link   Method = "link"   // by the seller's own payment link
	Stripe Method = "stripe" // on the seller's own account there
	Free   Method = "free"   // nothing to pay: no entry, no settlement
)

// Methods lists the methods in the order in which a form shows them.
func Methods() []Method { return []Method{Direct, Link, Stripe, Free} }

// Side is on which side of an order somebody stands.
type Side string

// The sides. A moderator sees only orders in arbitration.
const (
	Buyer     Side = "buyer"
	Seller    Side = "seller"
	Moderator Side = "moderator"
)

func (s Side) other() Side {
	if s == Buyer {
		return Seller
	}
	return Buyer
}

// About is what an open arbitration decides.
type About string

// The questions.
const (
	NoQuestion  About = ""
	AboutPaying About = "payment" // did the seller get the money
	AboutRefund About = "refund"  // did the buyer get it again
)

// Order is one purchase: one row of payment_order. Amount, currency, terms and
// all that was agreed never change. Viewer, BuyerHandle and SellerHandle are
// filled for the one who reads.
type Order struct {
	bun.BaseModel `bun:"table:payment_order,alias:o"`

	ID          string `bun:"id,pk"`
	Code        string `bun:"code"`               // 8 Crockford characters and a check character: all that a transfer's purpose may say
	BuyerID     string `bun:"buyer_id,nullzero"`  // account; empty once erased or forgotten
	SellerID    string `bun:"seller_id,nullzero"` // the same
	BuyerParty  string `bun:"buyer_party"`        // who the buyer is in the journal: random for this order
	SellerParty string `bun:"seller_party"`
	Once        string `bun:"once"`    // see Opening.Once
	Kind        string `bun:"kind"`    // of the goods, such as licence
	Subject     string `bun:"subject"` // which of them: the offer's id
	Title       string `bun:"title"`   // what was bought, as it was called
	Payee       string `bun:"payee"`   // whom the buyer pays, in the seller's words
	Country     string `bun:"country"` // ISO 3166 of the way to pay; may be empty
	Link        string `bun:"link"`    // https address of the seller's payment page, with method link
	Amount      int64  `bun:"amount"`  // minor units
	Currency    string `bun:"currency"`
	Method      Method `bun:"method"`
	Terms       []byte `bun:"terms"`       // JSON frozen by the goods, byte for byte
	RefundDays  int    `bun:"refund_days"` // see Opening.RefundDays

	Facts
	State State `bun:"state"`

	Settlement    Settlement `bun:"settlement"`
	Question      About      `bun:"question"`       // of the open arbitration; empty: none is open
	HasDetails    bool       `bun:"has_details"`    // the seller has said where to pay
	RefundSent    int64      `bun:"refund_sent"`    // what the seller says is on its way back and the buyer has not confirmed
	Extra         int64      `bun:"extra"`          // what came beside the one payment
	ExtraReturned int64      `bun:"extra_returned"` // how much of that went back

	CreatedAt    time.Time `bun:"created_at"`
	DeadlineAt   time.Time `bun:"deadline_at,nullzero"` // while it waits: when it ends by itself; zero: it does not
	ClaimedAt    time.Time `bun:"claimed_at,nullzero"`
	RefundSentAt time.Time `bun:"refund_sent_at,nullzero"`
	PaidAt       time.Time `bun:"paid_at,nullzero"`
	FulfilledAt  time.Time `bun:"fulfilled_at,nullzero"`
	ClosedAt     time.Time `bun:"closed_at,nullzero"` // since when nothing is open between the two

	BuyerHandle  string `bun:"buyer_handle,scanonly"`  // empty once erased
	SellerHandle string `bun:"seller_handle,scanonly"` // empty once erased
	Viewer       Side   `bun:"-"`                      // on which side the reader stands
	Existing     bool   `bun:"-"`                      // Open found the order that was opened before with the same Once
}

// Price is what was agreed.
func (o *Order) Price() money.Amount { return money.Amount{Minor: o.Amount, Currency: o.Currency} }

// Path is where the page of an order stands on the branch.
func Path(id string) string { return "/orders/" + id }

// Goods is what is bought.
type Goods interface {
	// Changed runs in the caller's transaction after every change of state, one
	// single step at a time. An error undoes all of it. On the step to Paid it may
	// call Fulfil.
	Changed(ctx context.Context, tx *db.Tx, o *Order, c Change) error
}

// Pausing is a Goods that stops selling for a seller who has left a claimed
// payment without an answer for ArbiterAfter. It runs in the caller's transaction.
type Pausing interface {
	SellerSilent(ctx context.Context, tx *db.Tx, o *Order) error
}

// Change is one single step of an order.
type Change struct {
	From, To State
	Refunded int64     // all refunds together, in minor units
	At       time.Time // when it became a fact
}

// Opening is what a purchase begins with. Goods have checked that it may be sold.
type Opening struct {
	Buyer      account.Actor
	SellerID   string
	Kind       string // as given to Sell
	Subject    string // up to 60 characters
	Title      string // up to 200 characters
	Price      money.Amount
	Method     Method // ignored where the price is 0: Free
	Link       string // with method Link
	Payee      string
	Country    string // ISO 3166, may be empty
	Terms      []byte // JSON up to 16 KiB
	DueDays    int    // to pay within; 0: DueDays
	RefundDays int    // after payment in which money may have to go back: 180 days later the order forgets who the two were
	Once       string // up to 100 characters: an order of this buyer with the same word that still waits is given instead of a new one; empty: never
}

// The kinds of notices, as Config.Tell hears them. Every note has the arguments
// method and, where the other side has an account, handle.
const (
	ToldNew         = "order_new"         // to the seller: somebody wants to buy
	ToldReady       = "order_ready"       // to the buyer: it says where to pay now
	ToldClaimed     = "order_claimed"     // to the seller: the buyer says it is sent
	ToldReminder    = "order_reminder"    // to whose turn it is, after RemindAfter
	ToldArbiter     = "order_arbiter"     // to who waits, after ArbiterAfter: a moderator may be asked
	ToldDenied      = "order_denied"      // to the buyer
	ToldPaid        = "order_paid"        // to the buyer, also of a free one to the seller
	ToldPaidSeller  = "order_paid_seller" // to the seller: a provider says that the money came
	ToldDisputed    = "order_disputed"    // to both: the buyer's bank asks for the money
	ToldDisputeWon  = "order_dispute_won" // to both
	ToldDisputeLost = "order_dispute_lost"
	ToldEnded       = "order_ended"       // to the other side or both; argument reason: cancelled, expired
	ToldArbitration = "order_arbitration" // to the other side
	ToldDecided     = "order_decided"     // to both; argument reason: paid, unpaid, returned, not_returned
	ToldRefundSent  = "refund_sent"       // to the buyer; by a provider there is nothing to confirm
	ToldRefunded    = "refund_received"   // to the seller
	ToldExtra       = "order_extra"       // to the buyer, by a provider to both: it was paid twice
)

// Note is what somebody is told: never a text, only a handle (argument handle,
// the other side's) and a reason's code.
type Note struct {
	Kind    string
	Subject string // id of the order
	Cause   string // tells two notes of one kind about one order apart; mostly empty
	Path    string
	Args    map[string]string
}

// Config is what Payments are made of. Tell and Log may be nil; Forbidden nil
// forbids no destination.
type Config struct {
	DB        *db.DB
	Keys      *secret.Keys
	Tell      func(ctx context.Context, tx *db.Tx, to string, what Note) error
	Forbidden func(ctx context.Context, tx *db.Tx, text string) (bool, error) // a destination is the fund's
	Log       *slog.Logger
}

// How things age.
const (
	DueDays      = 7                   // by default an order waits so many days for its payment
	MaxDueDays   = 60                  // at most
	RemindAfter  = 72 * time.Hour      // of silence
	ArbiterAfter = 7 * 24 * time.Hour  // of silence, then a moderator may be asked
	ClaimEnds    = 30 * 24 * time.Hour // a claim that nobody answered and no moderator was asked about
	ShredAfter   = 14 * 24 * time.Hour // after closing: details and statements
	ForgetAfter  = 180                 // days after the last day of a refund, or after an end without payment
)

// The faults that several verbs share.
var (
	errNobody   = fault.Of(fault.Unauthenticated, "sign_in_needed")
	errUnknown  = fault.Of(fault.NotFound, "order_unknown")
	errRefused  = fault.Of(fault.Forbidden, "not_allowed")
	errState    = fault.Of(fault.Conflict, "order_state")
	errMismatch = fault.Bad("amount", "amount_mismatch")
)
