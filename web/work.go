package web

// WorkPage is the page of one work: what it is, who made it, what everybody
// may do with it, and what else can be had for money.
type WorkPage struct {
	Title       string
	Lang        string // of title and summary if it is not the page's
	Kind        string // course, tasks, article…
	Version     string // the label of the newest version
	SummaryHTML string
	URL         string // where the work itself lives
	Host        string // the same, as people read it
	Proved      string // day on which control of the address was proved; empty: it was not
	SHA256      string // of the newest version; empty: none was given
	Base        BaseLicence
	By          WorkSeller
	Authors     []WorkAuthor
	Versions    []WorkEdition
	Cite        string // the line that names the authors
	Canonical   string // full address of this page, for readers that are machines

	Lifted    string // why a suspension was lifted; empty: there was none, or it stands
	Stopped   string // why nothing is sold now: a rights claim; empty: nothing stops it
	Withdrawn bool
	Open      []OpenClaim
	Box       SaleBox
	ClaimURL  string

	Owner   bool
	Draft   bool
	EditURL string
}

// BaseLicence is what everybody may do with a work, for ever.
type BaseLicence struct {
	Name   string // CC BY-NC 4.0
	URL    string
	Text   string // in one sentence
	ForAll bool   // business included: no licence needs to be bought
}

// WorkSeller is the account behind a work.
type WorkSeller struct {
	Name     string
	URL      string
	Portrait Portrait
}

// WorkAuthor is who contributed to a work and why it may be licensed.
type WorkAuthor struct {
	Name    string
	URL     string // profile on this branch; empty: none
	Part    string // what was contributed; empty: not said
	Ground  string // in words
	Missing bool   // there is no ground yet
}

// WorkEdition is one version of a work.
type WorkEdition struct {
	Label string
	Date  string
	SHA   string // of its content, shortened; empty: unknown
	Full  string // the whole digest
	Now   bool   // the newest
}

// OpenClaim is a rights claim that is looked at.
type OpenClaim struct {
	Date   string
	Text   string
	Answer string // the decision with its reason; empty while there is none
}

// SaleBox is the answer to "do I need a commercial licence?".
type SaleBox struct {
	HelperURL string // three questions, terms and total; empty: nothing can be had
	Offers    []SaleOffer
	Why       []string // what keeps offers away; only where there are none
	Ways      []PayWay
	Payee     string
}

// SaleOffer is one licence offer in short.
type SaleOffer struct {
	Channel string // what the work may be used in
	Uses    string
	Where   string // territory and number of learners
	Price   Price
	Spans   []string // each length with its price
	URL     string
}

// PayWay is how a seller can be paid, before any account is made.
type PayWay struct {
	Country  string
	Method   string
	Currency string
}

// WorkClaimPage takes the word of somebody whose rights a work may hurt.
type WorkClaimPage struct {
	Title    string
	URL      string
	Action   string
	Troubles []Trouble
	Text     Field
	Evidence Field
	Withdraw string // takes the viewer's open claim back; empty: there is none
}

// ConsentPage is what an author is asked to consent to, or has consented to.
type ConsentPage struct {
	Title    string
	WorkURL  string
	Action   string
	Troubles []Trouble
	Asker    string
	List     []ConsentAsked
}

// ConsentAsked is one contribution of the viewer.
type ConsentAsked struct {
	ID       string
	Part     string
	Version  string
	Ground   string
	State    string // asked, given, refused, withdrawn
	StateTxt string
	Since    string
	Payee    string
	Uses     string
	CanGive  bool
	CanEnd   bool
	Confirm  Field
	Payees   []Choice
}

const workSheet = "work.css"

// workCover is the class and kind of picture over a work.
func workCover(kind string) string {
	switch kind {
	case "tasks", "code":
		return "review"
	case "slides", "video", "game":
		return "plan"
	case "article", "picture", "music":
		return "chat"
	}
	return "book"
}
