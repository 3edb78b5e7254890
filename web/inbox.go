package web

// InboxPage is what a person was told, newest first.
type InboxPage struct {
	Tabs    []TabLink
	Unread  bool     // the tab of what is new
	Kinds   []Choice // one may be chosen; the first is any
	Seen    string   // instant at which the page was made, for "all read"
	News    int      // how many are new
	Rows    []NoticeRow
	Empty   Empty
	PrevURL string
	NextURL string
}

// worthFiltering tells whether there is anything to choose from.
func (p InboxPage) worthFiltering() bool {
	return len(p.Rows) > 0 || p.News > 0 || len(p.Kinds) > 0 && !p.Kinds[0].Selected
}

// NoticeRow is one thing that a person was told.
type NoticeRow struct {
	URL       string // opening it marks it read
	RemoveURL string
	Text      string
	When      string
	Icon      string
	New       bool
}

// NoticesPage is how a person wants to be told.
type NoticesPage struct {
	Troubles []Trouble
	Kinds    []Choice
	Feed     bool
	FeedURL  string // secret; empty: off
	Push     PushBox
}

// PushBox is where a browser subscribes to pushes.
type PushBox struct {
	Key      string // of the branch; empty: there is no push here
	Begin    string // address for the script to subscribe, as JSON
	Browsers []KeyRow
}
