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
