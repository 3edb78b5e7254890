package stripe_test

import (
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// A day without anybody who works, as with a key that was revoked: each thing
// that waits has one job, and none is tried for weeks.
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
		for kind, want := range map[string]int{"stripe_settle": 1, "stripe_inbox": 1, "stripe_events": 1} {
			same(t, want, w.count(t, "SELECT count(*) FROM river_job WHERE kind = ? AND max_attempts < 10", kind))
			same(t, 0, w.count(t, "SELECT count(*) FROM river_job WHERE kind = ? AND max_attempts >= 10", kind))
		}
		w.fake.set(func() { w.fake.away = false })
		w.fake.pay(s)
		dbtest.Drain(t, w.World)
		w.is(t, o.ID, "fulfilled")
	})
}
