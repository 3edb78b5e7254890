package site

import (
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/web"
)

// workFacts is what a work's card says beside its title: the licence for
// everybody, and what is to be had beyond it.
func workFacts(f web.Frame, c *web.Card, l catalogue.Listing) {
	base := ""
	if len(l.Licences) > 0 {
		base = l.Licences[0]
	}
	c.Licence = web.BaseName(base)
	switch {
	case !licence.NonCommercial(base):
		c.Meta = f.T("work.card_open")
	case l.Free:
		c.Meta = f.T("work.card_free")
	case l.Price != nil:
		// the price says it
	default:
		c.Meta = f.T("work.card_none")
	}
}

// workCards are the works on a person's page.
func (s *Site) workCards(f web.Frame, v *visit, works []licence.WorkView) []web.Card {
	out := make([]web.Card, 0, len(works))
	for i := range works {
		out = append(out, s.card(f, v, works[i].Card(), ""))
	}
	return out
}
