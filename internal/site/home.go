package site

import (
	"encoding/json"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/web"
)

const shelfCards = 4

func (s *Site) mountHome(r gin.IRouter) {
	r.GET("/", s.open(s.home))
	r.GET("/offline", s.open(s.offline))
	r.GET("/manifest.webmanifest", s.page(s.manifest))
	r.GET("/sw.js", s.page(s.worker))
	r.GET("/robots.txt", s.page(s.robots))
}

func (s *Site) home(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	s.indexable(&f, "/")
	f.Title, f.Description, f.Tab = f.T("home.title"), f.T("home.about"), "home"
	f.Quiet = true
	f.Feeds = []web.Feed{{Title: f.T("search.feed_all"), URL: "/feed.atom"}}
	p := web.HomePage{
		Chips: []web.Chip{{Label: f.T("home.chip_free"), URL: "/search?free=1", Icon: "gift"},
			{Label: f.T("home.chip_quiet"), URL: "/search?format=chat", Icon: "quiet"},
			{Label: f.T("home.chip_new"), URL: "/search?newcomer=1", Icon: "sprout"}, {Label: "Python", URL: "/search?skill=python"}},
		Doors: []web.Door{{Kind: "tutor", URL: "/search?kind=tutor"}, {Kind: "creator", URL: "/search?kind=creator"},
			{Kind: "join", URL: "/join"}},
	}
	counts, err := s.Catalogue.Counts(c.Request.Context())
	if err != nil {
		return nil, err
	}
	for _, row := range []struct {
		kind  string
		shelf *web.Shelf
	}{{web.KindTutor, &p.Tutors}, {web.KindService, &p.Services}, {web.KindWork, &p.Works}, {web.KindCreator, &p.Creators}} {
		list, err := s.Catalogue.Newest(c.Request.Context(), row.kind, shelfCards)
		if err != nil {
			return nil, err
		}
		*row.shelf = web.Shelf{Cards: s.cards(f, v, list, ""), AllURL: "/search?kind=" + row.kind, Total: counts[row.kind]}
	}
	name := f.BranchName
	if name == "" {
		name = f.T("brand.name")
	}
	f.JSONLD, err = json.Marshal(map[string]any{"@context": "https://schema.org", "@type": "WebSite",
		"url": s.absolute("/"), "name": name, "potentialAction": map[string]any{"@type": "SearchAction",
			"target": s.absolute("/search?q={q}"), "query-input": "required name=q"}})
	return web.Home(f, p), err
}

func (s *Site) offline(_ *gin.Context, _ *visit, f web.Frame) (templ.Component, error) {
	f.Title, f.NoIndex = f.T("error.offline"), true
	return web.Offline(f), nil
}

func (s *Site) manifest(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/manifest+json", s.public(c, v).Manifest())
	return nil
}

func (s *Site) worker(c *gin.Context) error {
	c.Header("Cache-Control", "no-cache")
	c.Header("X-Content-Type-Options", "nosniff")
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", s.Web.Worker())
	return nil
}

// robots keeps crawlers out of pages that are endless or private.
func (s *Site) robots(c *gin.Context) error {
	c.String(http.StatusOK, "User-agent: *\nDisallow: /me\nDisallow: /login\nDisallow: /signup\nDisallow: /admin\n"+
		"Disallow: /search/suggest\nDisallow: /theme\nDisallow: /language\n\nSitemap: %s\n", s.absolute("/sitemap.xml"))
	return nil
}
