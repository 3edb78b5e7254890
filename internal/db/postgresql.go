package db

import (
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/tmoeg/oduvan/internal/fault"
)

// openPostgreSQL opens one pool for both ways. bun renders arguments into the
// SQL text, so a statement cache would only thrash: exec mode keeps none and
// passes through PgBouncer.
func openPostgreSQL(cfg Config) (writer, reader *bun.DB, err error) {
	conf, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("database url: %w", hidden{err})
	}
	conf.DefaultQueryExecMode = pgx.QueryExecModeExec
	for key, value := range map[string]string{"timezone": "UTC", "statement_timeout": "10s", "lock_timeout": "5s",
		"idle_in_transaction_session_timeout": "60s", "standard_conforming_strings": "on"} {
		if _, set := conf.RuntimeParams[key]; !set {
			conf.RuntimeParams[key] = value
		}
	}
	pool := sql.OpenDB(cfg.Connector(stdlib.GetConnector(*conf)))
	n := min(2*runtime.NumCPU()+4, 10)
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	b := bun.NewDB(pool, pgdialect.New())
	return b, b, nil
}

// hidden keeps a parse error's text, which may quote a password, out of logs.
type hidden struct{ error }

// Error says only that the text could not be read.
func (hidden) Error() string { return "cannot be parsed" }

// foldPostgreSQL turns SQLSTATE classes into faults. Detail is dropped: it quotes values.
func foldPostgreSQL(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if pgconn.SafeToRetry(err) || isBegin(err) {
			return fault.Of(fault.Unavailable, "database_away")
		}
		return nil
	}
	cause := constraint{e.TableName + "." + e.ConstraintName + " " + e.Code}
	switch {
	case e.Code == "23505":
		return fault.Of(fault.Conflict, "duplicate").Wrap(cause)
	case e.Code == "23503":
		return fault.Of(fault.Conflict, "reference").Wrap(cause)
	case e.Code[:2] == "23", e.Code == "22001", e.Code == "22021":
		return fault.Of(fault.Invalid, "constraint").Wrap(cause)
	case e.Code == "40001", e.Code == "40P01", e.Code == "55P03", e.Code == "57014":
		return fault.Of(fault.Unavailable, "database_busy").Wrap(cause)
	case e.Code == "53100":
		return fault.Of(fault.Unavailable, "disk_full").Wrap(cause)
	case e.Code[:2] == "57", e.Code[:2] == "08", e.Code[:2] == "53":
		return fault.Of(fault.Unavailable, "database_away").Wrap(cause)
	}
	return fmt.Errorf("postgresql %s: %s", e.Code, cause)
}

func isBegin(err error) bool {
	var b beginError
	return errors.As(err, &b)
}

// retryable tells whether the same unit of work may simply run again: nothing
// of it can have been applied.
func retryable(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "40001" || e.Code == "40P01"
	}
	return isBegin(err) && pgconn.SafeToRetry(err)
}
