package web

// The kinds of card that exist now.
const (
	KindTutor   = "tutor"
	KindCreator = "creator"
	KindService = "service"
	KindWork    = "work"
)

// Price is what something costs, formatted: Main «1 500 ₽» or «Бесплатно»,
// Unit «/ занятие», Approx «≈ 790 ₽» when another currency was asked for.
type Price struct {
	Main   string
	Unit   string
	Approx string
}

// Card is one thing in a list: a tutor, a creator, a service or a work.
type Card struct {
	Kind     string // KindTutor, KindCreator, KindService or KindWork
	URL      string
	Title    string // name of a person, title of a service
	Lang     string // language of title and lead if it is not the page's
	Handle   string // of the person, or of the service's tutor
	By       string // name of the service's tutor
	Portrait Portrait
	Lead     string   // headline, or the first words of a service
	Skills   []string // names; three are shown
	Newcomer bool
	Since    string // «на доске с 12 декабря»
	Reply    string // «обычно отвечает за 3 ч»; empty while there is no habit
	Price    Price  // empty Main: nothing is said about money
	Format   string // of a service: call, chat, review, group, plan; of a work its kind
	Licence  string // of a work: the one for everybody
	Meta     string // at the right of the price: length, languages, format
}

// person tells whether the card is about somebody rather than something.
func (c Card) person() bool { return c.Kind == KindTutor || c.Kind == KindCreator }

// shown are the skills that fit on a card.
func (c Card) shown() []string {
	if len(c.Skills) > 3 {
		return c.Skills[:3]
	}
	return c.Skills
}

// metaIcon goes before Meta.
func (c Card) metaIcon() string {
	if c.Format != "" {
		return formatIcon(c.Format)
	}
	return "globe"
}

// formatIcon is the icon of a service's format.
func formatIcon(format string) string {
	switch format {
	case "chat":
		return "quiet"
	case "review", "group", "plan":
		return format
	}
	return "call"
}
