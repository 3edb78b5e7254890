package meili

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/vocab"
)

// stamp names one moment of an index.
type stamp struct {
	cursor, build int64
}

// lexicon is what a process knows of the index: its words, and how many
// documents list a skill or name a price in a currency. The counts grow with
// what is learnt and are exact when it is read whole.
type lexicon struct {
	words *vocab.Vocab
	skill map[string]int
	money map[string]int
	docs  int
	at    stamp
}

func (e *Engine) newLexicon(at stamp) *lexicon {
	l := &lexicon{words: vocab.New(), skill: map[string]int{}, money: map[string]int{}, at: at}
	e.norm.Spellings(func(stem, word string) { l.words.Add(stem, word, 0) })
	return l
}

// currency is the one that most documents name a price in; empty without prices.
func (l *lexicon) currency() string {
	best := ""
	for _, c := range slices.Sorted(maps.Keys(l.money)) {
		if best == "" || l.money[c] > l.money[best] {
			best = c
		}
	}
	return best
}

// with is the lexicon after some documents. Their words are already learnt.
func (l *lexicon) with(docs []*search.Document, n *norm.Normaliser, at stamp) *lexicon {
	out := &lexicon{words: l.words, skill: maps.Clone(l.skill), money: maps.Clone(l.money), docs: l.docs + len(docs), at: at}
	for _, d := range docs {
		for _, s := range d.Skills {
			out.skill[n.SkillKey(s)]++
		}
		for _, p := range d.Prices {
			if isCurrency(p.Currency) {
				out.money[p.Currency]++
			}
		}
	}
	return out
}

// known gives the lexicon, read whole if this process has none yet.
func (e *Engine) known(ctx context.Context) (*lexicon, error) {
	if l := e.lexicon.Load(); l != nil {
		return l, nil
	}
	e.reading.Lock()
	defer e.reading.Unlock()
	if l := e.lexicon.Load(); l != nil {
		return l, nil
	}
	return e.readAll(ctx)
}

// readAll reads the whole vocabulary: two facets of one question.
func (e *Engine) readAll(ctx context.Context) (*lexicon, error) {
	answers, err := e.client.ask(ctx, []*meilisearch.SearchRequest{e.metaQuery(), e.countQuery(listed, "t", "w", "skill", "currency")})
	if err != nil {
		return nil, err
	}
	m, err := readMeta(answers[0])
	if err != nil {
		return nil, err
	}
	facets, err := readFacets(answers[1])
	if err != nil {
		return nil, err
	}
	l := e.newLexicon(stamp{m.Cursor, m.Build})
	l.docs = int(answers[1].TotalHits)
	for t, n := range facets["t"] {
		l.words.Add(plain(t), "", n)
	}
	for _, pair := range slices.Sorted(maps.Keys(facets["w"])) {
		l.witness(pair, facets["w"][pair])
	}
	for s, n := range facets["skill"] {
		l.skill[plain(s)] = n
	}
	maps.Copy(l.money, facets["currency"])
	e.lexicon.Store(l)
	return l, nil
}

// witness learns a written form that so many documents carry.
func (l *lexicon) witness(pair string, documents int) {
	stem, word, _ := strings.Cut(plain(pair), " ")
	l.words.Add(stem, word, 0)
	for range min(documents, 3) {
		l.words.Witness(stem)
	}
}

// The reading of news: at most so often, and of so many documents; more are
// read whole.
const (
	lookEvery = 2000 // milliseconds
	newsLimit = 1000
)

// notice reads the news in the background when an answer was of another moment
// than the vocabulary.
func (e *Engine) notice(at stamp) {
	l := e.lexicon.Load()
	now, last := e.now().UnixMilli(), e.looked.Load()
	if l == nil || l.at == at || now-last < lookEvery && last > 0 || !e.looked.CompareAndSwap(last, now) || e.closed.Load() {
		return
	}
	e.behind.Go(func() {
		if !e.reading.TryLock() {
			return
		}
		defer e.reading.Unlock()
		ctx, cancel := context.WithTimeout(e.stop, readTimeout)
		defer cancel()
		if err := e.readNews(ctx, at); err != nil {
			e.log.Warn("search vocabulary not read", "error", err)
		}
	})
}

// newest gives the lexicon as of a moment.
func (e *Engine) newest(ctx context.Context, at stamp) (*lexicon, error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	if err := e.readNews(ctx, at); err != nil {
		return nil, err
	}
	return e.lexicon.Load(), nil
}

// readNews learns what was written since the vocabulary was read.
func (e *Engine) readNews(ctx context.Context, at stamp) error {
	l := e.lexicon.Load()
	if l.at.build != at.build || at.cursor < l.at.cursor {
		_, err := e.readAll(ctx)
		return err
	}
	news := &meilisearch.SearchRequest{IndexUID: e.live(), Filter: both(listed, "seq > "+strconv.FormatInt(l.at.cursor, 10)),
		Limit: newsLimit, Sort: []string{"seq:asc"}, AttributesToRetrieve: []string{"t", "w"}}
	answers, err := e.client.ask(ctx, []*meilisearch.SearchRequest{e.metaQuery(), news})
	if err != nil {
		return err
	}
	m, err := readMeta(answers[0])
	if err != nil || m.Build != l.at.build || len(answers[1].Hits) == newsLimit {
		_, err := e.readAll(ctx)
		return err
	}
	for _, h := range answers[1].Hits {
		var terms, written []string
		if err := errors.Join(part(h, "t", &terms), part(h, "w", &written)); err != nil {
			return err
		}
		for _, t := range terms {
			l.words.Add(plain(t), "", 1)
		}
		for _, pair := range written {
			l.witness(pair, 1)
		}
	}
	e.lexicon.CompareAndSwap(l, &lexicon{words: l.words, skill: l.skill, money: l.money, docs: l.docs + len(answers[1].Hits), at: stamp{m.Cursor, m.Build}})
	return nil
}

// part reads one attribute of a hit; an absent one leaves the target as it is.
func part(h meilisearch.Hit, name string, into any) error {
	raw, ok := h[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return &Fault{Call: "read " + name, Code: "unreadable", Kind: ErrAway}
	}
	return nil
}

func (e *Engine) metaQuery() *meilisearch.SearchRequest {
	return &meilisearch.SearchRequest{IndexUID: e.live(), Filter: "meta = true", Limit: 1, AttributesToRetrieve: []string{"cursor", "build", "print"}}
}

// countQuery counts documents exactly, and facets of them.
func (e *Engine) countQuery(filter string, facets ...string) *meilisearch.SearchRequest {
	none := int64(0)
	return &meilisearch.SearchRequest{IndexUID: e.live(), Filter: filter, HitsPerPage: &none, Page: 1, Facets: facets}
}

func readMeta(a meilisearch.SearchResponse) (m meta, err error) {
	for _, h := range a.Hits {
		err = errors.Join(part(h, "cursor", &m.Cursor), part(h, "build", &m.Build), part(h, "print", &m.Print))
	}
	return m, err
}

func readFacets(a meilisearch.SearchResponse) (out map[string]map[string]int, err error) {
	if len(a.FacetDistribution) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(a.FacetDistribution, &out); err != nil {
		return nil, &Fault{Call: "read facets", Code: "unreadable", Kind: ErrAway}
	}
	return out, nil
}

// facts reads what the live index knows of itself.
func (e *Engine) facts(ctx context.Context) (meta, error) {
	answers, err := e.client.ask(ctx, []*meilisearch.SearchRequest{e.metaQuery()})
	if err != nil {
		return meta{}, err
	}
	return readMeta(answers[0])
}
