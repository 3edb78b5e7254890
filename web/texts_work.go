package web

import "strings"

// WorkKind is the word for a kind of work: course, tasks, article…
func (t *Texts) WorkKind(v string) string {
	// "other" alone would be a plural form's name to the reader of text files.
	if t.known["workkind.is_"+v] {
		return t.T("workkind.is_" + v)
	}
	return t.either("workkind."+v, v)
}

// Use is what a licence allows: reproduce, distribute, present, derive.
func (t *Texts) Use(v string) string { return t.either("use."+v, v) }

// Channel is what a work is used in: teaching, publishing, product.
func (t *Texts) Channel(v string) string { return t.either("channel."+v, v) }

// Method is a way of paying: direct, link, stripe, free.
func (t *Texts) Method(v string) string { return t.either("paymethod."+v, v) }

// Country is a country's name by its ISO 3166-1 code, the code for one we do
// not name; WW is everywhere.
func (t *Texts) Country(v string) string { return t.either("country."+v, v) }

// BaseText says in one sentence what a licence allows to everybody, by its
// SPDX id.
func (t *Texts) BaseText(v string) string {
	return t.either("base_text."+strings.ReplaceAll(v, ".", "_"), BaseName(v))
}

// BaseName is the short name of a Creative Commons licence by its SPDX id:
// CC BY-NC 4.0 of CC-BY-NC-4.0.
func BaseName(spdx string) string {
	at := strings.LastIndexByte(spdx, '-')
	if !strings.HasPrefix(spdx, "CC") || at < 0 {
		return spdx
	}
	name := spdx[:at]
	if rest, ok := strings.CutPrefix(name, "CC-"); ok {
		name = "CC " + rest
	}
	return name + " " + spdx[at+1:]
}

// BaseURL is where a Creative Commons licence stands, empty for others.
func BaseURL(spdx string) string {
	at := strings.LastIndexByte(spdx, '-')
	if !strings.HasPrefix(spdx, "CC") || at < 0 {
		return ""
	}
	if spdx[:at] == "CC0" {
		return "https://creativecommons.org/publicdomain/zero/" + spdx[at+1:] + "/"
	}
	return "https://creativecommons.org/licenses/" + strings.ToLower(strings.TrimPrefix(spdx[:at], "CC-")) + "/" + spdx[at+1:] + "/"
}

// Countries are the codes of the countries that have a name here, everywhere
// first. The slice is the caller's own.
func Countries() []string {
	return []string{"WW", "RU", "BY", "KZ", "UA", "AM", "AZ", "GE", "KG", "MD", "TJ", "TM", "UZ", "IL", "DE", "RS", "TR", "AE", "US",
		"GB", "PL", "CZ", "LT", "LV", "EE", "FI", "ES", "FR", "IT", "NL", "CY", "ME", "CA", "TH", "VN", "MN", "CN", "IN"}
}
