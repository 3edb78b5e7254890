package api_test

import (
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// FuzzProfile sends any bytes as a profile: what is refused leaves nothing
// behind, what is taken can be read again.
func FuzzProfile(f *testing.F) {
	w := open(f, dbtest.New(f), wide())
	token := w.person("ada-lint", account.Member)
	for _, v := range append(odd(), adasProfile, `{"links":[{"url":"https://a.example","title":"x"}]}`, `{"paused_until":"2026-12-01T00:00:00Z","state":"paused"}`) {
		if len(v) < 10_000 {
			f.Add(v)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := w.in(t)
		before := w.rows()
		rec := w.ask(http.MethodPut, "/api/v1/me/profile", token, body)
		switch {
		case rec.Code == http.StatusOK:
			if again := w.ask(http.MethodGet, "/api/v1/me/profile", token, ""); again.Body.String() != rec.Body.String() {
				t.Errorf("taken:\n%s\nread:\n%s", rec.Body, again.Body)
			}
		case rec.Code >= 500:
			t.Errorf("status %d\n%s\n%s", rec.Code, rec.Body, w.logs)
		default:
			problem(t, rec)
			if after := w.rows(); after != before {
				t.Errorf("status %d, and yet rows changed from\n%s to\n%s", rec.Code, before, after)
			}
		}
	})
}
