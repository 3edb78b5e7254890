package eval_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search/eval"
)

// answer gives the same hits to every query, one letter each.
func answer(letters string) func(context.Context, string) ([]eval.Found, error) {
	return func(context.Context, string) ([]eval.Found, error) {
		var out []eval.Found
		for _, l := range letters {
			out = append(out, eval.Found{ID: string(l)})
		}
		return out, nil
	}
}

func measure(t *testing.T, letters string, relevant map[string]int) eval.Report {
	t.Helper()
	r, err := eval.Measure(context.Background(), answer(letters), []eval.Case{{Class: "c", Q: "q", Relevant: relevant}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMeasureByHand(t *testing.T) {
	t.Parallel()
	// Gains: grade 3 is 7, grade 2 is 3, grade 1 is 1. Discounts: 1, 1/1.58496,
	// 1/2, 1/2.32193, 1/2.58496, ...
	three := map[string]int{"a": 3, "b": 2, "c": 1} // ideal: 7 + 3/1.58496 + 1/2 = 9.392789
	for name, c := range map[string]struct {
		hits     string
		relevant map[string]int
		ndcg     float64
		success  float64
		place    int
	}{
		"in order":                       {"abc", three, 1, 1, 1},
		"backwards":                      {"cba", three, (1 + 1.892789 + 3.5) / 9.392789, 1, 2},
		"first two swapped":              {"bac", three, (3 + 4.416508 + 0.5) / 9.392789, 1, 1},
		"nothing found":                  {"", three, 0, 0, 0},
		"only strangers":                 {"xyz", three, 0, 0, 0},
		"only the least":                 {"c", three, 1 / 9.392789, 0, 0},
		"two equal, one way":             {"ab", map[string]int{"a": 2, "b": 2}, 1, 1, 1},
		"two equal, the other way":       {"ba", map[string]int{"a": 2, "b": 2}, 1, 1, 1},
		"good at the fifth place":        {"wxyza", map[string]int{"a": 2}, 1 / 2.584963, 1, 5},
		"good at the sixth place":        {"vwxyza", map[string]int{"a": 2}, 1 / 2.807355, 0, 6},
		"at the tenth place":             {"123456789a", map[string]int{"a": 3}, 1 / 3.459432, 0, 10},
		"at the eleventh place":          {"123456789xa", map[string]int{"a": 3}, 0, 0, 11},
		"grade 1 first, grade 2 later":   {"cb", map[string]int{"b": 2, "c": 1}, (1 + 1.892789) / (3 + 0.630930), 1, 2},
		"a grade of zero gains nothing":  {"za", map[string]int{"a": 1, "z": 0}, 0.630930, 0, 0},
		"the same thing twice":           {"aab", map[string]int{"a": 2, "b": 2}, 1, 1, 1},
		"one of two found":               {"a", map[string]int{"a": 1, "b": 1}, 1 / 1.630930, 0, 0},
		"capital letters in the answer":  {"AB", map[string]int{"a": 2, "b": 2}, 1, 1, 1},
		"grade 1 alone is never success": {"a", map[string]int{"a": 1}, 1, 0, 0},
	} {
		r := measure(t, c.hits, c.relevant)
		want := eval.Score{N: 1, NDCG10: c.ndcg, Success5: c.success}
		if diff := cmp.Diff(want, r.All, cmpopts.EquateApprox(0, 1e-5)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if r.Outcomes[0].Place != c.place {
			t.Errorf("%s: first good at %d, want %d", name, r.Outcomes[0].Place, c.place)
		}
	}
}

// TestIdealOfMoreThanTen: twelve good things cannot all stand among ten.
func TestIdealOfMoreThanTen(t *testing.T) {
	t.Parallel()
	relevant := map[string]int{}
	for _, l := range "abcdefghijkl" {
		relevant[string(l)] = 1
	}
	if r := measure(t, "abcdefghij", relevant); r.All.NDCG10 != 1 {
		t.Errorf("ten of twelve equal things: %v, want 1", r.All.NDCG10)
	}
	relevant["l"] = 3
	if r := measure(t, "abcdefghij", relevant); r.All.NDCG10 >= 0.5 {
		t.Errorf("the best of twelve is missing: %v", r.All.NDCG10)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	cases := []eval.Case{{Class: "c", Q: "q", Relevant: map[string]int{"ada lovelace": 3, "s-1": 1}}}
	for name, c := range map[string]struct {
		hits []eval.Found
		want float64
	}{
		"by name":          {[]eval.Found{{ID: "77", Names: []string{"Ada  LOVELACE", "ada"}}, {ID: "S-1"}}, 1},
		"by second name":   {[]eval.Found{{ID: "x", Names: []string{"A lesson", "Ada Lovelace"}}, {ID: "s-1"}}, 1},
		"id before name":   {[]eval.Found{{ID: "s-1", Names: []string{"Ada Lovelace"}}}, 1 / 7.630930},
		"her lesson after": {[]eval.Found{{ID: "77", Names: []string{"Ada Lovelace"}}, {ID: "x", Names: []string{"Other", "Ada Lovelace"}}, {ID: "s-1"}}, 1},
	} {
		r, err := eval.Measure(context.Background(), func(context.Context, string) ([]eval.Found, error) { return c.hits, nil }, cases)
		if err != nil || math.Abs(r.All.NDCG10-c.want) > 1e-5 {
			t.Errorf("%s: %v, %v; want %v", name, r.All.NDCG10, err, c.want)
		}
	}
	got := eval.Missing([]string{"Ada Lovelace", "nobody", "s-1"}, func(yield func(eval.Found) bool) {
		_ = yield(eval.Found{ID: "S-1", Names: []string{"ada lovelace"}})
	})
	if diff := cmp.Diff([]string{"nobody"}, got); diff != "" {
		t.Errorf("missing: %s", diff)
	}
}

func TestMeansPerClass(t *testing.T) {
	t.Parallel()
	cases := []eval.Case{
		{Class: "typo", Q: "1", Relevant: map[string]int{"a": 2}},
		{Class: "typo", Q: "2", Relevant: map[string]int{"z": 2}},
		{Class: "plain", Q: "3", Relevant: map[string]int{"a": 1, "b": 3}},
	}
	r, err := eval.Measure(context.Background(), answer("a"), cases)
	if err != nil {
		t.Fatal(err)
	}
	last := 1 / 7.630930
	want := eval.Report{All: eval.Score{N: 3, NDCG10: (1 + last) / 3, Success5: 1.0 / 3},
		Classes: map[string]eval.Score{"typo": {N: 2, NDCG10: 0.5, Success5: 0.5}, "plain": {N: 1, NDCG10: last}}}
	if diff := cmp.Diff(want, r, cmpopts.EquateApprox(0, 1e-5), cmpopts.IgnoreFields(eval.Report{}, "Outcomes")); diff != "" {
		t.Error(diff)
	}
	r.Unknown = []string{"nobody"}
	var b strings.Builder
	if err := r.Table(&b); err != nil {
		t.Fatal(err)
	}
	wantTable := `class  queries  nDCG@10  success@5
plain        1    0.131      0.000
typo         2    0.500      0.500
all          3    0.377      0.333

labelled names that nothing public on this board has: 1
  nobody
`
	if diff := cmp.Diff(wantTable, b.String()); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	if err := r.Each(&b); err != nil {
		t.Fatal(err)
	}
	if want := "typo     0.000           -  \"2\"\n"; !strings.Contains(b.String(), want) {
		t.Errorf("lines: %q do not hold %q", b.String(), want)
	}
}

func TestMeasureStops(t *testing.T) {
	t.Parallel()
	cases := []eval.Case{{Class: "c", Q: "why", Relevant: map[string]int{"a": 1}}}
	away := errors.New("away")
	_, err := eval.Measure(context.Background(), func(context.Context, string) ([]eval.Found, error) { return nil, away }, cases)
	if !errors.Is(err, away) || !strings.Contains(err.Error(), `"why"`) {
		t.Errorf("an engine that is away: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := eval.Measure(ctx, answer("a"), cases); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	got, err := eval.Load(strings.NewReader(`[{"class":"plain","q":"C#","relevant":{"Ada  L":3,"x":0}}]`))
	want := []eval.Case{{Class: "plain", Q: "C#", Relevant: map[string]int{"ada l": 3, "x": 0}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v %s", err, diff)
	}
	good := `{"class":"c","q":"q","relevant":{"a":1}}`
	for text, hint := range map[string]string{
		``:                "not an array",
		`{}`:              "not an array",
		`[]`:              "no labelled queries",
		`[` + good + `]x`: "not an array",
		`[` + good + `,{"class":"c","q":"q","relevant":{}}]`:                 "entry 2",
		`[` + good + `,{"class":"c","q":"q"}]`:                               "entry 2",
		`[{"class":"c","q":"q","relevant":{"a":0}}]`:                         "no grade above 0",
		`[{"class":"c","q":" ","relevant":{"a":1}}]`:                         "q must not",
		`[{"q":"q","relevant":{"a":1}}]`:                                     "class",
		`[{"class":"c","q":"q","relevant":{"a":1},"author":"me"}]`:           "unknown field",
		`[{"class":"c","q":"q","relevant":{"a":-1}}]`:                        "grade -1",
		`[{"class":"c","q":"q","relevant":{"a":11}}]`:                        "grade 11",
		`[{"class":"c","q":"q","relevant":{"a":1.5}}]`:                       "entry 1",
		`[{"class":"c","q":"q","relevant":{" ":1}}]`:                         "not empty",
		`[{"class":"c","q":"q","relevant":{"Ada":1,"ada ":2}}]`:              "labelled twice",
		`[` + good + `,` + good + `,{"class":"c","q":"q","relevant":["a"]}]`: "entry 3",
	} {
		if _, err := eval.Load(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%s: %v, want %q", text, err, hint)
		}
	}
}

// TestBoundsHold: figures stay within 0 and 1, the ideal order gives 1, and
// bringing a better thing forward never costs anything.
func TestBoundsHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		grades := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 15).Draw(r, "grades")
		relevant, hits := map[string]int{"ideal": 1}, []eval.Found{}
		for i, g := range grades {
			relevant[fmt.Sprint(i)] = g
			hits = append(hits, eval.Found{ID: fmt.Sprint(i)})
		}
		ask := func() float64 {
			rep, err := eval.Measure(context.Background(), func(context.Context, string) ([]eval.Found, error) { return hits, nil },
				[]eval.Case{{Class: "c", Q: "q", Relevant: relevant}})
			if err != nil {
				r.Fatal(err)
			}
			return rep.All.NDCG10
		}
		before := ask()
		at := rapid.IntRange(0, len(hits)-1).Draw(r, "at")
		to := rapid.IntRange(0, at).Draw(r, "to")
		better := grades[at] >= grades[to]
		hits[at], hits[to] = hits[to], hits[at]
		after := ask()
		if before < 0 || before > 1+1e-9 || better && after < before-1e-9 {
			r.Errorf("%v: %v, after moving %d to %d %v", grades, before, at, to, after)
		}
	})
}

func FuzzLoad(f *testing.F) {
	f.Add(`[{"class":"c","q":"q","relevant":{"a":1}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		cases, err := eval.Load(strings.NewReader(text))
		if err != nil {
			return
		}
		r, err := eval.Measure(context.Background(), answer("ab"), cases)
		if err != nil || math.IsNaN(r.All.NDCG10) || r.All.NDCG10 < 0 || r.All.NDCG10 > 1+1e-9 {
			t.Errorf("%+v, %v", r.All, err)
		}
	})
}
