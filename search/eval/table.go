package eval

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// gain is the discounted gain of grades in their order, to Depth.
func gain(grades []int) (sum float64) {
	for i, g := range grades[:min(len(grades), Depth)] {
		sum += (math.Exp2(float64(g)) - 1) / math.Log2(float64(i)+2)
	}
	return sum
}

// shownUnknown is how many unknown names a table lists.
const shownUnknown = 10

// Table writes the report for a person: a line per class in the order of their
// names, then all.
func (r Report) Table(w io.Writer) error {
	width := len("class")
	for class := range r.Classes {
		width = max(width, utf8.RuneCountInString(class))
	}
	var b strings.Builder
	line := func(name string, s Score) {
		fmt.Fprintf(&b, "%-*s  %7d  %7.3f  %9.3f\n", width, name, s.N, s.NDCG10, s.Success5)
	}
	fmt.Fprintf(&b, "%-*s  %7s  %7s  %9s\n", width, "class", "queries", "nDCG@10", "success@5")
	for _, class := range slices.Sorted(maps.Keys(r.Classes)) {
		line(class, r.Classes[class])
	}
	line("all", r.All)
	r.remarks(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// remarks tells what in the labels keeps figures low whatever the engine does.
func (r Report) remarks(b *strings.Builder) {
	hopeless := 0
	for _, o := range r.Outcomes {
		if slices.Max(slices.Collect(maps.Values(o.Relevant))) < Good {
			hopeless++
		}
	}
	if hopeless > 0 {
		fmt.Fprintf(b, "\nqueries without a grade of %d or more, which cannot be a success: %d\n", Good, hopeless)
	}
	if n := len(r.Unknown); n > 0 {
		fmt.Fprintf(b, "\nlabelled names that nothing public on this board has: %d\n", n)
		for _, name := range r.Unknown[:min(n, shownUnknown)] {
			fmt.Fprintf(b, "  %s\n", name)
		}
		if n > shownUnknown {
			fmt.Fprintf(b, "  and %d more\n", n-shownUnknown)
		}
	}
}

// Each writes a line per query: what it gained and where its first good hit stands.
func (r Report) Each(w io.Writer) error {
	width := len("class")
	for class := range r.Classes {
		width = max(width, utf8.RuneCountInString(class))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s  %7s  %10s  %s\n", width, "class", "nDCG@10", "first good", "query")
	for _, o := range r.Outcomes {
		place := "-"
		if o.Place > 0 {
			place = fmt.Sprint(o.Place)
		}
		fmt.Fprintf(&b, "%-*s  %7.3f  %10s  %q\n", width, o.Class, o.NDCG10, place, o.Q)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
