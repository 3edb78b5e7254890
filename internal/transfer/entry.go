package transfer

import (
	"iter"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/tmoeg/oduvan/internal/market"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
)

// The bounds of what an entry may hold, in characters or items: those of the
// schema and of the features that keep them.
const (
	maxName      = profile.MaxName
	maxHeadline  = profile.MaxHeadline
	maxAbout     = profile.MaxAbout
	maxSkill     = profile.MaxSkill
	maxSkills    = profile.MaxSkills
	maxLanguages = profile.MaxLanguages
	maxTitle     = market.MaxTitle
	maxSummary   = market.MaxSummary
	maxRules     = market.MaxRules
	maxServices  = market.MaxServices
	maxLinks     = profile.MaxLinks
	maxLink      = profile.MaxLink
	maxMinutes   = market.MaxMinutes
	maxSourceID  = 1000
)

// Entry is one person of a list, in the words of the board, already inside its
// bounds. Nothing in it is decided yet by whether it will be published.
type Entry struct {
	ID        string // how the source names the person; for an e-mail, the address
	At        Position
	Path      string // "[12]"
	Language  string // the language this package adds its own lines in: ru or en
	Handle    string // only our own format knows one
	Tutor     bool
	Creator   bool
	Name      string
	Headline  string
	Workplace string
	About     string // Markdown
	Skills    []string
	Abilities []string `json:",omitempty"` // free words of which known skills become skills too
	Levels    []string
	Languages []string
	Formats   []string
	Links     []Link
	Timezone  string
	Since     time.Time // day of first publication, zero if unknown
	Services  []Service
	Dropped   map[string]int // source fields that have no place here
	Shortened []Shortened
}

// Link is an address that a person shows.
type Link struct {
	Title string
	URL   string
}

// Service is one thing an entry offers. A nil price means by agreement.
type Service struct {
	Title     string
	Summary   string
	Format    string
	Minutes   int
	Price     *money.Amount
	FreeTrial bool
	Rules     string
}

// Shortened tells of a text that was longer than its bound.
type Shortened struct {
	Entry string `json:"entry"` // path of the entry in the file
	Field string `json:"field"` // name of the field in the file
	From  int    `json:"from"`  // characters before
	To    int    `json:"to"`    // and after
}

// drop counts pieces of a source field that are not kept.
func (e *Entry) drop(field string, n int) {
	if n <= 0 {
		return
	}
	if e.Dropped == nil {
		e.Dropped = map[string]int{}
	}
	e.Dropped[field] += n
}

// fit cuts a text to its bound and reports it.
func (e *Entry) fit(field, text string, bound int) string {
	out, cut := shorten(text, bound)
	if cut {
		e.Shortened = append(e.Shortened, Shortened{Entry: e.Path, Field: field, From: runes(text), To: runes(out)})
	}
	return out
}

func runes(text string) int { return len([]rune(text)) }

// addSkills keeps as many of the source's tags as a profile takes.
func (e *Entry) addSkills(field string, tags iter.Seq[string]) {
	for tag := range tags {
		tag = oneLine(tag)
		same := func(s string) bool { return strings.EqualFold(s, tag) }
		switch {
		case tag == "" || slices.ContainsFunc(e.Skills, same):
		case len(e.Skills) == maxSkills:
			e.drop(field, 1)
		default:
			e.Skills = append(e.Skills, e.fit(field, tag, maxSkill))
		}
	}
}

// addLanguages keeps the base languages of tags such as "en" or "pt-BR".
func (e *Entry) addLanguages(field string, tags iter.Seq[string]) {
	for tag := range tags {
		base, err := language.ParseBase(strings.ToLower(strings.SplitN(strings.TrimSpace(tag), "-", 2)[0]))
		switch {
		case err != nil || len(e.Languages) == maxLanguages:
			e.drop(field, 1)
		case !slices.Contains(e.Languages, base.String()):
			e.Languages = append(e.Languages, base.String())
		}
	}
}

// sections joins the parts of an about text, leaving out empty and repeated ones.
func sections(parts ...string) string {
	var kept []string
	for _, part := range parts {
		inside := func(k string) bool { return strings.Contains(k, part) }
		if part != "" && !slices.ContainsFunc(kept, inside) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "\n\n")
}
