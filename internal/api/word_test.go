package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tmoeg/oduvan/internal/account"
	"github.com/tmoeg/oduvan/internal/db/dbtest"
	"github.com/tmoeg/oduvan/internal/profile"
)

// TestTheDocumentSaysTheOwnersWords: tags cannot name a constant, so the lists
// and the form that stand in them are held to those of the features.
func TestTheDocumentSaysTheOwnersWords(t *testing.T) {
	t.Parallel()
	rec := open(t, dbtest.New(t), wide()).ask(http.MethodGet, "/api/openapi.json", "", "")
	var doc any
	if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	check := func(name string, schema map[string]any) {
		lists := map[string][]string{"format": profile.Formats(), "formats": profile.Formats(), "level": profile.Levels(), "levels": profile.Levels()}
		if want, ok := lists[name]; ok && schema["enum"] != nil {
			var got []string
			for _, word := range schema["enum"].([]any) {
				got = append(got, word.(string))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-owner +document): %s", name, diff)
			}
			seen[name]++
		}
		if pattern, ok := schema["pattern"]; ok && name == "handle" {
			if diff := cmp.Diff(account.HandlePattern, pattern); diff != "" {
				t.Errorf("handle (-owner +document): %s", diff)
			}
			seen[name]++
		}
	}
	schemas(doc, "", check)
	for _, name := range []string{"format", "handle"} {
		if seen[name] == 0 {
			t.Errorf("the document says nothing of %s", name)
		}
	}
}

// schemas visits everything in a document under the name of its property or parameter.
func schemas(v any, name string, visit func(name string, schema map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			schemas(one, name, visit)
		}
	case map[string]any:
		visit(name, v)
		for key, one := range v {
			under := key
			if own, ok := v["name"].(string); ok && key == "schema" {
				under = own
			} else if key == "items" || key == "schema" {
				under = name
			}
			schemas(one, under, visit)
		}
	}
}
