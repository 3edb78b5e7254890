package stripe

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
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
		{Name: "stripe_no_fee", Says: "Nothing that Stripe was asked for names a fee, a transfer or a person.", Broken: noFee},
		{Name: "inbox_fresh", Says: "Nothing in the inbox waits for more than 15 minutes, but what we do not know of, for a day.", Broken: s.waiting},
	}
}

// plain is all that the text of an attempt may say: the program's name and the
// order's code.
var plain = regexp.MustCompile(`^Oduvan [0-9A-Z-]{1,20}$`)

// noFee lists attempts whose frozen parameters say more than their order's code
// and where its page is. They are read and not searched for words: a random
// number may well spell one.
func noFee(ctx context.Context, tx *db.Tx) (out []string, err error) {
	const some = 1000
	for last := ""; len(out) < 100; {
		var rows []attempt
		if err := tx.NewSelect().Model(&rows).Column("a.id", "a.order_id", "a.params").Where("a.id > ?", last).OrderExpr("a.id").Limit(some).Scan(ctx); err != nil {
			return nil, err
		}
		for _, a := range rows {
			var f frozen
			only := json.NewDecoder(bytes.NewReader(a.Params))
			only.DisallowUnknownFields()
			page := payment.Path(a.OrderID)
			if only.Decode(&f) != nil || only.More() || !plain.MatchString(f.Text) || !strings.HasSuffix(f.Cancel, page) || f.Success != f.Cancel+"?session={CHECKOUT_SESSION_ID}" ||
				strings.ContainsAny(f.Cancel, "@?") {
				out = append(out, "attempt "+a.ID)
			}
		}
		if len(rows) < some {
			break
		}
		last = rows[len(rows)-1].ID
	}
	return out, nil
}

// waiting lists what has waited too long. What Stripe did not know either is
// looked at for a day, so only its job's own silence counts.
func (s *Stripe) waiting(ctx context.Context, tx *db.Tx) (out []string, err error) {
	err = tx.NewRaw(`SELECT 'event ' || i.id FROM payment_inbox i WHERE i.done_at IS NULL AND i.received_at < ?
		AND (i.received_at < ? OR NOT EXISTS (SELECT 1 FROM due d WHERE d.kind = ? AND d.id = i.id AND d.at > ?)) LIMIT 100`,
		tx.Now.Add(-late), tx.Now.Add(-unknown-2*late), dueInbox, tx.Now.Add(-late)).Scan(ctx, &out)
	return out, err
}
