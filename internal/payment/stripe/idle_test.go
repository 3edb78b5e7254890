package stripe_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
)

// TestWithoutTheKeyThatWas: what would ask Stripe waits for the key without a
// word of failure, and what was kept long enough goes all the same.
func TestWithoutTheKeyThatWas(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		if kept, err := stripe.Kept(ctx, d.DB); kept || err != nil {
			t.Fatalf("a new board: kept %v, %v", kept, err)
		}
		stripe.Idle(d.DB)
		long := d.Clock.Now().AddDate(-1, 0, 0)
		must(t, d.Write(ctx, func(tx *db.Tx) error {
			for _, kind := range []string{"stripe_attempt", "stripe_inbox", "stripe_events"} {
				if err := tx.Due(ctx, kind, "x", long); err != nil {
					return err
				}
			}
			_, err := tx.NewRaw("INSERT INTO payment_inbox (id, event_id, seller, type, object_id, received_at, done_at, outcome) VALUES ('x', 'evt_1', '', 'a', 'b', ?, ?, 'done')",
				long, long).Exec(ctx)
			return err
		}))
		kept, err := stripe.Kept(ctx, d.DB)
		must(t, err)
		same(t, true, kept)
		n, err := d.Sweep(ctx)
		must(t, err)
		same(t, 3, n)
		var due []db.Deadline
		must(t, d.Read(ctx, func(tx *db.Tx) error { return tx.NewSelect().Model(&due).Where("at > ?", tx.Now).Scan(ctx) }))
		same(t, 3, len(due))
		dbtest.Drain(t, d)
	})
}

// TestWhoWaitsHearsThatItEnded: both hear of a page that ended at Stripe before
// our own deadline, and once.
func TestWhoWaitsHearsThatItEnded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o := w.open(t)
		for range 2 {
			_, err := w.orders.Learn(ctx, o.ID, payment.News{Facts: payment.Facts{Expired: true}, Cause: "stripe:cs_1"})
			must(t, err)
		}
		w.Clock.Advance(48 * time.Hour)
		_, err := w.Sweep(ctx)
		must(t, err)
		got := slices.DeleteFunc(slices.Clone(w.told.list), func(s string) bool { return s != "buyer "+payment.ToldEnded && s != "seller "+payment.ToldEnded })
		slices.Sort(got)
		same(t, []string{"buyer " + payment.ToldEnded, "seller " + payment.ToldEnded}, got)
	})
}
