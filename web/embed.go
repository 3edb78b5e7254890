// Package web is the look of the board: typed templ components with the
// structs they show, texts in Russian and English, styles, small scripts and
// pictures. It promises that every page works without JavaScript, keeps the
// strict content security policy in Policy, and names each static file by its
// content. It refuses to know of features, databases and requests: what comes
// in is plain and already formatted.
package web

import (
	"embed"
	"fmt"
)

//go:embed static locale
var files embed.FS

// The languages every page exists in; a branch may speak fewer.
const (
	Russian = "ru"
	English = "en"
)

// Policy is the Content-Security-Policy of every HTML page. It allows no
// inline script and no inline style, so components use classes and SVG
// presentation attributes only.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'none'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; manifest-src 'self'"

// Web holds the texts of both languages and the static files. It is read-only
// after New and safe for concurrent use.
type Web struct {
	texts  map[string]*Texts
	byName map[string]*asset // "base.css"
	byPath map[string]*asset // "/static/base.3f2a9c10.css"
}

// New reads the embedded texts and files. It fails only when the binary was
// built with a broken text file, so a test and the start of the program see it.
func New() (*Web, error) {
	w := &Web{}
	var err error
	if w.texts, err = loadTexts(files); err != nil {
		return nil, fmt.Errorf("web: texts: %w", err)
	}
	if err = w.loadAssets(files); err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	return w, nil
}

// Languages lists the languages that the program speaks.
func (w *Web) Languages() []string { return []string{Russian, English} }

// Texts gives the texts of a language, those of the default for any other word.
func (w *Web) Texts(lang string) *Texts {
	if t, ok := w.texts[lang]; ok {
		return t
	}
	return w.texts[Russian]
}

// Frame starts a page in a language: Lang, Texts, all languages in Langs and the
// addresses of static files are set, the rest is the caller's.
func (w *Web) Frame(lang string) Frame {
	t := w.Texts(lang)
	return Frame{Lang: t.Lang, Texts: t, Langs: w.Languages(), web: w}
}
