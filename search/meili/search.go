package meili

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/meilisearch/meilisearch-go"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
	"github.com/tmoeg/oduvan/search/reading"
)

// Search implements search.Engine. Faults: ErrAway, ErrRefused.
func (e *Engine) Search(ctx context.Context, q search.Query) (search.Result, error) {
	if err := e.usable(ctx); err != nil {
		return search.Result{}, err
	}
	l, err := e.lexiconFor(ctx)
	if err != nil {
		return search.Result{}, err
	}
	q.Limit = reading.Limit(q.Limit)
	if q.Currency == "" {
		q.Currency = l.currency()
	}
	plan := e.norm.Plan(q.Text, l.words, q.Exact)
	return reading.Answer(q, plan, func(q search.Query, plan norm.Plan) (search.Result, error) {
		res, _, err := e.answer(ctx, l, q, plan)
		return res, err
	})
}

// lexiconFor gives the lexicon; on a server where nothing was ever written one
// is made of an empty index.
func (e *Engine) lexiconFor(ctx context.Context) (*lexicon, error) {
	l, err := e.known(ctx)
	if !errors.Is(err, errMissing) {
		return l, err
	}
	e.write.Lock()
	err = e.prepare(ctx)
	e.write.Unlock()
	if err != nil {
		return nil, err
	}
	return e.known(ctx)
}

// answer searches for a plan, and tells what was asked for it.
func (e *Engine) answer(ctx context.Context, l *lexicon, q search.Query, plan norm.Plan) (search.Result, *asking, error) {
	understood := reading.Understand(&q, plan)
	res := search.Result{Corrected: plan.Corrected, Understood: understood}
	a := &asking{engine: e, lexicon: l, query: &q, clauses: e.clauses(&q, l.money)}
	if reading.Senseless(q, plan) {
		if res.Cursor = l.at.cursor; q.Facets {
			res.Facets = map[string][]search.Count{}
		}
		return res, a, nil
	}
	var err error
	if plan.Empty() {
		err = a.page(ctx, question{tiles: []tile{{}}}, &res)
	} else {
		err = a.text(ctx, plan, &res)
	}
	return res, a, err
}

// asking is one answer under way.
type asking struct {
	engine  *Engine
	lexicon *lexicon
	query   *search.Query
	clauses []clause
	matched int      // documents that match the text, before filters
	used    question // that gave the answer
}

// text answers what has words: documents that hold every group; when they are
// few, those with narrower skills instead, and then those as well that hold the
// telling groups only.
func (a *asking) text(ctx context.Context, plan norm.Plan, res *search.Result) error {
	kinds := res.Understood.Kinds
	ask := func(wider bool) (question, []weighed) {
		all, needed := a.lexicon.weighAll(plan.Need, plan.Like, wider)
		says := make([]string, len(needed))
		for i, w := range needed {
			says[i] = holds(w.group)
		}
		set := both(says...)
		return question{set: set, tiles: prefer(a.lexicon.tiles(set, all, true), kinds),
			scorer: &scorer{query: a.query, groups: all, prefer: kinds, lang: plan.Lang}}, needed
	}
	asked, needed := ask(false)
	defer func() { a.used = asked }()
	if err := a.page(ctx, asked, res); err != nil || a.matched >= rank.Few {
		return err
	}
	few := a.matched
	if slices.ContainsFunc(plan.Need, func(g norm.Group) bool { return len(g.Wider) > 0 }) {
		narrow := *res
		wide, also := ask(true)
		if err := a.page(ctx, wide, res); err != nil {
			return err
		}
		if a.matched > 0 {
			res.Partial = plan.Hunch && a.matched > few
			wide.partial = res.Partial
			asked, needed, few = wide, also, a.matched
		} else {
			*res = narrow
		}
	}
	if few >= rank.Few || len(needed) < 2 || a.query.Sort != search.SortBest {
		return nil
	}
	says, whole := near(needed)
	if whole == 0 {
		return nil
	}
	more, scorer := asked, *asked.scorer
	scorer.whole = whole
	more.set, more.scorer = either(asked.set, says), &scorer
	more.tiles = a.lexicon.tiles(more.set, scorer.groups, false)
	exact := *res
	if err := a.page(ctx, more, res); err != nil {
		return err
	}
	if a.matched == few { // nothing came near
		*res = exact
		return nil
	}
	asked, res.Partial = more, true
	return nil
}

// batch collects questions with what reads their answers.
type batch struct {
	queries []*meilisearch.SearchRequest
	readers []func(meilisearch.SearchResponse) error
	last    []func()
}

// done names what follows when every answer was read.
func (b *batch) done(then func()) { b.last = append(b.last, then) }

func (b *batch) add(q *meilisearch.SearchRequest, read func(meilisearch.SearchResponse) error) {
	b.queries, b.readers = append(b.queries, q), append(b.readers, read)
}

// count asks for a number of documents.
func (b *batch) count(e *Engine, filter string, into *int) {
	b.add(e.countQuery(filter), func(a meilisearch.SearchResponse) error {
		*into = int(a.TotalHits)
		return nil
	})
}

// rows asks for hits.
func (b *batch) rows(q *meilisearch.SearchRequest, into *[]row) {
	b.add(q, func(a meilisearch.SearchResponse) (err error) {
		*into, err = readRows(a)
		return err
	})
}

// ask sends the batch between two looks at the index's stamp: the same stamp
// says that all answers are of one moment, as the server answers in order.
func (e *Engine) ask(ctx context.Context, b *batch) (stamp, error) {
	queries := slices.Concat([]*meilisearch.SearchRequest{e.metaQuery()}, b.queries, []*meilisearch.SearchRequest{e.metaQuery()})
	answers, err := e.client.ask(ctx, queries)
	if err != nil {
		return stamp{}, err
	}
	first, err := readMeta(answers[0])
	last, err2 := readMeta(answers[len(answers)-1])
	if err = errors.Join(err, err2); err != nil {
		return stamp{}, err
	}
	at := stamp{first.Cursor, first.Build}
	if at != (stamp{last.Cursor, last.Build}) {
		return at, errTorn
	}
	for i, read := range b.readers {
		if err := read(answers[i+1]); err != nil {
			return at, err
		}
	}
	for _, then := range b.last {
		then()
	}
	e.notice(at)
	return at, nil
}

// tries is how often an answer is asked for anew when the index changed meanwhile.
const tries = 8

// page fills hits, total, facets and cursor of one moment.
func (a *asking) page(ctx context.Context, asked question, res *search.Result) error {
	var err error
	for range tries {
		if err = a.pageOnce(ctx, asked, res); !errors.Is(err, errTorn) {
			return err
		}
	}
	return &Fault{Call: "multi-search", Code: "torn", Kind: errors.Join(ErrAway, err)}
}

func (a *asking) pageOnce(ctx context.Context, asked question, res *search.Result) error {
	b := &batch{}
	e := a.engine
	all := under(a.clauses, "none", asked.set)
	var total int
	facets := map[string][]search.Count{}
	a.facets(b, asked.set, all, facets, &total)
	var prices []search.Bin
	if a.query.Facets {
		a.spread(b, asked.set, &prices)
	}
	a.matched = 0
	if asked.set != "" {
		b.count(e, both(listed, asked.set), &a.matched)
	}
	rest := a.order(b, asked, all)
	at, err := e.ask(ctx, b)
	if err != nil {
		return err
	}
	rows, more := rest(total)
	if len(more) > 0 || len(prices) > 0 {
		also := make([][]row, len(more))
		second := &batch{}
		a.fill(second, asked.set, prices)
		for i, q := range more {
			second.rows(q, &also[i])
		}
		then, err := e.ask(ctx, second)
		if err != nil {
			return err
		}
		if then != at {
			return errTorn
		}
		rows = append(slices.Clone(rows), slices.Concat(also...)...)
	}
	res.Total, res.Cursor, res.Partial, res.Hits, res.Facets, res.Prices = total, at.cursor, asked.partial, nil, nil, prices
	if a.query.Facets {
		res.Facets = facets
	}
	for _, r := range rows {
		hit := search.Hit{Ref: r.Ref}
		if asked.scorer != nil && a.query.Sort == search.SortBest {
			hit.Score = r.score
		}
		res.Hits = append(res.Hits, hit)
	}
	return nil
}

// facets asks for the total and for every facet under all filters but its own.
func (a *asking) facets(b *batch, set, all string, into map[string][]search.Count, total *int) {
	e, q := a.engine, a.query
	b.count(e, all, total)
	if !q.Facets {
		return
	}
	var shared []string // facets without a filter of their own
	for _, f := range []string{search.FacetKind, search.FacetSkill, search.FacetLevel, search.FacetLang, search.FacetFormat, search.FacetLicence, search.FacetFree, search.FacetMoney} {
		if !slices.ContainsFunc(a.clauses, func(c clause) bool { return c.facet == f }) {
			shared = append(shared, f)
			continue
		}
		b.add(e.countQuery(under(a.clauses, f, set), attribute(f)), a.reader(into, f))
	}
	names := make([]string, len(shared))
	for i, f := range shared {
		names[i] = attribute(f)
	}
	b.add(e.countQuery(all, names...), a.reader(into, shared...))
	for _, single := range []struct{ facet, value, says string }{
		{search.FacetNew, "true", newer(q)}, {search.FacetOpen, "week", opens(q, q.Now.Add(search.OpenWithin))},
	} {
		b.add(e.countQuery(under(a.clauses, single.facet, set, single.says)), func(r meilisearch.SearchResponse) error {
			into[single.facet] = []search.Count{}
			if r.TotalHits > 0 {
				into[single.facet] = []search.Count{{Value: single.value, Count: int(r.TotalHits)}}
			}
			return nil
		})
	}
}

// reader reads facets of one answer.
func (a *asking) reader(into map[string][]search.Count, facets ...string) func(meilisearch.SearchResponse) error {
	return func(r meilisearch.SearchResponse) error {
		counts, err := readFacets(r)
		if err != nil {
			return err
		}
		for _, f := range facets {
			into[f] = a.list(f, counts[attribute(f)])
		}
		return nil
	}
}

// list orders a facet's values and keeps the first of them and the chosen ones.
func (a *asking) list(facet string, counts map[string]int) []search.Count {
	out := []search.Count{}
	for v, n := range counts {
		if n > 0 && (facet != search.FacetFree || v == "true") {
			out = append(out, search.Count{Value: plain(v), Count: n})
		}
	}
	slices.SortFunc(out, func(x, y search.Count) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Value, y.Value))
	})
	if len(out) <= columns.FacetLimit {
		return out
	}
	kept := out[:columns.FacetLimit:columns.FacetLimit]
	for _, c := range out[columns.FacetLimit:] {
		if facet == search.FacetSkill && slices.ContainsFunc(a.query.Skills, func(s string) bool { return a.engine.norm.SkillKey(s) == c.Value }) {
			kept = append(kept, c)
		}
	}
	return kept
}
