package site

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
	"github.com/klauspost/compress/gzip"

	"github.com/tmoeg/oduvan/web"
)

const (
	cacheBytes = 64 << 20
	cacheLife  = 60 * time.Second
)

// cached is one page as it goes over the wire, true while the database's
// change number stands.
type cached struct {
	key        string
	generation int64
	made       time.Time
	kind       string // Content-Type
	etag       string
	plain      []byte
	packed     []byte
}

func (e *cached) size() int { return len(e.key) + len(e.plain) + len(e.packed) + 200 }

// pageCache keeps pages that are the same for every stranger, least recently
// used out first.
type pageCache struct {
	mu    sync.Mutex
	bound int
	size  int
	order *list.List
	byKey map[string]*list.Element
}

func newPageCache(bound int) *pageCache {
	return &pageCache{bound: bound, order: list.New(), byKey: map[string]*list.Element{}}
}

func (p *pageCache) get(key string, generation int64, now time.Time) *cached {
	p.mu.Lock()
	defer p.mu.Unlock()
	el, ok := p.byKey[key]
	if !ok {
		return nil
	}
	e := el.Value.(*cached) //nolint:forcetypeassert // only these are kept
	if e.generation != generation || now.Sub(e.made) > cacheLife || now.Before(e.made) {
		p.drop(el)
		return nil
	}
	p.order.MoveToFront(el)
	return e
}

func (p *pageCache) put(e *cached) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if el, ok := p.byKey[e.key]; ok {
		p.drop(el)
	}
	if e.size() > p.bound/8 {
		return
	}
	p.byKey[e.key] = p.order.PushFront(e)
	p.size += e.size()
	for p.size > p.bound {
		p.drop(p.order.Back())
	}
}

func (p *pageCache) drop(el *list.Element) {
	e := p.order.Remove(el).(*cached) //nolint:forcetypeassert // only these are kept
	delete(p.byKey, e.key)
	p.size -= e.size()
}

// shared makes a page that any stranger may see; the frame it gets holds
// nothing of a person unless one is signed in.
type shared = func(*gin.Context, *visit, web.Frame) (templ.Component, error)

// open serves a public page: to strangers from the cache, to people with a
// session fresh and with their frame.
func (s *Site) open(h shared) gin.HandlerFunc {
	return s.page(func(c *gin.Context) error {
		if _, err := c.Request.Cookie(s.sessions.Cookie.Name); err == nil {
			return s.personal(c, h)
		}
		return s.impersonal(c, h)
	})
}

func (s *Site) personal(c *gin.Context, h shared) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, v)
	if err != nil {
		return err
	}
	page, err := h(c, v, f)
	if err != nil || page == nil {
		return err
	}
	return s.show(c, http.StatusOK, page)
}

func (s *Site) impersonal(c *gin.Context, h shared) error {
	// The locale's counter was read first, so the page is at least as new.
	l := localeOf(c.Request)
	if l.err != nil {
		return l.err
	}
	generation := l.generation
	key := strings.Join([]string{l.base, l.lang, s.theme(c), c.Request.URL.Path, c.Request.URL.Query().Encode()}, "\x00")
	if e := s.cache.get(key, generation, s.Now()); e != nil {
		writeCached(c, e)
		return nil
	}
	// Asked before the page is made: an index that catches up meanwhile would
	// let a page of its former state be kept as fresh.
	fresh := s.Catalogue.Applied() >= generation
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	page, err := h(c, v, s.public(c, v))
	if err != nil || page == nil {
		return err
	}
	e, err := s.made(c, key, generation, page)
	if err != nil {
		return err
	}
	if fresh {
		s.cache.put(e)
	}
	writeCached(c, e)
	return nil
}

func (s *Site) made(c *gin.Context, key string, generation int64, page templ.Component) (*cached, error) {
	var plain, packed bytes.Buffer
	if err := page.Render(c.Request.Context(), &plain); err != nil {
		return nil, err
	}
	z := s.packers.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool's New makes these
	defer s.packers.Put(z)
	z.Reset(&packed)
	if _, err := z.Write(plain.Bytes()); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain.Bytes())
	return &cached{key: key, generation: generation, made: s.Now(), kind: "text/html; charset=utf-8", plain: plain.Bytes(), packed: packed.Bytes(),
		etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}, nil
}

func writeCached(c *gin.Context, e *cached) {
	h := c.Writer.Header()
	secureHeaders(h)
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding, Accept-Language, Cookie")
	h.Set("ETag", e.etag)
	if match := c.GetHeader("If-None-Match"); match != "" && strings.Contains(match, e.etag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return
	}
	h.Set("Content-Type", e.kind)
	body := e.plain
	if web.AcceptsGzip(c.GetHeader("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = e.packed
	}
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(body)
}
