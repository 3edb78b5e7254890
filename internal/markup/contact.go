package markup

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is the kind of a contact.
type Kind string

// The kinds of contacts that reveal a person or an account for money.
const (
	Phone     Kind = "phone"
	Email     Kind = "email"
	Messenger Kind = "messenger"
	Card      Kind = "card"
)

// Contact is where a contact stands in a text, in bytes: text[Start:End]. The
// words themselves are not copied, so that they cannot end in a log.
type Contact struct {
	Kind       Kind
	Start, End int
}

// maxContacts is how many are told: enough for a warning.
const maxContacts = 100

// Messenger words live in a data file, since they stand in several languages.
//
//go:embed messengers.txt
var messengerWords string

// The patterns. Go's engine is linear, so no text can make them slow. gap is
// what may stand between the digits of one number.
const (
	gap  = `[ \t\x{a0}\x{202f}.\-\x{2010}-\x{2013}]{0,2}`
	dash = `[ \x{a0}\-\x{2010}-\x{2013}]`
	at   = `(?:@| ?[\[(]\s?(?:at|@)\s?[\])] ?)`
	dot  = `(?:\.| ?[\[(]\s?(?:dot|\.)\s?[\])] ?)`
)

var (
	emailPattern = regexp.MustCompile(`(?i)[\p{L}0-9._%+\-]{1,64}` + at + `[\p{L}0-9](?:[\p{L}0-9\-]{0,62})(?:` + dot +
		`[\p{L}0-9\-]{1,63})*` + dot + `\p{L}{2,24}`)
	messengerLink = regexp.MustCompile(`(?i)(?:https?://)?(?:www\.)?(?:t\.me|telegram\.me|telegram\.dog|wa\.me|api\.whatsapp\.com|` +
		`chat\.whatsapp\.com|vk\.me|m\.me|signal\.me|discord\.gg)/[@+#\w][\w\-+/?=&.%]*|(?:tg|viber|skype|whatsapp)://?[\w\-+/?=&.%:]+`)
	atHandle   = regexp.MustCompile(`@[A-Za-z][A-Za-z0-9_]{4,31}`)
	wordHandle = regexp.MustCompile(`(?i)(?:` + alternatives(messengerWords) + `)\s?[:\-\x{2010}-\x{2014}=]\s?@?([a-z][a-z0-9_.]{3,31})`)

	cardPattern  = regexp.MustCompile(`[0-9]{16}|[0-9]{4}(?:[ \x{a0}\-][0-9]{4}){3}|3[47][0-9]{2}[ \-]?[0-9]{6}[ \-]?[0-9]{5}`)
	phonePattern = []*regexp.Regexp{
		regexp.MustCompile(`\+[1-9](?:` + gap + `\(?[0-9]\)?){9,14}`),
		regexp.MustCompile(`[78]` + gap + `\(?[3-9][0-9]{2}\)?(?:` + gap + `[0-9]){7}`),
		regexp.MustCompile(`(?:375|380|99[2-68])` + gap + `\(?[0-9]{2}\)?(?:` + gap + `[0-9]){7}`),
		regexp.MustCompile(`374` + gap + `\(?[0-9]{2}\)?(?:` + gap + `[0-9]){6}`),
		regexp.MustCompile(`\([0-9]{3,4}\) ?[0-9]{2,3}` + dash + `[0-9]{2}` + dash + `[0-9]{2}`),
		regexp.MustCompile(`9[0-9]{2}` + dash + `[0-9]{3}` + dash + `[0-9]{2}` + dash + `[0-9]{2}`),
	}
	thousands = regexp.MustCompile(`^[0-9]{1,3}(?:[ \x{a0}\x{202f}.][0-9]{3})+$`)
)

// annotations are words after an at sign that mean code, not a person.
var annotations = strings.Fields(`override autowired component service repository controller entity table column
	deprecated functionalinterface suppresswarnings requestmapping getmapping postmapping restcontroller transactional
	configuration springbootapplication before after beforeeach aftereach parameterizedtest nullable notnull
	dataclass property staticmethod classmethod abstractmethod pytest fixture contextmanager lru_cache
	media import keyframes supports layer container charset tailwind apply include mixin extend
	param return returns throws author since version inheritdoc todo injectable input output ngmodule pipe
	published mainactor state binding observable composable everyone channel here`)

// Contacts finds phone numbers, e-mail addresses, messenger accounts and bank
// cards in free text, ordered by place and never overlapping. It is made to
// warn a writer, so it prefers to miss a rare form over taking prices, dates
// and versions for contacts. What stands in Markdown code is skipped where it
// looks like an account with an at sign.
func Contacts(text string) []Contact {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	f := finder{text: text}
	f.find(Messenger, messengerLink, f.outside)
	f.find(Email, emailPattern, f.outside)
	f.find(Card, cardPattern, f.isCard)
	for _, pattern := range phonePattern {
		f.find(Phone, pattern, f.isPhone)
	}
	f.find(Messenger, atHandle, f.isHandle)
	f.find(Messenger, wordHandle, f.isNamedHandle)
	slices.SortFunc(f.found, func(a, b Contact) int { return a.Start - b.Start })
	return f.found
}

// finder collects contacts of one text.
type finder struct {
	text  string
	found []Contact
}

// find takes the matches that the check lets pass and nothing found before
// overlaps. After a refused match it goes on one character later, since a
// number may follow inside.
func (f *finder) find(kind Kind, pattern *regexp.Regexp, good func(start, end int) bool) {
	refused := 0
	for at := 0; at < len(f.text) && len(f.found) < maxContacts && refused < 1000; {
		place := pattern.FindStringIndex(f.text[at:])
		if place == nil {
			return
		}
		start, end := at+place[0], at+place[1]
		if good(start, end) && !f.overlaps(start, end) {
			f.found = append(f.found, Contact{Kind: kind, Start: start, End: end})
			at = end
			continue
		}
		refused++
		_, width := utf8.DecodeRuneInString(f.text[start:])
		at = start + width
	}
}

func (f *finder) overlaps(start, end int) bool {
	return slices.ContainsFunc(f.found, func(c Contact) bool { return start < c.End && c.Start < end })
}

// around gives the characters beside a match, a space at the text's ends.
func (f *finder) around(start, end int) (before, after rune) {
	before, after = ' ', ' '
	if start > 0 {
		before, _ = utf8.DecodeLastRuneInString(f.text[:start])
	}
	if end < len(f.text) {
		after, _ = utf8.DecodeRuneInString(f.text[end:])
	}
	return before, after
}

func wordy(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// outside demands that no word goes on before or after the match.
func (f *finder) outside(start, end int) bool {
	before, after := f.around(start, end)
	return !wordy(before) && !wordy(after)
}

// isCard demands the check digit of ISO/IEC 7812 and a first digit in use.
func (f *finder) isCard(start, end int) bool {
	number := digits(f.text[start:end])
	before, _ := f.around(start, end)
	return f.outside(start, end) && before != '.' && before != '/' && strings.ContainsAny(number[:1], "2345689") && luhn(number)
}

// isPhone refuses numbers inside paths, identifiers, decimals, and sums
// written in groups of three.
func (f *finder) isPhone(start, end int) bool {
	match := f.text[start:end]
	before, after := f.around(start, end)
	if wordy(before) || wordy(after) || strings.ContainsRune("/=#+.,", before) || after == '/' {
		return false
	}
	if (after == '.' || after == ',') && end+1 < len(f.text) && unicode.IsDigit(rune(f.text[end+1])) {
		return false
	}
	return !thousands.MatchString(match)
}

// isHandle refuses annotations, packages such as @scope/name, and code.
func (f *finder) isHandle(start, end int) bool {
	before, after := f.around(start, end)
	if wordy(before) || wordy(after) || strings.ContainsRune("@./`", before) || strings.ContainsRune("/(`@:{", after) {
		return false
	}
	return !slices.Contains(annotations, strings.ToLower(f.text[start+1:end])) && strings.Count(f.text[:start], "`")%2 == 0
}

// isNamedHandle takes "telegram: ada_l" but not "telegram bots": without an at
// sign, which isHandle sees to, an account is told by a digit or underscore.
func (f *finder) isNamedHandle(start, end int) bool {
	handle := wordHandle.FindStringSubmatch(f.text[start:end])
	return f.outside(start, end) && handle != nil && strings.ContainsAny(handle[1], "0123456789_")
}

func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// alternatives makes a pattern of the lines of a file, the longest first.
func alternatives(lines string) string {
	words := strings.Fields(lines)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return strings.Join(words, "|")
}
