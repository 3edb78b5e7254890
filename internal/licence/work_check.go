package licence

import (
	"cmp"
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/profile"
)

// The bounds of works, texts in characters.
const (
	MaxWorks       = 200 // of one account
	MaxWorkTitle   = 150
	MaxWorkSummary = 4000
	MaxWorkURL     = 300
	MaxLabel       = 40
	MaxAuthors     = 30 // of one version
	MaxWorkSkills  = 10
	MaxWorkSkill   = 40
	MaxWorkLangs   = 10
	MaxPayee       = 200
	MaxVersions    = 200 // of one work
	MaxReason      = 2000
	MinReason      = 20 // of a moderator
)

// clean brings an input into its stored form and says all that is wrong.
func (l *Licences) clean(in WorkInput) (WorkInput, fault.Fields) {
	var bad fault.Fields
	in.Title, in.Summary, in.URL = profile.Line(in.Title), profile.Text(in.Summary), strings.TrimSpace(in.URL)
	in.Payee = profile.Line(in.Payee)
	if in.Title == "" {
		bad.Add(fault.Bad("title", "required"))
	}
	bad.Add(profile.Bounded("title", in.Title, MaxWorkTitle))
	bad.Add(profile.Bounded("summary", in.Summary, MaxWorkSummary))
	bad.Add(profile.Bounded("payee", in.Payee, MaxPayee))
	if in.URL == "" {
		bad.Add(fault.Bad("url", "required"))
	} else {
		bad.Add(address("url", in.URL, MaxWorkURL))
	}
	bad.Add(oneOf("kind", in.Kind, WorkKinds()))
	in.Skills = l.cleanSkills(in.Skills, &bad)
	in.Languages = cleanLanguages(in.Languages, &bad)
	if in.State != "" && !slices.Contains(WorkStates(), in.State) {
		bad.Add(fault.Bad("state", "state_unknown"))
	}
	if in.Edit < 0 {
		bad.Add(fault.Bad("version", "version_form"))
	}
	return in, bad
}

// cleanNew is clean with what belongs to the registration only.
func (l *Licences) cleanNew(in WorkInput) (WorkInput, fault.Fields) {
	in, bad := l.clean(in)
	in.Basis = cmp.Or(in.Basis, Owner)
	bad.Add(oneOf("base_licence", in.BaseLicence, BaseLicences()))
	bad.Add(oneOf("basis", string(in.Basis), []string{string(Owner), string(Community)}))
	version, more := cleanVersion(VersionInput{Label: cmp.Or(in.Label, "1"), SHA256: in.SHA256})
	in.Label, in.SHA256 = version.Label, version.SHA256
	return in, append(bad, more...)
}

func oneOf(field, word string, known []string) *fault.Error {
	switch {
	case word == "":
		return fault.Bad(field, "required")
	case !slices.Contains(known, word):
		return fault.Bad(field, "value_unknown")
	}
	return nil
}

// address takes a web address of a public place: no user in it, no bare
// address of a machine. An empty one is right.
func address(field, text string, most int) *fault.Error {
	if text == "" {
		return nil
	}
	if bad := profile.Bounded(field, text, most); bad != nil {
		return bad
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" ||
		strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == '\\' }) {
		return fault.Bad(field, "link_form")
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := netip.ParseAddr(host); err == nil || last == host || last == "" || strings.Trim(last, "0123456789") == "" {
		return fault.Bad(field, "link_form")
	}
	return nil
}

// digest brings a SHA-256 into its stored form: 64 hex digits in lower case.
func digest(text string) (string, *fault.Error) {
	text = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "sha256:")
	raw, err := hex.DecodeString(text)
	if text != "" && (err != nil || len(raw) != 32) {
		return text, fault.Bad("sha256", "sha256_form")
	}
	return text, nil
}

func (l *Licences) cleanSkills(list []string, bad *fault.Fields) []string {
	out, seen := []string{}, map[string]bool{}
	for i, s := range list {
		s = profile.Line(s)
		if wrong := profile.Bounded("skills", s, MaxWorkSkill); wrong != nil {
			bad.Add(wrong.With("N", i+1))
			continue
		}
		s = cmp.Or(l.skill(s), s)
		key := strings.ToLower(s)
		if s == "" || seen[key] {
			continue
		}
		seen[key] = true
		if out = append(out, s); len(out) > MaxWorkSkills {
			bad.Add(fault.Bad("skills", "too_many").With("Max", MaxWorkSkills))
			return out[:MaxWorkSkills]
		}
	}
	return out
}

func cleanLanguages(list []string, bad *fault.Fields) []string {
	out := []string{}
	for _, word := range list {
		word = strings.ToLower(strings.TrimSpace(word))
		base, err := language.ParseBase(word)
		if err != nil || base.String() != word || word == "und" || word == "mul" || word == "zxx" {
			bad.Add(fault.Bad("languages", "language_unknown"))
			return out
		}
		if !slices.Contains(out, word) {
			out = append(out, word)
		}
		if len(out) > MaxWorkLangs {
			bad.Add(fault.Bad("languages", "too_many").With("Max", MaxWorkLangs))
			return out[:MaxWorkLangs]
		}
	}
	return out
}

// reasoned takes a moderator's own sentence: at least MinReason characters,
// which a bare number of a rule has not.
func reasoned(field, text string) (string, *fault.Error) {
	text = profile.Text(text)
	if n := len([]rune(text)); n < MinReason {
		return text, fault.Bad(field, "reason_short").With("Min", MinReason)
	}
	return text, profile.Bounded(field, text, MaxReason)
}
