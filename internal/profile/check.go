package profile

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
)

// The bounds of a profile, texts in characters.
const (
	MaxName      = 60
	MaxHeadline  = 160
	MaxAbout     = 8000
	MaxSkills    = 10
	MaxSkill     = 40
	MaxLanguages = 10
	MaxLinks     = 6
	MaxLinkTitle = 60
	MaxLink      = 200
	MaxPause     = 366 * 24 * time.Hour // how far away the return may be
	maxZone      = 60
)

// Levels lists whom a person teaches, from the first step to a job.
func Levels() []string { return []string{"hobby", "zero", "junior", "work"} }

// Formats lists how people work together. "chat" is the one without a
// microphone: written words only.
func Formats() []string { return []string{"call", "chat", "review", "group", "plan"} }

// Languages lists the languages that forms offer; any other language with a
// code of its own is taken too.
func Languages() []string {
	return []string{"ru", "en", "kk", "be", "uk", "uz", "ky", "tg", "tk", "az", "hy", "ka", "ro", "mn", "tt",
		"de", "fr", "es", "it", "pt", "pl", "cs", "sr", "tr", "he", "ar", "fa", "hi", "zh", "ja", "ko"}
}

// Line makes one line of a typed text: white space becomes single spaces,
// invisible marks that turn or hide text go, letters are composed (NFC).
func Line(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// Text keeps the lines of a typed text and cleans it as Line does.
func Text(s string) string {
	s = strings.ReplaceAll(visible(s), "\r\n", "\n")
	return strings.TrimSpace(strings.ReplaceAll(s, "\r", "\n"))
}

// visible drops format characters, which can hide words or turn them around,
// but for the joiners that scripts and emoji need.
func visible(s string) string {
	if !utf8.ValidString(s) {
		return s // refused by Bounded
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, s))
}

// Bounded says what is wrong with a cleaned text: nothing, too_long (argument
// Max) or text_form, which is broken UTF-8 or a control character other than
// line end and tab.
func Bounded(field, s string, most int) *fault.Error {
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, odd):
		return fault.Bad(field, "text_form")
	case utf8.RuneCountInString(s) > most:
		return fault.Bad(field, "too_long").With("Max", most)
	}
	return nil
}

// Input is what the owner types. Save replaces all of it; State "" keeps the
// state there is.
type Input struct {
	Tutor       bool
	Creator     bool
	Name        string
	Headline    string
	About       string   // Markdown
	Skills      []string // taxonomy ids or free words
	Levels      []string
	Languages   []string // BCP 47 base languages
	Formats     []string
	Timezone    string // IANA name
	Links       []Link
	State       State
	PausedUntil time.Time // with State Paused; zero: until the owner comes back
	Version     int64     // of the profile that was edited; 0: whatever is there
}

// clean brings an input into its stored form and says all that is wrong.
func (p *Profiles) clean(in Input, now time.Time) (Input, fault.Fields) {
	var bad fault.Fields
	in.Name, in.Headline, in.About = Line(in.Name), Line(in.Headline), Text(in.About)
	bad.Add(Bounded("name", in.Name, MaxName))
	bad.Add(Bounded("headline", in.Headline, MaxHeadline))
	bad.Add(Bounded("about", in.About, MaxAbout))
	in.Skills = p.cleanSkills(in.Skills, &bad)
	in.Levels = cleanWords("levels", in.Levels, Levels(), &bad)
	in.Formats = cleanWords("formats", in.Formats, Formats(), &bad)
	in.Languages = cleanLanguages(in.Languages, &bad)
	in.Links = cleanLinks(in.Links, &bad)
	in.Timezone = strings.TrimSpace(in.Timezone)
	if in.Timezone != "" && !knownZone(in.Timezone) {
		bad.Add(fault.Bad("timezone", "timezone_unknown"))
	}
	if in.State != "" && in.State != Draft && in.State != Open && in.State != Paused {
		bad.Add(fault.Bad("state", "state_unknown"))
	}
	if in.State != Paused {
		in.PausedUntil = time.Time{}
	}
	bad.Add(checkUntil(in.PausedUntil, now))
	if in.Version < 0 {
		bad.Add(fault.Bad("version", "version_form"))
	}
	return in, bad
}

func checkUntil(until, now time.Time) *fault.Error {
	if until.IsZero() || until.After(now) && !until.After(now.Add(MaxPause)) {
		return nil
	}
	return fault.Bad("paused_until", "until_range").With("Max", int(MaxPause.Hours()/24))
}

// cleanSkills folds typed skills to ids; the same skill twice is kept once.
func (p *Profiles) cleanSkills(list []string, bad *fault.Fields) []string {
	out, seen := []string{}, map[string]bool{}
	for i, s := range list {
		s = Line(s)
		if wrong := Bounded("skills", s, MaxSkill); wrong != nil {
			bad.Add(wrong.With("N", i+1))
			continue
		}
		if p.skill != nil {
			if id := p.skill(s); id != "" {
				s = id
			}
		}
		key := strings.ToLower(s)
		if s == "" || seen[key] {
			continue
		}
		seen[key] = true
		if out = append(out, s); len(out) > MaxSkills {
			bad.Add(fault.Bad("skills", "too_many").With("Max", MaxSkills))
			return out[:MaxSkills]
		}
	}
	return out
}

// cleanWords keeps words of a closed list, once each and in the list's order.
func cleanWords(field string, list, known []string, bad *fault.Fields) []string {
	for _, w := range list {
		if !slices.Contains(known, w) {
			bad.Add(fault.Bad(field, "value_unknown"))
			return []string{}
		}
	}
	return slices.DeleteFunc(slices.Clone(known), func(w string) bool { return !slices.Contains(list, w) })
}

// cleanLanguages keeps base languages in the order typed, the best one first.
func cleanLanguages(list []string, bad *fault.Fields) []string {
	out := []string{}
	for _, l := range list {
		l = strings.ToLower(strings.TrimSpace(l))
		base, err := language.ParseBase(l)
		if err != nil || base.String() != l || l == "und" || l == "mul" || l == "zxx" {
			bad.Add(fault.Bad("languages", "language_unknown"))
			return out
		}
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
		if len(out) > MaxLanguages {
			bad.Add(fault.Bad("languages", "too_many").With("Max", MaxLanguages))
			return out
		}
	}
	return out
}

// cleanLinks drops empty lines of the form and names a link without a title by its host.
func cleanLinks(list []Link, bad *fault.Fields) []Link {
	out := []Link{}
	for i, l := range list {
		l.Title, l.URL = Line(l.Title), strings.TrimSpace(l.URL)
		if l == (Link{}) {
			continue
		}
		u, wrong := checkLink(l)
		if wrong != nil {
			bad.Add(wrong.With("N", i+1))
			continue
		}
		if l.Title == "" {
			l.Title = cutTo(strings.TrimPrefix(u.Hostname(), "www."), MaxLinkTitle)
		}
		if out = append(out, l); len(out) > MaxLinks {
			bad.Add(fault.Bad("links", "too_many").With("Max", MaxLinks))
			return out
		}
	}
	return out
}

// PublicLink tells whether a profile takes an address: https, with no user in
// it, no bare address of a machine, no name inside a private network, and not
// over the bound.
func PublicLink(address string) bool {
	_, bad := checkLink(Link{URL: address})
	return bad == nil
}

func checkLink(l Link) (*url.URL, *fault.Error) {
	if bad := Bounded("links", l.Title, MaxLinkTitle); bad != nil {
		return nil, bad
	}
	if bad := Bounded("links", l.URL, MaxLink); bad != nil {
		return nil, bad
	}
	u, err := url.Parse(l.URL)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || strings.ContainsFunc(l.URL, unicode.IsSpace) {
		return nil, fault.Bad("links", "link_form")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := netip.ParseAddr(host); err == nil || last == host || last == "" || strings.Trim(last, "0123456789") == "" {
		return nil, fault.Bad("links", "link_form")
	}
	return u, nil
}

func cutTo(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// zoneName keeps file names of the zone database that are no zones out.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*$`)

func knownZone(name string) bool {
	if len(name) > maxZone || name == "Local" || !zoneName.MatchString(name) {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// Warning says that a public text holds what may reveal a person. It hinders nothing.
type Warning struct {
	Field string
	Kind  markup.Kind
}

// Warnings finds contacts in the texts of an input, each kind once a field.
// Links are not looked at: those the owner shows knowingly.
func Warnings(in Input) []Warning {
	var out []Warning
	for _, f := range []struct{ field, text string }{
		{"name", in.Name}, {"headline", in.Headline}, {"about", in.About}, {"skills", strings.Join(in.Skills, "\n")},
	} {
		for _, c := range markup.Contacts(f.text) {
			if w := (Warning{f.field, c.Kind}); !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}
