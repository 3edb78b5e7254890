package web

// OwnWorksPage lists the works of an account, and the consents asked of it.
type OwnWorksPage struct {
	List  []OwnWork
	Asked []AskedWork // works of others that wait for the viewer's consent, or have it
	Full  bool        // no more can be added
}

// OwnWork is one line of that list.
type OwnWork struct {
	Title     string
	URL       string // its workshop
	LookURL   string
	State     string // draft, published, suspended, withdrawn
	StateWord string
	Meta      string // kind, version, base licence
	Offers    string // how many offers are open; empty: none
	Next      string // what is missing first; empty: nothing is
}

// AskedWork is a work to which the viewer contributed.
type AskedWork struct {
	Title     string
	URL       string
	State     string // asked, given, withdrawn
	StateWord string
	Turn      bool // the viewer has something to do
}

// WorkForm is the form of a work, new or edited.
type WorkForm struct {
	ID       string // empty: a new one
	Action   string
	Back     string
	BackText string
	Version  string // against edits in two tabs

	Troubles []Trouble
	Theirs   []Compare

	Name     Field
	Kinds    []Choice
	KindBad  string
	Summary  Field
	URL      Field
	Bases    []Choice
	BaseBad  string
	Regimes  []Choice // owner, community; empty: not to be chosen any more
	RegimeBd string
	Label    Field // of the first version
	Digest   Field
	Authors  Field // handles of others who made a part
	Skills   Field
	Langs    []Choice
	LangsBad string
	Payee    Field
}

// Workshop is the page on which a work is made ready: what is missing, and
// everything that can be done to it.
type Workshop struct {
	ID        string
	Title     string
	State     string
	StateWord string
	StateText string // what the state means, and whose turn it is
	LookURL   string
	EditURL   string
	Version   string
	Troubles  []Trouble
	Can       []Choice // states it can be brought into
	StateURL  string
	RemoveURL string

	Gate    []GateStep
	Ready   bool // nothing is missing
	Meta    [][2]string
	Authors WorkshopAuthors
	Proof   WorkshopProof
	Edition WorkshopEdition
	Offers  []OwnOffer
	NewURL  string   // of an offer; empty: none can be made
	NoOffer string   // why not
	Why     []string // the same, thing by thing
	Claims  []OpenClaim
}

// GateStep is one thing without which nothing can be offered, or that helps.
type GateStep struct {
	OK   bool
	Must bool // without it nothing can be offered
	Text string
	URL  string // where it is done; empty when it is
}

// WorkshopAuthors are the contributions to a work and the form for one more.
type WorkshopAuthors struct {
	List     []Contributor
	Action   string
	Troubles []Trouble
	Who      Field
	Part     Field
	Grounds  []Choice
	GroundBd string
	MadeOn   Field
	Licence  Field // of third parties
	Licences []Choice
	Source   Field // where the part of a third party is
}

// Contributor is one contribution as the work's holder sees it.
type Contributor struct {
	ID        string
	Name      string
	URL       string
	Part      string
	Version   string
	Ground    string // in words
	OK        bool
	Wait      string // whose turn it is; empty: nobody's
	RemoveURL string
	Grounds   []Choice // that can be chosen for it; empty: none
	ChangeURL string
}

// WorkshopProof is how control of the work's address is proved.
type WorkshopProof struct {
	Done   string // day on which it was; empty: it was not
	URL    string // where the file has to be
	Token  string // what stands in it
	Action string
	Bad    string
	None   string // why it cannot be proved; empty: it can
}

// WorkshopEdition is the form of a new version.
type WorkshopEdition struct {
	List     []WorkEdition
	Action   string
	Upload   string // takes a file, hashes and forgets it
	Troubles []Trouble
	Label    Field
	Digest   Field
	File     Field
	MaxFile  string

	FileLabel Field // the label in the form of the file
}

// OwnOffer is one licence offer as its seller sees it.
type OwnOffer struct {
	ID        string
	Title     string // channel
	Meta      string // uses, territory, learners
	Spans     []string
	State     string // open, paused, withdrawn
	StateWord string
	EditURL   string
	StateURL  string
	Version   string
	Can       []Choice
}

// LicenceOfferPage is the form of a licence offer.
type LicenceOfferPage struct {
	ID       string // empty: a new one
	Action   string
	BackURL  string
	Work     string
	Version  string
	Troubles []Trouble

	Uses       []Choice
	UsesBad    string
	Channels   []Choice
	ChannelBad string
	Territory  Field
	Learners   Field
	Spans      []SpanField
	SpansBad   string
	Free       Field
	IsFree     bool
	Refund     Field
	Grace      Field
	Payee      Field
	NotFund    Field
	IsNotFund  bool
	Ways       []WayField
	WaysBad    string
	Cards      string // how far the seller is with Stripe; empty: this branch has none
	CardsURL   string
	Link       Field
	Terms      Link // the text of the terms that the offer is made under
}

// SpanField is one length of a licence with its price, as typed.
type SpanField struct {
	Days       Field
	Price      Field
	Currency   Field
	Currencies []Choice
}

// WayField is one way to be paid, as typed: three lists side by side.
type WayField struct {
	Label      string
	Country    Field
	Countries  []Choice
	Method     Field
	Methods    []Choice
	Currency   Field
	Currencies []Choice
}

// AgreementsPage lists the versions of the contributor agreement.
type AgreementsPage struct {
	List  []AgreementRow
	Admin bool // the viewer may make one
}

// AgreementRow is one version.
type AgreementRow struct {
	Number    string
	URL       string
	State     string // draft, discussed, adopted
	StateWord string
	Meta      string
}

// AgreementPage is one version with its text and where it was talked about.
type AgreementPage struct {
	Number    string
	State     string
	StateWord string
	StateText string
	BodyHTML  string // the text in the page's language
	SHA256    string
	Talk      string // public address of the discussion; empty: none yet
	TalkWhen  string
	Decision  string // address of the decision
	Adopted   string
	Accept    string // takes the viewer's acceptance; empty: nothing to accept
	Accepted  string // day on which the viewer did
	LoginURL  string
	Confirm   Field
	Troubles  []Trouble
}

// AgreementsAdmin is where an operator makes and adopts versions.
type AgreementsAdmin struct {
	Tabs     []TabLink
	List     []AgreementAct
	Troubles []Trouble
	Ru, En   Field
	Action   string
}

// AgreementAct is one version with the next step.
type AgreementAct struct {
	Row    AgreementRow
	Open   string // address that opens the discussion; empty: not this step
	Adopt  string // address that adopts; empty: not this step
	Talk   Field
	Until  Field
	Ends   string
	Decide Field
	Bad    []Trouble
}

// ClaimsPage lists the rights claims that wait for a moderator.
type ClaimsPage struct {
	Tabs    []TabLink
	List    []ClaimRow
	Stopped []StoppedRow
}

// StoppedRow is one suspended work with the form that lifts the suspension.
type StoppedRow struct {
	ID       string
	Work     string
	WorkURL  string
	Since    string // in words
	Why      string // the public reason of the suspension
	Action   string
	Own      bool // the moderator has a part in it and may not decide
	Reason   Field
	Troubles []Trouble
}

// ClaimRow is one claim.
type ClaimRow struct {
	ID       string
	Work     string
	WorkURL  string
	Date     string
	Text     string
	Evidence string // address that speaks for it
	Action   string
	Own      bool // the moderator has a part in it and may not decide
	Reason   Field
	Troubles []Trouble
}
