package site

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
	"github.com/tmoeg/oduvan/web"
)

// mountWorks registers the pages of works and of those who sell them.
func (s *Site) mountWorks(r gin.IRouter) {
	r.GET("/works/:id", s.open(s.work))
	s.mountRights(r)
	s.mountOwnWorks(r)
}

func (s *Site) work(c *gin.Context, v *visit, f web.Frame) (templ.Component, error) {
	w, err := s.Licences.Work(c.Request.Context(), v.actor, c.Param("id"))
	if err != nil {
		return nil, err
	}
	s.workFrame(&f, &w)
	return web.Work(f, s.workPage(f, v, &w)), nil
}

func (s *Site) workPage(f web.Frame, v *visit, w *licence.WorkView) web.WorkPage {
	p := web.WorkPage{Title: w.Title, Lang: foreignText(f.Lang, w.Languages), Kind: w.Kind, Version: w.Current.Label, SummaryHTML: markup.Render(w.Summary),
		URL: w.URL, Host: hostOf(w.URL), SHA256: w.Current.SHA256, Base: baseOf(f, w.BaseLicence), By: seller(f, w), Cite: w.Attribution(),
		Canonical: s.absolute(licence.WorkPath(w.ID)), Withdrawn: w.State == licence.WorkWithdrawn, Box: s.saleBox(f, v, w),
		Owner: w.Mine, Draft: !w.Public(), EditURL: workshopPath(w.ID), Open: claimWords(f, w.Claims)}
	if !w.ProvedOn.IsZero() {
		p.Proved = f.Texts.Date(w.ProvedOn)
	}
	switch {
	case w.State == licence.WorkSuspended:
		p.Stopped = f.T("work.stopped_upheld") + " " + w.Reason
	case openClaims(w.Claims) > 0:
		p.Stopped = f.T("work.stopped_claim")
	}
	if w.State != licence.WorkSuspended {
		p.Lifted = w.Reason
	}
	if !w.Mine && w.Public() {
		p.ClaimURL = licence.WorkPath(w.ID) + "/claim"
	}
	for i := range w.Contributions {
		p.Authors = append(p.Authors, author(f, &w.Contributions[i]))
	}
	for _, e := range w.Versions {
		p.Versions = append(p.Versions, edition(f, e, w.Version))
	}
	return p
}

func baseOf(f web.Frame, id string) web.BaseLicence {
	return web.BaseLicence{Name: web.BaseName(id), URL: web.BaseURL(id), Text: f.Texts.BaseText(id), ForAll: !licence.NonCommercial(id)}
}

// seller is who registered a work; of an erased account nothing is left but a word.
func seller(f web.Frame, w *licence.WorkView) web.WorkSeller {
	out := web.WorkSeller{Name: w.Name, Portrait: portrait(w.Seed, w.Picture)}
	if out.Name == "" {
		out.Name = w.Handle
	}
	if w.Handle == "" {
		out.Name = f.T("work.erased")
	}
	if w.Profile {
		out.URL = profile.Path(profile.CreatorKind, w.Handle)
	}
	return out
}

// hostOf is an address as people read it.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.TrimSuffix(u.Host+u.Path, "/")
}

func author(f web.Frame, c *licence.Contribution) web.WorkAuthor {
	out := web.WorkAuthor{Name: c.Shown, Part: c.Part}
	if out.Name == "" {
		out.Name = f.T("work.erased")
	}
	out.Ground, out.Missing = groundWord(f, c)
	return out
}

// groundWord says on which ground a part may be licensed, and whether that is
// none yet.
func groundWord(f web.Frame, c *licence.Contribution) (word string, missing bool) {
	switch c.Ground {
	case licence.GroundAgreement:
		return f.T("ground.agreement", "n", c.Agreement), false
	case licence.GroundThird:
		if licence.Blocks(c.Licence) {
			return f.T("ground.third_bad", "licence", web.BaseName(c.Licence)), true
		}
		return f.T("ground.third", "licence", web.BaseName(c.Licence)), false
	case licence.GroundOpen:
		return f.T("ground.open"), true
	case licence.GroundConsent:
		if !c.HasGiven {
			return f.T("ground.consent_withdrawn"), true
		}
	}
	return f.T("ground." + string(c.Ground)), false
}

func edition(f web.Frame, v licence.WorkVersion, newest int) web.WorkEdition {
	return web.WorkEdition{Label: v.Label, Date: f.Texts.Date(v.AddedOn), SHA: short(v.SHA256), Full: v.SHA256, Now: v.N == newest}
}

// short is a digest as people compare it.
func short(digest string) string {
	if len(digest) < 12 {
		return digest
	}
	return digest[:6] + "…" + digest[len(digest)-6:]
}

func claimWords(f web.Frame, list []licence.Claim) []web.OpenClaim {
	var out []web.OpenClaim
	for _, c := range list {
		if c.State == licence.ClaimWithdrawn {
			continue
		}
		out = append(out, web.OpenClaim{Date: f.Texts.Date(c.MadeOn), Text: c.Text, Answer: c.Decision})
	}
	return out
}

func openClaims(list []licence.Claim) (n int) {
	for _, c := range list {
		if c.State == licence.ClaimOpen {
			n++
		}
	}
	return n
}

// saleBox answers who needs a commercial licence and what it costs.
func (s *Site) saleBox(f web.Frame, v *visit, w *licence.WorkView) web.SaleBox {
	var b web.SaleBox
	helper := licence.WorkPath(w.ID) + "/licence"
	for i := range w.Offers {
		o := &w.Offers[i]
		if o.State != licence.OfferOpen {
			continue
		}
		b.Offers = append(b.Offers, web.SaleOffer{Channel: f.Texts.Channel(o.Channel), Uses: useWords(f, o.Uses), Where: whereWord(f, o),
			Price: s.offerPrice(f, v, o), Spans: spanWords(f, o.Prices), URL: helper + "?offer=" + o.ID})
		b.Payee = o.Payee
		for _, way := range s.payable(o) {
			word := web.PayWay{Country: f.Texts.Country(way.Country), Method: f.Texts.Method(string(way.Method)), Currency: way.Currency}
			if !slices.Contains(b.Ways, word) {
				b.Ways = append(b.Ways, word)
			}
		}
	}
	if len(b.Offers) > 0 && len(w.Missing) == 0 {
		b.HelperURL = helper
		return b
	}
	b.Offers, b.Ways, b.Payee, b.Why = nil, nil, "", missingWords(f, w.Missing)
	if len(b.Why) == 0 {
		b.Why = []string{f.T("work.none_offer")}
	}
	return b
}

// missingWords are the reasons for which nothing can be sold, each once.
func missingWords(f web.Frame, missing fault.Fields) []string {
	var out []string
	seen := map[string]bool{}
	for _, e := range missing {
		if word := f.Texts.Fault(e.Kind.String(), e.Code, wordArgs(f.Texts, e.Args)); !seen[word] {
			seen[word] = true
			out = append(out, word)
		}
	}
	return out
}

// whereWord says where, and for how many, an offer holds.
func whereWord(f web.Frame, o *licence.Offer) string {
	return countryWords(f, o.Territory) + " · " + learnerWord(f, o.Learners)
}

// offerPrice is an offer's lowest price of the first currency it names.
func (s *Site) offerPrice(f web.Frame, v *visit, o *licence.Offer) web.Price {
	if len(o.Prices) == 0 {
		return web.Price{}
	}
	least, same := o.Prices[0].Money(), true
	for _, p := range o.Prices[1:] {
		a := p.Money()
		same = same && a == least
		if a.Currency == least.Currency && a.Minor < least.Minor {
			least = a
		}
	}
	if least.IsZero() {
		return web.Price{Main: f.T("price.free")}
	}
	p := s.amount(f, v.branch, least, "")
	if !same {
		p.Main = f.T("price.from", "price", p.Main)
	}
	return p
}

func spanWords(f web.Frame, prices []licence.Price) []string {
	out := make([]string, len(prices))
	for i, p := range prices {
		price := p.Money().Format(f.Lang)
		if p.Amount == 0 {
			price = f.T("price.free")
		}
		out[i] = f.T("work.span", "days", f.N("work.days", p.Days), "price", price)
	}
	return out
}

// workFrame tells machines of a work: schema.org's words for its licence, where
// another one can be had, and how its makers are named.
func (s *Site) workFrame(f *web.Frame, w *licence.WorkView) {
	f.Title = w.Title
	f.Description = clip(strings.Join(strings.Fields(markup.Plain(w.Summary)), " "), 200)
	if f.Description == "" {
		f.Description = f.T("work.about_text", "kind", f.Texts.WorkKind(w.Kind), "title", w.Title, "licence", web.BaseName(w.BaseLicence))
	}
	s.indexable(f, licence.WorkPath(w.ID))
	f.OG.Type = "article"
	f.NoIndex = w.State != licence.WorkPublished
	thing := map[string]any{"@context": "https://schema.org", "@type": schemaType(w.Kind), "name": w.Title, "description": f.Description,
		"url": f.Canonical, "license": web.BaseURL(w.BaseLicence), "creditText": w.Attribution(), "version": w.Current.Label}
	if w.URL != "" {
		thing["sameAs"] = w.URL
	}
	if len(w.Languages) > 0 {
		thing["inLanguage"] = w.Languages
	}
	if !w.PublishedOn.IsZero() {
		thing["datePublished"] = w.PublishedOn.Format(time.DateOnly)
	}
	if len(w.Missing) == 0 && lowest(w.Offers) != nil {
		thing["acquireLicensePage"] = s.absolute("/" + f.Lang + licence.WorkPath(w.ID) + "/licence")
	}
	var makers []map[string]any
	for i := range w.Contributions {
		if name := w.Contributions[i].Shown; name != "" {
			makers = append(makers, map[string]any{"@type": "Person", "name": name})
		}
	}
	if len(makers) > 0 {
		thing["creator"] = makers
	}
	f.JSONLD, _ = json.Marshal(thing) //nolint:errchkjson // strings only
}

// schemaType is schema.org's word for a kind of work.
func schemaType(kind string) string {
	switch kind {
	case "course":
		return "Course"
	case "article":
		return "Article"
	case "video":
		return "VideoObject"
	case "book":
		return "Book"
	case "slides":
		return "PresentationDigitalDocument"
	case "code":
		return "SoftwareSourceCode"
	case "game":
		return "VideoGame"
	case "picture":
		return "ImageObject"
	case "music":
		return "MusicRecording"
	}
	return "CreativeWork"
}

// lowest is the first price of open offers; nil: there is none.
func lowest(offers []licence.Offer) *money.Amount {
	for i := range offers {
		if offers[i].State == licence.OfferOpen && len(offers[i].Prices) > 0 {
			a := offers[i].Prices[0].Money()
			return &a
		}
	}
	return nil
}
