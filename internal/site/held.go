package site

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/web"
)

// heldRows are the licences for teaching that somebody shows on their page: what
// is over is not among them.
func heldRows(f web.Frame, list []licence.Held) []web.HeldRow {
	out := make([]web.HeldRow, 0, len(list))
	for _, h := range list {
		out = append(out, web.HeldRow{Title: h.WorkTitle, URL: licence.WorkPath(h.WorkID), Until: f.T("licence.until", "date", f.Texts.Date(h.Until))})
	}
	return out
}

// unlicensed are the works that a paid service of somebody's names and that need
// a licence they do not hold: links to where they find out. It is for the owner's
// eyes alone.
func (s *Site) unlicensed(ctx context.Context, accountID string, in market.ServiceInput) ([]web.Link, error) {
	if in.Price != nil && in.Price.IsZero() {
		return nil, nil // free help needs none
	}
	list, err := s.Licences.Unlicensed(ctx, accountID, strings.Join([]string{in.Title, in.Summary, in.Rules}, "\n"))
	if err != nil {
		return nil, err
	}
	out := make([]web.Link, 0, len(list))
	for i := range list {
		out = append(out, web.Link{Label: list[i].Title, URL: licence.WorkPath(list[i].ID) + "/licence"})
	}
	return out, nil
}

// afterwards says what may still be done with a work once a licence is over.
func afterwards(f web.Frame, p licence.Public) []web.AfterRow {
	if state := licenceState(p.Word); state != web.LicenceExpired && state != web.LicenceGrace && state != web.LicenceRevoked {
		return nil
	}
	g := licence.Grant{State: p.State, RevokedAt: p.RevokedAt, ValidUntil: p.Facts.ValidUntil}
	var out []web.AfterRow
	for _, x := range licence.Afterwards(&g, p.Facts.GraceDays) {
		args := []any{"base", web.BaseName(p.Facts.BaseLicence)}
		if !x.Until.IsZero() {
			args = append(args, "date", f.Texts.Date(x.Until))
		}
		out = append(out, web.AfterRow{OK: x.Allowed, Text: f.T("after."+x.Code, args...)})
	}
	return out
}

// judged lists for everybody what moderators decided about revocations and about
// claims to the rights in works.
func (s *Site) judged(c *gin.Context) error {
	f, _, err := s.frameFor(c, "judged.title")
	if err != nil {
		return err
	}
	s.indexable(&f, judgedPath)
	ctx := c.Request.Context()
	cases, err := s.Licences.Judged(ctx)
	if err != nil {
		return err
	}
	claims, err := s.Licences.DecidedClaims(ctx)
	if err != nil {
		return err
	}
	var p web.JudgedPage
	for _, x := range cases {
		r, result := x.Revocation, "judged.upheld"
		if r.Decision == "reversed" {
			result = "judged.reversed"
		}
		p.Appeals = append(p.Appeals, web.JudgedRow{Title: f.T("judged.appeal", "id", r.GrantID), URL: licence.CheckPath(r.GrantID), Date: f.Texts.Date(r.DecidedAt),
			About: x.Public.Facts.WorkTitle, Said: f.T("revoke.ground") + ": " + f.T("licence.ground_"+string(r.Ground)) + ". " + r.Reason, Result: f.T(result), Reason: r.DecisionReason})
	}
	for i := range claims {
		x := &claims[i]
		p.Claims = append(p.Claims, web.JudgedRow{Title: x.WorkTitle, URL: licence.WorkPath(x.WorkID), Date: f.Texts.Date(x.DecidedOn),
			Said: x.Text, Result: f.T("judged.claim_" + string(x.State)), Reason: x.Decision})
	}
	return s.show(c, http.StatusOK, web.Judged(f, p))
}

// judgedPath is where the decisions about licences and rights stand.
const judgedPath = "/transparency/licences"
