package web

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

// Texts is every text of the board in one language. It is safe for concurrent
// use. A key that does not exist shows as «⟦key⟧», which tests look for.
type Texts struct {
	// Lang is the language: ru or en.
	Lang string

	plain map[string]string // ready texts: most keys need no template
	known map[string]bool
	loc   *i18n.Localizer
}

// loadTexts reads locale/FAMILY.LANG.toml into one handle per language.
func loadTexts(fsys fs.FS) (map[string]*Texts, error) {
	bundle := i18n.NewBundle(language.Russian)
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	out := map[string]*Texts{}
	for _, lang := range []string{Russian, English} {
		out[lang] = &Texts{Lang: lang, plain: map[string]string{}, known: map[string]bool{}}
	}
	names, err := fs.Glob(fsys, "locale/*.toml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		file, err := bundle.LoadMessageFileFS(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		t := out[file.Tag.String()]
		if t == nil {
			return nil, fmt.Errorf("%s: no language %q", name, file.Tag)
		}
		if err := t.add(file.Messages); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for lang, t := range out {
		t.loc = i18n.NewLocalizer(bundle, lang)
	}
	return out, nil
}

func (t *Texts) add(messages []*i18n.Message) error {
	for _, m := range messages {
		if t.known[m.ID] {
			return fmt.Errorf("key %s stands twice", m.ID)
		}
		t.known[m.ID] = true
		counted := m.One != "" || m.Few != "" || m.Many != ""
		if !counted && !strings.Contains(m.Other, "{{") {
			t.plain[m.ID] = m.Other
		}
	}
	return nil
}

// Has tells whether a key exists.
func (t *Texts) Has(key string) bool { return t.known[key] }

// T is the text of a key. Args are names and values by turns, for the text's
// {{.name}} places: T("card.by", "name", "Ada").
func (t *Texts) T(key string, args ...any) string {
	if s, ok := t.plain[key]; ok {
		return s
	}
	return t.localize(key, nil, pairs(args))
}

// N is the text of a key in the plural form of n by CLDR rules; {{.n}} in the
// text is n with its thousands apart. Further args are as for T.
func (t *Texts) N(key string, n int, args ...any) string {
	data := pairs(args)
	data["n"] = t.Number(n)
	return t.localize(key, n, data)
}

func (t *Texts) localize(key string, count any, data map[string]any) string {
	s, err := t.loc.Localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: count, TemplateData: data})
	if err != nil || !t.known[key] {
		return "⟦" + key + "⟧"
	}
	return s
}

func pairs(args []any) map[string]any {
	data := make(map[string]any, len(args)/2+1)
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	return data
}

// either looks a key up and falls back to a plain word, for values that come
// from data and may be newer than the texts.
func (t *Texts) either(key, word string) string {
	if t.known[key] {
		return t.T(key)
	}
	return word
}

// Kind is the word for a kind of thing: tutor, creator, service.
func (t *Texts) Kind(v string) string { return t.either("kind."+v, v) }

// Kinds is the word for a kind of thing in the plural, as facets show it.
func (t *Texts) Kinds(v string) string { return t.either("kinds."+v, v) }

// Level is the word for a level: hobby, zero, junior, work.
func (t *Texts) Level(v string) string {
	// "zero" alone would be a plural form's name to the reader of text files.
	return t.either("level.is_"+v, v)
}

// Format is the word for a format: call, chat, review, group, plan, or a work's kind.
func (t *Texts) Format(v string) string { return t.either("format."+v, t.WorkKind(v)) }

// Language is a language's own name by its BCP 47 tag, the tag for one we do
// not name. Show it with LanguageTag as its lang attribute.
func (t *Texts) Language(tag string) string { return t.either("language."+tag, tag) }

// Currency is a currency's word by its ISO 4217 code.
func (t *Texts) Currency(code string) string { return t.either("currency."+code, code) }

// CurrencySign is a currency's sign by its ISO 4217 code.
func (t *Texts) CurrencySign(code string) string { return t.either("sign."+code, code) }

// Fault is the text of a fault: of its code, and of its kind's word when the
// code has no text of its own. Args fill the places of the text.
func (t *Texts) Fault(kind, code string, args map[string]any) string {
	if key := "fault." + code; code != "" && t.known[key] {
		return t.localize(key, args["count"], args)
	}
	return t.either("fault.kind_"+kind, kind)
}

// Number is a whole number with its thousands apart.
func (t *Texts) Number(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	gap := "\u00a0"
	if t.Lang == English {
		gap = ","
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + gap + s[i:]
	}
	return sign + s
}
