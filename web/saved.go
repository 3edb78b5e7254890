package web

// SaveBox offers to keep the search that a page shows. The zero value offers
// nothing: everything is looked for.
type SaveBox struct {
	Query    string // the search's address without "/search?"
	SavedURL string // where it is kept already
	JoinURL  string // the way to an account, for a stranger
	FeedURL  string // what a stranger may follow without one
}

// SavedRow is one search that a person keeps.
type SavedRow struct {
	ID        string
	Name      string
	Words     string // what it looks for, where the name says something else
	URL       string
	SearchURL string // the search itself
	StateURL  string
	RemoveURL string
	Since     string // the day of saving
	News      int    // finds that were not seen
	Paused    bool
}

// SavedPage lists the searches that a person keeps.
type SavedPage struct {
	Rows  []SavedRow
	Most  int // that may be kept
	Empty Empty
}

// SavedSearchPage is one of them with what it found.
type SavedSearchPage struct {
	SavedRow
	Troubles   []Trouble
	News       []Card // not seen before
	Before     []Card // seen, found after the saving
	Rename     Field
	FeedURL    string // secret
	NewFeedURL string
}
