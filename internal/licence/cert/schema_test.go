package cert_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tmoeg/oduvan/internal/licence/cert"
)

// mismatch tells where a value does not follow a schema, for the words of JSON
// Schema that ours uses; an unknown word is a mismatch too.
func mismatch(schema map[string]any, v any, at string) string {
	for word, rule := range schema {
		bad := ""
		switch word {
		case "$schema", "title", "description", "format":
		case "type":
			bad = wrongType(rule.(string), v)
		case "const":
			bad = unless(reflect.DeepEqual(rule, v), "is another constant")
		case "enum":
			bad = unless(slices.Contains(rule.([]any), v), "is not in the list")
		case "pattern":
			bad = unless(regexp.MustCompile(rule.(string)).MatchString(v.(string)), "has another form")
		case "minLength":
			bad = unless(float64(len([]rune(v.(string)))) >= rule.(float64), "is short")
		case "minimum":
			bad = unless(v.(float64) >= rule.(float64), "is small")
		case "maximum":
			bad = unless(v.(float64) <= rule.(float64), "is large")
		case "minItems":
			bad = unless(float64(len(v.([]any))) >= rule.(float64), "is short")
		case "maxItems":
			bad = unless(float64(len(v.([]any))) <= rule.(float64), "is long")
		case "uniqueItems":
			seen := map[any]bool{}
			for _, item := range v.([]any) {
				bad += unless(!seen[item], "repeats")
				seen[item] = true
			}
		case "items":
			for i, item := range v.([]any) {
				bad += mismatch(rule.(map[string]any), item, fmt.Sprintf("%s/%d", at, i))
			}
		case "prefixItems":
			for i, sub := range rule.([]any) {
				bad += mismatch(sub.(map[string]any), v.([]any)[i], fmt.Sprintf("%s/%d", at, i))
			}
		case "required":
			for _, name := range rule.([]any) {
				_, ok := v.(map[string]any)[name.(string)]
				bad += unless(ok, "lacks "+name.(string))
			}
		case "properties":
			for name, item := range v.(map[string]any) {
				sub, ok := rule.(map[string]any)[name].(map[string]any)
				if bad += unless(ok, "has "+name); ok {
					bad += mismatch(sub, item, at+"/"+name)
				}
			}
		case "additionalProperties":
			bad = unless(rule == false, "may have more")
		default:
			bad = "unknown word " + word
		}
		if bad != "" {
			return at + " " + bad
		}
	}
	return ""
}

func wrongType(want string, v any) string {
	got := map[reflect.Kind]string{reflect.String: "string", reflect.Map: "object", reflect.Slice: "array", reflect.Float64: "integer", reflect.Bool: "boolean"}
	return unless(v != nil && got[reflect.TypeOf(v).Kind()] == want, "is no "+want)
}

func unless(ok bool, say string) string {
	if ok {
		return ""
	}
	return say
}

func TestEveryCertificateFollowsTheSchema(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	if err := json.Unmarshal(cert.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	said := func(text string) map[string]any {
		var v map[string]any
		if err := json.Unmarshal(decode(t, strings.Split(text, ".")[1]), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	s := aSigner(t, "one")
	rapid.Check(t, func(rt *rapid.T) {
		text, err := cert.Issue(drawn(rt), s)
		if err != nil {
			rt.Skip(err)
		}
		if bad := mismatch(schema, said(text), ""); bad != "" {
			rt.Fatal(bad)
		}
	})
	for name, spoil := range map[string]func(v map[string]any){
		"exclusive": func(v map[string]any) { v["credentialSubject"].(map[string]any)["exclusive"] = true },
		"endless":   func(v map[string]any) { delete(v, "validUntil") },
		"more":      func(v map[string]any) { v["more"] = 1.0 },
		"purpose": func(v map[string]any) {
			v["credentialStatus"].([]any)[0].(map[string]any)["statusPurpose"] = "suspension"
		},
	} {
		v := said(issue(t, aFacts(), s))
		spoil(v)
		if mismatch(schema, v, "") == "" {
			t.Errorf("%s follows the schema", name)
		}
	}
}
