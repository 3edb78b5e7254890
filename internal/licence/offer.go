package licence

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// OfferState is whether an offer can be had.
type OfferState string

// The states of an offer.
const (
	OfferOpen      OfferState = "open"
	OfferPaused    OfferState = "paused"
	OfferWithdrawn OfferState = "withdrawn" // for good
)

// OfferStates lists the states of offers in their order.
func OfferStates() []OfferState { return []OfferState{OfferOpen, OfferPaused, OfferWithdrawn} }

// Price is one length of a licence and what it costs.
type Price struct {
	Days     int    `json:"days"`
	Amount   int64  `json:"amount"` // minor units; 0: free
	Currency string `json:"currency"`
}

// Money is the price as an amount.
func (p Price) Money() money.Amount { return money.Amount{Minor: p.Amount, Currency: p.Currency} }

// Way is one way in which the payee can be paid.
type Way struct {
	Country  string         `json:"country"` // from where: ISO 3166-1 alpha-2, or WW
	Method   payment.Method `json:"method"`  // direct, link or stripe
	Currency string         `json:"currency"`
}

// Offer is one row: the terms under which a work may be used commercially.
type Offer struct {
	bun.BaseModel `bun:"table:offer,alias:o"`

	ID           string     `bun:"id,pk"`
	WorkID       string     `bun:"work_id"`
	Version      int        `bun:"version"`             // of the work
	AccountID    string     `bun:"account_id,nullzero"` // the seller; empty once erased
	Uses         []cert.Use `bun:"uses,type:jsonb"`
	Channel      string     `bun:"channel"`
	Territory    []string   `bun:"territory,type:jsonb"`
	Learners     int        `bun:"learners"`    // 0: no limit
	RefundDays   int        `bun:"refund_days"` // money back without a reason within so many days
	GraceDays    int        `bun:"grace_days"`  // after the end, for copies that were begun
	Payee        string     `bun:"payee"`       // in words
	NotFund      bool       `bun:"not_fund"`    // the payee is not the fund: always stated
	Ways         []Way      `bun:"ways,type:jsonb"`
	Link         string     `bun:"link"` // for method link
	TermsVersion string     `bun:"terms_version"`
	State        OfferState `bun:"state"`
	CreatedOn    time.Time  `bun:"created_on"`
	Edit         int64      `bun:"edit"`

	Prices []Price `bun:"-"` // shortest first, then by currency
}

// Price finds the price of a length in a currency; with "" the first.
func (o *Offer) Price(days int, currency string) (Price, bool) {
	for _, p := range o.Prices {
		if p.Days == days && (currency == "" || p.Currency == currency) {
			return p, true
		}
	}
	return Price{}, false
}

// OfferInput is what a seller types. Editing replaces all of it; a State ""
// keeps the state there is, open at first.
type OfferInput struct {
	Uses       []cert.Use
	Channel    string
	Territory  []string // empty: WW
	Learners   int
	Prices     []Price
	RefundDays int
	GraceDays  int
	Payee      string // empty: the work's
	NotFund    bool
	Ways       []Way // empty: directly, from everywhere, in each currency of the prices
	Link       string
	Terms      string // version; empty: the current
	State      OfferState
	Edit       int64 // of the offer that was edited; 0: whatever is there
}

// selling reads an open offer that can be sold at this moment, with its work
// and version, under the work's lock. Faults: NotFound (offer_unknown);
// Conflict (offer_closed), or those of the gate.
func (l *Licences) selling(ctx context.Context, tx *db.Tx, id string) (Offer, WorkView, error) {
	return Offer{}, WorkView{}, errNoOffer
}
