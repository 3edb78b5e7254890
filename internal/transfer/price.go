package transfer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/tmoeg/oduvan/internal/money"
)

// priceBound is how much of a price's text is looked at, in bytes.
const priceBound = 200

// price reads what people write as a price. It never guesses: an amount is
// taken only when one number and one currency that the branch offers explain
// the whole text; whatever else stands there is "by agreement", and the text
// itself is kept as a note. A note is also kept where words beside the amount
// (a unit, "from") say more than the amount does.
func price(text string) (amount *money.Amount, note string) {
	text = oneLine(text)
	key := strings.ToLower(strings.TrimRight(text, ".! "))
	switch {
	case key == "" || slices.Contains(words.Agreement, key):
		return nil, ""
	case slices.Contains(words.Free, key):
		return &money.Amount{}, ""
	case len(text) > priceBound:
		return nil, text
	}
	if found := amountIn(key); found != nil {
		return found, ""
	}
	for _, word := range words.From {
		if rest, ok := strings.CutPrefix(key, word); ok {
			lowest, _ := splitUnit(strings.TrimSpace(rest))
			return amountIn(lowest), text
		}
	}
	before, unit := splitUnit(key)
	found := amountIn(before)
	if found != nil && slices.Contains(words.Hour, unit) {
		return found, ""
	}
	return found, text
}

// splitUnit parts "2000 rub / hour" into the amount and its unit.
func splitUnit(text string) (amount, unit string) {
	at, size := len(text), 0
	for _, mark := range words.Per {
		if i := strings.Index(text, mark); i >= 0 && i < at {
			at, size = i, len(mark)
		}
	}
	if at == len(text) {
		return text, ""
	}
	unit = strings.TrimSpace(text[at+size:])
	if unit == "" {
		unit = strings.TrimSpace(text[at:]) // the mark is the unit: "an hour"
	}
	unit = strings.TrimSpace(strings.TrimPrefix(unit, "1 "))
	for _, hour := range words.Hour {
		if strings.HasSuffix(strings.TrimSpace(text[at:at+size]), hour) {
			unit = hour
		}
	}
	return strings.TrimSpace(text[:at]), unit
}

// amountIn reads an amount whose currency stands beside it. Without a word or
// sign there is no currency, and a number alone could be anything.
func amountIn(text string) *money.Amount {
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Sc, r) }) {
		return nil
	}
	var found *money.Amount
	for _, code := range money.Currencies() {
		amount, err := money.Parse(text, code)
		if err != nil {
			continue
		}
		if found != nil {
			return nil // two currencies claim the word
		}
		found = &amount
	}
	return found
}
