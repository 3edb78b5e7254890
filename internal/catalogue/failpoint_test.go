//go:build failpoints

package catalogue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tmoeg/oduvan/internal/catalogue/cataloguetest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/failpoint"
)

// The point belongs to the whole process, so this test is not parallel: it is
// over before the parallel ones go on.
func TestCrashAfterTheIndexIsSaved(t *testing.T) {
	d := dbtest.New(t)
	ctx := context.Background()
	w := &world{World: d, engine: &cataloguetest.Engine{}}
	w.write(t, func(tx *db.Tx) error {
		_, err := tx.NewCreateTable().Model((*thing)(nil)).Exec(ctx)
		return err
	})
	w.Catalogue = w.catalogue(w.engine)
	failpoint.Enable(failpoint.IndexAfterSave, failpoint.Error, 1)
	defer failpoint.Disable(failpoint.IndexAfterSave)
	w.put(t, some()...)
	if err := w.CatchUp(ctx); !errors.Is(err, failpoint.ErrInjected) {
		t.Fatalf("building: %v", err)
	}
	want(t, "saved by the build", w.shown(t), w.engine.Refs())
	failpoint.Disable(failpoint.IndexAfterSave)
	w.catchUp(t)
	want(t, "builds", 1, w.engine.Builds())

	failpoint.Enable(failpoint.IndexAfterSave, failpoint.Error, 1)
	w.put(t, thing{Kind: "tutor", ID: "a"}, thing{Kind: "tutor", ID: "n", Title: "new", Shown: true})
	if err := w.CatchUp(ctx); !errors.Is(err, failpoint.ErrInjected) {
		t.Fatalf("applying: %v", err)
	}
	want(t, "not yet known", int64(5), w.Applied())
	failpoint.Disable(failpoint.IndexAfterSave)
	w.catchUp(t)
	want(t, "index", w.shown(t), w.engine.Refs())
	want(t, "applied, builds", []int64{7, 1}, []int64{w.Applied(), int64(w.engine.Builds())})
}

func (w *world) write(t testing.TB, fn func(*db.Tx) error) {
	t.Helper()
	if err := w.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}
