package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tmoeg/oduvan/internal/money"
)

// operation is what a route's author says of it; the rest of its description
// is the same for all.
type operation struct {
	id, method, path string
	tag              string
	summary, text    string
	own              bool  // needs an account
	secret           bool  // what it tells somebody without a token is not public either
	any              bool  // takes whatever characters a text can hold, since it keeps none of them
	statuses         []int // of errors, beside those that every route has
	answer           any   // of a POST that creates: the type of its answer
}

const securityName = "token"

// Nothing is the body of an act of which its address says everything: none,
// null, or an object without a field. A field in it is unknown, as in any other body.
type Nothing struct{}

// own tells whether an operation needs an account.
func own(op *huma.Operation) bool { return op.Metadata["own"] == true }

// public tells whether everybody, and any page, may read what it answers to
// somebody without a token.
func public(op *huma.Operation) bool { return !own(op) && op.Metadata["secret"] != true }

// add registers one route: huma reads and checks the input, the verb does the
// act, and its error becomes a problem here and nowhere else.
func add[I, O any](a *API, o operation, verb func(context.Context, *request, *I) (*O, error)) {
	_, body := reflect.TypeFor[I]().FieldByName("Body")
	op := o.describe(a, body)
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		r := requestOf(ctx)
		out, err := verb(ctx, r, in)
		if err != nil {
			return nil, a.problem(r, err)
		}
		return out, nil
	})
}

func (o operation) describe(a *API, body bool) huma.Operation {
	op := huma.Operation{OperationID: o.id, Method: o.method, Path: o.path, Tags: []string{o.tag},
		Summary: o.summary, Description: o.text, Metadata: map[string]any{"own": o.own, "secret": o.secret, "any": o.any},
		MaxBodyBytes:    MaxBody + 1, // huma refuses a body that reaches the bound
		BodyReadTimeout: -1,          // the body is in memory by then
		Responses:       map[string]*huma.Response{}}
	statuses := append([]int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
		http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusBadRequest}, o.statuses...)
	if o.own {
		op.Security = []map[string][]string{{securityName: {}}}
	} else {
		op.Security = []map[string][]string{{}, {securityName: {}}}
	}
	if body {
		statuses = append(statuses, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	schema := a.schema(Problem{})
	for _, status := range statuses {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: meaning(status), Headers: headersOf(status),
			Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
	}
	if o.answer != nil {
		op.DefaultStatus = http.StatusCreated
		op.Responses["201"] = &huma.Response{Description: "Created; Location is its address",
			Content: map[string]*huma.MediaType{"application/json": {Schema: a.schema(o.answer)}}}
	}
	return op
}

func (a *API) schema(v any) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// meaning is what a status of an error says on every route.
func meaning(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "Malformed: the body is no JSON, or the query no UTF-8"
	case http.StatusUnauthorized:
		return "No token where one is needed, or one that is no good"
	case http.StatusForbidden:
		return "Not allowed to this account"
	case http.StatusNotFound:
		return "There is none, or it is not yours to know of"
	case http.StatusConflict:
		return "It is in another state than the act needs; read it again"
	case http.StatusRequestEntityTooLarge:
		return "The body is over 1 MiB"
	case http.StatusUnsupportedMediaType:
		return "The body is not application/json"
	case http.StatusUnprocessableEntity:
		return "A field is unknown, missing or over a bound; errors names each"
	case http.StatusTooManyRequests:
		return "Too many requests; wait as long as Retry-After says"
	case http.StatusServiceUnavailable:
		return "A part of the program is away; wait as long as Retry-After says"
	}
	return "Our fault; tell the operator the id"
}

func headersOf(status int) map[string]*huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return map[string]*huma.Param{"Retry-After": {Description: "Seconds to wait", Schema: &huma.Schema{Type: huma.TypeInteger}}}
	case http.StatusUnauthorized:
		return map[string]*huma.Param{"WWW-Authenticate": {Description: "Bearer (RFC 6750)", Schema: text}}
	}
	return nil
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`   // in the smallest unit by ISO 4217: kopecks, cents
	Currency string `json:"currency"` // ISO 4217; may be empty where the amount is 0
}

// Schema describes an amount or null; huma cannot say "or null" of a reference.
func (Money) Schema(huma.Registry) *huma.Schema {
	least, most, length := 0.0, float64(money.MaxMinor), 3
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: false,
		Description: "An amount of money; null where no price is named",
		Required:    []string{"amount", "currency"},
		Examples:    []any{map[string]any{"amount": 150000, "currency": "RUB"}},
		Properties: map[string]*huma.Schema{
			"amount": {Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &most,
				Description: "In minor units by ISO 4217: kopecks, cents; 0 is free", Examples: []any{150000}},
			"currency": {Type: huma.TypeString, MaxLength: &length, Pattern: "^([A-Z]{3})?$",
				Description: "ISO 4217 code; may be empty where the amount is 0", Examples: []any{"RUB"}},
		}}
}

// amount is a price as the features know it; nil stays nil.
func (m *Money) amount() *money.Amount {
	if m == nil {
		return nil
	}
	return &money.Amount{Minor: m.Amount, Currency: m.Currency}
}

func moneyOf(a *money.Amount) *Money {
	if a == nil {
		return nil
	}
	return &Money{Amount: a.Minor, Currency: a.Currency}
}

// instant is a time as RFC 3339 in UTC; nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// list never is nil: null is no list.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// typed are words of a request as a feature knows them.
func typed[W ~string](list []string) []W {
	out := make([]W, len(list))
	for i, w := range list {
		out[i] = W(w)
	}
	return out
}

// created is the answer of a POST, ready as bytes so that a repeated call gets
// the very same one.
type created struct {
	Status      int
	Location    string `header:"Location" doc:"Address of what was created" example:"/api/v1/me/services/0199b6a0-0000-7000-8000-000000000001"`
	ContentType string `header:"Content-Type" hidden:"true"`
	Body        []byte
}

// once does a creating act, at most once per idempotency key. What is done is
// told by the address as well as by the body.
func (a *API) once(ctx context.Context, r *request, key string, act func() (location string, answer any, err error)) (*created, error) {
	do := func() (int, string, []byte, error) {
		location, answer, err := act()
		if err != nil {
			return 0, "", nil, err
		}
		body, err := json.Marshal(answer)
		return http.StatusCreated, location, append(body, '\n'), err
	}
	status, location, body, err := a.Accounts.Once(ctx, r.actor, r.route, key, append([]byte(r.path+"\n"), r.body...), do)
	if err != nil {
		return nil, err
	}
	return &created{Status: status, Location: location, ContentType: "application/json", Body: body}, nil
}

// acts does an act that creates nothing, at most once per idempotency key. Its
// answer is read anew, for a repeated call too: it may hold words and secrets,
// which are not kept beside the key.
func (a *API) acts(ctx context.Context, r *request, key string, act func() error) error {
	_, _, _, err := a.Accounts.Once(ctx, r.actor, r.route, key, append([]byte(r.path+"\n"), r.body...), func() (int, string, []byte, error) {
		return http.StatusOK, "", nil, act()
	})
	return err
}

// answered is the answer of an act that is kept with its key.
type answered[T any] struct{ Body T }

// did does an act that creates nothing, at most once per idempotency key, and
// keeps its answer: for acts after which the actor may read the thing no more.
// The answer holds neither secrets nor words between two people.
func did[T any](ctx context.Context, a *API, r *request, key string, act func() (T, error)) (*answered[T], error) {
	_, _, body, err := a.Accounts.Once(ctx, r.actor, r.route, key, append([]byte(r.path+"\n"), r.body...), func() (int, string, []byte, error) {
		out, err := act()
		if err != nil {
			return 0, "", nil, err
		}
		body, err := json.Marshal(out)
		return http.StatusOK, "", body, err
	})
	if err != nil {
		return nil, err
	}
	out := &answered[T]{}
	return out, json.Unmarshal(body, &out.Body)
}
