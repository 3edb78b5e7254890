package rank_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search/rank"
)

type hit struct {
	id    int
	fresh bool
	score float64
}

func deal(list []hit, n int) []hit {
	waiting := slices.DeleteFunc(slices.Clone(list), func(h hit) bool { return !h.fresh })
	return rank.Deal(list[:n], waiting[:min(len(waiting), rank.Within)], func(h hit) int { return h.id },
		func(h hit) bool { return h.fresh }, func(h hit) float64 { return h.score })
}

func drawHits(t *rapid.T) []hit {
	out := make([]hit, rapid.IntRange(1, 120).Draw(t, "hits"))
	for i := range out {
		out[i] = hit{fresh: rapid.IntRange(0, 5).Draw(t, "fresh") == 0, score: float64(rapid.IntRange(0, 20).Draw(t, "score"))}
	}
	slices.SortStableFunc(out, func(a, b hit) int { return int(b.score - a.score) })
	for i := range out {
		out[i].id = i
	}
	return out
}

// Nobody is lost or doubled, who is no newcomer keeps the order, nobody is
// lifted far above their worth, and no more than their share is lifted.
func TestDealIsFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := drawHits(t)
		out := deal(list, len(list))
		seen := map[int]bool{}
		last, lifted := -1, 0
		for i, h := range out {
			if seen[h.id] {
				t.Fatalf("%d stands twice", h.id)
			}
			seen[h.id] = true
			if !h.fresh {
				if h.id < last {
					t.Fatalf("%d stands behind %d", h.id, last)
				}
				last = h.id
			}
			if h.fresh && i < h.id {
				if lifted++; i >= rank.Within || (i+1)%rank.Every != 0 && !among(out[:i], list[:h.id]) {
					t.Fatalf("%d of place %d was lifted to %d", h.id, h.id, i)
				}
			}
		}
		if len(seen) != len(list) {
			t.Fatalf("%d of %d hits are left", len(seen), len(list))
		}
	})
}

// among tells whether some of a list that stood before is missing: then
// somebody else's lift moved the row, too.
func among(out, before []hit) bool { return len(out) < len(before) }

// The first places do not depend on how many are asked for, so that pages fit
// together.
func TestPagesOfDealsFitTogether(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := drawHits(t)
		n := rapid.IntRange(1, len(list)).Draw(t, "asked")
		if whole, part := deal(list, len(list)), deal(list, n); !slices.Equal(whole[:n], part) {
			t.Fatalf("first %d places: %v, want %v", n, part, whole[:n])
		}
	})
}

// Where newcomers of equal worth wait, every fourth of the first places is theirs.
func TestDealGivesEveryFourthPlace(t *testing.T) {
	t.Parallel()
	list := make([]hit, 60)
	for i := range list {
		list[i] = hit{id: i, fresh: i >= 40, score: 1}
	}
	for i, h := range deal(list, 40) {
		if want := (i+1)%rank.Every == 0 && i < rank.Within; h.fresh != want {
			t.Errorf("place %d: newcomer %v, want %v", i+1, h.fresh, want)
		}
	}
	for i := range list {
		if list[i].fresh {
			list[i].score = rank.Share / 2
		}
	}
	if slices.ContainsFunc(deal(list, 40), func(h hit) bool { return h.fresh }) {
		t.Error("a newcomer of little worth is lifted")
	}
}

// Habits order equals and never turn relevance over.
func TestQualityIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		weight, days := rapid.Float64Range(0, 1).Draw(t, "weight"), rapid.Int64Range(-5, 1000).Draw(t, "days")
		q := rank.Quality(weight, days)
		if q < 1 || q > 1.36 || rank.Quality(min(weight+0.1, 1), days) < q || rank.Quality(weight, days+1) > q {
			t.Fatalf("Quality(%v, %v) = %v", weight, days, q)
		}
	})
}
