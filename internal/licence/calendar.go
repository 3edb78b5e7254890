package licence

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Event is one day of a calendar: the end of a licence.
type Event struct {
	UID     string    // the same whenever the calendar is read
	At      time.Time // its day in UTC
	Stamp   time.Time // when the event was last changed
	Summary string
	Text    string
	URL     string
}

// Calendar writes events as an iCalendar (RFC 5545): whole days, which show
// the same in every zone, with a reminder a week before. Name is the
// calendar's own. The same events give the same bytes.
func Calendar(name string, events []Event) []byte {
	var c calendar
	c.line("BEGIN:VCALENDAR")
	c.line("VERSION:2.0")
	c.line("PRODID:-//Oduvan//Licences//EN")
	c.line("CALSCALE:GREGORIAN")
	c.line("METHOD:PUBLISH")
	c.line("X-WR-CALNAME:" + escape(name))
	c.line("NAME:" + escape(name)) // RFC 7986
	c.line("REFRESH-INTERVAL;VALUE=DURATION:P1D")
	for _, e := range events {
		c.event(e)
	}
	c.line("END:VCALENDAR")
	return c.Bytes()
}

type calendar struct{ bytes.Buffer }

func (c *calendar) event(e Event) {
	const day = "20060102"
	at := e.At.UTC()
	c.line("BEGIN:VEVENT")
	c.line("UID:" + escape(e.UID))
	c.line("DTSTAMP:" + e.Stamp.UTC().Format("20060102T150405Z"))
	c.line("DTSTART;VALUE=DATE:" + at.Format(day))
	c.line("DTEND;VALUE=DATE:" + at.AddDate(0, 0, 1).Format(day))
	c.line("SUMMARY:" + escape(e.Summary))
	if e.Text != "" {
		c.line("DESCRIPTION:" + escape(e.Text))
	}
	if e.URL != "" {
		c.line("URL:" + clean(e.URL)) // a URI is not a text: nothing in it is escaped
	}
	c.line("TRANSP:TRANSPARENT")
	c.line("BEGIN:VALARM")
	c.line("ACTION:DISPLAY")
	c.line("TRIGGER:-P7D")
	c.line("DESCRIPTION:" + escape(e.Summary))
	c.line("END:VALARM")
	c.line("END:VEVENT")
}

// lineOctets is the longest line of an iCalendar, its end not counted (RFC
// 5545, 3.1).
const lineOctets = 75

// line writes one content line, folded between characters, never within one.
func (c *calendar) line(text string) {
	room := lineOctets
	for _, r := range text {
		n := utf8.RuneLen(r)
		if n > room {
			c.WriteString("\r\n ")
			room = lineOctets - 1 // the space counts
		}
		c.WriteRune(r)
		room -= n
	}
	c.WriteString("\r\n")
}

// escape writes a TEXT value (RFC 5545, 3.3.11).
func escape(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\\' || r == ';' || r == ',':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(r) && r != '\t':
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clean drops what would end a line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
