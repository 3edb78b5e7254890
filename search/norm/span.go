package norm

import "slices"

// Span is a piece of a text by byte offsets.
type Span struct{ Start, End int }

// Spans finds the pieces of a text that a query asked for, in order and
// without overlaps, for marking them. Both engines mark the same.
func (n *Normaliser) Spans(text string, plan Plan) []Span {
	wanted := map[string]bool{}
	for _, g := range slices.Concat(plan.Need, plan.Like) {
		for _, t := range slices.Concat(g.Terms, g.Maybe) {
			wanted[t] = true
		}
	}
	var out []Span
	for _, t := range n.Terms(text, Heading) {
		switch last := len(out) - 1; {
		case !wanted[t.Text]:
		case last >= 0 && t.Start < out[last].End:
			out[last].End = max(out[last].End, t.End)
		default:
			out = append(out, Span{t.Start, t.End})
		}
	}
	return out
}
