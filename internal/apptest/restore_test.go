package apptest_test

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// actor is a customer as features know one.
func (c customer) actor() account.Actor {
	return account.Actor{ID: c.id, Handle: c.handle, Role: account.Member}
}

// buys is a licence that was ordered and paid; it gives its order and its id.
func buys(t testing.TB, a *app.App, buyer customer, seller keeper, renews string) (order, id string) {
	t.Helper()
	ctx := context.Background()
	terms, _ := web.TermsHash(web.CurrentTerms)
	o, err := a.Licences.Buy(ctx, buyer.actor(), licence.Purchase{OfferID: seller.paid, Days: stormDays, Currency: "RUB", Method: payment.Direct, AcceptedTerms: terms, Renews: renews})
	must(t, err)
	_, err = a.Payments.Claim(ctx, buyer.actor(), o.ID)
	must(t, err)
	_, err = a.Payments.Confirm(ctx, seller.actor(), o.ID, o.Price())
	must(t, err)
	of, err := a.Licences.OfOrders(ctx, buyer.actor(), []string{o.ID})
	must(t, err)
	return o.ID, of[o.ID]
}

// returns is all the money sent back and received.
func returns(t testing.TB, a *app.App, buyer customer, seller keeper, order string) {
	t.Helper()
	ctx := context.Background()
	_, err := a.Payments.RefundSent(ctx, seller.actor(), order, money.Amount{})
	must(t, err)
	_, err = a.Payments.RefundReceived(ctx, buyer.actor(), order, money.Amount{Minor: stormPrice, Currency: "RUB"})
	must(t, err)
}

// certificates reads those of somebody's licences as a board gives them out.
func certificates(t testing.TB, a *app.App, buyer customer, ids []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, id := range ids {
		jwt, err := a.Licences.Certificate(context.Background(), buyer.actor(), id)
		must(t, err)
		out[id] = jwt
	}
	return out
}

// sound demands that the audit of a board finds nothing.
func sound(t testing.TB, when string, a *app.App) {
	t.Helper()
	report, err := a.Audit.Run(context.Background())
	must(t, err)
	if !report.OK {
		t.Errorf("%s: %s", when, report)
	}
}

// TestRestoredCopyGivesTheSameCertificates takes a copy of the database after
// some purchases, goes on buying, returning money and rotating keys, and then
// restores the older copy, a while later and under another address: on the same
// engine by its own means, and on the other engine row by row. Every
// certificate that the copy knows comes out as the same bytes, and the audit of
// the copy finds nothing.
func TestRestoredCopyGivesTheSameCertificates(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		seller, buyer := opens(w, newCustomer(w, "ada", false)), newCustomer(w, "ben", false)
		w.Clock.Advance(123456789 * time.Nanosecond) // no engine keeps as much of a second
		var ids []string
		renews := ""
		for range 3 {
			_, id := buys(t, w.App, buyer, seller, renews)
			ids, renews = append(ids, id), id
			w.Clock.Advance(20*24*time.Hour + 987654321*time.Nanosecond)
		}
		order, id := buys(t, w.App, buyer, seller, "")
		ids = append(ids, id)
		want := certificates(t, w.App, buyer, ids)

		w = w.Restart()
		copied := duplicate(t, w)
		returns(t, w.App, buyer, seller, order)
		_, err := w.Keys.RotateSigning(w.Clock.Now())
		must(t, err)
		w.Clock.Advance(40 * 24 * time.Hour) // the new key signs by now
		buys(t, w.App, buyer, seller, "")
		if d := cmp.Diff(want, certificates(t, w.App, buyer, ids)); d != "" {
			t.Errorf("later (-issued +got):\n%s", d)
		}
		sound(t, "later", w.App)
		must(t, w.Close())

		for name, database := range map[string]func(t *testing.T, dir string) string{
			"same engine": copied,
			"other engine": func(t *testing.T, dir string) string {
				from, to := t.TempDir(), ""
				first := copied(t, from)
				if first == "" {
					to = dbtest.Database(t)
				} else {
					dbtest.Copy(t, dir)
				}
				transplant(t, w, openAt(t, w, from, first), openAt(t, w, dir, to))
				return to
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if name == "other engine" && !dbtest.PostgreSQL(t) {
					return
				}
				dir := t.TempDir()
				cfg := config.Default()
				cfg.Data, cfg.DatabaseURL, cfg.URL = dir, database(t, dir), "https://elsewhere.example"
				restoreSecrets(t, filepath.Join(w.Dir, "secrets"), cfg.SecretsDir())
				a, err := app.New(context.Background(), cfg, app.Options{Clock: w.Clock.Now, NoSync: true, NoIndex: true, NoLimits: true})
				must(t, err)
				defer a.Close()
				if d := cmp.Diff(want, certificates(t, a, buyer, ids)); d != "" {
					t.Errorf("restored (-issued +got):\n%s", d)
				}
				sound(t, "restored", a)
				returns(t, a, buyer, seller, order) // the copy did not know of it
				if g, err := a.Licences.Grant(context.Background(), buyer.actor(), id); err != nil || g.State != licence.Revoked {
					t.Errorf("after the refund: %v %v", g.State, err)
				}
				sound(t, "after the refund", a)
			})
		}
	})
}

// duplicate takes a copy of a board's database and gives what restores it: into
// a data folder, or as a new database whose address it answers.
func duplicate(t *testing.T, w *apptest.World) func(t *testing.T, dir string) string {
	t.Helper()
	if url := w.Config.DatabaseURL; url != "" {
		dump := filepath.Join(t.TempDir(), "oduvan.dump")
		postgres(t, "pg_dump", "--format=custom", "--file="+dump, url)
		return func(t *testing.T, _ string) string {
			to := dbtest.Database(t)
			postgres(t, "pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname="+to, dump)
			return to
		}
	}
	file := filepath.Join(t.TempDir(), "copy.db")
	d, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "oduvan.db")) // while the board runs
	must(t, err)
	_, err = d.Exec("VACUUM INTO ?", file)
	must(t, err)
	must(t, d.Close())
	return func(t *testing.T, dir string) string {
		data, err := os.ReadFile(file)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, "oduvan.db"), data, 0o600))
		return ""
	}
}

// restoreSecrets copies the folder that is kept apart from the database.
func restoreSecrets(t *testing.T, from, to string) {
	t.Helper()
	must(t, os.CopyFS(to, os.DirFS(from)))
	must(t, filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, map[bool]os.FileMode{true: 0o700, false: 0o600}[d.IsDir()])
	}))
}

func postgres(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := dbtest.Binary(name)
	must(t, err)
	if out, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// openAt opens a database without the program, until the test ends.
func openAt(t *testing.T, w *apptest.World, dir, url string) *db.DB {
	t.Helper()
	d, err := db.Open(db.Config{URL: url, Path: filepath.Join(dir, "oduvan.db"), Clock: w.Clock.Now, NoSync: true})
	must(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// transplant copies every row of one database into a migrated one of the other
// engine, past all triggers, as an operator would who moves a board.
func transplant(t *testing.T, w *apptest.World, from, to *db.DB) {
	t.Helper()
	ctx := context.Background()
	lite := "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' ORDER BY name"
	post := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
	names := func(d *db.DB) (out []string) {
		list := map[bool]string{true: lite, false: post}[d.Engine() == db.SQLite]
		must(t, d.Read(ctx, func(tx *db.Tx) error { return tx.NewRaw(list).Scan(ctx, &out) }))
		return out
	}
	there := names(to)
	shared := slices.DeleteFunc(names(from), func(name string) bool {
		return !slices.Contains(there, name) || strings.HasPrefix(name, "river_") || strings.Contains(name, "migration")
	})
	for _, needed := range []string{"account", "payment_order", "journal_entry", "journal_line", "licence_grant", "status_entry", "work", "offer", "due"} {
		if !slices.Contains(shared, needed) {
			t.Fatalf("the table %s is not carried over", needed)
		}
	}
	must(t, to.Write(ctx, func(tx *db.Tx) error {
		again, err := withoutTriggers(ctx, tx, to.Engine())
		if err != nil {
			return err
		}
		for _, name := range shared {
			if _, err := tx.NewRaw(`DELETE FROM "` + name + `"`).Exec(ctx); err != nil {
				return err
			}
			if err := from.Read(ctx, func(old *db.Tx) error { return carry(ctx, old, tx, name) }); err != nil {
				return err
			}
		}
		for _, sql := range again {
			if _, err := tx.ExecContext(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	}))
}

// withoutTriggers switches them off for a unit of work, and gives what makes
// them anew.
func withoutTriggers(ctx context.Context, tx *db.Tx, engine db.Engine) (again []string, err error) {
	if engine != db.SQLite {
		_, err = tx.ExecContext(ctx, "SET LOCAL session_replication_role = replica")
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
		return nil, err
	}
	var rows []struct{ Name, Sql string } //nolint:revive // a column
	if err := tx.NewRaw("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	for _, r := range rows {
		again = append(again, r.Sql)
		if _, err := tx.ExecContext(ctx, `DROP TRIGGER "`+r.Name+`"`); err != nil {
			return nil, err
		}
	}
	return again, nil
}

// carry copies the rows of a table.
func carry(ctx context.Context, from, to *db.Tx, table string) error {
	rows, err := from.QueryContext(ctx, `SELECT * FROM "`+table+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	flags, err := flagsOf(ctx, to, table)
	if err != nil {
		return err
	}
	values, places := make([]any, len(types)), make([]any, len(types))
	columns := make([]string, len(types))
	for i := range types {
		places[i], columns[i] = &values[i], `"`+types[i].Name()+`"`
	}
	insert := `INSERT INTO "` + table + `" (` + strings.Join(columns, ", ") + `) VALUES (` + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		for i, v := range values {
			switch b, ok := v.([]byte); {
			case ok && !slices.Contains([]string{"BLOB", "BYTEA"}, types[i].DatabaseTypeName()):
				values[i] = string(b)
			case ok && len(b) == 0:
				values[i] = []byte{} // and not nothing
			case flags[types[i].Name()]:
				values[i] = v == true || v == int64(1)
			}
		}
		if _, err := to.NewRaw(insert, values...).Exec(ctx); err != nil {
			return err
		}
	}
	return rows.Err()
}

// flagsOf are the columns of a table that are true or false, which one engine
// keeps as numbers.
func flagsOf(ctx context.Context, tx *db.Tx, table string) (map[string]bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM "`+table+`" WHERE 1 = 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	out := map[string]bool{}
	for _, c := range types {
		out[c.Name()] = strings.HasPrefix(c.DatabaseTypeName(), "BOOL")
	}
	return out, err
}
