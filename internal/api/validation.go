package api

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// wording turns one of huma's English sentences into a code of ours. The
// sentence is a format: what stands in place of its verb becomes the argument.
type wording struct {
	sentence string
	code     string
	arg      string // name of the argument, empty: none
	value    string // the argument's value where the sentence has no verb
}

// wordings lists every sentence that huma's checks of our schemas can say. One
// that is missing here shows as value_wrong.
func wordings() []wording {
	return []wording{
		{sentence: validation.MsgUnexpectedProperty, code: "field_unknown"},
		{sentence: "unknown query parameter", code: "field_unknown"},
		{sentence: validation.MsgExpectedRequiredProperty, code: "required"},
		{sentence: "required query parameter is missing", code: "required"},
		{sentence: "required path parameter is missing", code: "required"},
		{sentence: "required header parameter is missing", code: "required"},
		{sentence: validation.MsgExpectedBoolean, code: "type_wrong", arg: "Type", value: "boolean"},
		{sentence: "invalid boolean", code: "type_wrong", arg: "Type", value: "boolean"},
		{sentence: validation.MsgExpectedInteger, code: "type_wrong", arg: "Type", value: "integer"},
		{sentence: "invalid integer", code: "type_wrong", arg: "Type", value: "integer"},
		{sentence: validation.MsgExpectedNumber, code: "type_wrong", arg: "Type", value: "number"},
		{sentence: validation.MsgExpectedString, code: "type_wrong", arg: "Type", value: "string"},
		{sentence: validation.MsgExpectedArray, code: "type_wrong", arg: "Type", value: "array"},
		{sentence: validation.MsgExpectedObject, code: "type_wrong", arg: "Type", value: "object"},
		{sentence: validation.MsgExpectedOneOf, code: "value_unknown", arg: "Choices"},
		{sentence: validation.MsgExpectedMinimumNumber, code: "number_too_small", arg: "Min"},
		{sentence: validation.MsgExpectedMaximumNumber, code: "number_too_large", arg: "Max"},
		{sentence: validation.MsgExpectedMinLength, code: "too_short", arg: "Min"},
		{sentence: validation.MsgExpectedMaxLength, code: "too_long", arg: "Max"},
		{sentence: validation.MsgExpectedMinItems, code: "too_few", arg: "Min"},
		{sentence: validation.MsgExpectedMaxItems, code: "too_many", arg: "Max"},
		{sentence: validation.MsgExpectedMatchPattern, code: "form_wrong", arg: "Pattern"},
		{sentence: validation.MsgExpectedRFC3339DateTime, code: "time_wrong"},
		{sentence: validation.MsgExpectedRFC3986URI, code: "address_wrong"},
		// Of decode in strict.go.
		{sentence: "json_malformed %v", code: "json_malformed", arg: "Offset"},
		{sentence: "json_name_twice %v", code: "json_name_twice", arg: "Name"},
		{sentence: "json_not_utf8", code: "json_not_utf8"},
		{sentence: "json_too_deep", code: "json_too_deep"},
		{sentence: "text_control", code: "text_control"},
		// Of the request as a whole.
		{sentence: "request body is required", code: "body_missing"},
	}
}

// match tells whether a message is this sentence, and what stands in its place.
func (w wording) match(message string) (arg string, ok bool) {
	before, after, verb := strings.Cut(w.sentence, "%")
	if !verb {
		return w.value, message == w.sentence
	}
	rest, ok := strings.CutPrefix(message, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, after[1:])
}

// understand turns one finding of huma into an error of ours. The finding's
// Error method is never called: it prints the whole input once more, and a body
// of ten thousand wrong fields would be printed ten thousand times.
func understand(list []wording, detail *huma.ErrorDetail) complaint {
	field := fieldOf(detail.Location)
	for _, w := range list {
		arg, ok := w.match(detail.Message)
		if !ok {
			continue
		}
		c := complaint{field: field, code: w.code}
		if w.arg != "" {
			c.args = map[string]any{w.arg: cut(arg, maxEcho)}
		}
		if w.code == "too_short" && arg == "1" {
			c.code = "required" // an empty text is a missing one, as the features say it
		}
		if w.sentence == validation.MsgExpectedRequiredProperty { // names the parent as its place
			c.field = strings.TrimPrefix(field+"."+arg, ".")
		}
		return c
	}
	return complaint{field: field, code: "value_wrong"}
}

// fieldOf is huma's place without its first word: "body.links[0].url" is the
// field "links[0].url", "query.limit" is "limit".
func fieldOf(location string) string {
	_, field, _ := strings.Cut(location, ".")
	return cut(strings.ReplaceAll(field, foreign, ""), maxEcho)
}

// translate is the transformer through which every body of this API passes:
// huma's own error model, which repeats the input and speaks English only,
// becomes a Problem. huma.NewError is left alone: it belongs to the whole
// process, and two APIs in one process must not meet there.
func (a *API) translate(ctx huma.Context, _ string, body any) (any, error) {
	model, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	r := requestOf(ctx.Context())
	if model.Status >= http.StatusInternalServerError {
		return a.problem(r, fmt.Errorf("huma: %s", model.Detail)), nil
	}
	out := refusal{status: model.Status, code: model.Detail}
	for _, e := range model.Errors[:min(len(model.Errors), maxErrors)] {
		out.fields = append(out.fields, understand(a.wordings, e))
	}
	switch {
	case len(out.fields) == 0:
		out.code = understand(a.wordings, &huma.ErrorDetail{Message: model.Detail}).code
	case out.fields[0].field == "" && model.Status == http.StatusBadRequest: // the body as a whole
		out.code, out.args, out.fields = out.fields[0].code, out.fields[0].args, nil
	case len(out.fields) == 1:
		out.code = out.fields[0].code
	default:
		out.code = codeInvalid
	}
	return a.problem(r, out), nil
}
