package bleve_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/searchtest"
)

func explain(t *testing.T, e search.Engine, q search.Query, ref search.Ref) search.Explanation {
	t.Helper()
	x, ok := e.(search.Explainer)
	if !ok {
		t.Fatal("the engine explains nothing")
	}
	q.Now = searchtest.Now
	out, err := x.Explain(context.Background(), q, ref)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestExplainAgreesWithSearch: place and score are those of the search, and
// the parts give the score when they are worked out from top to bottom.
func TestExplainAgreesWithSearch(t *testing.T) {
	t.Parallel()
	e := open(t, "")
	defer func() { _ = e.Close() }()
	c := searchtest.Generate(searchtest.Seed, 400)
	if err := e.Apply(context.Background(), search.Batch{Ops: c.Ops(), Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"python", "репетитор python", "ментор go", "программирование для начинающих", "frontend", "ghtgjlfdfntkm",
		"разработка игр qwzxqwzx", "python до 2000", "наставник", "созвон на русском", ""} {
		q := search.Query{Text: text, Limit: 100, Now: searchtest.Now}
		r, err := e.Search(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if r.Total == 0 {
			t.Errorf("%q finds nothing", text)
		}
		for i, h := range r.Hits {
			if i >= 12 && i%7 != 0 {
				continue
			}
			x := explain(t, e, search.Query{Text: text}, h.Ref)
			if !x.Found || x.Place != i+1 || x.Total != r.Total || math.Abs(x.Score-h.Score) > 1e-6 {
				t.Errorf("%q: %v stands at %d of %d with %v; explained as %+v", text, h.Ref, i+1, r.Total, h.Score, x)
				continue
			}
			sum := 0.0
			for _, p := range x.Parts {
				if p.Times {
					sum *= p.Value
				} else {
					sum += p.Value
				}
			}
			if math.Abs(sum-x.Score) > 1e-4*max(1, x.Score) {
				t.Errorf("%q: the parts of %v give %v, not %v: %+v", text, h.Ref, sum, x.Score, x.Parts)
			}
		}
	}
}

func TestExplainInWords(t *testing.T) {
	t.Parallel()
	e := open(t, "")
	defer func() { _ = e.Close() }()
	var ops []search.Op
	put := func(kind, id string, change func(*search.Document)) search.Ref {
		d := search.Document{Ref: search.Ref{Kind: kind, ID: id}, Title: id, Owner: id, Weight: 1, Active: searchtest.Now, Created: searchtest.Now}
		change(&d)
		ops = append(ops, search.Op{Ref: d.Ref, Doc: &d})
		return d.Ref
	}
	ada := put("tutor", "ada", func(d *search.Document) { d.Skills, d.Langs = []string{"python"}, []string{"ru"} })
	second := put("creator", "ada", func(d *search.Document) { d.Skills, d.Second = []string{"python"}, true })
	lesson := put("service", "lesson", func(d *search.Document) {
		d.Lead, d.Active = "Питон и немного зебр", searchtest.Now.AddDate(0, 0, -40)
	})
	ben := put("tutor", "ben", func(d *search.Document) { d.Skills = []string{"go"} })
	for range 8 {
		put("tutor", "other-"+string(rune('a'+len(ops))), func(d *search.Document) { d.Skills = []string{"knitting", "python"} })
	}
	young := put("tutor", "young", func(d *search.Document) {
		d.Skills, d.Weight, d.NewTo = []string{"python"}, 0, searchtest.Now.AddDate(0, 1, 0)
		d.Active = searchtest.Now.AddDate(0, 0, -80)
	})
	if err := e.Apply(context.Background(), search.Batch{Ops: ops, Cursor: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text  string
		ref   search.Ref
		found bool
		said  string // in Understood
		parts []string
	}{
		{"gbnjy", ada, true, `"питон" instead of "gbnjy"`, []string{"skill Python", "in 12 documents", "quality 1.00 of 1, active today"}},
		{"репетитор python", ada, true, `"python", kind tutor`, []string{"kind asked for"}},
		{"репетитор python", lesson, true, "", []string{"last active 40 days ago"}},
		{"python зебра", lesson, true, "", []string{"word зебр-", "in 1 document"}},
		{"python", ben, false, "", []string{"skill Python: not in it"}},
		{"go", lesson, false, "", []string{"skill Go: not in it"}},
		{"python на русском", young, false, "language ru", []string{"language: the query's language keeps it out"}},
		{"python", second, false, "", []string{"kind: the same stands in another kind"}},
		{"python", search.Ref{Kind: "tutor", ID: "nobody"}, false, "", []string{"not public"}},
		{"?!", ada, false, "", []string{"no word to look for"}},
		{"", ada, true, "everything", []string{"ordered by quality and freshness"}},
		{"python", young, true, "", []string{"lifted from place"}},
		{"бесплатно python", ada, false, "", nil},
		{"python до 2000", ada, false, "", nil},
	} {
		x := explain(t, e, search.Query{Text: c.text}, c.ref)
		all := ""
		for _, p := range x.Parts {
			all += p.Name + ": " + p.Note + "\n"
		}
		if c.parts == nil { // the filter left nothing, so the words alone were looked for
			if x.Total > 0 && !x.Found && all == "" {
				t.Errorf("%q, %v: no reason given: %+v", c.text, c.ref, x)
			}
			continue
		}
		if x.Found != c.found || !strings.Contains(x.Understood, c.said) {
			t.Errorf("%q, %v: %+v", c.text, c.ref, x)
		}
		if slices.ContainsFunc(c.parts, func(p string) bool { return !strings.Contains(all, p) }) {
			t.Errorf("%q, %v: want %q in\n%s", c.text, c.ref, c.parts, all)
		}
	}
}

func TestExplainAfterClose(t *testing.T) {
	t.Parallel()
	e := open(t, "")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.(search.Explainer).Explain(context.Background(), search.Query{}, search.Ref{}); err == nil {
		t.Error("a closed engine explains")
	}
}
