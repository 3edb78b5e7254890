package meilitest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/RoaringBitmap/roaring/v2"
)

// document is what was sent, by attribute.
type document map[string]any

// at reads an attribute by its dotted name.
func (d document) at(name string) (any, bool) {
	v, ok := d[name]
	if ok {
		return v, v != nil
	}
	head, rest, nested := strings.Cut(name, ".")
	if !nested {
		return nil, false
	}
	inner, ok := d[head].(map[string]any)
	if !ok {
		return nil, false
	}
	return document(inner).at(rest)
}

// walk visits every attribute with its values in lower case; nested ones by
// dotted names, and what is there without a value as an empty one.
func (d document) walk(under string, visit func(name, value string)) {
	for name, v := range d {
		if inner, ok := v.(map[string]any); ok {
			document(inner).walk(under+name+".", visit)
			continue
		}
		if v == nil {
			continue
		}
		visit(under+name, "")
		for _, one := range each(v) {
			visit(under+name, word(one))
		}
	}
}

// having is the set of documents that have an attribute.
func (x *index) having(name string) *roaring.Bitmap {
	if set := x.posts[name][""]; set != nil {
		return set.Clone()
	}
	return roaring.New()
}

// index is documents with their settings.
type index struct {
	docs       map[string]document
	numbers    map[string]uint32
	ids        []string                              // by number
	all        *roaring.Bitmap                       // numbers in use
	posts      map[string]map[string]*roaring.Bitmap // by attribute and value in lower case
	words      map[string]map[string][]string        // by document and searchable attribute
	primary    string
	settings   map[string]any
	filterable map[string]bool // attribute pattern to: may be compared
}

func newIndex(primary string) *index {
	return &index{docs: map[string]document{}, numbers: map[string]uint32{}, all: roaring.New(), posts: map[string]map[string]*roaring.Bitmap{}, words: map[string]map[string][]string{}, primary: primary, settings: map[string]any{}, filterable: map[string]bool{}}
}

// put replaces a document.
func (x *index) put(d document) bool {
	id, ok := d[x.primary].(string)
	if !ok || id == "" || strings.ContainsFunc(id, func(r rune) bool {
		return !strings.ContainsRune("-_", r) && (r > 127 || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return false
	}
	x.delete(id)
	x.docs[id] = d
	number := uint32(len(x.ids))
	x.ids, x.numbers[id] = append(x.ids, id), number
	x.all.Add(number)
	d.walk("", func(name, value string) {
		if x.posts[name] == nil {
			x.posts[name] = map[string]*roaring.Bitmap{}
		}
		if x.posts[name][value] == nil {
			x.posts[name][value] = roaring.New()
		}
		x.posts[name][value].Add(number)
	})
	x.words[id] = map[string][]string{}
	for _, name := range x.list("searchableAttributes") {
		if v, ok := d.at(name); ok {
			for _, one := range each(v) {
				x.words[id][name] = append(x.words[id][name], wordsOf(plainWord(one))...)
			}
		}
	}
	return true
}

func (x *index) delete(id string) {
	if number, ok := x.numbers[id]; ok {
		x.all.Remove(number)
		x.docs[id].walk("", func(name, value string) { x.posts[name][value].Remove(number) })
		delete(x.numbers, id)
	}
	delete(x.docs, id)
	delete(x.words, id)
}

// list reads a setting that is a list of words.
func (x *index) list(setting string) (out []string) {
	raw, _ := x.settings[setting].([]any)
	for _, v := range raw {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// limit reads a number inside a setting.
func (x *index) limit(setting, name string, otherwise int) int {
	inner, _ := x.settings[setting].(map[string]any)
	if n, ok := inner[name].(float64); ok {
		return int(n)
	}
	return otherwise
}

// configure takes the filterable attributes, in either of their forms.
func (x *index) configure(raw any) {
	x.filterable = map[string]bool{}
	list, _ := raw.([]any)
	for _, r := range list {
		if name, ok := r.(string); ok {
			x.filterable[name] = true
			continue
		}
		rule, _ := r.(map[string]any)
		features, _ := rule["features"].(map[string]any)
		filter, _ := features["filter"].(map[string]any)
		comparison, _ := filter["comparison"].(bool)
		patterns, _ := rule["attributePatterns"].([]any)
		for _, p := range patterns {
			if name, ok := p.(string); ok {
				x.filterable[name] = comparison
			}
		}
	}
}

// filters tells whether an attribute may be filtered by, and compared.
func (x *index) filters(name string) (ok, compares bool) {
	for pattern, comparison := range x.filterable {
		if pattern == name || strings.HasSuffix(pattern, "*") && strings.HasPrefix(name, strings.TrimSuffix(pattern, "*")) {
			ok, compares = true, compares || comparison
		}
	}
	return ok, compares
}

// sorts tells whether an attribute may be sorted by.
func (x *index) sorts(name string) bool {
	head, _, _ := strings.Cut(name, ".")
	return slices.Contains(x.list("sortableAttributes"), name) || slices.Contains(x.list("sortableAttributes"), head)
}

// wordsOf cuts a text as the server's tokenizer does for simple scripts.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// match is a document that a query found.
type match struct {
	id        string
	doc       document
	words     int // of the query, from its beginning, that it holds
	asked     int
	attribute int // sum of the best attribute's place of each word
	reach     int // the greatest such sum
}

// score is between 0 and 1: words first, then the attributes they stand in.
func (m match) score() float64 {
	if m.asked == 0 {
		return 1
	}
	place := 1 - float64(m.attribute)/float64(max(m.reach, 1))
	return (float64(m.words-1) + (1+place)/2) / float64(m.asked)
}

// find lists the documents that hold the words of a text.
func (x *index) find(q request, among *roaring.Bitmap) []match {
	words := wordsOf(q.Q)
	beginning := len(words) > 0 && strings.HasSuffix(strings.ToLower(q.Q), words[len(words)-1]) // no blank behind the last word
	attributes := q.AttributesToSearchOn
	if len(attributes) == 0 {
		attributes = x.list("searchableAttributes")
	}
	var out []match
	for it := among.Iterator(); it.HasNext(); {
		id := x.ids[it.Next()]
		m := match{id: id, doc: x.docs[id], asked: len(words), reach: len(words) * len(attributes)}
		for i, w := range words {
			place := x.place(id, w, attributes, beginning && i == len(words)-1)
			if place < 0 {
				break
			}
			m.words++
			m.attribute += place
		}
		if len(words) == 0 || m.words == len(words) || m.words > 0 && q.MatchingStrategy != "all" {
			out = append(out, m)
		}
	}
	return out
}

// place is the first attribute that holds a word; negative for none.
func (x *index) place(id, word string, attributes []string, beginning bool) int {
	for i, name := range attributes {
		for _, w := range x.words[id][name] {
			if w == word || beginning && strings.HasPrefix(w, word) {
				return i
			}
		}
	}
	return -1
}

// rank orders matches by the index's ranking rules.
func (x *index) rank(found []match, sort []string) {
	rules := x.list("rankingRules")
	slices.SortFunc(found, func(a, b match) int {
		for _, rule := range rules {
			c := 0
			switch rule {
			case "words":
				c = b.words - a.words
			case "attribute":
				c = a.attribute - b.attribute
			case "sort":
				for _, s := range sort {
					if c = compareBy(a.doc, b.doc, s); c != 0 {
						break
					}
				}
			case "proximity", "typo", "exactness":
			default:
				c = compareBy(a.doc, b.doc, rule)
			}
			if c != 0 {
				return c
			}
		}
		return strings.Compare(a.id, b.id)
	})
}

// compareBy orders by "attribute:asc"; documents without it come last.
func compareBy(a, b document, rule string) int {
	name, direction, _ := strings.Cut(rule, ":")
	x, okX := a.at(name)
	y, okY := b.at(name)
	if !okX || !okY {
		switch {
		case okX == okY:
			return 0
		case okX:
			return -1
		}
		return 1
	}
	c := 0
	if n, ok := x.(float64); ok {
		m, _ := y.(float64)
		c = cmp.Compare(n, m)
	} else {
		c = strings.Compare(word(x), word(y))
	}
	if direction == "desc" {
		return -c
	}
	return c
}

// distribution counts the values of attributes.
func (x *index) distribution(found []match, names []string) map[string]map[string]int {
	most := x.limit("faceting", "maxValuesPerFacet", 100)
	out := map[string]map[string]int{}
	for _, name := range names {
		counts := map[string]int{}
		for _, m := range found {
			v, ok := m.doc.at(name)
			if !ok {
				continue
			}
			seen := map[string]bool{}
			for _, one := range each(v) {
				if w := plainWord(one); w != "" && !seen[w] {
					seen[w] = true
					counts[w]++
				}
			}
		}
		keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
		for _, k := range keys[min(len(keys), most):] {
			delete(counts, k)
		}
		out[name] = counts
	}
	return out
}

// show keeps what a hit may carry.
func (x *index) show(m match, q request) map[string]any {
	out := map[string]any{}
	displayed := x.list("displayedAttributes")
	for name, v := range m.doc {
		if (len(displayed) == 0 || slices.Contains(displayed, name)) && (len(q.AttributesToRetrieve) == 0 || slices.Contains(q.AttributesToRetrieve, name)) {
			out[name] = v
		}
	}
	if q.ShowRankingScore {
		out["_rankingScore"] = m.score()
	}
	return out
}

// request is one search.
type request struct {
	IndexUID             string   `json:"indexUid"`
	Q                    string   `json:"q"`
	Filter               any      `json:"filter"`
	Sort                 []string `json:"sort"`
	Facets               []string `json:"facets"`
	Offset               int      `json:"offset"`
	Limit                *int     `json:"limit"`
	HitsPerPage          *int     `json:"hitsPerPage"`
	Page                 int      `json:"page"`
	AttributesToRetrieve []string `json:"attributesToRetrieve"`
	AttributesToSearchOn []string `json:"attributesToSearchOn"`
	MatchingStrategy     string   `json:"matchingStrategy"`
	ShowRankingScore     bool     `json:"showRankingScore"`
}

func decode(raw []byte) (any, error) {
	var v any
	err := json.Unmarshal(raw, &v)
	return v, err
}
