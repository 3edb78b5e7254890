// Package fault says whose fault an error is. A feature returns a fault or a
// plain error; fault/answer turns either into a status, the same for pages and
// the API. It promises that the zero kind is Internal, so an unmarked error can
// never leak its text to a stranger. It refuses to know of HTTP.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is the class of a fault: what the one who asked can do about it.
type Kind int

// The kinds. Internal is the zero value: it is logged and its text is never shown.
const (
	Internal        Kind = iota
	Invalid              // the input breaks a bound or a form
	Unauthenticated      // nobody is signed in, or the credential is unknown
	Forbidden            // the actor is known and may not
	NotFound             // absent, or not the actor's to know of
	Conflict             // the thing is in another state than the act needs
	Gone                 // it existed and is over for good
	RateLimited          // too many acts; later it works
	Unavailable          // a part of the program is away for now
	TooLarge             // the body is over its bound
	Method               // the address knows no such act
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "forbidden",
	"not_found", "conflict", "gone", "rate_limited", "unavailable", "too_large", "method"}

// String is the kind's stable word, as API clients and logs see it.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[Internal]
	}
	return kindNames[k]
}

// Error is a fault with a stable code, which is also the key of its text in
// web/locale ("fault." + Code), and the input field at fault, if there is one.
// Args fill the placeholders of that text.
type Error struct {
	Kind  Kind
	Code  string
	Field string
	Args  map[string]any
	Err   error // cause, for the log only
}

// Error prints kind, code and field for logs; it holds no input of a person.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Field != "" {
		b.WriteString(" (" + e.Field + ")")
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Of makes a fault of a kind with a code.
func Of(kind Kind, code string) *Error { return &Error{Kind: kind, Code: code} }

// Bad makes an Invalid fault of one field.
func Bad(field, code string) *Error { return &Error{Kind: Invalid, Code: code, Field: field} }

// With returns a copy of the fault that carries one more argument for its text.
func (e *Error) With(key string, value any) *Error {
	out := *e
	out.Args = make(map[string]any, len(e.Args)+1)
	for k, v := range e.Args {
		out.Args[k] = v
	}
	out.Args[key] = value
	return &out
}

// Wrap returns a copy of the fault with a cause for the log.
func (e *Error) Wrap(cause error) *Error {
	out := *e
	out.Err = cause
	return &out
}

// KindOf finds the kind of an error: Internal for nil-less plain errors, and
// the first member's kind for Fields.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var list Fields
	if errors.As(err, &list) && len(list) > 0 {
		return list[0].Kind
	}
	return Internal
}

// Is tells whether the error is a fault of this kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Fields is several faults of one input, so that a form shows all of them at once.
type Fields []*Error

// Error joins the members.
func (f Fields) Error() string {
	parts := make([]string, len(f))
	for i, e := range f {
		parts[i] = e.Error()
	}
	return strings.Join(parts, "; ")
}

// Add appends a fault unless it is nil.
func (f *Fields) Add(e *Error) {
	if e != nil {
		*f = append(*f, e)
	}
}

// Err is nil when nothing was added.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// All lists the faults inside an error, empty for a plain one.
func All(err error) []*Error {
	var list Fields
	if errors.As(err, &list) {
		return list
	}
	var e *Error
	if errors.As(err, &e) {
		return []*Error{e}
	}
	return nil
}
