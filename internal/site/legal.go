package site

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/migrations"
	"github.com/tmoeg/oduvan/web"
)

func (s *Site) mountLegal(r gin.IRouter) {
	r.GET("/about", s.open(s.about))
	r.GET("/privacy", s.open(s.privacy))
	r.GET("/rules", s.open(s.rules))
}

func notFound() error { return fault.Of(fault.NotFound, "not_found") }

func trimXML(name string) string { return strings.TrimSuffix(name, ".xml") }

func (s *Site) about(_ *gin.Context, _ *visit, f web.Frame) (templ.Component, error) {
	f.Title = f.T("footer_link.about")
	s.indexable(&f, "/about")
	return web.Legal(f, web.LegalPage{Title: f.Title, BodyHTML: markup.Document(f.T("words.about"))}), nil
}

// privacy shows the list of columns that the schema is tested against: what is
// written here is what is kept.
func (s *Site) privacy(c *gin.Context, _ *visit, f web.Frame) (templ.Component, error) {
	f.Title = f.T("footer_link.privacy")
	s.indexable(&f, "/privacy")
	about, cards := "stripe.privacy", s.Stripe != nil
	if !cards && s.StripeKept != nil {
		kept, err := s.StripeKept(c.Request.Context())
		if err != nil {
			return nil, err
		}
		cards = kept // from a time with a key
	}
	if !cards {
		about = "stripe.privacy_off"
	}
	page := web.LegalPage{Title: f.Title, BodyHTML: markup.Document(f.T("footer.privacy") + "\n\n" + f.T("words.privacy") + f.T(about))}
	columns, err := migrations.List()
	if err != nil {
		return nil, err
	}
	for _, col := range columns {
		if !cards && ofCards(col) {
			continue
		}
		purpose, retention := col.In(f.Lang)
		page.Columns = append(page.Columns, web.Column{Table: col.Table, Name: col.Name, Class: col.Class, Purpose: purpose, Retention: retention})
	}
	return web.Legal(f, page), nil
}

// ofCards tells whether a column is there for card payments only: without them
// it is empty.
func ofCards(col migrations.Column) bool {
	return strings.HasPrefix(col.Table, "stripe_") || col.Table == "payment_inbox" || col.Table == "payment_finding"
}

func (s *Site) rules(_ *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	f.Title = f.T("footer_link.rules")
	s.indexable(&f, "/rules")
	text := v.branch.Rules
	if text == "" {
		text = f.T("words.rules")
	}
	return web.Legal(f, web.LegalPage{Title: f.Title, BodyHTML: markup.Document(text)}), nil
}
