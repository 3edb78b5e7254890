package site

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/db"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

const feedEntries = 50

func (s *Site) mountFeed(r gin.IRouter) {
	r.GET("/feed.atom", s.limited("search", s.page(s.feed)))
	r.GET("/sitemap.xml", s.limited("search", s.page(s.sitemap)))
	r.GET("/sitemaps/:kind/:page", s.limited("search", s.page(s.sitemapPage)))
}

// feed is the newest of a search as Atom (RFC 4287); without a query, of the board.
func (s *Site) feed(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	f := s.public(c, v)
	a := s.ask(c, v)
	a.query.Sort, a.query.Facets, a.query.Limit, a.query.Offset = search.SortNew, false, feedEntries, 0
	found, err := s.Catalogue.Search(c.Request.Context(), a.query)
	if err != nil {
		return err
	}
	title := f.T("search.feed_all")
	if a.query.Text != "" {
		title = f.T("search.feed_title", "query", a.query.Text)
	}
	home := s.absolute(v.to(a.to(nil)))
	feed := &feeds.Feed{Title: title, Link: &feeds.Link{Href: home}, Id: home, Updated: newest(found.Listings, s.Now())}
	for _, l := range found.Listings {
		feed.Items = append(feed.Items, s.entry(f, v, l))
	}
	text, err := feed.ToAtom()
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, "application/atom+xml; charset=utf-8", []byte(text))
	return nil
}

func (s *Site) entry(f web.Frame, v *visit, l catalogue.Listing) *feeds.Item {
	card := s.card(f, v, l, "")
	link := s.absolute(v.to(l.URL))
	return &feeds.Item{Title: f.Texts.Kind(l.Kind) + ": " + card.Title, Link: &feeds.Link{Href: link}, Id: s.absolute(l.URL),
		Author: &feeds.Author{Name: l.OwnerName}, Description: card.Lead, Created: db.Day(l.Since), Updated: db.Day(l.Since)}
}

func newest(list []catalogue.Listing, now time.Time) time.Time {
	var at time.Time
	for _, l := range list {
		if l.Since.After(at) {
			at = l.Since
		}
	}
	if at.IsZero() {
		at = now
	}
	return db.Day(at) // an exact time would tell when a person was here
}

// sitemapThings is how many things a part of the map lists, each once in every
// language: far below the 50,000 addresses and 50 MB that a part may have.
const sitemapThings = 5000

type sitemapIndex struct {
	XMLName xml.Name       `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []sitemapPlace `xml:"sitemap"`
}

type sitemapSet struct {
	XMLName xml.Name       `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	XHTML   string         `xml:"xmlns:xhtml,attr,omitempty"`
	URLs    []sitemapPlace `xml:"url"`
}

type sitemapPlace struct {
	Loc     string        `xml:"loc"`
	LastMod string        `xml:"lastmod,omitempty"`
	Twins   []sitemapTwin `xml:"xhtml:link"`
}

// sitemapTwin is the same page in another language, as search engines read it.
type sitemapTwin struct {
	Rel  string `xml:"rel,attr"`
	Lang string `xml:"hreflang,attr"`
	URL  string `xml:"href,attr"`
}

// sitemap lists the parts of the site's map (sitemaps.org 0.9).
func (s *Site) sitemap(c *gin.Context) error {
	counts, err := s.Catalogue.Counts(c.Request.Context())
	if err != nil {
		return err
	}
	var index sitemapIndex
	for _, kind := range s.Catalogue.Kinds() {
		for page := 1; (page-1)*sitemapThings < counts[kind]; page++ {
			index.Maps = append(index.Maps, sitemapPlace{Loc: s.absolute("/sitemaps/" + kind + "/" + strconv.Itoa(page) + ".xml")})
		}
	}
	return writeXML(c, index)
}

// sitemapPage is one part of the map, walked for once in every state of the board.
func (s *Site) sitemapPage(c *gin.Context) error {
	kind := c.Param("kind")
	page, err := strconv.Atoi(trimXML(c.Param("page")))
	if err != nil || page < 1 {
		return notFound()
	}
	l := localeOf(c.Request)
	if l.err != nil {
		return l.err
	}
	key := strings.Join([]string{"sitemap", kind, strconv.Itoa(page)}, "\x00")
	if e := s.cache.get(key, l.generation, s.Now()); e != nil {
		writeCached(c, e)
		return nil
	}
	counts, err := s.Catalogue.Counts(c.Request.Context())
	if err != nil {
		return err
	}
	if page-1 > counts[kind]/sitemapThings { // nothing is walked for a part that there is not
		return notFound()
	}
	part, err := s.sitemapPart(c, kind, (page-1)*sitemapThings)
	if err != nil {
		return err
	}
	e, err := s.made(c, key, l.generation, part)
	if err != nil {
		return err
	}
	e.kind = xmlType
	s.cache.put(e)
	writeCached(c, e)
	return nil
}

// sitemapPart lists the things of a kind after so many others; NotFound where
// there are none.
func (s *Site) sitemapPart(c *gin.Context, kind string, skip int) (templ.Component, error) {
	var set sitemapSet
	langs, things := localeOf(c.Request).branch.Languages, 0
	if len(langs) > 1 {
		set.XHTML = "http://www.w3.org/1999/xhtml"
	}
	err := s.Catalogue.Each(c.Request.Context(), kind, func(l catalogue.Listing) error {
		if skip > 0 {
			skip--
			return nil
		}
		set.URLs = append(set.URLs, s.sitemapPlaces(langs, l)...)
		if things++; things == sitemapThings {
			return io.EOF
		}
		return nil
	})
	if err != nil && err != io.EOF { //nolint:errorlint // our own sentinel, unwrapped
		return nil, err
	}
	if len(set.URLs) == 0 {
		return nil, notFound()
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, xml.Header); err != nil {
			return err
		}
		return xml.NewEncoder(w).Encode(set)
	}), nil
}

// sitemapPlaces are a thing's addresses: in each language, with its twins.
func (s *Site) sitemapPlaces(langs []string, l catalogue.Listing) []sitemapPlace {
	var twins []sitemapTwin
	for _, a := range s.alternates(langs, l.URL) {
		twins = append(twins, sitemapTwin{Rel: "alternate", Lang: a.Lang, URL: a.URL})
	}
	out := make([]sitemapPlace, len(langs))
	for i, lang := range langs {
		out[i] = sitemapPlace{Loc: s.absolute("/" + lang + l.URL), LastMod: db.Day(l.Since).Format(time.DateOnly), Twins: twins}
	}
	return out
}

const xmlType = "application/xml; charset=utf-8"

func writeXML(c *gin.Context, v any) error {
	body, err := xml.Marshal(v)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, xmlType, append([]byte(xml.Header), body...))
	return nil
}
