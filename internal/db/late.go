package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// How long a job may be due before it counts as late, and how long a program that
// begins again may take for what waited while it did not run.
const (
	lateAfter = time.Hour
	catchUp   = 10 * time.Minute
)

// Late lists the jobs that should have been done an hour ago and were not,
// although a program was at work since they were due; at most 100, each a short
// line without arguments. What waits because no program ran is not late: it is
// done when one runs. Jobs go by the real clock, so this does too.
func (tx *Tx) Late(ctx context.Context) (out []string, err error) {
	var worked time.Time
	err = tx.NewRaw("SELECT attempted_at FROM river_job WHERE state = 'completed' AND attempted_at < ? ORDER BY attempted_at DESC LIMIT 1",
		time.Now().UTC().Add(-lateAfter)).Scan(ctx, &worked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var rows []struct {
		ID   int64
		Kind string
		Due  time.Time
	}
	due := worked.UTC().Add(-catchUp)
	err = tx.NewRaw(`SELECT id, kind, scheduled_at AS due FROM river_job WHERE state = 'available' AND scheduled_at < ?
		UNION ALL SELECT id, kind, attempted_at AS due FROM river_job WHERE state = 'running' AND attempted_at < ? ORDER BY 1 LIMIT 100`, due, due).Scan(ctx, &rows)
	for _, r := range rows {
		out = append(out, fmt.Sprintf("job %d (%s) is due since %s", r.ID, r.Kind, r.Due.UTC().Format(time.RFC3339)))
	}
	return out, err
}
