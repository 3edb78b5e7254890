package site

import (
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/catalogue"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/profile"
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

// worksOf are the works on a person's page: what everybody finds.
func (s *Site) worksOf(c *gin.Context, f web.Frame, v *visit, p profile.Profile) ([]web.Card, error) {
	works, err := s.Licences.Works(c.Request.Context(), account.Actor{}, p.Handle)
	if fault.Is(err, fault.NotFound) {
		return nil, nil // an account that nobody claimed has registered nothing
	}
	out := make([]web.Card, 0, len(works))
	for i := range works {
		out = append(out, s.card(f, v, works[i].Card(), ""))
	}
	return out, err
}
