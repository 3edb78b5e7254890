package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/tmoeg/oduvan/internal/fault"
)

// constraint is a driver's message without values, kept as a fault's cause.
type constraint struct{ text string }

// Error is the text.
func (c constraint) Error() string { return c.text }

// fold turns a driver's error into a fault; faults and plain errors pass.
func (d *DB) fold(err error) error {
	if err == nil || fault.All(err) != nil || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Of(fault.Unavailable, "database_busy").Wrap(err)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Of(fault.NotFound, "not_found")
	}
	folded := foldSQLite(err)
	if d.engine == PostgreSQL {
		folded = foldPostgreSQL(err)
	}
	if folded == nil {
		return err
	}
	return folded
}

// Duplicate tells whether an error is a refused second row of a unique column,
// named as "table.column". PostgreSQL names the constraint: by its default
// naming table_column_key, by ours table_column, or table_pkey.
func Duplicate(err error, table, column string) bool {
	var e *fault.Error
	if !errors.As(err, &e) || e.Code != "duplicate" || e.Err == nil {
		return false
	}
	text := e.Err.Error()
	return strings.Contains(text, table+"."+column) || strings.Contains(text, table+"_"+column)
}
