package bench

import (
	"fmt"
	"io"
	"strings"
)

// target is what the board's engine shall keep in a class: its share of plain
// bleve's CPU.
func target(class string) float64 {
	switch class {
	case classTypo:
		return 1.0 / 2
	case classFilters, classBrowse:
		return 1.0 / 10
	}
	return 1.0 / 3
}

// slowest is the most that p99 may be in ms at a size; 0: nothing is said of it.
func slowest(docs int, class string) float64 {
	const large, huge = 100_000, 1_000_000
	switch {
	case docs <= large && class == classPrefix:
		return 30 // what a page waits for while somebody types
	case docs <= large:
		return 10
	case docs <= huge:
		return 50
	}
	return 0
}

// Table writes the report for a person.
func (r Report) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Varied queries over %d made-up documents, %d engines asked in turn, each in a process of its own; %s\n", r.Docs, len(Engines()), r.System)
	fmt.Fprintf(&b, "CPU is per query with garbage collection; p50 and p99 are by the clock; RSS is the most in the class;\n")
	fmt.Fprintf(&b, "answered are queries that found something, found is how much on average: who finds more works more\n\n")
	fmt.Fprintf(&b, "%-22s  %-11s  %7s  %9s  %9s  %9s  %8s  %8s  %8s\n", "class", "engine", "queries", "CPU ms", "p50 ms", "p99 ms", "RSS MiB", "answered", "found")
	for _, class := range classes() {
		shown := class
		for _, name := range Engines() {
			c := r.Classes[class][name]
			fmt.Fprintf(&b, "%-22s  %-11s  %7d  %9.3f  %9.3f  %9.3f  %8.0f  %7.0f%%  %8.0f\n", shown, name, c.Queries, c.CPU, c.P50, c.P99, mib(c.RSS), 100*c.Answered, c.Found)
			shown = ""
		}
	}
	r.targets(&b)
	fmt.Fprintf(&b, "\n%-11s  %9s  %9s  %9s  %8s\n", "engine", "build s", "CPU s", "disk MiB", "RSS MiB")
	for _, name := range Engines() {
		c := r.Built[name]
		fmt.Fprintf(&b, "%-11s  %9.1f  %9.1f  %9.1f  %8.0f\n", name, c.Seconds, c.CPU, mib(c.Bytes), mib(c.RSS))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// targets compares the board's engine with the others and with what it shall keep.
func (r Report) targets(b *strings.Builder) {
	fmt.Fprintf(b, "\n%-22s  %14s  %-14s  %14s  %10s  %s\n", "class", "CPU of plain", "target", "CPU of memory", "p99 ms", "target")
	for _, class := range classes() {
		c := r.Classes[class]
		share, kept := "-", "-"
		if plain, ok := c[Plain]; ok {
			of := ratio(c[Embedded].CPU, plain.CPU)
			share, kept = fmt.Sprintf("%.3f×", of), verdict(fmt.Sprintf("%.3f", target(class)), of <= target(class))
		}
		last := "-"
		if most := slowest(r.Docs, class); most > 0 {
			last = verdict(fmt.Sprintf("%g", most), c[Embedded].P99 <= most)
		}
		fmt.Fprintf(b, "%-22s  %14s  %-14s  %13.1f×  %10.3f  %s\n", class, share, kept,
			ratio(c[Embedded].CPU, c[Memory].CPU), c[Embedded].P99, last)
	}
}

func verdict(bound string, met bool) string {
	if met {
		return "≤ " + bound + " met"
	}
	return "≤ " + bound + " MISSED"
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
