package site

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

const similarCards = 4

func (s *Site) mountPerson(r gin.IRouter) {
	r.GET("/tutors/:handle", s.open(s.person))
	r.GET("/creators/:handle", s.open(s.person))
	r.GET("/pictures/:name", s.page(s.picture))
}

// person shows a profile. The address names the role that the person has: a
// creator who teaches is at home under /tutors.
func (s *Site) person(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	ctx, handle := c.Request.Context(), c.Param("handle")
	p, err := s.Profiles.Profile(ctx, v.actor, handle)
	if err != nil {
		return nil, err
	}
	if home := p.Path(); home != c.Request.URL.Path {
		c.Header("Cache-Control", "no-cache") // roles change, and the address changes back
		c.Redirect(http.StatusFound, v.to(home))
		return nil, nil //nolint:nilnil // the redirect is the answer
	}
	page := s.personPage(f, p, v)
	if page.Services, page.Price, err = s.servicesOf(c, f, v, p); err != nil {
		return nil, err
	}
	works, held, err := s.Licences.OnPage(ctx, p.AccountID)
	if err != nil {
		return nil, err
	}
	page.Works, page.Held = s.workCards(f, v, works), heldRows(f, held)
	full := false
	if p.Tutor {
		if full, err = s.habit(ctx, f, v, p, &page); err != nil {
			return nil, err
		}
	}
	if page.OnPause || full || page.Unclaimed && p.Tutor {
		if page.Similar, err = s.similar(c, f, v, p); err != nil {
			return nil, err
		}
	}
	s.personFrame(&f, p, page)
	return web.Profile(f, page), nil
}

// habit says how a tutor answers and, to those who may, where to write, or that
// there is no place left.
func (s *Site) habit(ctx context.Context, f web.Frame, v *visit, p profile.Profile, page *web.ProfilePage) (full bool, err error) {
	h, err := s.Messages.Habit(ctx, p.AccountID)
	if err != nil {
		return false, err
	}
	page.Reply = answerWord(f, h)
	if askable(p, v) {
		page.AskURL, page.Free = askDoor(p.Handle, "", h), freeWord(f, h.Free)
	}
	return page.Free != "" && page.AskURL == "", nil
}

// freeWord says how many more learners a tutor takes now.
func freeWord(f web.Frame, n int) string {
	switch {
	case n <= 0:
		return f.T("site.full")
	case n >= profile.ManyFree:
		return f.T("site.free_many")
	}
	return f.N("site.free", n)
}

func (s *Site) personPage(f web.Frame, p profile.Profile, v *visit) web.ProfilePage {
	now := s.Now()
	page := web.ProfilePage{Handle: p.Handle, Name: p.Shown(), Headline: p.Headline, Portrait: portrait(p.Seed, p.Picture),
		AboutHTML: markup.Render(p.About), Formats: p.Formats, Newcomer: p.Newcomer(now), Lang: foreignText(f.Lang, p.Languages),
		Unclaimed: unclaimed(p), OnPause: onPause(p), Draft: !p.Visible(),
		Owner: v.actor.ID == p.AccountID && v.actor.ID != "", EditURL: "/me/profile", NewURL: "/me/services/new"}
	if p.Tutor {
		page.Roles = append(page.Roles, web.KindTutor)
	}
	switch {
	case !page.Unclaimed:
		page.Active = active(f, p.ActiveOn, now) // of one who was never here it says nothing
	case p.Tutor:
		page.SearchURL = similarURL(p)
	}
	if p.Creator {
		page.Roles = append(page.Roles, web.KindCreator)
	}
	if !p.PublishedOn.IsZero() {
		page.Since = f.T("site.since", "date", sinceDate(f, p.PublishedOn, now))
	}
	page.Skills = s.skillLinks(f, p.Skills)
	for _, level := range p.Levels {
		page.Levels = append(page.Levels, f.Texts.Level(level))
	}
	page.Languages = languageWords(f, p.Languages)
	for _, l := range p.Links {
		page.Links = append(page.Links, web.Link{Label: l.Title, URL: l.URL})
	}
	if zone, err := time.LoadLocation(p.Timezone); err == nil && p.Timezone != "" {
		page.Zone = f.Texts.Zone(zone, now)
	}
	if page.OnPause && !p.PausedUntil.IsZero() {
		page.Paused = returnDate(f, p)
	}
	return page
}

func (s *Site) skillLinks(f web.Frame, skills []string) []web.Link {
	out := make([]web.Link, len(skills))
	for i, id := range skills {
		out[i] = web.Link{Label: s.Skills.Name(id, f.Lang), URL: "/search?" + search.FacetSkill + "=" + queryEscape(id)}
	}
	return out
}

func languageWords(f web.Frame, tags []string) []web.Word {
	out := make([]web.Word, len(tags))
	for i, tag := range tags {
		out[i] = web.Word{Text: f.Texts.Language(tag), Lang: tag}
	}
	return out
}

// active says in rough words when somebody last did something here; nobody's
// habits can be read from it.
func active(f web.Frame, day, now time.Time) string {
	switch days := int(now.Sub(day).Hours() / 24); {
	case days < 7:
		return f.T("site.active_week")
	case days < 31:
		return f.T("site.active_month")
	default:
		return f.T("site.active_long")
	}
}

// servicesOf are the services on a person's page and the price at its head. An
// owner sees what others see; while nobody else sees the page, drafts as well,
// each marked.
func (s *Site) servicesOf(c *gin.Context, f web.Frame, v *visit, p profile.Profile) ([]web.Card, web.Price, error) {
	ctx, as := c.Request.Context(), v.actor
	if p.Visible() {
		as = account.Actor{}
	}
	list, err := s.Market.Cards(ctx, as, p.Handle)
	if err != nil {
		return nil, web.Price{}, err
	}
	states := map[string]market.State{}
	if as.ID == p.AccountID {
		rows, err := s.Market.Services(ctx, as, p.Handle)
		if err != nil {
			return nil, web.Price{}, err
		}
		for i := range rows {
			states[rows[i].ID] = rows[i].State
		}
	}
	byCurrency(list)
	out := s.cards(f, v, list, "")
	for i := range out {
		if list[i].Minutes == 0 {
			out[i].Meta = "" // the row names the format already
		}
		if state, own := states[list[i].ID]; own && state != market.Published {
			out[i].Meta = f.T("offer.word_" + string(state))
		}
	}
	return out, s.price(f, v.branch, summed(list), ""), nil
}

// byCurrency puts paid services after free ones and together by currency, the
// most frequent first: amounts of different currencies are not compared.
func byCurrency(list []catalogue.Listing) {
	n := map[string]int{}
	of := func(l catalogue.Listing) string {
		if l.Price == nil || l.Price.IsZero() {
			return ""
		}
		return l.Price.Currency
	}
	rank := func(l catalogue.Listing) int {
		switch {
		case l.Free:
			return 0
		case l.ByAgreement:
			return 2
		}
		return 1
	}
	for _, l := range list {
		n[of(l)]++
	}
	slices.SortStableFunc(list, func(a, b catalogue.Listing) int {
		return cmp.Or(rank(a)-rank(b), n[of(b)]-n[of(a)], strings.Compare(of(a), of(b)))
	})
}

// summed is what a card says of all services together.
func summed(list []catalogue.Listing) catalogue.Listing {
	all := catalogue.Listing{Kind: web.KindTutor}
	var prices []money.Amount
	for i := range list {
		l := &list[i]
		all.Free, all.ByAgreement = all.Free || l.Free, all.ByAgreement || l.ByAgreement
		if l.Price != nil && !l.Price.IsZero() {
			prices = append(prices, *l.Price)
		}
	}
	all.Price, all.PriceFrom = profile.Lowest(prices)
	return all
}

func (s *Site) similar(c *gin.Context, f web.Frame, v *visit, p profile.Profile) ([]web.Card, error) {
	q := search.Query{Kinds: []string{web.KindTutor}, Skills: p.Skills, Limit: similarCards + 1, Now: s.Now()}
	found, err := s.Catalogue.Search(c.Request.Context(), q)
	if err != nil {
		return nil, err
	}
	var others []catalogue.Listing
	for _, l := range found.Listings {
		if l.ID != p.AccountID && len(others) < similarCards {
			others = append(others, l)
		}
	}
	return s.cards(f, v, others, ""), nil
}

// similarURL is the search for tutors of the same things.
func similarURL(p profile.Profile) string {
	return "/search?" + url.Values{search.FacetKind: {web.KindTutor}, search.FacetSkill: p.Skills}.Encode()
}

// unclaimed tells whether a profile was carried over and waits for its owner.
func unclaimed(p profile.Profile) bool { return p.AccountState == account.NotClaimed }

// onPause tells whether the page speaks of a pause: who never came has none.
func onPause(p profile.Profile) bool { return p.State == profile.Paused && !unclaimed(p) }

// returnDate is the day on which a pause ends, by the clock of the one who
// chose it: the same day for everybody who reads it.
func returnDate(f web.Frame, p profile.Profile) string {
	return f.Texts.Date(p.PausedUntil.In(zone(p.Timezone)))
}

func (s *Site) personFrame(f *web.Frame, p profile.Profile, page web.ProfilePage) {
	f.Title = p.Shown()
	if p.Headline != "" {
		f.Title += ": " + p.Headline
	}
	f.Description = clip(strings.Join(strings.Fields(markup.Plain(p.About)), " "), 200)
	s.indexable(f, p.Path())
	f.OG.Type = "profile"
	f.NoIndex = page.Draft
	if page.Portrait.URL != "" {
		f.OG.Image = s.absolute(page.Portrait.URL)
	}
	person := map[string]any{"@type": "Person", "name": p.Shown(), "alternateName": p.Handle, "description": p.Headline,
		"url": f.Canonical, "knowsLanguage": p.Languages}
	var skills []string
	for _, l := range page.Skills {
		skills = append(skills, l.Label)
	}
	person["knowsAbout"] = skills
	f.JSONLD, _ = json.Marshal(map[string]any{"@context": "https://schema.org", "@type": "ProfilePage", "mainEntity": person}) //nolint:errchkjson // strings only
}

// picture serves an uploaded portrait by the hash of its content: it never changes.
func (s *Site) picture(c *gin.Context) error {
	name := c.Param("name")
	file, err := s.Pictures.Open(c.Request.Context(), name)
	if err != nil {
		return err
	}
	defer file.Close()
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Content-Type", pictureType(name))
	http.ServeContent(c.Writer, c.Request, name, time.Time{}, file)
	return nil
}

func pictureType(name string) string {
	if strings.HasSuffix(name, ".png") {
		return "image/png"
	}
	return "image/jpeg"
}
