package web

// BuyPage leads from "do I need a licence?" to an order, before any account:
// three questions, the terms with their prices, all that is agreed, the total.
type BuyPage struct {
	Title    string // of the work
	Lang     string // of the title if it is not the page's
	WorkURL  string
	URL      string // of this page
	Base     BaseLicence
	Troubles []Trouble
	Kept     bool // the choice waited for a sign-in
	Renewal  *Renewing

	Questions []Question
	Answer    *NeedAnswer // nil: not all is answered yet
	Keep      []Pair      // what the questions' form carries along

	Why    []string // why nothing can be had; only without offers
	Filter PayFilter
	Offers []BuyOffer
	Chosen *Checkout // nil: nothing is chosen
}

// Pair is a hidden field.
type Pair struct{ Name, Value string }

// Renewing is a licence that is prolonged.
type Renewing struct {
	ID   string
	URL  string
	Ends string // day of its end
}

// Question is one of the three.
type Question struct {
	Field   Field
	Choices []Choice
}

// NeedAnswer says whether a licence is needed for what was answered.
type NeedAnswer struct {
	Need     bool
	Title    string
	Text     string
	Rules    []string // what holds either way
	Examples []string
}

// PayFilter asks from where and how somebody can pay.
type PayFilter struct {
	Countries  []Choice
	Methods    []Choice
	Currencies []Choice
	Keep       []Pair
	Set        bool   // something is chosen
	ClearURL   string // the page without it
	Note       string // how many of how many offers fit
}

// BuyOffer is one licence offer with its terms.
type BuyOffer struct {
	ID      string
	Channel string
	Uses    []string
	Where   string // territory
	Crowd   string // number of learners
	Unfit   string // why it does not fit the answers or the filter; empty: it does
	Ways    []PayWay
	Spans   []BuySpan
}

// BuySpan is one length with its price: a link that chooses it.
type BuySpan struct {
	URL    string
	Days   string
	Price  string
	Approx string
	Chosen bool
}

// Checkout is everything that is agreed, and the form that agrees.
type Checkout struct {
	Action   string
	Total    string
	Approx   string
	Free     bool
	Cards    bool   // one of the ways is by card
	From     string // when it would begin
	Until    string
	Rows     []FactRow
	After    []string // what remains after the end
	Terms    Link     // the whole text
	TermsSum string   // its SHA-256
	Payee    string
	Own      bool // the viewer is the seller: nothing to buy
	Hidden   []Pair
	Ways     Field
	WayList  []Choice
	Accept   Field
	Accepted bool
	Name     Field // commitment to a name, optional
	Stranger bool
	Closed   bool // nobody new is taken: whoever has an account signs in
}

// FactRow is a word and what it stands for.
type FactRow struct {
	Label string
	Text  string
	Code  bool // in a fixed font
}

const orderSheet = "order.css"
