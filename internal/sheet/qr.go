package sheet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quiet is the empty margin that the standard asks for, in modules.
const quiet = 4

// QR draws a text as an SVG picture: dark modules on white with the quiet zone,
// whatever the page's colours are, as large as its place. The label is what a
// screen reader says. It is an error when the text is empty or too long for a
// code.
func QR(text, label string) (string, error) {
	code, err := encode(text)
	if err != nil {
		return "", err
	}
	size := strconv.Itoa(code.Size + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + size + ` ` + size + `" role="img" aria-label="` + escaped(label) +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + size + `v` + size + `H0z"/><path fill="#172836" d="`)
	for row := range code.Size {
		for _, run := range runs(code, row) {
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", run[0]+quiet, row+quiet, run[1], run[1])
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}

// encode finds the smallest code that holds the text, and of those the one that
// survives most damage.
func encode(text string) (*qr.Code, error) {
	if text == "" {
		return nil, errors.New("sheet: a code without a text")
	}
	smallest, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, fmt.Errorf("sheet: the text does not fit a code: %w", err)
	}
	best := smallest
	for _, level := range []qr.Level{qr.M, qr.Q, qr.H} {
		code, err := qr.Encode(text, level)
		if err != nil || code.Size > smallest.Size {
			break
		}
		best = code
	}
	return best, nil
}

// runs are the dark stretches of a row: where each begins and how long it is.
func runs(code *qr.Code, row int) (out [][2]int) {
	for x := 0; x < code.Size; x++ {
		if !code.Black(x, row) {
			continue
		}
		begin := x
		for x < code.Size && code.Black(x, row) {
			x++
		}
		out = append(out, [2]int{begin, x - begin})
	}
	return out
}

// escaped is a text within a quoted attribute.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(visible(text))
}
