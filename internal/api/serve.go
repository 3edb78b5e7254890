package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/fault"
	"github.com/tmoeg/oduvan/internal/limit"
)

// MaxBody is the largest body taken, in bytes.
const MaxBody = 1 << 20

// class is the limit of all calls, by account, and by neighbourhood of
// addresses for whoever shows no token.
const class = "api"

// Classes are the limits that Config.Limits must know.
func Classes() map[string]limit.Class {
	return map[string]limit.Class{class: {Every: 100 * time.Millisecond, Burst: 120}}
}

// request is what is known of one request.
type request struct {
	route string // the pattern, for the log
	path  string // the address without its query; never logged
	lang  string
	actor account.Actor
	wrong bool // a token was shown and is not good
	body  []byte
	over  func() error // why the request ended before its answer; nil while it lives
}

type requestKey struct{}

// requestOf is the request that a context belongs to.
func requestOf(ctx context.Context) *request {
	r, ok := ctx.Value(requestKey{}).(*request)
	if !ok {
		return &request{lang: english}
	}
	return r
}

// challenge is WWW-Authenticate (RFC 6750).
func (r *request) challenge() string {
	if r.wrong {
		return `Bearer realm="oduvan", error="invalid_token"`
	}
	return `Bearer realm="oduvan"`
}

// outside serves what huma knows nothing of.
func (a *API) outside(h func(*gin.Context, *request) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := a.begin(c)
		defer a.rescue(c, r)
		err := a.allow(c, a.Limits.Address(c.Request.RemoteAddr))
		if err == nil {
			err = h(c, r)
		}
		if err != nil {
			a.refuse(c, r, err)
		}
	}
}

// serve is the chain before huma: address, token, limit, body. What it refuses
// never reaches a feature.
func (a *API) serve(rt route) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := a.begin(c)
		defer a.rescue(c, r)
		if err := a.admit(c, r, rt.op); err != nil {
			a.refuse(c, r, err)
			return
		}
		rt.handler(rt.context(c))
	}
}

func (a *API) begin(c *gin.Context) *request {
	r := &request{route: c.FullPath(), path: c.Request.URL.Path, lang: speaks(a.matcher, c.Request),
		over: func() error { return c.Request.Context().Err() }}
	c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), requestKey{}, r))
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Authorization")
	return r
}

// rescue turns a panic into an internal error. The value of a panic may hold
// input, so only its place is logged.
func (a *API) rescue(c *gin.Context, r *request) {
	v := recover()
	if v == nil {
		return
	}
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(v)
	}
	err := fmt.Errorf("panic of type %T: %s", v, debug.Stack())
	if c.Writer.Written() {
		a.Log.Error("answer broke off", "route", r.route, "error", err)
		return
	}
	a.refuse(c, r, err)
}

func (a *API) admit(c *gin.Context, r *request, op *huma.Operation) error {
	if err := readable(c.Request.URL); err != nil {
		return err
	}
	authErr := a.authenticate(c, r)
	if authErr != nil && fault.KindOf(authErr) != fault.Unauthenticated {
		return authErr
	}
	key := a.Limits.Address(c.Request.RemoteAddr)
	if !r.actor.Anonymous() {
		key = a.Limits.Account(r.actor.ID)
	}
	if err := a.allow(c, key); err != nil {
		return err
	}
	if authErr != nil {
		return authErr
	}
	if own(op) && r.actor.Anonymous() {
		return fault.Of(fault.Unauthenticated, "token_needed")
	}
	if public(op) && r.actor.Anonymous() {
		open(c.Writer.Header())
	}
	if err := single(op, c.Request.URL); err != nil || op.RequestBody == nil {
		return err
	}
	return a.readBody(c, r, op)
}

// open lets pages of any origin read what is public anyway. The wildcard keeps
// browsers from sending credentials along.
func open(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "no-cache")
}

func (a *API) allow(c *gin.Context, key limit.Key) error {
	bounds := Classes()[class]
	window := max(1, int((bounds.Every * time.Duration(bounds.Burst)).Seconds()))
	c.Header("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", class, bounds.Burst, window))
	ok, after := a.Limits.Allow(class, key)
	if ok {
		return nil
	}
	return fault.Of(fault.RateLimited, "rate_limited").With("seconds", int(after.Seconds())+1)
}

// authenticate finds who asks. A token that is no good is an error even where
// none is needed, so that its owner learns of it.
func (a *API) authenticate(c *gin.Context, r *request) error {
	header := c.GetHeader("Authorization")
	if header == "" {
		return nil
	}
	r.wrong = true
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 200 {
		return fault.Of(fault.Unauthenticated, "token_unknown")
	}
	actor, err := a.Accounts.ActorByToken(c.Request.Context(), token)
	if err != nil {
		return err
	}
	r.actor, r.wrong = actor, false
	return nil
}

// readable refuses an address whose words no text of ours can hold, and drops
// parameters without a value: "?kind=&kind=tutor" asks for tutors.
func readable(u *url.URL) error {
	if !sound(u.Path) {
		return refusal{status: http.StatusNotFound, code: "route_unknown"}
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return refusal{status: http.StatusBadRequest, code: "query_malformed"}
	}
	for name, values := range query {
		kept := values[:0]
		for _, v := range values {
			if !sound(name) || !sound(v) {
				return refusal{status: http.StatusBadRequest, code: "query_malformed"}
			}
			if v != "" {
				kept = append(kept, v)
			}
		}
		query[name] = kept
	}
	u.RawQuery = query.Encode()
	return nil
}

// single refuses a second value where one alone is understood: the first would
// be taken, and whoever asked for both would never learn of it.
func single(op *huma.Operation, u *url.URL) error {
	if u.RawQuery == "" {
		return nil
	}
	query, out := u.Query(), refusal{status: http.StatusUnprocessableEntity, code: codeInvalid}
	for _, p := range op.Parameters {
		if p.In == "query" && (p.Explode == nil || !*p.Explode) && len(query[p.Name]) > 1 {
			out.fields = append(out.fields, complaint{field: p.Name, code: "too_many", args: map[string]any{"Max": 1}})
		}
	}
	switch len(out.fields) {
	case 0:
		return nil
	case 1:
		out.code, out.args = out.fields[0].code, out.fields[0].args
	}
	return out
}

func sound(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// readBody takes the whole body before huma does: huma answers a broken
// connection as an error of ours and refuses a body of exactly the bound. Where
// none is needed, an object without fields says the same as none, and what an
// empty one is called does not matter.
func (a *API) readBody(c *gin.Context, r *request, op *huma.Operation) error {
	needed := op.RequestBody.Required
	wrong := jsonOnly(c.Request.Header)
	if wrong != nil && (needed || c.Request.ContentLength != 0) {
		return wrong
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.Of(fault.TooLarge, "too_large").With("Max", strconv.Itoa(MaxBody))
	case err != nil:
		return refusal{status: http.StatusBadRequest, code: "body_broken"}
	}
	if !needed && bare(body) {
		body = nil
	}
	r.body = body
	if op.Metadata["any"] == true {
		body = legible(body)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// legible puts the sign for a character that cannot be shown in place of each
// escaped NUL, which a body is refused for where its text is kept: no text is
// worth more with the one than with the other.
func legible(body []byte) []byte {
	const length = len(`\u0000`)
	out := body
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if bytes.HasPrefix(body[i:], []byte(`\u0000`)) {
			if &out[0] == &body[0] {
				out = bytes.Clone(body) // the request's own is compared under its key
			}
			copy(out[i:i+length], `\ufffd`)
		}
		i++ // what is escaped is no escape itself
	}
	return out
}

// bare tells whether a body is null, which many programs send for none, or an
// object without fields.
func bare(body []byte) bool {
	body = bytes.TrimSpace(body)
	if string(body) == "null" {
		return true
	}
	inner, open := bytes.CutPrefix(body, []byte("{"))
	inner, shut := bytes.CutSuffix(inner, []byte("}"))
	return open && shut && len(bytes.TrimSpace(inner)) == 0
}

func jsonOnly(h http.Header) error {
	wrong := refusal{status: http.StatusUnsupportedMediaType, code: "media_type"}
	if e := h.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return wrong
	}
	kind := h.Get("Content-Type")
	if kind == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(kind)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return wrong
	}
	h.Set("Content-Type", "application/json")
	return nil
}
