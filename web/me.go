package web

// MePage is a person's own start: what needs them first, then where to go.
type MePage struct {
	Name     string
	Handle   string
	Portrait Portrait
	Banners  []Banner // the most urgent first
	Tiles    []Tile
}

// Banner is one thing that waits for the person, with one way to answer it.
type Banner struct {
	Kind   string // warn, info, ok
	Title  string
	Text   string
	Action Link // no button when its URL is empty
	Post   bool // the action changes something: it is a form
}

// Tile is one part of a person's own pages.
type Tile struct {
	Icon  string
	Label string
	URL   string
	Text  string
	Count int
}
