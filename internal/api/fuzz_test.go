package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/api"
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

// FuzzMessage sends any bytes as a message: what is refused leaves nothing
// behind, what is taken stands in the thread for both.
func FuzzMessage(f *testing.F) {
	w := open(f, dbtest.New(f), wide())
	ada, ben := w.tutor("ada-lint"), w.person("ben-byte", account.Member)
	path := "/inquiries/" + w.did("POST", "/profiles/ada-lint/inquiries", ben, question)
	for _, v := range append(odd(), `{"text":"x"}`, `{"text":" <b>x</b>\r\n"}`, `{"text":"\u202e"}`) {
		if len(v) < 10_000 {
			f.Add(v)
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		w := w.in(t)
		before := w.rows()
		rec := w.ask(http.MethodPost, "/api/v1"+path+"/messages", ada, body)
		switch {
		case rec.Code == http.StatusCreated:
			for _, token := range []string{ada, ben} {
				var thread api.Thread
				if err := json.Unmarshal(w.ask(http.MethodGet, "/api/v1"+path, token, "").Body.Bytes(), &thread); err != nil {
					t.Fatal(err)
				}
				if last := thread.Messages[len(thread.Messages)-1]; last.ID != first(rec.Body.String()) || last.Text == "" || last.Mine != (token == ada) {
					t.Errorf("taken: %s, read: %+v", rec.Body, last)
				}
			}
			w.did("POST", path+"/messages", ben, fmt.Sprintf(`{"text":"after %s"}`, first(rec.Body.String()))) // or too many stand in a row
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
