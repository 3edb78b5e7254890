package meili

import (
	"encoding/base32"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/taxonomy"
	"github.com/tmoeg/oduvan/search/vocab"
)

// metaID is the document that holds the index's own facts. It has no kind, so
// no question about listings meets it.
const metaID = "_meta"

// meta is what an index knows of itself.
type meta struct {
	ID     string `json:"id"`
	Meta   bool   `json:"meta"`
	Cursor int64  `json:"cursor"` // last change in the index
	Build  int64  `json:"build"`  // which reindex made it
	Print  string `json:"print"`  // format, normaliser and taxonomy
}

// tombstone takes the place of a deleted document until it is purged: so a
// deletion is part of the same task as everything else in its batch.
type tombstone struct {
	ID   string `json:"id"`
	Gone bool   `json:"gone"`
}

// shadow is a document as the server holds it: terms instead of texts, and
// the facts that are filtered, counted and sorted.
type shadow struct {
	ID       string             `json:"id"`
	Kind     string             `json:"kind"`
	Key      string             `json:"key"` // the document's own id
	Ref      string             `json:"ref"` // kind and id: the last word of every order
	Owner    string             `json:"owner"`
	Title    string             `json:"title"` // for completing names
	Second   bool               `json:"second"`
	Skill    []string           `json:"skill"`
	Level    []string           `json:"level"`
	Lang     []string           `json:"lang"`
	Format   []string           `json:"format"`
	Licence  []string           `json:"licence"`
	Free     bool               `json:"free"`
	Currency []string           `json:"currency"`
	Price    map[string][]int64 `json:"price"` // by currency
	Least    map[string]int64   `json:"least"` // by currency
	NewTo    int64              `json:"newto"` // unix seconds, 0 never
	Opens    int64              `json:"opens"` // unix seconds, 0 unknown
	Active   int64              `json:"active"`
	Created  int64              `json:"created"`
	Weight   float64            `json:"weight"`
	Best     float64            `json:"best"` // the order without a text
	Seq      int64              `json:"seq"`  // cursor of the batch that wrote it
	Terms    []string           `json:"t"`
	Written  []string           `json:"w,omitempty"`
	Freq     string             `json:"f"` // "term:n " for every weighted frequency above 1

	NTitle  string `json:"n_title"`
	NSkills string `json:"n_skills"`
	NAuthor string `json:"n_author"`
	NLead   string `json:"n_lead"`
	NBody   string `json:"n_body"`
	NSurf   string `json:"n_surf"` // names as written, for completing
}

// The bounds of what is sent.
const (
	longestValue = 300 // bytes of a facet's value: the server drops longer than 468
	longestToken = 200 // bytes of a term: the server drops longer than 250
	neverCreated = -1 << 52
)

// mark begins every value or term that had to be written in another alphabet.
const mark = "xq9"

var alphabet = base32.HexEncoding.WithPadding(base32.NoPadding)

// docID is a document's primary key: the server takes few characters.
func docID(ref search.Ref) string {
	return "d_" + base64.RawURLEncoding.EncodeToString([]byte(ref.Kind+"\x00"+ref.ID))
}

// token writes a term so that the server's tokenizer keeps it one word: marks
// of C++, of concepts and letters of far scripts would divide it. Empty for a
// term that is too long to keep.
func token(term string) string {
	plain := term != "" && !strings.HasPrefix(term, mark) && !strings.ContainsFunc(term, func(r rune) bool {
		const firstCyrillic, lastCyrillic = 0x430, 0x44f
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && (r < firstCyrillic || r > lastCyrillic)
	})
	if !plain {
		term = mark + strings.ToLower(alphabet.EncodeToString([]byte(term)))
	}
	if len(term) > longestToken {
		return ""
	}
	return term
}

// value writes a facet's value so that it may stand in a filter.
func value(s string) string {
	odd := strings.HasPrefix(s, mark) || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool {
		return r == '"' || r == '\'' || r == '\\' || !unicode.IsPrint(r)
	})
	if odd {
		return mark + strings.ToLower(alphabet.EncodeToString([]byte(s)))
	}
	return s
}

// plain reads what token or value wrote.
func plain(s string) string {
	rest, ok := strings.CutPrefix(s, mark)
	if !ok {
		return s
	}
	raw, err := alphabet.DecodeString(strings.ToUpper(rest))
	if err != nil {
		return s
	}
	return string(raw)
}

// maker turns documents into shadows and teaches a vocabulary their words.
type maker struct {
	norm  *norm.Normaliser
	words *vocab.Vocab
}

func (m *maker) document(d *search.Document, seq int64) shadow {
	s := facts(d, m.norm)
	s.Seq = seq
	var texts [reading.Places]strings.Builder
	freq, word := reading.Weigh(m.norm, d, func(at reading.Place, term string) {
		if t := token(term); t != "" {
			texts[at].WriteString(t + " ")
		}
	})
	s.NTitle, s.NSkills, s.NAuthor = texts[reading.Title].String(), texts[reading.Skills].String(), texts[reading.Author].String()
	s.NLead, s.NBody = texts[reading.Lead].String(), texts[reading.Body].String()
	var f strings.Builder
	for _, term := range slices.Sorted(maps.Keys(word)) {
		t, w := token(term), word[term]
		if t == "" {
			continue
		}
		s.Terms = append(s.Terms, t)
		if freq[term] > 1 {
			f.WriteString(t + ":" + strconv.Itoa(freq[term]) + " ")
		}
		m.words.Add(term, w, 1)
		if pair := value(term + " " + w); w != "" && len(pair) <= longestValue && m.words.Witness(term) {
			s.Written = append(s.Written, pair)
		}
	}
	s.Freq = f.String()
	return s
}

// facts fills in everything but the words.
func facts(d *search.Document, n *norm.Normaliser) shadow {
	s := shadow{ID: docID(d.Ref), Kind: d.Kind, Key: d.ID, Ref: d.Kind + "/" + d.ID, Owner: d.Owner, Title: cut(d.Title, longestValue), Second: d.Second,
		Level: values(d.Levels), Lang: values(d.Langs), Format: values(d.Formats), Licence: values(d.Licences), Free: d.Free,
		Price: map[string][]int64{}, Least: map[string]int64{}, Created: neverCreated, Weight: min(max(d.Weight, 0), 1)}
	keys := make([]string, len(d.Skills))
	for i, sk := range d.Skills {
		keys[i] = n.SkillKey(sk)
	}
	s.Skill = values(keys)
	for _, p := range d.Prices {
		if !isCurrency(p.Currency) {
			continue
		}
		if least, ok := s.Least[p.Currency]; !ok || p.Minor < least {
			s.Least[p.Currency] = p.Minor
		}
		s.Price[p.Currency] = append(s.Price[p.Currency], p.Minor)
	}
	s.Currency = slices.Sorted(maps.Keys(s.Price))
	if !d.NewTo.IsZero() {
		s.NewTo = d.NewTo.Unix()
	}
	if !d.Opens.IsZero() {
		s.Opens = d.Opens.Unix()
	}
	if !d.Created.IsZero() {
		s.Created = d.Created.UnixMicro()
	}
	if !d.Active.IsZero() {
		s.Active = day(d.Active)
	}
	const days = 30 // the whole of quality is worth as much as these days of freshness
	s.Best = s.Weight + float64(s.Active)/days
	s.NSurf = taxonomy.Fold(s.Title)
	if d.Owner != "" {
		s.NSurf += " " + taxonomy.Fold(d.Owner)
	}
	return s
}

// day is a moment's day since 1970.
func day(t time.Time) int64 {
	const seconds = 24 * 60 * 60
	return t.Unix() / seconds
}

// values writes a list of values, each once.
func values(list []string) []string {
	out := []string{}
	for _, v := range list {
		if v = value(v); v != "" && len(v) <= longestValue && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// cut keeps at most n bytes of a text, whole runes.
func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// isCurrency tells whether a word may name an attribute of prices.
func isCurrency(c string) bool {
	const length = 3
	return len(c) == length && !strings.ContainsFunc(c, func(r rune) bool { return r < 'A' || r > 'Z' })
}
