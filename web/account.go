package web

// SignUpPage is the way to a new account.
type SignUpPage struct {
	Closed     bool // nobody may sign up here: the page explains and offers to read on
	Troubles   []Trouble
	Picks      []Choice // made-up handles that are free now
	Own        Field    // a handle of one's own, before the picks when it is filled
	Invited    bool     // an invitation is needed
	Invitation Field
	Next       string // where to go afterwards, carried on by the form
	RulesURL   string
}

// CodePage shows a recovery code until its owner says that it is saved.
type CodePage struct {
	Code     string
	Handle   string
	Fresh    bool // of a new account, else the old code works until this one is confirmed
	Troubles []Trouble
	Saved    Field
}

// WelcomePage follows the code: a passkey makes the next sign-in one touch.
type WelcomePage struct {
	Passkey Ceremony
	Next    string
}

// LoginPage is the way in, by passkey or by recovery code.
type LoginPage struct {
	Troubles []Trouble
	Code     Field
	Passkey  Ceremony
	Next     string
}

// Ceremony is what the passkey script needs: where a passkey's making or use
// begins and ends. Without scripts its button does not show.
type Ceremony struct {
	Kind  string // create or get
	Begin string // address that answers the options
	End   string // address that takes the answer of the browser
	Next  string // after a sign-in
	Name  bool   // the passkey may be named
}

// ClaimPage gives an imported profile to the person it is about.
type ClaimPage struct {
	Troubles []Trouble
	Code     Field
	Handle   Field
	Picks    []Choice
	Draft    *ClaimDraft // what the code opens; nil until it was asked for
}

// ClaimDraft is what an imported profile says before somebody takes it over.
type ClaimDraft struct {
	Name      string // the made-up one
	Headline  string
	Lang      string // language of the texts if it is not the page's
	Portrait  Portrait
	AboutHTML string // sanitised
	Skills    []string
	Services  []string
}
