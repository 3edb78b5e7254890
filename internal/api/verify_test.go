package api_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/internal/api"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

// TestVerifyAnswersAnything sends what no certificate can be: the verdict says
// so, and only a body that is none, or too large, is refused.
func TestVerifyAnswersAnything(t *testing.T) {
	t.Parallel()
	w := open(t, dbtest.New(t), wide())
	room := api.MaxBody - len(`{"jwt":""}`)
	for name, jwt := range map[string]string{"empty": "", "NUL": `a\u0000b`, "only NUL": `\u0000\u0000`, "NUL behind a backslash": `\\\u0000`, "no escape": `\\u0000`,
		"half a character": `\ud800`, "a million": strings.Repeat("x", 1_000_001), "as long as can be": strings.Repeat("x", room), "NULs": strings.Repeat(`\u0000`, 9999),
		"three parts": `\u0000.\u0000.\u0000`} {
		rec := w.ask("POST", "/api/v1/licences/verify", "", `{"jwt":"`+jwt+`"}`)
		if rec.Code != 200 {
			t.Errorf("%s: got %d %.300s", name, rec.Code, rec.Body)
			continue
		}
		if got := reads[api.LicenceVerdict](t, rec); got.Result != "bad_signature" || got.OK {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	for body, status := range map[string]int{`{"jwt":"` + strings.Repeat("x", room+1) + `"}`: 413, `{"jwt":1}`: 422, `{"jwt":"x","\u0000":1}`: 422, "{\"jwt\":\"\x00\"}": 400, `{"jwt":"`: 400} {
		if rec := w.ask("POST", "/api/v1/licences/verify", "", body); rec.Code != status {
			t.Errorf("%.40q: got %d, want %d", body, rec.Code, status)
		}
	}
}
