package transfer

import (
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/internal/profile"
)

// sessionMinutes is the length of the service made from a foreign list's price:
// such lists sell sessions of an hour.
const sessionMinutes = 60

// readGetMentor reads both shapes of a getmentor list: the public one (title,
// tags as one text, link) and the internal one (job, an array of tags,
// menteeCount, slug).
func readGetMentor(s *shaped) Entry {
	e := Entry{ID: s.id("id"), Language: "ru", Tutor: true, Formats: []string{"call"}}
	e.Name = e.fit("name", oneLine(plain(s.text("name"))), maxName)
	if e.Name == "" {
		s.fault(s.place("name"), "import_field_missing", "")
	}
	title, job := s.text("title"), s.text("job")
	key := "title"
	if strings.TrimSpace(title) == "" {
		title, key = job, "job"
	} else if strings.TrimSpace(job) != "" && job != title {
		e.drop("job", 1)
	}
	e.Headline = e.fit(key, oneLine(plain(title)), maxHeadline)
	e.Workplace = e.fit("workplace", oneLine(plain(s.text("workplace"))), maxHeadline)
	experience := e.experience(oneLine(s.word("experience")))
	about := sections(plain(s.text("description")), plain(s.text("about")), plain(s.text("competencies")), experience)
	e.About = e.fit("about", about, maxAbout)
	e.addSkills("tags", slices.Values(s.tags("tags")))
	e.Abilities = strings.FieldsFunc(plain(s.text("competencies")), func(r rune) bool { return strings.ContainsRune(",;\n•·", r) })
	e.addLanguages("language", slices.Values([]string{"ru"}))
	e.link(s.text("link"))
	e.session(s.word("price"))
	return e
}

// tags reads an array of tags or one text with commas.
func (s *shaped) tags(key string) []string {
	if n := s.get(key); n != nil && n.shape == isString {
		return strings.Split(n.text, ",")
	}
	return s.texts(key)
}

// experience maps years of work to the levels a person can lead to, and keeps
// the source's own words as a line.
func (e *Entry) experience(years string) string {
	switch strings.ReplaceAll(strings.ReplaceAll(years, " ", ""), "–", "-") {
	case "":
		return ""
	case "0-2", "1-2", "<2":
		e.Levels = []string{"hobby", "zero"}
	case "2-5":
		e.Levels = []string{"zero", "junior"}
	case "5-10", "10+":
		e.Levels = []string{"junior", "work"}
	}
	return strings.ReplaceAll(words.in(e.Language).Experience, "{}", years)
}

// link keeps an address that a person's published entry may show.
func (e *Entry) link(address string) {
	address = strings.TrimSpace(address)
	switch {
	case address == "":
	case !profile.PublicLink(address):
		e.drop("link", 1)
	default:
		e.Links = append(e.Links, Link{Title: "getmentor", URL: address})
	}
}

// session makes the one service that a list with one price means. A price that
// no amount explains stays readable in the rules.
func (e *Entry) session(text string) {
	say := words.in(e.Language)
	amount, note := price(text)
	one := Service{Title: say.Call, Format: "call", Minutes: sessionMinutes, Price: amount}
	if note != "" {
		one.Rules = e.fit("price", strings.ReplaceAll(say.Price, "{}", note), maxRules)
	}
	e.Services = []Service{one}
}
