package site

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/sheet"
	"github.com/tmoeg/oduvan/web"
)

// mountLicences registers everything about licences that were issued.
func (s *Site) mountLicences(r gin.IRouter) {
	r.GET("/v/:id", s.limited("search", s.page(s.licencePublic)))
	r.GET("/verify", s.page(s.verifyForm))
	r.POST("/verify", s.limited("search", s.page(s.verifyFile)))
	r.GET("/licences/:id", s.limited("search", s.page(s.licence)))
	r.GET("/licences/status/:n", s.page(s.statusList))
	r.GET("/.well-known/jwks.json", s.page(s.publicKeys))
	r.GET("/schemas/licence.json", s.page(s.licenceSchema))
	r.GET("/terms/:version", s.page(s.terms))
	r.POST("/licences/:id/link", s.act(s.newLink))
	r.POST("/licences/:id/link/end", s.act(s.endLink))
	r.POST("/licences/:id/show", s.act(s.showLicence))
	r.GET("/licences/:id/revoke", s.page(s.revokeForm))
	r.POST("/licences/:id/revoke", s.typed(s.revoke))
	r.POST("/licences/:id/revoke/withdraw", s.act(s.withdrawRevocation))
	r.POST("/licences/:id/appeal", s.typed(s.appeal))
	r.GET(judgedPath, s.page(s.judged))
	r.GET("/me/licences", s.page(s.myLicences))
	r.POST("/me/licences/feed", s.act(s.newLicenceFeed))
	r.POST("/me/licences/feed/end", s.act(s.endLicenceFeed))
	r.GET("/feeds/licences/:secret", s.limited("search", s.page(s.licenceFeed)))
	r.GET("/me/sales", s.page(s.sales))
	r.GET("/me/sales.csv", s.page(s.salesFile))
	r.GET("/me/sales.json", s.page(s.salesFile))
	r.GET("/admin/appeals", s.page(s.appeals))
	r.POST("/admin/appeals/:id", s.typed(s.judge))
}

// licenceState is a licence's word as its page shows it.
func licenceState(w cert.Word) string {
	if w == cert.ExpiredInGrace {
		return web.LicenceGrace
	}
	return string(w)
}

// licencePublic is what everybody may know of a licence.
func (s *Site) licencePublic(c *gin.Context) error {
	f, v, err := s.frameFor(c, "")
	if err != nil {
		return err
	}
	p, err := s.Licences.Public(c.Request.Context(), strings.ToUpper(c.Param("id")))
	if err != nil {
		return err
	}
	s.indexable(&f, licence.CheckPath(p.ID))
	f.NoIndex = true // a licence is between two people
	page, err := s.licenceView(f, v, p)
	if err != nil {
		return err
	}
	f.Title = f.T("licence.title", "id", p.ID, "state", f.T("licence.is_"+page.State))
	return s.show(c, http.StatusOK, web.Licence(f, page))
}

// licenceView fills the page that buyer, seller and everybody share.
func (s *Site) licenceView(f web.Frame, _ *visit, p licence.Public) (web.LicencePage, error) {
	x := p.Facts
	address := x.VerifyURL() + "#" + p.Short
	code, err := sheet.QR(address, f.T("licence.code"))
	if err != nil {
		return web.LicencePage{}, err
	}
	out := web.LicencePage{ID: p.ID, State: licenceState(p.Word), QR: code, Host: s.URL.Host, Path: licence.CheckPath(p.ID),
		About: f.T("licence.about", "title", x.WorkTitle, "version", x.WorkVersion),
		Why:   s.licenceWhy(f, p), Term: licenceTerm(f, p, s.Now()), CheckTo: "/verify",
		Work: web.LicencedWork{Title: x.WorkTitle, URL: licence.WorkPath(x.WorkID), Version: x.WorkVersion, Authors: x.Licensor,
			Base: web.BaseName(x.BaseLicence), BaseURL: web.BaseURL(x.BaseLicence), Print: shortPrint(f, x.WorkSHA256)},
		Cite: x.Attribution + " · " + f.T("licence.cite_id", "id", p.ID, "url", x.VerifyURL()),
		Can:  licenceCan(f, x), Cannot: licenceCannot(f, p), Ever: licenceEver(f, p), Checks: checkRows(f, p.Checks, p.KeyID),
		Command: "oduvan licence verify " + p.ID + ".jwt --jwks jwks.json"}
	out.After = afterwards(f, p)
	if p.RenewedBy != "" {
		out.Acts = append(out.Acts, web.Link{Label: f.T("licence.continued"), URL: licence.CheckPath(p.RenewedBy), Icon: "arrow"})
	}
	return out, nil
}

func shortPrint(f web.Frame, hash string) string {
	if len(hash) != 64 {
		return f.T("licence.no_print")
	}
	return "sha256 " + hash[:4] + "…" + hash[60:]
}

// licenceWhy is the public reason of a state that is not the usual one.
func (s *Site) licenceWhy(f web.Frame, p licence.Public) string {
	r := p.Revocation
	switch {
	case p.State == licence.Revoked:
		words := f.T("licence.ground_"+string(p.Ground)) + ", " + f.Texts.Date(p.RevokedAt)
		if r != nil && r.State == licence.Effective {
			words += ". " + r.Reason
		}
		return words
	case p.State == licence.Suspended:
		return f.T("licence.disputed")
	case r != nil && r.Waits():
		return f.T("licence.appealed", "ground", f.T("licence.ground_"+string(r.Ground))) + " " + r.Reason
	case r != nil && r.State == licence.Announced:
		return f.T("licence.announced", "ground", f.T("licence.ground_"+string(r.Ground)), "date", f.Texts.Date(r.EffectiveAt)) + " " + r.Reason
	}
	return ""
}

// licenceTerm is the bar of a licence's time.
func licenceTerm(f web.Frame, p licence.Public, now time.Time) web.Term {
	from, until := p.Facts.ValidFrom, p.Facts.ValidUntil
	t := web.Term{From: f.T("licence.from", "date", f.Texts.Date(from)), Until: f.T("licence.until", "date", f.Texts.Date(until)), UntilISO: until.UTC().Format(time.RFC3339)}
	total := until.Sub(from)
	if total > 0 {
		t.Percent = int(min(100, max(0, 100*now.Sub(from)/total)))
	}
	days := func(d time.Duration) int { return int((d + 24*time.Hour - 1) / (24 * time.Hour)) }
	switch {
	case p.State == licence.Revoked:
		t.Left = f.T("licence.ended_early")
	case now.Before(from):
		t.Left = f.N("licence.starts_in", days(from.Sub(now)))
	case now.Before(until):
		t.Left, t.Today = f.N("licence.left", days(until.Sub(now))), f.T("licence.today", "date", f.Texts.Day(now))
	case p.Word == cert.ExpiredInGrace:
		t.Left = f.T("licence.grace_until", "date", f.Texts.Date(p.Facts.GraceUntil()))
	default:
		t.Left = f.T("licence.over")
	}
	if t.Percent < 12 || t.Percent > 88 { // the words would hang over the edge
		t.Today = ""
	}
	t.Said = t.From + ", " + t.Until + ". " + t.Left
	return t
}

// licenceCan is what the licence allows, line by line.
func licenceCan(f web.Frame, x cert.Facts) []string {
	out := []string{f.T("licence.for_" + x.Channel)}
	if x.Learners > 0 {
		out[0] += ": " + f.N("licence.learners", x.Learners)
	}
	for _, u := range x.Uses {
		out = append(out, f.T("licence.use_"+string(u)))
	}
	if len(x.Territory) == 1 && x.Territory[0] == cert.Worldwide {
		return append(out, f.T("licence.everywhere"))
	}
	names := make([]string, len(x.Territory))
	for i, code := range x.Territory {
		names[i] = f.Texts.Country(code)
	}
	return append(out, f.T("licence.where", "countries", strings.Join(names, ", ")))
}

// licenceCannot is what it forbids; once it is over, what that means.
func licenceCannot(f web.Frame, p licence.Public) []string {
	out := []string{f.T("licence.not_resell"), f.T("licence.not_unname"), f.T("licence.not_exclude")}
	changes := false
	for _, u := range p.Facts.Uses {
		changes = changes || u == cert.Derive
	}
	if !changes {
		out = append(out, f.T("licence.not_change"))
	}
	if p.State == licence.Revoked {
		return append(out, f.T("licence.not_after_revoked", "date", f.Texts.Date(p.RevokedAt.AddDate(0, 0, licence.WithdrawDays))))
	}
	if p.Facts.GraceDays > 0 {
		return append(out, f.T("licence.not_after_grace", "date", f.Texts.Date(p.Facts.GraceUntil()), "days", p.Facts.GraceDays))
	}
	return append(out, f.T("licence.not_after", "date", f.Texts.Date(p.Facts.ValidUntil)))
}

// licenceEver is what no end of a licence takes away. Copies published under a
// revoked one do not stay.
func licenceEver(f web.Frame, p licence.Public) []string {
	base, rights := f.T("licence.ever_base", "base", web.BaseName(p.Facts.BaseLicence)), f.T("licence.ever_rights")
	if p.State == licence.Revoked {
		return []string{base, rights}
	}
	return []string{base, f.T("licence.ever_copies"), rights}
}

// checkRows says in words what was checked.
func checkRows(f web.Frame, checks []cert.Check, key string) []web.CheckRow {
	out := make([]web.CheckRow, 0, len(checks))
	for _, x := range checks {
		row := web.CheckRow{OK: x.OK, Text: f.T("licence.check_" + x.Name)}
		if !x.OK {
			row.Text = f.T("licence.failed_" + x.Name)
		}
		if x.Name == "signature" && len(key) > 14 {
			row.Code = key[:6] + "…" + key[len(key)-7:]
		}
		out = append(out, row)
	}
	return out
}

// licence is the page of its buyer, of its seller, and of who was given its
// secret address; its files stand behind the same word.
func (s *Site) licence(c *gin.Context) error {
	id := c.Param("id")
	for ending, file := range map[string]handler{".jwt": s.certificateFile, ".pdf": s.certificatePDF} {
		if bare, ok := strings.CutSuffix(id, ending); ok {
			c.Set(licenceID, bare)
			return file(c)
		}
	}
	return s.licencePage(c, id, problems{})
}

// licenceID is where a handler finds the id without the file's ending.
const licenceID = "licence-id"

// certified reads a licence and its certificate for who may have it: by a secret
// address, or as its buyer. The seller gets no certificate.
func (s *Site) certified(c *gin.Context, id string) (g licence.Grant, jwt string, err error) {
	ctx := c.Request.Context()
	if key := c.Query("key"); key != "" {
		return s.Licences.ByLink(ctx, id, key)
	}
	v, err := s.visit(c)
	if err != nil {
		return g, "", err
	}
	if g, err = s.Licences.Grant(ctx, v.actor, id); err != nil || g.BuyerID != v.actor.ID {
		return g, "", err
	}
	jwt, err = s.Licences.Certificate(ctx, v.actor, id)
	return g, jwt, err
}

func (s *Site) licencePage(c *gin.Context, id string, bad problems) error {
	g, jwt, err := s.certified(c, id)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	f, v, err := s.frameFor(c, "")
	if err != nil {
		return err
	}
	p, err := s.Licences.Public(ctx, g.ID)
	if err != nil {
		return err
	}
	page, err := s.licenceView(f, v, p)
	if err != nil {
		return err
	}
	f.NoIndex, f.Title, f.CSRF = true, f.T("licence.title", "id", g.ID, "state", f.T("licence.is_"+page.State)), s.token(c)
	if jwt != "" {
		page.Acts = append(s.licenceFiles(f, g.ID, c.Query("key")), page.Acts...)
	}
	own, sold := g.BuyerID != "" && g.BuyerID == v.actor.ID, g.SellerID != "" && g.SellerID == v.actor.ID
	if own {
		if page.Holder, err = s.holderBox(c, v, g); err != nil {
			return err
		}
		if err := s.Notices.MarkPathRead(ctx, v.actor, licence.GrantPath(g.ID)); err != nil {
			return err
		}
	} else if jwt != "" {
		x, err := g.Facts()
		if err != nil {
			return err
		}
		page.Holder = &web.HolderBox{Licensee: x.Licensee}
	}
	if sold && p.State != licence.Revoked {
		page.Acts = append(page.Acts, web.Link{Label: f.T("sales.revoke"), URL: licence.GrantPath(g.ID) + "/revoke", Icon: "cross"})
	}
	if (own || sold) && p.Revocation != nil {
		page.Notice = announced(f, g, p.Revocation, own, bad, value(c, "appeal"))
	}
	status := http.StatusOK
	if len(bad.Summary) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return s.show(c, status, web.Licence(f, page))
}

func (s *Site) licenceFiles(f web.Frame, id, key string) []web.Link {
	tail := ""
	if key != "" {
		tail = "?key=" + url.QueryEscape(key)
	}
	return []web.Link{{Label: f.T("licence.download"), URL: licence.GrantPath(id) + ".jwt" + tail, Icon: "save"},
		{Label: f.T("licence.pdf"), URL: licence.GrantPath(id) + ".pdf" + tail, Icon: "plan"}}
}

func (s *Site) holderBox(c *gin.Context, v *visit, g licence.Grant) (*web.HolderBox, error) {
	x, err := g.Facts()
	if err != nil {
		return nil, err
	}
	at := licence.GrantPath(g.ID)
	box := &web.HolderBox{Licensee: x.Licensee, OrderURL: "/orders/" + g.OrderID, LinkTo: at + "/link", EndTo: at + "/link/end", Shown: g.Shown}
	if g.Channel == cert.Teaching {
		box.ShowTo = at + "/show"
	}
	if s.renewable(&g) {
		box.RenewURL = renewPath(&g)
	}
	box.ShareURL, err = s.Licences.HolderLink(c.Request.Context(), v.actor, g.ID)
	return box, err
}

// renewable tells that the renewal of a licence can be ordered now.
func (s *Site) renewable(g *licence.Grant) bool {
	return g.State == licence.Active && g.RenewedBy == "" && !s.Now().Before(g.ValidUntil.Add(-licence.RenewFrom))
}

func renewPath(g *licence.Grant) string {
	return licence.WorkPath(g.WorkID) + "/licence?renews=" + g.ID
}

// announced is a revocation as buyer and seller read it.
func announced(f web.Frame, g licence.Grant, r *licence.Revocation, own bool, bad problems, typed string) *web.Announced {
	at := licence.GrantPath(g.ID)
	out := &web.Announced{Reason: r.Reason, Decision: r.DecisionReason}
	date := f.Texts.Date(r.EffectiveAt)
	switch r.State {
	case licence.Announced:
		out.Text = f.T("revoke.will", "date", date)
		if r.Waits() {
			out.Text = f.T("revoke.waits")
		}
	case licence.Effective:
		out.Text = f.T("revoke.was", "date", f.Texts.Date(g.RevokedAt))
	case licence.Withdrawn:
		out.Text = f.T("revoke.taken_back")
	case licence.Reversed:
		out.Text = f.T("revoke.reversed")
	}
	if own && r.AppealedAt.IsZero() && (r.State == licence.Announced || r.State == licence.Effective) {
		out.AppealTo = at + "/appeal"
		out.AppealField = web.Field{Name: "appeal", Label: f.T("revoke.appeal_label"), Hint: f.T("revoke.appeal_hint"), Error: bad.of("appeal"), Value: typed,
			Required: true, Max: licence.MaxReason}
	}
	if !own && r.State == licence.Announced && r.Decision == "" {
		out.WithdrawTo = at + "/revoke/withdraw"
	}
	return out
}

var errNoLicence = fault.Of(fault.NotFound, "licence_unknown")
