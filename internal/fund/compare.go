package fund

import (
	_ "embed"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The shortest destinations: what is shorter would be found in honest texts.
const (
	minDigits  = 8  // of a number of digits alone
	minNumber  = 10 // of a number with letters
	minName    = 5
	minRun     = 10   // digits of a link that are a number by themselves
	maxTyped   = 8192 // bytes that are read; no field of the market is longer
	bbanOffset = 4    // country and check digits of an IBAN
)

// Letters that look alike stand in a data file.
//
//go:embed letters.txt
var letterFile string

// lookAlike is made once from the embedded file and never changes.
var lookAlike = func() map[rune]rune {
	out := map[rune]rune{}
	for l := range strings.Lines(letterFile) {
		if f := strings.Fields(l); len(f) == 2 {
			out[[]rune(f[0])[0]] = []rune(f[1])[0]
		}
	}
	return out
}()

// fold levels what does not matter: letters in capitals and by their look,
// digits of any script as ours, nothing that cannot be seen.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r), unicode.Is(unicode.Mn, r):
			return -1
		case unicode.Is(unicode.Nd, r):
			return digit(r)
		case r == '\u3002': // browsers take it for the point of an address
			return '.'
		}
		r = unicode.ToUpper(r)
		if other, ok := lookAlike[r]; ok {
			return other
		}
		return r
	}, norm.NFKD.String(strings.ToValidUTF8(text, "")))
}

// digit is our digit for one of any script: each has ten in a row.
func digit(r rune) rune {
	if r < unicode.MaxASCII {
		return r
	}
	n := rune(0)
	for n < 10 && unicode.Is(unicode.Nd, r-n-1) {
		n++
	}
	return '0' + n%10
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isSign(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// only keeps the signs of a text that a test lets pass.
func only(text string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, text)
}

var digits = regexp.MustCompile(`[0-9]+`)

// formOf finds out how a destination is written.
func formOf(text string) Form {
	folded := fold(text)
	signs := only(folded, isSign)
	switch {
	case len(links(folded)) > 0 && strings.ContainsAny(text, "/"):
		return Link
	case len(only(signs, isDigit)) >= minDigits, len(signs) >= 20 && digits.MatchString(signs):
		return Number
	}
	return Name
}

var (
	numberSigns = regexp.MustCompile(`^[A-Z0-9]+$`)
	numberApart = regexp.MustCompile(`^[\pL\pN \-.‐-―_/]*$`)
)

// compared is how a destination is compared; false when it cannot be.
func compared(form Form, text string) (string, bool) {
	folded := fold(text)
	signs := only(folded, isSign)
	switch form {
	case Number:
		long := len(signs) >= minNumber || signs == only(signs, isDigit) && len(signs) >= minDigits
		return signs, long && numberSigns.MatchString(signs) && digits.MatchString(signs) && numberApart.MatchString(folded)
	case Name:
		return signs, len([]rune(signs)) >= minName && strings.IndexFunc(signs, unicode.IsLetter) >= 0
	case Link:
		found := links(folded)
		if len(found) != 1 {
			return "", false
		}
		c := found[0].String()
		return c, len(c) <= 600
	}
	return "", false
}

// typed is a text as it is searched for destinations.
type typed struct {
	digits string
	looks  string // the digits, and the letters that are read as digits
	signs  string
	words  []string
	links  []place
}

// read prepares a text.
func read(text string) typed {
	if len(text) > maxTyped {
		text = text[:maxTyped]
	}
	folded := fold(text)
	t := typed{digits: only(folded, isDigit), looks: only(asDigits.Replace(folded), isDigit), signs: only(folded, isSign),
		words: strings.FieldsFunc(folded, func(r rune) bool { return !isSign(r) }), links: links(folded)}
	if plain, err := url.PathUnescape(folded); err == nil && plain != folded {
		t.signs += " " + only(fold(plain), isSign)
	}
	return t
}

// asDigits writes the letters that a person reads as digits among digits: O, I
// and L, and the Russian letter that looks like a three.
var asDigits = strings.NewReplacer("O", "0", "I", "1", "L", "1", "\u0417", "3")

// names tells whether the text names a destination.
func (t typed) names(d Destination) bool {
	switch d.Kind {
	case Number:
		return t.number(d.Compared)
	case Name:
		return t.name(d.Compared)
	case Link:
		want := parse(d.Compared)
		for _, run := range digits.FindAllString(d.Compared, -1) {
			if len(run) >= minRun && (strings.Contains(t.digits, run) || strings.Contains(t.looks, run)) {
				return true
			}
		}
		return slices.ContainsFunc(t.links, want.covers)
	}
	return false
}

// number looks for a number through whatever stands between its signs. The
// national part of an IBAN is the same account.
func (t typed) number(c string) bool {
	if c == only(c, isDigit) {
		return strings.Contains(t.digits, c) || strings.Contains(t.looks, c)
	}
	signs := asDigits.Replace(t.signs)
	if strings.Contains(signs, asDigits.Replace(c)) {
		return true
	}
	return iban(c) && strings.Contains(signs, asDigits.Replace(c[bbanOffset:]))
}

// name looks for a name as a whole: its parts may stand apart, but it may not
// be a part of another word.
func (t typed) name(c string) bool {
	for i := range t.words {
		rest := c
		for _, w := range t.words[i:] {
			after, ok := strings.CutPrefix(rest, w)
			if !ok {
				break
			}
			if after == "" {
				return true
			}
			rest = after
		}
	}
	return false
}

var ibanForm = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)

// iban checks form and check digits (ISO 13616, remainder by 97).
func iban(c string) bool {
	if !ibanForm.MatchString(c) {
		return false
	}
	sum := 0
	for _, r := range c[bbanOffset:] + c[:bbanOffset] {
		if isDigit(r) {
			sum = (sum*10 + int(r-'0')) % 97
		} else {
			sum = (sum*100 + int(r-'A') + 10) % 97
		}
	}
	return sum == 1
}

// place is a link without what does not matter: scheme, www, port, user, slash
// at the end, tracking.
type place struct {
	host   string
	path   string // begins with a slash
	params url.Values
}

// String is the place in one canonical form.
func (p place) String() string {
	out := p.host + p.path
	if len(p.params) > 0 {
		out += "?" + p.params.Encode()
	}
	return out
}

// covers tells whether another link leads to this place or below it.
func (p place) covers(other place) bool {
	if other.host != p.host && !strings.HasSuffix(other.host, "."+p.host) {
		return false
	}
	if p.path != "/" && other.path != p.path && !strings.HasPrefix(other.path, p.path+"/") {
		return false
	}
	for key := range p.params {
		if !slices.Contains(other.params[key], p.params.Get(key)) {
			return false
		}
	}
	return true
}

var (
	linkForm = regexp.MustCompile(`(?:[A-Z]+:/+)?(?:[^\s/@?#]*@)?((?:[\pL\pN][\pL\pN-]*\.)+[\pL]{2,}(?:--[\pL\pN-]+)?)(?::[0-9]+)?((?:[/?#][^\s<>"'` + "`" + `]*)?)`)
	apart    = regexp.MustCompile(`\s*([./:?=&#])\s*`)
)

// links finds the links of a folded text, as it stands and with the spaces
// around the signs of addresses taken away.
func links(folded string) (out []place) {
	folded = strings.ReplaceAll(folded, `\`, "/")
	for range 3 {
		plain, err := url.PathUnescape(folded)
		if err != nil || plain == folded {
			break
		}
		folded = fold(plain)
	}
	for _, text := range []string{folded, apart.ReplaceAllString(folded, "$1")} {
		for _, m := range linkForm.FindAllStringSubmatch(text, -1) {
			p := parse(m[1] + m[2])
			if !slices.ContainsFunc(out, func(o place) bool { return o.String() == p.String() }) {
				out = append(out, p)
			}
		}
	}
	return out
}

// parse reads host, path and parameters of a link without its scheme.
func parse(text string) place {
	text = strings.NewReplacer("#!/", "/", "#/", "/").Replace(text)
	text, _, _ = strings.Cut(text, "#")
	text = strings.TrimRight(text, ".,;:!?)]}»”*_ ")
	before, query, _ := strings.Cut(text, "?")
	host, rest, _ := strings.Cut(before, "/")
	p := place{host: strings.TrimPrefix(strings.ToLower(host), "www."), path: strings.ToLower(path.Clean("/" + rest)), params: url.Values{}}
	for _, pair := range strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		if !tracks(key) && value != "" {
			if plain, err := url.QueryUnescape(value); err == nil {
				value = plain
			}
			p.params.Add(key, value)
		}
	}
	return p
}

// tracks tells a parameter that says from where one comes, not where one goes.
func tracks(key string) bool {
	if strings.HasPrefix(key, "utm_") || strings.HasPrefix(key, "mc_") {
		return true
	}
	return slices.Contains([]string{"fbclid", "gclid", "yclid", "ysclid", "igshid", "igsh", "openstat", "_openstat", "ref", "ref_src", "ref_url",
		"referrer", "from", "source", "src", "si", "share", "lang", "hl"}, key)
}
