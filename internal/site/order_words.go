package site

import (
	"strings"

	"github.com/tmoeg/oduvan/internal/licence/cert"
	"github.com/tmoeg/oduvan/web"
)

// useWords, countryWords, learnerWord and refundWord say the scope of a licence;
// learnerFact says it beside a label that names the learners already.
func useWords(f web.Frame, uses []cert.Use) string {
	var out []string
	for _, u := range uses {
		out = append(out, f.Texts.Use(string(u)))
	}
	return strings.Join(out, ", ")
}

func countryWords(f web.Frame, codes []string) string {
	var out []string
	for _, code := range codes {
		out = append(out, f.Texts.Country(code))
	}
	return strings.Join(out, ", ")
}

func learnerWord(f web.Frame, n int) string {
	if n == 0 {
		return f.T("work.no_learners")
	}
	return f.N("work.learners", n)
}

func learnerFact(f web.Frame, n int) string {
	if n == 0 {
		return f.T("work.any_number")
	}
	return learnerWord(f, n)
}

func refundWord(f web.Frame, days int) string {
	if days == 0 {
		return f.T("buy.refund_none")
	}
	return f.N("buy.refund", days)
}

// move is at for a page that may show no refusal at all.
func (p problems) move(field, input string) {
	if p.fields != nil {
		p.at(field, input)
	}
}
