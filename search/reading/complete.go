package reading

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

const defaultSuggestions = 8

// Index is what completing asks an engine.
type Index interface {
	// Words is the vocabulary at this moment.
	Words() norm.Words
	// SkillCount is how many documents list a skill.
	SkillCount(id string) int
	// Names gives up to limit things with a name, or a word of one, that begins
	// with a folded text: the best first, nobody twice.
	Names(ctx context.Context, text string, limit int) ([]search.Suggestion, error)
}

// Completer completes what is being typed. It is safe for concurrent use.
type Completer struct {
	norm *norm.Normaliser
	tax  *taxonomy.Taxonomy
	keys []skillKey // sorted
}

// skillKey is one spelling of a skill.
type skillKey struct {
	key string // folded
	id  string
}

// NewCompleter sorts every spelling that a picker may offer.
func NewCompleter(n *norm.Normaliser, tax *taxonomy.Taxonomy) *Completer {
	c := &Completer{norm: n, tax: tax}
	for _, s := range tax.All() {
		for _, a := range slices.Concat(s.Spellings(), s.Maybe) {
			if !s.Hidden {
				c.keys = append(c.keys, skillKey{taxonomy.Fold(a), s.ID})
			}
		}
	}
	slices.SortFunc(c.keys, func(a, b skillKey) int { return cmp.Or(strings.Compare(a.key, b.key), strings.Compare(a.id, b.id)) })
	return c
}

// Suggest answers search.Engine's Suggest: skills, people and things whose name
// begins as typed, in either keyboard layout; then the last word completed;
// then the query as it would be corrected. An error of the index ends it.
func (c *Completer) Suggest(ctx context.Context, q search.SuggestQuery, idx Index) ([]search.Suggestion, error) {
	if q.Limit <= 0 {
		q.Limit = defaultSuggestions
	}
	q.Limit = min(q.Limit, MaxLimit)
	text := taxonomy.Fold(norm.Clean(q.Text, norm.MaxRunes))
	if text == "" {
		return nil, nil
	}
	for _, t := range append([]string{text}, c.norm.OtherLayouts(text)...) {
		if out, err := c.begins(ctx, idx, t, q); err != nil || len(out) > 0 {
			return out, err
		}
	}
	if out := c.completeLast(idx, text, q.Lang, q.Limit); len(out) > 0 {
		return out, nil
	}
	if plan := c.norm.Plan(text, idx.Words(), false); plan.Corrected != "" {
		return []search.Suggestion{{Type: search.TypeQuery, Text: plan.Corrected, Value: plan.Corrected}}, nil
	}
	return nil, nil
}

// begins lists what begins with the text: skills take at most half of the
// places while there are names for the rest.
func (c *Completer) begins(ctx context.Context, idx Index, text string, q search.SuggestQuery) ([]search.Suggestion, error) {
	var skills []search.Suggestion
	for _, id := range c.skillsBeginning(idx, text, q.Limit) {
		skills = append(skills, search.Suggestion{Type: search.TypeSkill, Text: c.tax.Name(id, q.Lang), Value: id})
	}
	names, err := idx.Names(ctx, text, q.Limit+len(q.Without))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(s search.Suggestion) bool { return slices.Contains(q.Without, s) })
	room := max(q.Limit-len(names), (q.Limit+1)/2)
	out := slices.Concat(skills[:min(room, len(skills))], names)
	return out[:min(q.Limit, len(out))], nil
}

// skillsBeginning lists skills with a spelling that begins so: an exact name
// first, then those with the most documents.
func (c *Completer) skillsBeginning(idx Index, text string, limit int) []string {
	at, _ := slices.BinarySearchFunc(c.keys, text, func(k skillKey, t string) int { return strings.Compare(k.key, t) })
	length := map[string]int{} // of the shortest spelling
	var ids []string
	for _, k := range c.keys[at:] {
		if !strings.HasPrefix(k.key, text) {
			break
		}
		if n, ok := length[k.id]; !ok || len(k.key) < n {
			if !ok {
				ids = append(ids, k.id)
			}
			length[k.id] = len(k.key)
		}
	}
	exact := func(id string) int {
		if length[id] == len(text) {
			return 0
		}
		return 1
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(exact(a), exact(b)), cmp.Compare(idx.SkillCount(b), idx.SkillCount(a)),
			cmp.Compare(length[a], length[b]), strings.Compare(a, b))
	})
	return ids[:min(limit, len(ids))]
}

// completeLast completes the last word of several to the name of a skill.
func (c *Completer) completeLast(idx Index, text, lang string, limit int) []search.Suggestion {
	at := strings.LastIndexByte(text, ' ')
	if at < 0 {
		return nil
	}
	var out []search.Suggestion
	for _, id := range c.skillsBeginning(idx, text[at+1:], limit) {
		whole := text[:at+1] + taxonomy.Fold(c.tax.Name(id, lang))
		out = append(out, search.Suggestion{Type: search.TypeQuery, Text: whole, Value: whole})
	}
	return out
}

// Suggestion is how a document is offered: a person by handle, a thing by its
// kind and id.
func Suggestion(d *search.Document) search.Suggestion {
	if IsPerson(d.Kind) {
		return search.Suggestion{Type: search.TypePerson, Text: d.Title, Value: d.Owner}
	}
	return search.Suggestion{Type: d.Kind, Text: d.Title, Value: d.ID}
}

// IsPerson tells kinds that stand for somebody from those that are something.
func IsPerson(kind string) bool { return kind == "tutor" || kind == "creator" }

// NameKeys are the places in a document's names where typing may begin: every
// word of its title and, for a person, the handle. visit hears each folded
// rest of a name, and whether it is the whole.
func NameKeys(kind, title, owner string, visit func(key string, whole bool)) {
	const most = 12 // words of one name
	title = taxonomy.Fold(title)
	add := func(name string) {
		for at, words := 0, 0; words < most; words++ {
			visit(name[at:], at == 0)
			next := strings.IndexAny(name[at:], " -")
			if next < 0 || at+next+1 >= len(name) {
				break
			}
			at += next + 1
		}
	}
	if title != "" {
		add(title)
	}
	if IsPerson(kind) && owner != "" && owner != title {
		add(taxonomy.Fold(owner))
	}
}
