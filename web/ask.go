package web

// AskPage is the form by which a learner writes to a tutor. A stranger may
// fill it too: the words wait while an account is made.
type AskPage struct {
	Name        string // of the tutor
	By          Card   // the tutor, as a card
	Back        string // page that led here
	Service     string // title of the service that it is about; empty: none in particular
	ServiceURL  string
	Action      string // address of the form
	Stranger    bool   // sending goes by way of a new account
	Closed      bool   // nobody can make an account now
	Kept        bool   // the words waited while an account was made
	Troubles    []Trouble
	Warnings    []string // contacts found in the words; see Confirm
	Refused     string   // why nobody can write now: no form is shown; empty: one can
	Unsent      string   // words that came too late, given back with Refused
	Similar     []Card   // others, with Refused
	SearchURL   string   // of more like them
	Confirm     Field
	Confirmed   bool
	Goal        Field
	Background  Field
	Expectation Field
}
