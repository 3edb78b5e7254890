package web

// HomePage is the front door. A section without cards is not shown.
type HomePage struct {
	Chips    []Chip // quick searches: free, without microphone, newcomers, a skill
	Doors    []Door // up to three
	Tutors   Shelf  // of this week
	Services Shelf  // the newest
	Works    Shelf
	Creators Shelf
	MoneyURL string // where the words about money can be checked; empty: no link
}

// Chip is a short link of one or two words. Icon is empty or an icon's word:
// quiet, gift, sprout.
type Chip struct {
	Label string
	URL   string
	Icon  string
}

// Door is a large way into the board. Kind chooses picture and words: tutor,
// creator, service or join.
type Door struct {
	Kind string
	URL  string
}

// Shelf is one row of cards with the way to all of them.
type Shelf struct {
	Cards  []Card
	AllURL string
	Total  int
}

// tint is the class of a door's colour by its place.
func tint(place int) string {
	switch place % 3 {
	case 1:
		return "mint"
	case 2:
		return "sun"
	}
	return ""
}
