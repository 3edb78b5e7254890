package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Deadline is one thing that changes by itself at an instant: every fact that
// ages (profiles, requests, slots, offers, grants) has its row here.
type Deadline struct {
	bun.BaseModel `bun:"table:due"`

	Kind string    `bun:"kind,pk"`
	ID   string    `bun:"id,pk"`
	At   time.Time `bun:"at"`
}

// DueFunc acts on a thing whose deadline has come, in the transaction that
// removes the deadline. It may set the next one.
type DueFunc func(ctx context.Context, tx *Tx, id string) error

// OnDue says what happens when a deadline of a kind comes. Call it while
// wiring, before Work.
func (d *DB) OnDue(kind string, fn DueFunc) { d.due[kind] = fn }

// Due sets or moves the one deadline of a thing.
func (tx *Tx) Due(ctx context.Context, kind, id string, at time.Time) error {
	return tx.setDues(ctx, deadline(kind, id, at))
}

// NotDue removes the deadline of a thing, if it has one.
func (tx *Tx) NotDue(ctx context.Context, kind, id string) error { return tx.dropDues(ctx, id, kind) }

// Dues sets the deadlines of a thing, one of each kind, and removes those of the
// kinds whose time is zero.
func (tx *Tx) Dues(ctx context.Context, id string, at map[string]time.Time) error {
	var set []Deadline
	var gone []string
	for _, kind := range slices.Sorted(maps.Keys(at)) {
		if when := at[kind]; when.IsZero() {
			gone = append(gone, kind)
		} else {
			set = append(set, deadline(kind, id, when))
		}
	}
	if err := tx.dropDues(ctx, id, gone...); err != nil {
		return err
	}
	return tx.setDues(ctx, set...)
}

func deadline(kind, id string, at time.Time) Deadline {
	return Deadline{Kind: kind, ID: id, At: at.UTC().Truncate(time.Microsecond)}
}

func (tx *Tx) setDues(ctx context.Context, rows ...Deadline) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (kind, id) DO UPDATE").Set("at = EXCLUDED.at").Exec(ctx)
	return err
}

func (tx *Tx) dropDues(ctx context.Context, id string, kinds ...string) error {
	if len(kinds) == 0 {
		return nil
	}
	_, err := tx.NewDelete().Model((*Deadline)(nil)).Where("id = ? AND kind IN (?)", id, bun.In(kinds)).Exec(ctx)
	return err
}

const sweepBatch = 100

// Sweep acts on every deadline that has come by the program's clock, each in a
// transaction of its own, and returns how many it handled. A failing one does
// not stop the others; the first error is returned at the end.
func (d *DB) Sweep(ctx context.Context) (int, error) {
	done, failed := 0, map[[2]string]bool{}
	var first error
	for ctx.Err() == nil {
		var batch []Deadline
		err := d.Read(ctx, func(tx *Tx) error {
			return tx.NewSelect().Model(&batch).Where("at <= ?", tx.Now).
				OrderExpr("at, kind, id").Limit(int64(sweepBatch + len(failed))).Scan(ctx)
		})
		if err != nil {
			return done, err
		}
		progress := false
		for _, row := range batch {
			key := [2]string{row.Kind, row.ID}
			if failed[key] {
				continue
			}
			progress = true
			if err := d.strike(ctx, row); err != nil {
				failed[key] = true
				if first == nil {
					first = fmt.Errorf("due %s: %w", row.Kind, err)
				}
				continue
			}
			done++
		}
		if !progress {
			break
		}
	}
	return done, first
}

// strike removes one deadline and acts on it. The removal names the instant,
// so a deadline that was moved meanwhile, or struck by another process, is left alone.
func (d *DB) strike(ctx context.Context, row Deadline) error {
	fn := d.due[row.Kind]
	if fn == nil {
		return fmt.Errorf("nobody handles deadlines of kind %q", row.Kind)
	}
	return d.Write(ctx, func(tx *Tx) error {
		res, err := tx.NewDelete().Model((*Deadline)(nil)).
			Where("kind = ? AND id = ? AND at <= ?", row.Kind, row.ID, tx.Now).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return fn(ctx, tx, row.ID)
	})
}
