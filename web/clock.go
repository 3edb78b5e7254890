package web

import (
	"fmt"
	"strconv"
	"time"
)

// Day is a date without its year: «12 декабря», "12 December".
func (t *Texts) Day(at time.Time) string {
	return strconv.Itoa(at.Day()) + "\u00a0" + t.T("month.m"+strconv.Itoa(int(at.Month())))
}

// Date is a date with its year: «12 декабря 2025», "12 December 2025".
func (t *Texts) Date(at time.Time) string {
	return t.Day(at) + " " + strconv.Itoa(at.Year())
}

// Clock is the time of day in 24 hours: "19:30".
func (t *Texts) Clock(at time.Time) string { return at.Format("15:04") }

// Moment is a date and a time with its zone, so nobody has to guess whose
// clock it is: "12 December 2025, 19:30 UTC+3".
func (t *Texts) Moment(at time.Time) string {
	return t.Date(at) + ", " + t.Clock(at) + "\u00a0" + t.Offset(at)
}

// Offset is the zone of an instant as people write it: "UTC", "UTC+3",
// "UTC+5:30".
func (t *Texts) Offset(at time.Time) string {
	_, seconds := at.Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	hours, minutes := seconds/3600, seconds%3600/60
	if minutes == 0 {
		return fmt.Sprintf("UTC%s%d", sign, hours)
	}
	return fmt.Sprintf("UTC%s%d:%02d", sign, hours, minutes)
}

// Zone is a place's clock in words: its city, in the page's language where we
// know it, and its offset at that instant: "Moscow, UTC+3".
func (t *Texts) Zone(loc *time.Location, now time.Time) string {
	offset := t.Offset(now.In(loc))
	city := t.either("zone."+zoneKey(loc.String()), zoneCity(loc.String()))
	if city == "UTC" || city == "Local" {
		return offset
	}
	return city + ", " + offset
}

// zoneKey makes a text key of a zone's name: "Europe/Moscow" → "Europe_Moscow".
func zoneKey(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c == '/' || c == '-' {
			b[i] = '_'
		}
	}
	return string(b)
}

// zoneCity is the city in a zone's name: "America/New_York" → "New York".
func zoneCity(name string) string {
	start := 0
	for i := range len(name) {
		if name[i] == '/' {
			start = i + 1
		}
	}
	b := []byte(name[start:])
	for i, c := range b {
		if c == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}
