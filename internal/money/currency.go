package money

import (
	_ "embed"
	"strings"
)

// The table is a data file because it holds words in several languages.
//
//go:embed currencies.tsv
var currencyFile string

// currency is one row of the table.
type currency struct {
	code    string
	decimal int  // digits after the point by ISO 4217
	offered bool // may be chosen in forms
	en, ru  sign
	words   []string // what people type beside the number, lower case, longest first
}

// sign is how a language writes a currency.
type sign struct {
	text   string
	before bool
}

// table and offered are made once from the embedded file and never change.
var table, offered = readTable(currencyFile)

// readTable trusts the file: a broken row stops the program at its start, and
// a test reads every row.
func readTable(file string) (map[string]currency, []string) {
	rows := map[string]currency{}
	var order []string
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		c := currency{
			code:    f[0],
			decimal: int(f[1][0] - '0'),
			offered: f[2] == "1",
			en:      sign{text: f[3], before: f[4] == "before"},
			ru:      sign{text: f[5], before: f[6] == "before"},
			words:   strings.Split(f[7], ","),
		}
		rows[c.code] = c
		if c.offered {
			order = append(order, c.code)
		}
	}
	return rows, order
}

// Currencies lists the codes that a price may be set in, in the order forms
// show them. The slice is the caller's own.
func Currencies() []string { return append([]string(nil), offered...) }

// Offered tells whether a price may be set in this currency.
func Offered(code string) bool { return table[code].offered }

// Known tells whether the currency has a row: amounts in it can be parsed and
// written even when it is not offered in forms.
func Known(code string) bool { _, ok := table[code]; return ok }

// Decimals is the number of digits after the point by ISO 4217; 2 for a
// currency that is not known.
func Decimals(code string) int {
	if c, ok := table[code]; ok {
		return c.decimal
	}
	return 2
}

// Sign is the short sign of a currency in a language ("ru" or another, which
// means English); the code itself for a currency that is not known.
func Sign(code, lang string) string { return signOf(code, lang).text }

func signOf(code, lang string) sign {
	c, ok := table[code]
	switch {
	case !ok:
		return sign{text: code}
	case russian(lang):
		return c.ru
	default:
		return c.en
	}
}

// scale is ten to the number of decimals.
func scale(code string) int64 {
	n := int64(1)
	for range Decimals(code) {
		n *= 10
	}
	return n
}

func russian(lang string) bool { return lang == "ru" || strings.HasPrefix(lang, "ru-") }
