package payment

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
)

// Way settles orders by one method. Begin, Refund and Cancel run in a unit of
// work under the order's lock, so they call nobody outside: they record what is
// to be done and enqueue a job. A new way is one package that passes
// paymenttest.
type Way interface {
	// Begin prepares a new order for its payment, or refuses with a fault what
	// cannot be settled this way. It may set the order's DeadlineAt.
	Begin(ctx context.Context, tx *db.Tx, o *Order) error
	// Reconcile tells what the outside knows of the order now. It runs outside any
	// transaction; what it gives is merged, so an older answer does no harm.
	Reconcile(ctx context.Context, o Order) (News, error)
	// Refund begins to give an amount back.
	Refund(ctx context.Context, tx *db.Tx, o *Order, amount money.Amount) error
	// Cancel ends what Begin began. Money that comes all the same is a fact.
	Cancel(ctx context.Context, tx *db.Tx, o *Order) error
}

// Stated is a Way in which nothing but the two parties' own statements says
// what was paid. The verbs Claim, Confirm, Deny, Arbitrate, RefundSent and
// RefundReceived are for orders of such ways only.
type Stated interface {
	Way
	// Details checks the seller's payment details for an order and gives them in
	// their stored form.
	Details(o Order, in Details) (Details, error)
	// QR is what a bank's QR code for an order says; empty where there is none.
	QR(o Order, in Details) string
}

// News is what became known of an order's money. The zero value is nothing.
type News struct {
	Facts
	Amount        money.Amount // what was paid: an order is paid only by exactly its price
	Cause         string       // what it is known from, such as seller_confirmation:… or stripe:pi_…; one word of up to 100 bytes
	Extra         int64        // what came beside the one payment, all together, in minor units
	ExtraReturned int64        // how much of that went back, all together
	At            time.Time    // when; zero: now
}

// Details is where a buyer has to pay: a free text, a Russian bank account, or
// an IBAN, at least one of them.
type Details struct {
	Text string       `json:"text,omitempty"`
	IBAN string       `json:"iban,omitempty"`
	Bank *BankAccount `json:"bank,omitempty"`
}

// BankAccount is an account in a Russian bank, as GOST R 56042 names its parts.
type BankAccount struct {
	Name     string `json:"name"`    // of whom the account is
	Account  string `json:"account"` // 20 digits
	BankName string `json:"bank_name"`
	BIC      string `json:"bic"`           // 9 digits
	Corresp  string `json:"corresp"`       // the bank's correspondent account, 20 digits; 0 where it has none
	INN      string `json:"inn,omitempty"` // of the payee, 10 or 12 digits
}
