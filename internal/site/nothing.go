package site

import (
	"context"
	"net/url"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/web"
)

// The bounds of what is looked up to help on where nothing was found: every
// offer is a small search of its own.
const (
	maxWider   = 6
	maxSimilar = 4
	maxWords   = 4 // of the text, that similar words are looked for
	leastStem  = 4 // characters of a word's beginning that still say something
)

// nothing helps on: free help first, then words like those typed, then the same
// search with one filter less. Only what finds something is offered.
func (s *Site) nothing(ctx context.Context, v *visit, f web.Frame, p web.SearchPage) (n web.Nothing, err error) {
	n = web.Nothing{FreeURL: "/search?free=1", JoinURL: "/join", Help: helpLinks(f, v.branch.Links)}
	if n.Similar, err = s.similarWords(ctx, v, f, p.Query); err != nil {
		return n, err
	}
	var ways []web.Link
	for _, chip := range p.Chips {
		ways = append(ways, web.Link{Label: f.T("search.without", "filter", chip.Label), URL: chip.URL})
	}
	if len(p.Chips) > 1 && p.ResetURL != "" {
		ways = append(ways, web.Link{Label: f.T("search.without_filters"), URL: p.ResetURL})
	}
	if p.Query != "" && p.WordlessURL != "" {
		ways = append(ways, web.Link{Label: f.T("search.without", "filter", p.Query), URL: p.WordlessURL})
	}
	for _, way := range ways {
		if len(n.Wider) == maxWider {
			break
		}
		if way.Count, err = s.finds(ctx, v, way.URL); err != nil {
			return n, err
		}
		if way.Count > 0 {
			n.Wider = append(n.Wider, way)
		}
	}
	n.Wider = append(n.Wider, web.Link{Label: f.T("search.everything"), URL: "/search"})
	return n, nil
}

// finds is how many things a search's address gives.
func (s *Site) finds(ctx context.Context, v *visit, address string) (int, error) {
	u, err := url.Parse(address)
	if err != nil {
		return 0, err
	}
	q := s.read(u.Query(), v).query
	q.Facets, q.Offset, q.Limit = false, 0, 1
	found, err := s.Catalogue.Search(ctx, q)
	return found.Total, err
}

// similarWords are skills and words of the catalogue like those of the text.
func (s *Site) similarWords(ctx context.Context, v *visit, f web.Frame, text string) ([]web.Link, error) {
	var out []web.Link
	seen := map[string]bool{}
	for i, word := range append([]string{text}, strings.Fields(text)...) {
		if i > maxWords {
			break
		}
		list, err := s.like(ctx, f.Lang, word)
		if err != nil {
			return out, err
		}
		for _, x := range list {
			link := web.Link{Label: x.Text, URL: suggestURL("", x)}
			if x.Type == search.TypeQuery {
				link.URL = "/search?q=" + url.QueryEscape(x.Value)
			}
			if seen[link.URL] || x.Value == text {
				continue
			}
			seen[link.URL] = true
			if link.Count, err = s.finds(ctx, v, link.URL); err != nil {
				return out, err
			}
			if link.Count > 0 {
				out = append(out, link)
			}
			if len(out) == maxSimilar {
				return out, nil
			}
		}
	}
	return out, nil
}

// like asks for completions of a word, then of its beginning. People are left
// out: nobody is a word.
func (s *Site) like(ctx context.Context, lang, word string) ([]search.Suggestion, error) {
	letters := []rune(word)
	for _, n := range []int{len(letters), len(letters) * 2 / 3} {
		if n == 0 || n < len(letters) && n < leastStem {
			break
		}
		list, err := s.Catalogue.Suggest(ctx, search.SuggestQuery{Text: string(letters[:n]), Lang: lang, Limit: suggestions})
		if err != nil {
			return nil, err
		}
		var out []search.Suggestion
		for _, x := range list {
			if x.Type == search.TypeSkill || x.Type == search.TypeQuery {
				out = append(out, x)
			}
		}
		if len(out) > 0 {
			return out[:min(len(out), maxSimilar)], nil
		}
	}
	return nil, nil
}
