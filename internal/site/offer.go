package site

import (
	"encoding/json"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) mountOffer(r gin.IRouter) {
	r.GET("/services/:id", s.open(s.service))
}

func (s *Site) service(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	ctx := c.Request.Context()
	offer, err := s.Market.Service(ctx, v.actor, c.Param("id"))
	if err != nil {
		return nil, err
	}
	p, err := s.Profiles.Profile(ctx, v.actor, offer.Handle)
	if err != nil {
		return nil, err
	}
	page := s.servicePage(f, offer, p, v)
	if page.Others, _, err = s.servicesOf(c, f, v, p); err != nil {
		return nil, err
	}
	if page.Owner {
		if page.Unlicensed, err = s.unlicensed(ctx, v.actor.ID, savedService(&offer.Service, f.Lang).ServiceInput); err != nil {
			return nil, err
		}
	}
	if askable(p, v) && offer.State == market.Published {
		h, err := s.Messages.Habit(ctx, p.AccountID)
		if err != nil {
			return nil, err
		}
		page.AskURL, page.Places, page.Reply = askDoor(p.Handle, offer.ID, h), freeWord(f, h.Free), answerWord(f, h)
		page.By.Reply = page.Reply
	}
	page.Others = others(page.Others, "/services/"+offer.ID)
	s.serviceFrame(&f, offer, page)
	return web.Service(f, page), nil
}

func others(cards []web.Card, but string) []web.Card {
	out := cards[:0:0]
	for _, c := range cards {
		if c.URL != but {
			out = append(out, c)
		}
	}
	return out
}

func (s *Site) servicePage(f web.Frame, o market.Listing, p profile.Profile, v *visit) web.ServicePage {
	page := web.ServicePage{Title: o.Title, Format: o.Format, FreeTrial: o.FreeTrial, BodyHTML: markup.Render(o.Summary),
		RulesHTML: markup.Render(o.Rules), Skills: s.skillLinks(f, p.Skills), Languages: languageWords(f, p.Languages),
		Lang: foreignText(f.Lang, p.Languages), Unclaimed: unclaimed(p), OnPause: onPause(p), Draft: !p.Visible() || o.State != market.Published,
		Owner: v.actor.ID == o.AccountID && v.actor.ID != "", EditURL: "/me/services/" + o.ID}
	if page.Unclaimed {
		page.SearchURL = similarURL(p)
	}
	if o.Minutes > 0 {
		page.Length = f.N("price.minutes", o.Minutes)
	}
	card := o.Card()
	page.Price, page.Free = s.price(f, v.branch, card, ""), card.Free
	page.By = s.card(f, v, p.Card(s.Now()), "")
	page.By.Price, page.By.URL = web.Price{}, p.Path()
	for _, l := range p.Links {
		page.Links = append(page.Links, web.Link{Label: l.Title, URL: l.URL})
	}
	if page.OnPause && !p.PausedUntil.IsZero() {
		page.Paused = returnDate(f, p)
	}
	return page
}

func (s *Site) serviceFrame(f *web.Frame, o market.Listing, page web.ServicePage) {
	f.Title = o.Title
	f.Description = clip(strings.Join(strings.Fields(markup.Plain(o.Summary)), " "), 200)
	s.indexable(f, "/services/"+o.ID)
	f.NoIndex = page.Draft
	thing := map[string]any{"@context": "https://schema.org", "@type": "Service", "name": o.Title, "description": f.Description,
		"url": f.Canonical, "provider": map[string]any{"@type": "Person", "name": page.By.Title, "alternateName": o.Handle}}
	if a := o.Amount(); a != nil {
		thing["offers"] = map[string]any{"@type": "Offer", "price": a.Number("en"), "priceCurrency": a.Currency}
	}
	f.JSONLD, _ = json.Marshal(thing) //nolint:errchkjson // strings only
}
