package transfer

import (
	_ "embed" // the words
	"encoding/binary"
	"encoding/json"
	"strings"
)

// tongue is what this package itself says in one language.
type tongue struct {
	First      []string `json:"first"`  // first words of nicknames; in Russian masculine adjectives
	Second     []string `json:"second"` // second words of nicknames; in Russian masculine nouns
	Call       string   `json:"call"`   // title of the service made from a price
	Experience string   `json:"experience"`
	Price      string   `json:"price"`
}

// lexicon is the data file: words are data, since Go code holds no Russian.
type lexicon struct {
	Ru        tongue            `json:"ru"`
	En        tongue            `json:"en"`
	Letters   map[string]string `json:"letters"`   // Cyrillic to Latin
	Other     []string          `json:"other"`     // tags that name no skill
	Free      []string          `json:"free"`      // prices that mean nothing is paid
	Agreement []string          `json:"agreement"` // prices that mean "ask me"
	From      []string          `json:"from"`      // what may stand before the lowest of several prices
	Per       []string          `json:"per"`       // what parts an amount from its unit
	Hour      []string          `json:"hour"`      // units that are an hour
}

//go:embed words.json
var wordsFile []byte

// words never changes after the start.
var words = readWords(wordsFile)

// readWords trusts the embedded file: a broken one stops the program at its
// start, and every test with it.
func readWords(file []byte) lexicon {
	var out lexicon
	if err := json.Unmarshal(file, &out); err != nil {
		panic("transfer: words.json: " + err.Error())
	}
	return out
}

// in gives the words of a language; all but Russian is English.
func (l lexicon) in(lang string) tongue {
	if lang == "ru" {
		return l.Ru
	}
	return l.En
}

// nickname makes two friendly words of a keyed hash: the same entry always
// gets the same, and without the key nothing leads back.
func (t tongue) nickname(mac [32]byte) string {
	first := binary.BigEndian.Uint32(mac[0:4]) % uint32(len(t.First))
	second := binary.BigEndian.Uint32(mac[4:8]) % uint32(len(t.Second))
	return t.First[first] + " " + t.Second[second]
}

// The bounds of a handle, as contract and schema give them.
const (
	minHandle = 3
	maxHandle = 30
)

// handleOf writes a name in the letters of a handle; empty where nothing
// usable remains.
func handleOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		latin, known := words.Letters[string(r)]
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case known:
			b.WriteString(latin)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := strings.TrimLeft(b.String(), "-0123456789")
	out = strings.TrimRight(out[:min(len(out), maxHandle)], "-")
	if len(out) < minHandle {
		return ""
	}
	return out
}

// numbered is the handle's n-th variant: itself, then with a number at its end.
func numbered(handle, number string) string {
	if number == "" {
		return handle
	}
	room := maxHandle - len(number) - 1
	return strings.TrimRight(handle[:min(len(handle), room)], "-_") + "-" + number
}
