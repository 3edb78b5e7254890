package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const staticPrefix = "/static/"

// asset is one static file as it is sent: plain, and gzipped where that helps.
type asset struct {
	name string // logical: "base.css"
	path string // with the hash of the content
	kind string // media type
	etag string
	body []byte
	gzip []byte // nil when packing saves nothing
}

func (w *Web) loadAssets(fsys fs.FS) error {
	w.byName, w.byPath = map[string]*asset{}, map[string]*asset{}
	return fs.WalkDir(fsys, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		a, err := newAsset(strings.TrimPrefix(p, "static/"), body)
		if err != nil {
			return err
		}
		w.byName[a.name], w.byPath[a.path] = a, a
		return nil
	})
}

func newAsset(name string, body []byte) (*asset, error) {
	ext := path.Ext(name)
	kind := mediaType(ext)
	if kind == "" {
		return nil, fmt.Errorf("no media type for %s", name)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:4])
	a := &asset{name: name, kind: kind, body: body, etag: `"` + hash + `"`,
		path: staticPrefix + strings.TrimSuffix(name, ext) + "." + hash + ext}
	if ext == ".png" {
		return a, nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() < len(body) {
		a.gzip = b.Bytes()
	}
	return a, nil
}

// mediaType knows the few kinds of file we ship. The table of the host system
// is not asked: it differs between machines.
func mediaType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	}
	return ""
}

// Asset is the address of a static file by its plain name: "base.css" gives
// "/static/base.3f2a9c10.css". A name that does not exist gives an address
// that answers 404, which the page tests notice.
func (w *Web) Asset(name string) string {
	if a, ok := w.byName[name]; ok {
		return a.path
	}
	return staticPrefix + "missing/" + name
}

// Assets serves everything under /static/. A name with the right hash may be
// kept for a year; one with an old hash gets today's file and must be asked
// for again, so a page from before an upgrade keeps its style.
func (w *Web) Assets() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			rw.Header().Set("Allow", "GET, HEAD")
			http.Error(rw, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		a, exact := w.find(r.URL.Path)
		if a == nil {
			rw.Header().Set("Cache-Control", "no-store")
			http.Error(rw, "not found", http.StatusNotFound)
			return
		}
		a.serve(rw, r, exact)
	})
}

func (w *Web) find(p string) (a *asset, exact bool) {
	if a := w.byPath[p]; a != nil {
		return a, true
	}
	name, ok := strings.CutPrefix(p, staticPrefix)
	if !ok {
		return nil, false
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	hash := path.Ext(stem)
	if !isHash(strings.TrimPrefix(hash, ".")) {
		return nil, false
	}
	return w.byName[strings.TrimSuffix(stem, hash)+ext], false
}

func isHash(s string) bool {
	if len(s) != 8 {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

func (a *asset) serve(rw http.ResponseWriter, r *http.Request, exact bool) {
	h := rw.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", a.etag)
	h.Set("Cache-Control", "no-cache")
	if exact {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), a.etag) {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.body
	if a.gzip != nil && AcceptsGzip(r.Header.Get("Accept-Encoding")) {
		body = a.gzip
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = rw.Write(body) // the reader went away: nothing is left to do
}

// AcceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3) as far as gzip goes.
func AcceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q = strings.ReplaceAll(q, " ", "")
			v, err := strconv.ParseFloat(strings.TrimPrefix(q, "q="), 64)
			return err != nil || v > 0
		}
	}
	return false
}
