package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/payment"
)

// A day without anybody who works, as with a key that was revoked: what is asked
// for again and again is not tried for weeks.
func TestDeadlinesPileUpNoJobs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.World) {
		w := newWorld(t, d)
		o, s := w.page(t)
		w.fake.set(func() { w.fake.away = true })
		b := w.body(nil, s)
		must(t, w.Webhook(ctx, b, sign(b, w.Clock.Now(), testSecret)))
		for range 50 {
			w.Clock.Advance(20 * time.Minute)
			_, err := w.Sweep(ctx)
			must(t, err)
		}
		for _, kind := range []string{"stripe_settle", "stripe_inbox", "stripe_events"} {
			same(t, true, w.count(t, "SELECT count(*) FROM river_job WHERE kind = ? AND max_attempts < 10", kind) > 0)
			same(t, 0, w.count(t, "SELECT count(*) FROM river_job WHERE kind = ? AND max_attempts >= 10", kind))
		}
		w.fake.set(func() { w.fake.away = false })
		w.fake.pay(s)
		dbtest.Drain(t, w.World)
		w.is(t, o.ID, "fulfilled")
	})
}

// An attempt that can come to nothing is looked at ever less, and no more once
// somebody has settled it; one that nobody settles ends by itself.
func TestAHopelessAttemptIsLeftInPeace(t *testing.T) {
	t.Parallel()
	for _, settled := range []bool{true, false} {
		w := newWorld(t, dbtest.New(t))
		o := w.wrong(t)
		looks := func(hours int) (n int) { // how often one comes due, looked every hour
			for range hours {
				w.Clock.Advance(time.Hour)
				n += w.count(t, "SELECT count(*) FROM due WHERE kind = 'stripe_attempt' AND at <= ?", w.Clock.Now())
				_, err := w.Sweep(ctx)
				must(t, err)
			}
			return n
		}
		if n := looks(12); n < 10 {
			t.Errorf("%d looks while it may still be paid", n)
		}
		w.Clock.Advance(48 * time.Hour)
		looks(1)
		if n := looks(48); n < 1 || n > 3 {
			t.Errorf("%d looks in two days after it was over", n)
		}
		if settled {
			list, err := w.Findings(ctx)
			must(t, err)
			must(t, w.SettleFinding(ctx, account.Console(), list[0].ID, "looked at"))
		} else {
			w.Clock.Advance(120 * 24 * time.Hour)
		}
		looks(25)
		same(t, 0, w.count(t, "SELECT count(*) FROM due WHERE kind = 'stripe_attempt'"))
		same(t, 0, looks(30))
		w.is(t, o.ID, payment.Expired)
		w.sound(t)
	}
}

// A seller's own shop hides nothing: of thousands of events only ours are asked
// for, and those known already are not counted.
func TestMissedEventsOfABusySeller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.New(t))
	o, s := w.page(t)
	w.fake.pay(s) // and its event is the oldest
	w.fake.set(func() {
		for n := range 1600 {
			w.fake.happened("invoice.paid", object{"_on": w.acct, "id": fmt.Sprintf("in_%08d", n), "object": "invoice"})
		}
		for range 560 {
			w.fake.happened("account.updated", object{"_on": w.acct, "id": w.acct, "object": "account"})
		}
	})
	must(t, w.Write(ctx, func(tx *db.Tx) error { // the newest are known
		for n, e := range w.fake.events[len(w.fake.events)-550:] {
			_, err := tx.NewRaw("INSERT INTO payment_inbox (id, event_id, seller, type, object_id, received_at, done_at, outcome) VALUES (?, ?, ?, 'account.updated', ?, ?, ?, 'settled')",
				fmt.Sprint("known", n), e["id"], w.acct, w.acct, tx.Now, tx.Now).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.Clock.Advance(11 * time.Minute)
	dbtest.Drain(t, w.World)
	w.is(t, o.ID, payment.Fulfilled)
	same(t, 1, w.count(t, "SELECT count(*) FROM payment_inbox WHERE type = 'checkout.session.completed'"))
	same(t, 0, w.count(t, "SELECT count(*) FROM payment_inbox WHERE type = 'invoice.paid'"))
}
