package market_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/market"
)

// atOnce runs functions together and returns what each gave, as codes.
func atOnce(fns ...func() error) []string {
	out, start, done := make([]string, len(fns)), make(chan struct{}), make(chan struct{})
	for i, fn := range fns {
		go func() {
			<-start
			out[i] = code(fn())
			done <- struct{}{}
		}()
	}
	close(start)
	for range fns {
		<-done
	}
	return out
}

// services counts the rows of an account.
func (w *world) services(t *testing.T, accountID string) (n int) {
	t.Helper()
	err := w.Read(context.Background(), func(tx *db.Tx) error {
		return tx.NewRaw("SELECT count(*) FROM service WHERE account_id = ?", accountID).Scan(context.Background(), &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// One tab adds and edits services while another erases the account: whoever is
// first, the erasure succeeds and nothing is left.
func TestErasureWinsOverASecondTab(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		for i := range 12 {
			ada := w.tutor(t, fmt.Sprintf("ada%d", i))
			row := w.add(t, ada, lesson())
			add := func() error { _, err := w.AddService(ctx, ada, lesson()); return err }
			edit := func() error { _, err := w.EditService(ctx, ada, row.ID, lesson()); return err }
			got := atOnce(add, func() error { return w.accounts.Erase(ctx, ada, ada.Handle) }, edit, add)
			want(t, "the erasure", code(nil), got[1])
			for _, other := range []string{got[0], got[2], got[3]} {
				if !slices.Contains([]string{code(nil), "not_found:profile_none", "not_found:service_unknown", "conflict:changed_meanwhile"}, other) {
					t.Errorf("the other tab got %q", other)
				}
			}
			want(t, "services left", 0, w.services(t, ada.ID))
		}
	})
}

// The same service is removed in one tab and saved in the other: one of them
// is told, and what stands afterwards is what the winner did.
func TestRemovedInAnotherTab(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ctx, ada := context.Background(), w.tutor(t, "ada")
		remove := func(id string) func() error { return func() error { return w.RemoveService(ctx, ada, id) } }
		for range 12 {
			row := w.add(t, ada, lesson())
			edit := func() error {
				_, err := w.EditService(ctx, ada, row.ID, lesson(func(in *market.ServiceInput) { in.Version = row.Version }))
				return err
			}
			got := atOnce(remove(row.ID), edit, remove(row.ID))
			gone := 0
			for _, c := range []string{got[0], got[2]} {
				if c == code(nil) {
					gone++
				} else if c != "not_found:service_unknown" {
					t.Errorf("a removal got %q", c)
				}
			}
			want(t, "removals that succeeded", 1, gone)
			if !slices.Contains([]string{code(nil), "not_found:service_unknown", "conflict:changed_meanwhile"}, got[1]) {
				t.Errorf("the edit got %q", got[1])
			}
			want(t, "services left", 0, w.services(t, ada.ID))
		}
		want(t, "a third time", "not_found:service_unknown", code(w.RemoveService(ctx, ada, "00000000-0000-4000-8000-000000000000")))
	})
}
