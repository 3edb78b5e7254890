package transfer

import (
	"slices"
	"strings"
)

// readCodingCoach reads a mentor of a Coding Coach list. Its id is an e-mail
// address; it serves as identity and is kept nowhere.
func readCodingCoach(s *shaped) Entry {
	e := Entry{ID: s.id("id"), Language: "en", Tutor: true, Formats: []string{"call"}}
	if strings.Contains(e.ID, "@") {
		e.ID = strings.ToLower(e.ID)
		e.drop("email", 1)
	}
	e.Name = e.fit("name", oneLine(plain(s.text("name"))), maxName)
	if e.Name == "" {
		s.fault(s.place("name"), "import_field_missing", "")
	}
	e.Headline = e.fit("title", oneLine(plain(s.text("title"))), maxHeadline)
	e.About = e.fit("description", plain(s.text("description")), maxAbout)
	e.addSkills("tags", slices.Values(s.tags("tags")))
	e.addLanguages("spokenLanguages", slices.Values(s.texts("spokenLanguages")))
	if slices.Contains(e.Languages, "ru") && !slices.Contains(e.Languages, "en") {
		e.Language = "ru"
	}
	e.drop("channels", len(s.array("channels")))
	e.session("") // the list names no price, and none is made up
	return e
}
