// Package sheet draws what is printed: a licence's certificate as a PDF of A4
// pages and QR codes as SVG. It promises equal bytes for equal words (no clock,
// no random source), a font that knows Cyrillic and the signs of money, and that
// no text is cut: what does not fit goes on to the next page. It refuses to
// choose words: they come translated, and it knows of no licence, address or
// language.
package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
)

// Certificate are the words of a printed certificate in one language.
type Certificate struct {
	Lang  string    // BCP 47, for screen readers
	Dated time.Time // the document's own date: when the licence was paid

	Brand   string // the branch's name and host, above the heading
	Heading string // "Commercial licence"
	ID      string // L-XXXXXXXXXX
	Summary string // one sentence: what it allows and until when

	WorkLabel, Work, WorkNote string // the note: version, author, base licence

	FromLabel, From   string // the term, with its zone
	UntilLabel, Until string
	TermNote          string // days of grace, what stays afterwards

	Rows []Row // licensor, licensee, scope, price, terms

	AttributionLabel, Attribution string // the line that stays beside every copy

	VerifyLabel string   // "How to check"
	Verify      []string // the steps, one paragraph each
	Link        string   // the verify page's address, printed below the code
	QR          string   // what the code says: the address with the short hash

	Notes []string // the small print: what stays, what this is not
}

// Row is one line of the list.
type Row struct{ Label, Text string }

// A4 in millimetres, and the margins.
const (
	pageWidth, pageHeight = 210.0, 297.0
	left, right           = 18.0, pageWidth - 18.0
	bottom                = pageHeight - 16.0
	band                  = 58.0 // the coloured head of the first page
)

// maxText is the longest of any one text, in characters: even of the widest
// letters the attribution's frame then fits a page.
const maxText = 1000

// The size of type in points.
const (
	sizeHead, sizeWork, sizeText, sizeSmall, sizeFine = 23.0, 15.0, 10.0, 8.5, 7.5
)

const family = "dejavu"

// colour is red, green and blue.
type colour [3]int

// The tokens of the board's light look that paper needs.
func ink() colour      { return colour{0x17, 0x28, 0x36} }
func soft() colour     { return colour{0x46, 0x5b, 0x6a} }
func line() colour     { return colour{0xd1, 0xe1, 0xe5} }
func brand() colour    { return colour{0x58, 0xc1, 0xe9} }
func sky() colour      { return colour{0xb8, 0xe7, 0xfa} }
func skySoft() colour  { return colour{0xde, 0xf5, 0xfc} }
func mint() colour     { return colour{0xb7, 0xf0, 0xdb} }
func mintSoft() colour { return colour{0xdf, 0xf9, 0xf0} }
func mintInk() colour  { return colour{0x06, 0x5e, 0x47} }
func white() colour    { return colour{0xff, 0xff, 0xff} }

// page is a document being drawn from the top down.
type page struct {
	*fpdf.Fpdf
	y float64 // where the next block begins
}

// PDF draws the certificate. It is an error when what a certificate is for is
// missing (heading, id, work, until, code, date), a text is absurdly long, or
// the code's text does not fit a code.
func PDF(c Certificate) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	code, err := encode(c.QR)
	if err != nil {
		return nil, err
	}
	p := newPage(c)
	p.head(c)
	p.work(c)
	p.term(c)
	p.rows(c.Rows)
	p.attribution(c)
	p.verify(c, code)
	p.notes(c.Notes)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	return out.Bytes(), nil
}

func (c Certificate) check() error {
	for _, needed := range []string{c.Heading, c.ID, c.Work, c.Until, c.QR} {
		if needed == "" {
			return errors.New("sheet: a certificate without heading, id, work, end or code")
		}
	}
	if c.Dated.IsZero() {
		return errors.New("sheet: a certificate without a date")
	}
	texts := append([]string{c.Brand, c.Heading, c.ID, c.Summary, c.WorkLabel, c.Work, c.WorkNote, c.From, c.Until, c.TermNote,
		c.AttributionLabel, c.Attribution, c.VerifyLabel, c.Link}, append(append([]string{}, c.Verify...), c.Notes...)...)
	for _, r := range c.Rows {
		texts = append(texts, r.Label, r.Text)
	}
	for _, text := range texts {
		if utf8.RuneCountInString(text) > maxText {
			return fmt.Errorf("sheet: a text of %d bytes is too long", len(text))
		}
	}
	if len(c.Rows) > 100 || len(c.Notes) > 20 || len(c.Verify) > 6 {
		return errors.New("sheet: too many lines")
	}
	return nil
}

func newPage(c Certificate) *page {
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(c.Dated.UTC())
	f.SetModificationDate(c.Dated.UTC())
	f.SetProducer("Oduvan", true)
	f.SetTitle(visible(c.Heading+" "+c.ID), true)
	f.SetLang(c.Lang)
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(left, 16, pageWidth-right)
	f.SetCellMargin(0)
	f.AddUTF8FontFromBytes(family, "", dejavusans.TTF)
	f.AddUTF8FontFromBytes(family, "B", dejavusansbold.TTF)
	f.AddPage()
	return &page{Fpdf: f}
}

// visible keeps a text to what the font's table can hold and what has a shape.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r > 0xffff:
			return '\u25a1'
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff' || unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\u25a1"))
}

func (p *page) ink(c colour)  { p.SetTextColor(c[0], c[1], c[2]) }
func (p *page) fill(c colour) { p.SetFillColor(c[0], c[1], c[2]) }
func (p *page) pen(c colour, width float64) {
	p.SetDrawColor(c[0], c[1], c[2])
	p.SetLineWidth(width)
}

func (p *page) font(style string, size float64) { p.SetFont(family, style, size) }

// leading is the height of a line of the size in use, in millimetres.
func (p *page) leading() float64 {
	_, unit := p.GetFontSize()
	return unit * 1.4
}

// room begins a new page where a block of this height does not fit on this one.
func (p *page) room(height float64) {
	if p.y+height > bottom {
		p.AddPage()
		p.y = 20
	}
}

// text writes a paragraph at a place and gives its height. It knows nothing of
// pages.
func (p *page) text(x, y, width float64, text string) float64 {
	lines := p.lines(text, width)
	for i, l := range lines {
		p.SetXY(x, y+float64(i)*p.leading())
		p.CellFormat(width, p.leading(), l, "", 0, "L", false, 0, "")
	}
	return float64(len(lines)) * p.leading()
}

// lines breaks a text at spaces, and a word that is wider than a line (an
// address) anywhere.
func (p *page) lines(text string, width float64) []string {
	var out []string
	current := ""
	for word := range strings.FieldsSeq(visible(text)) {
		joined := strings.TrimPrefix(current+" "+word, " ")
		if p.GetStringWidth(joined) <= width {
			current = joined
			continue
		}
		if current != "" {
			out = append(out, current)
		}
		current = ""
		for _, r := range word {
			if current != "" && p.GetStringWidth(current+string(r)) > width {
				out, current = append(out, current), ""
			}
			current += string(r)
		}
	}
	if current != "" {
		out = append(out, current)
	}
	return out
}

// height is what text would take.
func (p *page) height(text string, width float64) float64 {
	return float64(len(p.lines(text, width))) * p.leading()
}
