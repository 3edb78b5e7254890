package money

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/fault"
)

// maxText bounds what is looked at: the longest honest amount is far shorter.
const maxText = 64

// Parse reads an amount as people type it: "1500", "1 500", "1500,50",
// "1,500.50", "1.500.000", "1'500", with the currency's sign or word before or
// after it. Spaces, apostrophes, commas and points may part groups of three
// digits; the last comma or point starts the decimals. One comma or point
// before exactly three digits parts thousands ("1,500" is 1500), except in a
// currency of three decimals. Faults, without a field: currency_unknown,
// money_malformed, money_negative, money_too_large.
func Parse(text, currency string) (Amount, error) {
	amount, err := parse(text, currency)
	if err != nil {
		return Amount{}, err // never a typed nil
	}
	return amount, nil
}

// ParseField is Parse for a form: its fault names the field.
func ParseField(field, text, currency string) (Amount, error) {
	amount, err := parse(text, currency)
	if err != nil {
		err.Field = field
		return Amount{}, err
	}
	return amount, nil
}

func parse(text, code string) (Amount, *fault.Error) {
	row, ok := table[code]
	if !ok {
		return Amount{}, fault.Of(fault.Invalid, "currency_unknown")
	}
	malformed := fault.Of(fault.Invalid, "money_malformed")
	if len(text) > maxText || !utf8.ValidString(text) {
		return Amount{}, malformed
	}
	body := strip(plainSpaces(text), row.words)
	body, negative := strings.CutPrefix(body, "-")
	whole, decimals, ok := split(body, row.decimal)
	switch {
	case !ok:
		return Amount{}, malformed
	case negative:
		return Amount{}, fault.Of(fault.Invalid, "money_negative")
	}
	decimals += strings.Repeat("0", row.decimal-len(decimals))
	digits := strings.TrimLeft(whole+decimals, "0")
	if len(digits) > 15 {
		return Amount{}, tooLarge(code)
	}
	minor, _ := strconv.ParseInt("0"+digits, 10, 64) // at most 15 digits: cannot fail
	if minor > MaxMinor {
		return Amount{}, tooLarge(code)
	}
	return Amount{Minor: minor, Currency: code}, nil
}

// plainSpaces lowers the case and turns every kind of space, apostrophe and
// minus that keyboards and pasted pages bring into one each.
func plainSpaces(text string) string {
	text = strings.ToLower(text)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case '\u00a0', '\u202f', '\u2009', '\u2007', '\t':
			return ' '
		case '\u2019', '\u02bc', '`':
			return '\''
		case '\u2212', '\u2013', '\u2014':
			return '-'
		}
		return r
	}, text))
}

// strip takes one of the currency's words off either end, keeping a minus.
func strip(text string, words []string) string {
	minus := ""
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		minus, text = "-", strings.TrimSpace(rest)
	}
	for _, word := range words {
		if rest, ok := strings.CutPrefix(text, word); ok && isNumeric(rest) {
			return minus + strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutSuffix(strings.TrimSuffix(text, "."), word); ok && isNumeric(rest) {
			return minus + strings.TrimSpace(rest)
		}
	}
	return minus + text
}

// isNumeric tells that nothing but the number remains.
func isNumeric(text string) bool {
	return strings.Trim(text, "0123456789 .,'-") == ""
}

// split parts the digits before and after the decimal sign and checks that
// the groups before it are groups of three.
func split(text string, decimals int) (whole, fraction string, ok bool) {
	if point := decimalPoint(text, decimals); point >= 0 {
		text, fraction = text[:point], text[point+1:]
		if fraction == "" || len(fraction) > decimals || !allDigits(fraction) {
			return "", "", false
		}
	}
	whole, ok = ungroup(text)
	return whole, fraction, ok
}

// decimalPoint finds the comma or point that starts the decimals, -1 if none.
func decimalPoint(text string, decimals int) int {
	at := strings.LastIndexAny(text, ".,")
	if at < 0 {
		return -1
	}
	mark, before, after := text[at:at+1], text[:at], len(text)-at-1
	if strings.Contains(before, mark) {
		return -1 // "1.500.000": a mark that repeats parts groups
	}
	others := strings.ContainsAny(before, ".,' ")
	if after == 3 && !others && (decimals != 3) {
		return -1 // "1,500"
	}
	return at
}

// ungroup joins groups of three parted by one kind of separator. The first
// group has one to three digits and does not start with a zero.
func ungroup(text string) (string, bool) {
	at := strings.IndexAny(text, ".,' ")
	if at < 0 {
		return text, text != "" && allDigits(text)
	}
	groups := strings.Split(text, text[at:at+1])
	if len(groups[0]) == 0 || len(groups[0]) > 3 || groups[0][0] == '0' {
		return "", false
	}
	for i, group := range groups {
		if !allDigits(group) || (i > 0 && len(group) != 3) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

func allDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }
