package account

import (
	"context"
	"io"

	"github.com/tmoeg/oduvan/internal/db"
)

// Holder is a feature that keeps rows about accounts.
type Holder interface {
	// Export writes everything the feature holds about the account as one JSON value.
	Export(ctx context.Context, tx *db.Tx, id string, w io.Writer) error
	// Erase removes it, or refuses with a fault when something open stands against it.
	Erase(ctx context.Context, tx *db.Tx, id string) error
}

// Held is a Holder with its name in the export and the tables it answers for.
type Held struct {
	Name   string
	Tables []string
	Holder
}

// own tables, in the order in which their rows can be removed.
const ownTables = "session api_token invitation imported idempotency passkey account"

// Hold registers the features that keep rows about accounts, each before those
// that stand on it. Call it while wiring; it panics on a doubled name.
func (a *Accounts) Hold(holders ...Held) {
	for _, h := range holders {
		for _, other := range a.held {
			if other.Name == h.Name {
				panic("account: two holders named " + h.Name)
			}
		}
		if h.Name == exportName || h.Name == "" || h.Holder == nil {
			panic("account: a holder without a name of its own")
		}
		a.held = append(a.held, h)
	}
}
