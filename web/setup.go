package web

// BranchForm is what an operator decides about a branch; the first run and the
// administration share it.
type BranchForm struct {
	Name      Field
	Address   string // the board's own, shown and not asked for
	Languages []Choice
	LangsBad  string
	Main      Field // the language of whoever asks for none
	Mains     []Choice
	Rules     Field
	RulesHTML string // the asked-for preview, sanitised
	SignUps   []Choice
	SignUpBad string
	Approval  Field
	Approve   bool
	Links     []Field
	Currency  Field
	Coins     []Choice
}

// SetupPage is the first run.
type SetupPage struct {
	Troubles []Trouble
	Code     Field
	Handle   Field
	Branch   BranchForm
}

// AdminPage is the branch's settings after the first run.
type AdminPage struct {
	Tabs     []TabLink
	Troubles []Trouble
	Branch   BranchForm
	RateDate Field
	RateBase Field // currency the rates are told in
	Bases    []Choice
	Rates    []Field // one per currency
	RatesBad string
}

// WaitingPage lists profiles that wait for approval.
type WaitingPage struct {
	Tabs []TabLink
	List []WaitingRow
}

// WaitingRow is one profile to read before it is approved.
type WaitingRow struct {
	Name      string
	Handle    string
	URL       string
	Portrait  Portrait
	Headline  string
	AboutHTML string // sanitised
	Links     []Link
	Action    string
	Version   string // of what is shown: only this one is approved
}

// InvitationsPage makes invitations.
type InvitationsPage struct {
	Tabs   []TabLink
	Code   string // just made, shown this once; empty: none
	Needed bool   // sign-up asks for them now
	Days   int    // how long one is good
}

// AccountsPage lists accounts with their roles.
type AccountsPage struct {
	Tabs     []TabLink
	Troubles []Trouble
	Prefix   Field
	Rows     []AccountRow
	NextURL  string // more; empty: none
}

// AccountRow is one account.
type AccountRow struct {
	Handle   string
	Since    string // date
	Portrait Portrait
	Claimed  bool // somebody owns it
	Roles    []Choice
	Action   string
}
