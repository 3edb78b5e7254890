package web

// FundPage is the central fund's own books, open to everybody.
type FundPage struct {
	Balances  []Amounts
	Goals     []GoalRow
	Chart     []MonthBars // oldest first
	Currency  string      // of the chart
	Switch    []TabLink   // to the chart in another currency
	Entries   Grid
	Earlier   Link // the page with older entries; empty URL: this is the last
	Later     Link
	Givers    []string // addresses by which the fund takes gifts, as published
	Files     []Link   // the books as files
	Rules     []string
	Empty     bool
	Head      string // hash of the newest entry
	RecordURL string // of the operator; empty for others
}

// Amounts is what the fund has, got and spent in one currency, formatted.
type Amounts struct{ Currency, Balance, In, Out string }

// GoalRow is one thing that the fund collects for.
type GoalRow struct {
	Title, Text       string
	Got, Target, Left string
	Until             string
	Percent           int
	Reached, Over     bool
}

// MonthBars is a month's income and expenses: heights in percent of the
// greatest, and the amounts as words.
type MonthBars struct {
	Label, In, Out       string
	InHeight, OutHeight  int
	X, InX, OutX, Middle int // places on the drawing; PlaceBars makes them
}

const (
	barStep  = 64
	barWidth = 22
	barRoom  = 140 // height of the drawing without its labels
)

// PlaceBars gives each month its place on the drawing.
func PlaceBars(months []MonthBars) {
	for i := range months {
		m := &months[i]
		m.X = i * barStep
		m.InX, m.OutX, m.Middle = m.X+8, m.X+10+barWidth, m.X+barStep/2
	}
}

// bar is the height of a bar on the drawing; what is not nothing can be seen.
func bar(percent int) int {
	if percent <= 0 {
		return 0
	}
	return max(2, percent*barRoom/100)
}

// TransparencyPage is what proves that the board touches no money.
type TransparencyPage struct {
	Zeros     []ZeroRow
	Orders    Grid
	NoOrders  bool
	Licences  Grid
	Steward   Grid
	NoSteward bool
	Head      string // hash of the journal's newest entry
	HeadAt    string
	Audit     AuditBox
	Calls     []string // that the program may make at Stripe; empty: Stripe is off
	Files     []Link
	Decisions Link
	Judged    Link // decisions about licences and rights
	Fund      Link
}

// ZeroRow is a number that has to be nothing, with what holds it so.
type ZeroRow struct{ Number, Label, Why string }

// AuditBox is what the last nightly audit found.
type AuditBox struct {
	At      string // empty: none was run yet
	OK      bool
	Broken  []string // what does not hold, in words
	Checked int      // how many things
}

// monthGrid says in words what the chart draws.
func monthGrid(f Frame, months []MonthBars) Grid {
	g := Grid{Caption: f.T("fund.chart_said"), Heads: []string{f.T("fund.month"), f.T("fund.in"), f.T("fund.out")}}
	for _, m := range months {
		g.Rows = append(g.Rows, []string{m.Label, m.In, m.Out})
	}
	return g
}
