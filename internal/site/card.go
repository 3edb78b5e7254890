package site

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/branch"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// portrait is the face of an account: its picture if it has one, else its dandelion.
func portrait(seed, picture string) web.Portrait {
	p := web.Portrait{Seed: web.Seed(seed)}
	if picture != "" {
		p.URL = "/pictures/" + picture
	}
	return p
}

func (s *Site) viewer(ctx context.Context, f web.Frame, v *visit) (*web.Viewer, error) {
	face, err := s.Profiles.Face(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	out := &web.Viewer{Handle: v.actor.Handle, Name: face.Name, Portrait: portrait(face.Seed, face.Picture)}
	if out.Name == "" {
		out.Name = v.actor.Handle
	}
	news, err := s.Notices.Unread(ctx, v.actor)
	if err != nil {
		return nil, err
	}
	out.Links = []web.Link{{Label: f.T("site.inbox"), URL: "/inbox", Icon: "inbox", Count: news},
		{Label: f.T("orders.title"), URL: "/orders", Icon: "orders"}, {Label: f.T("site.my_services"), URL: "/me/services"}}
	if v.moderates() {
		out.Links = append(out.Links, web.Link{Label: f.T("site.admin"), URL: "/admin", Icon: "admin"})
	}
	return out, nil
}

// cards shows listings; currency is the one in which prices were asked for, empty for none.
func (s *Site) cards(f web.Frame, v *visit, list []catalogue.Listing, currency string) []web.Card {
	out := make([]web.Card, len(list))
	for i, l := range list {
		out[i] = s.card(f, v, l, currency)
	}
	return out
}

func (s *Site) card(f web.Frame, v *visit, l catalogue.Listing, currency string) web.Card {
	c := web.Card{Kind: l.Kind, URL: l.URL, Title: l.Title, Handle: l.Handle, By: l.OwnerName, Lead: l.Lead,
		Portrait: portrait(l.Seed, l.Picture), Newcomer: l.Newcomer, Format: l.Format}
	switch {
	case l.Kind == web.KindWork:
		workFacts(f, &c, l)
	case l.Kind != web.KindService:
		c.Title = l.Name
		c.Since = f.T("site.since", "date", sinceDate(f, l.Since, s.Now()))
		c.Meta = s.languages(f, l.Langs)
		c.Reply = habitWord(f, l)
		c.Format = ""
	case l.Minutes > 0:
		c.Meta = f.N("price.minutes", l.Minutes)
	default:
		c.Meta = f.Texts.Format(l.Format)
	}
	for _, id := range l.Skills {
		c.Skills = append(c.Skills, s.Skills.Name(id, f.Lang))
	}
	if c.Kind != web.KindWork || c.Meta == "" { // a work without a price says why
		c.Price = s.price(f, v.branch, l, currency)
	}
	c.Lang = foreignText(f.Lang, l.Langs)
	return c
}

// habitWord is how a tutor answers, on a card: empty while there is no habit.
func habitWord(f web.Frame, l catalogue.Listing) string {
	word := answerWord(f, profile.Habit{Minutes: l.ReplyMinutes, Share: l.ReplyShare, Known: l.ReplyKnown})
	if l.Capacity > 0 && l.Capacity < profile.ManyFree { // plenty of room needs no word
		free := f.N("site.free", l.Capacity)
		if word == "" {
			return free
		}
		word += " · " + free
	}
	return word
}

// replyWord says how long an answer usually takes, empty while too few are known.
func replyWord(f web.Frame, minutes int) string {
	if minutes <= 0 {
		return ""
	}
	return f.N("site.reply", max(1, (minutes+30)/60))
}

// answerWord says how soon and to how many a tutor answers, empty while too few
// acts are known. A learner must see who never answers before writing.
func answerWord(f web.Frame, h profile.Habit) string {
	reply := replyWord(f, h.Minutes)
	switch {
	case !h.Known:
		return reply
	case h.Share == 0:
		return f.T("site.share_none")
	case reply == "":
		return f.T("site.share", "share", h.Share)
	case h.Share == 100:
		return f.T("site.reply_all", "reply", reply)
	}
	return f.T("site.reply_share", "reply", reply, "share", h.Share)
}

// foreignText is the language of a person's texts when it cannot be the page's.
func foreignText(page string, langs []string) string {
	for _, l := range langs {
		if l == page {
			return ""
		}
	}
	if len(langs) > 0 {
		return langs[0]
	}
	return ""
}

func sinceDate(f web.Frame, at, now time.Time) string {
	if at.IsZero() {
		at = now
	}
	if at.Year() == now.Year() {
		return f.Texts.Day(at)
	}
	return f.Texts.Date(at)
}

func (s *Site) languages(f web.Frame, tags []string) string {
	out := ""
	for i, tag := range tags {
		if i == 3 {
			break
		}
		if i > 0 {
			out += ", "
		}
		out += f.Texts.Language(tag)
	}
	return out
}

func (s *Site) price(f web.Frame, br branch.Settings, l catalogue.Listing, currency string) web.Price {
	switch {
	case l.Price != nil && l.Price.Minor == 0, l.Price == nil && l.Free:
		return web.Price{Main: f.T("price.free")}
	case l.Price != nil:
		p := s.amount(f, br, *l.Price, currency)
		switch {
		case l.Free:
			p.Main = f.T("price.and_free", "price", p.Main)
		case l.PriceFrom && l.Kind != web.KindWork: // whose cards say "from" themselves
			p.Main = f.T("price.from", "price", p.Main)
		}
		if l.Kind == web.KindService {
			p.Unit = f.T("price.per_" + l.Format)
		}
		return p
	case l.ByAgreement:
		return web.Price{Main: f.T("price.agreement")}
	}
	return web.Price{}
}

// amount is a price with what it is about in the currency asked for.
func (s *Site) amount(f web.Frame, br branch.Settings, a money.Amount, currency string) web.Price {
	p := web.Price{Main: a.Format(f.Lang)}
	if currency != "" && currency != a.Currency {
		if about, ok := br.Rates.Convert(a, currency); ok {
			p.Approx = "≈ " + about.Format(f.Lang)
		}
	}
	return p
}
