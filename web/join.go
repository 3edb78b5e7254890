package web

// JoinPage is the way in for one who does not know where to begin: up to three
// questions, free help first.
type JoinPage struct {
	Draw     []Choice // what draws you
	Level    []Choice // where you are
	How      []Choice // how you like to learn
	Answered bool
	Help     []Link // free help outside the catalogue
	FreeURL  string // search for what is free here
	Plans    Shelf  // study plans
	Free     Shelf
	Paid     Shelf
	Wider    bool // nothing fitted every answer, so some were left out
}

// helpText is the key of what an outside place of help is good for.
func helpText(icon string) string { return "join.help_" + icon }

// helpIcon is the drawing for an outside place of help.
func helpIcon(icon string) string {
	switch icon {
	case "discord":
		return "chat"
	case "youtube":
		return "call"
	case "github":
		return "review"
	}
	return "globe"
}
