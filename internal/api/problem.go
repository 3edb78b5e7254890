package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/internal/secret"
)

// Texts are the messages of faults and notices in the readers' languages, for which web
// has the texts: lang is "ru" or "en", kind the word of a fault's kind (or
// "malformed", "method_not_allowed", "media_type"), code a fault's code. Notice
// is what a notice of a kind says; its places are names and values by turns.
type Texts interface {
	Fault(lang, kind, code string, args map[string]any) string
	Notice(lang, kind string, places ...any) string
}

// The bounds of an answer about bad input: how many faults are listed, and how
// much of a name that a stranger chose is repeated.
const (
	maxErrors = 50
	maxEcho   = 100
)

// codeInvalid is the code of an answer about several fields.
const codeInvalid = "invalid"

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type   string       `json:"type" doc:"Always about:blank: code says more than a page would" example:"about:blank"`
	Title  string       `json:"title" doc:"The status in English" example:"Unprocessable Entity"`
	Status int          `json:"status" doc:"The HTTP status" example:"422" minimum:"400" maximum:"599"`
	Detail string       `json:"detail" doc:"What is wrong, for people, in the language asked for" example:"Check what was typed and send it again."`
	Code   string       `json:"code" doc:"A stable word for programs; of the first fault, or invalid when several are wrong and any of them is of a field" example:"too_long"`
	Errors []FieldError `json:"errors" nullable:"false" doc:"The fields at fault, or each of several causes; empty when there is one and it is of no field" maxItems:"50"`
	Orders []string     `json:"orders,omitempty" nullable:"false" doc:"With open_orders: the ids of the orders that have to be ended first" example:"0199b6a0-0000-7000-8000-000000000009"`
	ID     string       `json:"id,omitempty" doc:"Of an internal error: tell it to the operator" example:"q3Xb0_kP"`

	headers http.Header
}

// FieldError is one field at fault, or one of several causes.
type FieldError struct {
	Field   string `json:"field" doc:"The field: a name in the body with its path, or a query parameter; empty: of no field" example:"links[0].url"`
	Code    string `json:"code" doc:"A stable word for programs" example:"too_long"`
	Message string `json:"message" doc:"What is wrong, for people" example:"At most 60 characters."`
}

// Error is the code; it makes a Problem an error that huma writes as it is.
func (p *Problem) Error() string { return p.Code }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that belong to this error, such as Retry-After.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// refusal is an error of the transport, which features know nothing of.
type refusal struct {
	status int
	code   string
	args   map[string]any
	fields []complaint
	header http.Header
}

type complaint struct {
	field, code string
	args        map[string]any
}

// Error is the code.
func (r refusal) Error() string { return r.code }

// kindOf is the word whose text explains a status of the transport.
func kindOf(status int) string {
	switch status {
	case http.StatusBadRequest, http.StatusRequestTimeout:
		return "malformed"
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusUnsupportedMediaType, http.StatusNotAcceptable:
		return "media_type"
	case http.StatusNotFound:
		return fault.NotFound.String()
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge.String()
	}
	return fault.Invalid.String()
}

// problem tells an error as an answer. An error that is no fault
// is logged under an id, and the id is all that a stranger sees of it.
func (a *API) problem(r *request, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	var out refusal
	if errors.As(err, &out) {
		return a.render(r, out, kindOf(out.status))
	}
	var over error
	if r.over != nil {
		over = r.over()
	}
	status, kind := answer.Of(err, over)
	out = refusal{status: status, header: http.Header{}}
	if status == answer.Gone {
		out.code = "gone_away"
		return a.render(r, out, kind.String())
	}
	switch kind {
	case fault.Internal:
		p := a.render(r, out, kind.String())
		p.ID = secret.NewToken("")[:8]
		a.Log.Error("request failed", "route", r.route, "error_id", p.ID, "error", err)
		return p
	case fault.Unauthenticated:
		out.header.Set("WWW-Authenticate", r.challenge())
	case fault.Unavailable:
		out.header.Set("Retry-After", "2")
	}
	out.list(fault.All(err))
	if kind == fault.RateLimited {
		out.header.Set("Retry-After", strconv.Itoa(retryAfter(out.args)))
	}
	return a.render(r, out, kind.String())
}

// list tells of faults. Several are told one by one, those of no field too, or
// whoever asked would learn of none; and where none is of a field, the first
// one's code is the answer's, since a program can do more with it than with
// "invalid".
func (r *refusal) list(all []*fault.Error) {
	fields := false
	for _, e := range all {
		fields = fields || e.Field != ""
		if e.Field != "" || len(all) > 1 {
			r.fields = append(r.fields, complaint{field: e.Field, code: e.Code, args: e.Args})
		}
	}
	switch {
	case len(all) > 1 && fields:
		r.code = codeInvalid
	case len(all) > 0:
		r.code, r.args = all[0].Code, all[0].Args
	}
}

// retryAfter is how many seconds a fault asks to wait; a minute if it does not say.
func retryAfter(args map[string]any) int {
	if n, ok := args["seconds"].(int); ok && n > 0 {
		return n
	}
	return 60
}

func (a *API) render(r *request, out refusal, kind string) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(out.status), Status: out.status, Code: out.code,
		Detail: a.Texts.Fault(r.lang, kind, out.code, out.args), Errors: []FieldError{}, headers: out.header}
	if p.Code == "" {
		p.Code = kind
	}
	for _, f := range out.fields {
		if len(p.Errors) == maxErrors {
			break
		}
		p.Errors = append(p.Errors, FieldError{Field: f.field, Code: f.code, Message: a.Texts.Fault(r.lang, kind, f.code, f.args)})
	}
	return p
}

// refuse answers with an error before or outside of huma.
func (a *API) refuse(c *gin.Context, r *request, err error) {
	a.write(c.Writer, c.Request, a.problem(r, err), r.route)
}

func (a *API) write(w http.ResponseWriter, r *http.Request, p *Problem, route string) {
	h := w.Header()
	for name, values := range p.headers {
		h[name] = values
	}
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	body, err := json.Marshal(p)
	if err == nil && r.Method != http.MethodHead {
		_, err = w.Write(append(body, '\n'))
	}
	if err != nil {
		a.Log.Info("answer broke off", "route", route, "error", err)
	}
}

// Busy answers a request that the program has no room for just now.
func (a *API) Busy(w http.ResponseWriter, r *http.Request) {
	a.write(w, r, a.problem(&request{lang: speaks(a.matcher, r)}, fault.Of(fault.Unavailable, "")), "")
}
