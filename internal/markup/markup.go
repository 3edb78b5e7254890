// Package markup turns the Markdown that strangers write into HTML that cannot
// hurt the reader, into plain text for search and descriptions, and finds
// contacts typed into public text. It promises that only an allow-list of
// elements and attributes comes out, that links lead to http and https alone
// and carry rel="nofollow ugc noopener", and that what looks like HTML is shown
// as the text it is. It refuses images (they would tell a third party who
// reads; they become links), raw HTML, and headings that would stand above or
// away from those of the page around them.
package markup

import (
	"bytes"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/html"
)

// MaxText is how many bytes of a text are looked at; fields have far lower
// bounds of their own, and what is past it is not rendered.
const MaxText = 32 << 10

// maxDepth bounds lists and quotes inside each other.
const maxDepth = 12

// maxLinks bounds links written with brackets: each unclosed one makes the
// parser look at the rest of its paragraph again.
const maxLinks = 400

// linkRel is what every link carries: no ranking for spam, no window.opener.
const linkRel = "nofollow ugc noopener"

// converter and policy are made once and only read.
var (
	converter = newConverter(3)
	document  = newConverter(2)
	policy    = newPolicy()
	bareLink  = regexp.MustCompile(`^https?://[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+(?::[0-9]+)?(?:[/#?][\p{L}\p{N}\-@:%_+.~#$!?&/=();,'^{}\[\]]*)?`)
	nested    = regexp.MustCompile(`(?m)^((?:` + marker + `){` + strconv.Itoa(maxDepth) + `})(?:` + marker + `)+`)
)

// marker starts a quote or a list item on a line.
const marker = `[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t])`

// newConverter is CommonMark with strikethrough and bare links, without raw
// HTML: its parsers are left out, so that a tag is text like any other.
//
// The highest headings of a text come out at level top.
func newConverter(top int) goldmark.Markdown {
	blocks := []util.PrioritizedValue{
		util.Prioritized(parser.NewSetextHeadingParser(), 100),
		util.Prioritized(parser.NewThematicBreakParser(), 200),
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewCodeBlockParser(), 500),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
		util.Prioritized(parser.NewBlockquoteParser(), 800),
		util.Prioritized(parser.NewParagraphParser(), 1000),
	}
	inlines := []util.PrioritizedValue{
		util.Prioritized(parser.NewCodeSpanParser(), 100),
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewEmphasisParser(), 500),
	}
	p := parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(inlines...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(tamer{top}, 500)),
	)
	return goldmark.New(
		goldmark.WithParser(p),
		goldmark.WithExtensions(extension.NewLinkify(extension.WithLinkifyURLRegexp(bareLink)), extension.Strikethrough),
		goldmark.WithRendererOptions(gmhtml.WithHardWraps()),
	)
}

// newPolicy is the second wall: it knows nothing of Markdown and would hold
// alone.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "em", "del", "code", "pre", "blockquote",
		"ul", "ol", "li", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + linkRel + "$")).OnElements("a")
	p.AllowURLSchemes("http", "https")
	p.RequireParseableURLs(true)
	return p
}

// Render gives safe HTML for a text that stands in a section of a page, empty
// for a blank one: its headings begin at the third level.
func Render(md string) string { return render(converter, md) }

// Document gives safe HTML for a text that is a page's whole content: its
// headings begin at the second level.
func Document(md string) string { return render(document, md) }

func render(by goldmark.Markdown, md string) string {
	var out bytes.Buffer
	if err := by.Convert([]byte(clean(md)), &out); err != nil {
		return "<p>" + html.EscapeString(clean(md)) + "</p>" // a buffer never fails
	}
	return string(bytes.TrimSpace(policy.SanitizeBytes(out.Bytes())))
}

// Plain gives the words of a text on one line, without marks and addresses of
// links, for search and meta descriptions. It is text, not HTML: escape it.
func Plain(md string) string {
	var b strings.Builder
	tokens := html.NewTokenizer(strings.NewReader(Render(md)))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case html.TextToken:
			b.Write(tokens.Text())
		default:
			if name, _ := tokens.TagName(); !inline(string(name)) {
				b.WriteByte(' ')
			}
		}
	}
}

func inline(element string) bool {
	switch element {
	case "strong", "em", "del", "code", "a":
		return true
	}
	return false
}

// clean cuts the text to its bound at a whole character and drops what no
// reader can see: invalid bytes, control characters and marks that turn the
// direction of writing, with which a text can pretend to be another.
func clean(md string) string {
	if len(md) > MaxText {
		cut := MaxText
		for cut > 0 && !utf8.RuneStart(md[cut]) {
			cut--
		}
		md = md[:cut]
	}
	md = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ' || r == 0x7f || r == utf8.RuneError,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ReplaceAll(md, "\r\n", "\n"))
	// The parser takes square time for what only attackers write.
	md = nested.ReplaceAllString(md, "$1")
	if strings.Count(md, "](") > maxLinks {
		md = strings.ReplaceAll(md, "](", "] (")
	}
	return md
}

// tamer rewrites the parsed text before it is rendered: headings begin at level
// top and skip none on the way down (WCAG 1.3.1), links get their rel or become text, images become links, and
// nesting ends at maxDepth.
type tamer struct{ top int }

// Transform implements parser.ASTTransformer.
func (t tamer) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	source := reader.Source()
	var links []ast.Node
	var deep []ast.Node
	depth := 0
	heads := headings{top: t.top, ranks: ranks(doc), last: t.top - 1}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.List, *ast.Blockquote:
			if !entering {
				depth--
				return ast.WalkContinue, nil
			}
			depth++
			if depth > maxDepth {
				depth-- // its leaving is not walked
				deep = append(deep, n)
				return ast.WalkSkipChildren, nil
			}
		case *ast.Heading:
			if entering {
				n.Level = heads.level(n.Level)
			}
		case *ast.Link, *ast.Image, *ast.AutoLink:
			if !entering {
				links = append(links, n) // inner ones first
			}
		}
		return ast.WalkContinue, nil
	})
	for _, n := range links {
		tameLink(n, source)
	}
	for _, n := range deep {
		flatten(n, source)
	}
}

// headings gives each heading its level on the page: by its rank among the
// levels that the text uses, and at most one below the heading before it.
type headings struct {
	top, last int
	ranks     map[int]int
}

func (h *headings) level(typed int) int {
	h.last = min(h.top+h.ranks[typed], h.last+1, 6)
	return h.last
}

// ranks numbers the levels that a text uses, the highest as 0.
func ranks(doc *ast.Document) map[int]int {
	var used [7]bool
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			used[min(h.Level, 6)] = true
		}
		return ast.WalkContinue, nil
	})
	out := map[int]int{}
	for level, is := range used {
		if is {
			out[level] = len(out)
		}
	}
	return out
}

// tameLink marks a good link and replaces a bad one by its words. One inside
// another (an image is to become a link, too) gives way to its words as well.
func tameLink(n ast.Node, source []byte) {
	parent := n.Parent()
	if auto, ok := n.(*ast.AutoLink); ok {
		if webLink(util.URLEscape(auto.URL(source), false)) && auto.AutoLinkType == ast.AutoLinkURL && !insideLink(n) {
			auto.SetAttributeString("rel", []byte(linkRel))
			return
		}
		words := ast.NewString(auto.Label(source))
		words.SetRaw(true)
		parent.ReplaceChild(parent, n, words)
		return
	}
	var destination []byte
	image, isImage := n.(*ast.Image)
	if isImage {
		destination = image.Destination
	} else {
		destination = n.(*ast.Link).Destination
	}
	if !webLink(util.URLEscape(destination, true)) || insideLink(n) {
		for child := n.FirstChild(); child != nil; {
			next := child.NextSibling()
			parent.InsertBefore(parent, n, child)
			child = next
		}
		parent.RemoveChild(parent, n)
		return
	}
	link := ast.NewLink()
	link.Destination = destination
	link.SetAttributeString("rel", []byte(linkRel))
	for child := n.FirstChild(); child != nil; {
		next := child.NextSibling()
		link.AppendChild(link, child)
		child = next
	}
	if link.FirstChild() == nil { // "![](https://…)" would be a link that cannot be seen
		words := ast.NewString(destination)
		words.SetRaw(true)
		link.AppendChild(link, words)
	}
	parent.ReplaceChild(parent, n, link)
}

func insideLink(n ast.Node) bool {
	for up := n.Parent(); up != nil; up = up.Parent() {
		if up.Kind() == ast.KindLink || up.Kind() == ast.KindImage {
			return true
		}
	}
	return false
}

// webLink tells an absolute http or https address with a host, in the form the
// renderer will write. A user part is refused:
// "https://bank.example@evil.example" is made to deceive.
func webLink(destination []byte) bool {
	u, err := url.Parse(string(destination))
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil
}

// flatten replaces a block nested too deep by a paragraph of its words.
func flatten(n ast.Node, source []byte) {
	paragraph := ast.NewParagraph()
	_ = ast.Walk(n, func(inner ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var words []byte
		switch inner := inner.(type) {
		case *ast.Text:
			words = inner.Value(source)
		case *ast.String:
			words = inner.Value
		case *ast.AutoLink:
			words = inner.Label(source)
		case *ast.FencedCodeBlock:
			words = inner.Lines().Value(source)
		case *ast.CodeBlock:
			words = inner.Lines().Value(source)
		default:
			return ast.WalkContinue, nil
		}
		node := ast.NewString(append(bytes.Clone(words), ' '))
		node.SetRaw(true)
		paragraph.AppendChild(paragraph, node)
		return ast.WalkContinue, nil
	})
	n.Parent().ReplaceChild(n.Parent(), n, paragraph)
}
