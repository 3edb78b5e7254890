package payment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/payment"
)

// What went back is told where nobody or at least five got money back.
func TestFiguresHideFewRefunds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		orders := make([]payment.Order, payment.MinShown+1)
		for i := range orders {
			orders[i] = w.paid(t)
		}
		for i, want := range []int64{0, -1, -1, -1, -1, 500, 600} {
			if i > 0 {
				w.does(t)(w.RefundSent(w.ctx, w.ada, orders[i-1].ID, rub(100)))
				w.does(t)(w.RefundReceived(w.ctx, w.ben, orders[i-1].ID, rub(100)))
			}
			got, err := w.Figures(w.ctx)
			must(t, err)
			if diff := cmp.Diff([]payment.Sum{{Currency: "RUB", Method: payment.Direct, Orders: 6, Paid: 900000, Refunded: want}}, got.Sums); diff != "" {
				t.Errorf("of %d (-want +got):\n%s", i, diff)
			}
		}
	})
}
