package web

// InquiriesPage lists what a person asked and was asked.
type InquiriesPage struct {
	Tabs    []TabLink
	Rows    []InquiryRow
	Empty   Empty
	PrevURL string
	NextURL string
}

// InquiryRow is one inquiry in a list.
type InquiryRow struct {
	URL      string
	Name     string // of the other side
	Portrait Portrait
	Side     string // «пишет тебе» or «твоё обращение»
	Goal     string // its first words
	State    string // open, answered, declined, expired, withdrawn
	Word     string // of the state
	When     string
	Turn     bool // it waits for the reader
}

// ThreadPage is what two people wrote, with the inquiry that it began with and
// what the reader may do now.
type ThreadPage struct {
	URL       string // of the thread
	Name      string // of the other side
	PersonURL string // empty: no page that everybody can open
	Portrait  Portrait
	Erased    bool // the other account is gone
	State     string
	Word      string
	Turn      string // whose turn it is, or how it ended
	Reason    string // why it was declined, in words
	Comment   string // HTML of the tutor's own words about it
	Service   string
	When      string
	Parts     []ThreadPart // of the inquiry; none when the learner is gone
	Messages  []MessageView
	PrevURL   string // older messages
	NextURL   string
	Pages     string // «2 из 3», empty: only one
	Troubles  []Trouble
	Warnings  []string
	Confirm   Field
	Write     *Field    // nil: nobody writes here any more, or it is not the reader's turn
	Kept      bool      // what stands in a form waited for a sign-in
	Unsent    string    // what was typed and can no longer be sent
	Decline   *Refusing // nil: nothing to decline
	Withdraw  bool
	Close     bool
	Closed    bool
	MarksOn   bool // the reader wants marks of reading
	MarksBoth bool // both do
	ReportURL string
	Ends      string // day on which silence deletes it
	Similar   []Card
	SearchURL string // more like these
}

// ThreadPart is one part of an inquiry.
type ThreadPart struct {
	Label string
	HTML  string
}

// MessageView is one message of a thread.
type MessageView struct {
	ID        string
	Name      string
	Portrait  Portrait
	Mine      bool
	HTML      string
	When      string
	Seen      bool   // the other side has read up to here
	ReportURL string // empty: one's own, or reported
	Reported  bool
}

// Refusing is the form by which a tutor declines.
type Refusing struct {
	Open    bool // it was sent and refused: show it unfolded
	Reasons []Choice
	Bad     string // about the reason
	Comment Field
	Pause   bool
	Until   Field
}

// ReportPage shows a message to the moderators.
type ReportPage struct {
	Back     string
	Action   string
	Name     string
	HTML     string // what is reported
	Troubles []Trouble
	Reason   Field
}

// stateIcon is the icon of an inquiry's state.
func stateIcon(state string) string {
	switch state {
	case "open":
		return "clock"
	case "answered":
		return "chat"
	}
	return "info"
}
