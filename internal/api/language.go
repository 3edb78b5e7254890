package api

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// The languages of messages. English is spoken to a client that asks for
// neither: it is a program more often than a person.
const (
	english = "en"
	russian = "ru"
)

// speaks chooses between the two languages by Accept-Language (RFC 9110).
func speaks(m language.Matcher, r *http.Request) string {
	header := r.Header.Get("Accept-Language")
	if header == "" || len(header) > 200 {
		return english
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return english
	}
	if _, i, sure := m.Match(tags...); i == 1 && sure > language.No {
		return russian
	}
	return english
}

func matcher() language.Matcher {
	return language.NewMatcher([]language.Tag{language.English, language.Russian})
}

// prefixed is the language that the address itself names ("/en/api/docs"):
// whoever routed the request here may have cut it off before.
func prefixed(r *http.Request) (lang string, ok bool) {
	for _, lang := range []string{english, russian} {
		if strings.HasPrefix(r.RequestURI, "/"+lang+"/") {
			return lang, true
		}
	}
	return "", false
}
