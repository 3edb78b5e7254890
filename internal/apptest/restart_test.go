package apptest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
)

// TestRestartKeepsSessionsAndJobs ends the program while somebody is signed in
// and a job waits, and starts another on the same data.
func TestRestartKeepsSessionsAndJobs(t *testing.T) {
	t.Parallel()
	apptest.Each(t, func(t *testing.T, w *apptest.World) {
		ada, ben := w.Person("ada"), w.Person("ben")
		ada.Profile(nil).Is(http.StatusOK)
		ben.Profile(nil).Is(http.StatusOK)
		token := ada.Token()
		ben.Get("/me/erase").Send(`form[action$="/me/erase"]`, apptest.Fill{"handle": {"ben"}}).Is(http.StatusOK)
		waiting := jobs(t, w.DB)
		if waiting == 0 {
			t.Fatal("an erasure left no job behind")
		}
		ada.Profile(apptest.Fill{"headline": {"До перезапуска"}}) // a public change that no index has seen

		again := w.Restart()
		if got := jobs(t, again.DB); got != waiting {
			t.Errorf("%d jobs wait after the restart, want %d", got, waiting)
		}
		again.Drain()
		if got := jobs(t, again.DB); got != 0 {
			t.Errorf("%d jobs were never done", got)
		}
		same := ada.At(again)
		same.Get("/me/settings").Is(http.StatusOK).Says("ada")
		same.Get("/me/profile").Send(`form[action$="/me/profile"]`, apptest.Fill{"headline": {"После перезапуска"}}).Is(http.StatusOK)
		again.Visitor().Get("/search?q=перезапуска").Is(http.StatusOK).Has(`a[href$="/tutors/ada"]`).Lacks(`a[href$="/tutors/ben"]`)
		if _, err := again.Accounts.ActorByToken(context.Background(), token); err != nil {
			t.Errorf("the API token is gone: %v", err)
		}
		ben.At(again).Get("/me").Is(http.StatusOK).Has(`form[action$="/login"]`) // sent to sign in: that account is no more
	})
}

func jobs(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := d.Waiting(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
