package app_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/payment"
)

// The wall between the market and the fund, layer by layer. The audit, which is
// one of them, has its own test beside.

// reaches tells by which way one of our packages comes to another, if any.
func reaches(imports map[string][]string, from, to string) []string {
	seen := map[string]bool{}
	var walk func(string) []string
	walk = func(at string) []string {
		if at == to {
			return []string{at}
		}
		if seen[at] {
			return nil
		}
		seen[at] = true
		for _, next := range imports[at] {
			if way := walk(next); way != nil {
				return append([]string{at}, way...)
			}
		}
		return nil
	}
	return walk(from)
}

// Layer 0: the fund and the market import each other in neither direction, not
// even through a third.
func TestTheFundAndTheMarketDoNotKnowEachOther(t *testing.T) {
	t.Parallel()
	imports := map[string][]string{}
	for _, p := range packages(t) {
		imports[p.ImportPath] = nil
		for _, imp := range p.Imports {
			if name, ours := strings.CutPrefix(imp, module); ours {
				imports[p.ImportPath] = append(imports[p.ImportPath], name)
			}
		}
	}
	for _, market := range []string{"internal/payment", "internal/payment/direct", "internal/licence", "internal/licence/cert", "internal/market"} {
		if _, ok := imports[market]; !ok {
			t.Errorf("%s is not there", market)
		}
		for _, pair := range [][2]string{{"internal/fund", market}, {market, "internal/fund"}} {
			if way := reaches(imports, pair[0], pair[1]); way != nil {
				t.Errorf("the wall has a door: %s", strings.Join(way, " -> "))
			}
		}
	}
	if reaches(imports, "internal/app", "internal/fund") == nil || reaches(imports, "internal/licence", "internal/payment") == nil {
		t.Error("the check itself finds no way where there is one")
	}
}

// compiles tells what the compiler says of a file that would stand in a package
// of ours; empty when it takes it.
func compiles(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "proof.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "internal", "wallproof", "proof.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "build", "-overlay", list, "-o", os.DevNull, "../wallproof").CombinedOutput()
	if err == nil {
		return ""
	}
	return string(out)
}

// Layer 1: no type can say it. What would name the fund in a marketplace entry,
// or an order in the fund's books, is no Go.
func TestNoTypeCanSayIt(t *testing.T) {
	t.Parallel()
	const head = "package wallproof\n\nimport (\n\t\"github.com/tmoeg/oduvan/internal/fund\"\n\t\"github.com/tmoeg/oduvan/internal/payment\"\n)\n\n" +
		"var _ = fund.Entry{}\nvar o payment.Order\n"
	for name, c := range map[string]struct{ line, want string }{
		"what can be said":                {"var _ = []payment.Party{payment.BuyerExternal(&o), payment.SellerExternal(&o)}", ""},
		"the fund as a party":             {`var _ = payment.Party{"fund", "central_fund"}`, "unexported field"},
		"the fund as a party's kind":      {`var p = payment.Party{}; func init() { p.kind = "central_fund" }`, "p.kind undefined"},
		"a third maker of parties":        {"var _ = payment.CentralFund(&o)", "undefined: payment.CentralFund"},
		"a party of a text":               {`var _ = payment.Party("central_fund")`, "cannot convert"},
		"an order in the fund's books":    {`var _ = fund.Input{Order: "x"}`, "unknown field Order"},
		"an order in an entry":            {`var _ = fund.Entry{OrderID: "x"}`, "unknown field OrderID"},
		"an order as an entry's kind":     {"var _ fund.Kind = o.Kind", "cannot use o.Kind"},
		"a fee of an order":               {"var _ = payment.Opening{Fee: 1}", "unknown field Fee"},
		"an order's amount as a donation": {"var _ = fund.Input{Kind: fund.Donation, Amount: o}", "cannot use o"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compiles(t, head+c.line+"\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("the compiler says %q, want %q in it", got, c.want)
			}
		})
	}
}

// Layer 2: nothing calls a provider of payments. The list of allowed calls that
// the public page shows is empty, and no package could make one.
func TestNothingCallsAProvider(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			if strings.Contains(imp, "stripe") && p.ImportPath != "internal/payment/stripe" && p.ImportPath != "internal/app" {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
}

// Layer 3: both databases refuse a line of the fund, by whatever kind it is
// called, written by raw SQL behind every package.
func TestTheDatabaseRefusesTheFundInAnOrder(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		o := b.paid(t)
		write := func(queries ...string) error {
			return b.DB.Write(b.ctx, func(tx *db.Tx) error {
				for _, q := range queries {
					if _, err := tx.NewRaw(q).Exec(b.ctx); err != nil {
						return err
					}
				}
				return nil
			})
		}
		account := func(id, kind string) string {
			return "INSERT INTO journal_account (id, kind, currency) VALUES ('" + id + "', '" + kind + "', 'RUB')"
		}
		line := func(n, id, kind, amount string) string {
			return "INSERT INTO journal_line (entry, n, account_id, account_kind, currency, amount) VALUES ((SELECT max(seq) + 1 FROM journal_entry), " +
				n + ", '" + id + "', '" + kind + "', 'RUB', " + amount + ")"
		}
		for name, queries := range map[string][]string{
			"a line of the fund":                  {account("fund", "central_fund"), line("1", "fund", "central_fund", "100")},
			"the fund called a seller":            {account("fund", "central_fund"), line("1", "fund", "seller_external", "100")},
			"a party that turns into the fund":    {"UPDATE journal_account SET kind = 'central_fund' WHERE id = '" + o.SellerParty + "'"},
			"a line that turns into the fund":     {"UPDATE journal_line SET account_kind = 'central_fund'"},
			"a fee beside the payment":            {account("fee", "platform"), line("1", "fee", "platform", "100")},
			"an order with a fee":                 {"UPDATE payment_order SET amount = amount - 1"},
			"an order's number in a gift":         {"UPDATE fund_entry SET order_id = 'x'"},
			"a gift of a kind that is an order's": {"INSERT INTO fund_entry (seq, kind) VALUES (1, 'payment')"},
		} {
			if err := write(queries...); err == nil {
				t.Errorf("%s is written", name)
			}
		}
		if err := write(account("other", "buyer_external")); err != nil {
			t.Errorf("the check itself refuses what is right: %v", err)
		}
	})
}

// Layer 3 on PostgreSQL: under the market's role nothing of the fund can be
// written or read but what it publishes, and orders are written under it.
func TestTheMarketsRoleCannotTouchTheFund(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		walled, err := b.Payments.Walled(b.ctx)
		if err != nil || walled {
			t.Errorf("without a role: %v %v", walled, err)
		}
		if b.DB.Engine() != db.PostgreSQL {
			return // SQLite knows no roles
		}
		if err := b.raw(payment.RoleSQL); err != nil {
			t.Fatal(err)
		}
		if walled, err := b.Payments.Walled(b.ctx); err != nil || !walled {
			t.Errorf("with a role: %v %v", walled, err)
		}
		as := func(query string) error {
			return b.DB.Write(b.ctx, func(tx *db.Tx) error {
				if _, err := tx.NewRaw("SET LOCAL ROLE oduvan_market").Exec(b.ctx); err != nil {
					return err
				}
				_, err := tx.NewRaw(query).Exec(b.ctx)
				return err
			})
		}
		for _, query := range []string{"SELECT * FROM fund_entry", "SELECT * FROM fund_goal", "DELETE FROM fund_destination", "UPDATE fund_goal SET state = 'closed'",
			"INSERT INTO fund_goal (id) VALUES ('x')", "TRUNCATE fund_entry", "UPDATE journal_line SET amount = 1", "DELETE FROM journal_entry",
			"ALTER TABLE fund_entry DISABLE TRIGGER ALL", "DROP TABLE fund_entry", "INSERT INTO fund_destination (id) VALUES ('x')"} {
			if err := as(query); err == nil || !strings.Contains(err.Error(), "42501") {
				t.Errorf("%s: %v, want 42501 (no privilege)", query, err)
			}
		}
		if err := as("SELECT * FROM fund_destination"); err != nil {
			t.Errorf("what the fund publishes: %v", err)
		}
		o := b.paid(t)
		if o.State != payment.Fulfilled {
			t.Errorf("an order under the role is %s", o.State)
		}
		if got := b.boxes.roles(); got != "oduvan_market" {
			t.Errorf("money was written as %q", got)
		}
		if err := as("SET LOCAL ROLE NONE"); err != nil {
			t.Error(err) // the role is a guard against our own mistakes, not a prison
		}
		b.sound(t)
	})
}

// Layer 5: what is published is what is there.
func TestWhatIsPublishedOfTheWall(t *testing.T) {
	t.Parallel()
	eachBoard(t, func(t *testing.T, b *board) {
		for range payment.MinShown {
			b.paid(t)
		}
		b.gives(t)
		got, err := b.Payments.Figures(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got.FundBalanceFromMarketplace != 0 || got.PlatformFeePercent != 0 || got.Entries != payment.MinShown || len(got.JournalHead) != 64 {
			t.Errorf("figures: %+v", got)
		}
		if len(got.Sums) != 1 || got.Sums[0].Orders != payment.MinShown || got.Sums[0].Paid != payment.MinShown*boxPrice {
			t.Errorf("sums: %+v", got.Sums)
		}
		// A line of the fund that got past everything shows on the public page.
		b.unguard(t)
		if err := b.raw("UPDATE journal_line SET account_kind = 'central_fund' WHERE entry = 1 AND n = 2"); err != nil {
			t.Fatal(err)
		}
		if got, err = b.Payments.Figures(context.Background()); err != nil || got.FundBalanceFromMarketplace != boxPrice {
			t.Errorf("with a planted line: %d %v", got.FundBalanceFromMarketplace, err)
		}
	})
}
