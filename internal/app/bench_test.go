package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/apptest"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/internal/transfer/demo"
)

// discard is a response writer that costs nothing.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header  { return d.header }
func (d *discard) WriteHeader(code int) { d.status = code }
func (d *discard) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// hello is the bare gin handler that everything is compared with, over the
// same real connections.
func hello() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "hello") })
	return r
}

// BenchmarkPages prints the CPU of client and server together per request over
// a kept-alive loopback connection, and the statements per page. The bare gin
// handler stands in the same run: quote ratios.
func BenchmarkPages(b *testing.B) {
	bare := httptest.NewServer(hello())
	defer bare.Close()
	w := apptest.New(b)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		b.Fatal(err)
	}
	w.Settle()
	n := 0
	for _, page := range []struct{ name, url, match string }{
		{"gin", bare.URL + "/", ""},
		{"home/cached", w.URL + "/", ""},
		{"search/cached", w.URL + "/search?q=python", ""},
		{"search/304", w.URL + "/search?q=python", "etag"},
		{"search/uncached", w.URL + "/search?q=python&page=1&x=%d", ""},
		{"search/browse-uncached", w.URL + "/search?x=%d", ""},
		{"profile/cached", w.URL + profileOf(b, w), ""},
		{"api/search", w.URL + "/api/v1/search?q=python&limit=20", ""},
	} {
		b.Run(page.name, func(b *testing.B) {
			var etag string
			if page.match != "" {
				etag = fetch(b, page.url, "").Get("ETag")
			}
			fetch(b, fill(page.url, &n), etag)
			queries, begin := w.DB.Queries(), cpu()
			for b.Loop() {
				fetch(b, fill(page.url, &n), etag)
			}
			b.ReportMetric(float64((cpu()-begin).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(w.DB.Queries()-queries)/float64(b.N), "queries/op")
		})
	}
}

// fill puts a number that was not used before into an address.
func fill(url string, n *int) string {
	*n++
	if len(url) > 2 && url[len(url)-2:] == "%d" {
		return fmt.Sprintf(url, *n)
	}
	return url
}

func profileOf(b *testing.B, w *apptest.World) string {
	b.Helper()
	list, err := w.Catalogue.Newest(context.Background(), "tutor", 1)
	if err != nil || len(list) == 0 {
		b.Fatalf("no tutor: %v", err)
	}
	return list[0].URL
}

func fetch(b *testing.B, url, etag string) http.Header {
	b.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		b.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotModified {
		b.Fatalf("%s: %d", url, res.StatusCode)
	}
	return res.Header
}

// BenchmarkHandler is the same without the network: only what the program does.
func BenchmarkHandler(b *testing.B) {
	w := apptest.New(b)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		b.Fatal(err)
	}
	w.Settle()
	n := 0
	for _, page := range []struct {
		name, path string
		h          http.Handler
	}{
		{"gin", "/", hello()}, {"home/cached", "/", w.Handler()}, {"search/cached", "/search?q=python", w.Handler()},
		{"search/uncached", "/search?q=python&x=%d", w.Handler()}, {"browse/uncached", "/search?x=%d", w.Handler()},
	} {
		b.Run(page.name, func(b *testing.B) {
			runtime.GC()
			begin := cpu()
			for b.Loop() {
				req := httptest.NewRequest(http.MethodGet, fill(page.path, &n), nil)
				req.Header.Set("Accept-Encoding", "gzip")
				out := &discard{header: http.Header{}}
				page.h.ServeHTTP(out, req)
				if out.status != http.StatusOK {
					b.Fatalf("status %d", out.status)
				}
			}
			b.ReportMetric(float64((cpu()-begin).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// TestQueriesPerPage holds every public page to a constant number of
// statements, whatever the number of things on it.
func TestQueriesPerPage(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	if _, err := demo.Load(context.Background(), w.DB, w.Transfer); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	list, err := w.Catalogue.Newest(context.Background(), "service", 1)
	if err != nil || len(list) == 0 {
		t.Fatalf("no service: %v", err)
	}
	for _, page := range []struct {
		path string
		most int64
	}{{"/", 30}, {"/search", 12}, {"/search?q=python", 12}, {"/tutors/" + list[0].Handle, 22}, {list[0].URL, 20}, {"/about", 6},
		{"/privacy", 6}, {"/api/v1/search?q=python", 12}, {"/feed.atom", 12}} {
		ctx, n := db.CountQueries(context.Background())
		req := httptest.NewRequest(http.MethodGet, page.path, nil).WithContext(ctx)
		out := &discard{header: http.Header{}}
		w.Handler().ServeHTTP(out, req)
		if out.status != http.StatusOK || n.Load() > page.most {
			t.Errorf("%s: status %d, %d statements, want at most %d", page.path, out.status, n.Load(), page.most)
		}
		t.Logf("%-30s %d statements", page.path, n.Load())
	}
}
