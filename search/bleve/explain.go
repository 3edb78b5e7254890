package bleve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/columns"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/rank"
	"github.com/tmoeg/oduvan/search/reading"
)

var _ search.Explainer = (*Engine)(nil)

// Explain implements search.Explainer. It asks as Search does, then lets the
// very code that ranks score the one document again, a word at a time.
func (e *Engine) Explain(ctx context.Context, q search.Query, ref search.Ref) (search.Explanation, error) {
	s, err := e.acquire()
	if err != nil {
		return search.Explanation{}, err
	}
	defer s.release()
	if err := ctx.Err(); err != nil {
		return search.Explanation{}, err
	}
	q.Sort, q.Offset, q.Limit, q.Facets = search.SortBest, 0, 1, false
	if q.Currency == "" {
		q.Currency = s.view.Currency()
	}
	asked, taken := false, norm.Plan{}
	used := q
	res, err := reading.Answer(q, e.norm.Plan(q.Text, s.gen.words, q.Exact), func(q search.Query, plan norm.Plan) (search.Result, error) {
		r, err := e.answer(s, q, plan)
		if !asked || r.Total > 0 { // nothing is asked after the first that finds
			used, taken = q, plan
		}
		asked = true
		return r, err
	})
	if err != nil {
		return search.Explanation{}, err
	}
	x := &explainer{engine: e, plan: taken, out: search.Explanation{Total: res.Total, Understood: search.Describe(q.Text, res)}}
	x.senseless = reading.Senseless(used, taken)
	reading.Understand(&used, taken)
	sc, ok := e.pool.Get().(*scratch)
	if !ok {
		sc = &scratch{}
	}
	defer e.pool.Put(sc)
	x.matcher = matcher{state: s, scratch: sc, q: &used, prefer: res.Understood.Kinds, lang: taken.Lang}
	return x.explain(ref)
}

// explainer is one explanation under way.
type explainer struct {
	matcher
	engine    *Engine
	plan      norm.Plan
	senseless bool // the text says nothing, so nothing is found
	out       search.Explanation
}

func (x *explainer) explain(ref search.Ref) (search.Explanation, error) {
	row, ok := x.rowOf(ref)
	if !ok {
		x.reason("index", "nothing with this id is in the index: it is not public, or became so a moment ago")
		return x.out, nil
	}
	if x.senseless {
		x.reason("text", "holds no word to look for")
		return x.out, nil
	}
	if x.plan.Empty() {
		return x.browsed(row), nil
	}
	if err := x.run(x.plan); err != nil {
		return x.out, err
	}
	sel := x.view.Select(x.q, x.rows)
	if !sel.Rows.Contains(row) {
		return x.out, x.excluded(row)
	}
	x.q.Limit = int(sel.Rows.GetCardinality())
	x.out.Found, x.out.Score = true, x.score(row)
	x.out.Place = slices.Index(x.view.Page(x.q, sel.Rows, x.found()), row) + 1
	alone := x.placeAlone(row, sel.Rows)
	if err := x.words(row); err != nil {
		return x.out, err
	}
	x.share(row, alone)
	return x.out, nil
}

// rowOf finds a document among the rows of this moment.
func (x *explainer) rowOf(ref search.Ref) (uint32, bool) {
	for i := range x.view.Rows() {
		if r := x.view.Row(uint32(i)); r != nil && r.Doc.Ref == ref {
			return uint32(i), true
		}
	}
	return 0, false
}

func (x *explainer) add(name string, value float64, note string) {
	x.out.Parts = append(x.out.Parts, search.Part{Name: name, Value: value, Note: note})
}

func (x *explainer) times(name string, value float64, note string) {
	x.out.Parts = append(x.out.Parts, search.Part{Name: name, Value: value, Note: note, Times: true})
}

// reason is a part of why something is not found.
func (x *explainer) reason(name, note string) { x.add(name, 0, note) }

// placeAlone is where a row would stand by its score alone.
func (x *explainer) placeAlone(row uint32, rows *roaring.Bitmap) int {
	mine, place := x.score(row), 1
	for it := rows.Iterator(); it.HasNext(); {
		i := it.Next()
		if other := x.score(i); other > mine || other == mine && x.view.ByRef(i, row) < 0 {
			place++
		}
	}
	return place
}

// words scores the row a word at a time.
func (x *explainer) words(row uint32) error {
	need, like := x.need, x.like
	text := 0.0
	final := x.out.Score
	x.rows = roaring.BitmapOf(row)
	x.in = columns.SetOf(x.rows, x.view.Rows())
	for _, part := range []struct {
		groups []norm.Group
		lists  [][]lookup
		worth  float64
	}{{x.plan.Need, need, 1}, {x.plan.Like, like, rank.Soft}} {
		for i, list := range part.lists {
			points, err := x.points(row, func() error { return x.rankGroup(list, part.worth) })
			if err != nil {
				return err
			}
			text += points
			matched, err := x.matched(row, part.groups[i], list, part.worth)
			if err != nil {
				return err
			}
			x.add(x.nameOf(part.groups[i].Terms[0]), points, matched)
		}
	}
	for _, l := range x.shared {
		points, err := x.points(row, func() error { return x.rankTerm(l, kinPart, x.scratch.scores, true) })
		if err != nil {
			return err
		}
		if points > 0 {
			text += points
			x.add(x.nameOf(l.term), points, fmt.Sprintf("few hold the words, and the best of them share this (×%g)", kinPart))
		}
	}
	x.add("every hit", rank.Base, "so that quality orders hits that hold none of the words")
	preferred := 1.0
	if slices.Contains(x.prefer, x.view.Row(row).Doc.Kind) {
		preferred = rank.Preferred
		x.times("kind asked for", preferred, "the text asks for "+strings.Join(x.prefer, " or "))
	}
	if x.view.Foreign(x.lang)(row) {
		preferred *= rank.Foreign
		x.times("another language", rank.Foreign, "the text is in "+x.lang)
	}
	if x.whole > 0 {
		part := float64(x.scratch.mass[row] / x.whole)
		preferred *= part
		x.times("part of the text", part, "few hits hold every word")
	}
	if words := preferred * (text + rank.Base); words > 0 {
		x.times("quality and freshness", final/words, x.habits(row))
	}
	return nil
}

// points is what a piece of ranking gives the row.
func (x *explainer) points(row uint32, rank func() error) (float64, error) {
	x.scratch.size(x.view.Rows())
	clear(x.scratch.scores)
	err := rank()
	return float64(x.scratch.scores[row]), err
}

// matched tells which terms of a group the row holds; the best one counts.
func (x *explainer) matched(row uint32, g norm.Group, list []lookup, worth float64) (string, error) {
	terms := slices.Concat(g.Terms, g.Maybe, g.Wider)
	var out []string
	for i, l := range list {
		if l.rows != nil {
			if l.rows.Contains(row) {
				out = append(out, "its "+g.Or.Facet+" is "+g.Or.Value)
			}
			continue
		}
		v, err := x.points(row, func() error { return x.rankTerm(l, worth, x.scratch.scores, true) })
		if err != nil {
			return "", err
		}
		if v > 0 {
			out = append(out, fmt.Sprintf("%s%s in %s", x.nameOf(terms[i]), x.worth(g, i), documents(l.docs)))
		}
	}
	if len(out) == 0 {
		return "not in it", nil
	}
	return strings.Join(out, "; "), nil
}

func documents(n uint64) string {
	if n == 1 {
		return "1 document"
	}
	return fmt.Sprintf("%d documents", n)
}

// worth says why a term counts for less than the asked one.
func (x *explainer) worth(g norm.Group, i int) string {
	switch {
	case i >= len(g.Terms)+len(g.Maybe):
		return fmt.Sprintf(" (narrower, or what the words may speak of, ×%g)", rank.Wider)
	case i >= len(g.Terms) && strings.HasPrefix(g.Maybe[i-len(g.Terms)], norm.ConceptMark):
		return fmt.Sprintf(" (what the words speak of, ×%g)", rank.Maybe)
	case i >= len(g.Terms):
		return fmt.Sprintf(" (as a plain word, ×%g)", rank.Maybe)
	}
	return ""
}

// nameOf shows a term: a skill by its name, a word by its stem.
func (x *explainer) nameOf(term string) string {
	if id, ok := strings.CutPrefix(term, norm.ConceptMark); ok {
		return "skill " + x.engine.tax.Name(id, "en")
	}
	return "word " + term + "-"
}

// habits tells what stands behind quality and freshness.
func (x *explainer) habits(row uint32) string {
	q := x.view.Quality(row)
	days := int64(0)
	if q.Active > 0 {
		days = max(x.q.Now.Unix()/secondsPerDay-int64(q.Active), 0)
	}
	active := fmt.Sprintf("last active %d days ago", days)
	switch {
	case q.Active == 0:
		active = "never active"
	case days == 0:
		active = "active today"
	}
	return fmt.Sprintf("quality %.2f of 1, %s", q.Weight, active)
}

const secondsPerDay = 24 * 60 * 60

// share tells when newcomers' places moved the row.
func (x *explainer) share(row uint32, alone int) {
	switch moved := x.out.Place - alone; {
	case moved < 0:
		x.add("newcomer", 0, fmt.Sprintf("lifted from place %d: every %dth of the first %d places is for newcomers", alone, rank.Every, rank.Within))
	case moved > 0:
		x.add("newcomers", 0, fmt.Sprintf("place %d by score; newcomers were lifted above it", alone))
	case x.view.IsNew(row, x.q.Now):
		x.add("newcomer", 0, "stands there by its score")
	}
}

// browsed explains a place where no text was asked for.
func (x *explainer) browsed(row uint32) search.Explanation {
	sel := x.view.Select(x.q, nil)
	if !sel.Rows.Contains(row) {
		x.filters(row)
		return x.out
	}
	x.q.Limit = int(sel.Rows.GetCardinality())
	order := x.view.Page(x.q, sel.Rows, nil)
	x.out.Found, x.out.Place = true, slices.Index(order, row)+1
	x.add("no words", 0, "ordered by quality and freshness: "+x.habits(row))
	if x.view.IsNew(row, x.q.Now) {
		x.add("newcomer", 0, fmt.Sprintf("every %dth of the first %d places is for newcomers", rank.Every, rank.Within))
	}
	return x.out
}

// excluded tells why a row is not among the hits.
func (x *explainer) excluded(row uint32) error {
	x.filters(row)
	if x.rows.Contains(row) {
		return nil
	}
	need, _, err := x.lookups(x.plan, true)
	if err != nil {
		return err
	}
	for i, g := range need {
		if _, in := x.all([][]lookup{g}); !in.Has(row) {
			x.reason(x.nameOf(x.plan.Need[i].Terms[0]), "not in it")
		}
	}
	if len(x.out.Parts) == 0 {
		x.reason("words", "other things hold more of them")
	}
	return nil
}

// filters tells which of the query's filters a row does not pass.
func (x *explainer) filters(row uint32) {
	q := x.q
	for _, f := range []struct {
		name  string
		alone search.Query
	}{
		{search.FacetKind, search.Query{Kinds: q.Kinds}},
		{search.FacetSkill, search.Query{Skills: q.Skills}},
		{search.FacetLevel, search.Query{Levels: q.Levels}},
		{search.FacetLang, search.Query{Langs: q.Langs}},
		{search.FacetFormat, search.Query{Formats: q.Formats}},
		{search.FacetLicence, search.Query{Licences: q.Licences}},
		{search.FacetFree, search.Query{Free: q.Free}},
		{search.FacetNew, search.Query{Newcomer: q.Newcomer}},
		{search.ReadingPrice, search.Query{PriceMin: q.PriceMin, PriceMax: q.PriceMax, Currency: q.Currency, Rates: q.Rates}},
		{search.FacetOpen, search.Query{OpenBy: q.OpenBy}},
		{"owner", search.Query{Owner: q.Owner}},
	} {
		if len(f.alone.Kinds) == 0 { // a second kind of one person is found only when asked for
			f.alone.Kinds = []string{x.view.Row(row).Doc.Kind}
			if f.name == search.FacetKind {
				f.alone.Kinds = nil
			}
		}
		f.alone.Now = q.Now
		if !x.view.Select(&f.alone, nil).Rows.Contains(row) {
			note := "the query's " + f.name + " keeps it out"
			if f.name == search.FacetKind && len(q.Kinds) == 0 {
				note = "the same stands in another kind, which is shown instead"
			}
			x.reason(f.name, note)
		}
	}
}
