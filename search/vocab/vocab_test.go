package vocab_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/search/vocab"
)

func TestNear(t *testing.T) {
	t.Parallel()
	v := vocab.New()
	for word, docs := range map[string]int{"питон": 5, "бетон": 50, "математик": 9, "програм": 3, "кот": 1, "код": 7} {
		v.Add(word, word+"*", docs)
	}
	v.Add("безлик", "", 100)
	for _, c := range []struct {
		typed    string
		distance int
		want     string
	}{
		{"питтон", 1, "питон"}, {"птион", 1, "питон"}, {"пито", 1, "питон"}, {"зитон", 1, "питон"},
		{"патон", 1, "питон"}, {"итон", 1, "питон"}, {"матиматек", 2, "математик"}, {"матиматек", 1, ""},
		{"ком", 1, "код"}, {"безлик", 1, ""}, {"", 2, ""}, {strings.Repeat("ы", 100), 2, ""},
	} {
		near, word, ok := v.Near(c.typed, c.typed, c.distance)
		if near != c.want || ok != (c.want != "") || ok && word != c.want+"*" {
			t.Errorf("Near(%q, %d) = %q, %q, %v; want %q", c.typed, c.distance, near, word, ok, c.want)
		}
	}
}

// A mistake near the end misleads the stemming, so written words count too;
// and a short stem is near to anything, so its word must be near as well.
func TestNearLooksAtWrittenWords(t *testing.T) {
	t.Parallel()
	v := vocab.New()
	for stem, word := range map[string]string{"develop": "development", "юнит": "юнити", "бит": "бит", "мелк": "мелкие", "вед": "веду"} {
		v.Add(stem, word, 3)
	}
	for _, c := range []struct{ stem, typed, want string }{
		{"developmnet", "developmnet", "development"}, {"бнит", "бнити", "юнити"}, {"вебд", "вебдев", ""},
	} {
		if _, word, _ := v.Near(c.stem, c.typed, 1); word != c.want {
			t.Errorf("Near(%q, %q) = %q, want %q", c.stem, c.typed, word, c.want)
		}
	}
}

func TestPrefixAndKnown(t *testing.T) {
	t.Parallel()
	v := vocab.New()
	for i, w := range []string{"прогноз", "програм", "программист", "кот"} {
		v.Add(w, w, i)
	}
	if diff := cmp.Diff([]string{"программист", "програм"}, v.Prefix("прог", 2)); diff != "" {
		t.Error(diff)
	}
	if got := v.Prefix("кот", 5); len(got) != 0 {
		t.Errorf("a whole word is its own prefix: %v", got)
	}
	if !v.Known("кот") || v.Known("ко") || v.Size() != 4 {
		t.Error("Known or Size")
	}
}

func TestWitness(t *testing.T) {
	t.Parallel()
	v := vocab.New()
	if v.Witness("кот") {
		t.Error("an unknown stem needs no witness")
	}
	v.Add("кот", "кота", 1)
	got := []bool{v.Witness("кот"), v.Witness("кот"), v.Witness("кот"), v.Witness("кот")}
	if diff := cmp.Diff([]bool{true, true, true, false}, got); diff != "" {
		t.Error(diff)
	}
}

// slowDistance is the textbook recursion.
func slowDistance(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	}
	cost := 1
	if a[0] == b[0] {
		cost = 0
	}
	best := min(slowDistance(a[1:], b)+1, slowDistance(a, b[1:])+1, slowDistance(a[1:], b[1:])+cost)
	if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
		best = min(best, slowDistance(a[2:], b[2:])+1)
	}
	return best
}

func TestNearFindsWhatIsNear(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[абв]{1,5}`)
	rapid.Check(t, func(r *rapid.T) {
		known, typed := word.Draw(r, "known"), word.Draw(r, "typed")
		v := vocab.New()
		v.Add(known, known, 1)
		limit := rapid.IntRange(1, 2).Draw(r, "limit")
		_, _, ok := v.Near(typed, typed, limit)
		if want := slowDistance([]rune(typed), []rune(known)) <= limit; ok != want {
			r.Fatalf("Near(%q) over %q within %d: %v, want %v", typed, known, limit, ok, want)
		}
	})
}

func BenchmarkNear(b *testing.B) {
	v := vocab.New()
	for i := range 100_000 {
		w := fmt.Sprintf("%c%cслово%dконец%c", 'а'+rune(i%30), 'а'+rune(i/30%30), i, 'а'+rune(i/900%30))
		v.Add(w, w, i)
	}
	for b.Loop() {
		v.Near("безслово1конецц", "безслово1конецц", 2)
	}
}
