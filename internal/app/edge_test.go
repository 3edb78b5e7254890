package app_test

import (
	"context"
	"net/http/httptest"
	"testing"

	"github.com/tmoeg/oduvan/internal/app"
	"github.com/tmoeg/oduvan/internal/config"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
)

func TestBrowsersKeepToHTTPS(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"https://board.example": "max-age=31536000", "http://localhost:8080": ""} {
		cfg := config.Default()
		cfg.Data, cfg.URL = t.TempDir(), address
		dbtest.Copy(t, cfg.Data)
		a, err := app.New(context.Background(), cfg, app.Options{NoSync: true, NoIndex: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/healthz", "/login", "/api/openapi.json"} {
			out := httptest.NewRecorder()
			a.Handler().ServeHTTP(out, httptest.NewRequest("GET", path, nil))
			if got := out.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s%s: %q", address, path, got)
			}
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}
