package norm

import (
	_ "embed" // the language tables
	"encoding/json"
	"strings"
)

//go:embed lang.json
var langData []byte

// language holds the tables that are data, not code.
type language struct {
	toRu, toEn           map[rune]rune // keyboard layouts
	toLatin, toCyrillic  map[rune]rune // look-alike letters
	translit, variants   [][2]string
	stop, soft, freeWord map[string]bool
	money                *moneyPatterns
	cues                 map[string]string
}

type languageFile struct {
	LayoutEn    string            `json:"layout_en"`
	LayoutRu    string            `json:"layout_ru"`
	LookalikeRu string            `json:"lookalike_ru"`
	LookalikeEn string            `json:"lookalike_en"`
	Translit    [][2]string       `json:"translit"`
	Variants    [][2]string       `json:"translit_variants"`
	Stop        string            `json:"stop"`
	Soft        string            `json:"soft"`
	Free        string            `json:"free"`
	Max         string            `json:"max"`
	Min         string            `json:"min"`
	Cues        map[string]string `json:"cues"`
	Thousand    string            `json:"thousand"`
	Currency    map[string]string `json:"currency"`
	NotMoney    string            `json:"not_money"`
}

// loadLanguage reads the embedded tables; broken ones panic, which a test rules out.
func loadLanguage() *language {
	var f languageFile
	if err := json.Unmarshal(langData, &f); err != nil {
		panic("norm: embedded language data: " + err.Error())
	}
	return &language{
		toRu: pairs(f.LayoutEn, f.LayoutRu), toEn: pairs(f.LayoutRu, f.LayoutEn),
		toLatin: pairs(f.LookalikeRu, f.LookalikeEn), toCyrillic: pairs(f.LookalikeEn, f.LookalikeRu),
		translit: f.Translit, variants: f.Variants,
		stop: wordSet(f.Stop), soft: wordSet(f.Soft), freeWord: wordSet(f.Free),
		money: compileMoney(f), cues: f.Cues,
	}
}

func pairs(from, to string) map[rune]rune {
	a, b := []rune(from), []rune(to)
	if len(a) != len(b) {
		panic("norm: embedded tables of unequal length: " + from)
	}
	out := make(map[rune]rune, len(a))
	for i, r := range a {
		out[r] = b[i]
	}
	return out
}

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
