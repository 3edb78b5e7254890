package sheet

import (
	"math"
	"strconv"

	"rsc.io/qr"
)

// head is the coloured band with the dandelion.
func (p *page) head(c Certificate) {
	p.fill(skySoft())
	p.Rect(0, 0, pageWidth, band, "F")
	p.dandelion(176, 24)
	p.fill(brand())
	p.Rect(0, band-1.2, pageWidth, 1.2, "F")
	const width = 122.0
	y := 12.0
	p.font("", sizeSmall)
	p.ink(soft())
	y += p.text(left, y, width, c.Brand) + 1.5
	p.ink(ink())
	for size := sizeHead; ; size-- { // a long heading gets smaller, not taller
		p.font("B", size)
		if size <= sizeText || len(p.lines(c.Heading, width)) <= 1 {
			break
		}
	}
	y += p.text(left, y, width, c.Heading) + 1
	p.font("B", sizeText+1)
	p.ink(mintInk())
	y += p.text(left, y, width, c.ID) + 1.5
	p.font("", sizeText)
	p.ink(ink())
	// A summary that is longer than the band goes below it.
	if y+p.height(c.Summary, width) < band-2 {
		p.text(left, y, width, c.Summary)
		p.y = band + 7
		return
	}
	p.y = band + 7
	p.paragraph(c.Summary)
	p.y += 4
}

// dandelion is the board's sign: a head in its last stage around x, y and the
// parachutes that the wind has taken.
func (p *page) dandelion(x, y float64) {
	p.SetLineCapStyle("round")
	p.pen(brand(), 0.9)
	p.Curve(x, y, x-4, y+18, x+2, band-1.2, "D")
	p.fill(mint())
	p.Circle(x, y, 13.5, "F")
	const rays = 20
	for i := range rays {
		angle := 2 * math.Pi * float64(i) / rays
		if i == 12 || i == 13 || i == 15 { // these have flown
			continue
		}
		p.seed(x+math.Cos(angle)*2.4, y+math.Sin(angle)*2.4, angle, 12.5)
	}
	p.fill(brand())
	p.Circle(x, y, 2.4, "F")
	for _, s := range [][3]float64{{157, 20, -2.5}, {150, 33, -2.1}, {162, 44, -2.9}, {146, 12, -2.3}, {195, 46, -0.6}} {
		p.seed(s[0], s[1], s[2], 6.5)
	}
}

// seed is one parachute from its seed outwards.
func (p *page) seed(x, y, angle, length float64) {
	endX, endY := x+math.Cos(angle)*length, y+math.Sin(angle)*length
	p.pen(brand(), 0.28)
	p.Line(x, y, endX, endY)
	for spread := -2; spread <= 2; spread++ {
		a := angle + float64(spread)*0.42
		p.Line(endX, endY, endX+math.Cos(a)*2.3, endY+math.Sin(a)*2.3)
	}
	p.fill(mintInk())
	p.Circle(x, y, 0.45, "F")
}

// paragraph writes over the whole width, line by line over pages.
func (p *page) paragraph(text string) {
	for _, l := range p.lines(text, right-left) {
		p.room(p.leading())
		p.SetXY(left, p.y)
		p.CellFormat(right-left, p.leading(), l, "", 0, "L", false, 0, "")
		p.y += p.leading()
	}
}

// label is a small word above what it names.
func (p *page) label(text string) {
	p.font("", sizeSmall)
	p.ink(soft())
	p.room(3 * p.leading()) // never alone at the foot of a page
	p.paragraph(text)
	p.y += 0.6
}

func (p *page) work(c Certificate) {
	p.label(c.WorkLabel)
	p.font("B", sizeWork)
	p.ink(ink())
	p.paragraph(c.Work)
	p.y++
	p.font("", sizeSmall+0.5)
	p.ink(soft())
	p.paragraph(c.WorkNote)
	p.y += 5
}

// term is the time as a bar between its two ends.
func (p *page) term(c Certificate) {
	const half = (right - left - 16) / 2
	p.font("B", sizeText+1)
	height := max(p.height(c.From, half), p.height(c.Until, half))
	p.font("", sizeSmall)
	labels := max(p.height(c.FromLabel, half), p.height(c.UntilLabel, half))
	notes := p.height(c.TermNote, right-left-12)
	total := 5 + labels + height + 5 + notes + 4
	p.room(total)
	p.fill(mintSoft())
	p.RoundedRect(left, p.y, right-left, total, 3, "1234", "F")
	y := p.y + 4
	p.ink(mintInk())
	p.text(left+6, y, half, c.FromLabel)
	p.text(left+10+half, y, half, c.UntilLabel)
	y += labels + 0.5
	p.font("B", sizeText+1)
	p.ink(ink())
	p.text(left+6, y, half, c.From)
	p.text(left+10+half, y, half, c.Until)
	y += height + 1.6
	p.fill(brand())
	p.RoundedRect(left+6, y, right-left-12, 1.6, 0.8, "1234", "F")
	y += 3
	p.font("", sizeSmall)
	p.ink(mintInk())
	p.text(left+6, y, right-left-12, c.TermNote)
	p.y += total + 6
}

// rows is the list, label beside text, a line between two.
func (p *page) rows(rows []Row) {
	const labels = 46.0
	for i, r := range rows {
		p.font("", sizeText)
		lines, step := p.lines(r.Text, right-left-labels), p.leading()
		p.font("", sizeSmall)
		p.room(min(max(float64(len(lines))*step, p.height(r.Label, labels-4)), 60) + 3)
		if i > 0 {
			p.pen(line(), 0.2)
			p.Line(left, p.y-1.3, right, p.y-1.3)
		}
		p.ink(soft())
		end := p.y + 0.5 + p.text(left, p.y+0.5, labels-4, r.Label)
		p.font("", sizeText)
		p.ink(ink())
		for _, l := range lines {
			if p.y+step > bottom {
				p.room(step)
				end = p.y
			}
			p.SetXY(left+labels, p.y)
			p.CellFormat(right-left-labels, step, l, "", 0, "L", false, 0, "")
			p.y += step
		}
		p.y = max(p.y, end) + 2.6
	}
	p.y += 2.4
}

// attribution is the line to copy, in a frame of its own.
func (p *page) attribution(c Certificate) {
	if c.Attribution == "" {
		return
	}
	p.label(c.AttributionLabel)
	p.font("B", sizeText)
	p.ink(ink())
	height := p.height(c.Attribution, right-left-10) + 6
	p.room(height)
	p.fill(skySoft())
	p.pen(sky(), 0.3)
	p.RoundedRect(left, p.y, right-left, height, 2.5, "1234", "FD")
	p.text(left+5, p.y+3, right-left-10, c.Attribution)
	p.y += height + 6
}

// verify is the code with the way to check it beside it.
func (p *page) verify(c Certificate, code *qr.Code) {
	const side = 40.0
	x, width := left+side+7, right-left-side-7
	p.font("", sizeSmall+0.5)
	steps := 0.0
	for _, s := range c.Verify {
		steps += p.height(s, width-6) + 1.2
	}
	p.room(max(side, steps+18))
	top := p.y
	p.code(code, left, top, side)
	p.LinkString(left, top, side, side, c.QR)
	p.font("B", sizeText+1)
	p.ink(ink())
	y := top + p.text(x, top, width, c.VerifyLabel) + 1.5
	for i, s := range c.Verify {
		p.font("B", sizeSmall+0.5)
		p.ink(mintInk())
		p.text(x, y, 6, strconv.Itoa(i+1))
		p.font("", sizeSmall+0.5)
		p.ink(ink())
		y += p.text(x+6, y, width-6, s) + 1.2
	}
	p.font("B", sizeSmall)
	p.ink(soft())
	height := p.text(x, y+0.5, width, c.Link)
	p.LinkString(x, y+0.5, width, height, c.QR)
	p.y = max(top+side, y+height) + 5
}

// code draws the modules with their quiet zone on white.
func (p *page) code(code *qr.Code, x, y, side float64) {
	p.fill(white())
	p.pen(line(), 0.3)
	p.RoundedRect(x, y, side, side, 2, "1234", "FD")
	module := side / float64(code.Size+2*quiet)
	p.fill(ink())
	for row := range code.Size {
		for _, run := range runs(code, row) {
			p.Rect(x+float64(run[0]+quiet)*module, y+float64(row+quiet)*module, float64(run[1])*module, module*1.01, "F")
		}
	}
}

// notes is the small print.
func (p *page) notes(notes []string) {
	p.font("", sizeFine)
	p.ink(soft())
	p.room(4)
	p.pen(line(), 0.2)
	p.Line(left, p.y-1.5, right, p.y-1.5)
	p.y += 0.8
	for _, n := range notes {
		p.paragraph(n)
		p.y += 1
	}
}
