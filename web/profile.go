package web

import "strings"

// ProfilePage is the public face of a tutor, a creator or both.
type ProfilePage struct {
	Handle    string
	Name      string
	Lang      string   // language of the person's texts if it is not the page's
	Roles     []string // tutor, creator
	Headline  string
	Portrait  Portrait
	AboutHTML string   // sanitised already
	Skills    []Link   // names with their searches
	Levels    []string // words
	Formats   []string // call, chat, review, group, plan
	Languages []Word
	Links     []Link // that the person chose to show
	Zone      string // «Москва, UTC+3»
	Active    string // «заходит на этой неделе»
	Since     string // «на доске с 12 декабря 2025»
	Reply     string // empty while there is no habit
	Free      string // «возьмёт ещё 2»; empty: nothing is said
	AskURL    string // where to write; empty: one cannot
	Unclaimed bool   // carried over from elsewhere, its owner has not come: nobody would answer
	SearchURL string // of similar tutors, with Unclaimed
	Newcomer  bool
	Price     Price  // the lowest; empty Main: nothing is said
	Paused    string // date of return, formatted; see OnPause
	OnPause   bool   // with or without a date
	Draft     bool   // seen by its owner only
	Services  []Card
	Works     []Card
	Held      []HeldRow // licences for teaching that are valid now
	Similar   []Card    // others, shown when this one cannot take anybody
	FeedURL   string    // of this person's services; empty: none
	Owner     bool      // the viewer is the one: show the edit bar
	EditURL   string
	NewURL    string // for one more service
	ReportURL string // empty: no link
}

// HeldRow is a licence for teaching on its holder's page.
type HeldRow struct {
	Title string
	URL   string // of the work; empty: it is not public any more
	Until string // "until 20 February 2027"
}

// Word is a text in its own language: the name of a language, a title.
type Word struct {
	Text string
	Lang string
}

// ServicePage is one thing a tutor offers.
type ServicePage struct {
	Title      string
	Lang       string // language of the tutor's texts if it is not the page's
	Format     string // call, chat, review, group, plan
	Length     string // «60 минут»; empty: not by the clock
	Price      Price
	Free       bool // it costs nothing: nobody is paid
	FreeTrial  bool
	BodyHTML   string // what it is, sanitised; may be empty
	RulesHTML  string // of cancelling and of working together, sanitised; may be empty
	Skills     []Link
	Languages  []Word
	By         Card   // its tutor, as a card
	Links      []Link // by which the tutor can be reached
	OnPause    bool
	Paused     string // date of return, formatted
	Draft      bool   // seen by its owner only
	AskURL     string // where to write about it; empty: one cannot
	Unclaimed  bool   // its tutor has not come to this board yet: nobody would answer
	SearchURL  string // of similar tutors, with Unclaimed
	Reply      string // empty while there is no habit
	Places     string // how many more the tutor takes; empty: nothing is said
	Others     []Card // more from the same tutor
	Unlicensed []Link // for the owner: works its texts name that need a licence
	Owner      bool
	EditURL    string
	ReportURL  string // empty: no link
}

// formats are the words of several formats in one line.
func (f Frame) formats(list []string) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = f.Texts.Format(v)
	}
	return join(words)
}

func join(words []string) string { return strings.Join(words, " · ") }
