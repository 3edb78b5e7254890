// Package fund keeps the books of the central fund: gifts, collections for a
// goal, unconditional subsidies and expenses, with the goals themselves and
// the places where the fund takes gifts.
//
// It promises that an entry is never changed or removed: a mistake is answered
// by a reversing entry with its reason, and each entry carries the checksum of
// the one before, so that anyone who kept a copy can tell. Givers are not
// named, except who gives a subsidy, as the fund's rule demands. It promises to
// find a published destination however it is typed.
//
// It refuses subsidies with conditions, advertising, and any word of an order
// or a licence: there is no column for one, and the package knows nothing of
// the market, which knows nothing of it.
package fund

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

// The licence of the books, as every export says it.
const (
	Licence    = "CC-BY-4.0"
	LicenceURL = "https://creativecommons.org/licenses/by/4.0/"
)

// Kind is what an entry is.
type Kind string

// The kinds of entries.
const (
	Donation     Kind = "donation"     // a gift; nobody is named
	Crowdfunding Kind = "crowdfunding" // a gift for a goal
	Subsidy      Kind = "subsidy"      // without any condition, giver named
	Expense      Kind = "expense"
)

// Kinds lists the kinds in the order in which forms show them.
func Kinds() []Kind { return []Kind{Donation, Crowdfunding, Subsidy, Expense} }

// Channels lists the ways in which money comes and goes. It is a closed list,
// so that no name or number can stand there.
func Channels() []string {
	return []string{"bank", "card", "wallet", "platform", "crypto", "cash", "other"}
}

// Categories lists the kinds of expenses. Advertising is not among them.
func Categories() []string {
	return []string{"hosting", "domain", "equipment", "software", "education", "events", "prizes", "printing", "help", "legal", "fees", "other"}
}

// Entry is one line of the books: one row.
type Entry struct {
	bun.BaseModel `bun:"table:fund_entry,alias:e"`

	Seq          int64     `bun:"seq,pk"`
	Kind         Kind      `bun:"kind"`
	Amount       int64     `bun:"amount"` // minor units; what left the fund is negative
	Currency     string    `bun:"currency"`
	Day          time.Time `bun:"day"` // of the payment
	Channel      string    `bun:"channel"`
	GoalID       string    `bun:"goal_id,nullzero"`
	Giver        string    `bun:"giver"` // of a subsidy
	Category     string    `bun:"category"`
	Purpose      string    `bun:"purpose"`
	GiverIsPayee bool      `bun:"giver_is_payee"`
	Reverses     int64     `bun:"reverses,nullzero"`
	Reason       string    `bun:"reason"` // why the reversed entry was a mistake
	RecordedOn   time.Time `bun:"recorded_on"`
	PrevHash     string    `bun:"prev_hash"`
	Hash         string    `bun:"hash"`

	ReversedBy int64 `bun:"reversed_by,scanonly"` // only of Entries
}

// Fund is the branch's central fund. It is safe for concurrent use.
type Fund struct {
	db *db.DB
}

// New makes the fund of a database.
func New(d *db.DB) *Fund { return &Fund{db: d} }

// need lets only an operator pass.
func need(by account.Actor) error {
	switch {
	case by.Is(account.Operator):
		return nil
	case by.Anonymous():
		return fault.Of(fault.Unauthenticated, "sign_in_needed")
	}
	return fault.Of(fault.Forbidden, "not_allowed")
}
