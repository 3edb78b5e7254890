package db_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// plantJob writes a job as River would have left it. A zero time is none.
func plantJob(t *testing.T, w *dbtest.World, kind, state string, due, begun, done time.Time) {
	t.Helper()
	null := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return at
	}
	err := w.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.NewRaw("INSERT INTO river_job (kind, args, max_attempts, state, scheduled_at, attempted_at, finalized_at) VALUES (?, '{}', 25, ?, ?, ?, ?)",
			kind, state, due, null(begun), null(done)).Exec(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// late lists the kinds of the late jobs.
func late(t *testing.T, w *dbtest.World) (kinds []string) {
	t.Helper()
	err := w.Read(t.Context(), func(tx *db.Tx) error {
		lines, err := tx.Late(context.Background())
		for _, line := range lines {
			_, kind, _ := strings.Cut(line, "(")
			kind, _, _ = strings.Cut(kind, ")")
			kinds = append(kinds, kind)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// What waits while a program is at work is late; what waits for a program is not.
func TestLate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, w *dbtest.World) {
		now, none := time.Now().UTC(), time.Time{}
		ago := func(d time.Duration) time.Time { return now.Add(-d) }
		plantJob(t, w, "old", "available", ago(5*time.Hour), none, none)
		plantJob(t, w, "hung", "running", ago(5*time.Hour), ago(4*time.Hour), none)
		plantJob(t, w, "again", "retryable", ago(-time.Hour), ago(4*time.Hour), none)
		plantJob(t, w, "young", "available", ago(50*time.Minute), none, none)
		if got := late(t, w); got != nil {
			t.Errorf("late where no program ever ran: %v", got)
		}
		plantJob(t, w, "before", "completed", ago(6*time.Hour), ago(6*time.Hour), ago(6*time.Hour))
		plantJob(t, w, "begins", "completed", ago(time.Second), ago(time.Second), ago(time.Second))
		if got := late(t, w); got != nil {
			t.Errorf("late where a program has just begun again: %v", got)
		}
		plantJob(t, w, "beside", "completed", ago(2*time.Hour), ago(2*time.Hour), ago(2*time.Hour))
		if diff := cmp.Diff([]string{"old", "hung"}, late(t, w)); diff != "" {
			t.Errorf("late (-want +got):\n%s", diff)
		}
	})
}
