package fund_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/migrations"
)

// insert makes the SQL of an entry from a row.
func insert(verb string, e fund.Entry) string {
	null := func(text string, empty bool) string {
		if empty {
			return "NULL"
		}
		return "'" + text + "'"
	}
	return fmt.Sprintf(`%s INTO fund_entry (seq, kind, amount, currency, day, channel, goal_id, giver, category, purpose, giver_is_payee, reverses, reason,
		recorded_on, prev_hash, hash) VALUES (%d, '%s', %d, '%s', '2026-11-22 00:00:00+00:00', '%s', %s, '%s', '%s', '%s', %t, %s, '%s',
		'2026-11-22 00:00:00+00:00', '%s', '%s')`, verb, e.Seq, e.Kind, e.Amount, e.Currency, e.Channel, null(e.GoalID, e.GoalID == ""),
		e.Giver, e.Category, e.Purpose, e.GiverIsPayee, null(fmt.Sprint(e.Reverses), e.Reverses == 0), e.Reason, e.PrevHash, e.Hash)
}

// After the books of TestRawSQL this entry is right: each case spoils one thing.
func next(head fund.Head, change func(*fund.Entry)) fund.Entry {
	e := fund.Entry{Seq: head.Seq + 1, Kind: fund.Donation, Amount: 100, Currency: "RUB", Channel: "bank", PrevHash: head.Hash, Hash: strings.Repeat("e", 64)}
	change(&e)
	return e
}

// Both databases refuse by themselves what the package would never write.
func TestRawSQL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.goal(t, "server", rub(1000))
		first := w.record(t, gift())
		w.record(t, gift(func(in *fund.Input) { in.Kind, in.Goal = fund.Crowdfunding, "server" }))
		w.record(t, expense())
		if _, err := w.Reverse(w.ctx, w.op, 3, "a mistake"); err != nil {
			t.Fatal(err)
		}
		d := w.publish(t, "40817810099910004312")
		head, err := w.Head(w.ctx)
		want(t, "error", nil, err)

		refused := map[string]string{
			"edit":                  "UPDATE fund_entry SET amount = amount + 1 WHERE seq = 1",
			"edit a mark":           "UPDATE fund_entry SET giver_is_payee = TRUE",
			"delete":                "DELETE FROM fund_entry WHERE seq = 4",
			"delete all":            "DELETE FROM fund_entry",
			"edit a goal":           "UPDATE fund_goal SET amount = 1",
			"rename a goal":         "UPDATE fund_goal SET title = 'x'",
			"delete a goal":         "DELETE FROM fund_goal",
			"edit a destination":    "UPDATE fund_destination SET compared = 'x'",
			"delete a destination":  "DELETE FROM fund_destination",
			"unpublish and publish": "UPDATE fund_destination SET state = 'published', ended_on = NULL",
			"an order's column":     "INSERT INTO fund_entry (seq, order_id) VALUES (9, 'x')",
			"a licence's column":    "INSERT INTO fund_entry (seq, licence_id) VALUES (9, 'x')",
		}
		if w.Engine() == db.PostgreSQL {
			refused["truncate"] = "TRUNCATE fund_entry"
			refused["truncate all"] = "TRUNCATE fund_goal, fund_entry, fund_destination CASCADE"
			refused["truncate destinations"] = "TRUNCATE fund_destination"
		}
		for name, change := range map[string]func(*fund.Entry){
			"a gap":                       func(e *fund.Entry) { e.Seq++ },
			"an earlier number":           func(e *fund.Entry) { e.Seq = 2 },
			"number nought":               func(e *fund.Entry) { e.Seq = 0 },
			"another chain":               func(e *fund.Entry) { e.PrevHash = first.Hash },
			"a known checksum":            func(e *fund.Entry) { e.Hash = first.Hash },
			"a short checksum":            func(e *fund.Entry) { e.Hash = "e" },
			"a negative gift":             func(e *fund.Entry) { e.Amount = -100 },
			"a gift of nothing":           func(e *fund.Entry) { e.Amount = 0 },
			"income of an expense":        func(e *fund.Entry) { e.Kind, e.Category, e.Purpose = fund.Expense, "hosting", "x" },
			"a sale":                      func(e *fund.Entry) { e.Kind = "sale" },
			"another channel":             func(e *fund.Entry) { e.Channel = "order 5" },
			"a named gift":                func(e *fund.Entry) { e.Giver = "Ivan" },
			"words of a gift":             func(e *fund.Entry) { e.Purpose = "for order 5" },
			"a nameless subsidy":          func(e *fund.Entry) { e.Kind = fund.Subsidy },
			"an expense of advertising":   func(e *fund.Entry) { e.Kind, e.Amount, e.Category, e.Purpose = fund.Expense, -100, "advertising", "x" },
			"an expense without purpose":  func(e *fund.Entry) { e.Kind, e.Amount, e.Category = fund.Expense, -100, "hosting" },
			"a collection without goal":   func(e *fund.Entry) { e.Kind = fund.Crowdfunding },
			"a gift for a goal":           func(e *fund.Entry) { e.GoalID = "server" },
			"a goal of another currency":  func(e *fund.Entry) { e.Kind, e.GoalID, e.Currency = fund.Crowdfunding, "server", "EUR" },
			"no such goal":                func(e *fund.Entry) { e.Kind, e.GoalID = fund.Crowdfunding, "nowhere" },
			"a reversal without reason":   func(e *fund.Entry) { e.Amount, e.Reverses = -150000, 1 },
			"a reason without a reversal": func(e *fund.Entry) { e.Reason = "x" },
			"half a reversal":             func(e *fund.Entry) { e.Amount, e.Reverses, e.Reason = -100, 1, "x" },
			"a second reversal": func(e *fund.Entry) {
				e.Kind, e.Amount, e.Category, e.Purpose, e.Channel, e.Reverses, e.Reason = fund.Expense, 50000, "hosting", "x", "card", 3, "x"
			},
			"a reversal of nothing": func(e *fund.Entry) { e.Amount, e.Reverses, e.Reason = -100, 77, "x" },
			"a reversal of itself":  func(e *fund.Entry) { e.Amount, e.Reverses, e.Reason = -100, 5, "x" },
		} {
			refused[name] = insert("INSERT", next(head, change))
			if w.Engine() == db.SQLite {
				refused[name+", or replace"] = insert("INSERT OR REPLACE", next(head, change))
			}
		}
		if w.Engine() == db.SQLite {
			refused["replace a goal"] = `INSERT OR REPLACE INTO fund_goal (id, title, about, amount, currency, state, opened_on)
				VALUES ('server', 'x', '', 1, 'RUB', 'open', '2026-11-22 00:00:00+00:00')`
			refused["replace a destination"] = `INSERT OR REPLACE INTO fund_destination (id, kind, text, compared, label, state, published_on)
				VALUES ('` + d.ID + `', 'number', 'x', 'x', '', 'published', '2026-11-22 00:00:00+00:00')`
			refused["replace by its words"] = `INSERT OR REPLACE INTO fund_destination (id, kind, text, compared, label, state, published_on)
				VALUES ('other', 'number', 'x', '` + d.Compared + `', '', 'published', '2026-11-22 00:00:00+00:00')`
			refused["by a row's number"] = strings.Replace(insert("INSERT OR REPLACE", next(head, func(*fund.Entry) {})), "(seq,", "(rowid, seq,", 1)
			refused["update or replace"] = "UPDATE OR REPLACE fund_entry SET seq = 1 WHERE seq = 2"
		}
		before, err := w.Book(w.ctx)
		want(t, "error", nil, err)
		for name, query := range refused {
			if err := w.raw(query); err == nil {
				t.Errorf("%s: it is done: %s", name, query)
			}
		}
		after, err := w.Book(w.ctx)
		want(t, "error", nil, err)
		want(t, "the books", before, after)
		if err := w.raw(insert("INSERT", next(head, func(*fund.Entry) {}))); err != nil {
			t.Errorf("the check itself refuses what is right: %v", err)
		}
		want(t, "what SQL alone writes is found", []string{"fund_chain"}, w.audited(t))
	})
}

// No column of the fund can name an order, a work, a licence or an account.
func TestNoColumnNamesAnOrder(t *testing.T) {
	t.Parallel()
	list, err := migrations.List()
	want(t, "error", nil, err)
	seen := 0
	for _, c := range list {
		if !strings.HasPrefix(c.Table, "fund_") {
			continue
		}
		seen++
		for _, word := range []string{"order", "work", "offer", "grant", "licence", "account_id", "buyer", "seller", "journal"} {
			if strings.Contains(c.Name, word) {
				t.Errorf("%s.%s", c.Table, c.Name)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d columns of the fund were looked at", seen)
	}
}
