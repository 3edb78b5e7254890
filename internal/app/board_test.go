package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
)

// board is the whole program on a database, with a seller and buyers, and with
// a second way to the database behind the program's back.
type board struct {
	*app.App
	ctx   context.Context
	clock *dbtest.Clock
	back  *sql.DB
	boxes *boxes

	ada, ben account.Actor
}

// boxes are goods that are handed over as soon as they are paid. They remember
// the database's role under which they heard of it.
type boxes struct {
	mu   sync.Mutex
	pay  *payment.Payments
	pg   bool
	role string
}

// Changed hands over what is paid.
func (b *boxes) Changed(ctx context.Context, tx *db.Tx, o *payment.Order, c payment.Change) error {
	if b.pg {
		var role string
		if err := tx.NewRaw("SELECT current_user").Scan(ctx, &role); err != nil {
			return err
		}
		b.mu.Lock()
		b.role = role
		b.mu.Unlock()
	}
	if c.To == payment.Paid && !o.Fulfilled {
		return payment.Fulfil(ctx, tx, b.pay, o.ID)
	}
	return nil
}

func (b *boxes) roles() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.role
}

// eachBoard runs a test on a board of each engine.
func eachBoard(t *testing.T, fn func(t *testing.T, b *board)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		cfg := small(t)
		fn(t, newBoard(t, cfg, "sqlite", "file:"+filepath.Join(cfg.Data, "oduvan.db")+"?_pragma=foreign_keys(0)&_pragma=ignore_check_constraints(1)&_pragma=busy_timeout(5000)"))
	})
	if dbtest.PostgreSQL(t) {
		t.Run("postgresql", func(t *testing.T) {
			t.Parallel()
			cfg := config.Config{Data: t.TempDir(), URL: "http://localhost:8080", DatabaseURL: dbtest.Database(t)}
			fn(t, newBoard(t, cfg, "pgx", cfg.DatabaseURL))
		})
	}
}

func newBoard(t *testing.T, cfg config.Config, driver, address string) *board {
	t.Helper()
	b := &board{ctx: context.Background(), clock: dbtest.NewClock()}
	var err error
	b.App, err = app.New(b.ctx, cfg, app.Options{Clock: b.clock.Now, Random: dbtest.Random(7), NoSync: true, NoIndex: true, NoLimits: true, Patience: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if b.back, err = sql.Open(driver, address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.back.Close(); err != nil {
			t.Error(err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	b.boxes = &boxes{pay: b.Payments, pg: b.DB.Engine() == db.PostgreSQL}
	b.Payments.Sell("box", b.boxes)
	b.ada, b.ben = b.person(t, "ada"), b.person(t, "ben")
	return b
}

func (b *board) person(t *testing.T, handle string) account.Actor {
	t.Helper()
	acc, _, err := b.Accounts.SignUp(b.ctx, account.SignUp{Handle: handle, Language: "ru"})
	if err != nil {
		t.Fatal(err)
	}
	return acc.Actor()
}

// raw runs SQL behind the program's back.
func (b *board) raw(query string) error {
	_, err := b.back.ExecContext(b.ctx, query)
	return err
}

const boxPrice = 150000

// waiting is an order of a box that waits for its payment.
func (b *board) waiting(t *testing.T) (o payment.Order) {
	t.Helper()
	err := b.DB.Write(b.ctx, func(tx *db.Tx) (err error) {
		o, err = payment.Open(b.ctx, tx, b.Payments, payment.Opening{Buyer: b.ben, SellerID: b.ada.ID, Kind: "box", Subject: "box", Title: "A box",
			Price: money.Amount{Minor: boxPrice, Currency: "RUB"}, Method: payment.Direct, Payee: "Ada", Country: "RU", Terms: []byte(`{}`), RefundDays: 30})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// paid is an order that the seller has confirmed.
func (b *board) paid(t *testing.T) payment.Order {
	t.Helper()
	o, err := b.Payments.Confirm(b.ctx, b.ada, b.waiting(t).ID, money.Amount{Minor: boxPrice, Currency: "RUB"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// refunded is an order whose money went back.
func (b *board) refunded(t *testing.T) payment.Order {
	t.Helper()
	o := b.paid(t)
	if _, err := b.Payments.RefundSent(b.ctx, b.ada, o.ID, o.Price()); err != nil {
		t.Fatal(err)
	}
	o, err := b.Payments.RefundReceived(b.ctx, b.ben, o.ID, o.Price())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// gives fills the fund's books with one entry of each kind, and a reversal.
func (b *board) gives(t *testing.T) {
	t.Helper()
	rub := money.Amount{Minor: 1000, Currency: "RUB"}
	if _, err := b.Fund.OpenGoal(b.ctx, account.Console(), fund.GoalInput{ID: "server", Title: "A server", Amount: rub}); err != nil {
		t.Fatal(err)
	}
	for _, in := range []fund.Input{{Kind: fund.Donation}, {Kind: fund.Crowdfunding, Goal: "server"}, {Kind: fund.Subsidy, Giver: "A firm"},
		{Kind: fund.Expense, Category: "hosting", Purpose: "A month"}} {
		in.Amount, in.Channel = rub, "bank"
		if _, err := b.Fund.Record(b.ctx, account.Console(), in); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Fund.Reverse(b.ctx, account.Console(), 1, "a mistake"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Fund.Publish(b.ctx, account.Console(), fund.DestinationInput{Text: "40817810099910004312"}); err != nil {
		t.Fatal(err)
	}
}

// sound demands that the audit finds nothing.
func (b *board) sound(t *testing.T) {
	t.Helper()
	r, err := b.Audit.Run(b.ctx)
	if err != nil || !r.OK {
		t.Errorf("audit: %v\n%s", err, r)
	}
}

// tables lists our tables.
func (b *board) tables(t *testing.T) []string {
	t.Helper()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'river_%'"
	if b.DB.Engine() == db.PostgreSQL {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'river_%'"
	}
	return b.texts(t, query)
}

// texts reads a column of texts behind the program's back.
func (b *board) texts(t *testing.T, query string) (out []string) {
	t.Helper()
	rows, err := b.back.QueryContext(b.ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		out = append(out, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// unguard puts every table of money and licences into one of the same columns
// without any check, key, index or trigger: what a thief of the file, or a bug
// of the engine, would have.
func (b *board) unguard(t *testing.T) {
	t.Helper()
	if b.DB.Engine() == db.SQLite {
		for _, name := range b.texts(t, "SELECT name FROM sqlite_master WHERE type = 'trigger'") {
			if err := b.raw("DROP TRIGGER " + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range b.guarded(t) {
		var queries []string
		if b.DB.Engine() == db.PostgreSQL {
			queries = []string{"CREATE TABLE bare AS SELECT * FROM " + table, "DROP TABLE " + table + " CASCADE", "ALTER TABLE bare RENAME TO " + table}
		} else {
			columns := b.texts(t, "SELECT '\"' || name || '\" ' || type FROM pragma_table_info('"+table+"') ORDER BY cid")
			queries = []string{"CREATE TABLE bare (" + strings.Join(columns, ", ") + ")", "INSERT INTO bare SELECT * FROM " + table,
				"DROP TABLE " + table, "ALTER TABLE bare RENAME TO " + table}
		}
		for _, q := range queries {
			if err := b.raw(q); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
	}
}

// guarded lists the tables whose rows the audit judges.
func (b *board) guarded(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(b.tables(t), func(name string) bool {
		for _, prefix := range []string{"payment_", "order_", "journal_", "licence_grant", "status_", "revocation", "fund_", "offer"} {
			if strings.HasPrefix(name, prefix) {
				return false
			}
		}
		return true
	})
}

// keep copies the guarded tables; back puts them as they were.
func (b *board) keep(t *testing.T) (back func()) {
	t.Helper()
	names := append(b.guarded(t), "river_job")
	run := func(format string) {
		t.Helper()
		for _, name := range names {
			if err := b.raw(fmt.Sprintf(format, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("CREATE TABLE kept_%[1]s AS SELECT * FROM %[1]s")
	return func() {
		run("DELETE FROM %s")
		run("INSERT INTO %[1]s SELECT * FROM kept_%[1]s")
	}
}
