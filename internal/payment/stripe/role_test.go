package stripe_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/internal/payment/stripe"
	"github.com/tmoeg/oduvan/migrations"
)

// Where the operator has made the market's role, the whole way of an order works
// under it, also where the role was there before these tables.
func TestUnderTheMarketsRole(t *testing.T) {
	t.Parallel()
	if !dbtest.PostgreSQL(t) {
		return
	}
	w := newWorld(t, dbtest.NewPostgreSQL(t))
	raw := func(statement string) {
		must(t, w.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw(statement).Exec(ctx)
			return err
		}))
	}
	raw(payment.RoleSQL)
	raw("REVOKE ALL ON stripe_account, stripe_attempt, stripe_refund, payment_inbox, payment_finding FROM oduvan_market")
	text, err := migrations.Files.ReadFile("0012_stripe.sql")
	must(t, err)
	_, grant, _ := strings.Cut(string(text), "-- Orders are opened under this role")
	_, grant, _ = strings.Cut(grant, "\nDO")
	grant, _, _ = strings.Cut(grant, "{{end}}")
	raw("DO" + grant)

	o, s := w.page(t)
	w.fake.pay(s)
	w.tell(t)
	_, err = w.Refund(ctx, w.seller, o.ID, stripe.Back{Amount: money.Amount{Minor: 50000, Currency: "RUB"}})
	must(t, err)
	w.is(t, o.ID, payment.Fulfilled)
	o = w.open(t)
	_, err = w.orders.Cancel(ctx, w.buyer, o.ID)
	must(t, err)
	w.sound(t)
}
