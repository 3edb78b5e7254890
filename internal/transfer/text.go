package transfer

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// clean brings a foreign text into the form the board keeps: one kind of line
// end, no control characters and no marks that turn the direction of a line,
// at most one empty line in a row.
func clean(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n").Replace(text)
	text = strings.Map(func(r rune) rune {
		turns := r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff'
		if turns || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, text)
	lines := strings.Split(text, "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.TrimRight(line, " \t\u00a0")
		if line != "" || len(kept) > 0 && kept[len(kept)-1] != "" {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// oneLine is clean text on a single line, for names and titles.
func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// shorten cuts a text to at most n characters at a word's end and marks the cut
// by an ellipsis. A single word longer than that is cut in its middle.
func shorten(text string, n int) (string, bool) {
	if utf8.RuneCountInString(text) <= n {
		return text, false
	}
	cut := cutRunes(text, n-1)
	if end := strings.LastIndexFunc(cut, unicode.IsSpace); end > len(cut)/2 {
		if next, _ := utf8.DecodeRuneInString(text[len(cut):]); !unicode.IsSpace(next) {
			cut = cut[:end]
		}
	}
	return strings.TrimRightFunc(cut, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:–—-", r)
	}) + "…", true
}

// htmlTag finds the tags that editors of such lists write; a text without any
// is taken as it is, so "a < b" stays.
var htmlTag = regexp.MustCompile(`(?i)</?(p|br|div|span|ul|ol|li|b|strong|i|em|u|a|h[1-6]|code|pre|blockquote|font|img|table|tr|td|th|hr|script|style)(\s[^<>]*)?/?>`)

// plain turns HTML into the Markdown that says the same; other text is only
// cleaned. Scripts, styles and pictures vanish: they are no words of a person.
func plain(text string) string {
	if !htmlTag.MatchString(text) {
		return clean(text)
	}
	w := &htmlWriter{}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		w.token(z.Token())
	}
	w.closeMarks()
	return clean(w.out.String())
}

// htmlWriter builds Markdown from HTML tokens.
type htmlWriter struct {
	out    strings.Builder
	lists  []int    // of open lists: the next number, -1 for bullets
	hrefs  []string // of open links
	marks  []string // open emphasis
	hidden int      // depth inside script and style
	pre    bool
}

func (w *htmlWriter) token(t html.Token) {
	switch t.Type {
	case html.TextToken:
		w.text(t.Data)
	case html.StartTagToken, html.SelfClosingTagToken:
		w.open(t)
	case html.EndTagToken:
		w.close(t.DataAtom)
	}
}

func (w *htmlWriter) text(text string) {
	if w.hidden > 0 {
		return
	}
	if !w.pre {
		lead, tail := "", ""
		if text != "" && unicode.IsSpace(rune(text[0])) && !w.atLineStart() {
			lead = " "
		}
		if text != "" && unicode.IsSpace(rune(text[len(text)-1])) {
			tail = " "
		}
		if text = strings.Join(strings.Fields(text), " "); text == "" {
			tail = ""
		}
		text = lead + text + tail
	}
	w.out.WriteString(text)
}

func (w *htmlWriter) atLineStart() bool {
	return w.out.Len() == 0 || strings.HasSuffix(w.out.String(), "\n")
}

func (w *htmlWriter) open(t html.Token) {
	switch t.DataAtom {
	case atom.Script, atom.Style:
		if t.Type == html.StartTagToken {
			w.hidden++
		}
	case atom.Br:
		w.out.WriteString("\n")
	case atom.P, atom.Div, atom.Blockquote, atom.Table, atom.Tr, atom.Hr:
		w.out.WriteString("\n\n")
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.out.WriteString("\n\n### ")
	case atom.Td, atom.Th:
		w.out.WriteString(" ")
	case atom.Pre:
		w.out.WriteString("\n\n```\n")
		w.pre = true
	case atom.Ul:
		w.list(-1)
	case atom.Ol:
		w.list(1)
	case atom.Li:
		w.item()
	case atom.B, atom.Strong:
		w.mark("**")
	case atom.I, atom.Em:
		w.mark("*")
	case atom.Code:
		w.mark("`")
	case atom.A:
		w.hrefs = append(w.hrefs, href(t))
	}
}

// list opens a list; deep nesting is flattened, which also bounds the depth.
func (w *htmlWriter) list(first int) {
	if len(w.lists) == 0 {
		w.out.WriteString("\n")
	}
	w.lists = append(w.lists, first)
}

func (w *htmlWriter) item() {
	depth := len(w.lists)
	w.out.WriteString("\n" + strings.Repeat("  ", max(0, min(depth, 4)-1)))
	if depth == 0 || w.lists[depth-1] < 0 {
		w.out.WriteString("- ")
		return
	}
	w.out.WriteString(strconv.Itoa(w.lists[depth-1]) + ". ")
	w.lists[depth-1]++
}

func (w *htmlWriter) mark(mark string) {
	if w.pre || len(w.marks) >= 3 {
		mark = ""
	}
	w.marks = append(w.marks, mark)
	w.out.WriteString(mark)
}

func (w *htmlWriter) close(tag atom.Atom) {
	switch tag {
	case atom.Script, atom.Style:
		w.hidden = max(0, w.hidden-1)
	case atom.P, atom.Div, atom.Blockquote, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.out.WriteString("\n\n")
	case atom.Pre:
		if w.pre {
			w.out.WriteString("\n```\n\n")
		}
		w.pre = false
	case atom.Ul, atom.Ol:
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
		w.out.WriteString("\n")
		if len(w.lists) == 0 {
			w.out.WriteString("\n")
		}
	case atom.B, atom.Strong, atom.I, atom.Em, atom.Code:
		if n := len(w.marks); n > 0 {
			w.out.WriteString(w.marks[n-1])
			w.marks = w.marks[:n-1]
		}
	case atom.A:
		if n := len(w.hrefs); n > 0 {
			if link := w.hrefs[n-1]; link != "" && !strings.HasSuffix(w.out.String(), link) {
				w.out.WriteString(" (" + link + ")")
			}
			w.hrefs = w.hrefs[:n-1]
		}
	}
}

// closeMarks ends emphasis that the source left open.
func (w *htmlWriter) closeMarks() {
	for i := len(w.marks) - 1; i >= 0; i-- {
		w.out.WriteString(w.marks[i])
	}
	if w.pre {
		w.out.WriteString("\n```")
	}
}

// href gives the address of a link that a person may follow, empty for others.
func href(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key == "href" {
			for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
				if strings.HasPrefix(strings.ToLower(a.Val), scheme) {
					return strings.TrimSpace(a.Val)
				}
			}
		}
	}
	return ""
}
