package web

// OwnServicesPage lists what a tutor offers, with what can be done to each.
type OwnServicesPage struct {
	Habit    []string // how the tutor answers learners, line by line
	Capacity *Field   // how many inquiries may wait; nil: nobody can ask yet
	Troubles []Trouble
	List     []OwnService
	Full     bool // no more can be added
	Note     string
}

// OwnService is one line of that list.
type OwnService struct {
	Title     string
	Format    string
	Meta      string // format and length
	Price     Price
	State     string // draft, published, paused
	StateWord string
	EditURL   string
	LookURL   string
	StateURL  string // takes the buttons below
	RemoveURL string
	Version   string
	Can       []Choice // states it can be brought into: value and the button's words
}

// OfferPage is the editor of one service.
type OfferPage struct {
	ID        string // empty: a new one
	Action    string // address of the form
	LookURL   string
	RemoveURL string

	Troubles []Trouble
	Warnings []string
	Confirm  Field
	Theirs   []Compare

	Name       Field
	Summary    Field
	Formats    []Choice
	FormatBad  string
	Minutes    Field
	Pricing    []Choice // amount, free, agreement
	Price      MoneyField
	Trial      Field
	HasTrial   bool
	Rules      Field
	RulesHTML  string
	States     []Choice
	StateBad   string
	Version    string
	Unlicensed []Link // works that the texts name and that need a licence: where to find out
}

// ConfirmPage asks before something is gone for good.
type ConfirmPage struct {
	Title  string
	Text   string
	List   []string // what goes
	Action string
	Label  string
	Back   string
	Type   Field // something to type first; no field when its name is empty
	Bad    []Trouble
}
