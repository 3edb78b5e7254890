package search_test

import (
	"testing"

	"github.com/tmoeg/oduvan/search"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		r    search.Result
		want string
	}{
		{"go", search.Result{Understood: search.Understood{Text: "go"}}, `"go"`},
		{"", search.Result{}, `everything`},
		{"gbnjy", search.Result{Corrected: "питон", Understood: search.Understood{Text: "питон"}}, `"питон" instead of "gbnjy"`},
		{"mentor go by chat", search.Result{Understood: search.Understood{Text: "go", Kinds: []string{"tutor"}, Formats: []string{"chat", "call"}}},
			`"go", kind tutor, format chat or call`},
		{"free go from 10 to 20.50 $", search.Result{Understood: search.Understood{Text: "go", Free: true, PriceMin: 1000, PriceMax: 2050, Currency: "USD"}},
			`"go", free, from 10 USD, up to 20.5 USD`},
		{"go under 5", search.Result{Understood: search.Understood{Text: "go", PriceMax: 500}}, `"go", up to 5`},
		{"go zebra", search.Result{Partial: true, Understood: search.Understood{Text: "go zebra"}}, `"go zebra"; nothing holds every word`},
		{"\x1b[2J", search.Result{Corrected: "x", Understood: search.Understood{Text: "\x1b"}}, `"\x1b" instead of "\x1b[2J"`},
	} {
		if got := search.Describe(c.text, c.r); got != c.want {
			t.Errorf("%q: got %s, want %s", c.text, got, c.want)
		}
	}
}
