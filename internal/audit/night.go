package audit

import (
	"context"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/fault"
)

const (
	due       = "audit"
	dueID     = "nightly"
	hour      = 2 // of the night, UTC, when least is asked of the program
	retention = 400 * 24 * time.Hour
	maxNames  = 8000 // bytes that one run keeps
)

// nightJob is one nightly run. It runs outside of the transaction in which its
// deadline came: reading everything must not hold the only writer of SQLite.
type nightJob struct{}

// Kind is the job's word.
func (nightJob) Kind() string { return "audit_night" }

// Nightly plans a run every night, the first one at once. Call it while wiring,
// once a database and before its Work.
func (a *Audit) Nightly() {
	a.db.OnDue(due, func(ctx context.Context, tx *db.Tx, _ string) error {
		if err := tx.Due(ctx, due, dueID, night(tx.Now)); err != nil {
			return err
		}
		return tx.Enqueue(ctx, nightJob{})
	})
	a.db.OnSweep(a.plan)
	db.Handle(a.db, func(ctx context.Context, _ nightJob) error {
		report, err := a.Run(ctx)
		if err != nil {
			a.log.Error("the nightly audit could not be made", "error", err)
			return err
		}
		return a.Keep(ctx, report)
	})
}

// night is the next night's hour after an instant.
func night(now time.Time) time.Time {
	at := db.Day(now).Add(hour * time.Hour)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// plan sets the first deadline of a database: it has come already.
func (a *Audit) plan(ctx context.Context) error {
	planned := false
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		n, err := tx.NewSelect().Model((*db.Deadline)(nil)).Where("kind = ? AND id = ?", due, dueID).Count(ctx)
		planned = n > 0
		return err
	})
	if err != nil || planned {
		return err
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.NewInsert().Model(&db.Deadline{Kind: due, ID: dueID, At: tx.Now}).On("CONFLICT (kind, id) DO NOTHING").Exec(ctx)
		return err
	})
}

// Keep writes down a run for Last, and forgets those of long ago. A broken
// invariant is an error line in the log, by name.
func (a *Audit) Keep(ctx context.Context, r Report) error {
	names := strings.Join(r.Names(), " ")
	names = names[:min(len(names), maxNames)]
	if !r.OK {
		a.log.Error("the audit found what must not be: oduvan audit lists it", "count", len(r.Findings), "reason", names)
	}
	return a.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.NewDelete().Model((*Run)(nil)).Where("at < ?", tx.Now.Add(-retention)).Exec(ctx); err != nil {
			return err
		}
		row := Run{ID: tx.RandomID(), At: r.At, OK: r.OK, Checked: r.Checked, Findings: len(r.Findings), Names: names}
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// Last is the newest run that was kept. Fault: NotFound audit_none before the
// first one.
func (a *Audit) Last(ctx context.Context) (out Run, err error) {
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		return db.One(ctx, tx.NewSelect().Model(&out).OrderExpr("at DESC, id DESC"), fault.Of(fault.NotFound, "audit_none"))
	})
	return out, err
}
