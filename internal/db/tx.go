package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/tmoeg/oduvan/internal/fault"
)

// Tx is one unit of work: every row it writes carries the same instant.
type Tx struct {
	bun.Tx
	Now  time.Time // UTC, microseconds
	db   *DB
	ids  uint16
	last []func(context.Context) error
}

// Last keeps fn until all else of the unit of work is done and runs it just
// before the commit, after those that were kept before it; its fault undoes the
// whole. What all others wait for, such as the end of a chain, is so held for a
// moment only. It must not be called in a Read.
func (tx *Tx) Last(fn func(context.Context) error) { tx.last = append(tx.last, fn) }

// atLast runs what was kept.
func (tx *Tx) atLast(ctx context.Context) error {
	for len(tx.last) > 0 {
		fn := tx.last[0]
		tx.last = tx.last[1:]
		if err := fn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// NewID makes a time-ordered id (UUID version 7, RFC 9562). Accounts, profiles
// and messages take RandomID instead: a time-ordered id tells when a
// pseudonymous person joined.
func (tx *Tx) NewID() string {
	var id uuid.UUID
	ms := uint64(tx.Now.UnixMilli())
	binary.BigEndian.PutUint64(id[:8], ms<<16)
	tx.ids++
	binary.BigEndian.PutUint16(id[6:8], 0x7000|tx.ids&0x0fff)
	copy(id[8:], tx.db.bytes(8))
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// RandomID makes an id that tells nothing (UUID version 4).
func (tx *Tx) RandomID() string {
	var id uuid.UUID
	copy(id[:], tx.db.bytes(16))
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Today is the unit's day in UTC: the most exact time at which anything public
// about a person is kept.
func (tx *Tx) Today() time.Time { return Day(tx.Now) }

// Day cuts an instant to its day in UTC.
func Day(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Date writes a day as answers and exports show it, such as 2027-03-01; a zero
// time is empty.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// Must turns "no row was touched" into the fault given: the answer to a
// conditional update whose state had moved on.
func Must(res sql.Result, err error, none *fault.Error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return none
	}
	return nil
}

// One scans a single row of a query into dest and answers none when there is no row.
func One(ctx context.Context, q *bun.SelectQuery, none *fault.Error, dest ...any) error {
	err := q.Limit(1).Scan(ctx, dest...)
	if err == sql.ErrNoRows { //nolint:errorlint // database/sql returns it bare
		return none
	}
	return err
}
