package site

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAround(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		page, last int
		want       []int
	}{
		{1, 1, nil}, {1, 2, []int{1, 2}}, {2, 3, []int{1, 2, 3}}, {1, 4, []int{1, 2, 3, 4}}, {1, 5, []int{1, 2, 0, 5}},
		{3, 12, []int{1, 2, 3, 4, 0, 12}}, {4, 12, []int{1, 2, 3, 4, 5, 0, 12}}, {6, 12, []int{1, 0, 5, 6, 7, 0, 12}},
		{9, 12, []int{1, 0, 8, 9, 10, 11, 12}}, {12, 12, []int{1, 0, 11, 12}}, {400, 400, []int{1, 0, 399, 400}},
	} {
		if d := cmp.Diff(tt.want, around(tt.page, tt.last)); d != "" {
			t.Errorf("page %d of %d (-want +got):\n%s", tt.page, tt.last, d)
		}
	}
}

// However many pages there are, the row is short enough for a phone, rises, and
// holds both ends and the neighbours.
func TestAroundIsShort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		last := rapid.IntRange(2, maxPage).Draw(t, "last")
		page := rapid.IntRange(1, last).Draw(t, "page")
		got := around(page, last)
		has, before := map[int]bool{}, 0
		for _, n := range got {
			if has[n] = true; n == 0 {
				continue
			}
			if n <= before {
				t.Fatalf("page %d of %d: %v does not rise", page, last, got)
			}
			before = n
		}
		for _, n := range []int{1, max(page-1, 1), page, min(page+1, last), last} {
			if !has[n] {
				t.Fatalf("page %d of %d: %v lacks %d", page, last, got, n)
			}
		}
		if len(got) > 7 {
			t.Fatalf("page %d of %d: %v is too wide", page, last, got)
		}
	})
}

func TestLastPage(t *testing.T) {
	t.Parallel()
	for total, want := range map[int]int{0: 1, 1: 1, perPage: 1, perPage + 1: 2, maxPage * perPage: maxPage, 1 << 40: maxPage} {
		if got := lastPage(total); got != want {
			t.Errorf("%d things: got %d, want %d", total, got, want)
		}
	}
}
