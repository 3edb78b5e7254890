package branch

import (
	"slices"

	"golang.org/x/text/language"
)

// maxAccept bounds the Accept-Language that is read, in bytes: browsers send
// less than a quarter of it.
const maxAccept = 200

// Speaks tells whether the branch shows its pages in a language.
func (s Settings) Speaks(lang string) bool { return slices.Contains(s.Languages, lang) }

// Spoken is the wanted language where the branch speaks it, else the branch's
// first.
func (s Settings) Spoken(want string) string {
	if s.Speaks(want) {
		return want
	}
	return s.first()
}

func (s Settings) first() string {
	if len(s.Languages) == 0 {
		return Defaults().Languages[0]
	}
	return s.Languages[0]
}

// Prefers is the language of the branch for a reader whose browser sends this
// Accept-Language (RFC 9110, 12.5.4): the one asked for, for other tongues the
// nearest, and the branch's first where nothing, or nothing readable, was sent.
func (s Settings) Prefers(accept string) string {
	if len(s.Languages) < 2 || accept == "" || len(accept) > maxAccept {
		return s.first()
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return s.first()
	}
	own := make([]language.Tag, len(s.Languages))
	for i, lang := range s.Languages {
		own[i] = language.Make(lang)
	}
	if _, i, sure := language.NewMatcher(own).Match(tags...); sure > language.No {
		return s.Languages[i]
	}
	return s.Spoken(nearest(tags[0]))
}

// nearest chooses for speakers of neither language: Russian where it is widely
// understood, English elsewhere.
func nearest(tag language.Tag) string {
	base, _ := tag.Base()
	switch base.String() {
	case "mul", "und": // "*": all the same
		return ""
	case "kk", "be", "ky", "uz", "tg", "hy", "az", "ka", "tt", "ba", "uk", "mo", "tk":
		return "ru"
	}
	return "en"
}
