package web

import "strconv"

// The states of a licence as its page shows them.
const (
	LicenceValid     = "valid"
	LicenceNotYet    = "not_yet"
	LicenceGrace     = "grace" // over; copies may still be made for some days
	LicenceExpired   = "expired"
	LicenceRevoked   = "revoked"
	LicenceSuspended = "suspended"
)

// LicencePage is one licence as everybody may see it: what it allows, until
// when, and why it can be believed. Who bought it does not stand here but for
// the one who holds the certificate.
type LicencePage struct {
	ID      string
	State   string // one of the states above
	About   string // what it is for, one sentence
	Why     string // of one that is revoked or suspended: the public reason
	Term    Term
	QR      string // drawing, SVG
	Host    string // what the QR code leads to: the branch
	Path    string // and the page
	Holder  *HolderBox
	Notice  *Announced // a revocation that is under way or was decided, for the parties
	Acts    []Link     // of the holder, with icons
	Work    LicencedWork
	Cite    string // how authors are named
	Can     []string
	Cannot  []string
	Ever    []string
	After   []AfterRow // of one that is over: what is still allowed, and what is not
	Checks  []CheckRow
	Command string // that checks without a connection
	CheckTo string // where a file is sent for checking
}

// AfterRow is one thing that may or may not be done once a licence is over.
type AfterRow struct {
	OK   bool
	Text string
}

// HolderBox is what only the holder of the certificate is shown.
type HolderBox struct {
	Licensee string // the pseudonym, made for this licence
	ShareURL string // secret address that opens this page as the holder sees it
	RenewURL string
	OrderURL string
	LinkTo   string // where the secret address is renewed
	EndTo    string // where it is ended
	ShowTo   string // where the licence is shown on the profile; empty: it is not for teaching
	Shown    bool
}

// Term is the time of a licence, formatted.
type Term struct {
	Percent     int    // passed, 0 to 100
	Today       string // "today, 19 December"
	From, Until string
	UntilISO    string
	Left        string // "63 days left"
	Said        string // the bar in words
}

// at is the class that puts the mark of today on the bar: addresses of styles
// are forbidden in attributes, so there is one for every second percent.
func (t Term) at() string { return "at-" + strconv.Itoa(min(100, max(0, t.Percent))/2*2) }

// LicencedWork is the work that a licence is for, as it was.
type LicencedWork struct {
	Title, URL       string
	Version, Authors string
	Base, BaseURL    string // the licence for everybody
	Source           string // whether its address is proved
	Print            string // of its content, shortened
}

// CheckRow is one thing that was checked.
type CheckRow struct {
	OK   bool
	Text string
	Code string // in a fixed font behind the text
	URL  string // of the code; may be empty
}

// CheckFilePage is the answer to a file that somebody wants checked.
type CheckFilePage struct {
	Troubles []Trouble
	Bad      string // beside the file
	Result   string // one of the nine words; empty: nothing was sent yet
	Title    string
	Text     string
	PageURL  string // of the licence, when it is ours
	Checks   []CheckRow
	Facts    [][2]string // what the certificate says
	Action   string
	Command  string
}

// canWord heads what a licence allows, or allowed.
func (p LicencePage) canWord(f Frame) string {
	if len(p.After) > 0 {
		return f.T("licence.could")
	}
	return f.T("licence.can")
}

// tone is the colour of a state.
func tone(state string) string {
	switch state {
	case LicenceValid:
		return ""
	case LicenceExpired, LicenceGrace, "status_unknown", "unknown_key":
		return "end"
	case LicenceRevoked, "bad_signature":
		return "off"
	}
	return "wait"
}

// shieldPath is what stands in the shield of a state.
func shieldPath(state string) string {
	switch state {
	case LicenceValid:
		return "m23 36 9.5 9.5L50 26"
	case LicenceRevoked, "bad_signature":
		return "m26 26 20 20M46 26 26 46"
	case LicenceSuspended:
		return "M29 24v22M43 24v22"
	case "status_unknown", "unknown_key":
		return "M28 29a8 8 0 1 1 11 7.5c-2.200 1-3 2.500-3 5M36 51v.1"
	}
	return "M36 22v15l9 6"
}

// styles are the sheets that only some pages need.
func (f Frame) with(sheet string) Frame {
	f.styles = append(f.styles[:len(f.styles):len(f.styles)], sheet)
	return f
}

const licenceSheet = "licence.css"
