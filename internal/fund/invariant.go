package fund

import (
	"context"
	"fmt"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/money"
)

// Invariants lists what must always hold of the books.
func Invariants() []audit.Invariant {
	return []audit.Invariant{
		{Name: "fund_chain", Says: "Every entry of the fund follows the one before, and its checksum is that of its words.", Broken: brokenChain},
		{Name: "fund_rules", Says: "The fund's entries are gifts, collections, named subsidies and expenses that are no advertising.", Broken: brokenRules},
		{Name: "fund_reversals", Says: "A reversing entry undoes exactly one entry of the fund as a whole.", Broken: brokenReversals},
		{Name: "fund_goals", Says: "Every collected gift belongs to a goal that counts in its currency.", Broken: brokenGoals},
		{Name: "fund_no_order", Says: "No text of the fund's books names an order or a licence.", Broken: brokenWords},
		{Name: "fund_destinations", Says: "Every published destination is compared as it is shown.", Broken: brokenDestinations},
	}
}

// page is how many entries one step reads.
const page = 1000

// each walks all entries in their order.
func each(ctx context.Context, tx *db.Tx, fn func(Entry)) error {
	for after := int64(-1 << 62); ; {
		var rows []Entry
		if err := tx.NewSelect().Model(&rows).Where("seq > ?", after).OrderExpr("seq").Limit(page).Scan(ctx); err != nil {
			return err
		}
		for _, e := range rows {
			fn(e)
			after = e.Seq
		}
		if len(rows) < page {
			return nil
		}
	}
}

func brokenChain(ctx context.Context, tx *db.Tx) (out []string, err error) {
	seq, head := int64(0), Genesis
	err = each(ctx, tx, func(e Entry) {
		switch {
		case e.Seq != seq+1:
			out = append(out, fmt.Sprintf("entry %d follows %d", e.Seq, seq))
		case e.PrevHash != head:
			out = append(out, fmt.Sprintf("entry %d names another entry before it", e.Seq))
		case e.Hash != Hash(e):
			out = append(out, fmt.Sprintf("entry %d says something else than its checksum", e.Seq))
		}
		seq, head = e.Seq, e.Hash
	})
	return out, err
}

func brokenRules(ctx context.Context, tx *db.Tx) (out []string, err error) {
	err = each(ctx, tx, func(e Entry) {
		in := Input{Kind: e.Kind, Channel: e.Channel, Goal: e.GoalID, Giver: e.Giver, Category: e.Category, Purpose: e.Purpose, GiverIsPayee: e.GiverIsPayee}
		in.Amount = money.Amount{Minor: e.Amount, Currency: e.Currency}
		if (e.Kind == Expense) == (e.Reverses == 0) {
			in.Amount.Minor = -e.Amount
		}
		if _, err := entry(in); err != nil {
			out = append(out, fmt.Sprintf("entry %d: %v", e.Seq, err))
		}
	})
	return out, err
}

// lines scans a query that makes each line by itself.
func lines(ctx context.Context, tx *db.Tx, query string) (out []string, err error) {
	err = tx.NewRaw(query).Scan(ctx, &out)
	return out, err
}

func brokenReversals(ctx context.Context, tx *db.Tx) ([]string, error) {
	return lines(ctx, tx, `SELECT 'entry ' || r.seq || ' does not undo entry ' || r.reverses FROM fund_entry AS r
		LEFT JOIN fund_entry AS o ON o.seq = r.reverses
		WHERE r.reverses IS NOT NULL AND (o.seq IS NULL OR o.reverses IS NOT NULL OR o.seq >= r.seq OR o.amount <> -r.amount
			OR o.currency <> r.currency OR o.kind <> r.kind OR o.channel <> r.channel OR o.giver <> r.giver OR o.category <> r.category
			OR COALESCE(o.goal_id, '') <> COALESCE(r.goal_id, '') OR r.reason = ''
			OR (SELECT count(*) FROM fund_entry AS s WHERE s.reverses = r.reverses) > 1)
		ORDER BY r.seq`)
}

func brokenGoals(ctx context.Context, tx *db.Tx) ([]string, error) {
	return lines(ctx, tx, `SELECT 'entry ' || e.seq || ' is for goal ' || COALESCE(e.goal_id, '(none)') FROM fund_entry AS e
		LEFT JOIN fund_goal AS g ON g.id = e.goal_id
		WHERE (e.kind = 'crowdfunding' OR e.goal_id IS NOT NULL) AND (g.id IS NULL OR g.currency <> e.currency OR e.kind <> 'crowdfunding')
		ORDER BY e.seq`)
}

func brokenWords(ctx context.Context, tx *db.Tx) (out []string, err error) {
	err = each(ctx, tx, func(e Entry) {
		for _, text := range []string{e.Giver, e.Purpose, e.Reason} {
			if refers(text) {
				out = append(out, fmt.Sprintf("entry %d", e.Seq))
				return
			}
		}
	})
	return out, err
}

func brokenDestinations(ctx context.Context, tx *db.Tx) (out []string, err error) {
	all, err := destinations(ctx, tx)
	for _, d := range all {
		if c, ok := compared(d.Kind, d.Text); !ok || c != d.Compared {
			out = append(out, "destination "+d.ID+" is compared as something else")
		}
	}
	return out, err
}
