package apptest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// The stand-in is a program of its own that has the test's clock and can be
// taken away and brought back.
func TestTheStandInForStripe(t *testing.T) {
	t.Parallel()
	clock := dbtest.NewClock()
	s := apptest.NewStripeWorld(t, clock.Now)
	call := func() (int, string) {
		req, err := http.NewRequest(http.MethodPost, s.Base+"/v1/accounts", strings.NewReader(url.Values{"type": {"standard"}}.Encode()))
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+s.Key)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Idempotency-Key", clock.Now().String())
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		return res.StatusCode, string(body)
	}
	if status, body := call(); status != http.StatusOK || !strings.Contains(body, `"created": 1795338000`) {
		t.Errorf("got %d %s, want an account of the test's first instant", status, body)
	}
	clock.Advance(time.Hour)
	if status, body := call(); status != http.StatusOK || !strings.Contains(body, `"created": 1795341600`) {
		t.Errorf("got %d %s, want an account made an hour later", status, body)
	}
	s.Instead(http.NotFoundHandler())
	if status, _ := call(); status != http.StatusNotFound {
		t.Errorf("got %d from what answers instead", status)
	}
	s.Instead(nil)
	if _, err := s.Try("pay", "id", "cs_unknown"); err == nil {
		t.Error("a page that is not there was paid")
	}
	if d := cmp.Diff([]string{"POST /v1/accounts", "POST /v1/accounts", "POST /v1/accounts"}, s.Heard()); d != "" {
		t.Errorf("calls (-want +got):\n%s", d)
	}
}

// A board is pointed to the stand-in, also after it was started again.
func TestABoardBesideTheStandIn(t *testing.T) {
	t.Parallel()
	w, s := apptest.NewWithStripe(t)
	for range 2 {
		if w.Config.StripeAPIBase != s.Base || w.Config.StripeSecretKey != s.Key || w.Config.StripeWebhookSecrets != s.Secret {
			t.Errorf("the board is told %+v", w.Config)
		}
		w = w.Restart()
	}
}
