package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/feeds"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/web"
)

const (
	licencesPath = "/me/licences"
	salesPath    = "/me/sales"
	appealsPath  = "/admin/appeals"
)

// myLicences lists what the viewer bought.
func (s *Site) myLicences(c *gin.Context) error {
	f, v, err := s.signed(c, "mine.title")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	list, err := s.Licences.Grants(ctx, v.actor, licence.GrantFilter{})
	if err != nil {
		return err
	}
	p := web.LicencesPage{FeedTo: licencesPath + "/feed", EndTo: licencesPath + "/feed/end", Orders: web.Link{Label: f.T("mine.orders"), URL: "/orders"},
		Empty: web.Empty{Title: f.T("mine.none"), Text: f.T("mine.none_text"), Action: web.Link{Label: f.T("mine.find"), URL: "/search?kind=work"}}}
	for i := range list {
		row, err := s.licenceRow(f, &list[i])
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, row)
	}
	if p.Feed, err = s.Licences.FeedURL(ctx, v.actor); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, web.Licences(f, p))
}

func (s *Site) licenceRow(f web.Frame, g *licence.Grant) (web.LicenceRow, error) {
	x, err := g.Facts()
	if err != nil {
		return web.LicenceRow{}, err
	}
	word := g.Word(s.Now(), x.GraceDays)
	term := licenceTerm(f, licence.Public{Facts: x, Word: word, State: g.State}, s.Now())
	row := web.LicenceRow{ID: g.ID, Title: x.WorkTitle, URL: licence.GrantPath(g.ID), State: licenceState(word), Until: term.Until, Left: term.Left,
		Percent: term.Percent, FileURL: licence.GrantPath(g.ID) + ".jwt"}
	if s.renewable(g) {
		row.RenewURL = renewPath(g)
	}
	if g.RenewedBy != "" {
		row.RenewedURL = licence.GrantPath(g.RenewedBy)
	}
	return row, nil
}

// licenceAct does one small thing to the viewer's licences and goes back.
func (s *Site) licenceAct(c *gin.Context, back, word string, do func(*visit) error) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err := do(v); err != nil {
		return err
	}
	s.say(c, "ok", word)
	return s.see(c, back)
}

func (s *Site) newLicenceFeed(c *gin.Context) error {
	return s.licenceAct(c, licencesPath, "notices.feed_done", func(v *visit) error {
		_, err := s.Licences.RenewFeed(c.Request.Context(), v.actor)
		return err
	})
}

func (s *Site) endLicenceFeed(c *gin.Context) error {
	return s.licenceAct(c, licencesPath, "mine.feed_ended", func(v *visit) error { return s.Licences.EndFeed(c.Request.Context(), v.actor) })
}

func (s *Site) newLink(c *gin.Context) error {
	return s.licenceAct(c, licence.GrantPath(c.Param("id")), "licence.share_done", func(v *visit) error {
		_, err := s.Licences.RenewLink(c.Request.Context(), v.actor, c.Param("id"))
		return err
	})
}

func (s *Site) endLink(c *gin.Context) error {
	return s.licenceAct(c, licence.GrantPath(c.Param("id")), "licence.share_ended", func(v *visit) error {
		return s.Licences.EndLink(c.Request.Context(), v.actor, c.Param("id"))
	})
}

func (s *Site) showLicence(c *gin.Context) error {
	return s.licenceAct(c, licence.GrantPath(c.Param("id")), "licence.show_done", func(v *visit) error {
		return s.Licences.Show(c.Request.Context(), v.actor, c.Param("id"), value(c, "shown") != "")
	})
}

// licenceFeed is when the licences of somebody end, as Atom or as a calendar,
// at a secret address and in their language.
func (s *Site) licenceFeed(c *gin.Context) error {
	name := c.Param("secret")
	secret, atom := strings.CutSuffix(name, ".atom")
	if !atom {
		var ok bool
		if secret, ok = strings.CutSuffix(name, ".ics"); !ok {
			return fault.Of(fault.NotFound, "feed_unknown")
		}
	}
	list, lang, err := s.Licences.ByFeed(c.Request.Context(), secret)
	if err != nil {
		return err
	}
	l := localeOf(c.Request)
	lang = l.branch.Spoken(lang)
	f := s.Web.Frame(lang)
	words := func(g *licence.Grant) (summary, text string) {
		x, _ := g.Facts() // written by us
		return f.T("mine.event", "title", x.WorkTitle), f.T("mine.event_text", "id", g.ID, "date", f.Texts.Date(g.ValidUntil))
	}
	media, content := "text/calendar; charset=utf-8", licence.Calendar(f.T("mine.title"), s.Licences.Events(list, words))
	if atom {
		media = "application/atom+xml; charset=utf-8"
		if content, err = s.licenceAtom(f, "/"+lang, list, words); err != nil {
			return err
		}
	}
	return s.secretFile(c, media, content)
}

func (s *Site) licenceAtom(f web.Frame, base string, list []licence.Grant, words func(*licence.Grant) (string, string)) ([]byte, error) {
	feed := &feeds.Feed{Title: f.T("mine.title"), Link: &feeds.Link{Href: s.absolute(base + licencesPath)}, Updated: time.Unix(0, 0).UTC()}
	for i := range list {
		g := &list[i]
		title, text := words(g)
		at := s.absolute(base + licence.GrantPath(g.ID))
		feed.Items = append(feed.Items, &feeds.Item{Id: at, Title: title, Description: text, Link: &feeds.Link{Href: at}, Created: g.PaidAt.UTC(), Updated: g.PaidAt.UTC()})
		if g.PaidAt.After(feed.Updated) {
			feed.Updated = g.PaidAt.UTC()
		}
	}
	text, err := feeds.ToXML((&feeds.Atom{Feed: feed}).AtomFeed())
	return []byte(text), err
}

// secretFile answers at a secret address: kept by its reader alone.
func (s *Site) secretFile(c *gin.Context, media string, content []byte) error {
	secureHeaders(c.Writer.Header())
	sum := sha256.Sum256(content)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	c.Header("Cache-Control", "private, no-cache")
	c.Header("ETag", etag)
	c.Header("X-Robots-Tag", "noindex")
	c.Header("Referrer-Policy", "no-referrer")
	if strings.Contains(c.GetHeader("If-None-Match"), etag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, media, content)
	return nil
}

// sales is the register of what the viewer granted.
func (s *Site) sales(c *gin.Context) error {
	f, v, err := s.signed(c, "sales.title")
	if err != nil {
		return err
	}
	list, err := s.Licences.Register(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.SalesPage{Files: []web.Link{{Label: "CSV", URL: salesPath + ".csv"}, {Label: "JSON", URL: salesPath + ".json"}},
		Orders: web.Link{Label: f.T("mine.orders"), URL: "/orders?side=seller"}, Works: web.Link{Label: f.T("sales.works"), URL: "/me/works"},
		Empty: web.Empty{Title: f.T("sales.none"), Text: f.T("sales.none_text"), Action: web.Link{Label: f.T("sales.works"), URL: "/me/works"}}}
	if s.Stripe != nil {
		p.Cards = web.Link{Label: f.T("stripe.nav"), URL: stripePath}
	}
	for _, e := range list[:min(len(list), 200)] {
		row := web.SaleRow{ID: e.ID, URL: licence.GrantPath(e.ID), Title: e.WorkTitle, Licensee: e.Licensee, State: licenceState(cert.Word(e.Word)),
			Price: money.Amount{Minor: e.Amount, Currency: e.Currency}.Format(f.Lang), Paid: f.Texts.Date(e.PaidAt), Until: f.Texts.Date(e.ValidUntil)}
		if e.State != licence.Revoked && s.Now().Before(e.ValidUntil) {
			row.RevokeURL = licence.GrantPath(e.ID) + "/revoke"
		}
		p.Rows = append(p.Rows, row)
	}
	return s.show(c, http.StatusOK, web.Sales(f, p))
}

// salesFile is the whole register as a file.
func (s *Site) salesFile(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	list, err := s.Licences.Register(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if strings.HasSuffix(c.Request.URL.Path, ".csv") {
		if err := licence.WriteRegisterCSV(&b, list); err != nil {
			return err
		}
		return s.file(c, "licences.csv", "text/csv; charset=utf-8", b.Bytes(), 0)
	}
	if err := licence.WriteRegisterJSON(&b, list); err != nil {
		return err
	}
	return s.file(c, "licences.json", "application/json", b.Bytes(), 0)
}

// sold reads a licence of the viewer's as its seller.
func (s *Site) sold(c *gin.Context) (web.Frame, *visit, licence.Grant, error) {
	f, v, err := s.signed(c, "sales.revoke")
	if err != nil {
		return f, v, licence.Grant{}, err
	}
	g, err := s.Licences.Grant(c.Request.Context(), v.actor, c.Param("id"))
	if err == nil && g.SellerID != v.actor.ID {
		err = errNoLicence
	}
	return f, v, g, err
}

func (s *Site) revokeForm(c *gin.Context) error { return s.revokePage(c, problems{}) }

func (s *Site) revokePage(c *gin.Context, bad problems) error {
	f, _, g, err := s.sold(c)
	if err != nil {
		return err
	}
	p, err := s.Licences.Public(c.Request.Context(), g.ID)
	if err != nil {
		return err
	}
	at := licence.GrantPath(g.ID)
	page := web.RevokePage{ID: g.ID, About: f.T("licence.about", "title", p.Facts.WorkTitle, "version", p.Facts.WorkVersion), Troubles: bad.Summary, Action: at + "/revoke",
		Back: salesPath, Days: licence.NoticeDays, Ground: web.Field{Name: "ground", Label: f.T("revoke.ground"), Error: bad.of("ground"), Required: true},
		Reason: web.Field{Name: "reason", Label: f.T("revoke.reason"), Hint: f.T("revoke.reason_hint"), Error: bad.of("reason"), Value: value(c, "reason"), Required: true, Max: licence.MaxReason}}
	for _, ground := range licence.Grounds() {
		page.Grounds = append(page.Grounds, web.Choice{Value: string(ground), Label: f.T("licence.ground_" + string(ground)), Selected: value(c, "ground") == string(ground)})
	}
	if r := p.Revocation; r != nil && (r.State == licence.Announced || r.State == licence.Effective) {
		page.Standing = announced(f, g, r, false, problems{}, "")
	}
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.show(c, status, web.Revoke(f, page))
}

func (s *Site) revoke(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.Revoke(c.Request.Context(), v.actor, c.Param("id"), licence.Revoking{Ground: licence.Ground(value(c, "ground")), Reason: value(c, "reason")})
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.RateLimited) {
		return s.revokePage(c, s.problems(s.public(c, v), err))
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "revoke.done")
	return s.see(c, licence.GrantPath(c.Param("id"))+"/revoke")
}

func (s *Site) withdrawRevocation(c *gin.Context) error {
	return s.licenceAct(c, licence.GrantPath(c.Param("id")), "revoke.withdrawn", func(v *visit) error {
		return s.Licences.Withdraw(c.Request.Context(), v.actor, c.Param("id"))
	})
}

// appeal asks a moderator; what was typed comes back with a refusal.
func (s *Site) appeal(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.Appeal(c.Request.Context(), v.actor, c.Param("id"), value(c, "appeal"))
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.RateLimited) {
		return s.licencePage(c, c.Param("id"), s.problems(s.public(c, v), err))
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "revoke.appealed")
	return s.see(c, licence.GrantPath(c.Param("id")))
}

// appeals lists what waits for a moderator.
func (s *Site) appeals(c *gin.Context) error { return s.appealsPage(c, problems{}) }

func (s *Site) appealsPage(c *gin.Context, bad problems) error {
	f, v, err := s.office(c, "admin.appeals", account.Moderator)
	if err != nil {
		return err
	}
	list, err := s.Licences.Appeals(c.Request.Context(), v.actor)
	if err != nil {
		return err
	}
	p := web.AppealsPage{Tabs: adminTabs(f, v, appealsPath), Empty: web.Empty{Title: f.T("revoke.appeals_none"), Text: f.T("revoke.appeals_none_text")}}
	for _, x := range list {
		r := x.Revocation
		row := web.AppealRow{ID: r.GrantID, URL: licence.CheckPath(r.GrantID), About: f.T("licence.about", "title", x.Public.Facts.WorkTitle, "version", x.Public.Facts.WorkVersion),
			Ground: f.T("licence.ground_" + string(r.Ground)), Reason: r.Reason, Appeal: r.Appeal, Since: f.T("revoke.appealed_on", "date", f.Texts.Date(r.AppealedAt)),
			Action: appealsPath + "/" + r.GrantID, Field: web.Field{Name: "reason", ID: "f-reason-" + r.GrantID, Label: f.T("revoke.public_reason"), Hint: f.T("revoke.public_hint"),
				Required: true, Max: licence.MaxReason}}
		if r.GrantID == c.Param("id") {
			row.Troubles, row.Field.Value, row.Field.Error = bad.Summary, value(c, "reason"), bad.of("reason")
			row.Field.ID = "f-reason"
		}
		p.Rows = append(p.Rows, row)
	}
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.show(c, status, web.Appeals(f, p))
}

func (s *Site) judge(c *gin.Context) error {
	v, err := s.visit(c)
	if err != nil {
		return err
	}
	if err = s.mayWrite(c); err == nil {
		_, err = s.Licences.Judge(c.Request.Context(), v.actor, c.Param("id"), licence.Judgement{Reverse: value(c, "decision") == "reversed", Reason: value(c, "reason")})
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.RateLimited) {
		return s.appealsPage(c, s.problems(s.public(c, v), err))
	}
	if err != nil {
		return err
	}
	s.say(c, "ok", "revoke.judged")
	return s.see(c, appealsPath)
}
