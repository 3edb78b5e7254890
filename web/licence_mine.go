package web

// LicencesPage lists the licences that a person bought.
type LicencesPage struct {
	Rows     []LicenceRow
	Empty    Empty
	Feed     string // secret address without its ending; empty: off
	FeedTo   string // where the feed is renewed
	EndTo    string // where it is ended
	Orders   Link
	Troubles []Trouble
}

// LicenceRow is one licence in a list.
type LicenceRow struct {
	ID, Title, URL string
	State          string // as of LicencePage
	Until          string
	Left           string
	RenewURL       string
	RenewedURL     string // the licence that continues it
	FileURL        string
	Percent        int
}

// RevokePage is where a seller announces a revocation.
type RevokePage struct {
	ID       string
	About    string
	Troubles []Trouble
	Grounds  []Choice
	Ground   Field
	Reason   Field
	Action   string
	Back     string
	Days     int // of notice
	Standing *Announced
}

// Announced is a revocation that is under way, as its page shows it.
type Announced struct {
	Text        string // what will happen when
	Reason      string
	Appeal      string
	WithdrawTo  string // where the seller takes it back; empty: not
	AppealTo    string // where the buyer appeals; empty: not
	AppealField Field
	Decision    string
}

// AppealsPage lists the appeals that wait for a moderator.
type AppealsPage struct {
	Tabs  []TabLink
	Rows  []AppealRow
	Empty Empty
}

// AppealRow is one of them.
type AppealRow struct {
	ID, About, URL string
	Ground, Reason string
	Appeal         string
	Since          string
	Action         string
	Field          Field
	Troubles       []Trouble
}

// SalesPage is the register of the licences that a person granted.
type SalesPage struct {
	Rows   []SaleRow
	Empty  Empty
	Files  []Link
	Orders Link
	Works  Link
	Cards  Link // empty: this branch takes none
}

// SaleRow is one licence in the register.
type SaleRow struct {
	ID, URL, Title, Licensee string
	Price, Paid, Until       string
	State                    string
	RevokeURL                string
}

// FundOfficePage is where an operator keeps the fund's books.
type FundOfficePage struct {
	Tabs                                   []TabLink
	Troubles                               []Trouble
	Kinds                                  []Choice
	Kind                                   Field
	Amount                                 MoneyField
	Day                                    Field
	Channels                               []Choice
	Channel                                Field
	Goals                                  []Choice
	Goal                                   Field
	Giver                                  Field
	Conditions                             Field
	Categories                             []Choice
	Category                               Field
	Purpose                                Field
	Payee                                  Field
	IsPayee                                bool
	Head                                   string
	Rules                                  []string
	Entries                                []FundEntryRow
	Destinations                           []FundDestinationRow
	Place                                  Field
	PlaceLabel                             Field
	GoalID, GoalTitle, GoalAbout, GoalEnds Field
	GoalAmount                             MoneyField
	OpenGoals                              []FundGoalRow
}

// FundEntryRow is an entry that may be reversed.
type FundEntryRow struct {
	Seq, Text, Day string
	ReverseTo      string // empty: it is reversed already
}

// FundDestinationRow is a place where the fund takes gifts.
type FundDestinationRow struct{ Text, Label, EndTo string }

// FundGoalRow is a collection that is open.
type FundGoalRow struct{ Title, Got, CloseTo string }

// TermsPage is the text of a licence's terms in the reader's language. The
// file holds it in every language, and its hash is what licences name.
type TermsPage struct {
	Title    string
	SHA256   string
	FileURL  string
	BodyHTML string
}
