package stripe

import (
	"context"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
)

// Invariants is what must always hold of attempts, refunds and the inbox.
func (s *Stripe) Invariants() []audit.Invariant {
	asked := func(name, says, query string, args ...any) audit.Invariant {
		return audit.Invariant{Name: name, Says: says, Broken: func(ctx context.Context, tx *db.Tx) (out []string, err error) {
			err = tx.NewRaw(query+" LIMIT 100", args...).Scan(ctx, &out)
			return out, err
		}}
	}
	return []audit.Invariant{
		asked("stripe_one_open", "An order has at most one open attempt.",
			`SELECT 'order ' || order_id FROM stripe_attempt WHERE state = 'open' GROUP BY order_id HAVING count(*) > 1`),
		asked("stripe_paid_known", "An order of this method is paid only by an attempt that is paid.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE o.method = 'stripe' AND o.paid AND (o.buyer_id IS NOT NULL OR o.seller_id IS NOT NULL)
				AND NOT EXISTS (SELECT 1 FROM stripe_attempt a WHERE a.order_id = o.id AND a.state = 'paid')`),
		asked("stripe_booked", "What came and what went back is in the order as at Stripe, all attempts together, once it was taken in.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE o.method = 'stripe' AND o.extra > 0 AND (o.buyer_id IS NOT NULL OR o.seller_id IS NOT NULL)
				AND (SELECT count(*) FROM stripe_attempt a WHERE a.order_id = o.id AND a.state = 'paid') < 2`),
		asked("stripe_no_fee", "Nothing that Stripe was asked for names a fee, a transfer or a person.",
			`SELECT 'attempt ' || a.id FROM stripe_attempt a WHERE `+s.text("a.params")+` LIKE '%fee%' OR `+s.text("a.params")+` LIKE '%transfer%' OR `+s.text("a.params")+` LIKE '%@%'`),
		{Name: "inbox_fresh", Says: "Nothing in the inbox waits for more than 15 minutes, but what we do not know of, for a day.", Broken: s.waiting},
	}
}

// text reads a column of bytes as text.
func (s *Stripe) text(column string) string {
	if s.db.Engine() == db.PostgreSQL {
		return "convert_from(" + column + ", 'UTF8')"
	}
	return "CAST(" + column + " AS TEXT)"
}

// waiting lists what has waited too long. What Stripe did not know either is
// looked at for a day, so only its job's own silence counts.
func (s *Stripe) waiting(ctx context.Context, tx *db.Tx) (out []string, err error) {
	err = tx.NewRaw(`SELECT 'event ' || i.id FROM payment_inbox i WHERE i.done_at IS NULL AND i.received_at < ?
		AND (i.received_at < ? OR NOT EXISTS (SELECT 1 FROM due d WHERE d.kind = ? AND d.id = i.id AND d.at > ?)) LIMIT 100`,
		tx.Now.Add(-late), tx.Now.Add(-unknown-2*late), dueInbox, tx.Now.Add(-late)).Scan(ctx, &out)
	return out, err
}
