package web_test

import (
	"flag"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/web"
)

var preview = flag.String("preview", "", "serve the sample pages on this loopback address, e.g. 127.0.0.1:8099, until interrupted")

// TestPreview serves the sample pages for the eye and for axe: it does nothing
// without -preview. The address of a page is /page/LANG/THEME/NAME.
func TestPreview(t *testing.T) {
	if *preview == "" {
		return
	}
	w := open(t)
	mux := http.NewServeMux()
	mux.Handle("/static/", w.Assets())
	mux.HandleFunc("/search/suggest", func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = rw.Write([]byte(`[{"type":"skill","text":"Python","value":"python","url":""},{"type":"person","text":"Лесной ключ","value":"lesnoy-klyuch","url":"/page/ru/auto/profile"}]`))
	})
	mux.HandleFunc("/page/{lang}/{theme}/{name}", func(rw http.ResponseWriter, r *http.Request) {
		for _, s := range samples() {
			if s.name == r.PathValue("name") {
				f := s.frame(w.Frame(r.PathValue("lang")))
				f.Theme = r.PathValue("theme")
				rw.Header().Set("Content-Type", "text/html; charset=utf-8")
				rw.Header().Set("Content-Security-Policy", web.Policy)
				if err := s.page(f).Render(r.Context(), rw); err != nil {
					t.Error(err)
				}
				return
			}
		}
		http.NotFound(rw, r)
	})
	if !strings.HasPrefix(*preview, "127.0.0.1:") {
		t.Fatal("the preview is for this machine only")
	}
	l, err := net.Listen("tcp", *preview)
	if err != nil {
		t.Fatal(err)
	}
	t.Fatal(http.Serve(l, mux))
}
