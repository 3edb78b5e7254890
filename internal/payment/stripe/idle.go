package stripe

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
)

// idleFor is how long a deadline of Stripe's waits for a key that may come back.
const idleFor = time.Hour

// Idle is for a branch that has no key, and may have had one: what would have to
// ask Stripe waits, what was kept long enough goes. Call it while wiring, in the
// place of New.
func Idle(d *db.DB) {
	s := &Stripe{db: d}
	for _, kind := range []string{dueAttempt, dueInbox, dueEvents} {
		d.OnDue(kind, func(ctx context.Context, tx *db.Tx, id string) error {
			return tx.Due(ctx, kind, id, tx.Now.Add(idleFor))
		})
	}
	d.OnSweep(s.tidy)
}

// Kept tells whether the branch holds anything of card payments.
func Kept(ctx context.Context, d *db.DB) (kept bool, err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.NewRaw("SELECT EXISTS (SELECT 1 FROM stripe_account) OR EXISTS (SELECT 1 FROM stripe_attempt) OR EXISTS (SELECT 1 FROM payment_inbox) "+
			"OR EXISTS (SELECT 1 FROM payment_finding)").Scan(ctx, &kept)
	})
	return kept, err
}
