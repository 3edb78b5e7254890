package web

// OrdersPage lists a person's orders as buyer and as seller.
type OrdersPage struct {
	Tabs    []TabLink
	Side    string // the tab's, for the filter of states
	States  []Choice
	Rows    []OrderRow
	Empty   Empty
	PrevURL string
	NextURL string
	Where   string
}

// OrderRow is one order in a list.
type OrderRow struct {
	URL   string
	Title string
	Side  string // «ты покупаешь» or «у тебя покупают»
	Code  string
	When  string
	Price string
	State string
	Word  string
	Turn  string // whose turn it is, in words
	Mine  bool   // the reader's
}

// OrderPage is one order as one of the two sees it. It always says whose turn
// it is. A part that is nil cannot be done now.
type OrderPage struct {
	URL      string
	Title    string
	Code     string
	State    string
	Word     string
	Side     string
	Other    string // what the other side is called
	OtherURL string // their public page; may be empty
	GoodsURL string // what was bought; may be empty
	When     string
	Price    string
	Seller   bool // the reader sells

	Troubles []Trouble
	Moved    bool // the order changed meanwhile: what was sent did not count
	Kept     bool // what stands in a form waited for a sign-in

	Turn    OrderTurn
	Silence string // what follows if nobody does anything
	Wish    string // until when the buyer may ask for the money back, and whom
	Steps   []OrderStep
	Agreed  []FactRow
	Terms   Link // what was accepted; may be empty
	Licence Link // the certificate; empty: not yet

	Denial string // the seller's words: nothing came
	Own    string // the reader's words for the moderator
	Ruling *RulingView

	Rights  *Alert   // somebody doubts that this may be sold
	Alert   *Alert   // something about it is odd
	Again   Link     // to buy the same once more; may be empty
	Card    *CardBox // nil: not now, or not by card
	Returns []ReturnRow
	Pay     *PayBox
	Details *DetailsForm
	Claim   *ActForm
	Confirm *ActForm
	Deny    *ActForm
	Arbiter *ActForm
	ArbFrom string // from when a moderator can be asked, while it is too early
	Back    *ActForm
	Got     *ActForm
	Extra   *ActForm
	Cancel  *ActForm
}

// Alert is what a reader must know before anything else on the page.
type Alert struct {
	Title, Text string
	Look        Link // where more of it stands; may be empty
}

// OrderTurn says who acts next, and until when.
type OrderTurn struct {
	Tone  string // you, wait, moderator, done, over
	Title string
	Text  string
	Until string
	Look  Link // to see whether something came; may be empty
}

// OrderStep is one step of the way, in words.
type OrderStep struct {
	State string // done, now, later, stop
	Label string
	When  string
}

// RulingView is a moderator's decision as everybody may read it.
type RulingView struct {
	Date   string
	About  string // the question
	Result string
	Reason string
}

// PayBox is where the buyer pays.
type PayBox struct {
	Price   string
	Code    string
	Link    string // the seller's payment page; empty: none
	Host    string
	Text    string // the seller's words
	IBAN    string
	Bank    []FactRow
	QR      string // SVG; empty: none
	QRNote  string
	Missing string // why nothing stands here
}

// DetailsForm is where the seller says where to pay.
type DetailsForm struct {
	Action  string
	Saved   bool
	Linked  bool // the buyer has a payment page without it
	Need    bool // nobody can pay before it is filled
	Refused bool // it was sent and refused: show it unfolded
	Open    bool // the bank's fields are unfolded
	Text    Field
	IBAN    Field
	Bank    []Field // none where the currency is not the rouble
}

// ActForm is one act upon an order.
type ActForm struct {
	ID     string
	Hidden []Pair
	Action string
	Title  string
	Text   string
	Button string
	Inputs []Field // of one line
	Area   *Field
	Danger bool
	Main   bool // the next step: not folded
	Open   bool // unfolded: it was refused
}

// AdminOrdersPage lists the orders in which a moderator decides.
type AdminOrdersPage struct {
	Tabs    []TabLink
	Rows    []OrderRow
	PrevURL string
	NextURL string
}

// AdminOrderPage is one arbitration.
type AdminOrderPage struct {
	Tabs     []TabLink
	Action   string
	Title    string
	Code     string
	Question string
	Facts    []FactRow
	Steps    []OrderStep
	Denial   string
	Buyer    string
	Seller   string
	Troubles []Trouble
	Verdict  Field
	Verdicts []Choice
	Reason   Field
	Preview  *RulingView // how everybody will read it; nil: not asked yet
}

// DecisionsPage is the public list of decisions about orders.
type DecisionsPage struct {
	List    []RulingView
	PrevURL string
	NextURL string
	Where   string
}

// turnIcon is the drawing beside whose turn it is.
func turnIcon(tone string) string {
	switch tone {
	case "you":
		return "arrow"
	case "wait":
		return "clock"
	case "moderator":
		return "chat"
	case "done":
		return "check"
	}
	return "info"
}

func stepIcon(state string) string {
	switch state {
	case "done":
		return "check"
	case "now":
		return "arrow"
	case "stop":
		return "cross"
	}
	return "clock"
}
