package db

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"text/template"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/migrations"
)

// Migration is one file of the series, rendered for an engine.
type Migration struct {
	Name string // file name, which is also the order
	SQL  string
}

// Migrations renders the series for an engine.
func Migrations(engine Engine) ([]Migration, error) {
	names, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	out := make([]Migration, 0, len(names))
	for _, name := range names {
		t, err := template.New(path.Base(name)).Funcs(words(engine)).ParseFS(migrations.Files, name)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, nil); err != nil {
			return nil, err
		}
		out = append(out, Migration{Name: name, SQL: b.String()})
	}
	return out, nil
}

// words are the template's column makers: each text is bounded in the database
// itself, and the few differences between the engines stand here.
func words(engine Engine) template.FuncMap {
	pg := engine == PostgreSQL
	pick := func(onPG, onSQLite string) string {
		if pg {
			return onPG
		}
		return onSQLite
	}
	bounded := func(kind, null, measure string) func(string, int) string {
		return func(name string, n int) string {
			return fmt.Sprintf("%s %s%s CHECK (%s <= %d)", name, kind, null, fmt.Sprintf(measure, name), n)
		}
	}
	typed := func(kind string) func(string) string {
		return func(name string) string { return name + " " + kind }
	}
	stamp := pick("TIMESTAMPTZ", "TIMESTAMP")
	octets := pick("octet_length(%s)", "length(%s)")
	return template.FuncMap{
		"text":     bounded("TEXT", " NOT NULL", "length(%s)"),
		"textnull": bounded("TEXT", "", "length(%s)"),
		"json":     bounded(pick("JSONB", "TEXT"), " NOT NULL", "length(CAST(%s AS TEXT))"),
		"blob":     bounded(pick("BYTEA", "BLOB"), " NOT NULL", octets),
		"blobnull": bounded(pick("BYTEA", "BLOB"), "", octets),
		"time":     typed(stamp + " NOT NULL"),
		"timenull": typed(stamp),
		"int":      typed("BIGINT NOT NULL"),
		"intnull":  typed("BIGINT"),
		"bool":     typed("BOOLEAN NOT NULL DEFAULT FALSE"),
		"sqlite":   func() bool { return !pg },
	}
}

const marksTable = `CREATE TABLE IF NOT EXISTS schema_migration (name TEXT PRIMARY KEY CHECK (length(name) <= 100))`

// Migrate brings the schema up. Each file and its mark are one transaction, so
// a kill leaves either both or neither; bun's own migrator marks before it
// runs. It refuses a schema that a newer program made.
func (d *DB) Migrate(ctx context.Context) error {
	series, err := Migrations(d.engine)
	if err != nil {
		return err
	}
	unlock, err := d.lockSchema(ctx)
	if err != nil {
		return d.fold(err)
	}
	defer unlock()
	if err := d.exec(ctx, marksTable); err != nil {
		return d.fold(err)
	}
	if err := d.refuseNewer(ctx, series); err != nil {
		return err
	}
	for _, m := range series {
		if err := d.apply(ctx, m); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, d.fold(err))
		}
	}
	return d.migrateJobs(ctx)
}

func (d *DB) lockSchema(ctx context.Context) (unlock func(), err error) {
	if d.engine == SQLite {
		return func() {}, nil
	}
	conn, err := d.writer.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SET lock_timeout = '60s'; SELECT pg_advisory_lock(7306349801)", pgx.QueryExecModeSimpleProtocol); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(7306349801); RESET lock_timeout", pgx.QueryExecModeSimpleProtocol)
		_ = conn.Close()
	}, nil
}

type execer interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

func (d *DB) exec(ctx context.Context, text string) error {
	return d.execOn(ctx, d.writer.DB, text)
}

// execOn runs a text of several statements, which PostgreSQL allows only in its simple protocol.
func (d *DB) execOn(ctx context.Context, on execer, text string) error {
	var args []any
	if d.engine == PostgreSQL {
		args = []any{pgx.QueryExecModeSimpleProtocol}
	}
	_, err := on.ExecContext(ctx, text, args...)
	return err
}

func (d *DB) refuseNewer(ctx context.Context, series []Migration) error {
	known := map[string]bool{}
	for _, m := range series {
		known[m.Name] = true
	}
	var marks []string
	if err := d.writer.NewRaw("SELECT name FROM schema_migration ORDER BY name").Scan(ctx, &marks); err != nil {
		return d.fold(err)
	}
	for _, name := range marks {
		if !known[name] {
			return fault.Of(fault.Conflict, "schema_newer").With("Migration", name)
		}
	}
	return nil
}

func (d *DB) apply(ctx context.Context, m Migration) error {
	return d.run(ctx, d.writer, nil, func(tx *Tx) error {
		var n int
		if err := tx.NewRaw("SELECT count(*) FROM schema_migration WHERE name = ?", m.Name).Scan(ctx, &n); err != nil || n > 0 {
			return err
		}
		if err := d.execOn(ctx, tx.Tx.Tx, m.SQL); err != nil {
			return err
		}
		_, err := tx.NewRaw("INSERT INTO schema_migration (name) VALUES (?)", m.Name).Exec(ctx)
		return err
	})
}

// migrateJobs lets River make its tables. Two processes that start at once on
// SQLite may collide: the second try finds the work done.
func (d *DB) migrateJobs(ctx context.Context) error {
	m, err := rivermigrate.New(d.jobs.driver, &rivermigrate.Config{Logger: d.jobs.config.Logger})
	if err != nil {
		return err
	}
	for range writeTries {
		if _, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil {
			return nil
		}
		if !pause(ctx, defaultPoll) {
			break
		}
	}
	return fmt.Errorf("job tables: %w", err)
}
