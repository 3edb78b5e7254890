package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep a body may nest; ours need three levels.
const maxDepth = 16

// foreign marks a property's name that no property of ours can have. huma
// compares names without regard to case, so "NAME" beside "name" would be
// checked as the one and stored as the other; marked, it is an unknown field.
const foreign = "\x00"

// decode is the one way a body becomes a value. What encoding/json lets pass
// in silence is refused: bytes that are no UTF-8, a name given twice, deep
// nesting, characters that no database text can hold, and a name in other
// letters than ours. The errors' texts are codes of faults.
func decode(data []byte, into any) error {
	target, generic := into.(*any)
	if !generic {
		return json.Unmarshal(data, into) // decoded as *any before, so it is sound
	}
	if !utf8.Valid(data) {
		return errors.New("json_not_utf8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	value, err := element(d, maxDepth)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = malformed(d)
		}
	}
	*target = value
	return err
}

func malformed(d *json.Decoder) error { return fmt.Errorf("json_malformed %d", d.InputOffset()) }

// element reads one value.
func element(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, malformed(d)
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == 0 {
			return nil, errors.New("json_too_deep")
		}
		if t == '{' {
			return object(d, depth-1)
		}
		return array(d, depth-1)
	case string:
		if strings.ContainsRune(t, 0) {
			return nil, errors.New("text_control")
		}
	}
	return token, nil
}

func array(d *json.Decoder, depth int) (any, error) {
	out := []any{}
	for d.More() {
		v, err := element(d, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, closing(d)
}

func object(d *json.Decoder, depth int) (any, error) {
	out := map[string]any{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, malformed(d)
		}
		v, err := element(d, depth)
		if err != nil {
			return nil, err
		}
		if !plainName(name) {
			name = foreign + name
		}
		if _, twice := out[name]; twice {
			return nil, errors.New("json_name_twice " + cut(strings.TrimPrefix(name, foreign), maxEcho))
		}
		out[name] = v
	}
	return out, closing(d)
}

// closing reads the bracket after the last element.
func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return malformed(d)
	}
	return nil
}

// plainName tells whether a property's name is written as ours are.
func plainName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// cut keeps the first n bytes of a text, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
