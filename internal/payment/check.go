package payment

import (
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/money"
)

// The bounds of texts, in characters, and of orders.
const (
	MaxTitle     = 200
	MaxPayee     = 200
	MaxSubject   = 60
	MaxOnce      = 100
	MaxLink      = 500
	MaxTerms     = 16384 // bytes
	MaxDetails   = 1000
	MaxDenial    = 500
	MaxStatement = 2000
	MinReason    = 20 // of a moderator's decision
	MaxReason    = 2000
	MaxWaiting   = 20 // orders of one buyer that wait for a payment
	MaxRefund    = 3650
)

// idForm is what our ids look like. Any text may be asked for, and a database
// refuses some.
var idForm = regexp.MustCompile(`^[0-9a-f-]{36}$`)

var countryForm = regexp.MustCompile(`^([A-Z]{2})?$`)

// clean keeps the lines of a typed text without the invisible marks that turn
// or hide words, composed (NFC).
func clean(s string) string {
	if !utf8.ValidString(s) {
		return s // refused by bounded
	}
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return -1
		}
		return r
	}, strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"))
	return strings.TrimSpace(norm.NFC.String(s))
}

// bounded says what is wrong with a cleaned text: nothing, too_long (argument
// Max) or text_form.
func bounded(field, s string, most int) *fault.Error {
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, odd):
		return fault.Bad(field, "text_form")
	case utf8.RuneCountInString(s) > most:
		return fault.Bad(field, "too_long").With("Max", most)
	}
	return nil
}

// typed cleans a text that must be there.
func typed(field, s string, least, most int) (string, error) {
	s = clean(s)
	if s == "" {
		return "", fault.Bad(field, "required")
	}
	if bad := bounded(field, s, most); bad != nil {
		return "", bad
	}
	if utf8.RuneCountInString(s) < least {
		return "", fault.Bad(field, "too_short").With("Min", least)
	}
	return s, nil
}

// check brings an opening into its stored form and says all that is wrong.
func (in Opening) check() (Opening, error) {
	var bad fault.Fields
	in.Title, in.Payee, in.Link = clean(in.Title), clean(in.Payee), strings.TrimSpace(in.Link)
	if in.Title == "" {
		bad.Add(fault.Bad("title", "required"))
	}
	bad.Add(bounded("title", in.Title, MaxTitle))
	bad.Add(bounded("payee", in.Payee, MaxPayee))
	bad.Add(bounded("link", in.Link, MaxLink))
	bad.Add(bounded("subject", in.Subject, MaxSubject))
	bad.Add(bounded("once", in.Once, MaxOnce))
	if !countryForm.MatchString(in.Country) {
		bad.Add(fault.Bad("country", "value_unknown"))
	}
	if _, err := money.New(in.Price.Minor, in.Price.Currency); err != nil {
		bad.Add(fault.Bad("price", fault.All(err)[0].Code))
	}
	if in.DueDays == 0 {
		in.DueDays = DueDays
	}
	if in.DueDays < 1 || in.DueDays > MaxDueDays {
		bad.Add(fault.Bad("due_days", "value_range"))
	}
	if in.RefundDays < 0 || in.RefundDays > MaxRefund {
		bad.Add(fault.Bad("refund_days", "value_range"))
	}
	if len(in.Terms) > MaxTerms || !json.Valid(in.Terms) {
		bad.Add(fault.Bad("terms", "text_form"))
	}
	if in.Price.Minor == 0 {
		in.Method, in.Link = Free, ""
	}
	if (in.Method == Link) != (in.Link != "") {
		bad.Add(fault.Bad("link", "link_form"))
	}
	return in, bad.Err()
}

// crockford is Crockford's base32: no I, L, O and U.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newCode makes an order's code from random words: 40 bits and a check character.
func newCode(random string) string {
	sum := sha256.Sum256([]byte(random))
	out := make([]byte, 8, 9)
	for i := range out {
		out[i] = crockford[sum[i]&31]
	}
	return string(append(out, checkCharacter(string(out))))
}

// checkCharacter is Luhn's sum over 32 characters: it finds every single wrong
// character and nearly every swap of two neighbours.
func checkCharacter(word string) byte {
	sum, double := 0, true
	for i := len(word) - 1; i >= 0; i-- {
		n := strings.IndexByte(crockford, word[i])
		if double {
			n *= 2
			n = n/32 + n%32
		}
		sum, double = sum+n, !double
	}
	return crockford[(32-sum%32)%32]
}

// ParseCode brings a typed order code into its form: case, spaces and dashes do
// not matter, O is 0, I and L are 1. It is false where the check character does
// not fit; that says nothing about whether there is such an order.
func ParseCode(text string) (string, bool) {
	if len(text) > 40 {
		return "", false
	}
	word := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(text))
	if len(word) != 9 || strings.Trim(word, crockford) != "" {
		return "", false
	}
	return word, checkCharacter(word[:8]) == word[8]
}
