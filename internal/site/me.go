package site

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/message"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// me is a person's own start: what needs them first.
func (s *Site) me(c *gin.Context) error {
	f, v, err := s.signed(c, "me.nav")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	own, err := s.ownProfile(ctx, v.actor)
	if err != nil {
		return err
	}
	queue := 0
	if v.actor.Is(account.Moderator) {
		list, err := s.Profiles.Waiting(ctx, v.actor)
		if err != nil {
			return err
		}
		queue = len(list)
	}
	news, err := s.Saved.News(ctx, v.actor)
	if err != nil {
		return err
	}
	p := web.MePage{Name: f.Viewer.Name, Handle: v.actor.Handle, Portrait: f.Viewer.Portrait, Tiles: meTiles(f, v, own, queue, news)}
	if s.keptCode(ctx, v.actor.ID) != "" {
		p.Banners = append(p.Banners, web.Banner{Kind: "warn", Title: f.T("me.code_title"), Text: f.T("me.code_text"),
			Action: web.Link{Label: f.T("me.code_do"), URL: "/code"}})
	}
	standing, err := s.Messages.Standing(ctx, v.actor)
	if err != nil {
		return err
	}
	p.Banners = append(p.Banners, profileBanner(f, own, standing)...)
	if queue > 0 {
		p.Banners = append(p.Banners, web.Banner{Kind: "info", Title: f.T("me.queue_title"), Text: f.N("me.queue_text", queue),
			Action: web.Link{Label: f.T("me.queue_do"), URL: "/admin/waiting"}})
	}
	return s.show(c, 200, web.Me(f, p))
}

// ownProfile is the actor's profile, nil before the first save.
func (s *Site) ownProfile(ctx context.Context, by account.Actor) (*profile.Profile, error) {
	p, err := s.Profiles.Mine(ctx, by)
	if fault.Is(err, fault.NotFound) {
		return nil, nil //nolint:nilnil // no profile yet is no fault
	}
	return &p, err
}

// answerDays is how long a profile stays open after its owner was asked.
const answerDays = 14

// profileBanner says what the profile waits for, one thing at a time.
func profileBanner(f web.Frame, p *profile.Profile, st message.Standing) []web.Banner {
	edit := func(key string) web.Link { return web.Link{Label: f.T(key), URL: "/me/profile"} }
	b := web.Banner{Kind: "info"}
	switch {
	case p == nil:
		b.Title, b.Text, b.Action = f.T("me.start_title"), f.T("me.start_text"), edit("me.start_do")
	case p.State == profile.Draft:
		b.Title, b.Text, b.Action = f.T("me.draft_title"), f.T("me.draft_text"), edit("me.draft_do")
	case p.State == profile.Paused && p.PausedBy == profile.BySilence:
		why := "me.silence_text"
		if st.Slept() {
			why = "me.silence_asked_text"
		}
		b = web.Banner{Kind: "warn", Title: f.T("me.silence_title"), Text: f.T(why), Post: true,
			Action: web.Link{Label: f.T("me.silence_do"), URL: "/me/open"}}
	case p.State == profile.Paused:
		b.Title, b.Text, b.Post = f.T("me.paused_title"), pausedText(f, p), true
		b.Action = web.Link{Label: f.T("me.paused_do"), URL: "/me/open"}
	case p.Waits():
		b.Title, b.Text = f.T("me.waiting_title"), f.T("me.waiting_text")
	case st.Unanswered >= message.SilentReminder:
		b = web.Banner{Kind: "warn", Title: f.T("me.silent_title"), Text: f.T("me.silent_text", "count", st.Unanswered),
			Action: web.Link{Label: f.T("me.silent_do"), URL: "/inquiries"}}
		if st.Waiting == 0 {
			b.Action = edit("me.silent_pause") // nothing is there to answer
		}
	case p.Asked():
		b = web.Banner{Kind: "warn", Title: f.T("me.sleep_title"), Post: true,
			Text:   f.T("me.sleep_text", "date", f.Texts.Day(p.RemindedOn.AddDate(0, 0, answerDays))),
			Action: web.Link{Label: f.T("me.sleep_do"), URL: "/me/here"}}
	default:
		return nil
	}
	return []web.Banner{b}
}

func pausedText(f web.Frame, p *profile.Profile) string {
	if p.PausedUntil.IsZero() {
		return f.T("me.paused_text")
	}
	return f.T("me.paused_text_until", "date", f.Texts.Day(p.PausedUntil.In(zone(p.Timezone))))
}

// zone is a profile's time zone, UTC where none was chosen.
func zone(name string) *time.Location {
	if loc, err := time.LoadLocation(name); err == nil {
		return loc
	}
	return time.UTC
}

func meTiles(f web.Frame, v *visit, p *profile.Profile, queue, news int) []web.Tile {
	word := "me.profile_none"
	switch {
	case p == nil:
	case p.State == profile.Draft:
		word = "me.profile_draft"
	case p.State == profile.Paused:
		word = "me.profile_paused"
	case p.Waits():
		word = "me.profile_waiting"
	default:
		word = "me.profile_open"
	}
	out := []web.Tile{{Icon: "person", Label: f.T("me.profile"), URL: "/me/profile", Text: f.T(word)},
		{Icon: "services", Label: f.T("me.services"), URL: "/me/services", Text: f.T("me.services_text")},
		{Icon: "plan", Label: f.T("mywork.list"), URL: ownWorksPath, Text: f.T("mywork.tile")},
		{Icon: "orders", Label: f.T("orders.title"), URL: "/orders", Text: f.T("orders.tile")},
		{Icon: "check", Label: f.T("mine.title"), URL: licencesPath, Text: f.T("mine.tile")},
		{Icon: "star", Label: f.T("sales.title"), URL: salesPath, Text: f.T("sales.tile")},
		{Icon: "inbox", Label: f.T("inbox.title"), URL: "/inbox", Text: f.T("me.inbox_text"), Count: f.Viewer.Links[0].Count},
		{Icon: "chat", Label: f.T("thread.list"), URL: "/inquiries", Text: f.T("me.inquiries_text")},
		{Icon: "bookmark", Label: f.T("saved.title"), URL: searchesPath, Text: f.T("saved.tile"), Count: news},
		{Icon: "key", Label: f.T("me.settings"), URL: "/me/settings", Text: f.T("me.settings_text")}}
	switch {
	case v.actor.Is(account.Operator):
		out = append(out, web.Tile{Icon: "admin", Label: f.T("me.admin"), URL: "/admin", Text: f.T("me.admin_text"), Count: queue})
	case v.actor.Is(account.Moderator):
		out = append(out, web.Tile{Icon: "shield", Label: f.T("me.moderate"), URL: "/admin/waiting", Text: f.T("me.moderate_text"), Count: queue})
	}
	return out
}

// stillHere answers the reminder before a profile falls asleep.
func (s *Site) stillHere(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Profiles.StillHere(c.Request.Context(), v.actor); err != nil {
		return err
	}
	s.say(c, "ok", "me.here_done")
	return s.see(c, "/me")
}

// openProfile ends a pause with one click, whoever began it.
func (s *Site) openProfile(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := s.Profiles.SetState(c.Request.Context(), v.actor, profile.Open, time.Time{}); err != nil {
		return err
	}
	s.say(c, "ok", "me.here_done")
	return s.see(c, "/me")
}

// preview answers the script with a piece of a page: a Markdown text as
// readers will see it. It is for those who may write one: people signed in,
// and the operator of a board that has none yet.
func (s *Site) preview(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if v.actor.Anonymous() && v.branch.Done() {
		return fault.Of(fault.Unauthenticated, "sign_in_needed")
	}
	text := value(c, "text")
	if len(text) > 4*branch.MaxRules {
		return fault.Of(fault.TooLarge, "too_large")
	}
	return s.show(c, 200, web.Preview(s.Web.Frame(v.lang), web.Previewed{HTML: markup.Render(text)}))
}
