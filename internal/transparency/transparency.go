// Package transparency gathers what the branch tells everybody about money:
// that none of it passes through, and what was settled beside it. It promises
// that every figure is read from where it is kept, none is computed to look
// well, and that counts of few are hidden, so that no figure is about a person.
// It stands above the market and the fund, which know nothing of each other,
// and refuses to let either know of the other through it: it only reads.
package transparency

import (
	"context"
	"time"

	"github.com/tmoeg/oduvan/internal/audit"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fund"
	"github.com/tmoeg/oduvan/internal/licence"
	"github.com/tmoeg/oduvan/internal/payment"
)

// Config is what the figures are read from. All are needed.
type Config struct {
	Payments *payment.Payments
	Licences *licence.Licences
	Fund     *fund.Fund
	Audit    *audit.Audit
	Now      func() time.Time
	// Calls are the calls that the program may make at Stripe, such as
	// "POST /v1/checkout/sessions". Empty: Stripe is off, and it calls nothing.
	Calls []string
}

// Transparency reads the figures. It is safe for concurrent use.
type Transparency struct{ cfg Config }

// New makes it.
func New(cfg Config) *Transparency { return &Transparency{cfg: cfg} }

// Figures are all that is told: the shape of /transparency.json and of
// GET /api/v1/transparency. Amounts are minor units of their currency.
type Figures struct {
	At                         time.Time          `json:"at"`
	FundBalanceFromMarketplace int64              `json:"fund_balance_from_marketplace"` // what the journal has of the fund: 0, or the wall is broken
	PlatformFeePercent         int                `json:"platform_fee_percent"`          // 0
	Orders                     []Orders           `json:"orders"`
	Journal                    Journal            `json:"journal"`
	JournalHead                string             `json:"journal_head"` // as in Journal
	LastAudit                  *Audit             `json:"last_audit"`   // null before the first
	StripeCalls                []string           `json:"stripe_calls"`
	DatabaseRole               bool               `json:"database_role"` // orders are written under a role of the database that cannot touch the fund
	Licences                   licence.Figures    `json:"licences"`
	Proceeds                   []licence.Proceeds `json:"community_proceeds"` // the steward's report; no part of the fund
	Fund                       fund.Head          `json:"fund"`
	FundBalances               []fund.Balance     `json:"fund_balances"`
	Licence                    string             `json:"licence"` // of these figures
	LicenceURL                 string             `json:"licence_url"`
}

// Orders are the orders that were paid in one currency by one method. Where the
// count is hidden the sums are 0 and tell nothing. Refunded is 0 where nobody got
// money back, and -1 where it is not told: 1 to 4 orders got money back.
type Orders struct {
	Currency string         `json:"currency"`
	Method   payment.Method `json:"method"`
	Count    licence.Count  `json:"count"`
	Paid     int64          `json:"paid"`
	Refunded int64          `json:"refunded"`
}

// Journal is the last entry of the journal.
type Journal struct {
	Entries int64  `json:"entries"`
	Head    string `json:"head"` // hash in hex; empty: there is none
}

// Audit is what the last audit found.
type Audit struct {
	At       time.Time `json:"at"`
	OK       bool      `json:"ok"`
	Checked  int       `json:"checked"`
	Findings int       `json:"findings"`
	Names    string    `json:"names"` // of the broken invariants, with spaces between
}

// Figures reads them all.
func (t *Transparency) Figures(ctx context.Context) (out Figures, err error) {
	out = Figures{At: t.cfg.Now(), Orders: []Orders{}, StripeCalls: append([]string{}, t.cfg.Calls...), Licence: fund.Licence, LicenceURL: fund.LicenceURL}
	for _, read := range []func(context.Context, *Figures) error{t.money, t.last, t.sold, t.given} {
		if err := read(ctx, &out); err != nil {
			return Figures{}, err
		}
	}
	return out, nil
}

func (t *Transparency) money(ctx context.Context, out *Figures) error {
	f, err := t.cfg.Payments.Figures(ctx)
	if err != nil {
		return err
	}
	out.FundBalanceFromMarketplace, out.PlatformFeePercent = f.FundBalanceFromMarketplace, f.PlatformFeePercent
	out.Journal, out.JournalHead = Journal{Entries: f.Entries, Head: f.JournalHead}, f.JournalHead
	for _, s := range f.Sums {
		row := Orders{Currency: s.Currency, Method: s.Method, Count: licence.Count(s.Orders), Paid: s.Paid, Refunded: s.Refunded}
		if s.Orders.Hidden() {
			row.Count, row.Paid, row.Refunded = -1, 0, 0
		}
		out.Orders = append(out.Orders, row)
	}
	out.DatabaseRole, err = t.cfg.Payments.Walled(ctx)
	return err
}

func (t *Transparency) last(ctx context.Context, out *Figures) error {
	run, err := t.cfg.Audit.Last(ctx)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	out.LastAudit = &Audit{At: run.At.UTC(), OK: run.OK, Checked: run.Checked, Findings: run.Findings, Names: run.Names}
	return nil
}

func (t *Transparency) sold(ctx context.Context, out *Figures) (err error) {
	if out.Licences, err = t.cfg.Licences.Figures(ctx); err != nil {
		return err
	}
	out.Proceeds, err = t.cfg.Licences.Proceeds(ctx)
	return err
}

func (t *Transparency) given(ctx context.Context, out *Figures) (err error) {
	if out.Fund, err = t.cfg.Fund.Head(ctx); err != nil {
		return err
	}
	out.FundBalances, err = t.cfg.Fund.Balances(ctx)
	return err
}
