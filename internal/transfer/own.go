package transfer

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/money"
	"github.com/tmoeg/oduvan/internal/profile"
)

// ownVersion is the version of our format that Export writes and Read takes.
const ownVersion = 1

var handleShape = regexp.MustCompile(account.HandlePattern)

// own reads our own format: one object whose profiles stand last.
func (f *file) own() error {
	b, err := f.peek("")
	if err != nil {
		return err
	}
	if b != '{' {
		if b == 0 {
			return f.fail("")
		}
		return broken(f.at, "", "import_shape").With("want", "object")
	}
	head := &shaped{node: &node{shape: isObject, at: f.at}}
	profiles := false
	err = f.members('{', '}', "", func() error {
		key, err := f.key("")
		if err != nil {
			return err
		}
		if head.field(key) != nil || key == "profiles" && profiles {
			return broken(f.at, join("", key), "import_key_twice")
		}
		if err := f.expect(':', join("", key)); err != nil {
			return err
		}
		if key == "profiles" {
			profiles = true
			if err := f.header(head); err != nil {
				return err
			}
			return f.each("profiles", readOwn)
		}
		value, err := f.entry(join("", key))
		head.keys, head.list = append(head.keys, key), append(head.list, value)
		return err
	})
	if err != nil {
		return err
	}
	if !profiles {
		return broken(head.at, "profiles", "import_field_missing")
	}
	return f.header(head) // again: fields may follow the profiles
}

// header checks what stands before the profiles and remembers whose export it
// is: the same handle of another branch is another person.
func (f *file) header(head *shaped) error {
	if head.text("format") != Oduvan || head.integer("version", 1<<31) != ownVersion {
		at := head.place("version")
		if head.text("format") != Oduvan {
			at = head.place("format")
		}
		return broken(at.at, at.path, "import_version").With("want", ownVersion)
	}
	head.text("branch")
	f.source = strings.TrimRight(head.text("url"), "/")
	f.prefix = f.source + "\n"
	head.strict()
	return head.err
}

// readOwn reads one profile of our own format.
func readOwn(s *shaped) Entry {
	e := Entry{ID: s.id("handle"), Language: "ru"}
	e.Handle = e.ID
	if e.ID != "" && !handleShape.MatchString(e.ID) {
		s.fault(s.place("handle"), "import_field_invalid", "")
	}
	roles := s.closed("roles", []string{profile.TutorKind, profile.CreatorKind})
	e.Tutor, e.Creator = slices.Contains(roles, profile.TutorKind), slices.Contains(roles, profile.CreatorKind)
	if len(roles) == 0 {
		s.fault(s.place("roles"), "import_field_missing", "")
	}
	e.Name = e.fit("name", oneLine(s.text("name")), maxName)
	e.Headline = e.fit("headline", oneLine(s.text("headline")), maxHeadline)
	e.About = e.fit("about", clean(s.text("about")), maxAbout)
	e.addSkills("skills", slices.Values(s.texts("skills")))
	e.Levels = s.closed("levels", profile.Levels())
	e.addLanguages("languages", slices.Values(s.texts("languages")))
	e.Formats = s.closed("formats", profile.Formats())
	e.Timezone = s.zone("timezone")
	e.Since = s.day("since")
	for _, n := range s.array("links") {
		s.inner(n, func(in *shaped) { e.ownLink(in) })
	}
	services := s.array("services")
	for _, n := range services[:min(len(services), maxServices)] {
		s.inner(n, func(in *shaped) { e.Services = append(e.Services, e.ownService(in)) })
	}
	e.drop("services", len(services)-maxServices)
	s.strict()
	if len(e.Languages) > 0 && !slices.Contains(e.Languages, "ru") {
		e.Language = "en"
	}
	return e
}

// inner reads an object inside the entry, keeping its first fault.
func (s *shaped) inner(n *node, understand func(*shaped)) {
	if n.shape != isObject {
		s.fault(n, "import_shape", "object")
		return
	}
	in := &shaped{node: n}
	understand(in)
	in.strict()
	if s.err == nil {
		s.err = in.err
	}
}

// closed reads an array of words from a closed list, each once.
func (s *shaped) closed(key string, known []string) []string {
	var out []string
	for _, n := range s.array(key) {
		switch {
		case n.shape != isString:
			s.fault(n, "import_shape", "string")
		case !slices.Contains(known, n.text):
			s.fault(n, "import_field_invalid", strings.Join(known, ", "))
		case !slices.Contains(out, n.text):
			out = append(out, n.text)
		}
	}
	return out
}

// zone reads the name of a time zone that this program knows.
func (s *shaped) zone(key string) string {
	name := s.text(key)
	if name == "" {
		return ""
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		s.fault(s.place(key), "import_field_invalid", "")
	}
	return name
}

// day reads a date.
func (s *shaped) day(key string) time.Time {
	text := s.text(key)
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		s.fault(s.place(key), "import_field_invalid", "YYYY-MM-DD")
	}
	return day
}

func (e *Entry) ownLink(in *shaped) {
	link := Link{Title: e.fit("links.title", oneLine(in.text("title")), maxName), URL: strings.TrimSpace(in.text("url"))}
	if !profile.PublicLink(link.URL) {
		in.fault(in.place("url"), "import_field_invalid", "")
		return
	}
	if len(e.Links) == maxLinks {
		e.drop("links", 1)
		return
	}
	e.Links = append(e.Links, link)
}

func (e *Entry) ownService(in *shaped) Service {
	one := Service{
		Title:     e.fit("services.title", oneLine(in.text("title")), maxTitle),
		Summary:   e.fit("services.summary", oneLine(in.text("summary")), maxSummary),
		Format:    in.text("format"),
		Minutes:   int(in.integer("minutes", maxMinutes)),
		FreeTrial: in.flag("free_trial"),
		Rules:     e.fit("services.rules", clean(in.text("rules")), maxRules),
	}
	if one.Title == "" {
		in.fault(in.place("title"), "import_field_missing", "")
	}
	if known := profile.Formats(); !slices.Contains(known, one.Format) {
		in.fault(in.place("format"), "import_field_invalid", strings.Join(known, ", "))
	}
	agreement := in.flag("by_agreement")
	if n := in.get("price"); n != nil {
		in.inner(n, func(p *shaped) { one.Price = p.amount() })
	}
	if agreement == (one.Price != nil) {
		in.fault(in.place("price"), "import_field_invalid", "")
	}
	return one
}

// amount reads {"amount", "currency"}; nothing to pay needs no currency.
func (s *shaped) amount() *money.Amount {
	minor, currency := s.integer("amount", money.MaxMinor), s.text("currency")
	if minor == 0 && (currency == "" || money.Offered(currency)) {
		return &money.Amount{Currency: currency}
	}
	if !money.Offered(currency) {
		s.fault(s.place("currency"), "import_field_invalid", strings.Join(money.Currencies(), ", "))
	}
	return &money.Amount{Minor: minor, Currency: currency}
}
