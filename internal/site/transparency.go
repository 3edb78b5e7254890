package site

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/internal/payment"
	"github.com/tmoeg/oduvan/web"
)

// lastAudit is the newest run, the zero one before the first.
func (s *Site) lastAudit(c *gin.Context) (audit.Run, error) {
	run, err := s.Audit.Last(c.Request.Context())
	if fault.Is(err, fault.NotFound) {
		return audit.Run{}, nil
	}
	return run, err
}

// transparency is what proves that the board touches no money.
func (s *Site) transparency(c *gin.Context) error {
	f, _, err := s.frameFor(c, "open.title")
	if err != nil {
		return err
	}
	s.indexable(&f, "/transparency")
	ctx := c.Request.Context()
	sums, err := s.Payments.Figures(ctx)
	if err != nil {
		return err
	}
	sold, err := s.Licences.Figures(ctx)
	if err != nil {
		return err
	}
	run, err := s.lastAudit(c)
	if err != nil {
		return err
	}
	p := web.TransparencyPage{Head: sums.JournalHead, HeadAt: f.Texts.Moment(s.Now()) + " UTC", NoOrders: len(sums.Sums) == 0, NoSteward: true,
		Zeros: []web.ZeroRow{{Number: f.Texts.Number(int(sums.FundBalanceFromMarketplace)), Label: f.T("open.zero_fund"), Why: f.T("open.zero_fund_why")},
			{Number: f.Texts.Number(sums.PlatformFeePercent) + " %", Label: f.T("open.zero_fee"), Why: f.T("open.zero_fee_why")}},
		Files:     []web.Link{{Label: f.T("open.json"), URL: "/transparency.json"}},
		Decisions: web.Link{Label: f.T("open.decisions"), URL: "/transparency/decisions"}, Fund: web.Link{Label: f.T("fund.title"), URL: "/fund"}}
	if sums.Entries == 0 {
		p.Head = ""
	}
	p.Orders = ordersGrid(f, sums.Sums)
	p.Licences = licencesGrid(f, sold)
	if !run.At.IsZero() {
		p.Audit = web.AuditBox{At: f.Texts.Moment(run.At) + " UTC", OK: run.OK, Checked: run.Checked}
		if !run.OK {
			p.Audit.Broken = brokenWords(f, run.Names)
		}
	}
	return s.show(c, http.StatusOK, web.Transparency(f, p))
}

func ordersGrid(f web.Frame, sums []payment.Sum) web.Grid {
	g := web.Grid{Caption: f.T("open.orders"), Cards: true, Heads: []string{f.T("open.method"), f.T("open.currency"), f.T("open.count"), f.T("open.paid"), f.T("open.refunded")}}
	for _, x := range sums {
		paid, back := "—", "—"
		if !x.Orders.Hidden() {
			paid, back = amount(f, x.Paid, x.Currency), amount(f, x.Refunded, x.Currency)
		}
		g.Rows = append(g.Rows, []string{f.Texts.Method(string(x.Method)), x.Currency, x.Orders.String(), paid, back})
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
		g.Rows = append(g.Rows, []string{f.T("licence.is_" + licenceStateName(row.Name)), row.Count.String()})
	}
	for _, row := range x.Channels {
		g.Rows = append(g.Rows, []string{f.Texts.Channel(row.Name), row.Count.String()})
	}
	return g
}

// transparencyFile is the same for programs, with everything that is counted.
func (s *Site) transparencyFile(c *gin.Context) error {
	ctx := c.Request.Context()
	sums, err := s.Payments.Figures(ctx)
	if err != nil {
		return err
	}
	sold, err := s.Licences.Figures(ctx)
	if err != nil {
		return err
	}
	run, err := s.lastAudit(c)
	if err != nil {
		return err
	}
	type order struct {
		Method   string `json:"method"`
		Currency string `json:"currency"`
		Orders   string `json:"orders"`
		Paid     int64  `json:"paid"`
		Refunded int64  `json:"refunded"`
	}
	type last struct {
		At string `json:"at"`
		OK bool   `json:"ok"`
	}
	out := struct {
		Fund     int64           `json:"fund_balance_from_marketplace"`
		Fee      int             `json:"platform_fee_percent"`
		Head     string          `json:"journal_head"`
		Audit    *last           `json:"last_audit"`
		Orders   []order         `json:"orders"`
		Licences licence.Figures `json:"licences"`
		Licence  string          `json:"licence"`
	}{Fund: sums.FundBalanceFromMarketplace, Fee: sums.PlatformFeePercent, Head: sums.JournalHead, Orders: []order{}, Licences: sold, Licence: "CC-BY-4.0"}
	if !run.At.IsZero() {
		out.Audit = &last{At: run.At.UTC().Format(time.RFC3339), OK: run.OK}
	}
	for _, x := range sums.Sums {
		out.Orders = append(out.Orders, order{Method: string(x.Method), Currency: x.Currency, Orders: x.Orders.String(), Paid: x.Paid, Refunded: x.Refunded})
	}
	content, err := json.Marshal(out)
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

// licenceStateName is a word of certificates as pages name its state.
func licenceStateName(word string) string { return licenceState(cert.Word(word)) }
