package site

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"

	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/saved"
	"github.com/tmoeg/oduvan/web"
)

// mountSaved registers the searches that people keep.
func (s *Site) mountSaved(r gin.IRouter) {
	r.GET("/me/searches", s.page(s.savedSearches))
	r.POST("/me/searches", s.limited("search", s.act(s.saveSearch)))
	r.GET("/me/searches/:id", s.limited("search", s.page(s.savedSearch)))
	r.POST("/me/searches/:id", s.act(s.renameSearch))
	r.POST("/me/searches/:id/state", s.act(s.searchState))
	r.POST("/me/searches/:id/feed", s.act(s.newSearchFeed))
	r.GET("/me/searches/:id/delete", s.page(s.askSearchRemoval))
	r.POST("/me/searches/:id/delete", s.act(s.removeSearch))
	r.GET("/feeds/s/:secret", s.limited("search", s.page(s.savedFeed)))
}

const searchesPath = "/me/searches"

// saveBox is what the search page offers for keeping this search: nothing
// where everything is looked for.
func (s *Site) saveBox(ctx context.Context, v *visit, f web.Frame, a asked) (web.SaveBox, error) {
	address := saved.Address(a.query)
	if address == "" || len(address) > saved.MaxQuery {
		return web.SaveBox{}, nil
	}
	box := web.SaveBox{Query: address, FeedURL: "/feed.atom" + suffix(a.Values)}
	if v.actor.Anonymous() {
		box.JoinURL = "/login?next=" + queryEscape("/search?"+address)
		if f.SignUpURL != "" {
			box.JoinURL = f.SignUpURL + "?next=" + queryEscape("/search?"+address)
		}
		return box, nil
	}
	row, err := s.Saved.Same(ctx, v.actor, a.query)
	if fault.Is(err, fault.NotFound) {
		return box, nil
	}
	box.SavedURL = searchesPath + "/" + row.ID
	return box, err
}

// saveSearch keeps the search whose address the form carries.
func (s *Site) saveSearch(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(value(c, "search"))
	if err != nil {
		return fault.Bad("search", "search_form").Wrap(err)
	}
	a, f := s.read(values, v), s.public(c, v)
	row, made, err := s.Saved.Save(c.Request.Context(), v.actor, a.query, s.searchName(f, a))
	if err != nil {
		return err
	}
	word := "saved.done"
	if !made {
		word = "saved.already"
	}
	s.say(c, "ok", word)
	return s.see(c, searchesPath+"/"+row.ID)
}

// searchWords are what a search looks for: its text and its filters.
func (s *Site) searchWords(f web.Frame, a asked) []string {
	var out []string
	if a.query.Text != "" {
		out = append(out, a.query.Text)
	}
	for _, chip := range s.chips(f, a) {
		out = append(out, chip.Label)
	}
	return out
}

// searchName is a search's name until its owner gives it another.
func (s *Site) searchName(f web.Frame, a asked) string {
	name := strings.Join(s.searchWords(f, a), ", ")
	if r := []rune(name); len(r) > saved.MaxName {
		name = strings.TrimRight(string(r[:saved.MaxName-1]), ", ") + "…"
	}
	if name, err := saved.Tidy(name); err == nil {
		return name
	}
	return f.T("saved.unnamed")
}

// kept reads what a saved search looks for. What filters are called may have
// changed since, so the words are made when they are shown.
func (s *Site) kept(v *visit, row saved.Search) asked {
	values, _ := url.ParseQuery(row.Query) // written by us
	return s.read(values, v)
}

func (s *Site) savedRow(f web.Frame, v *visit, row saved.Search) web.SavedRow {
	at := searchesPath + "/" + row.ID
	out := web.SavedRow{ID: row.ID, Name: row.Name, URL: at, SearchURL: "/search?" + row.Query, StateURL: at + "/state", RemoveURL: at + "/delete",
		News: row.News, Paused: row.State == saved.Paused, Since: f.Texts.Date(row.SavedOn)}
	a := s.kept(v, row)
	if s.searchName(f, a) != row.Name { // renamed, or named in another language
		out.Words = strings.Join(s.searchWords(f, a), ", ")
	}
	return out
}

// savedSearches lists the viewer's.
func (s *Site) savedSearches(c *gin.Context) error {
	f, v, err := s.signed(c, "saved.title")
	if err != nil {
		return err
	}
	list, err := s.Saved.Searches(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.SavedPage{Most: saved.MaxSearches, Empty: web.Empty{Title: f.T("saved.none"), Text: f.T("saved.none_text"),
		Action: web.Link{Label: f.T("saved.find"), URL: "/search"}}}
	for _, row := range list {
		p.Rows = append(p.Rows, s.savedRow(f, v, row))
	}
	return s.show(c, http.StatusOK, web.SavedSearches(f, p))
}

// savedSearch runs one of the viewer's searches and shows what it found since
// it was saved. That is a look: what is shown as new is not new next time.
func (s *Site) savedSearch(c *gin.Context) error { return s.savedPage(c, problems{}) }

func (s *Site) savedPage(c *gin.Context, bad problems) error {
	f, v, err := s.signed(c, "saved.title")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	row, finds, err := s.Saved.Look(ctx, v.actor, c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.Notices.MarkPathRead(ctx, v.actor, searchesPath+"/"+row.ID); err != nil {
		return err
	}
	f.Title = row.Name
	r := s.savedRow(f, v, row)
	p := web.SavedSearchPage{SavedRow: r, FeedURL: s.Saved.FeedURL(row), NewFeedURL: r.URL + "/feed", Troubles: bad.Summary,
		Rename: web.Field{Name: "name", Label: f.T("saved.name"), Value: row.Name, Error: bad.of("name"), Required: true, Max: saved.MaxName}}
	if len(bad.Summary) > 0 {
		p.Rename.Value = value(c, "name")
	}
	var news, before []catalogue.Listing
	for _, x := range finds {
		if x.New {
			news = append(news, x.Listing)
		} else {
			before = append(before, x.Listing)
		}
	}
	p.News, p.Before = s.cards(f, v, news, ""), s.cards(f, v, before[:min(len(before), perPage)], "")
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.show(c, status, web.SavedSearch(f, p))
}

func (s *Site) renameSearch(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	err = s.Saved.Rename(c.Request.Context(), v.actor, c.Param("id"), value(c, "name"))
	if fault.Is(err, fault.Invalid) {
		return s.savedPage(c, s.problems(s.public(c, v), err))
	}
	return s.savedDone(c, err, "saved.renamed")
}

// savedDone is the end of a small act upon one search: a word and back to it.
func (s *Site) savedDone(c *gin.Context, err error, word string) error {
	if err != nil {
		return err
	}
	s.say(c, "ok", word)
	return s.see(c, searchesPath+"/"+c.Param("id"))
}

func (s *Site) searchState(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request.Context(), c.Param("id")
	if _, err := s.Saved.Search(ctx, v.actor, id); err != nil {
		return err
	}
	word := ""
	switch saved.State(value(c, "state")) {
	case saved.Paused:
		word, err = "saved.paused_done", s.Saved.Pause(ctx, v.actor, id)
	case saved.Watching:
		word, err = "saved.resumed_done", s.Saved.Resume(ctx, v.actor, id)
	default:
		return fault.Bad("state", "state_unknown")
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", word)
	return s.see(c, searchesPath)
}

func (s *Site) newSearchFeed(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	return s.savedDone(c, s.Saved.NewFeed(c.Request.Context(), v.actor, c.Param("id")), "notices.feed_done")
}

func (s *Site) askSearchRemoval(c *gin.Context) error {
	f, v, err := s.signed(c, "saved.remove")
	if err != nil {
		return err
	}
	row, err := s.Saved.Search(c.Request.Context(), v.actor, c.Param("id"))
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Confirm(f, web.ConfirmPage{Title: f.T("saved.remove_title", "name", row.Name), Text: f.T("saved.remove_text"),
		Action: searchesPath + "/" + row.ID + "/delete", Label: f.T("saved.remove"), Back: searchesPath + "/" + row.ID}))
}

func (s *Site) removeSearch(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Saved.Remove(c.Request.Context(), v.actor, c.Param("id")); err != nil {
		return err
	}
	s.say(c, "ok", "saved.removed")
	return s.see(c, searchesPath)
}

// savedFeed is what a saved search has found, as Atom at a secret address, in
// the language of the one who saved it.
func (s *Site) savedFeed(c *gin.Context) error {
	secret, ok := strings.CutSuffix(c.Param("secret"), ".atom")
	if !ok {
		return fault.Of(fault.NotFound, "feed_unknown")
	}
	row, finds, lang, err := s.Saved.Feed(c.Request.Context(), secret)
	if err != nil {
		return err
	}
	l := localeOf(c.Request)
	lang = l.branch.Spoken(lang)
	v := &visit{lang: lang, base: "/" + lang, branch: l.branch}
	f := s.Web.Frame(lang)
	feed := &feeds.Feed{Title: f.T("search.feed_title", "query", row.Name), Link: &feeds.Link{Href: s.absolute(v.to("/search?" + row.Query))},
		Updated: row.SavedOn.UTC()}
	for _, x := range finds {
		item := s.entry(f, v, x.Listing)
		item.Created, item.Updated = x.On, x.On
		feed.Items = append(feed.Items, item)
		if x.On.After(feed.Updated) {
			feed.Updated = x.On
		}
	}
	atom := (&feeds.Atom{Feed: feed}).AtomFeed()
	atom.Id = "urn:uuid:" + row.ID // of this search, whatever its address: others look for the same
	text, err := feeds.ToXML(atom)
	if err != nil {
		return err
	}
	secureHeaders(c.Writer.Header())
	sum := sha256.Sum256([]byte(text))
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Header("Cache-Control", "private, no-cache")
	c.Header("ETag", etag)
	c.Header("X-Robots-Tag", "noindex")
	c.Header("Referrer-Policy", "no-referrer")
	if strings.Contains(c.GetHeader("If-None-Match"), etag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, "application/atom+xml; charset=utf-8", []byte(text))
	return nil
}
