package payment_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// raw runs statements of a stranger who has the database, in one transaction.
func (w *world) raw(statements ...string) error {
	return w.Write(w.ctx, func(tx *db.Tx) error {
		for _, s := range statements {
			if _, err := tx.NewRaw(strings.ReplaceAll(s, "$H", w.bytes("11"))).Exec(w.ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// bytes is a literal of 32 equal bytes.
func (w *world) bytes(hex string) string {
	if w.Engine() == db.PostgreSQL {
		return `'\x` + strings.Repeat(hex, 32) + `'::bytea`
	}
	return "x'" + strings.Repeat(hex, 32) + "'"
}

// refused demands that statements fail and leave nothing.
func (w *world) refused(t *testing.T, name string, statements ...string) {
	t.Helper()
	before := w.dump(t)
	if err := w.raw(statements...); err == nil {
		t.Errorf("%s: nothing refuses it", name)
	} else if fault.Is(err, fault.Internal) && !strings.Contains(err.Error(), "constraint") && !strings.Contains(err.Error(), "append-only") {
		t.Errorf("%s: refused by accident: %v", name, err)
	}
	same(t, before, w.dump(t))
}

func (w *world) dump(t *testing.T) (out []string) {
	t.Helper()
	must(t, w.Read(w.ctx, func(tx *db.Tx) error {
		return tx.NewRaw(`SELECT 'order ' || id || state || amount || currency || refunded FROM payment_order
			UNION ALL SELECT 'entry ' || seq || kind || cause FROM journal_entry UNION ALL SELECT 'line ' || entry || n || amount || account_kind FROM journal_line
			UNION ALL SELECT 'account ' || id || kind || currency FROM journal_account UNION ALL SELECT 'step ' || from_state || to_state FROM order_step ORDER BY 1`).Scan(w.ctx, &out)
	}))
	return out
}

// Whoever writes SQL past the program: the database itself refuses.
func TestTheDatabaseRefusesRawSQL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o, waits := w.paid(t), w.waiting(t)
		buyer, seller := o.BuyerParty, o.SellerParty
		account := func(id, kind string) string {
			return "INSERT INTO journal_account (id, kind, currency) VALUES ('" + id + "', '" + kind + "', 'RUB')"
		}
		line := func(entry, n, who, kind, amount string) string {
			return "INSERT INTO journal_line (entry, n, account_id, account_kind, currency, amount) VALUES (" + entry + ", " + n + ", '" + who + "', '" + kind + "', 'RUB', " + amount + ")"
		}
		head := "(SELECT hash FROM journal_entry WHERE seq = 1)"
		entry := func(seq, order, kind, cause, prev string) string {
			return "INSERT INTO journal_entry (seq, order_id, currency, kind, method, cause, at, prev_hash, hash) VALUES (" + seq + ", '" + order + "', 'RUB', '" + kind +
				"', 'direct', '" + cause + "', '2026-11-22 10:00:00+00:00', " + prev + ", $H)"
		}
		from, to := line("2", "1", seller, "seller_external", "-5"), line("2", "2", buyer, "buyer_external", "5")
		cause := "seller_confirmation:" + o.ID
		good := []string{from, to, entry("2", o.ID, "refund", "x", head)}
		for name, statements := range map[string][]string{
			"a fund line":                    {account("fund", "central_fund"), from, line("2", "2", "fund", "central_fund", "5"), good[2]},
			"a false kind":                   {account("fund", "central_fund"), from, line("2", "2", "fund", "buyer_external", "5"), good[2]},
			"a party of nobody":              {from, line("2", "2", "nobody", "buyer_external", "5"), good[2]},
			"a party of another order":       {account(waits.BuyerParty, "buyer_external"), from, line("2", "2", waits.BuyerParty, "buyer_external", "5"), good[2]},
			"an unbalanced entry":            {from, line("2", "2", buyer, "buyer_external", "4"), good[2]},
			"an entry of one line":           {from, good[2]},
			"an entry without lines":         {good[2]},
			"lines without an entry":         {from, to},
			"a line of nothing":              {from, to, line("2", "3", buyer, "buyer_external", "0"), good[2]},
			"the same cause twice":           {from, to, entry("2", o.ID, "payment", cause, head)},
			"a second payment":               {from, to, entry("2", o.ID, "payment", "other", head)},
			"another currency":               {from, to, strings.ReplaceAll(good[2], "'RUB'", "'USD'")},
			"an entry of no order":           {from, to, entry("2", "nothing", "refund", "x", head)},
			"a gap":                          {strings.Replace(from, "(2,", "(3,", 1), strings.Replace(to, "(2,", "(3,", 1), entry("3", o.ID, "refund", "x", head)},
			"a broken chain":                 {from, to, entry("2", o.ID, "refund", "x", w.bytes("22"))},
			"a line to a closed entry":       {line("1", "3", buyer, "buyer_external", "5")},
			"an edited line":                 {"UPDATE journal_line SET amount = amount * 2"},
			"an edited entry":                {"UPDATE journal_entry SET cause = 'other'"},
			"an edited party":                {"UPDATE journal_account SET kind = 'central_fund'"},
			"a deleted line":                 {"DELETE FROM journal_line"},
			"a deleted entry":                {"DELETE FROM journal_entry"},
			"a deleted party":                {"DELETE FROM journal_account"},
			"an illegal step":                {"UPDATE payment_order SET state = 'draft' WHERE id = '" + waits.ID + "'"},
			"a step back":                    {"UPDATE payment_order SET state = 'paid' WHERE id = '" + o.ID + "'"},
			"a new step":                     {"INSERT INTO order_step (from_state, to_state) VALUES ('refunded', 'paid')"},
			"a step taken away":              {"DELETE FROM order_step"},
			"another amount":                 {"UPDATE payment_order SET amount = 1 WHERE id = '" + waits.ID + "'"},
			"another currency of an order":   {"UPDATE payment_order SET currency = 'USD' WHERE id = '" + waits.ID + "'"},
			"other terms":                    {"UPDATE payment_order SET terms = $H WHERE id = '" + waits.ID + "'"},
			"another title":                  {"UPDATE payment_order SET title = 'x' WHERE id = '" + waits.ID + "'"},
			"another seller":                 {"UPDATE payment_order SET seller_id = '" + w.mod.ID + "' WHERE id = '" + waits.ID + "'"},
			"another party":                  {"UPDATE payment_order SET buyer_party = 'x' WHERE id = '" + waits.ID + "'"},
			"a deleted order":                {"DELETE FROM payment_order WHERE id = '" + o.ID + "'"},
			"a deleted waiting order":        {"DELETE FROM payment_order WHERE id = '" + waits.ID + "'"},
			"paid without an entry":          {"UPDATE payment_order SET state = 'paid', paid = TRUE, paid_at = created_at WHERE id = '" + waits.ID + "'"},
			"refunded without an entry":      {"UPDATE payment_order SET refunded = 5 WHERE id = '" + o.ID + "'"},
			"a fact taken back":              {"UPDATE payment_order SET checkout = FALSE WHERE id = '" + waits.ID + "'"},
			"an order that begins paid":      {w.copied("'fulfilled'")},
			"a doubled order":                {w.copied("'draft'")},
			"a refund above the amount":      {"UPDATE payment_order SET refund_sent = 150001, refund_sent_at = created_at WHERE id = '" + o.ID + "'"},
			"a state out of nowhere":         {"UPDATE payment_order SET state = 'rich' WHERE id = '" + o.ID + "'"},
			"an entry of an unknown kind":    {from, to, entry("2", o.ID, "gift", "x", head)},
			"an entry that is its own cause": {from, to, entry("2", o.ID, "refund", "", head)},
		} {
			w.refused(t, name, statements...)
		}
		if w.Engine() == db.PostgreSQL {
			for _, table := range []string{"journal_line", "journal_entry, journal_line", "journal_account CASCADE", "payment_order CASCADE", "order_step", "order_decision"} {
				w.refused(t, "truncate "+table, "TRUNCATE "+table)
			}
		} else {
			replace := func(s string) string { return strings.Replace(s, "INSERT INTO", "INSERT OR REPLACE INTO", 1) }
			w.refused(t, "replacing a line", replace(line("1", "1", buyer, "buyer_external", "-5")))
			w.refused(t, "replacing an entry", from, to, replace(entry("1", o.ID, "payment", cause, w.bytes("22"))))
			w.refused(t, "replacing by cause", from, to, replace(entry("2", o.ID, "payment", cause, head)))
			w.refused(t, "replacing a party", replace(account(buyer, "central_fund")))
			w.refused(t, "replacing an order", replace(w.copied("'draft'")))
			// A row that takes another's hidden number removes it past every trigger.
			for name, s := range map[string]string{"a line": from, "an entry": good[2], "a party": account("other", "buyer_external"), "an order": w.another()} {
				before := w.dump(t)
				err := w.raw(strings.Replace(strings.Replace(replace(s), " (", " (rowid, ", 1), "VALUES (", "VALUES (2, ", 1))
				if err == nil || !strings.Contains(err.Error(), "rowid") {
					t.Errorf("%s that takes another's place: %v", name, err)
				}
				same(t, before, w.dump(t))
			}
			must(t, w.raw(w.another())) // a place of its own
			w.refused(t, "replacing a step", "REPLACE INTO order_step VALUES ('draft', 'awaiting_payment')")
			w.refused(t, "half a kopeck", line("2", "1", seller, "seller_external", "-0.5"), line("2", "2", buyer, "buyer_external", "0.5"), good[2])
			w.refused(t, "text for money", line("2", "1", seller, "seller_external", "'-5x'"), to, good[2])
		}
		// The control: what is right is taken, and the audit finds that its hash is not.
		must(t, w.raw(good...))
		same(t, []string{"journal_chain"}, w.brokenOf(t, "journal_chain", "entry_balances"))
	})
}

// copied is a statement that writes the one paid order again in another state.
func (w *world) copied(state string) string {
	return `INSERT INTO payment_order (id, code, buyer_id, seller_id, buyer_party, seller_party, once, kind, subject, title, payee, country, link, amount, currency, method, terms,
		refund_days, refunded, disputes, state, settlement, question, refund_sent, extra, extra_returned, created_at)
		SELECT id, code, buyer_id, seller_id, buyer_party, seller_party, once, kind, subject, title, payee, country, link, 1, currency, method, terms,
		refund_days, 0, '{}', ` + state + `, 'none', '', 0, 0, 0, created_at FROM payment_order WHERE paid`
}

// another is the insertion of an order of its own, like the paid one once was.
func (w *world) another() string {
	return `INSERT INTO payment_order (id, code, buyer_id, seller_id, buyer_party, seller_party, once, kind, subject, title, payee, country, link, amount, currency, method, terms,
		refund_days, checkout, cancelled, expired, paid, fulfilled, refunded, disputes, state, settlement, question, has_details, refund_sent, extra, extra_returned, created_at)
		VALUES ('another', 'ANOTHER00', NULL, NULL, 'one', 'two', '', 'box', 'x', 'x', '', '', '', 1, 'RUB', 'direct', x'7b7d',
		0, FALSE, FALSE, FALSE, FALSE, FALSE, 0, '{}', 'draft', 'none', '', FALSE, 0, 0, 0, '2026-11-22 10:00:00+00:00')`
}

// brokenOf lists the names of the invariants that are broken, of those asked for.
func (w *world) brokenOf(t *testing.T, names ...string) (out []string) {
	t.Helper()
	for _, inv := range w.Invariants() {
		for _, name := range names {
			if name != inv.Name {
				continue
			}
			must(t, w.Read(w.ctx, func(tx *db.Tx) error {
				broken, err := inv.Broken(w.ctx, tx)
				if len(broken) > 0 {
					out = append(out, inv.Name)
				}
				return err
			}))
		}
	}
	return out
}

// Each invariant is broken once behind the database's back, and named.
func TestEachInvariantFindsItsCorruption(t *testing.T) {
	t.Parallel()
	plants := map[string][]string{
		"entry_balances":  {"UPDATE journal_line SET amount = 7 WHERE n = 1"},
		"fund_untouched":  {"UPDATE journal_line SET account_kind = 'central_fund' WHERE n = 2"},
		"paid_is_booked":  {"UPDATE payment_order SET state = 'cancelled', paid = FALSE, paid_at = NULL"},
		"refunds_bounded": {"UPDATE payment_order SET state = 'refunded'"},
		"refunds_booked":  {"UPDATE payment_order SET refunded = 5"},
		"seller_balance":  {"UPDATE journal_line SET amount = -amount"},
		"extra_booked":    {"UPDATE payment_order SET extra = 3"},
		"cause_once":      {"UPDATE journal_entry SET cause = ''"},
		"entry_currency":  {"UPDATE journal_entry SET currency = 'USD'"},
		"state_derived":   {"UPDATE payment_order SET state = 'paid'"},
		"journal_chain":   {"UPDATE journal_entry SET cause = 'other'"},
	}
	each(t, func(t *testing.T, w *world) {
		w.paid(t)
		w.sound(t)
		same(t, len(plants), len(w.Invariants()))
		for _, inv := range w.Invariants() {
			if len(plants[inv.Name]) == 0 || inv.Says == "" {
				t.Errorf("%s: no corruption is known", inv.Name)
				continue
			}
			must(t, w.behind(t, plants[inv.Name], func(tx *db.Tx) error {
				broken, err := inv.Broken(w.ctx, tx)
				if err == nil && len(broken) == 0 {
					t.Errorf("%s: the corruption is not found", inv.Name)
				}
				return err
			}))
		}
		w.sound(t)
	})
}

// behind changes rows with everything that refuses it switched off, looks, and undoes it.
func (w *world) behind(t *testing.T, plants []string, look func(*db.Tx) error) error {
	t.Helper()
	undo := fault.Of(fault.Conflict, "undo")
	err := w.Write(w.ctx, func(tx *db.Tx) error {
		off := []string{"SET LOCAL session_replication_role = replica", `DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conrelid::regclass AS rel, conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text IN ('journal_line', 'journal_entry', 'payment_order') LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.rel, c.conname);
			END LOOP; END $$`}
		if w.Engine() == db.SQLite {
			off = []string{"PRAGMA defer_foreign_keys = 1", "PRAGMA ignore_check_constraints = 1"}
			var triggers []string
			if err := tx.NewRaw("SELECT name FROM sqlite_master WHERE type = 'trigger'").Scan(w.ctx, &triggers); err != nil {
				return err
			}
			for _, name := range triggers {
				off = append(off, "DROP TRIGGER "+name)
			}
		}
		for _, s := range append(off, plants...) {
			if _, err := tx.NewRaw(s).Exec(w.ctx); err != nil {
				t.Logf("%s", s)
				return err
			}
		}
		if err := look(tx); err != nil {
			return err
		}
		return undo
	})
	if w.Engine() == db.SQLite {
		must(t, w.Write(w.ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw("PRAGMA ignore_check_constraints = 0").Exec(w.ctx)
			return err
		}))
	}
	if codeOf(err) == "conflict:undo" {
		return nil
	}
	return err
}

// A decision about money stays as it was made; only who made it is forgotten.
func TestDecisionsAreAppendOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		o := w.denied(t)
		w.does(t)(w.Arbitrate(w.ctx, w.ben, o.ID, "sent on Monday"))
		w.does(t)(w.Decide(w.ctx, w.mod, o.ID, payment.Decision{Reason: "the bank's statement shows nothing"}))
		for _, s := range []string{"UPDATE order_decision SET paid = TRUE", "UPDATE order_decision SET reason = 'because I say so, that is why'", "DELETE FROM order_decision",
			"UPDATE order_decision SET moderator_id = '" + w.ada.ID + "'"} {
			w.refused(t, s, s)
		}
		must(t, w.raw("UPDATE order_decision SET moderator_id = NULL"))
	})
}
