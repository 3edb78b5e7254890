package web

// EditorPage is the editor of one's own profile.
type EditorPage struct {
	Fresh     bool // nothing was saved yet
	PublicURL string
	Portrait  Portrait

	Troubles []Trouble
	Warnings []string  // what looks like a contact of a person, in words
	Confirm  Field     // the box that says "publish it anyway", shown with warnings
	Theirs   []Compare // saved in another tab meanwhile, beside what is typed here

	Roles     []Choice
	RolesBad  string
	Name      Field
	Headline  Field
	About     Field
	AboutHTML string // the asked-for preview, sanitised; empty: none was asked for

	Skills    []string // as typed, filled up with empty ones
	SkillsBad string
	Known     []string // names of known skills
	Levels    []Choice
	LevelsBad string
	Languages []Choice
	LangsBad  string
	Formats   []Choice
	FormsBad  string
	Zone      Field
	Zones     []Choice
	Links     []LinkRow
	LinksBad  string
	States    []Choice
	StateBad  string
	Until     Field
	Version   string // what was read; a later save of another tab is noticed by it
}

// LinkRow is one link of a profile: a title and an address.
type LinkRow struct {
	Title string
	URL   string
}

// Compare is a field that another tab has saved: its words, and what was saved.
type Compare struct {
	Label string
	Text  string
}

// PicturePage changes the picture of a profile.
type PicturePage struct {
	Portrait Portrait
	Own      bool // a picture was uploaded: it can be removed
	Troubles []Trouble
	Error    string
}

// Previewed is what readers will see of a Markdown text; the preview's answer
// to the script and to the form is this same part of a page.
type Previewed struct {
	HTML string // sanitised; empty: there is no text yet
}
