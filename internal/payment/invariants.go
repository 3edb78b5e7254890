package payment

import (
	"bytes"
	"context"
	"fmt"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
)

// Invariants is what must always hold of orders and their journal.
func (p *Payments) Invariants() []audit.Invariant {
	const paid = "('paid', 'fulfilled', 'disputed', 'refunded')"
	const returns = "(SELECT coalesce(sum(l.amount), 0) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind IN ('refund', 'dispute_return') AND l.account_kind = 'buyer_external')"
	const seller = "(SELECT coalesce(sum(l.amount), 0) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind IN ('payment', 'refund', 'dispute_return') AND l.account_kind = 'seller_external')"
	return []audit.Invariant{
		asked("entry_balances", "The lines of every entry sum to nothing in each currency, and there are at least two.",
			`SELECT 'entry ' || e.seq FROM journal_entry e WHERE (SELECT count(*) FROM journal_line l WHERE l.entry = e.seq) < 2
				OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = e.seq GROUP BY l.currency HAVING sum(l.amount) <> 0)
			UNION ALL SELECT 'line of ' || l.entry FROM journal_line l WHERE NOT EXISTS (SELECT 1 FROM journal_entry e WHERE e.seq = l.entry)`),
		asked("fund_untouched", "No line of the journal is the fund's, and every line is of a party that is what the line says.",
			`SELECT 'line ' || l.n || ' of entry ' || l.entry FROM journal_line l LEFT JOIN journal_account a ON a.id = l.account_id
				WHERE l.account_kind NOT IN ('buyer_external', 'seller_external') OR a.id IS NULL OR a.kind <> l.account_kind OR a.currency <> l.currency`),
		asked("paid_is_booked", "An order is paid exactly when the journal has its one payment of the agreed amount.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE o.amount > 0 AND (o.state IN `+paid+`) <>
				(1 = (SELECT count(*) FROM journal_entry e JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind = 'payment'
					AND l.account_kind = 'seller_external' AND l.amount = o.amount))
			UNION ALL SELECT 'order ' || o.code FROM payment_order o WHERE o.amount = 0 AND EXISTS (SELECT 1 FROM journal_entry e WHERE e.order_id = o.id)`),
		asked("refunds_bounded", "Refunds lie between nothing and the amount, and all is given back exactly where the order is refunded.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE `+returns+` NOT BETWEEN 0 AND o.amount
				OR o.amount > 0 AND (`+returns+` = o.amount AND o.paid) <> (o.state = 'refunded')`),
		asked("refunds_booked", "What an order says went back is in the journal, and nothing else is.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE o.refunded > `+returns+` OR o.refunded < (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e
				JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind = 'refund' AND l.account_kind = 'buyer_external')`),
		asked("seller_balance", "What a seller has of an order lies between nothing and the amount.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE `+seller+` NOT BETWEEN 0 AND o.amount`),
		asked("extra_booked", "What was paid twice and what of it went back is in the journal.",
			`SELECT 'order ' || o.code FROM payment_order o WHERE o.extra <> (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e
					JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind = 'extra_payment' AND l.account_kind = 'seller_external')
				OR o.extra_returned <> (SELECT coalesce(sum(l.amount), 0) FROM journal_entry e
					JOIN journal_line l ON l.entry = e.seq WHERE e.order_id = o.id AND e.kind = 'extra_refund' AND l.account_kind = 'buyer_external')`),
		asked("cause_once", "Every entry has one cause, and no cause has two entries of a kind.",
			`SELECT 'entry ' || min(e.seq) FROM journal_entry e GROUP BY e.method, e.cause, e.kind HAVING count(*) > 1 OR e.cause = ''`),
		asked("entry_currency", "Entries and lines are in the currency of their order, between the two of it.",
			`SELECT 'entry ' || e.seq FROM journal_entry e LEFT JOIN payment_order o ON o.id = e.order_id WHERE o.id IS NULL OR o.currency <> e.currency OR o.method <> e.method
				OR EXISTS (SELECT 1 FROM journal_line l WHERE l.entry = e.seq AND (l.currency <> e.currency OR l.account_id NOT IN (o.buyer_party, o.seller_party)))`),
		{Name: "state_derived", Says: "The state of every order is what its facts say.", Broken: p.derived},
		{Name: "journal_chain", Says: "Every entry follows the one before it and its hash is right.", Broken: chain},
	}
}

// maxBroken is how many lines an invariant gives at most.
const maxBroken = 100

// asked is an invariant that one query answers with what breaks it.
func asked(name, says, query string) audit.Invariant {
	return audit.Invariant{Name: name, Says: says, Broken: func(ctx context.Context, tx *db.Tx) (out []string, err error) {
		err = tx.NewRaw(query+" LIMIT ?", maxBroken).Scan(ctx, &out)
		return out, err
	}}
}

// auditBatch is how many rows an invariant holds in memory.
const auditBatch = 1000

// derived compares every order with its facts.
func (p *Payments) derived(ctx context.Context, tx *db.Tx) (out []string, err error) {
	for last, more := "", true; more && len(out) < maxBroken; {
		var rows []Order
		err := tx.NewSelect().Model(&rows).Column("o.id", "o.code", "o.amount", "o.checkout", "o.cancelled", "o.expired", "o.paid", "o.fulfilled",
			"o.refunded", "o.disputes", "o.state").Where("o.id > ?", last).OrderExpr("o.id").Limit(auditBatch).Scan(ctx)
		if err != nil {
			return out, err
		}
		for _, o := range rows {
			if want := o.Facts.State(o.Amount); want != o.State {
				out = append(out, fmt.Sprintf("order %s is %s and not %s", o.Code, o.State, want))
			}
			last = o.ID
		}
		more = len(rows) == auditBatch
	}
	return out, nil
}

// chain reads the journal from its beginning.
func chain(ctx context.Context, tx *db.Tx) (out []string, err error) {
	before := entry{Hash: []byte{}}
	for more := true; more && len(out) < maxBroken; {
		var rows []entry
		var lines []line
		err := tx.NewSelect().Model(&rows).Where("e.seq > ?", before.Seq).OrderExpr("e.seq").Limit(auditBatch).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return out, err
		}
		err = tx.NewSelect().Model(&lines).Where("l.entry BETWEEN ? AND ?", rows[0].Seq, rows[len(rows)-1].Seq).OrderExpr("l.entry, l.n").Scan(ctx)
		if err != nil {
			return out, err
		}
		for _, e := range rows {
			n := 0
			for n < len(lines) && lines[n].Entry <= e.Seq {
				n++
			}
			e.lines, lines = lines[:n], lines[n:]
			if e.Seq != before.Seq+1 || !bytes.Equal(e.PrevHash, before.Hash) || !bytes.Equal(e.Hash, e.sum()) {
				out = append(out, fmt.Sprintf("entry %d", e.Seq))
			}
			before = e
		}
		more = len(rows) == auditBatch
	}
	return out, nil
}
