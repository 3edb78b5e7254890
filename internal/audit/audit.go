// Package audit is the one oracle: it asks every invariant of the program and
// says which is broken. It promises that each is asked on one consistent view
// of the database, that a run changes nothing but its own line in audit_run,
// and that what it finds can be read by a person and is bounded. It refuses to
// mend anything and to know any table but its own: features list what must
// hold of theirs.
package audit

import (
	"context"

	"github.com/tmoeg/oduvan/internal/db"
)

// Invariant is one thing that must always hold.
type Invariant struct {
	Name string // stable words in lower case with underscores, such as entry_balances; at most 60 bytes
	Says string // what must hold, one English sentence; pages take their text by the key "audit." + Name

	// Broken lists what breaks it, each a short line that names rows by their
	// numbers and holds nothing about a person; empty when it holds. It only
	// reads. A long list is cut by the runner, so it may end early itself.
	Broken func(ctx context.Context, tx *db.Tx) ([]string, error)
}
