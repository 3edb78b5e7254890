package notice_test

import (
	"testing"

	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/notice"
)

// What led to a page that is gone goes, of the one who is meant alone.
func TestForget(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		ada, ben := w.person(t, "ada"), w.person(t, "ben")
		other := notice.Told{Kind: notice.ThreadClosed, Subject: "other", Path: "/inquiries/77"}
		w.tells(t, ada, message(1), message(2), other)
		w.tells(t, ben, message(3))
		w.tells(t, ada, notice.Told{Kind: notice.ProfileSlept, Subject: "own", Path: "/me"})
		must(t, w.MarkRead(w.ctx, ada, w.all(t, ada)[0].ID))
		must(t, w.Write(w.ctx, func(tx *db.Tx) error { return w.Forget(w.ctx, tx, ada.ID, "/inquiries/7") }))
		left := map[string]bool{}
		for _, n := range w.all(t, ada) {
			left[n.Subject] = true
		}
		if len(left) != 2 || !left["other"] || !left["own"] {
			t.Errorf("ada keeps %v", left)
		}
		if got := len(w.all(t, ben)); got != 1 {
			t.Errorf("ben keeps %d", got)
		}
		must(t, w.Write(w.ctx, func(tx *db.Tx) error { return w.Forget(w.ctx, tx, ada.ID, "/inquiries/7") }))
	})
}
