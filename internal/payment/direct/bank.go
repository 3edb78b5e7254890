package direct

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/payment"
)

// The bounds of names in a bank's QR code, GOST R 56042-2014, in characters.
const (
	maxName = 160
	maxBank = 45
)

// GOST is the text of a bank's QR code by GOST R 56042-2014 in UTF-8: the five
// obligatory fields first and in their order, then the purpose and the sum in
// kopecks. A value cannot hold the separator.
func GOST(a payment.BankAccount, purpose string, kopecks int64) string {
	fields := [][2]string{{"Name", a.Name}, {"PersonalAcc", a.Account}, {"BankName", a.BankName}, {"BIC", a.BIC}, {"CorrespAcc", a.Corresp},
		{"Purpose", purpose}, {"Sum", strconv.FormatInt(kopecks, 10)}}
	if a.INN != "" {
		fields = append(fields, [2]string{"PayeeINN", a.INN})
	}
	var b strings.Builder
	b.WriteString("ST00012")
	for _, f := range fields {
		b.WriteString("|" + f[0] + "=" + strings.ReplaceAll(f[1], "|", " "))
	}
	return b.String()
}

// checkBank cleans an account and says all that is wrong with it.
func checkBank(a *payment.BankAccount, bad *fault.Fields) {
	for _, f := range []*string{&a.Account, &a.BIC, &a.Corresp, &a.INN} {
		*f = bare(*f)
	}
	a.Name, a.BankName = strings.Join(strings.Fields(a.Name), " "), strings.Join(strings.Fields(a.BankName), " ")
	for _, f := range []struct {
		field, text string
		most        int
	}{{"name", a.Name, maxName}, {"bank_name", a.BankName, maxBank}} {
		switch {
		case f.text == "":
			bad.Add(fault.Bad(f.field, "required"))
		case strings.Contains(f.text, "|"):
			bad.Add(fault.Bad(f.field, "text_form"))
		default:
			bad.Add(bounded(f.field, f.text, f.most))
		}
	}
	bic := BIC(a.BIC)
	if !bic {
		bad.Add(fault.Bad("bic", "bic_form"))
	}
	switch {
	case !digits(a.Account, 20):
		bad.Add(fault.Bad("account", "account_form"))
	case bic && !AccountKey(a.BIC, a.Account):
		bad.Add(fault.Bad("account", "account_key"))
	}
	switch {
	case a.Corresp == "0": // a bank served by the Bank of Russia itself has none
	case !digits(a.Corresp, 20):
		bad.Add(fault.Bad("corresp", "corresp_form"))
	case bic && !CorrespKey(a.BIC, a.Corresp):
		bad.Add(fault.Bad("corresp", "corresp_key"))
	}
	if a.INN != "" && !INN(a.INN) {
		bad.Add(fault.Bad("inn", "inn_form"))
	}
}

// bare drops the spaces and dashes that people put between digits.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' {
			return -1
		}
		return r
	}, s)
}

func digits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

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

// BIC tells whether a text is a Russian bank's nine digits; its first two are
// Russia's code.
func BIC(s string) bool { return digits(s, 9) && s[:2] == "04" }

// keyed is the Bank of Russia's check of an account (weights 7-1-3): the last
// digits of the weighted digits of a bank's number and its account sum to 0.
func keyed(word string) bool {
	sum := 0
	for i := range len(word) {
		sum += int(word[i]-'0') * [3]int{7, 1, 3}[i%3] % 10
	}
	return sum%10 == 0
}

// AccountKey tells whether a client's account fits its bank: in a bank whose
// number ends in 000 to 002 (the Bank of Russia's own) the check takes 0 and
// the fifth and sixth digits of the BIC, else its last three.
func AccountKey(bic, account string) bool {
	if !BIC(bic) || !digits(account, 20) {
		return false
	}
	if last := bic[6:]; last == "000" || last == "001" || last == "002" {
		return keyed("0" + bic[4:6] + account)
	}
	return keyed(bic[6:] + account)
}

// CorrespKey tells whether a bank's account in the Bank of Russia fits its BIC.
func CorrespKey(bic, account string) bool {
	return BIC(bic) && digits(account, 20) && keyed("0"+bic[4:6]+account)
}

// INN tells whether the check digits of a Russian taxpayer's number fit: one in
// an organisation's ten digits, two in a person's twelve.
func INN(s string) bool {
	weights := []int{3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8}
	check := func(n int) bool {
		sum := 0
		for i, w := range weights[len(weights)-n:] {
			sum += w * int(s[i]-'0')
		}
		return sum%11%10 == int(s[n]-'0')
	}
	switch {
	case digits(s, 10):
		return check(9)
	case digits(s, 12):
		return check(10) && check(11)
	}
	return false
}

// IBAN cleans an account number by ISO 13616 and tells whether its check digits
// fit (ISO 7064, modulo 97).
func IBAN(s string) (string, bool) {
	s = strings.ToUpper(bare(s))
	if len(s) < 15 || len(s) > 34 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" ||
		strings.Trim(s[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || !digits(s[2:4], 2) {
		return s, false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			rest = (rest*100 + int(r-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(r-'0')) % 97
		}
	}
	return s, rest == 1
}
