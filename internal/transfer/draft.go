package transfer

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/secret"
)

// The purposes keep this package's keyed hashes apart.
const (
	forSource  = "imported-source"  // finds an entry again
	forContent = "imported-content" // tells whether an entry is another than last time
	forSeen    = "imported-seen"    // remembers, without an account, that an entry was here
	forName    = "imported-name"    // chooses a nickname
	forCode    = "imported-code"    // makes the claim code
)

// draft is what an entry becomes on this branch: decided by the entry, by
// whether it is published and by the branch's key, and by nothing else, so that
// the same import gives the same.
type draft struct {
	Publish   bool
	Handle    string // wished for; the next free one is taken
	Tutor     bool
	Creator   bool
	Name      string
	Headline  string
	About     string
	Skills    []string
	Levels    []string
	Languages []string
	Formats   []string
	Links     []Link
	Timezone  string
	Since     time.Time
	Services  []Service

	kept    bool           // public before, and staying so without being told again
	spare   string         // handle when the wished one cannot be had: the nickname
	source  []byte         // finds the entry again
	seen    []byte         // survives the claim
	code    string         // claim code
	number  []byte         // where numbers behind taken handles come from
	dropped map[string]int // what the decision cost, beside what the format did
	cut     []Shortened    // texts that a nickname made too long, by the board's names of their fields
}

// decide makes the draft of an entry of a format.
func (t *Transfer) decide(format string, e *Entry, publish bool) draft {
	identity := []byte(format + "\n" + e.ID)
	source, seen := t.keys.MAC(forSource, identity), t.keys.MAC(forSeen, identity)
	name := t.keys.MAC(forName, identity)
	nickname := words.in(e.Language).nickname(name)
	d := draft{Publish: publish, Tutor: e.Tutor, Creator: e.Creator, Name: e.Name, Headline: e.Headline, About: e.About,
		Levels: e.Levels, Languages: e.Languages, Formats: e.Formats, Links: e.Links, Timezone: e.Timezone, Since: e.Since,
		Services: slices.Clone(e.Services), Skills: t.skills(e), spare: handleOf(nickname), source: source[:],
		seen: seen[:], number: name[8:], code: claimCode(t.keys, identity), dropped: maps.Clone(e.Dropped)}
	if d.dropped == nil {
		d.dropped = map[string]int{}
	}
	if d.Handle = e.Handle; d.Handle == "" {
		d.Handle = handleOf(e.Name)
	}
	if publish {
		fits := false
		if d.Headline, fits = withWorkplace(d.Headline, e.Workplace); !fits {
			d.dropped["workplace"]++
		}
	} else {
		d.hide(e, nickname)
	}
	if d.Headline == "" {
		d.Headline = strings.Join(d.Skills[:min(3, len(d.Skills))], ", ")
	}
	if d.Headline == "" && d.About == "" {
		d.Headline = words.in(e.Language).Call // a published profile says something
	}
	return d
}

// skills brings tags to the board's own words, and adds the abilities that are
// known skills while there is room.
func (t *Transfer) skills(e *Entry) []string {
	var out []string
	for _, tag := range e.Skills {
		if slices.Contains(words.Other, strings.ToLower(tag)) {
			continue
		}
		if id := t.skill(tag); id != "" {
			tag = id
		}
		if !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	for _, text := range e.Abilities {
		id := t.skill(oneLine(text))
		if id != "" && len(out) < maxSkills && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// withWorkplace adds the workplace to a published headline where there is room
// for it and it is not said already, and tells whether it is said then.
func withWorkplace(headline, workplace string) (text string, said bool) {
	joined := headline + " · " + workplace
	switch {
	case workplace == "" || strings.Contains(strings.ToLower(headline), strings.ToLower(workplace)):
		return headline, true
	case headline == "":
		return workplace, true
	case runes(joined) > maxHeadline:
		return headline, false
	}
	return joined, true
}

// hide takes everything out of a draft that leads to the person: the name, the
// workplace, links, and contacts in free text.
func (d *draft) hide(e *Entry, nickname string) {
	count := func(field string, n int) {
		if n > 0 {
			d.dropped[field] += n
		}
	}
	count("name", min(1, len(e.Name)))
	count("workplace", min(1, len(e.Workplace)))
	count("links", len(d.Links))
	d.Handle, d.Name, d.Links = d.spare, nickname, nil
	veil := func(field, text string, bound int) string {
		text, contacts := withoutContacts(text)
		count("contacts", contacts)
		text, links := withoutLinks(text)
		count("links", links)
		text = withoutName(text, e.Name, nickname)
		out, cut := shorten(text, bound)
		if cut {
			d.cut = append(d.cut, Shortened{Entry: e.Path, Field: field, From: runes(text), To: runes(out)})
		}
		return out
	}
	d.Headline = veil("headline", d.Headline, maxHeadline)
	d.About = veil("about", d.About, maxAbout)
	d.Skills = slices.DeleteFunc(d.Skills, func(s string) bool {
		_, contacts := withoutContacts(s)
		count("contacts", contacts)
		return contacts > 0
	})
	for i := range d.Services {
		one := &d.Services[i]
		one.Title, one.Summary, one.Rules = veil("title", one.Title, maxTitle), veil("summary", one.Summary, maxSummary), veil("rules", one.Rules, maxRules)
		if one.Title == "" {
			one.Title = words.in(e.Language).Call
		}
	}
}

// withoutContacts removes the contacts that markup finds and counts them.
func withoutContacts(text string) (string, int) {
	found := markup.Contacts(text)
	if len(found) == 0 {
		return text, 0
	}
	var b strings.Builder
	at := 0
	for _, c := range found {
		b.WriteString(text[at:c.Start])
		b.WriteString("…")
		at = c.End
	}
	b.WriteString(text[at:])
	return clean(b.String()), len(found)
}

// withoutLinks removes web addresses: a page of one's own names its owner.
func withoutLinks(text string) (string, int) {
	count := 0
	for _, scheme := range []string{"https://", "http://", "www."} {
		for at := 0; ; count++ {
			i := indexFold(text[at:], scheme)
			if i < 0 {
				break
			}
			start := at + i
			end := start + len(scheme)
			for end < len(text) {
				r, size := utf8.DecodeRuneInString(text[end:])
				if unicode.IsSpace(r) || strings.ContainsRune("<>\"'()[]…", r) {
					break
				}
				end += size
			}
			text = text[:start] + "…" + text[end:]
			at = start + len("…")
		}
	}
	return text, count
}

// indexFold finds an ASCII text in any case.
func indexFold(text, ascii string) int {
	for i := 0; i+len(ascii) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(ascii)], ascii) {
			return i
		}
	}
	return -1
}

// withoutName puts the nickname where the text says the name, or a part of it.
func withoutName(text, name, nickname string) string {
	if name == "" || name == nickname {
		return text
	}
	text = replaceWord(text, name, nickname)
	for part := range strings.FieldsSeq(name) {
		if part = strings.Trim(part, ".,()\"«»"); runes(part) >= minNamePart {
			text = replaceWord(text, part, nickname)
		}
	}
	return text
}

// minNamePart is the shortest part of a name, in characters, that is looked for
// on its own.
const minNamePart = 3

// replaceWord replaces whole words, spelt exactly so.
func replaceWord(text, word, with string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 {
			break
		}
		end := i + len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[end:])
		b.WriteString(text[:i])
		if isWord(before) || isWord(after) {
			b.WriteString(word)
		} else {
			b.WriteString(with)
		}
		text = text[end:]
	}
	return b.String() + text
}

func isWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// content is the keyed hash of all that would be written.
func (t *Transfer) content(d draft) []byte {
	text, err := json.Marshal(d) // exported fields only; a struct of texts and numbers cannot fail
	if err != nil {
		panic(err)
	}
	mac := t.keys.MAC(forContent, text)
	return mac[:]
}

// claimCode makes the code by which a person claims an entry. It comes from the
// branch's key, not from chance, so that a lost file of codes can be written
// again by importing once more, and codes already sent stay good.
func claimCode(keys *secret.Keys, identity []byte) string {
	const letters, chars = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26
	mac := keys.MAC(forCode, identity)
	text := make([]byte, chars)
	for i := range text {
		text[i] = letters[mac[i]&31]
	}
	code, ok := secret.ParseCode(string(text))
	if !ok {
		panic("transfer: a claim code must be a code")
	}
	return code
}
