package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/tmoeg/oduvan/internal/fault"
)

const sqliteReaders = 4

// writerWait is how long a statement waits for another process's lock.
const writerWait = 5 * time.Second

// openSQLite opens one writing connection that takes its lock at BEGIN, and
// several that can only read. secure_delete overwrites what is erased.
// Nobody but the program's own user may read the files.
func openSQLite(cfg Config) (writer, reader *bun.DB, err error) {
	if err := private(cfg.Path); err != nil {
		return nil, nil, err
	}
	sync := "FULL"
	if cfg.NoSync {
		sync = "OFF"
	}
	pragmas := []string{"journal_mode(WAL)", "synchronous(" + sync + ")", "busy_timeout(" + strconv.FormatInt(writerWait.Milliseconds(), 10) + ")", "foreign_keys(1)",
		"secure_delete(1)", "trusted_schema(0)", "cache_size(-32000)", "mmap_size(268435456)", "temp_store(2)"}
	w, err := sqlitePool(cfg, url.Values{"_txlock": {"immediate"}, "_pragma": pragmas})
	if err != nil {
		return nil, nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := sqlitePool(cfg, url.Values{"_pragma": append([]string{"query_only(1)"}, pragmas[2:]...)})
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(sqliteReaders)
	r.SetMaxIdleConns(sqliteReaders)
	return bun.NewDB(w, sqlitedialect.New()), bun.NewDB(r, sqlitedialect.New()), nil
}

// private makes the database's file before SQLite would, which lets others read
// what it makes, and takes from others what a former program let them read.
// SQLite gives the files beside it the same mode. Where the mode cannot be
// changed, the file belongs to another user and opening it is an error.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(name, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func sqlitePool(cfg Config, params url.Values) (*sql.DB, error) {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: cfg.Path}).EscapedPath(), RawQuery: params.Encode()}
	c, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(cfg.Connector(driver.Connector(c)))
	pool.SetConnMaxIdleTime(time.Hour)
	return pool, nil
}

// foldSQLite turns SQLite's result codes into faults. The messages name tables
// and columns, never values.
func foldSQLite(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch code := e.Code(); {
	case code == lib.SQLITE_CONSTRAINT_UNIQUE, code == lib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.Of(fault.Conflict, "duplicate").Wrap(constraint{uniqueColumns(e.Error())})
	case code == lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fault.Of(fault.Conflict, "reference").Wrap(constraint{e.Error()})
	case code&0xff == lib.SQLITE_CONSTRAINT:
		return fault.Of(fault.Invalid, "constraint").Wrap(constraint{e.Error()})
	case code&0xff == lib.SQLITE_BUSY, code&0xff == lib.SQLITE_LOCKED:
		return fault.Of(fault.Unavailable, "database_busy").Wrap(constraint{e.Error()})
	case code&0xff == lib.SQLITE_FULL:
		return fault.Of(fault.Unavailable, "disk_full").Wrap(constraint{e.Error()})
	}
	return nil
}

// uniqueColumns cuts "…UNIQUE constraint failed: account.handle (2067)" to "account.handle".
func uniqueColumns(msg string) string {
	_, msg, _ = strings.Cut(msg, "failed: ")
	if i := strings.LastIndex(msg, " ("); i > 0 {
		msg = msg[:i]
	}
	return msg
}

// compactWait is how long a Compact waits for readers. It holds the only writer
// meanwhile, so it would rather come again.
const compactWait = 200 * time.Millisecond

// errBusy says that readers kept the log from being emptied.
var errBusy = fault.Of(fault.Unavailable, "database_busy")

// Compact makes SQLite forget on disk what was deleted: the write-ahead log is
// folded in and emptied, and secure_delete has overwritten the pages. On
// PostgreSQL that is the server's own VACUUM. Fault: Unavailable database_busy
// while a reader needs the log: call it again later.
func (d *DB) Compact(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	conn, err := d.writer.DB.Conn(ctx)
	if err != nil {
		return d.fold(err)
	}
	defer conn.Close()
	if err := waitFor(ctx, conn, compactWait); err != nil {
		return d.fold(err)
	}
	var busy, log, done int
	err = conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &done)
	if err == nil && busy != 0 {
		err = errBusy
	}
	// The connection is the one that all writers share: whatever happened, it waits as before.
	return d.fold(errors.Join(err, waitFor(context.WithoutCancel(ctx), conn, writerWait)))
}

func waitFor(ctx context.Context, conn *sql.Conn, wait time.Duration) error {
	_, err := conn.ExecContext(ctx, "PRAGMA busy_timeout("+strconv.FormatInt(wait.Milliseconds(), 10)+")")
	return err
}
