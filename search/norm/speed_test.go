package norm_test

import (
	"strings"
	"testing"

	"github.com/tmoeg/oduvan/search/norm"
)

// Hostile texts must cost no more per byte than honest ones.
func BenchmarkTerms(b *testing.B) {
	const size = 64 << 10
	for name, piece := range map[string]string{
		"prose":   "Научу программированию на питоне с нуля, разберём алгоритмы и базы данных. ",
		"accents": "и\u0306", "one word": "ы", "marks": "++##", "dots": ".net", "aliases": "go си р c ", "invisible": "a\u202e",
	} {
		text := strings.Repeat(piece, size/len(piece))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				shared.Terms(text, norm.Prose)
			}
		})
	}
}

func BenchmarkPlan(b *testing.B) {
	for name, text := range map[string]string{"known": "собеседование go до 2000", "typo": "программрование", "layout": "ghjuhfvvbhjdfybt", "longest": strings.Repeat("щукен ", 40)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				shared.Plan(text, book, false)
			}
		})
	}
}
