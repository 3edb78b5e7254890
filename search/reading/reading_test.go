package reading_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/search"
	"github.com/tmoeg/oduvan/search/norm"
	"github.com/tmoeg/oduvan/search/reading"
	"github.com/tmoeg/oduvan/search/taxonomy"
)

// world answers from a table: what is found under which filters.
type world struct {
	asked []string
	total map[string]int
	err   error
}

func (w *world) ask(q search.Query, plan norm.Plan) (search.Result, error) {
	said := reading.Understand(&q, plan)
	key := "words"
	switch {
	case plan.Empty():
		key = "browse"
	case len(said.Readings) > 0:
		key = "filtered"
	}
	w.asked = append(w.asked, key)
	return search.Result{Total: w.total[key], Understood: said}, w.err
}

func TestAnswerWidensWhatLeavesNothing(t *testing.T) {
	t.Parallel()
	n := norm.New(taxonomy.New())
	for name, c := range map[string]struct {
		text  string
		total map[string]int
		asked []string
		kinds []string
		wide  bool
	}{
		"found":          {"репетитор python", map[string]int{"filtered": 3, "words": 1}, []string{"filtered"}, []string{"tutor"}, false},
		"words as typed": {"репетитор python", map[string]int{"words": 1}, []string{"filtered", "words"}, nil, false},
		"only the kinds": {"репетитор python", map[string]int{"browse": 7}, []string{"filtered", "words", "browse"}, []string{"tutor"}, true},
		"nothing at all": {"репетитор python", nil, []string{"filtered", "words", "browse"}, []string{"tutor"}, false},
		"no reading":     {"python", nil, []string{"words"}, nil, false},
	} {
		w := &world{total: c.total}
		q := search.Query{Text: c.text}
		res, err := reading.Answer(q, n.Plan(c.text, nil, false), w.ask)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.asked, w.asked); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(c.kinds, res.Understood.Kinds); diff != "" || res.Partial != c.wide {
			t.Errorf("%s: partial %v, kinds %s", name, res.Partial, diff)
		}
	}
	broken := errors.New("away")
	w := &world{err: broken}
	if _, err := reading.Answer(search.Query{Text: "go"}, n.Plan("go", nil, false), w.ask); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestSenseless(t *testing.T) {
	t.Parallel()
	n := norm.New(taxonomy.New())
	for text, want := range map[string]bool{"": false, "   ": false, "!!! ???": true, "python": false, "до 2000 рублей": false, "наставник": false} {
		if got := reading.Senseless(search.Query{Text: text}, n.Plan(text, nil, false)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	for in, want := range map[int]int{-1: 24, 0: 24, 1: 1, 100: 100, 1 << 30: 100} {
		if got := reading.Limit(in); got != want {
			t.Errorf("%d: %d", in, got)
		}
	}
}

func TestNameKeys(t *testing.T) {
	t.Parallel()
	var got []string
	reading.NameKeys("tutor", "Ada  Lovelace-Byron", "ada", func(key string, whole bool) {
		if whole {
			key += "!"
		}
		got = append(got, key)
	})
	if diff := cmp.Diff([]string{"ada lovelace-byron!", "lovelace-byron", "byron", "ada!"}, got); diff != "" {
		t.Error(diff)
	}
}
