package payment_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Thirty-two buyers at once, each with clicks of their own and of the seller's
// that meet: nothing is lost, nothing doubled, the chain holds.
func TestThirtyTwoBuyersAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		const buyers, rounds = 32, 3
		times := make([][]time.Duration, buyers)
		errs := together(buyers, func(i int) error {
			for range rounds {
				begin := time.Now()
				o, err := w.open(w.box())
				if fault.Is(err, fault.RateLimited) {
					continue // one buyer's bound, met by all of them
				}
				if err != nil {
					return err
				}
				if _, err := w.Claim(w.ctx, w.ben, o.ID); err != nil {
					return err
				}
				met := together(3, func(i int) (err error) {
					switch i {
					case 0:
						_, err = w.Cancel(w.ctx, w.ben, o.ID)
					default:
						_, err = w.Confirm(w.ctx, w.ada, o.ID, o.Price())
					}
					return err
				})
				for j, err := range met {
					if err != nil && !(j == 0 && fault.Is(err, fault.Conflict)) {
						return err
					}
				}
				times[i] = append(times[i], time.Since(begin))
			}
			return nil
		})
		for _, err := range errs {
			wants(t, err, "")
		}
		all := slices.Sorted(slices.Values(slices.Concat(times...)))
		if len(all) < payment.MaxWaiting {
			t.Fatalf("only %d orders were tried", len(all))
		}
		same(t, len(all), w.rows(t, "SELECT count(*) FROM payment_order WHERE state = 'fulfilled'"))
		same(t, len(all), w.rows(t, "SELECT count(*) FROM journal_entry"))
		w.sound(t)
		t.Logf("%d orders with five acts each, the slowest hundredth in %v", len(all), all[len(all)*99/100])
	})
}
