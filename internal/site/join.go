package site

import (
	"context"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

// draws are what may draw a beginner, in the order shown, with the groups of
// skills that it means.
var draws = [...]struct {
	key    string
	groups []string
}{{"code", []string{"languages", "cs"}}, {"web", []string{"web"}}, {"games", []string{"games"}}, {"data", []string{"data", "ml"}},
	{"art", []string{"design", "cgi", "video"}}, {"safe", []string{"security", "admin"}}, {"hardware", []string{"hardware"}},
	{"people", []string{"management", "career"}}}

// helpLinks are the branch's own places of free help. Icon tells them apart.
func helpLinks(f web.Frame, l branch.Links) []web.Link {
	var out []web.Link
	for _, x := range []web.Link{{Label: "Discord", URL: l.Discord, Icon: "discord"}, {Label: "GitHub", URL: l.GitHub, Icon: "github"},
		{Label: "YouTube", URL: l.YouTube, Icon: "youtube"}, {Label: f.T("footer_link.about"), URL: l.Site, Icon: "site"}} {
		if x.URL != "" {
			out = append(out, x)
		}
	}
	return out
}

// join is the way in for one who does not know where to begin. The answers
// stand in the address and are kept nowhere.
func (s *Site) join(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	q := c.Request.URL.Query()
	f.Title, f.Description = f.T("join.title"), f.T("join.about")
	s.indexable(&f, "/join")
	f.NoIndex = len(q) > 0
	draw, level, how := q.Get("draw"), q.Get(search.FacetLevel), q.Get("how")
	p := web.JoinPage{Answered: q.Has("draw") || q.Has(search.FacetLevel) || q.Has("how"), FreeURL: "/search?free=1", Help: helpLinks(f, v.branch.Links)}
	p.Draw = []web.Choice{{Label: f.T("join.draw_any"), Selected: true}}
	want := search.Query{Limit: shelfCards, Now: s.Now()}
	for _, d := range draws {
		chosen := d.key == draw
		p.Draw = append(p.Draw, web.Choice{Value: d.key, Label: f.T("join.draw_" + d.key), Selected: chosen})
		if chosen {
			want.Skills = s.skillsOf(f.Lang, d.groups)
		}
	}
	pick := func(none string, known []string, value string, word func(string) string) ([]web.Choice, []string) {
		list := append([]web.Choice{{Label: none}}, choices(known, []string{value}, word)...)
		if slices.Contains(known, value) {
			return list, []string{value}
		}
		return list, nil
	}
	p.Level, want.Levels = pick(f.T("join.level_any"), profile.Levels(), level, f.Texts.Level)
	p.How, want.Formats = pick(f.T("join.how_any"), profile.Formats(), how, f.Texts.Format)
	if !p.Answered {
		return web.Join(f, p), nil
	}
	return s.joined(c.Request.Context(), v, f, want, p)
}

func (s *Site) skillsOf(lang string, groups []string) []string {
	var out []string
	for _, k := range s.Skills.Names(lang) {
		if slices.Contains(groups, k.Group) {
			out = append(out, k.ID)
		}
	}
	return out
}

// joined finds study plans, then what is free, then other tutors. Nobody is
// shown twice.
func (s *Site) joined(ctx context.Context, v *visit, f web.Frame, want search.Query, p web.JoinPage) (templ.Component, error) {
	shown := map[string]bool{}
	for _, row := range []struct {
		shelf *web.Shelf
		ask   func(search.Query) search.Query
	}{
		{&p.Plans, func(q search.Query) search.Query {
			q.Kinds, q.Formats = []string{web.KindService}, []string{"plan"}
			return q
		}},
		{&p.Free, func(q search.Query) search.Query { q.Free = true; return q }},
		{&p.Paid, func(q search.Query) search.Query { q.Kinds = []string{web.KindTutor}; return q }},
	} {
		found, q, err := s.nearest(ctx, want, row.ask)
		if err != nil {
			return nil, err
		}
		var list []catalogue.Listing
		for _, l := range found.Listings {
			if !shown[l.URL] && len(list) < shelfCards {
				shown[l.URL] = true
				list = append(list, l)
			}
		}
		p.Wider = p.Wider || len(list) > 0 && narrower(want, q)
		*row.shelf = web.Shelf{Cards: s.cards(f, v, list, ""), AllURL: searchURL(q), Total: found.Total}
	}
	return web.Join(f, p), nil
}

// nearest leaves answers out, the least telling first, until something is found.
func (s *Site) nearest(ctx context.Context, want search.Query, ask func(search.Query) search.Query) (catalogue.Page, search.Query, error) {
	topic, any := want, want
	topic.Levels, topic.Formats = nil, nil
	any.Levels, any.Formats, any.Skills = nil, nil, nil
	var found catalogue.Page
	var q search.Query
	for _, try := range []search.Query{want, topic, any} {
		q = ask(try)
		q.Limit = 2 * shelfCards
		var err error
		if found, err = s.Catalogue.Search(ctx, q); err != nil || found.Total > 0 {
			return found, q, err
		}
	}
	return found, q, nil
}

// narrower tells whether an answer was left out.
func narrower(want, q search.Query) bool {
	return len(q.Skills) < len(want.Skills) || len(q.Levels) < len(want.Levels) || len(q.Formats) < len(want.Formats)
}

// searchURL is the catalogue's page of a search. What does not fit into its
// bounds is left out.
func searchURL(q search.Query) string {
	out := url.Values{}
	for key, list := range map[string][]string{search.FacetKind: q.Kinds, search.FacetSkill: q.Skills, search.FacetLevel: q.Levels, search.FacetFormat: q.Formats} {
		if len(list) > 0 {
			out[key] = list[:min(len(list), maxChosen)]
		}
	}
	if q.Free {
		out.Set("free", "1")
	}
	return "/search" + suffix(out)
}
