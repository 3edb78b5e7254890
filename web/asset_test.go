package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tmoeg/oduvan/web"
)

func TestAssets(t *testing.T) {
	t.Parallel()
	w := open(t)
	css := w.Asset("base.css")
	old := "/static/base.00000000.css"
	const year = "public, max-age=31536000, immutable"
	for _, c := range []struct {
		name, method, path, accept, match string
		status                            int
		kind, cache, encoding             string
	}{
		{"plain", "GET", css, "", "", 200, "text/css; charset=utf-8", year, ""},
		{"gzip", "GET", css, "br, gzip;q=0.5", "", 200, "text/css; charset=utf-8", year, "gzip"},
		{"gzip refused", "GET", css, "gzip;q=0", "", 200, "text/css; charset=utf-8", year, ""},
		{"script", "GET", w.Asset("theme.js"), "gzip", "", 200, "text/javascript; charset=utf-8", year, "gzip"},
		{"picture", "GET", w.Asset("icon-192.png"), "gzip", "", 200, "image/png", year, ""},
		{"old hash", "GET", old, "", "", 200, "text/css; charset=utf-8", "no-cache", ""},
		{"head", "HEAD", css, "", "", 200, "text/css; charset=utf-8", year, ""},
		{"known", "GET", css, "", `"` + hashOf(css) + `"`, 304, "text/css; charset=utf-8", year, ""},
		{"no hash", "GET", "/static/base.css", "", "", 404, "text/plain; charset=utf-8", "no-store", ""},
		{"unknown", "GET", "/static/none.00000000.css", "", "", 404, "text/plain; charset=utf-8", "no-store", ""},
		{"climbing", "GET", "/static/../locale/common.ru.toml", "", "", 404, "text/plain; charset=utf-8", "no-store", ""},
		{"outside", "GET", "/x", "", "", 404, "text/plain; charset=utf-8", "no-store", ""},
		{"write", "POST", css, "", "", 405, "text/plain; charset=utf-8", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(c.method, "http://x/", nil)
			r.URL.Path = c.path
			r.Header.Set("Accept-Encoding", c.accept)
			r.Header.Set("If-None-Match", c.match)
			rec := httptest.NewRecorder()
			w.Assets().ServeHTTP(rec, r)
			h := rec.Header()
			got := []any{rec.Code, h.Get("Content-Type"), h.Get("Cache-Control"), h.Get("Content-Encoding"), h.Get("X-Content-Type-Options")}
			want := []any{c.status, c.kind, c.cache, c.encoding, "nosniff"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if (c.method == "HEAD" || c.status == http.StatusNotModified) && rec.Body.Len() > 0 {
				t.Error("a body where none belongs")
			}
		})
	}
}

func hashOf(path string) string {
	parts := strings.Split(path, ".")
	return parts[len(parts)-2]
}

func TestAssetIsTheFile(t *testing.T) {
	t.Parallel()
	w := open(t)
	want, err := os.ReadFile("static/base.css")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", w.Asset("base.css"), nil)
	r.Header.Set("Accept-Encoding", "gzip")
	rec := httptest.NewRecorder()
	w.Assets().ServeHTTP(rec, r)
	z, err := gzip.NewReader(rec.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestStylesFetchNothing keeps downloads and foreign addresses out of styles
// and scripts.
func TestStylesFetchNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"base.css", "theme.js", "combobox.js", "form.js", "filters.js", "worker.js"} {
		body, err := os.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"http://", "https://", "url(", "@import", "@font-face", "eval("} {
			if strings.Contains(string(body), bad) {
				t.Errorf("%s holds %s", name, bad)
			}
		}
	}
}

func TestManifestAndWorker(t *testing.T) {
	t.Parallel()
	w := open(t)
	f := w.Frame("en")
	f.BranchName = `Bran"ch`
	for _, part := range []string{`"name":"Bran\"ch"`, `"lang":"en"`, w.Asset("icon-512.png")} {
		if !strings.Contains(string(f.Manifest()), part) {
			t.Errorf("manifest lacks %s: %s", part, f.Manifest())
		}
	}
	for _, part := range []string{"/offline", w.Asset("base.css"), "addEventListener(\"fetch\""} {
		if !strings.Contains(string(w.Worker()), part) {
			t.Errorf("worker lacks %s", part)
		}
	}
}

// FuzzAssets sends what strangers may: nothing but an asset or a refusal comes back.
func FuzzAssets(f *testing.F) {
	w, err := web.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(w.Asset("base.css"), "gzip;q=1")
	f.Add("/static/base.3f2a9c10.css", "gzip; q = x, *;q=")
	f.Add("/static/../embed.go", "")
	f.Add("/static//.00000000.", ";;;q,")
	f.Fuzz(func(t *testing.T, path, accept string) {
		r := httptest.NewRequest("GET", "http://x/", nil)
		r.URL.Path = path
		r.Header.Set("Accept-Encoding", accept)
		rec := httptest.NewRecorder()
		w.Assets().ServeHTTP(rec, r)
		if rec.Code != http.StatusOK && rec.Code != http.StatusNotFound {
			t.Errorf("%q: %d", path, rec.Code)
		}
		if rec.Code == http.StatusOK && (rec.Header().Get("ETag") == "" || rec.Body.Len() == 0) {
			t.Errorf("%q: an empty file", path)
		}
	})
}
