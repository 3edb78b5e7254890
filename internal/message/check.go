package message

import (
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/markup"
	"github.com/tmoeg/oduvan/internal/profile"
)

// The bounds of texts, in characters.
const (
	MaxPart    = 1000 // of each part of an inquiry
	MaxComment = 500
	MaxText    = 4000
	MinReport  = 20 // of a report's reason
	MaxReport  = 1000
)

// The bounds against floods.
const (
	MaxOpen      = 5  // inquiries of one learner that wait
	MaxDay       = 20 // inquiries of one learner within 24 hours
	MaxAgain     = 3  // inquiries of one learner to the same tutor within AgainDays
	AgainDays    = 30
	MaxInRow     = 20 // messages of one side in a row
	MaxInRowOpen = 3  // messages of the learner while the inquiry waits
)

// Ask is what a learner types. Only Goal is needed.
type Ask struct {
	Handle      string // of the tutor
	ServiceID   string // which service it is about; empty: none in particular
	Goal        string
	Background  string
	Expectation string
}

// idForm is what our ids look like. Any text may be asked for, and a database
// refuses some.
var idForm = regexp.MustCompile(`^[0-9a-f-]{36}$`)

// handleForm keeps what is no handle away from the database.
var handleForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,30}$`)

// clean brings an inquiry into its stored form and says all that is wrong.
func (a Ask) clean() (Ask, fault.Fields) {
	var bad fault.Fields
	a.Goal, a.Background, a.Expectation = profile.Text(a.Goal), profile.Text(a.Background), profile.Text(a.Expectation)
	if a.Goal == "" {
		bad.Add(fault.Bad("goal", "required"))
	}
	bad.Add(profile.Bounded("goal", a.Goal, MaxPart))
	bad.Add(profile.Bounded("background", a.Background, MaxPart))
	bad.Add(profile.Bounded("expectation", a.Expectation, MaxPart))
	return a, bad
}

// Warning says that a text holds what may reveal a person. It hinders nothing.
type Warning = profile.Warning

// Warnings finds contacts in an inquiry before it is sent, each kind once a field.
func Warnings(in Ask) []Warning {
	return slices.Concat(warn("goal", in.Goal), warn("background", in.Background), warn("expectation", in.Expectation))
}

// TextWarnings finds contacts in a message before it is sent, each kind once.
func TextWarnings(text string) []Warning { return warn("text", text) }

func warn(field, text string) (out []Warning) {
	for _, c := range markup.Contacts(text) {
		if w := (Warning{Field: field, Kind: c.Kind}); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// checkText cleans a message.
func checkText(text string) (string, error) {
	text = profile.Text(text)
	if text == "" {
		return "", fault.Bad("text", "required")
	}
	if bad := profile.Bounded("text", text, MaxText); bad != nil {
		return "", bad
	}
	return text, nil
}

// Declining is why a tutor declines, and whether to take a break at once.
type Declining struct {
	Reason     Reason
	Comment    string    // own words; needed with Other
	Pause      bool      // pause the profile too
	PauseUntil time.Time // with Pause; zero: until the tutor comes back
}

func (d Declining) clean() (Declining, fault.Fields) {
	var bad fault.Fields
	d.Comment = profile.Text(d.Comment)
	if !slices.Contains(Reasons(), d.Reason) {
		bad.Add(fault.Bad("reason", "value_unknown"))
	}
	if d.Reason == Other && d.Comment == "" {
		bad.Add(fault.Bad("comment", "required"))
	}
	bad.Add(profile.Bounded("comment", d.Comment, MaxComment))
	return d, bad
}

// checkReport cleans a report's reason.
func checkReport(reason string) (string, error) {
	reason = profile.Text(reason)
	if bad := profile.Bounded("reason", reason, MaxReport); bad != nil {
		return "", bad
	}
	if utf8.RuneCountInString(reason) < MinReport {
		return "", fault.Bad("reason", "too_short").With("Min", MinReport)
	}
	return reason, nil
}
