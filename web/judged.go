package web

// JudgedPage is the public list of what moderators decided about revocations of
// licences and about claims to the rights in works.
type JudgedPage struct {
	Appeals []JudgedRow
	Claims  []JudgedRow
}

// JudgedRow is one decision. Nobody's name stands in it.
type JudgedRow struct {
	Title, URL string // the licence, or the work
	About      string // of a licence: its work
	Date       string
	Said       string // what was announced or claimed
	Result     string
	Reason     string // the moderator's
}
