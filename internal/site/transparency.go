package site

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/transparency"
	"github.com/tmoeg/oduvan/web"
)

// transparency is what proves that the board touches no money.
func (s *Site) transparency(c *gin.Context) error {
	f, _, err := s.frameFor(c, "open.title")
	if err != nil {
		return err
	}
	s.indexable(&f, "/transparency")
	x, err := s.Transparency.Figures(c.Request.Context())
	if err != nil {
		return err
	}
	p := web.TransparencyPage{Head: x.JournalHead, HeadAt: f.Texts.Moment(x.At.UTC()), NoOrders: len(x.Orders) == 0, NoSteward: len(x.Proceeds) == 0, Calls: x.StripeCalls,
		Zeros: []web.ZeroRow{{Number: f.Texts.Number(int(x.FundBalanceFromMarketplace)), Label: f.T("open.zero_fund"), Why: f.T("open.zero_fund_why")},
			{Number: f.Texts.Number(x.PlatformFeePercent) + " %", Label: f.T("open.zero_fee"), Why: f.T("open.zero_fee_why")}},
		Files:     []web.Link{{Label: f.T("open.json"), URL: "/transparency.json"}},
		Judged:    web.Link{Label: f.T("judged.title"), URL: judgedPath},
		Decisions: web.Link{Label: f.T("open.decisions"), URL: "/transparency/decisions"}, Fund: web.Link{Label: f.T("fund.title"), URL: "/fund"},
		Orders: ordersGrid(f, x.Orders), Licences: licencesGrid(f, x.Licences), Steward: stewardGrid(f, x.Proceeds)}
	if a := x.LastAudit; a != nil {
		p.Audit = web.AuditBox{At: f.Texts.Moment(a.At.UTC()), OK: a.OK, Checked: a.Checked}
		if !a.OK {
			p.Audit.Broken = brokenWords(f, a.Names)
		}
	}
	return s.show(c, http.StatusOK, web.Transparency(f, p))
}

// sumHeads are the heads that the tables of sums share.
func sumHeads(f web.Frame, first ...string) []string {
	return append(first, f.T("open.currency"), f.T("open.count"), f.T("open.paid"), f.T("open.refunded"))
}

// sumCells are a count and two sums, which say nothing where the count is hidden.
func sumCells(f web.Frame, currency string, count licence.Count, paid, back int64) []string {
	if count.Hidden() {
		return []string{currency, count.String(), "—", "—"}
	}
	given := "—"
	if back >= 0 {
		given = amount(f, back, currency)
	}
	return []string{currency, count.String(), amount(f, paid, currency), given}
}

func ordersGrid(f web.Frame, rows []transparency.Orders) web.Grid {
	g := web.Grid{Caption: f.T("open.orders"), Cards: true, Heads: sumHeads(f, f.T("open.method"))}
	for _, x := range rows {
		g.Rows = append(g.Rows, append([]string{f.Texts.Method(string(x.Method))}, sumCells(f, x.Currency, x.Count, x.Paid, x.Refunded)...))
	}
	return g
}

func stewardGrid(f web.Frame, rows []licence.Proceeds) web.Grid {
	g := web.Grid{Caption: f.T("open.steward"), Cards: true, Heads: sumHeads(f)}
	for _, x := range rows {
		g.Rows = append(g.Rows, sumCells(f, x.Currency, x.Orders, x.Paid, x.Refunded))
	}
	return g
}

func licencesGrid(f web.Frame, x licence.Figures) web.Grid {
	g := web.Grid{Caption: f.T("open.licences"), Heads: []string{f.T("open.what"), f.T("open.count")}}
	if x.Issued == 0 {
		return g
	}
	g.Rows = [][]string{{f.T("open.issued"), x.Issued.String()}, {f.T("open.renewals"), x.Renewals.String()}}
	for _, row := range x.Current {
		g.Rows = append(g.Rows, []string{f.T("licence.is_" + licenceState(cert.Word(row.Name))), row.Count.String()})
	}
	for _, row := range x.Channels {
		g.Rows = append(g.Rows, []string{f.Texts.Channel(row.Name), row.Count.String()})
	}
	return g
}

// transparencyFile is the same for programs, with everything that is counted.
func (s *Site) transparencyFile(c *gin.Context) error {
	x, err := s.Transparency.Figures(c.Request.Context())
	if err != nil {
		return err
	}
	content, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.file(c, "", "application/json", content, time.Minute)
}

// brokenWords are the broken invariants' names in words.
func brokenWords(f web.Frame, names string) []string {
	var out []string
	for _, name := range strings.Fields(names) {
		if f.Texts.Has("audit." + name) {
			name = f.T("audit." + name)
		}
		out = append(out, name)
	}
	return out
}
