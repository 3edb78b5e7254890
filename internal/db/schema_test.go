package db_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/migrations"
)

var update = flag.Bool("update", false, "write golden files")

// column is one column as both engines can tell it.
type column struct {
	Table, Name string
	Null        bool
}

func columns(t *testing.T, w *dbtest.World) []column {
	t.Helper()
	query := `SELECT m.name AS "table", p.name AS name, p."notnull" = 0 AND p.pk = 0 AS "null"
		FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
	if w.Engine() == db.PostgreSQL {
		query = `SELECT table_name AS "table", column_name AS name, is_nullable = 'YES' AS "null"
			FROM information_schema.columns WHERE table_schema = 'public'`
	}
	var out []column
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw(query).Scan(context.Background(), &out)
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := out[:0]
	for _, c := range out {
		if !strings.HasPrefix(c.Table, "river_") && c.Table != "schema_migration" {
			kept = append(kept, c)
		}
	}
	sort.Slice(kept, func(i, j int) bool {
		return kept[i].Table+"."+kept[i].Name < kept[j].Table+"."+kept[j].Name
	})
	return kept
}

func indexes(t *testing.T, w *dbtest.World) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	if w.Engine() == db.PostgreSQL {
		query = `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_constraint k ON k.conindid = c.oid WHERE c.relkind = 'i' AND n.nspname = 'public' AND k.oid IS NULL`
	}
	var out []string
	if err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw(query).Scan(context.Background(), &out)
	}); err != nil {
		t.Fatal(err)
	}
	kept := out[:0]
	for _, name := range out {
		if !strings.HasPrefix(name, "river_") {
			kept = append(kept, name)
		}
	}
	sort.Strings(kept)
	return kept
}

func foreignKeys(t *testing.T, w *dbtest.World) []string {
	t.Helper()
	query := `SELECT m.name || '.' || f."from" || ' ' || f."table" || '.' || f."to" || ' ' || f.on_delete
		FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND m.name NOT LIKE 'river_%'`
	if w.Engine() == db.PostgreSQL {
		query = `SELECT k.conrelid::regclass || '.' || a.attname || ' ' || k.confrelid::regclass || '.' || b.attname || ' ' ||
			CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'a' THEN 'NO ACTION' WHEN 'n' THEN 'SET NULL' ELSE k.confdeltype::text END
			FROM pg_constraint k CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (here, there)
			JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here
			JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there
			WHERE k.contype = 'f' AND k.conrelid::regclass::text NOT LIKE 'river_%'`
	}
	var out []string
	if err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw(query).Scan(context.Background(), &out)
	}); err != nil {
		t.Fatal(err)
	}
	sort.Strings(out)
	return out
}

func TestBothEnginesHaveOneSchema(t *testing.T) {
	t.Parallel()
	if !dbtest.PostgreSQL(t) {
		return
	}
	lite, pg := dbtest.New(t), dbtest.NewPostgreSQL(t)
	if diff := cmp.Diff(columns(t, lite), columns(t, pg)); diff != "" {
		t.Errorf("columns (-sqlite +postgresql):\n%s", diff)
	}
	if diff := cmp.Diff(indexes(t, lite), indexes(t, pg)); diff != "" {
		t.Errorf("indexes (-sqlite +postgresql):\n%s", diff)
	}
	if diff := cmp.Diff(foreignKeys(t, lite), foreignKeys(t, pg)); diff != "" {
		t.Errorf("foreign keys (-sqlite +postgresql):\n%s", diff)
	}
}

var cyrillic = regexp.MustCompile(`\p{Cyrillic}`)

func TestEveryColumnHasAPurpose(t *testing.T) {
	t.Parallel()
	list, err := migrations.List()
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	classes := map[string]bool{"public": true, "pseudonymous": true, "secret": true, "financial": true, "technical": true}
	for _, c := range list {
		if !classes[c.Class] || c.Purpose == "" || c.Retention == "" {
			t.Errorf("%s.%s: class %q, purpose %q, retention %q", c.Table, c.Name, c.Class, c.Purpose, c.Retention)
		}
		for _, lang := range []string{"ru", "en"} {
			purpose, retention := c.In(lang)
			if cyrillic.MatchString(purpose) != (lang == "ru") || cyrillic.MatchString(retention) != (lang == "ru") {
				t.Errorf("%s.%s in %s: purpose %q, retention %q", c.Table, c.Name, lang, purpose, retention)
			}
		}
		if !strings.HasPrefix(c.Table, "river_") && c.Table != "schema_migration" {
			listed[c.Table+"."+c.Name] = true
		}
	}
	for _, c := range columns(t, dbtest.New(t)) {
		if !listed[c.Table+"."+c.Name] {
			t.Errorf("%s.%s has no purpose in columns.yaml", c.Table, c.Name)
		}
		delete(listed, c.Table+"."+c.Name)
	}
	for name := range listed {
		t.Errorf("%s stands in columns.yaml and not in the schema", name)
	}
}

// forbidden are words of columns that may never exist (reliability.md, privacy).
var forbidden = regexp.MustCompile(`(^|_)(ip|email|mail|phone|first_name|last_name|user_agent|agent|referer|referrer|accept_language|location|fingerprint|device|aaguid|birth|birthday|age|passport|tax_id|inn|filename|payload|exif|last_seen|seen_at|address)(_|$)`)

func TestNoForbiddenColumn(t *testing.T) {
	t.Parallel()
	for _, c := range columns(t, dbtest.New(t)) {
		if forbidden.MatchString(c.Name) && c.Table+"."+c.Name != "idempotency.location" {
			t.Errorf("%s.%s must not exist", c.Table, c.Name)
		}
	}
	for _, planted := range []string{"ip", "last_seen", "client_ip", "user_agent", "email_hash"} {
		if !forbidden.MatchString(planted) {
			t.Errorf("the list of forbidden words misses %q", planted)
		}
	}
}

// unbounded finds columns of text, JSON or bytes without a CHECK on their length.
func unbounded(sql string) []string {
	var out []string
	for _, line := range strings.Split(sql, "\n") {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, "--") {
			continue
		}
		switch fields[1] {
		case "TEXT", "VARCHAR", "JSONB", "BYTEA", "BLOB", "TEXT,":
			if !strings.Contains(line, "CHECK (length("+fields[0]+") <=") && !strings.Contains(line, "CHECK (octet_length("+fields[0]+") <=") &&
				!strings.Contains(line, "CHECK (length(CAST("+fields[0]+" AS TEXT)) <=") {
				out = append(out, fields[0])
			}
		}
	}
	return out
}

func TestEveryTextColumnIsBounded(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.PostgreSQL} {
		series, err := db.Migrations(engine)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range series {
			if got := unbounded(m.SQL); len(got) > 0 {
				t.Errorf("%s %s: no bound on %v", engine, m.Name, got)
			}
		}
	}
	if got := unbounded("CREATE TABLE x (\n\tname TEXT NOT NULL,\n\tok TEXT CHECK (length(ok) <= 3)\n)"); len(got) != 1 {
		t.Errorf("the check itself finds %v, want name", got)
	}
}

func TestLandedMigrationsDoNotChange(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		fmt.Fprintf(&b, "%s %s\n", hex.EncodeToString(sum[:]), name)
	}
	golden(t, "testdata/migrations.sha256", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestMigrateTwiceAndRefuseNewer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		ctx := context.Background()
		if err := w.Migrate(ctx); err != nil {
			t.Fatalf("again: %v", err)
		}
		if err := w.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.NewRaw("INSERT INTO schema_migration (name) VALUES ('9999_future.sql')").Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := w.Migrate(ctx); err == nil || !strings.Contains(err.Error(), "schema_newer") {
			t.Errorf("got %v, want schema_newer", err)
		}
	})
}
