package site

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/fault/answer"
	"github.com/tmoeg/oduvan/web"
)

const formBytes = 64 << 10

// Uploads tells whether a request sends a file: a picture, or a work that is
// hashed.
func (s *Site) Uploads(r *http.Request) bool {
	_, rest := s.named(r.URL.Path)
	if rest == "" {
		rest = r.URL.Path
	}
	return r.Method == http.MethodPost && (rest == picturePath || uploadsWork(rest)) &&
		strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// BodyBound is how much of a request's body is worth reading, in bytes: a
// form, a file of one who is signed in, and nothing of a stranger's file.
func (s *Site) BodyBound(r *http.Request) int64 {
	if !s.Uploads(r) {
		return formBytes
	}
	cookie, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil {
		return 0
	}
	ctx, err := s.sessions.Load(r.Context(), cookie.Value)
	if err != nil {
		return 0
	}
	if actor, err := s.actor(ctx); err != nil || actor.Anonymous() {
		return 0
	}
	return uploadBytes
}

// parseForm reads a form of at most 64 KiB. Only a picture comes as multipart,
// and readUpload reads that: the standard library's own reader of multipart
// keeps files on disk, which nobody removes after a copied request.
func parseForm(c *gin.Context) error {
	r := c.Request
	if media := c.ContentType(); media != "" && media != "application/x-www-form-urlencoded" {
		return fault.Of(fault.Invalid, "form_malformed")
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, formBytes)
	return formFault(r.ParseForm())
}

// formFault is what came of reading a form.
func formFault(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return fault.Of(fault.TooLarge, "too_large")
	}
	return fault.Of(fault.Invalid, "form_malformed").Wrap(err)
}

// value is a form's field without the blanks around it, line ends made one. It
// is empty where no form was taken: the body is never read for it.
func value(c *gin.Context, name string) string {
	return strings.TrimSpace(strings.ReplaceAll(c.Request.PostForm.Get(name), "\r\n", "\n"))
}

// values is a field that may stand several times, empty ones left out.
func values(c *gin.Context, name string) []string {
	var out []string
	for _, v := range c.Request.PostForm[name] {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// problems is what a refused form says: a text per field, and all of them for
// the summary on top.
type problems struct {
	fields  map[string]string
	Summary []web.Trouble
}

// of is the text under a field, empty when it is fine.
func (p problems) of(field string) string { return p.fields[field] }

// at moves the words of a field to the input that stands for it on this page;
// an empty name: no input does.
func (p problems) at(field, input string) {
	text := p.fields[field]
	delete(p.fields, field)
	id := ""
	if input != "" {
		p.fields[input], id = text, "f-"+input
	}
	for i := range p.Summary {
		if p.Summary[i].Field == "f-"+field {
			p.Summary[i].Field = id
		}
	}
}

// wordArgs makes a fault's arguments readable: instants are formatted.
func wordArgs(t *web.Texts, args map[string]any) map[string]any {
	out := make(map[string]any, len(args))
	for k, v := range args {
		if at, ok := v.(time.Time); ok {
			v = t.Moment(at)
		}
		out[k] = v
	}
	return out
}

func (s *Site) problems(f web.Frame, err error) problems {
	p := problems{fields: map[string]string{}}
	for _, e := range fault.All(err) {
		text := f.Texts.Fault(e.Kind.String(), e.Code, wordArgs(f.Texts, e.Args))
		id := ""
		if e.Field != "" {
			if p.fields[e.Field] == "" {
				p.fields[e.Field] = text
			}
			id = "f-" + e.Field
		}
		p.Summary = append(p.Summary, web.Trouble{Field: id, Text: text})
	}
	return p
}

// again shows a refused form with what was typed and what is wrong. Faults
// that a form cannot mend go on to the error page.
func (s *Site) again(c *gin.Context, err error, form func(problems) (templ.Component, error)) error {
	switch kind := fault.KindOf(err); kind {
	case fault.Invalid, fault.Conflict, fault.RateLimited, fault.Gone, fault.Forbidden, fault.NotFound, fault.Unauthenticated, fault.TooLarge:
		v, verr := s.visit(c)
		if verr != nil {
			return verr
		}
		page, perr := form(s.problems(s.public(c, v), err))
		if perr != nil {
			return perr
		}
		status, _ := answer.Of(err, nil)
		if kind == fault.Unauthenticated { // a code that does not fit: the form is refused, not the person
			status = http.StatusUnprocessableEntity
		}
		return s.show(c, status, page)
	default:
		return err
	}
}

// local is an address of ours to come back to: a path of this site, never
// another host. Anything else becomes the fallback.
func local(raw, fallback string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(raw, "//") || strings.ContainsAny(raw, "\\\r\n\t") {
		return fallback
	}
	return u.RequestURI()
}

func queryEscape(s string) string { return url.QueryEscape(s) }
